//! Writes the lines.

use super::columns::{self, EXTENDED, STANDARD};
use super::{COMMA, packed, time};
use crate::error::{Error, Result};
use crate::formats::Output;
use crate::formats::digits::{DECIMALS, Seconds};
use crate::formats::pending::Pending;
use crate::formats::table::{self, Extra};
use crate::frame::Frame;
use crate::listener::Listener;
use crate::message::{Channel, Direction, Message};
use crate::options::Options;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::io::Write;

/// The longest base64 text of a frame's data.
const MAX_DATA: usize = 88;

/// The same of a classic frame.
const SHORT_DATA: usize = 12;

/// What of a message is kept, and where.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Standard,
    Extended,
    Packed,
    /// Standard, but for CAN FD frames, which are packed.
    PackedFd,
}

/// Writes messages as lines.
pub(super) struct Writer {
    out: Pending,
    seconds: Seconds,
    form: Form,
}

impl Writer {
    pub(super) fn new(mut output: Output, options: &Options) -> Result<Writer> {
        let form = match options.text("columns") {
            Some("extended") => Form::Extended,
            Some("packed") => Form::Packed,
            Some("packed-fd") => Form::PackedFd,
            _ => Form::Standard,
        };
        output.end_cut_line()?;
        let count = if form == Form::Extended {
            EXTENDED
        } else {
            STANDARD
        };
        let header = columns::header(count);
        // Without a header where there is one already; a file with other columns gets one in
        // between, as if two files had been put behind each other.
        if !output.continues() || !has_columns(output.beginning(), count) {
            output.write_all(format!("{header}\n").as_bytes())?;
        }
        Ok(Writer {
            out: Pending::new(output),
            seconds: Seconds::new(1),
            form,
        })
    }
}

/// Adds the line of a message.
#[inline]
fn put(line: &mut Vec<u8>, seconds: &mut Seconds, form: Form, message: &Message) -> Result<()> {
    let frame = &message.frame;
    time::put(line, seconds, message.timestamp);
    put_id(line, frame.id().raw());
    if form == Form::Packed || (form == Form::PackedFd && frame.is_fd()) {
        put_packed_flags(line, message)?;
    } else {
        line.extend_from_slice(&flags(frame));
    }
    put_dlc(line, frame);
    put_data(line, frame)?;
    if form == Form::Extended {
        put_extra(line, message)?;
    }
    line.push(b'\n');
    Ok(())
}

impl Listener for Writer {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        if self.form == Form::Standard {
            table::check_standard(&message.frame)?;
        }
        let line = self.out.line()?;
        let start = line.len();
        let done = put(line, &mut self.seconds, self.form, message);
        if done.is_err() {
            line.truncate(start);
        }
        done
    }

    fn flush(&mut self) -> Result<()> {
        self.out.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.out.finish()
    }
}

/// Whether what a file begins with is the header of the first so many columns.
fn has_columns(beginning: &[u8], count: usize) -> bool {
    let first = beginning.split(|&byte| byte == b'\n').next();
    let first = first.unwrap_or_default().trim_ascii();
    first == columns::header(count).as_bytes()
}

/// Hexadecimal as Python writes it: no needless digits.
fn put_id(line: &mut Vec<u8>, id: u32) {
    let digits = (u32::BITS - id.leading_zeros()).div_ceil(4).max(1) as usize;
    // The first digit to the left end.
    let left = id << (32 - 4 * digits as u32);
    let mut text = *b",0x00000000";
    for (pair, byte) in text[3..].chunks_exact_mut(2).zip(left.to_be_bytes()) {
        pair.copy_from_slice(&LOWER[usize::from(byte)]);
    }
    // A fixed number of bytes is copied faster than those that are needed.
    line.extend_from_slice(&text);
    line.truncate(line.len() - 8 + digits);
}

/// The two digits of each byte, as Python writes them.
const LOWER: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

/// The three flags of a frame as columns.
fn flags(frame: &Frame) -> [u8; 6] {
    let digit = |set: bool| b'0' + u8::from(set);
    let extended = digit(frame.id().is_extended());
    let (remote, error) = (digit(frame.is_remote()), digit(frame.is_error()));
    [COMMA, extended, COMMA, remote, COMMA, error]
}

/// The same with all the rest behind the last 0.
fn put_packed_flags(line: &mut Vec<u8>, message: &Message) -> Result<()> {
    let frame = &message.frame;
    let extra = Extra::of(frame, message.channel, message.direction);
    let flags = flags(frame);
    let (before, behind) = flags.split_at(if frame.is_error() { 4 } else { 6 });
    line.extend_from_slice(before);
    packed::put(line, &extra)?;
    line.extend_from_slice(behind);
    Ok(())
}

fn put_flag(line: &mut Vec<u8>, set: bool) {
    line.extend_from_slice(&[COMMA, b'0' + u8::from(set)]);
}

fn put_dlc(line: &mut Vec<u8>, frame: &Frame) {
    let dlc = frame.dlc_len() as u8;
    if dlc < 10 {
        line.extend_from_slice(&[COMMA, b'0' + dlc, COMMA]);
    } else {
        let [tens, ones] = DECIMALS[usize::from(dlc) % 100];
        line.extend_from_slice(&[COMMA, tens, ones, COMMA]);
    }
}

fn put_data(line: &mut Vec<u8>, frame: &Frame) -> Result<()> {
    if let Ok(eight) = frame.payload().try_into() {
        line.extend_from_slice(&base64_of_eight(eight));
        return Ok(());
    }
    let mut text = [0; MAX_DATA];
    let len = BASE64
        .encode_slice(frame.payload(), &mut text)
        .map_err(|error| Error::invalid("more data than a frame has").with_source(error))?;
    if len <= SHORT_DATA {
        line.extend_from_slice(&text[..SHORT_DATA]);
        line.truncate(line.len() - SHORT_DATA + len);
    } else {
        line.extend_from_slice(&text[..len]);
    }
    Ok(())
}

/// Base64 of as many bytes as most frames have.
#[inline]
fn base64_of_eight(bytes: [u8; 8]) -> [u8; SHORT_DATA] {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let all = u64::from_be_bytes(bytes);
    let mut text = [b'='; SHORT_DATA];
    for (at, digit) in text[..10].iter_mut().enumerate() {
        *digit = DIGITS[(all >> (58 - 6 * at)) as usize & 63];
    }
    text[10] = DIGITS[(all as usize & 15) << 2];
    text
}

fn put_extra(line: &mut Vec<u8>, message: &Message) -> Result<()> {
    let extra = Extra::of(&message.frame, message.channel, message.direction);
    line.push(COMMA);
    put_channel(line, extra.channel)?;
    line.extend_from_slice(match extra.direction {
        Direction::Rx => b",Rx",
        Direction::Tx => b",Tx",
    });
    line.push(COMMA);
    if let Some(dlc) = extra.raw_dlc {
        line.extend_from_slice(itoa::Buffer::new().format(dlc).as_bytes());
    }
    put_flag(line, extra.fd);
    put_flag(line, extra.brs);
    put_flag(line, extra.esi);
    Ok(())
}

/// A name with a comma or quotation mark stands in quotation marks, as everywhere in such files,
/// and so does one with blanks around it, which readers would take for blanks around the value.
fn put_channel(line: &mut Vec<u8>, channel: Option<Channel>) -> Result<()> {
    let Some(channel) = channel else {
        return Ok(());
    };
    if let Some(number) = channel.as_number() {
        line.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        return Ok(());
    }
    let name = channel.name().unwrap_or_default();
    if name.contains(char::is_control) {
        return Err(Error::invalid(format!(
            "a channel of a .csv file has a name without line ends, not {name:?}"
        )));
    }
    let has_blanks = name.trim_ascii().len() < name.len();
    if has_blanks || name.contains([',', '"']) {
        let quoted = name.replace('"', "\"\"");
        line.extend_from_slice(format!("\"{quoted}\"").as_bytes());
    } else {
        line.extend_from_slice(name.as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn base64_of_eight_bytes_is_that_of_others(bytes: [u8; 8]) {
            let text = base64_of_eight(bytes);
            let expected = BASE64.encode(bytes);
            prop_assert_eq!(&text[..], expected.as_bytes());
        }
    }
}
