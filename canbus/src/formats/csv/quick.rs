//! Lines exactly as python-can and we write them, read in one pass. Whatever deviates, and whatever
//! is wrong, is left to the reader of all lines, which gives the same message.

use crate::frame::{Frame, Id, MAX_CLASSIC_LEN};
use crate::message::{Message, Timestamp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The longest base64 text of classic data.
const MAX_DATA: usize = 12;

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
    if remote || error || data.len() > MAX_DATA {
        return None;
    }
    let id = Id::new(id, extended).ok()?;
    // What is decoded at once may be one byte more before its padding is seen.
    let mut bytes = [0; MAX_CLASSIC_LEN + 1];
    let len = BASE64.decode_slice(data, &mut bytes).ok()?;
    if len != dlc {
        return None;
    }
    let frame = Frame::data(id, &bytes[..len]).ok()?;
    Some(Message::received(frame, timestamp))
}

/// Seconds with one to nine decimals, and what stands behind the comma.
#[inline]
fn split_time(line: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (seconds, len, line) = digits(line);
    let [b'.', line @ ..] = line else {
        return None;
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
    let line = line.strip_prefix(b"0x")?;
    let (mut id, mut len) = (0, 0);
    for &byte in line.iter().take(8) {
        let digit = VALUES[usize::from(byte)];
        if digit > 15 {
            break;
        }
        id = id << 4 | u32::from(digit);
        len += 1;
    }
    match &line[len..] {
        [b',', rest @ ..] if len > 0 => Some((id, rest)),
        _ => None,
    }
}

/// The values of hexadecimal digits; 255 for all other bytes.
const VALUES: [u8; 256] = {
    let mut values = [u8::MAX; 256];
    let mut value = 0;
    while value < 16 {
        values[b"0123456789abcdef"[value] as usize] = value as u8;
        values[b"0123456789ABCDEF"[value] as usize] = value as u8;
        value += 1;
    }
    values
};
