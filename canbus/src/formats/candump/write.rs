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
        let end = match message.direction {
            _ if !self.direction => &b"\n"[..],
            // python-can writes no direction of error frames; that of a received one needs none.
            Direction::Rx if message.frame.is_error() => b"\n",
            Direction::Rx => b" R\n",
            Direction::Tx => b" T\n",
        };
        self.line.extend_from_slice(end);
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
    let (seconds, mut rest) = (
        micros.unsigned_abs() / 1_000_000,
        micros.unsigned_abs() % 1_000_000,
    );
    line.extend_from_slice(if micros < 0 { b"(-" } else { b"(" });
    line.extend_from_slice(itoa::Buffer::new().format(seconds).as_bytes());
    let mut fraction = *b".000000)";
    for digit in fraction[1..7].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    line.extend_from_slice(&fraction);
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
        line.extend_from_slice(&[b'_', hex_digit(frame.dlc())]);
    }
}

fn put_id(line: &mut Vec<u8>, frame: &Frame) {
    let raw = frame.id().raw();
    let (raw, digits) = match (frame.is_error(), raw, frame.is_empty()) {
        // See `BUS_ERROR`.
        (true, 0, true) => (ERROR_FLAG | BUS_ERROR, 8),
        (true, BUS_ERROR, true) => (EXTENDED_FLAG | ERROR_FLAG | BUS_ERROR, 8),
        (true, cause, _) => (ERROR_FLAG | cause, 8),
        (false, raw, _) if frame.id().is_extended() => (raw, 8),
        (false, raw, _) => (raw, 3),
    };
    let mut text = [b'#'; 9];
    for (place, digit) in text[..digits].iter_mut().rev().enumerate() {
        *digit = hex_digit((raw >> (4 * place)) as u8 & 0xF);
    }
    line.extend_from_slice(&text[..=digits]);
}

fn put_data(line: &mut Vec<u8>, data: &[u8]) {
    let start = line.len();
    line.resize(start + 2 * data.len(), 0);
    // The space is as large as it must be, so nothing can fail.
    let _ = faster_hex::hex_encode_upper(data, &mut line[start..]);
}

fn hex_digit(value: u8) -> u8 {
    b"0123456789ABCDEF"[usize::from(value & 0xF)]
}
