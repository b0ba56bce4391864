//! Writes the lines.

use super::{BRS, BUS_ERROR, ERROR_FLAG, ESI, EXTENDED_FLAG};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::Output;
use crate::formats::digits::{DIGITS, PAIRS, Seconds, six_decimals};
use crate::formats::pending::Pending;
use crate::frame::{Frame, Kind};
use crate::listener::Listener;
use crate::message::{Channel, Direction, Message, Timestamp};
use crate::options::Options;

/// Writes messages as lines.
pub(super) struct Writer {
    out: Pending,
    seconds: Seconds,
    names: Names,
    /// The channel of messages that have none.
    default: Channel,
    direction: bool,
}

/// The names that channels are written with, as far as they came up.
struct Names(Vec<(Channel, Box<[u8]>)>);

impl Names {
    /// More are made anew each time.
    const MOST: usize = 16;

    #[inline]
    fn put(&mut self, line: &mut Vec<u8>, channel: Channel) -> Result<()> {
        match self.0.iter().find(|(known, _)| *known == channel) {
            Some((_, name)) => line.extend_from_slice(name),
            None => line.extend_from_slice(&self.add(channel)?),
        }
        Ok(())
    }

    #[cold]
    fn add(&mut self, channel: Channel) -> Result<Box<[u8]>> {
        let name = name(channel).map_err(|error| error.with_kind(ErrorKind::Unsupported))?;
        if self.0.len() < Names::MOST {
            self.0.push((channel, name.clone()));
        }
        Ok(name)
    }
}

impl Writer {
    pub(super) fn new(mut output: Output, options: &Options) -> Result<Writer> {
        let default = Channel::parse(options.text("channel").unwrap_or_default());
        output.end_cut_line()?;
        Ok(Writer {
            out: Pending::new(output),
            seconds: Seconds::new(1),
            names: Names(vec![(default, name(default)?)]),
            default,
            direction: options.flag("direction"),
        })
    }
}

impl Listener for Writer {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        let line = self.out.line()?;
        let start = line.len();
        put_time(line, &mut self.seconds, message.timestamp);
        let channel = message.channel.unwrap_or(self.default);
        if let Err(error) = self.names.put(line, channel) {
            line.truncate(start);
            return Err(error);
        }
        put_frame(line, &message.frame);
        match message.direction {
            _ if !self.direction => line.push(b'\n'),
            // python-can writes no direction of error frames; that of a received one needs none.
            Direction::Rx if message.frame.is_error() => line.push(b'\n'),
            Direction::Rx => line.extend_from_slice(b" R\n"),
            Direction::Tx => line.extend_from_slice(b" T\n"),
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.out.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.out.finish()
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

#[inline]
fn put_time(line: &mut Vec<u8>, seconds: &mut Seconds, time: Timestamp) {
    // At the ends of time rounding would lead beyond what can be read back.
    let micros = time
        .as_micros_rounded()
        .clamp(i64::MIN / 1000, i64::MAX / 1000);
    line.push(b'(');
    if micros < 0 {
        line.push(b'-');
    }
    let micros = micros.unsigned_abs();
    seconds.put(line, micros / 1_000_000);
    line.extend_from_slice(&six_decimals((micros % 1_000_000) as u32, b')'));
}

#[inline]
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

#[inline]
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

#[inline]
fn put_data(line: &mut Vec<u8>, data: &[u8]) {
    for chunk in data.chunks(8) {
        let mut text = [0; 16];
        put_pairs(&mut text, chunk);
        // A fixed number of bytes is copied faster than those that are needed.
        line.extend_from_slice(&text);
        line.truncate(line.len() - 16 + 2 * chunk.len());
    }
}

#[inline]
fn put_pairs(text: &mut [u8], bytes: &[u8]) {
    for (pair, &byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&PAIRS[usize::from(byte)]);
    }
}
