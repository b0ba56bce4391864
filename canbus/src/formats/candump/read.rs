//! Reads the lines.

use super::{BRS, BUS_ERROR, ERROR_FLAG, ESI, EXTENDED_FLAG};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::lines::{Line, Lines};
use crate::formats::{Input, Messages};
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN, MAX_FD_LEN};
use crate::message::{Channel, Direction, Message, Timestamp};
use memchr::memchr;

/// The messages of a log.
pub(super) fn messages(input: Input) -> Messages {
    let report = input.report();
    let mut channels = Channels::default();
    // Whether a direction was seen behind a frame.
    let mut directed = false;
    Box::new(Lines::new(input).messages(move |line| {
        let text = line.text.trim_ascii();
        if text.is_empty() {
            return Ok(None);
        }
        if text[0] == b'#' {
            report.pass_over(1);
            return Ok(None);
        }
        let (message, direction) = parse(text, &mut channels)?;
        // Where every line ends with a direction, one without may have lost some data as well.
        if cut_before_direction(&line, &message, directed, direction) {
            return Err(expected("a direction", text));
        }
        directed |= direction;
        Ok(Some(message))
    }))
}

fn cut_before_direction(line: &Line<'_>, message: &Message, seen: bool, found: bool) -> bool {
    !line.complete && seen && !found && !message.frame.is_error()
}

/// A line's message, and whether it names a direction.
fn parse(text: &[u8], channels: &mut Channels) -> Result<(Message, bool)> {
    let (time, rest) = word(text);
    let (channel, rest) = word(rest);
    let (frame, rest) = word(rest);
    let direction = match rest {
        [] => None,
        b"R" | b"r" => Some(Direction::Rx),
        b"T" | b"t" => Some(Direction::Tx),
        _ => return Err(expected("nothing but R or T behind the frame", rest)),
    };
    let timestamp = timestamp(time).ok_or_else(|| expected("(SECONDS.FRACTION)", time))?;
    let Some(delimiter) = memchr(b'#', frame) else {
        return Err(expected("(SECONDS.FRACTION) CHANNEL ID#DATA", text));
    };
    let message = Message {
        frame: parse_frame(&frame[..delimiter], &frame[delimiter + 1..])?,
        timestamp,
        channel: Some(channels.find(channel)?),
        direction: direction.unwrap_or(Direction::Rx),
    };
    Ok((message, direction.is_some()))
}

/// What stands before the first blank, and what behind the blanks.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text
        .iter()
        .position(|&byte| byte == b' ' || byte == b'\t')
        .unwrap_or(text.len());
    (&text[..end], text[end..].trim_ascii_start())
}

/// `(12.345)` with 1 to 9 decimals, negative as `(-0.5)`.
fn timestamp(text: &[u8]) -> Option<Timestamp> {
    let text = text.strip_prefix(b"(")?.strip_suffix(b")")?;
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let point = memchr(b'.', text)?;
    let (whole, fraction) = (&text[..point], &text[point + 1..]);
    if whole.is_empty() || !(1..=9).contains(&fraction.len()) {
        return None;
    }
    let nanos = decimal(fraction)? * 10_i64.pow(9 - fraction.len() as u32);
    // With the sign before they are added: the earliest time is further from 0 than the latest.
    let sign = if negative { -1 } else { 1 };
    let seconds = decimal(whole)? * sign;
    let total = seconds
        .checked_mul(1_000_000_000)?
        .checked_add(nanos * sign)?;
    Some(Timestamp::from_nanos(total))
}

fn decimal(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0_i64, |number, &digit| {
        let value = digit.wrapping_sub(b'0');
        let number = number.checked_mul(10)?.checked_add(i64::from(value))?;
        (value < 10).then_some(number)
    })
}

fn parse_frame(id: &[u8], data: &[u8]) -> Result<Frame> {
    let raw = parse_id(id)?;
    let extended = id.len() > 3;
    if extended && raw & ERROR_FLAG != 0 {
        return error_frame(raw, data);
    }
    let raw = if extended { raw & !EXTENDED_FLAG } else { raw };
    let id = Id::new(raw, extended).map_err(malformed)?;
    match data {
        [b'#', rest @ ..] => fd_frame(id, rest),
        [b'R' | b'r', rest @ ..] => remote_frame(id, rest),
        // can-utils has frames of CAN XL as 123#81:00:12345678#0102…
        [_, _, b':', ..] => Err(Error::new(
            ErrorKind::Unsupported,
            format!("frames of CAN XL are not supported: {}", shown(data)),
        )),
        _ => data_frame(id, data),
    }
}

fn parse_id(digits: &[u8]) -> Result<u32> {
    let id = (1..=8)
        .contains(&digits.len())
        .then(|| {
            digits.iter().try_fold(0, |id: u32, &digit| {
                Some(id << 4 | u32::from(hex_digit(digit)?))
            })
        })
        .flatten();
    id.ok_or_else(|| expected("an ID of up to 8 hexadecimal digits", digits))
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

fn data_frame(id: Id, text: &[u8]) -> Result<Frame> {
    let (text, raw_dlc) = match text {
        [rest @ .., b'_', digit] => (rest, Some(raw_dlc(*digit)?)),
        _ => (text, None),
    };
    let mut bytes = [0; MAX_CLASSIC_LEN];
    let frame = Frame::data(id, parse_data(text, &mut bytes)?).map_err(malformed)?;
    match raw_dlc {
        Some(dlc) => frame.with_raw_dlc(dlc).map_err(malformed),
        None => Ok(frame),
    }
}

/// Behind the `R`: nothing, a DLC, or a raw DLC as in `8_9`.
fn remote_frame(id: Id, text: &[u8]) -> Result<Frame> {
    let (dlc, raw_dlc) = match text {
        [] => (0, None),
        [digit] => (hex_digit(*digit).unwrap_or(u8::MAX), None),
        [b'8', b'_', digit] => (8, Some(raw_dlc(*digit)?)),
        _ => return Err(expected("one digit behind the R of a remote frame", text)),
    };
    let frame = Frame::remote(id, dlc)
        .map_err(|_| expected("a DLC of 0 to 8 behind the R of a remote frame", text))?;
    match raw_dlc {
        Some(dlc) => frame.with_raw_dlc(dlc).map_err(malformed),
        None => Ok(frame),
    }
}

fn raw_dlc(digit: u8) -> Result<u8> {
    hex_digit(digit)
        .filter(|&dlc| usize::from(dlc) > MAX_CLASSIC_LEN)
        .ok_or_else(|| expected("a raw DLC of 9 to F", &[digit]))
}

fn fd_frame(id: Id, text: &[u8]) -> Result<Frame> {
    let flags = text.first().and_then(|&digit| hex_digit(digit));
    let Some(flags) = flags else {
        return Err(expected("a digit of flags behind ##", text));
    };
    let mut bytes = [0; MAX_FD_LEN];
    // can-utils writes other lengths than those of CAN FD if it is told to.
    let data = parse_data(&text[1..], &mut bytes)?;
    Frame::fd_padded(id, data, flags & BRS != 0, flags & ESI != 0).map_err(malformed)
}

fn error_frame(raw: u32, text: &[u8]) -> Result<Frame> {
    let mut bytes = [0; MAX_CLASSIC_LEN];
    let data = parse_data(text, &mut bytes)?;
    let cause = match raw {
        raw if raw == ERROR_FLAG | BUS_ERROR && data.is_empty() => 0,
        raw => raw & !(ERROR_FLAG | EXTENDED_FLAG),
    };
    let id = Id::extended(cause).map_err(malformed)?;
    Frame::error(id, data).map_err(malformed)
}

/// Pairs of digits; can-utils allows a point before each pair and at the end.
fn parse_data<'a>(text: &[u8], bytes: &'a mut [u8]) -> Result<&'a [u8]> {
    let most = bytes.len();
    let refused = || expected("pairs of hexadecimal digits", text);
    if memchr(b'.', text).is_none() {
        if !text.len().is_multiple_of(2) {
            return Err(refused());
        }
        let Some(data) = bytes.get_mut(..text.len() / 2) else {
            return Err(too_many(most, text));
        };
        faster_hex::hex_decode(text, data).map_err(|_| refused())?;
        return Ok(data);
    }
    let (mut rest, mut len) = (text, 0);
    loop {
        rest = rest.strip_prefix(b".").unwrap_or(rest);
        match *rest {
            [] => return Ok(&bytes[..len]),
            [high, low, ..] => {
                let digits = hex_digit(high).zip(hex_digit(low));
                let (high, low) = digits.ok_or_else(refused)?;
                *bytes.get_mut(len).ok_or_else(|| too_many(most, text))? = high << 4 | low;
                len += 1;
                rest = &rest[2..];
            }
            [_] => return Err(refused()),
        }
    }
}

/// The channels met so far: a file has few, and looking them up for the whole process costs more
/// than reading the rest of the line.
#[derive(Default)]
struct Channels {
    known: Vec<(Box<[u8]>, Channel)>,
}

impl Channels {
    /// More are not looked for here.
    const MOST: usize = 16;

    fn find(&mut self, name: &[u8]) -> Result<Channel> {
        if let Some((_, channel)) = self.known.iter().find(|(known, _)| **known == *name) {
            return Ok(*channel);
        }
        let text = str::from_utf8(name)
            .ok()
            .filter(|text| !text.is_empty())
            .ok_or_else(|| expected("a channel's name", name))?;
        let channel = Channel::parse(text);
        if self.known.len() < Channels::MOST {
            self.known.push((name.into(), channel));
        }
        Ok(channel)
    }
}

fn malformed(error: Error) -> Error {
    error.with_kind(ErrorKind::Malformed)
}

fn too_many(most: usize, text: &[u8]) -> Error {
    let found = shown(text);
    Error::malformed(format!(
        "expected at most {most} bytes of data, not {found}"
    ))
}

fn expected(what: &str, found: &[u8]) -> Error {
    Error::malformed(format!("expected {what}, not {}", shown(found)))
}

/// The beginning of what was found, fit for a message.
fn shown(text: &[u8]) -> String {
    const MOST: usize = 60;
    let cut = &text[..text.len().min(MOST)];
    let more = if text.len() > MOST { "…" } else { "" };
    format!("{:?}{more}", String::from_utf8_lossy(cut))
}
