//! Makes the lines.

use crate::formats::digits::{DIGITS, PAIRS, Seconds, decimals, six_decimals};
use crate::frame::{Frame, Kind};
use crate::message::Direction;

/// Flags of a CAN FD frame in its line.
const FDF: u32 = 0x1000;
const BRS: u32 = 0x2000;
const ESI: u32 = 0x4000;

/// Adds the time of a line in microseconds, and a blank.
#[inline]
pub(super) fn put_time(out: &mut Vec<u8>, seconds: &mut Seconds, micros: u64) {
    seconds.put(out, micros / 1_000_000);
    out.extend_from_slice(&six_decimals((micros % 1_000_000) as u32, b' '));
}

/// Adds what stands behind the time.
#[inline]
pub(super) fn put_frame(out: &mut Vec<u8>, channel: u32, frame: &Frame, direction: Direction) {
    match frame.kind() {
        Kind::Data => put_data(out, channel, frame, direction),
        Kind::Fd { brs, esi } => put_fd(out, channel, frame, direction, (brs, esi)),
        Kind::Error => put_error(out, channel, frame, direction),
        Kind::Remote => put_remote(out, channel, frame, direction),
    }
}

/// Where the parts of a classic line begin that stand behind its channel.
const ID: usize = 1;
const DIRECTION: usize = 17;
const KIND: usize = 22;
const CODE: usize = 24;
const DATA: usize = 25;

/// A classic line behind its channel: up to the data, and room for them and the end.
#[inline]
fn head(frame: &Frame, direction: Direction, kind: u8) -> [u8; DATA + 3 * 8 + 1] {
    let mut line = [b' '; DATA + 3 * 8 + 1];
    put_id(&mut line[ID..], frame);
    line[DIRECTION..DIRECTION + 2].copy_from_slice(word(direction));
    line[KIND] = kind;
    line[CODE] = DIGITS[usize::from(frame.dlc() & 15)];
    line
}

#[inline]
fn put_channel(out: &mut Vec<u8>, channel: u32) {
    match channel {
        0..=9 => out.extend_from_slice(&[b'0' + channel as u8, b' ']),
        _ => out.extend_from_slice(itoa::Buffer::new().format(channel).as_bytes()),
    }
}

#[inline]
fn put_data(out: &mut Vec<u8>, channel: u32, frame: &Frame, direction: Direction) {
    put_channel(out, channel);
    let mut line = head(frame, direction, b'd');
    let data = &frame.payload()[..frame.len().min(8)];
    put_bytes(&mut line[DATA..], data);
    let end = DATA + 3 * data.len();
    line[end] = b'\n';
    // A fixed number of bytes is copied faster than those that are needed.
    out.extend_from_slice(&line);
    out.truncate(out.len() - (line.len() - end - 1));
}

fn put_remote(out: &mut Vec<u8>, channel: u32, frame: &Frame, direction: Direction) {
    put_channel(out, channel);
    out.extend_from_slice(&head(frame, direction, b'r')[..DATA]);
    out.push(b'\n');
}

fn put_error(out: &mut Vec<u8>, channel: u32, frame: &Frame, direction: Direction) {
    put_channel(out, channel);
    out.extend_from_slice(b" ErrorFrame");
    let id = frame.id();
    let unknown = id.raw() == 0 && id.is_extended() && frame.is_empty();
    if !unknown || direction == Direction::Tx {
        let extended = if id.is_extended() { "x" } else { "" };
        let direction = String::from_utf8_lossy(word(direction));
        let cause = format!(" // {direction} {:X}{extended} d {}", id.raw(), frame.len());
        out.extend_from_slice(cause.as_bytes());
        put_spaced(out, frame.payload());
    }
    out.push(b'\n');
}

fn put_fd(
    out: &mut Vec<u8>,
    channel: u32,
    frame: &Frame,
    direction: Direction,
    (brs, esi): (bool, bool),
) {
    // The widths are those of Vector's and python-can's lines; before the flags stands the place
    // of the message's name.
    let mut text = [b' '; 72];
    text[..5].copy_from_slice(b"CANFD");
    let mut digits = itoa::Buffer::new();
    let channel = digits.format(channel).as_bytes();
    let end = 9.max(6 + channel.len());
    text[end - channel.len()..end].copy_from_slice(channel);
    text[end + 1..end + 3].copy_from_slice(word(direction));
    let mut id = [b' '; 9];
    let digits = put_id(&mut id, frame);
    let id_end = end + 14.max(6 + digits);
    text[id_end - digits..id_end].copy_from_slice(&id[..digits]);
    let at = id_end + 35;
    out.extend_from_slice(&text[..at]);
    let bit = |set| b'0' + u8::from(set);
    let code = DIGITS[usize::from(frame.dlc() & 15)].to_ascii_lowercase();
    out.extend_from_slice(&[bit(brs), b' ', bit(esi), b' ', code, b' ']);
    out.extend_from_slice(&DECIMALS_PADDED[frame.len() % 100]);
    put_spaced(out, frame.payload());
    let flags = FDF | if brs { BRS } else { 0 } | if esi { ESI } else { 0 };
    // Duration and number of bits, flags, checksum, bit timing: what is not known is 0.
    let mut tail = *b"        0    0     0000        0        0        0        0        0\n";
    tail[19..23].copy_from_slice(&hex(flags)[4..]);
    out.extend_from_slice(&tail);
}

fn put_spaced(out: &mut Vec<u8>, data: &[u8]) {
    for chunk in data.chunks(8) {
        let mut text = [b' '; 3 * 8];
        put_bytes(&mut text, chunk);
        out.extend_from_slice(&text[..3 * chunk.len()]);
    }
}

fn word(direction: Direction) -> &'static [u8; 2] {
    match direction {
        Direction::Rx => b"Rx",
        Direction::Tx => b"Tx",
    }
}

/// Puts the digits of the identifier, without zeros before them, and an `x` behind one of 29 bits;
/// tells how many letters that is. At least 9 must be there.
#[inline]
fn put_id(text: &mut [u8], frame: &Frame) -> usize {
    let raw = frame.id().raw();
    let zeros = (raw | 1).leading_zeros() / 4;
    // The first digit comes to the front, and blanks behind the last.
    let digits = u64::from_be_bytes(hex(raw)) << (8 * zeros);
    let blanks = u64::from_be_bytes([b' '; 8]) & ((1_u64 << (8 * zeros)) - 1);
    text[..8].copy_from_slice(&(digits | blanks).to_be_bytes());
    let len = 8 - zeros as usize;
    if frame.id().is_extended() {
        text[len] = b'x';
        return len + 1;
    }
    len
}

/// Eight digits.
#[inline]
fn hex(value: u32) -> [u8; 8] {
    let mut text = [0; 8];
    for (pair, byte) in text.chunks_exact_mut(2).zip(value.to_be_bytes()) {
        pair.copy_from_slice(&PAIRS[usize::from(byte)]);
    }
    text
}

/// Each byte as a blank and two digits.
#[inline]
fn put_bytes(text: &mut [u8], data: &[u8]) {
    for (place, &byte) in text.chunks_exact_mut(3).zip(data) {
        place[1..].copy_from_slice(&PAIRS[usize::from(byte)]);
    }
}

/// Numbers under 100 with a blank in place of the first zero.
const DECIMALS_PADDED: [[u8; 2]; 100] = decimals(b' ');
