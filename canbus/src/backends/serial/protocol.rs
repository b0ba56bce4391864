//! Frames as packets of python-can's serial interface:
//! `AA | milliseconds, 4 bytes | DLC | arbitration ID, 4 bytes | data | BB`, low bytes first.
//!
//! Since python-can 4.6 the ID's upper bits are flags, as `SocketCAN` has them. Before, there were
//! none, and every frame was an extended data frame.
//!
//! A remote frame with a DLC: python-can writes no data, and reads as many bytes as the DLC says.
//! So they are written here (zeros), which every reader understands, and both forms are read.

use crate::backends::packets::{Front, Packets};
use crate::backends::serial_line::{Heard, Parser};
use crate::error::Result;
use crate::frame::{Frame, Id, Kind};
use crate::message::{Message, Timestamp};
use std::convert::Infallible;

const START: u8 = 0xAA;
const END: u8 = 0xBB;
/// The bytes before the data.
const HEADER: usize = 10;

const EXTENDED: u32 = 0x8000_0000;
const REMOTE: u32 = 0x4000_0000;
const ERROR: u32 = 0x2000_0000;

const NANOS_PER_MILLISECOND: i64 = 1_000_000;

/// How the arbitration ID is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdForm {
    /// With flags for its width, remote and error frames.
    Flags,
    /// Without: every frame is an extended data frame.
    Plain,
}

/// Appends the packet of a frame that the form of the ID carries.
pub(super) fn encode(frame: &Frame, milliseconds: u32, form: IdForm, out: &mut Vec<u8>) {
    out.push(START);
    out.extend_from_slice(&milliseconds.to_le_bytes());
    out.push(frame.dlc());
    out.extend_from_slice(&id_field(frame, form).to_le_bytes());
    out.extend_from_slice(frame.payload());
    let unsent = usize::from(frame.dlc()).saturating_sub(frame.len());
    out.resize(out.len() + unsent, 0);
    out.push(END);
}

fn id_field(frame: &Frame, form: IdForm) -> u32 {
    let id = frame.id();
    if form == IdForm::Plain {
        return id.raw();
    }
    let width = if id.is_extended() { EXTENDED } else { 0 };
    let kind = match frame.kind() {
        Kind::Remote => REMOTE,
        Kind::Error => ERROR,
        _ => 0,
    };
    id.raw() | width | kind
}

/// Puts packets together and reads them.
#[derive(Debug)]
pub(super) struct Receiver {
    packets: Packets,
    form: IdForm,
    /// Whether messages get the time in their packets, as it is.
    senders_time: bool,
}

impl Receiver {
    pub(super) fn new(form: IdForm, senders_time: bool) -> Receiver {
        Receiver {
            packets: Packets::default(),
            form,
            senders_time,
        }
    }
}

impl Parser for Receiver {
    type Answer = Infallible;

    fn take(&mut self, bytes: &[u8], each: &mut dyn FnMut(Heard<Infallible>)) {
        let (form, senders_time) = (self.form, self.senders_time);
        let look = |front: &[u8]| look(front, form, senders_time);
        self.packets.take(bytes, look, each);
    }
}

fn look(bytes: &[u8], form: IdForm, senders_time: bool) -> Front<Infallible> {
    if bytes[0] != START {
        let len = memchr::memchr(START, bytes).unwrap_or(bytes.len());
        return Front::Garbage(len, "a packet begins with AA");
    }
    let Some(&dlc) = bytes.get(5) else {
        return Front::Incomplete;
    };
    if dlc > 8 {
        return Front::Garbage(1, "the DLC of a packet is 0 to 8");
    }
    let (Some(time), Some(id)) = (word(bytes, 1), word(bytes, 6)) else {
        return Front::Incomplete;
    };
    if form == IdForm::Plain && id > Id::MAX_EXTENDED {
        return Front::Garbage(1, "an arbitration ID without flags is at most 1FFFFFFF");
    }
    let len = HEADER + usize::from(dlc) + 1;
    // python-can writes no data here, but the end at once.
    let bare = form == IdForm::Flags && id & (REMOTE | ERROR) == REMOTE;
    let len = match bytes.get(HEADER) {
        None => return Front::Incomplete,
        Some(&END) if bare => HEADER + 1,
        Some(_) => len,
    };
    let Some(packet) = bytes.get(..len) else {
        return Front::Incomplete;
    };
    if packet[len - 1] != END {
        return Front::Garbage(1, "a packet ends with BB");
    }
    match frame(id, dlc, &packet[HEADER..len - 1], form) {
        Ok(frame) if senders_time => {
            let time = Timestamp::from_nanos(i64::from(time) * NANOS_PER_MILLISECOND);
            Front::Packet(len, Heard::Message(Message::received(frame, time)))
        }
        Ok(frame) => Front::Packet(len, Heard::Frame(frame)),
        // The length and the ID were looked at: there is nothing left to refuse.
        Err(_) => Front::Garbage(1, "a packet holds a CAN frame"),
    }
}

/// The number of four bytes, the lowest first.
fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(four))
}

fn frame(field: u32, dlc: u8, data: &[u8], form: IdForm) -> Result<Frame> {
    let raw = field & Id::MAX_EXTENDED;
    if form == IdForm::Plain {
        return Frame::data(Id::extended(raw)?, data);
    }
    // One over 7FF without the flag comes from a peer that knows no flags, and is extended.
    let id = Id::new(raw, field & EXTENDED != 0 || raw > Id::MAX_STANDARD)?;
    if field & ERROR != 0 {
        Frame::error(id, data)
    } else if field & REMOTE != 0 {
        Frame::remote(id, dlc)
    } else {
        Frame::data(id, data)
    }
}

/// Reads bytes whole and in pieces; see [`read_in_pieces`](crate::backends::packets::read_in_pieces).
#[cfg(any(test, fuzzing))]
pub(super) fn read_in_pieces(bytes: &[u8], piece: usize, form: IdForm) -> Vec<Heard<Infallible>> {
    let encode = |heard: &Heard<Infallible>| match heard {
        Heard::Message(message) => {
            let mut packet = Vec::new();
            let time = message.timestamp.as_nanos() / NANOS_PER_MILLISECOND;
            encode(&message.frame, time as u32, form, &mut packet);
            Some(packet)
        }
        _ => None,
    };
    crate::backends::packets::read_in_pieces(bytes, piece, || Receiver::new(form, true), encode)
}

#[cfg(test)]
mod tests;
