//! Classic data frames of version 2.1 where PEAK's tools and python-can put them: every column at
//! its place, so that neither reading nor writing has to look for it. All others go the long way.
//!
//! ```text
//!       1      1059.900 DT 1      0300 Rx -  7    00 00 00 00 04 00 00
//! ```

use crate::formats::digits::{DECIMALS, PAIRS, VALUES, eight_digits, eight_hex, two_digits};
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN};
use crate::message::{Channel, Direction, Message, Timestamp};

/// A record without data, and the line end behind it.
const BLANK: &[u8; 47] = b"                      DT                -      ";
/// Where the data begin: two digits and a blank each.
const DATA: usize = 48;
const LONGEST: usize = DATA + 3 * MAX_CLASSIC_LEN + 1;

/// The message of a line without its end; none for whatever needs a closer look. The start is in
/// nanoseconds since the Unix epoch.
#[inline]
pub(super) fn read(text: &[u8], start: i64) -> Option<Message> {
    let (columns, data) = text.split_first_chunk::<44>()?;
    let there = columns[7] == b' '
        && columns[21..25] == *b" DT "
        && columns[27] == b' '
        && columns[36] == b' '
        && columns[39..43] == *b" -  ";
    let direction = match columns[37..39] {
        [b'R', b'x'] => Direction::Rx,
        [b'T', b'x'] => Direction::Tx,
        _ => return None,
    };
    let length = usize::from(columns[43].wrapping_sub(b'0'));
    if !there || length > MAX_CLASSIC_LEN {
        return None;
    }
    let timestamp = start.checked_add(offset(columns[8..21].first_chunk()?)?)?;
    let (id, data) = (
        id(*columns[28..36].first_chunk()?)?,
        read_data(data, length)?,
    );
    Some(Message {
        frame: Frame::classic_on_wire(id, false, length as u8, data),
        timestamp: Timestamp::from_nanos(timestamp),
        channel: Some(Channel::number(bus(columns[25], columns[26])?)),
        direction,
    })
}

/// Nine places of milliseconds, a point, three decimals.
#[inline]
fn offset(text: &[u8; 13]) -> Option<i64> {
    let (eight, rest) = text.split_first_chunk::<8>()?;
    let &[ones, b'.', tenths, hundredths, thousandths] = rest else {
        return None;
    };
    // Blanks in front count as zeros.
    let text = u64::from_le_bytes(*eight);
    let blanks = ((text ^ u64::from_le_bytes([b' '; 8])).trailing_zeros() / 8).min(8);
    let zeros =
        u64::from_le_bytes([b'0' ^ b' '; 8]) & !u64::MAX.checked_shl(8 * blanks).unwrap_or(0);
    let before = eight_digits((text ^ zeros).to_le_bytes())? as i64;
    let behind = two_digits(hundredths, thousandths)? as i64;
    let middle = two_digits(ones, tenths)? as i64;
    Some((before * 10_000 + middle * 100 + behind) * 1000)
}

fn bus(one: u8, other: u8) -> Option<u32> {
    let digit = |byte: u8| u32::from(byte.wrapping_sub(b'0'));
    match (digit(one), digit(other)) {
        (tens @ 0..10, ones @ 0..10) => Some(tens * 10 + ones),
        (ones @ 0..10, _) if other == b' ' => Some(ones),
        (_, ones @ 0..10) if one == b' ' => Some(ones),
        _ => None,
    }
}

/// Four digits behind blanks, or eight.
#[inline]
fn id(text: [u8; 8]) -> Option<Id> {
    match text {
        [b' ', b' ', b' ', b' ', a, b, c, d] => {
            Id::standard(eight_hex([b'0', b'0', b'0', b'0', a, b, c, d])?).ok()
        }
        text => Id::extended(eight_hex(text)?).ok(),
    }
}

/// What stands behind the length.
#[inline]
fn read_data(text: &[u8], length: usize) -> Option<[u8; MAX_CLASSIC_LEN]> {
    if length == 0 {
        let empty = text.iter().all(|&byte| byte == b' ');
        return empty.then_some([0; MAX_CLASSIC_LEN]);
    }
    // Each byte has two digits and a blank, which the last one need not have.
    let pairs = text.strip_prefix(b"    ")?;
    if pairs.len() != 3 * length && pairs.len() + 1 != 3 * length {
        return None;
    }
    let (threes, last) = pairs.as_chunks::<3>();
    let (mut all, mut wrong, mut blanks) = (0_u64, 0, 0);
    for &[high, low, blank] in threes {
        let (high, low) = (VALUES[usize::from(high)], VALUES[usize::from(low)]);
        wrong |= high | low;
        blanks |= blank ^ b' ';
        all = all << 8 | u64::from(high << 4 | low);
    }
    if let &[high, low] = last {
        let (high, low) = (VALUES[usize::from(high)], VALUES[usize::from(low)]);
        wrong |= high | low;
        all = all << 8 | u64::from(high << 4 | low);
    }
    let bytes = all << (8 * (MAX_CLASSIC_LEN - length));
    (wrong < 16 && blanks == 0).then_some(bytes.to_be_bytes())
}

/// A record with its line end, or none if something does not fit its place. The offset is in
/// microseconds.
#[inline]
pub(super) fn write(
    text: &mut [u8; LONGEST],
    (number, offset, bus): (u64, i64, u32),
    message: &Message,
) -> Option<usize> {
    let frame = &message.frame;
    let offset = u64::try_from(offset).ok()?;
    if number >= 10_000_000 || offset >= 1_000_000_000_000 || bus > 9 || frame.dlc() > 8 {
        return None;
    }
    text[..BLANK.len()].copy_from_slice(BLANK);
    put_number(&mut text[..7], number);
    put_number(&mut text[8..17], offset / 1000);
    text[17] = b'.';
    let rest = (offset % 1000) as usize;
    text[18] = b'0' + (rest / 100) as u8;
    text[19..21].copy_from_slice(&DECIMALS[rest % 100]);
    text[25] = b'0' + bus as u8;
    put_id(&mut text[28..36], frame.id());
    text[37] = match message.direction {
        Direction::Rx => b'R',
        Direction::Tx => b'T',
    };
    text[38] = b'x';
    text[43] = b'0' + frame.dlc();
    let len = frame.len();
    if len == 0 {
        text[44..46].copy_from_slice(b"\r\n");
        return Some(46);
    }
    text[47] = b' ';
    for (place, &byte) in text[DATA..].chunks_exact_mut(3).zip(frame.payload()) {
        place[..2].copy_from_slice(&PAIRS[usize::from(byte)]);
        place[2] = b' ';
    }
    let end = DATA + 3 * len - 1;
    text[end..end + 2].copy_from_slice(b"\r\n");
    Some(end + 2)
}

fn put_id(place: &mut [u8], id: Id) {
    let bytes = id.raw().to_be_bytes();
    let from = if id.is_extended() { 0 } else { 2 };
    for (pair, byte) in place.chunks_exact_mut(2).zip(bytes).skip(from) {
        pair.copy_from_slice(&PAIRS[usize::from(byte)]);
    }
}

/// Right-aligned in blanks; it fits.
fn put_number(place: &mut [u8], mut number: u64) {
    let mut at = place.len();
    while number >= 100 {
        at -= 2;
        place[at..at + 2].copy_from_slice(&DECIMALS[(number % 100) as usize]);
        number /= 100;
    }
    if number >= 10 {
        place[at - 2..at].copy_from_slice(&DECIMALS[number as usize]);
    } else {
        place[at - 1] = b'0' + number as u8;
    }
}

/// A place for the longest record.
pub(super) const fn place() -> [u8; LONGEST] {
    [0; LONGEST]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_here_is_read_here() {
        let bytes = [1, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF];
        for len in 0..=8 {
            for (raw, extended) in [(0, false), (0x7FF, false), (0, true), (0x1FFF_FFFF, true)] {
                for (number, offset) in [
                    (1, 0),
                    (10, 999),
                    (9_999_999, 999_999_999_999),
                    (100, 12_345),
                ] {
                    let id = Id::new(raw, extended).expect("fits");
                    let message = Message {
                        frame: Frame::data(id, &bytes[..len]).expect("valid"),
                        timestamp: Timestamp::from_nanos(5 + offset * 1000),
                        channel: Some(Channel::number(7)),
                        direction: if len % 2 == 0 {
                            Direction::Rx
                        } else {
                            Direction::Tx
                        },
                    };
                    let mut text = place();
                    let written = write(&mut text, (number, offset, 7), &message);
                    let line = &text[..written.expect("fits")];
                    let line = line.strip_suffix(b"\r\n").expect("a line end");
                    assert_eq!(read(line, 5), Some(message));
                    assert!(
                        !line.ends_with(b" ") && line.starts_with(b" ") == (number < 1_000_000)
                    );
                }
            }
        }
    }

    #[test]
    fn what_does_not_fit_goes_the_long_way() {
        let frame = Frame::data(Id::standard(1).expect("fits"), &[0; 8]).expect("valid");
        let message = Message::received(frame, Timestamp::ZERO);
        let write = |columns, message: &Message| write(&mut place(), columns, message);
        assert!(write((1, 0, 1), &message).is_some());
        assert!(write((10_000_000, 0, 1), &message).is_none());
        assert!(write((1, -1, 1), &message).is_none());
        assert!(write((1, 1_000_000_000_000, 1), &message).is_none());
        assert!(write((1, 0, 10), &message).is_none());
        let raw = frame.with_raw_dlc(9).expect("valid");
        assert!(
            write(
                (1, 0, 1),
                &Message {
                    frame: raw,
                    ..message
                }
            )
            .is_none()
        );
    }

    #[test]
    fn only_what_is_exactly_at_its_place_is_read() {
        let line = b"      1      1059.900 DT 1      0300 Rx -  2    04 FF";
        let whole = read(line, 0).expect("aligned");
        assert_eq!(whole.frame.payload(), [4, 0xFF]);
        assert_eq!(whole.timestamp.as_nanos(), 1_059_900_000);
        let blank = [&line[..], b" "].concat();
        assert_eq!(read(&blank, 0), Some(whole));
        for length in 0..line.len() {
            assert_eq!(read(&line[..length], 0), None, "{length}");
        }
        // Another byte at any place is either another message, or not read here.
        for at in 7..line.len() {
            for byte in [b'x', b'-', b'.'] {
                let mut other = *line;
                other[at] = byte;
                assert!(other == *line || read(&other, 0).is_none(), "{at}");
            }
        }
        for longer in [" 0", "  ", "\t", "00"] {
            let other = [&line[..], longer.as_bytes()].concat();
            assert_eq!(read(&other, 0), None, "{longer}");
        }
    }
}
