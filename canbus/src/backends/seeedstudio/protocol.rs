//! Frames and commands as packets of Seeed Studio's USB-CAN Analyzer (Waveshare's USB-CAN-A and others
//! speak the same), in its variable-length form.
//!
//! A frame is `AA | type | ID, 2 or 4 bytes | data | 55`, low bytes first, where the type is C0, 20
//! for an extended ID, 10 for a remote frame, and the length, added up. A command is twenty bytes,
//! `AA 55 | command | 16 bytes | sum of the 17 before`, and so is what the adapter says of itself.

use crate::backends::packets::{Front, Packets};
use crate::backends::serial_line::{Heard, Parser};
use crate::frame::{Frame, Id};

const START: u8 = 0xAA;
/// The end of a frame, and the second byte of a command.
const MARK: u8 = 0x55;

const FRAME: u8 = 0xC0;
const EXTENDED: u8 = 0x20;
const REMOTE: u8 = 0x10;

const SET_UP: u8 = 0x12;
const STATUS: u8 = 0x04;

/// A command, or what the adapter says of itself.
pub(super) type Command = [u8; 20];

/// The bit rates that the adapter knows, in bit/s, each with its code.
pub(super) const BIT_RATES: [(u32, u8); 12] = [
    (1_000_000, 0x01),
    (800_000, 0x02),
    (500_000, 0x03),
    (400_000, 0x04),
    (250_000, 0x05),
    (200_000, 0x06),
    (125_000, 0x07),
    (100_000, 0x08),
    (50_000, 0x09),
    (20_000, 0x0A),
    (10_000, 0x0B),
    (5_000, 0x0C),
];

/// How the adapter is to work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setup {
    /// The code of the bit rate.
    pub(super) rate: u8,
    /// Whether its filter looks at extended IDs.
    pub(super) extended: bool,
    /// Hear what it sends itself.
    pub(super) loopback: bool,
    /// Be mute on the bus.
    pub(super) silent: bool,
    /// An ID and the bits of it that count; a mask of 0 lets everything pass.
    pub(super) filter: (u32, u32),
}

impl Setup {
    /// The command.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::default();
        command[3] = self.rate;
        command[4] = if self.extended { 2 } else { 1 };
        command[5..9].copy_from_slice(&self.filter.0.to_le_bytes());
        command[9..13].copy_from_slice(&self.filter.1.to_le_bytes());
        command[13] = u8::from(self.loopback) | u8::from(self.silent) << 1;
        // As the vendor's program sends it.
        command[14] = 1;
        complete(command, SET_UP)
    }
}

/// The command that asks for the adapter's state.
pub(super) fn ask_for_status() -> Command {
    complete(Command::default(), STATUS)
}

fn complete(mut command: Command, which: u8) -> Command {
    [command[0], command[1], command[2]] = [START, MARK, which];
    command[19] = checksum(&command);
    command
}

fn checksum(command: &Command) -> u8 {
    let summed = command[2..19].iter();
    summed.fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// Appends the packet of a classic data or remote frame.
pub(super) fn encode(frame: &Frame, out: &mut Vec<u8>) {
    let id = frame.id();
    let (width, bytes) = if id.is_extended() {
        (EXTENDED, 4)
    } else {
        (0, 2)
    };
    let remote = if frame.is_remote() { REMOTE } else { 0 };
    out.extend_from_slice(&[START, FRAME | width | remote | frame.dlc()]);
    out.extend_from_slice(&id.raw().to_le_bytes()[..bytes]);
    out.extend_from_slice(frame.payload());
    out.push(MARK);
}

/// Puts packets together and reads them. What is answered are whole commands.
#[derive(Debug, Default)]
pub(super) struct Receiver(Packets);

impl Parser for Receiver {
    type Answer = Command;

    fn take(&mut self, bytes: &[u8], each: &mut dyn FnMut(Heard<Command>)) {
        self.0.take(bytes, look, each);
    }
}

fn look(bytes: &[u8]) -> Front<Command> {
    if bytes[0] != START {
        let len = memchr::memchr(START, bytes).unwrap_or(bytes.len());
        return Front::Garbage(len, "a packet begins with AA");
    }
    match bytes.get(1) {
        None => Front::Incomplete,
        Some(&MARK) => look_at_command(bytes),
        Some(kind) if kind & FRAME == FRAME => look_at_frame(bytes, *kind),
        Some(_) => Front::Garbage(1, "behind AA stands 55 or the type of a frame"),
    }
}

fn look_at_command(bytes: &[u8]) -> Front<Command> {
    let Some(command) = bytes.first_chunk() else {
        return Front::Incomplete;
    };
    if checksum(command) != command[19] {
        return Front::Garbage(1, "the checksum is wrong");
    }
    Front::Packet(command.len(), Heard::Answer(*command))
}

fn look_at_frame(bytes: &[u8], kind: u8) -> Front<Command> {
    let (extended, remote, dlc) = (kind & EXTENDED != 0, kind & REMOTE != 0, kind & 0x0F);
    if dlc > 8 {
        return Front::Garbage(1, "the length of a frame is 0 to 8");
    }
    let header = if extended { 6 } else { 4 };
    let Some(id) = bytes.get(2..header) else {
        return Front::Incomplete;
    };
    let id = id
        .iter()
        .rev()
        .fold(0, |id, byte| id << 8 | u32::from(*byte));
    let Ok(id) = Id::new(id, extended) else {
        return Front::Garbage(1, "the arbitration ID is too large");
    };
    // A remote frame is written without data; whether adapters do so nobody says, so the other
    // form is read too.
    let len = match bytes.get(header) {
        None => return Front::Incomplete,
        Some(&MARK) if remote => header + 1,
        Some(_) => header + usize::from(dlc) + 1,
    };
    let Some(packet) = bytes.get(..len) else {
        return Front::Incomplete;
    };
    if packet[len - 1] != MARK {
        return Front::Garbage(1, "a frame ends with 55");
    }
    let mut data = [0; 8];
    let carried = &packet[header..len - 1];
    data[..carried.len()].copy_from_slice(carried);
    let frame = Frame::classic_on_wire(id, remote, dlc, data);
    Front::Packet(len, Heard::Frame(frame))
}

/// Reads bytes whole and in pieces; see [`read_in_pieces`](crate::backends::packets::read_in_pieces).
#[cfg(any(test, fuzzing))]
pub(super) fn read_in_pieces(bytes: &[u8], piece: usize) -> Vec<Heard<Command>> {
    let encode = |heard: &Heard<Command>| match heard {
        Heard::Frame(frame) => {
            let mut packet = Vec::new();
            encode(frame, &mut packet);
            Some(packet)
        }
        _ => None,
    };
    crate::backends::packets::read_in_pieces(bytes, piece, Receiver::default, encode)
}

#[cfg(test)]
mod tests;
