//! Lines exactly as python-can and we write them, read in one pass. Whatever deviates, and whatever
//! is wrong, is left to the reader of all lines, which gives the same message.

use crate::formats::digits::{eight_digits, leading_hex, two_digits};
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN};
use crate::message::{Message, Timestamp};

/// The message of a line with python-can's seven columns, if it is a plain one.
#[inline]
pub(super) fn parse(line: &[u8]) -> Option<Message> {
    let (timestamp, line) = split_time(line)?;
    let (id, line) = split_id(line)?;
    let (extended, remote, error, line) = match line {
        [
            extended @ b'0'..=b'1',
            b',',
            remote @ b'0'..=b'1',
            b',',
            error @ b'0'..=b'1',
            b',',
            rest @ ..,
        ] => (*extended == b'1', *remote == b'1', *error == b'1', rest),
        _ => return None,
    };
    let [dlc @ b'0'..=b'8', b',', data @ ..] = line else {
        return None;
    };
    let dlc = usize::from(dlc - b'0');
    if remote || error {
        return None;
    }
    let id = Id::new(id, extended).ok()?;
    let (data, _) = decode(data).filter(|&(_, len)| len == dlc)?;
    let frame = Frame::classic_on_wire(id, false, dlc as u8, data);
    Some(Message::received(frame, timestamp))
}

/// Seconds with one to nine decimals, and what stands behind the comma.
#[inline]
fn split_time(line: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (seconds, len, line) = match line.split_first_chunk::<11>() {
        // As nearly every line of this century has them.
        Some((usual, line)) if usual[10] == b'.' => {
            let first = eight_digits(*usual.first_chunk()?)?;
            (first * 100 + two_digits(usual[8], usual[9])?, 10, line)
        }
        _ => {
            let (seconds, len, line) = digits(line);
            (seconds, len, line.strip_prefix(b".")?)
        }
    };
    // More digits of seconds than these do not fit.
    if !(1..=9).contains(&len) && (len != 10 || seconds > 9_000_000_000) {
        return None;
    }
    let (fraction, decimals, line) = digits(line);
    let [b',', line @ ..] = line else {
        return None;
    };
    let scale = *SCALES.get(decimals).filter(|_| decimals > 0)?;
    let nanos = seconds * 1_000_000_000 + fraction * scale;
    Some((Timestamp::from_nanos(nanos as i64), line))
}

/// What a fraction of so many decimals is multiplied with to be nanoseconds.
const SCALES: [u64; 10] = [
    1_000_000_000,
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
    1,
];

/// The number that the text begins with, how many digits it has, of which eleven are enough to
/// know that it is too long, and the rest.
#[inline]
fn digits(text: &[u8]) -> (u64, usize, &[u8]) {
    let (mut number, mut len) = (0, 0);
    while len < 11
        && let Some(byte) = text.get(len)
    {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number * 10 + u64::from(digit);
        len += 1;
    }
    (number, len, &text[len..])
}

/// `0x` and up to eight digits, and what stands behind the comma.
#[inline]
fn split_id(line: &[u8]) -> Option<(u32, &[u8])> {
    let (id, len, rest) = leading_hex(line.strip_prefix(b"0x")?);
    match rest {
        [b',', rest @ ..] if len > 0 => Some((id, rest)),
        _ => None,
    }
}

/// The bytes of a base64 text and their number; `None` for more than eight, and for what is not as
/// every program writes it.
#[inline]
fn decode(text: &[u8]) -> Option<([u8; MAX_CLASSIC_LEN], usize)> {
    let mut bytes = [0; MAX_CLASSIC_LEN + 1];
    let (groups, rest) = text.as_chunks();
    let Some((last, before)) = groups.split_last() else {
        return rest.is_empty().then_some(([0; MAX_CLASSIC_LEN], 0));
    };
    if before.len() > 2 || !rest.is_empty() {
        return None;
    }
    let (padding, last) = match *last {
        [a, b, b'=', b'='] => (2, [a, b, b'A', b'A']),
        [a, b, c, b'='] => (1, [a, b, c, b'A']),
        whole => (0, whole),
    };
    let (mut wrong, mut dropped) = (0, 0);
    let groups = before.iter().chain([&last]);
    for (three, group) in bytes.chunks_exact_mut(3).zip(groups) {
        let values = group.map(|byte| SIXES[usize::from(byte)]);
        wrong |= values[0] | values[1] | values[2] | values[3];
        let [a, b, c, d] = values.map(u32::from);
        let all = a << 18 | b << 12 | c << 6 | d;
        three.copy_from_slice(&all.to_be_bytes()[1..]);
        // Where there is padding, what it stands for.
        dropped = all & ((1 << (8 * padding)) - 1);
    }
    let len = 3 * before.len() + 3 - padding;
    let (data, _) = bytes.split_first_chunk()?;
    (wrong < 64 && dropped == 0 && len <= MAX_CLASSIC_LEN).then_some((*data, len))
}

/// What the digits of base64 stand for; 255 for all other bytes.
const SIXES: [u8; 256] = {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < digits.len() {
        values[digits[value] as usize] = value as u8;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD as BASE64;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn base64_is_what_others_take_for_it(text in "[A-D+/a1]{0,11}[A+/AQ=]{0,3}") {
            let decoded = BASE64.decode(&text).ok();
            if let Some((data, len)) = decode(text.as_bytes()) {
                prop_assert_eq!(Some(data[..len].to_vec()), decoded, "{}", text);
            } else {
                prop_assert!(decoded.is_none_or(|data| data.len() > 8), "{}", text);
            }
        }

        #[test]
        fn base64_of_every_data_is_decoded(data in prop::collection::vec(any::<u8>(), 0..9)) {
            let text = BASE64.encode(&data);
            let (decoded, len) = decode(text.as_bytes()).expect("valid");
            prop_assert_eq!(&decoded[..len], &data[..]);
        }
    }
}
