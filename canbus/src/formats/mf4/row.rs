//! The records that we write: where everything stands in them, and a message as one.

use super::layout::Sort;
use crate::frame::{Kind, MAX_CLASSIC_LEN, MAX_FD_LEN};
use crate::message::{Direction, Message};

/// The greatest channel.
pub(super) const MOST_CHANNEL: u32 = u8::MAX as u32;

/// The groups, in the order of a file.
pub(super) const GROUPS: [Group; 4] = [
    Group {
        sort: Sort::Data,
        name: "CAN_DataFrame",
        content: MAX_CLASSIC_LEN,
    },
    Group {
        sort: Sort::Data,
        name: "CAN_DataFrame",
        content: MAX_FD_LEN,
    },
    Group {
        sort: Sort::Error,
        name: "CAN_ErrorFrame",
        content: MAX_CLASSIC_LEN,
    },
    Group {
        sort: Sort::Remote,
        name: "CAN_RemoteFrame",
        content: 0,
    },
];

/// Places in every record: the time, how many messages of other groups are before this one, which
/// takes no room where there are none, and what a frame of any sort has.
pub(super) const TIME: usize = 0;
pub(super) const OTHERS: usize = 8;
pub(super) const FRAME: usize = 16;
const CHANNEL: usize = FRAME;
const ID: usize = FRAME + 1;
const IDE: usize = FRAME + 5;
const DLC: usize = FRAME + 6;
const LENGTH: usize = FRAME + 7;
const DIR: usize = FRAME + 8;
/// And of those with data.
const EDL: usize = FRAME + 9;
const BRS: usize = FRAME + 10;
const ESI: usize = FRAME + 11;
const CONTENT: usize = FRAME + 12;

/// A group of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) sort: Sort,
    /// The name of its frames in the standard of bus logging.
    pub(super) name: &'static str,
    /// The most data that a frame has.
    pub(super) content: usize,
}

/// A part of a frame: its name, its first byte and how many there are.
pub(super) type Part = (&'static str, usize, usize);

impl Group {
    /// The length of a record.
    pub(super) fn width(&self) -> usize {
        if self.content == 0 {
            EDL
        } else {
            CONTENT + self.content
        }
    }

    /// The parts of a frame.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut parts = vec![
            ("BusChannel", CHANNEL, 1),
            ("ID", ID, 4),
            ("IDE", IDE, 1),
            ("DLC", DLC, 1),
            ("DataLength", LENGTH, 1),
            ("Dir", DIR, 1),
        ];
        if self.content > 0 {
            parts.extend([("EDL", EDL, 1), ("BRS", BRS, 1), ("ESI", ESI, 1)]);
            parts.push(("DataBytes", CONTENT, self.content));
        }
        parts
    }
}

/// The place in [`GROUPS`] of the group that a message belongs to.
#[inline]
pub(super) fn group_of(message: &Message) -> usize {
    match message.frame.kind() {
        Kind::Fd { .. } => 1,
        Kind::Error => 2,
        Kind::Remote => 3,
        _ => 0,
    }
}

/// Appends the record of a message to those of its group; `time` is in nanoseconds from the file's
/// start on, `others` how many messages of other groups were before.
#[inline]
pub(super) fn encode(message: &Message, channel: u8, time: i64, others: u64, out: &mut Vec<u8>) {
    let frame = &message.frame;
    let mut record = [0; CONTENT + MAX_FD_LEN];
    record[TIME..TIME + 8].copy_from_slice(&time.to_le_bytes());
    record[OTHERS..OTHERS + 8].copy_from_slice(&others.to_le_bytes());
    record[CHANNEL] = channel;
    record[ID..ID + 4].copy_from_slice(&frame.id().raw().to_le_bytes());
    record[IDE] = frame.id().is_extended().into();
    record[DLC] = frame.dlc();
    record[LENGTH] = frame.len() as u8;
    record[DIR] = (message.direction == Direction::Tx).into();
    record[CONTENT..CONTENT + frame.len()].copy_from_slice(frame.payload());
    let content = match frame.kind() {
        Kind::Fd { brs, esi } => {
            record[EDL] = 1;
            record[BRS] = brs.into();
            record[ESI] = esi.into();
            MAX_FD_LEN
        }
        Kind::Remote => {
            out.extend_from_slice(&record[..EDL]);
            return;
        }
        _ => MAX_CLASSIC_LEN,
    };
    out.extend_from_slice(&record[..CONTENT + content]);
}

/// Puts the first bytes of all records first, then their second ones and so on.
pub(super) fn into_columns(records: &[u8], width: usize, out: &mut Vec<u8>) {
    /// So many records are in the processor's cache together.
    const TILE: usize = 256;
    let rows = records.len() / width;
    out.clear();
    out.resize(rows * width, 0);
    for (tile, some) in records.chunks(TILE * width).enumerate() {
        for column in 0..width {
            let column_at = column * rows + tile * TILE;
            let place = &mut out[column_at..column_at + some.len() / width];
            for (byte, record) in place.iter_mut().zip(some.chunks_exact(width)) {
                *byte = record[column];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Id};
    use crate::message::Timestamp;

    fn record(frame: Frame) -> (usize, String) {
        let message = Message {
            direction: Direction::Tx,
            ..Message::received(frame, Timestamp::ZERO)
        };
        let mut out = Vec::new();
        encode(&message, 3, -2, 5, &mut out);
        let group = group_of(&message);
        assert_eq!(out.len(), GROUPS[group].width());
        (group, faster_hex::hex_string(&out[TIME + 7..]))
    }

    #[test]
    fn each_kind_of_frame_has_its_record() {
        let id = Id::extended(0x123).expect("fits");
        let begin = "ff0500000000000000032301000001";
        let (group, shown) = record(Frame::data(id, &[9, 8]).expect("valid"));
        assert_eq!(
            (group, shown),
            (0, format!("{begin}020201000000{:0<16}", "0908"))
        );
        let (group, shown) = record(Frame::fd(id, &[9; 12], true, true).expect("valid"));
        assert_eq!(group, 1);
        assert!(shown.starts_with(&format!("{begin}090c01010101{}00", "09".repeat(12))));
        let (group, shown) = record(Frame::error(id, &[7]).expect("valid"));
        assert_eq!(
            (group, shown),
            (2, format!("{begin}010101000000{:0<16}", "07"))
        );
        let (group, shown) = record(Frame::remote(id, 6).expect("valid"));
        assert_eq!((group, shown), (3, format!("{begin}060001")));
    }

    #[test]
    fn columns_hold_the_same_byte_of_all_records() {
        let mut out = vec![9];
        into_columns(&[1, 2, 3, 4, 5, 6], 3, &mut out);
        assert_eq!(out, [1, 4, 2, 5, 3, 6]);
        let records: Vec<u8> = (0..1000_u32)
            .flat_map(|n| [n as u8, (n >> 8) as u8])
            .collect();
        into_columns(&records, 2, &mut out);
        let expected = (0..1000_u32)
            .map(|n| n as u8)
            .chain((0..1000_u32).map(|n| (n >> 8) as u8));
        assert!(out.iter().copied().eq(expected));
    }
}
