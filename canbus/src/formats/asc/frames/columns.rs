//! Data frames in the columns that nearly every program keeps to, read many letters at a time.

use super::{Common, channel_of, pairs_of};
use crate::formats::digits::{VALUES, eight_hex};
use crate::frame::Id;
use crate::message::Direction;

/// `1  123x            Rx   d 2 01 02`: a data frame in the columns of Vector's programs and
/// python-can, read without looking for where its fields begin; `None` for all others, also broken
/// ones.
#[inline]
pub(in crate::formats::asc) fn in_columns(text: &[u8]) -> Option<Common> {
    let (head, text) = text.split_first_chunk::<COLUMNS>()?;
    let [channel @ b'0'..=b'9', b' ', b' ', fields @ ..] = head else {
        return None;
    };
    let (id, fields) = fields.split_first_chunk::<15>()?;
    let direction = match fields {
        b" Rx   d " => Direction::Rx,
        b" Tx   d " => Direction::Tx,
        _ => return None,
    };
    let ([code], text) = text.split_first_chunk()?;
    let dlc = VALUES[usize::from(*code)];
    if dlc > 15 {
        return None;
    }
    Some(Common {
        id: id_in_column(*id)?,
        dlc,
        data: pairs_of(text, dlc)?,
        channel: channel_of(i64::from(channel - b'0')),
        direction,
    })
}

/// How wide the columns before the DLC are.
const COLUMNS: usize = 26;

/// The identifier that a column begins with, and nothing else.
#[inline]
fn id_in_column(column: [u8; 15]) -> Option<Id> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const BLANKS: u64 = 0x20 * ONES;
    let (first, rest) = (column.first_chunk()?, column.last_chunk()?);
    let (first, rest) = (u64::from_be_bytes(*first), u64::from_be_bytes(*rest));
    // Letters and digits have one of these bits; how many come before the first without?
    let letters = (!(first >> 4 | first >> 6) & ONES).leading_zeros() / 8;
    let last = first.checked_shr(64 - 8 * letters)? as u8;
    let (len, extended) = match (last, letters, column[8]) {
        (b'x', ..) => (letters - 1, true),
        (_, 8, b'x') => (8, true),
        _ => (letters, false),
    };
    // What stands behind it are blanks.
    let behind = u64::MAX.checked_shr(8 * letters).unwrap_or(0);
    let far = u64::MAX >> if len + u32::from(extended) > 8 { 16 } else { 8 };
    if len == 0 || (first ^ BLANKS) & behind | (rest ^ BLANKS) & far != 0 {
        return None;
    }
    let digits = first >> (64 - 8 * len);
    let zeros = (0x30 * ONES).checked_shl(8 * len).unwrap_or(0);
    Id::new(eight_hex((digits | zeros).to_be_bytes())?, extended).ok()
}

#[cfg(test)]
mod tests {
    use super::super::common;
    use super::*;

    /// Each line of the usual columns with each of its letters replaced: what is read is what the
    /// other way finds.
    #[test]
    fn the_way_by_columns_finds_what_the_other_finds() {
        let lines: [&[u8]; 6] = [
            b"1  123             Rx   d 8 01 02 A3 04 05 06 07 FF",
            b"2  1234567x        Tx   d 2 01 02  Length = 0 BitCount = 0 ID = 100",
            b"0  18FF1234x       Rx   d F 01 02 03 04 05 06 07 08",
            b"9  7ffx            Rx   d 0",
            b"1  12345678        Rx   d 0",
            b"1  Engine          Rx   d 1 00",
        ];
        let mut found = 0;
        for line in lines {
            for at in 0..line.len() {
                for byte in 0..=u8::MAX {
                    let mut text = line.to_vec();
                    text[at] = byte;
                    let quick = in_columns(&text);
                    found += usize::from(quick.is_some());
                    let Some(quick) = quick else {
                        continue;
                    };
                    let slow = common(&text).expect("the other way finds it too");
                    let text = String::from_utf8_lossy(&text);
                    assert_eq!(quick.frame(), slow.frame(), "{text}");
                    assert_eq!(
                        (quick.channel, quick.direction),
                        (slow.channel, slow.direction)
                    );
                }
            }
        }
        // All the unchanged ones but those without such an identifier, at the least.
        assert!(found > 4 * 256, "{found}");
        for line in &lines[..4] {
            assert!(in_columns(line).is_some());
        }
        assert!(in_columns(lines[4]).is_none() && in_columns(lines[5]).is_none());
    }
}
