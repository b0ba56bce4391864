//! Frames and settings as packets of Robotell's adapters:
//! `AA AA | ID, 4 bytes | data, 8 bytes | length | channel | format | type | checksum | 55 55`, low
//! bytes first.
//!
//! A byte AA, 55 or A5 between head and tail has an A5 before it. The checksum is the sum of the
//! sixteen bytes before it. Packets of channel FF are settings: their ID says which, and type 1
//! asks for its value. The adapter answers with a packet of the same ID.

use crate::backends::packets::{Front, Packets};
use crate::backends::serial_line::{Heard, Parser};
use crate::error::Result;
use crate::frame::{Frame, Id};

const HEAD: [u8; 2] = [0xAA; 2];
const TAIL: [u8; 2] = [0x55; 2];
const ESCAPE: u8 = 0xA5;

/// What stands between head and tail, without escapes; the last byte is the checksum.
type Body = [u8; 17];

/// The channel of settings; frames have another one.
const SETTINGS: u8 = 0xFF;

/// What the adapter can be told or asked: the ID of the packet, and how many bytes it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Setting {
    id: u32,
    len: u8,
}

impl Setting {
    /// Bit/s of the serial line.
    pub(super) const SERIAL_RATE: Setting = Setting::new(0x01FF_FE90, 4);
    /// Send again what nobody acknowledged.
    pub(super) const AUTO_RETRANSMIT: Setting = Setting::new(0x01FF_FEA0, 1);
    /// Automatic management of bus-off.
    pub(super) const AUTO_BUS_MANAGEMENT: Setting = Setting::new(0x01FF_FEB0, 1);
    /// Begin anew.
    pub(super) const RESET: Setting = Setting::new(0x01FF_FEC0, 8);
    /// Bit/s on the CAN bus.
    pub(super) const BITRATE: Setting = Setting::new(0x01FF_FED0, 4);
    /// The halves of the serial number.
    pub(super) const SERIAL_NUMBER: [Setting; 2] =
        [Setting::new(0x01FF_FFF0, 8), Setting::new(0x01FF_FFF1, 8)];

    /// How many filters there are.
    pub(super) const FILTERS: u8 = 14;

    const fn new(id: u32, len: u8) -> Setting {
        Setting { id, len }
    }

    /// A filter, counted from 1.
    pub(super) fn filter(number: u8) -> Setting {
        Setting::new(0x01FF_FEE0 + u32::from(number.saturating_sub(1)), 8)
    }

    /// The packet that sets it.
    pub(super) fn set(self, value: [u32; 2]) -> Vec<u8> {
        let mut data = (u64::from(value[1]) << 32 | u64::from(value[0])).to_le_bytes();
        data[usize::from(self.len)..].fill(0);
        self.packet(data, 0)
    }

    /// The packet that asks for it.
    pub(super) fn get(self) -> Vec<u8> {
        self.packet([0; 8], 1)
    }

    fn packet(self, data: [u8; 8], kind: u8) -> Vec<u8> {
        let mut out = Vec::new();
        write(
            &body(self.id, data, [self.len, SETTINGS, 1, kind]),
            &mut out,
        );
        out
    }
}

/// The value of a filter's first word.
pub(super) fn filter_id(id: Id, enabled: bool) -> u32 {
    let enabled = if enabled { 0x8000_0000 } else { 0 };
    let width = if id.is_extended() { 0x4000_0000 } else { 0 };
    id.raw() | enabled | width
}

/// Appends the packet of a classic data or remote frame.
pub(super) fn encode(frame: &Frame, out: &mut Vec<u8>) {
    let mut data = [0; 8];
    data[..frame.len()].copy_from_slice(frame.payload());
    let (extended, remote) = (frame.id().is_extended(), frame.is_remote());
    let rest = [frame.dlc(), 0, u8::from(extended), u8::from(remote)];
    write(&body(frame.id().raw(), data, rest), out);
}

fn body(id: u32, data: [u8; 8], rest: [u8; 4]) -> Body {
    let mut body = [0; 17];
    body[..4].copy_from_slice(&id.to_le_bytes());
    body[4..12].copy_from_slice(&data);
    body[12..16].copy_from_slice(&rest);
    body[16] = checksum(&body);
    body
}

fn checksum(body: &Body) -> u8 {
    body[..16]
        .iter()
        .fold(0, |sum, byte| sum.wrapping_add(*byte))
}

fn write(body: &Body, out: &mut Vec<u8>) {
    out.extend_from_slice(&HEAD);
    for &byte in body {
        if [HEAD[0], TAIL[0], ESCAPE].contains(&byte) {
            out.push(ESCAPE);
        }
        out.push(byte);
    }
    out.extend_from_slice(&TAIL);
}

/// What the adapter answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    id: u32,
    data: [u8; 8],
}

impl Answer {
    /// The bytes, if it is the answer for this setting.
    pub(super) fn of(self, setting: Setting) -> Option<[u8; 8]> {
        (self.id == setting.id).then_some(self.data)
    }
}

/// The serial number as the vendor's tools print it, from the answers for its halves.
pub(super) fn serial_number(halves: [[u8; 8]; 2]) -> String {
    let bytes = halves[0].iter().chain(&halves[1][..4]);
    let digits: Vec<String> = bytes.map(|byte| format!("{byte:02X}")).collect();
    let groups: Vec<String> = digits.chunks(2).map(<[String]>::concat).collect();
    groups.join("-")
}

/// Puts packets together and reads them.
#[derive(Debug, Default)]
pub(super) struct Receiver(Packets);

impl Parser for Receiver {
    type Answer = Answer;

    fn take(&mut self, bytes: &[u8], each: &mut dyn FnMut(Heard<Answer>)) {
        self.0.take(bytes, look, each);
    }
}

fn look(bytes: &[u8]) -> Front<Answer> {
    if bytes.len() == 1 && bytes[0] == HEAD[0] {
        return Front::Incomplete;
    }
    if !bytes.starts_with(&HEAD) {
        return Front::Garbage(next_head(bytes), "a packet begins with AA AA");
    }
    let (body, len) = match read(bytes) {
        Ok(None) => return Front::Incomplete,
        Ok(Some(packet)) => packet,
        Err(why) => return Front::Damaged(1 + next_head(&bytes[1..]), why),
    };
    match understand(&body) {
        Ok(heard) => Front::Packet(len, heard),
        Err(why) => Front::Damaged(len, why),
    }
}

/// Where the next packet may begin. Behind the first two bytes of a packet two AA never stand side
/// by side, since an escape parts them.
fn next_head(bytes: &[u8]) -> usize {
    let whole = memchr::memmem::find(bytes, &HEAD);
    let begun = bytes.last() == Some(&HEAD[0]);
    whole.unwrap_or(bytes.len() - usize::from(begun))
}

/// The body of the packet that begins here, and the length of the whole; `None` until all of it is
/// there.
fn read(bytes: &[u8]) -> Result<Option<(Body, usize)>, &'static str> {
    let mut body = Body::default();
    let mut count = 0;
    let mut at = HEAD.len();
    while let Some(&byte) = bytes.get(at) {
        let byte = match byte {
            ESCAPE => {
                at += 1;
                bytes.get(at).copied()
            }
            _ if byte == TAIL[0] => {
                return match bytes.get(at + 1) {
                    None => Ok(None),
                    Some(&second) if second != TAIL[1] => Err("a packet ends with 55 55"),
                    Some(_) if count != body.len() => Err("a packet has 17 bytes inside"),
                    Some(_) => Ok(Some((body, at + 2))),
                };
            }
            _ if byte == HEAD[0] => return Err("inside of a packet an A5 stands before AA"),
            byte => Some(byte),
        };
        let Some(byte) = byte else {
            return Ok(None);
        };
        *body.get_mut(count).ok_or("a packet has 17 bytes inside")? = byte;
        count += 1;
        at += 1;
    }
    Ok(None)
}

fn understand(body: &Body) -> Result<Heard<Answer>, &'static str> {
    if checksum(body) != body[16] {
        return Err("the checksum is wrong");
    }
    let [a, b, c, d, data @ .., dlc, channel, format, kind, _] = *body;
    let id = u32::from_le_bytes([a, b, c, d]);
    if channel == SETTINGS {
        return Ok(Heard::Answer(Answer { id, data }));
    }
    if dlc > 8 {
        return Err("the length of a frame is 0 to 8");
    }
    let id = Id::new(id, format == 1).map_err(|_| "the arbitration ID is too large")?;
    Ok(Heard::Frame(Frame::classic_on_wire(
        id,
        kind == 1,
        dlc,
        data,
    )))
}

/// Reads bytes whole and in pieces; see [`read_in_pieces`](crate::backends::packets::read_in_pieces).
#[cfg(any(test, fuzzing))]
pub(super) fn read_in_pieces(bytes: &[u8], piece: usize) -> Vec<Heard<Answer>> {
    let encode = |heard: &Heard<Answer>| match heard {
        Heard::Frame(frame) => {
            let mut packet = Vec::new();
            encode(frame, &mut packet);
            Some(packet)
        }
        _ => None,
    };
    crate::backends::packets::read_in_pieces(bytes, piece, Receiver::default, encode)
}

/// What an adapter answers about a setting.
#[cfg(test)]
pub(super) fn answer_for_tests(id: u32, data: [u8; 8]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&body(id, data, [8, SETTINGS, 1, 0]), &mut out);
    out
}

#[cfg(test)]
mod tests;
