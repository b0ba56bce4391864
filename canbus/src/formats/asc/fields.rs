//! The fields of a line: words between blanks, numbers of either base, bytes.

use crate::error::{Error, Result};
use crate::formats::digits::{VALUES, leading_hex};
use crate::frame::dlc_to_len;

/// How identifiers and data are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Hex,
    Dec,
}

/// What stands behind the blanks at the beginning.
#[inline]
pub(super) fn behind_blanks(mut text: &[u8]) -> &[u8] {
    // Columns are filled up with many.
    while let Some((b"        ", rest)) = text.split_first_chunk() {
        text = rest;
    }
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// The first word, and what stands behind it.
#[inline]
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = behind_blanks(text);
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let end = text.iter().position(blank).unwrap_or(text.len());
    text.split_at(end)
}

/// The number that the text begins with, how many digits it has, and what stands behind it. More
/// than fit any time are left over.
#[inline]
pub(super) fn leading_decimal(text: &[u8]) -> (i64, usize, &[u8]) {
    const MOST: usize = 18;
    let (mut number, mut len) = (0, 0);
    for byte in text.iter().take(MOST) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number * 10 + i64::from(digit);
        len += 1;
    }
    (number, len, &text[len..])
}

/// The whole word as a number.
pub(super) fn number(word: &[u8], base: Base) -> Option<u32> {
    match base {
        Base::Hex => {
            let (number, digits, rest) = leading_hex(word);
            (digits > 0 && rest.is_empty()).then_some(number)
        }
        Base::Dec => {
            let (number, digits, rest) = leading_decimal(word);
            let number = u32::try_from(number).ok()?;
            (digits > 0 && rest.is_empty()).then_some(number)
        }
    }
}

/// A DLC: one digit is hexadecimal in every file.
pub(super) fn dlc(word: &[u8], base: Base) -> Option<u32> {
    let base = if word.len() == 1 { Base::Hex } else { base };
    number(word, base)
}

/// Whether a DLC and a number of bytes can belong to one frame: those of CAN FD, a raw DLC of
/// classic CAN, or a remote frame.
pub(super) fn fit(dlc: u32, len: u32) -> bool {
    let of_fd = dlc_to_len(dlc.min(255) as u8) == Some(len as usize);
    of_fd || len == 0 || (len == 8 && (9..16).contains(&dlc))
}

/// Fills the bytes from words, and gives what stands behind them; `None` where they do not all
/// stand there in two digits each, a blank before each, as nearly every program writes them.
#[inline]
pub(super) fn take_pairs<'a>(text: &'a [u8], bytes: &mut [u8]) -> Option<&'a [u8]> {
    let (pairs, rest) = text.split_at_checked(3 * bytes.len())?;
    let (mut seen, mut blank) = (0, 0);
    for (byte, pair) in bytes.iter_mut().zip(pairs.chunks_exact(3)) {
        let (high, low) = (VALUES[usize::from(pair[1])], VALUES[usize::from(pair[2])]);
        seen |= high | low;
        blank |= pair[0] ^ b' ';
        *byte = high << 4 | low;
    }
    let ends = matches!(rest, [] | [b' ' | b'\t', ..]);
    (ends && seen < 16 && blank == 0).then_some(rest)
}

/// Fills the bytes from words of any form, and gives what stands behind them.
///
/// # Errors
/// `Malformed` where they are too few or no bytes; of a line that is cut also where the last one
/// may be.
pub(super) fn take_bytes<'a>(
    text: &'a [u8],
    bytes: &mut [u8],
    base: Base,
    complete: bool,
) -> Result<&'a [u8]> {
    if base == Base::Hex
        && let Some(rest) = take_pairs(text, bytes)
    {
        return Ok(rest);
    }
    let digits = if base == Base::Hex { 2 } else { 3 };
    let (mut rest, count) = (text, bytes.len());
    for (at, byte) in bytes.iter_mut().enumerate() {
        let (found, behind) = word(rest);
        if found.is_empty() {
            return Err(Error::malformed(format!(
                "expected {count} bytes of data, but there are {at}"
            )));
        }
        let may_be_cut = !complete && behind.is_empty() && found.len() < digits;
        let value = number(found, base).and_then(|value| u8::try_from(value).ok());
        *byte = value
            .filter(|_| !may_be_cut)
            .ok_or_else(|| expected("a byte of data", found))?;
        rest = behind;
    }
    Ok(rest)
}

/// The error for something else than was expected.
pub(super) fn expected(what: &str, found: &[u8]) -> Error {
    Error::malformed(format!("expected {what}, not {}", shown(found)))
}

/// The beginning of what was found, fit for a message.
fn shown(text: &[u8]) -> String {
    const MOST: usize = 60;
    let cut = &text[..text.len().min(MOST)];
    let more = if text.len() > MOST { "…" } else { "" };
    format!("{:?}{more}", String::from_utf8_lossy(cut))
}
