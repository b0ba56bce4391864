//! The record of a row: a head that says of which type each value is, and the values.

use crate::formats::sqlite::row::time_of;
use crate::formats::table::{Extra, Row};
use crate::frame::MAX_FD_LEN;
use crate::message::{Direction, Message};

/// What pages of a table begin with that hold rows.
pub(in super::super) const LEAF: u8 = 0x0D;
/// Where the numbers of the cells begin in them.
pub(in super::super) const LEAF_HEAD: usize = 8;
/// How many columns there are.
const COLUMNS: usize = 7;
/// What types values have, but for whole numbers of 1 to 8 bytes: nothing, a double, 0, 1; from
/// the last on, an even number for bytes and an odd one for text.
const NULL: u64 = 0;
const REAL: u64 = 7;
const ZERO: u64 = 8;
const ONE: u64 = 9;
const BYTES: u64 = 12;
/// How much less than a page a record has that is in it as a whole.
const LEAST_BESIDE: usize = 35;

/// A number of variable length: seven bits a byte, the first bit of which says whether there are
/// more; of a ninth all eight.
#[inline]
pub(super) fn varint(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        return Some((i64::from(first), rest));
    }
    let mut number = u64::from(first & 0x7F);
    for (at, &byte) in rest.iter().enumerate().take(7) {
        number = number << 7 | u64::from(byte & 0x7F);
        if byte < 0x80 {
            return Some((number as i64, &rest[at + 1..]));
        }
    }
    let last = rest.get(7)?;
    Some(((number << 8 | u64::from(*last)) as i64, &rest[8..]))
}

/// The row and the record of a cell that is in its page as a whole.
#[inline]
pub(super) fn of_cell(cell: &[u8], page: usize) -> Option<(i64, &[u8])> {
    let (size, rest) = varint(cell)?;
    let (row, rest) = varint(rest)?;
    let size = usize::try_from(size).ok()?;
    if size > page - LEAST_BESIDE {
        return None;
    }
    Some((row, rest.get(..size)?))
}

/// The rows of a leaf that is cut whose ends are not there, as they look with zeros behind the cut.
pub(in super::super) fn torn_rows(page: &[u8]) -> Vec<i64> {
    let Some(&[LEAF, _, _, high, low, ..]) = page.first_chunk::<LEAF_HEAD>() else {
        return Vec::new();
    };
    let torn = |pointer: &[u8]| {
        let cell = page.get(usize::from(u16::from_be_bytes(*pointer.first_chunk()?))..)?;
        // Two numbers of at most 9 bytes.
        let mut head = [0; 18];
        let there = cell.len().min(head.len());
        head[..there].copy_from_slice(&cell[..there]);
        let (size, rest) = varint(&head)?;
        let (row, rest) = varint(rest)?;
        let whole = (head.len() - rest.len()).checked_add(usize::try_from(size).ok()?);
        whole.is_none_or(|whole| whole > cell.len()).then_some(row)
    };
    let count = usize::from(u16::from_be_bytes([high, low]));
    let pointers = page[LEAF_HEAD..].chunks_exact(2).take(count);
    pointers.filter_map(torn).collect()
}

/// The message of a record; `None` if there is anything unusual about it.
#[inline]
pub(super) fn message(record: &[u8]) -> Option<Message> {
    let (types, mut values) = head(record)?;
    let timestamp = match types[0] {
        REAL => f64::from_be_bytes(*take(&mut values, 8)?.first_chunk()?),
        // Whole numbers of seconds are stored as such.
        kind => integer(kind, &mut values)? as f64,
    };
    let mut number = |at: usize| integer(types[at], &mut values);
    let (id, extended) = (number(1)?, number(2)?);
    let (remote, error, dlc) = (number(3)?, number(4)?, number(5)?);
    let data = match types[6] {
        NULL => 0,
        kind if kind >= BYTES && kind % 2 == 0 => (kind - BYTES) / 2,
        _ => return None,
    };
    // Nothing may be left over.
    if values.len() as u64 != data {
        return None;
    }
    let row = Row {
        id: id.try_into().ok()?,
        extended: extended != 0,
        remote: remote != 0,
        error: error != 0,
        dlc: usize::try_from(dlc).ok().filter(|&dlc| dlc <= MAX_FD_LEN)?,
        data: values,
    };
    Some(Message {
        frame: row.frame(&Extra::NONE).ok()?,
        timestamp: time_of(timestamp)?,
        channel: None,
        direction: Direction::Rx,
    })
}

/// The types of the values, and the values.
#[inline]
fn head(record: &[u8]) -> Option<([u64; COLUMNS], &[u8])> {
    let mut types = [0; COLUMNS];
    // The length of the head, and types of a byte each, as nearly every row has them.
    if let Some((&[length, ref short @ ..], values)) = record.split_first_chunk::<{ COLUMNS + 1 }>()
        && usize::from(length) == COLUMNS + 1
        && short.iter().fold(0, |all, kind| all | kind) < 0x80
    {
        for (kind, &byte) in types.iter_mut().zip(short) {
            *kind = u64::from(byte);
        }
        return Some((types, values));
    }
    let (length, _) = varint(record)?;
    let length = usize::try_from(length).ok()?;
    let (mut rest, values) = record.split_at_checked(length)?;
    (_, rest) = varint(rest)?;
    for kind in &mut types {
        let found;
        (found, rest) = varint(rest)?;
        *kind = found.try_into().ok()?;
    }
    // Rows that have other columns are not of this table.
    rest.is_empty().then_some((types, values))
}

#[inline]
fn take<'a>(values: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = values.split_at_checked(count)?;
    *values = rest;
    Some(taken)
}

/// A whole number, with the high byte first and signed.
#[inline]
fn integer(kind: u64, values: &mut &[u8]) -> Option<i64> {
    let count = match kind {
        ZERO => return Some(0),
        ONE => return Some(1),
        1..=4 => kind as usize,
        5 => 6,
        6 => 8,
        _ => return None,
    };
    let bytes = take(values, count)?;
    let sign = if bytes[0] < 0x80 { 0 } else { -1 };
    let shifted = |number: i64, &byte: &u8| number << 8 | i64::from(byte);
    Some(bytes.iter().fold(sign, shifted))
}
