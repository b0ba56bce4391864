//! Frames as Linux lays them out: `struct can_frame` and `struct canfd_frame` of `linux/can.h`, in
//! the machine's byte order.

use crate::error::{Error, Result};
use crate::frame::{Frame, Id, Kind, MAX_CLASSIC_LEN};
use crate::transport::can_socket::{CLASSIC_SIZE, FD_SIZE, Packed};

/// The flags in the field `can_id`.
pub(super) const EXTENDED: u32 = 0x8000_0000;
const REMOTE: u32 = 0x4000_0000;
const ERROR: u32 = 0x2000_0000;

/// The flags of CAN FD.
const BRS: u8 = 0x01;
const ESI: u8 = 0x02;
const FDF: u8 = 0x04;

/// Where the fields stand.
const ID: std::ops::Range<usize> = 0..4;
const LEN: usize = 4;
const FLAGS: usize = 5;
const LEN8_DLC: usize = 7;
const DATA: usize = 8;

/// The frame as the kernel takes it.
pub(super) fn pack(frame: &Frame) -> Packed {
    let mut bytes = [0; FD_SIZE];
    let id = frame.id();
    let mut word = id.raw();
    // The ID of an error frame is the class of the error, and has no width.
    if id.is_extended() && !frame.is_error() {
        word |= EXTENDED;
    }
    match frame.kind() {
        Kind::Remote => word |= REMOTE,
        Kind::Error => word |= ERROR,
        Kind::Fd { brs, esi } => {
            bytes[FLAGS] = FDF | if brs { BRS } else { 0 } | if esi { ESI } else { 0 };
        }
        Kind::Data => {}
    }
    bytes[ID].copy_from_slice(&word.to_ne_bytes());
    bytes[LEN] = frame.dlc_len() as u8;
    if !frame.is_fd() && usize::from(frame.dlc()) > MAX_CLASSIC_LEN {
        bytes[LEN8_DLC] = frame.dlc();
    }
    let payload = frame.payload();
    bytes[DATA..DATA + payload.len()].copy_from_slice(payload);
    let size = if frame.is_fd() { FD_SIZE } else { CLASSIC_SIZE };
    Packed { bytes, size }
}

/// Arbitration IDs in hexadecimal, parted at commas, each as a frame's first word has it. As
/// can-utils write them: three digits are a standard ID, eight an extended one.
///
/// # Errors
/// `InvalidInput` with what was expected.
pub(super) fn ids(text: &str) -> Result<Vec<u32>> {
    let parts = text.split(',').map(str::trim);
    let id = |part: &str| {
        let plain = part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let raw = u32::from_str_radix(part, 16).ok().filter(|_| plain);
        match (raw, part.len()) {
            (Some(raw), 3) if raw <= Id::MAX_STANDARD => Ok(raw),
            (Some(raw), 8) if raw <= Id::MAX_EXTENDED => Ok(raw | EXTENDED),
            _ => Err(Error::invalid(format!(
                "option changes_of has {part:?}, but expected arbitration IDs in hexadecimal, three \
                 digits each or eight (extended): 123,18DAF110"
            ))),
        }
    };
    parts.filter(|part| !part.is_empty()).map(id).collect()
}

/// What the kernel gave.
///
/// A CAN FD frame of a length that CAN FD does not have, which other programs can send over a
/// virtual interface, is filled up with zeros as a controller fills it up.
///
/// # Errors
/// `Malformed` for what is no frame.
pub(super) fn unpack(bytes: &[u8]) -> Result<Frame> {
    let fd = match bytes.len() {
        CLASSIC_SIZE => false,
        FD_SIZE => true,
        other => {
            return Err(Error::malformed(format!(
                "the kernel gave a frame of {other} bytes; {CLASSIC_SIZE} and {FD_SIZE} are known"
            )));
        }
    };
    let word = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let len = usize::from(bytes[LEN]);
    let data = bytes.get(DATA..DATA + len).ok_or_else(|| {
        Error::malformed(format!(
            "the kernel gave a frame that says {len} data bytes"
        ))
    })?;
    if word & ERROR != 0 {
        return Frame::error(Id::extended(word & Id::MAX_EXTENDED)?, data);
    }
    let id = if word & EXTENDED != 0 {
        Id::extended(word & Id::MAX_EXTENDED)
    } else {
        Id::standard(word & Id::MAX_STANDARD)
    }?;
    if fd {
        let flag = |flag| bytes[FLAGS] & flag != 0;
        return Frame::fd_padded(id, data, flag(BRS), flag(ESI));
    }
    let frame = if word & REMOTE != 0 {
        Frame::remote(id, bytes[LEN])?
    } else {
        Frame::data(id, data)?
    };
    match bytes[LEN8_DLC] {
        dlc @ 9..=15 if len == MAX_CLASSIC_LEN => frame.with_raw_dlc(dlc),
        _ => Ok(frame),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard() -> Id {
        Id::standard(0x123).expect("fits")
    }

    fn extended() -> Id {
        Id::extended(0x18DA_F110).expect("fits")
    }

    #[test]
    fn every_kind_of_frame_goes_both_ways() {
        let eight = Frame::data(standard(), &[1, 2, 3, 4, 5, 6, 7, 8]).expect("valid");
        let frames = [
            Frame::data(extended(), &[]),
            Frame::remote(standard(), 5),
            Frame::remote(extended(), 0),
            Frame::fd(extended(), &[7; 64], true, false),
            Frame::fd(standard(), &[], false, true),
            Frame::error(Id::extended(0x1FFF_FFFF).expect("fits"), &[0; 8]),
            eight.with_raw_dlc(15),
            Frame::remote(standard(), 8).and_then(|frame| frame.with_raw_dlc(9)),
            Ok(eight),
        ];
        for frame in frames {
            let frame = frame.expect("valid");
            let packed = pack(&frame);
            let back = unpack(&packed.bytes[..packed.size]).expect("a frame");
            assert_eq!(back, frame);
        }
    }

    #[test]
    fn ids_are_as_wide_as_they_are_written() {
        assert!(ids("").expect("none").is_empty());
        let expected = [0x123, 0x8000_0123, 0x98DA_F110];
        assert_eq!(ids("123, 00000123,18daf110").expect("valid"), expected);
        for wrong in ["12", "800", "20000000", "1234", "+12", "xyz"] {
            let error = ids(wrong).expect_err(wrong).to_string();
            assert!(
                error.contains(wrong) && error.contains("18DAF110"),
                "{error}"
            );
        }
    }

    #[test]
    fn fields_stand_where_the_kernel_looks_for_them() {
        let frame = Frame::data(extended(), &[0xAB, 0xCD]).expect("valid");
        let packed = pack(&frame);
        assert_eq!(packed.size, 16);
        assert_eq!(packed.bytes[..4], 0x98DA_F110_u32.to_ne_bytes());
        assert_eq!(packed.bytes[4..10], [2, 0, 0, 0, 0xAB, 0xCD]);
        let frame = Frame::fd(standard(), &[1; 12], true, true).expect("valid");
        let packed = pack(&frame);
        assert_eq!(packed.size, 72);
        assert_eq!(packed.bytes[4..9], [12, 7, 0, 0, 1]);
        let remote = pack(&Frame::remote(standard(), 3).expect("valid"));
        assert_eq!(
            remote.bytes[..5],
            [&0x4000_0123_u32.to_ne_bytes()[..], &[3]].concat()
        );
    }

    #[test]
    fn a_length_that_can_fd_does_not_have_is_filled_up() {
        let mut bytes = [0xFF; 72];
        bytes[..8].copy_from_slice(&[0, 0, 0, 0, 13, 4, 0, 0]);
        let frame = unpack(&bytes).expect("a frame");
        assert_eq!(frame.payload(), [&[0xFF; 13][..], &[0; 3]].concat());
    }

    #[test]
    fn what_is_no_frame_is_malformed_and_no_panic() {
        for size in [0, 4, 15, 17, 71, 73, 2060] {
            assert!(unpack(&vec![0xFF; size]).is_err(), "{size} bytes");
        }
        for len in 9..=255 {
            let mut bytes = [0; 16];
            bytes[4] = len;
            assert!(unpack(&bytes).is_err(), "{len} data bytes");
        }
        let mut bytes = [0; 72];
        bytes[4] = 65;
        assert!(unpack(&bytes).is_err());
    }
}
