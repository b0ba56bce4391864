//! Lines of channels that speak CAN FD:
//! `CANFD   1 Rx        300  Name                              1 0 8  8 11 22 … 102203  133   303000`.

use super::{Form, Seen, channel_number, channel_of, direction, error_frame, id, remote};
use crate::error::Result;
use crate::formats::asc::fields::{Base, dlc, expected, fit, number, take_bytes, word};
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN, MAX_FD_LEN};
use crate::message::Direction;

/// Flags behind the data: a remote frame, a frame of CAN FD.
const RTR: u32 = 0x10;
const FDF: u32 = 0x1000;

/// The fields before the data.
struct Fields<'a> {
    brs: bool,
    esi: bool,
    dlc: u32,
    len: u32,
    rest: &'a [u8],
}

/// What stands behind `CANFD`; `None` if it is no frame.
///
/// # Errors
/// `Malformed` for a frame that is broken.
pub(crate) fn fd(text: &[u8], form: Form) -> Result<Option<Seen>> {
    let (found, text) = word(text);
    let Some(channel) = channel_number(found).map(channel_of) else {
        return Ok(None);
    };
    let (found, text) = word(text);
    let Some(direction) = direction(found) else {
        return Ok(None);
    };
    let (found, text) = word(text);
    let (frame, direction, fd) = if found.eq_ignore_ascii_case(b"ErrorFrame") {
        let (frame, direction) = error(text, form, direction)?;
        (frame, direction, Some((false, false)))
    } else {
        let id = id(found, form.base)?;
        let Some(fields) = fields(text, form.base) else {
            return Err(expected("[NAME] BRS ESI DLC LENGTH", text));
        };
        let frame = frame(id, &fields, form)?;
        let fd = frame.is_remote().then_some((fields.brs, fields.esi));
        (frame, direction, fd)
    };
    Ok(Some(Seen {
        frame,
        channel,
        direction,
        fd,
    }))
}

/// What other programs say of the error has no place in a frame.
fn error(text: &[u8], form: Form, direction: Direction) -> Result<(Frame, Direction)> {
    let (frame, _) = error_frame(text, form)?;
    Ok((frame, direction))
}

/// The fields, with the name of the message before them or without. A name may look like a number;
/// then DLC and length tell.
fn fields(text: &[u8], base: Base) -> Option<Fields<'_>> {
    let unnamed = fields_at(text, base);
    if let Some(fields) = &unnamed
        && fit(fields.dlc, fields.len)
    {
        return unnamed;
    }
    let named = fields_at(word(text).1, base).filter(|fields| fit(fields.dlc, fields.len));
    named.or(unnamed).or_else(|| fields_at(word(text).1, base))
}

fn fields_at(text: &[u8], base: Base) -> Option<Fields<'_>> {
    let (brs, text) = bit(text)?;
    let (esi, text) = bit(text)?;
    let (code, text) = word(text);
    let (len, rest) = word(text);
    Some(Fields {
        brs,
        esi,
        dlc: dlc(code, base).filter(|&code| code < 16)?,
        len: number(len, Base::Dec).filter(|&len| len as usize <= MAX_FD_LEN)?,
        rest,
    })
}

fn bit(text: &[u8]) -> Option<(bool, &[u8])> {
    match word(text) {
        (b"0", rest) => Some((false, rest)),
        (b"1", rest) => Some((true, rest)),
        _ => None,
    }
}

fn frame(id: Id, fields: &Fields<'_>, form: Form) -> Result<Frame> {
    let &Fields {
        brs, esi, dlc, len, ..
    } = fields;
    let mut bytes = [0; MAX_FD_LEN];
    let data = &mut bytes[..len as usize];
    let rest = take_bytes(fields.rest, data, form.base, form.complete)?;
    let flags = flags(rest, form)?;
    let is_fd = flags.is_none_or(|flags| flags & FDF != 0);
    let is_remote = !is_fd && flags.is_some_and(|flags| flags & RTR != 0);
    if len == 0 && (is_remote || dlc > 0) {
        return remote(id, dlc);
    }
    // Channels of CAN FD carry classic frames too.
    let classic = !is_fd && !brs && !esi && data.len() <= MAX_CLASSIC_LEN && fit(dlc, len);
    match dlc {
        0..=8 if classic => Frame::data(id, data),
        _ if classic => Frame::data(id, data)?.with_raw_dlc(dlc as u8),
        // Other lengths than those of CAN FD come from other programs' mistakes.
        _ => Frame::fd_padded(id, data, brs, esi),
    }
}

/// The flags behind duration and number of bits; `None` where a program left them out.
fn flags(text: &[u8], form: Form) -> Result<Option<u32>> {
    let (_, rest) = word(text);
    let (_, rest) = word(rest);
    let (found, rest) = word(rest);
    if !form.complete && word(rest).0.is_empty() {
        return Err(expected("flags of the frame and what follows", found));
    }
    Ok(number(found, Base::Hex))
}
