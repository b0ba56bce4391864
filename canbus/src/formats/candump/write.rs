//! Writes the lines.

use super::{BRS, BUS_ERROR, ERROR_FLAG, ESI, EXTENDED_FLAG};
use crate::error::{Error, Result};
use crate::formats::Output;
use crate::frame::{Frame, Kind};
use crate::listener::Listener;
use crate::message::{Channel, Direction, Message, Timestamp};
use crate::options::Options;
use std::io::{BufWriter, Write};

/// How much is collected before the system gets it.
const CAPACITY: usize = 1 << 16;

/// Writes messages as lines.
pub(super) struct Writer {
    out: BufWriter<Output>,
    /// The line being made; kept to keep its memory.
    line: Vec<u8>,
    /// The names that channels are written with, as far as they came up.
    names: Vec<(Channel, Box<[u8]>)>,
    /// The channel of messages that have none.
    default: Channel,
    direction: bool,
}

impl Writer {
    /// More are made anew each time.
    const MOST_NAMES: usize = 16;

    pub(super) fn new(mut output: Output, options: &Options) -> Result<Writer> {
        let default = Channel::parse(options.text("channel").unwrap_or_default());
        output.end_cut_line()?;
        Ok(Writer {
            out: BufWriter::with_capacity(CAPACITY, output),
            line: Vec::with_capacity(256),
            names: vec![(default, name(default)?)],
            default,
            direction: options.flag("direction"),
        })
    }

    fn put_channel(&mut self, channel: Channel) -> Result<()> {
        let known = self.names.iter().find(|(known, _)| *known == channel);
        if let Some((_, name)) = known {
            self.line.extend_from_slice(name);
            return Ok(());
        }
        let name = name(channel)?;
        self.line.extend_from_slice(&name);
        if self.names.len() < Writer::MOST_NAMES {
            self.names.push((channel, name));
        }
        Ok(())
    }
}

impl Listener for Writer {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.line.clear();
        put_time(&mut self.line, message.timestamp);
        self.put_channel(message.channel.unwrap_or(self.default))?;
        put_frame(&mut self.line, &message.frame);
        match message.direction {
            _ if !self.direction => self.line.push(b'\n'),
            // python-can writes no direction of error frames; that of a received one needs none.
            Direction::Rx if message.frame.is_error() => self.line.push(b'\n'),
            Direction::Rx => self.line.extend_from_slice(b" R\n"),
            Direction::Tx => self.line.extend_from_slice(b" T\n"),
        }
        Ok(self.out.write_all(&self.line)?)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(self.out.flush()?)
    }

    fn finish(&mut self) -> Result<()> {
        self.out.flush()?;
        self.out.get_mut().finish()
    }
}

/// The name of a channel between blanks; as in python-can that of a number is `canN`.
fn name(channel: Channel) -> Result<Box<[u8]>> {
    let name = channel.to_string();
    if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid(format!(
            "a channel of a .log file has a name without blanks, not {name:?}"
        )));
    }
    let digits = name.bytes().all(|byte| byte.is_ascii_digit());
    let prefix = if digits { "can" } else { "" };
    Ok(format!(" {prefix}{name} ").into_bytes().into())
}

fn put_time(line: &mut Vec<u8>, time: Timestamp) {
    // At the ends of time rounding would lead beyond what can be read back.
    let micros = time
        .as_micros_rounded()
        .clamp(i64::MIN / 1000, i64::MAX / 1000);
    if micros < 0 {
        line.extend_from_slice(b"(-");
    } else {
        line.push(b'(');
    }
    let micros = micros.unsigned_abs();
    line.extend_from_slice(itoa::Buffer::new().format(micros / 1_000_000).as_bytes());
    // Seven digits, of which the first stands where the point belongs.
    let mut digits = itoa::Buffer::new();
    let fraction = digits.format(1_000_000 + (micros % 1_000_000) as u32);
    line.push(b'.');
    line.extend_from_slice(&fraction.as_bytes()[1..]);
    line.push(b')');
}

fn put_frame(line: &mut Vec<u8>, frame: &Frame) {
    put_id(line, frame);
    match frame.kind() {
        Kind::Remote => {
            line.push(b'R');
            // python-can writes no DLC; can-utils one that is not 0.
            if frame.dlc() > 0 {
                line.push(b'0' + frame.dlc_len() as u8);
            }
        }
        Kind::Fd { brs, esi } => {
            let flags = if brs { BRS } else { 0 } | if esi { ESI } else { 0 };
            line.extend_from_slice(&[b'#', b'0' + flags]);
            put_data(line, frame.payload());
        }
        _ => put_data(line, frame.payload()),
    }
    if !frame.is_fd() && frame.dlc() > 8 {
        line.extend_from_slice(&[b'_', DIGITS[usize::from(frame.dlc() & 15)]]);
    }
}

fn put_id(line: &mut Vec<u8>, frame: &Frame) {
    let raw = frame.id().raw();
    let (raw, extended) = match (frame.is_error(), raw, frame.is_empty()) {
        // See `BUS_ERROR`.
        (true, 0, true) => (ERROR_FLAG | BUS_ERROR, true),
        (true, BUS_ERROR, true) => (EXTENDED_FLAG | ERROR_FLAG | BUS_ERROR, true),
        (true, cause, _) => (ERROR_FLAG | cause, true),
        (false, raw, _) => (raw, frame.id().is_extended()),
    };
    let mut text = [b'#'; 9];
    put_pairs(&mut text, &raw.to_be_bytes());
    if extended {
        line.extend_from_slice(&text);
    } else {
        line.extend_from_slice(&text[5..]);
    }
}

fn put_data(line: &mut Vec<u8>, data: &[u8]) {
    for chunk in data.chunks(8) {
        let mut text = [0; 16];
        put_pairs(&mut text, chunk);
        line.extend_from_slice(&text[..2 * chunk.len()]);
    }
}

fn put_pairs(text: &mut [u8], bytes: &[u8]) {
    for (pair, &byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&PAIRS[usize::from(byte)]);
    }
}

/// The two digits of each byte. Frames are too short for anything cleverer to be faster.
const PAIRS: [[u8; 2]; 256] = {
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
