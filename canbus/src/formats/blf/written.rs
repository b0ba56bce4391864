//! Objects whose frame CAN does not have, as they stand in the file.

use super::object::{
    Base, CAN_ERROR_EXT, CAN_FD_MESSAGE, CAN_FD_MESSAGE_64, CAN_MESSAGE, CAN_MESSAGE2, field,
    timestamp,
};
use crate::formats::WrittenFrame;
use crate::frame::{Id, MAX_CLASSIC_LEN, MAX_FD_LEN, dlc_to_len};
use crate::message::{Channel, Direction, Message};

/// What is said of such an object.
pub(super) const NO_SUCH_FRAME: &str = "CAN has no such frame";

/// The frame of an object if CAN has none such; `decoded` is what was made of it, `start` the
/// file's start time. `None` also for what is too short.
#[inline]
pub(super) fn written(
    object: &[u8],
    base: Base,
    start: i64,
    decoded: &Result<Message, &'static str>,
) -> Option<WrittenFrame> {
    // Most are decoded well, and of a form that leaves no doubt.
    if decoded.is_ok() && matches!(base.kind, CAN_MESSAGE | CAN_MESSAGE2) {
        return None;
    }
    look(object, base, start)
}

fn look(object: &[u8], base: Base, start: i64) -> Option<WrittenFrame> {
    let body = object.get(usize::from(base.header_size)..)?;
    let byte = |at: usize| body.get(at).copied().unwrap_or(0);
    let number = |at| u32::from_le_bytes(field(body, at));
    let wide = |at| u16::from_le_bytes(field(body, at));
    let frame = |channel: u16, raw: u32, tx: bool| WrittenFrame {
        timestamp: timestamp(object, start),
        id: raw & Id::MAX_EXTENDED,
        extended: raw >> 31 != 0,
        remote: false,
        error: false,
        fd: false,
        brs: false,
        esi: false,
        length: 0,
        data: ([0; MAX_FD_LEN], 0),
        channel: channel.checked_sub(1).map(|n| Channel::number(n.into())),
        direction: if tx { Direction::Tx } else { Direction::Rx },
    };
    let found = match base.kind {
        CAN_MESSAGE | CAN_MESSAGE2 => {
            let dlc = byte(3);
            WrittenFrame {
                remote: byte(2) & 0x80 != 0,
                length: dlc,
                data: stored(body, 8, dlc.min(MAX_CLASSIC_LEN as u8))?,
                ..frame(wide(0), number(4), byte(2) & 1 != 0)
            }
        }
        CAN_FD_MESSAGE => WrittenFrame {
            remote: byte(2) & 0x80 != 0,
            fd: byte(13) & 1 != 0,
            brs: byte(13) & 2 != 0,
            esi: byte(13) & 4 != 0,
            length: length(byte(3)),
            data: stored(body, 20, byte(14))?,
            ..frame(wide(0), number(4), byte(2) & 1 != 0)
        },
        CAN_FD_MESSAGE_64 => WrittenFrame {
            remote: number(12) & 0x10 != 0,
            fd: number(12) & 0x1000 != 0,
            brs: number(12) & 0x2000 != 0,
            esi: number(12) & 0x4000 != 0,
            length: length(byte(1)),
            data: stored(body, 40, byte(2))?,
            ..frame(byte(0).into(), number(4), byte(34) != 0)
        },
        CAN_ERROR_EXT => WrittenFrame {
            error: true,
            length: byte(10),
            data: stored(body, 24, byte(10).min(MAX_CLASSIC_LEN as u8))?,
            ..frame(wide(0), number(16), false)
        },
        _ => return None,
    };
    is_none(&found).then_some(found)
}

/// As many bytes as are said to be valid, with zeros for those that are missing.
fn stored(body: &[u8], at: usize, count: u8) -> Option<([u8; MAX_FD_LEN], u8)> {
    let count = count.min(MAX_FD_LEN as u8);
    let there = body.get(at..)?;
    let there = &there[..there.len().min(count.into())];
    let mut bytes = [0; MAX_FD_LEN];
    bytes[..there.len()].copy_from_slice(there);
    Some((bytes, count))
}

/// The bytes that a code speaks of; codes that there are not mean as much as the last one.
fn length(dlc: u8) -> u8 {
    dlc_to_len(dlc).map_or(MAX_FD_LEN as u8, |length| length as u8)
}

/// Whether CAN has no such frame.
fn is_none(frame: &WrittenFrame) -> bool {
    let wide = !frame.extended && frame.id > Id::MAX_STANDARD;
    if frame.error {
        // The frame that was hit may have been cut.
        return usize::from(frame.length) > MAX_CLASSIC_LEN;
    }
    let long = !frame.fd && usize::from(frame.length) > 15;
    wide || long || (frame.fd && frame.remote)
}
