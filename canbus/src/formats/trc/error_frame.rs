//! Error frames: PEAK's form of a cause, and that of `linux/can/error.h`, in which this house has
//! it.
//!
//! PEAK tells a type (1 bit, 2 form, 4 stuff, 8 any other error), the direction (0 while sending,
//! 1 while receiving), the position in the frame as the SJA1000 controller numbers them, and the
//! two error counters. Linux numbers positions alike, so all of it has a place there.

use super::number::hex;
use crate::error::Result;
use crate::formats::digits::VALUES;
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN};

/// `CAN_ERR_PROT`, `CAN_ERR_BUSERROR` and `CAN_ERR_CNT` of `linux/can/error.h`: a violation of the
/// protocol that disturbed the bus, with error counters.
const CLASS: u32 = 0x0008 | 0x0080 | 0x0200;
/// `CAN_ERR_ACK`: nobody acknowledged.
const NO_ACKNOWLEDGE: u32 = 0x0020;
/// `CAN_ERR_PROT_TX`: while sending.
const SENDING: u8 = 0x80;
/// `CAN_ERR_PROT_BIT`, `…_FORM`, `…_STUFF`; and `…_BIT0`, `…_BIT1`, which PEAK does not part.
const BIT: u8 = 0x01;
const FORM: u8 = 0x02;
const STUFF: u8 = 0x04;
const BIT_0_OR_1: u8 = 0x18;
/// `CAN_ERR_PROT_LOC_ACK`.
const ACKNOWLEDGE_SLOT: u8 = 0x19;

const OTHER: u8 = 8;

/// What PEAK's tools know of an error frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cause {
    /// 1 bit, 2 form, 4 stuff, 8 other.
    pub(super) sort: u8,
    /// 0 while sending, 1 while receiving.
    pub(super) direction: u8,
    pub(super) position: u8,
    /// The receive error counter.
    pub(super) receive: u8,
    /// The transmit error counter.
    pub(super) transmit: u8,
}

impl Cause {
    /// What of a frame's cause PEAK has a place for.
    pub(super) fn of(frame: &Frame) -> Cause {
        let mut data = [0; MAX_CLASSIC_LEN];
        data[..frame.len()].copy_from_slice(frame.payload());
        let sort = match data[2] {
            kind if kind & (BIT | BIT_0_OR_1) != 0 => 1,
            kind if kind & FORM != 0 => 2,
            kind if kind & STUFF != 0 => 4,
            _ => OTHER,
        };
        let unacknowledged = frame.id().raw() & NO_ACKNOWLEDGE != 0 && data[3] == 0;
        Cause {
            sort,
            direction: u8::from(data[2] & SENDING == 0),
            position: if unacknowledged {
                ACKNOWLEDGE_SLOT
            } else {
                data[3]
            },
            receive: data[7],
            transmit: data[6],
        }
    }

    /// The frame. A cause that says nothing at all is that of an error frame of which nothing is
    /// known.
    pub(super) fn frame(self) -> Result<Frame> {
        if (self.sort, self.position, self.receive, self.transmit) == (OTHER, 0, 0, 0) {
            return Frame::error(Id::extended(0)?, &[]);
        }
        let violation = match self.sort {
            1 => BIT,
            2 => FORM,
            4 => STUFF,
            _ => 0,
        };
        let sending = if self.direction == 0 { SENDING } else { 0 };
        let data = [
            0,
            0,
            violation | sending,
            self.position,
            0,
            0,
            self.transmit,
            self.receive,
        ];
        Frame::error(Id::extended(CLASS)?, &data)
    }

    /// The frame's cause, and whether it is all that the frame tells.
    pub(super) fn and_whether_whole(frame: &Frame) -> (Cause, bool) {
        let cause = Cause::of(frame);
        let whole = cause.frame().is_ok_and(|again| {
            again.id().raw() == frame.id().raw() && again.payload() == frame.payload()
        });
        (cause, whole)
    }
}

/// What a comment tells of the error frame in the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) frame: Frame,
    /// Whether it was sent, where the line has no place for the direction.
    pub(super) sent: bool,
}

/// Begins the comment that tells the whole cause of the error frame in the next line, in the form
/// of candump: the ID with `CAN_ERR_FLAG`, and the data.
pub(super) const COMMENT: &[u8] = b";   Error frame: ";

/// Ends the comment of a frame that was sent.
const SENT: &[u8] = b" Tx";

/// `CAN_ERR_FLAG` of `linux/can.h`.
const ERROR_FLAG: u32 = 0x2000_0000;

/// Adds the comment, with its line end.
pub(super) fn put_comment(line: &mut Vec<u8>, told: &Told) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let Told { frame, sent } = told;
    line.extend_from_slice(COMMENT);
    let id = (frame.id().raw() | ERROR_FLAG).to_be_bytes();
    for (at, &byte) in id.iter().chain(frame.payload()).enumerate() {
        if at == id.len() {
            line.push(b'#');
        }
        line.extend([byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]));
    }
    if frame.is_empty() {
        line.push(b'#');
    }
    line.extend_from_slice(if *sent { SENT } else { b"" });
    line.extend_from_slice(b"\r\n");
}

/// What such a comment tells; none for any other comment.
pub(super) fn of_comment(line: &[u8]) -> Option<Told> {
    let text = line.strip_prefix(COMMENT)?;
    let (text, sent) = match text.strip_suffix(SENT) {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (id, data) = text.split_at_checked(8)?;
    let digits = data.strip_prefix(b"#")?;
    let mut bytes = [0; MAX_CLASSIC_LEN];
    let pairs = digits.chunks_exact(2);
    if !pairs.remainder().is_empty() || pairs.len() > bytes.len() {
        return None;
    }
    let len = pairs.len();
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (VALUES[usize::from(pair[0])], VALUES[usize::from(pair[1])]);
        if (high | low) > 15 {
            return None;
        }
        *byte = high << 4 | low;
    }
    let id = hex(id).filter(|id| id & !Id::MAX_EXTENDED == ERROR_FLAG)?;
    let id = Id::extended(id & Id::MAX_EXTENDED).ok()?;
    let frame = Frame::error(id, &bytes[..len]).ok()?;
    Some(Told { frame, sent })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(class: u32, data: &[u8]) -> Frame {
        Frame::error(Id::extended(class).expect("fits"), data).expect("valid")
    }

    /// The bytes of PEAK's document, whose example is an error at the acknowledge slot.
    #[test]
    fn what_peak_tells_has_its_place_in_the_form_of_linux() {
        let cause = Cause {
            sort: 8,
            direction: 0,
            position: 0x19,
            receive: 8,
            transmit: 9,
        };
        let frame = cause.frame().expect("valid");
        assert_eq!(frame, error(0x288, &[0, 0, 0x80, 0x19, 0, 0, 9, 8]));
        assert_eq!(Cause::and_whether_whole(&frame), (cause, true));
        for (sort, violation) in [(1, 1), (2, 2), (4, 4)] {
            let cause = Cause {
                sort,
                direction: 1,
                ..cause
            };
            let frame = cause.frame().expect("valid");
            assert_eq!(frame.payload(), [0, 0, violation, 0x19, 0, 0, 9, 8]);
            assert_eq!(Cause::and_whether_whole(&frame), (cause, true));
        }
    }

    #[test]
    fn nothing_known_is_nothing_known_in_both_forms() {
        let (cause, whole) = Cause::and_whether_whole(&error(0, &[]));
        assert_eq!((cause.sort, cause.position, whole), (OTHER, 0, true));
    }

    #[test]
    fn other_causes_are_told_as_far_as_they_go_and_known_not_to_be_whole() {
        let (cause, whole) = Cause::and_whether_whole(&error(0x20, &[]));
        assert_eq!((cause.position, whole), (ACKNOWLEDGE_SLOT, false));
        let (cause, whole) = Cause::and_whether_whole(&error(0x8, &[0, 0, 0x10]));
        assert_eq!((cause.sort, whole), (1, false));
    }

    #[test]
    fn a_comment_holds_any_error_frame() {
        for frame in [
            error(0, &[]),
            error(0x24, &[0, 0x30, 0, 0, 0, 0, 0x80, 0x60]),
            error(0x1FFF_FFFF, &[1]),
        ] {
            for sent in [false, true] {
                let (mut line, told) = (Vec::new(), Told { frame, sent });
                put_comment(&mut line, &told);
                assert_eq!(of_comment(line.trim_ascii_end()), Some(told));
            }
        }
        for wrong in [
            ";   Error frame: 00000088#",
            ";   Error frame: 20000088",
            ";   Error frame: 20000088#1",
            ";   Error frame: 20000088#0g",
            ";   Error frame: 20000088#112233445566778899",
            ";   Error frame: 2000#",
            ";   Error frame: 20000088# Rx",
            "; anything",
        ] {
            assert_eq!(of_comment(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
