//! The frames of lines: what stands behind the time.

mod columns;
mod fd;

pub(super) use columns::in_columns;
pub(super) use fd::fd;

use super::fields::{
    Base, behind_blanks, dlc, expected, leading_decimal, number, take_bytes, take_pairs, word,
};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::digits::{VALUES, leading_hex};
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN, MAX_FD_LEN, len_to_dlc};
use crate::message::{Channel, Direction};

/// A frame, where it was seen and which way it went.
pub(super) struct Seen {
    pub(super) frame: Frame,
    pub(super) channel: Option<Channel>,
    pub(super) direction: Direction,
    /// Of a line of CAN FD with a frame that CAN FD does not have: bit rate switch and error state
    /// indicator.
    pub(super) fd: Option<(bool, bool)>,
}

/// How a line is to be understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    pub(super) base: Base,
    /// Whether a line feed ended it.
    pub(super) complete: bool,
}

/// A data frame before it is made: to copy one costs as much as to read its identifier.
pub(super) struct Common {
    id: Id,
    dlc: u8,
    data: [u8; MAX_CLASSIC_LEN],
    pub(super) channel: Option<Channel>,
    pub(super) direction: Direction,
}

impl Common {
    #[inline]
    pub(super) fn frame(&self) -> Frame {
        Frame::classic_on_wire(self.id, false, self.dlc, self.data)
    }
}

/// The data behind the DLC, two digits each with a blank before them.
#[inline]
fn pairs_of(text: &[u8], dlc: u8) -> Option<[u8; MAX_CLASSIC_LEN]> {
    let mut bytes = [0; MAX_CLASSIC_LEN];
    if dlc == 8 {
        // Most have 8, and a number that is known beforehand is read faster.
        take_pairs(text, &mut bytes)?;
    } else {
        take_pairs(text, &mut bytes[..usize::from(dlc).min(MAX_CLASSIC_LEN)])?;
    }
    Some(bytes)
}

/// `1  123x  Rx  d 2 01 02`: a data frame as nearly every program writes it, in whatever columns;
/// `None` for all others, also broken ones.
#[inline(never)]
pub(super) fn common(text: &[u8]) -> Option<Common> {
    let (channel, digits, text) = match text {
        // Nearly always it is one digit.
        [digit @ b'0'..=b'9', b' ', ..] => (i64::from(digit - b'0'), 1, &text[1..]),
        _ => leading_decimal(text),
    };
    let (raw, id_digits, text) = leading_hex(blank(text)?);
    let (extended, text) = match text {
        [b'x', text @ ..] => (true, text),
        _ => (false, text),
    };
    let (direction, text) = match blank(text)? {
        [b'R', b'x', b' ', text @ ..] => (Direction::Rx, text),
        [b'T', b'x', b' ', text @ ..] => (Direction::Tx, text),
        _ => return None,
    };
    let [b'd', text @ ..] = behind_blanks(text) else {
        return None;
    };
    let [code, text @ ..] = blank(text)? else {
        return None;
    };
    let code = VALUES[usize::from(*code)];
    if digits == 0 || id_digits == 0 || code > 15 || !is_channel(channel) {
        return None;
    }
    Some(Common {
        id: Id::new(raw, extended).ok()?,
        dlc: code,
        data: pairs_of(text, code)?,
        channel: channel_of(channel),
        direction,
    })
}

/// What stands behind at least one blank.
#[inline]
fn blank(text: &[u8]) -> Option<&[u8]> {
    match text {
        [b' ' | b'\t', text @ ..] => Some(behind_blanks(text)),
        _ => None,
    }
}

/// Whether a number in a file can be that of a channel.
#[inline]
fn is_channel(number: i64) -> bool {
    (0..=i64::from(Channel::MAX_NUMBER)).contains(&number)
}

/// The channel of a number in a file, where they count from 1 and 0 is none.
#[inline]
fn channel_of(number: i64) -> Option<Channel> {
    let number = u32::try_from(number).ok()?.checked_sub(1)?;
    (number <= Channel::MAX_NUMBER).then(|| Channel::number(number))
}

/// The number of a channel that a word says.
fn channel_number(found: &[u8]) -> Option<i64> {
    let (number, digits, rest) = leading_decimal(found);
    let whole = digits > 0 && rest.is_empty();
    (whole && is_channel(number)).then_some(number)
}

fn direction(found: &[u8]) -> Option<Direction> {
    match found {
        _ if found.eq_ignore_ascii_case(b"Rx") => Some(Direction::Rx),
        _ if found.eq_ignore_ascii_case(b"Tx") => Some(Direction::Tx),
        _ => None,
    }
}

/// An identifier: a number, of 29 bits with an `x` behind it.
fn id(found: &[u8], base: Base) -> Result<Id> {
    let (digits, extended) = match found {
        [digits @ .., b'x' | b'X'] => (digits, true),
        digits => (digits, false),
    };
    let raw = number(digits, base).ok_or_else(|| expected("an identifier", found))?;
    Id::new(raw, extended).map_err(malformed)
}

/// Any line that begins with a channel; `None` if it is no frame.
///
/// # Errors
/// `Malformed` for a frame that is broken.
pub(super) fn classic(text: &[u8], form: Form) -> Result<Option<Seen>> {
    let (found, text) = word(text);
    let Some(channel) = channel_number(found).map(channel_of) else {
        return Ok(None);
    };
    let (name, text) = word(text);
    if name.eq_ignore_ascii_case(b"ErrorFrame") {
        let (frame, direction) = error_frame(text, form)?;
        return Ok(Some(Seen {
            frame,
            channel,
            direction,
            fd: None,
        }));
    }
    let (found, text) = word(text);
    let Some(direction) = direction(found) else {
        return Ok(None);
    };
    let (kind, rest) = word(text);
    let frame = match kind {
        b"d" | b"D" => data_frame(named_id(name, rest, form)?, rest, form)?,
        b"r" | b"R" => remote_frame(named_id(name, rest, form)?, rest, form)?,
        _ => return Err(expected("d or r", kind)),
    };
    Ok(Some(Seen {
        frame,
        channel,
        direction,
        fd: None,
    }))
}

/// The identifier of a line, which may have the name of the message instead and the number at its
/// end: `EngineData Rx d 1 00 Length = 0 BitCount = 0 ID = 100`.
fn named_id(name: &[u8], rest: &[u8], form: Form) -> Result<Id> {
    let error = match id(name, form.base) {
        Err(error) if error.kind() == ErrorKind::Malformed => error,
        found => return found,
    };
    let mark = b" ID = ";
    let at = rest.windows(mark.len()).rposition(|part| part == mark);
    at.and_then(|at| id(word(&rest[at + mark.len()..]).0, Base::Dec).ok())
        .ok_or(error)
}

/// Behind the `d`: a DLC and data.
fn data_frame(id: Id, text: &[u8], form: Form) -> Result<Frame> {
    let (found, rest) = word(text);
    let code = dlc(found, form.base).ok_or_else(|| expected("a DLC", found))?;
    if code > 15 {
        return old_fd_frame(id, code as usize, rest, form)
            .ok_or_else(|| expected("a DLC of 0 to 15", found));
    }
    let mut bytes = [0; MAX_CLASSIC_LEN];
    let data = &mut bytes[..MAX_CLASSIC_LEN.min(code as usize)];
    take_bytes(rest, data, form.base, form.complete)?;
    let frame = Frame::data(id, data)?;
    match code {
        0..=8 => Ok(frame),
        _ => frame.with_raw_dlc(code as u8),
    }
}

/// A CAN FD frame as python-can once wrote it: in the form of a classic one, with the number of
/// bytes in place of the DLC.
fn old_fd_frame(id: Id, len: usize, text: &[u8], form: Form) -> Option<Frame> {
    len_to_dlc(len)?;
    let mut bytes = [0; MAX_FD_LEN];
    let data = &mut bytes[..len];
    take_bytes(text, data, form.base, form.complete).ok()?;
    Frame::fd(id, data, false, false).ok()
}

/// Behind the `r`: a DLC, which only newer programs write.
fn remote_frame(id: Id, text: &[u8], form: Form) -> Result<Frame> {
    let (found, _) = word(text);
    if found.is_empty() && !form.complete {
        return Err(expected("a DLC", found));
    }
    let begins = found.first().is_some_and(u8::is_ascii_digit) || found.len() == 1;
    if !begins {
        return Frame::remote(id, 0);
    }
    let code = dlc(found, form.base).filter(|&code| code < 16);
    remote(id, code.ok_or_else(|| expected("a DLC of 0 to 15", found))?)
}

/// A remote frame of any DLC up to 15.
fn remote(id: Id, code: u32) -> Result<Frame> {
    match code as u8 {
        code @ 0..=8 => Frame::remote(id, code),
        code => Frame::remote(id, 8)?.with_raw_dlc(code),
    }
}

/// Behind `ErrorFrame`: what this crate writes, or what other programs know of the error, for
/// which there is no place in a frame.
fn error_frame(text: &[u8], form: Form) -> Result<(Frame, Direction)> {
    let unknown = || Frame::error(Id::extended(0)?, &[]);
    let text = behind_blanks(text);
    let Some(cause) = text.strip_prefix(b"//") else {
        return Ok((unknown()?, Direction::Rx));
    };
    match cause_of(cause, form.complete) {
        Ok(known) => Ok(known),
        Err(error) if !form.complete => Err(error),
        // A remark of somebody else.
        Err(_) => Ok((unknown()?, Direction::Rx)),
    }
}

fn cause_of(text: &[u8], complete: bool) -> Result<(Frame, Direction)> {
    let (found, text) = word(text);
    let direction = direction(found).ok_or_else(|| expected("Rx or Tx", found))?;
    let (found, text) = word(text);
    let cause = id(found, Base::Hex)?;
    let (kind, text) = word(text);
    let (found, text) = word(text);
    let len = dlc(found, Base::Hex).filter(|&len| kind == b"d" && len <= 8);
    let len = len.ok_or_else(|| expected("a DLC of 0 to 8", found))?;
    let mut bytes = [0; MAX_CLASSIC_LEN];
    let data = &mut bytes[..len as usize];
    take_bytes(text, data, Base::Hex, complete)?;
    Ok((Frame::error(cause, data)?, direction))
}

fn malformed(error: Error) -> Error {
    error.with_kind(ErrorKind::Malformed)
}
