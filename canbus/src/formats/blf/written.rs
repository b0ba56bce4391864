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

#[cfg(test)]
mod tests {
    use super::super::tests::file;
    use super::*;
    use crate::formats::{self, Input};
    use std::error::Error as _;
    use std::io::Cursor;

    /// An object with a header of version 1.
    fn object(kind: u32, body: &[u8]) -> Vec<u8> {
        let size = (32 + body.len()) as u32;
        let mut bytes = b"LOBJ\x20\0\x01\0".to_vec();
        bytes.extend_from_slice(&size.to_le_bytes());
        bytes.extend_from_slice(&kind.to_le_bytes());
        bytes.extend_from_slice(&[2, 0, 0, 0]);
        bytes.resize(32, 0);
        bytes.extend_from_slice(body);
        bytes
    }

    /// What the reader gives for an object, if that is no message.
    fn given(object: Vec<u8>, as_written: bool) -> Option<WrittenFrame> {
        let input = Input::new("x.blf", Cursor::new(file(&[object])));
        let mut log = formats::read("blf", input, [("as_written", as_written)]).expect("a file");
        let error = log.next().expect("one").err()?;
        error.source()?.downcast_ref().copied()
    }

    #[test]
    fn what_can_does_not_have_is_given_as_it_stands_on_demand() {
        // Channel 2, a DLC of 0x33, identifier 0x444 of more than 11 bits.
        let classic = [2, 0, 0, 0x33, 0x44, 0x44, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        let frame = given(object(CAN_MESSAGE, &classic), true).expect("as written");
        assert_eq!(
            (frame.id, frame.extended, frame.length),
            (0x4444, false, 0x33)
        );
        assert_eq!(frame.payload(), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(frame.channel, Some(Channel::number(1)));
        assert!(given(object(CAN_MESSAGE, &classic), false).is_none());

        // A remote frame of CAN FD.
        let mut fd = vec![0; 40];
        fd[1] = 15;
        fd[13] = 0x30;
        fd[12] = 0x10;
        let frame = given(object(CAN_FD_MESSAGE_64, &fd), true).expect("as written");
        assert!(frame.remote && frame.fd && frame.brs && !frame.esi);
        assert_eq!(frame.length, 64);
        // The same without RTR is a frame.
        fd[12] = 0;
        assert!(given(object(CAN_FD_MESSAGE_64, &fd), true).is_none());

        let mut error = vec![9; 32];
        error[10] = 0x66;
        let frame = given(object(CAN_ERROR_EXT, &error), true).expect("as written");
        assert!(frame.error && frame.length == 0x66);
        assert_eq!(frame.payload(), [9; 8]);
    }
}
