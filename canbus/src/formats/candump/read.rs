//! Reads the lines.

use super::{BRS, BUS_ERROR, ERROR_FLAG, ESI, EXTENDED_FLAG};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::digits::{
    VALUES, eight_digits, eight_hex, leading_hex, six_digits, trailing_bytes, two_digits,
};
use crate::formats::lines::{Line, Lines};
use crate::formats::{Input, Messages, ReadReport};
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN, MAX_FD_LEN};
use crate::message::{Channel, Direction, Message, Timestamp};
use std::sync::Arc;

/// The messages of a log.
pub(super) fn messages(input: Input) -> Messages {
    let mut parser = Parser {
        report: input.report(),
        channels: Channels::default(),
        frames: 0,
        directed: 0,
    };
    Box::new(
        Lines::new(input).messages(move |line| match parser.common(&line) {
            Some(message) => Some(Ok(message)),
            None => parser.parse(&line).transpose(),
        }),
    )
}

struct Parser {
    report: Arc<ReadReport>,
    channels: Channels,
    /// How many frames there were, less error frames, and how many of them with a direction.
    frames: u64,
    directed: u64,
}

impl Parser {
    /// The message of a line exactly as candump and python-can write nearly all, read in one pass;
    /// `None` for all others, also broken ones.
    #[inline]
    fn common(&mut self, line: &Line<'_>) -> Option<Message> {
        if !line.complete {
            return None;
        }
        let (nanos, text) = split_usual_time(line.text.strip_prefix(b"(")?)?;
        let (channel, text) = self.channels.leading(text)?;
        let (id, text) = leading_id(text)?;
        let (data, all, direction) = match text {
            [data @ .., b' ', b'R'] => {
                (data, &line.text[..line.text.len() - 2], Some(Direction::Rx))
            }
            [data @ .., b' ', b'T'] => {
                (data, &line.text[..line.text.len() - 2], Some(Direction::Tx))
            }
            data => (data, line.text, None),
        };
        let bytes = trailing_bytes(all, data.len())?;
        self.frames += 1;
        self.directed += u64::from(direction.is_some());
        Some(Message {
            frame: Frame::classic_on_wire(id, false, data.len() as u8 / 2, bytes),
            timestamp: Timestamp::from_nanos(nanos),
            channel: Some(channel),
            direction: direction.unwrap_or(Direction::Rx),
        })
    }

    #[inline(never)]
    fn parse(&mut self, line: &Line<'_>) -> Result<Option<Message>> {
        let text = line.text.trim_ascii();
        match text {
            [] => return Ok(None),
            [b'#', ..] => {
                self.report.pass_over(1);
                return Ok(None);
            }
            _ => {}
        }
        let (text, direction) = split_direction(text);
        let Some((timestamp, rest)) = split_time(text) else {
            return Err(expected("(SECONDS.FRACTION)", word(text).0));
        };
        let (channel, frame) = word(rest);
        if frame.is_empty() {
            return Err(expected("(SECONDS.FRACTION) CHANNEL ID#DATA", text));
        }
        let frame = parse_frame(frame)?;
        if !frame.is_error() {
            // Where every line ends with a direction, one without may have lost some data as well.
            let usual = self.frames > 0 && self.directed == self.frames;
            if usual && direction.is_none() && !line.complete {
                return Err(expected("a direction", text));
            }
            self.frames += 1;
            self.directed += u64::from(direction.is_some());
        }
        Ok(Some(Message {
            frame,
            timestamp,
            channel: Some(self.channels.find(channel)?),
            direction: direction.unwrap_or(Direction::Rx),
        }))
    }
}

/// The identifier of 3 or 8 digits that the text begins with, and what stands behind its `#`.
#[inline]
fn leading_id(text: &[u8]) -> Option<(Id, &[u8])> {
    if let [a, b, c, b'#', rest @ ..] = text {
        let raw = eight_hex([b'0', b'0', b'0', b'0', b'0', *a, *b, *c])?;
        return Some((Id::standard(raw).ok()?, rest));
    }
    let (digits, rest) = text.split_first_chunk()?;
    let raw = eight_hex(*digits)?;
    // With one of the flags it is something else than a data frame.
    let rest = rest
        .strip_prefix(b"#")
        .filter(|_| raw <= Id::MAX_EXTENDED)?;
    Some((Id::extended(raw).ok()?, rest))
}

fn split_direction(text: &[u8]) -> (&[u8], Option<Direction>) {
    let (text, direction) = match text {
        [rest @ .., b' ' | b'\t', b'R' | b'r'] => (rest, Direction::Rx),
        [rest @ .., b' ' | b'\t', b'T' | b't'] => (rest, Direction::Tx),
        _ => return (text, None),
    };
    (text.trim_ascii_end(), Some(direction))
}

/// What stands before the first blank, and what behind the blanks.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let end = text.iter().position(blank).unwrap_or(text.len());
    (&text[..end], text[end..].trim_ascii_start())
}

/// `(12.345)` with 1 to 9 decimals, negative as `(-0.5)`, and what stands behind it and blanks.
fn split_time(text: &[u8]) -> Option<(Timestamp, &[u8])> {
    let text = text.strip_prefix(b"(")?;
    let (nanos, rest) = split_usual_time(text).or_else(|| split_any_time(text))?;
    Some((Timestamp::from_nanos(nanos), rest.trim_ascii_start()))
}

fn split_any_time(text: &[u8]) -> Option<(i64, &[u8])> {
    let (text, sign) = match text.strip_prefix(b"-") {
        Some(text) => (text, -1),
        None => (text, 1),
    };
    let (seconds, whole_digits, text) = split_decimal(text);
    let (fraction, digits, text) = split_decimal(text.strip_prefix(b".")?);
    let text = text.strip_prefix(b")")?;
    let ends = text.first().is_none_or(u8::is_ascii_whitespace);
    if whole_digits == 0 || !(1..=9).contains(&digits) || !ends {
        return None;
    }
    let nanos = fraction * 10_i64.pow(9 - digits as u32);
    // With the sign before they are added: the earliest time is further from 0 than the latest.
    let seconds = (seconds * sign).checked_mul(1_000_000_000)?;
    Some((seconds.checked_add(nanos * sign)?, text))
}

/// The time as nearly every line has it, in nanoseconds: ten digits, a point and six.
#[inline]
fn split_usual_time(text: &[u8]) -> Option<(i64, &[u8])> {
    let (time, rest) = text.split_first_chunk::<19>()?;
    if (time[10], time[17], time[18]) != (b'.', b')', b' ') {
        return None;
    }
    let first = eight_digits(*time.first_chunk()?)?;
    let seconds = (first * 100 + two_digits(time[8], time[9])?) as i64;
    let micros = six_digits(*time[11..].first_chunk()?)? as i64;
    // Ten digits of seconds are more than fit.
    let nanos = (seconds * 1_000_000 + micros).checked_mul(1000)?;
    Some((nanos, rest))
}

/// The number that the text begins with, how many digits it has, and what stands behind it. More
/// than fit any time are left over.
#[inline]
fn split_decimal(text: &[u8]) -> (i64, usize, &[u8]) {
    const MOST: usize = 18;
    let (mut number, mut len) = (0, 0);
    for byte in text.iter().take(MOST) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number * 10 + i64::from(digit);
        len += 1;
    }
    (number, len, &text[len..])
}

pub(super) fn parse_frame(text: &[u8]) -> Result<Frame> {
    let (raw, digits, rest) = leading_hex(text);
    let data = match rest.split_first() {
        Some((b'#', data)) if digits > 0 => data,
        _ => return Err(expected("an ID of up to 8 hexadecimal digits and #", text)),
    };
    let extended = digits > 3;
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

fn hex_digit(digit: u8) -> Option<u8> {
    Some(VALUES[usize::from(digit)]).filter(|&value| value < 16)
}

// Frames are returned as they are made wherever that can be: to copy one costs as much as to parse
// its identifier.
fn data_frame(id: Id, text: &[u8]) -> Result<Frame> {
    let mut data = [0; MAX_CLASSIC_LEN];
    if let [rest @ .., b'_', digit] = text {
        let dlc = raw_dlc(*digit)?;
        let frame = Frame::data(id, parse_data(rest, &mut data)?)?;
        return frame.with_raw_dlc(dlc).map_err(malformed);
    }
    let len = parse_data(text, &mut data)?.len();
    Ok(Frame::classic_on_wire(id, false, len as u8, data))
}

/// Behind the `R`: nothing, a DLC, or a raw DLC as in `8_9`.
fn remote_frame(id: Id, text: &[u8]) -> Result<Frame> {
    match text {
        [] => Frame::remote(id, 0),
        [digit @ b'0'..=b'8'] => Frame::remote(id, digit - b'0'),
        [b'8', b'_', digit] => Frame::remote(id, 8)?.with_raw_dlc(raw_dlc(*digit)?),
        _ => Err(expected(
            "a DLC of 0 to 8 behind the R of a remote frame",
            text,
        )),
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
#[inline]
fn parse_data<'a>(text: &[u8], bytes: &'a mut [u8]) -> Result<&'a [u8]> {
    let most = bytes.len();
    let pairs = text.chunks_exact(2);
    if pairs.remainder().is_empty() && pairs.len() <= most {
        let (len, mut seen) = (pairs.len(), 0);
        for (byte, pair) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (VALUES[usize::from(pair[0])], VALUES[usize::from(pair[1])]);
            seen |= high | low;
            *byte = high << 4 | low;
        }
        // Whatever is no digit may be a point.
        if seen < 16 {
            return Ok(&bytes[..len]);
        }
    }
    let (mut rest, mut len) = (text, 0);
    loop {
        rest = rest.strip_prefix(b".").unwrap_or(rest);
        let (high, low) = match *rest {
            [] => return Ok(&bytes[..len]),
            [high, low, ..] => (hex_digit(high), hex_digit(low)),
            [_] => (None, None),
        };
        let (Some(high), Some(low)) = (high, low) else {
            return Err(expected("pairs of hexadecimal digits", text));
        };
        let Some(byte) = bytes.get_mut(len) else {
            let found = shown(text);
            return Err(Error::malformed(format!(
                "expected at most {most} bytes of data, not {found}"
            )));
        };
        *byte = high << 4 | low;
        len += 1;
        rest = &rest[2..];
    }
}

/// The channels met so far: a file has few, and looking them up for the whole process costs more
/// than reading the rest of the line.
#[derive(Default)]
struct Channels {
    known: Vec<(Box<[u8]>, Channel)>,
    /// Those with short names, which are compared all at once, with the blank behind them.
    short: Vec<(u64, Channel)>,
}

impl Channels {
    /// More are not looked for here.
    const MOST: usize = 16;

    /// The channel that the text begins with, and what stands behind the blank.
    #[inline]
    fn leading<'a>(&mut self, text: &'a [u8]) -> Option<(Channel, &'a [u8])> {
        const ONES: u64 = 0x0101_0101_0101_0101;
        let word = u64::from_le_bytes(*text.first_chunk()?);
        let other = word ^ (0x20 * ONES);
        // The highest bit of the first byte that is a blank.
        let blank = (other.wrapping_sub(ONES) & !other & (0x80 * ONES)).trailing_zeros();
        if blank == u64::BITS {
            let end = text.iter().position(|&byte| byte == b' ')?;
            return Some((self.find(&text[..end]).ok()?, &text[end + 1..]));
        }
        let (key, end) = (word & u64::MAX >> (63 - blank), blank as usize / 8);
        let rest = &text[end + 1..];
        if let Some((_, channel)) = self.short.iter().find(|(known, _)| *known == key) {
            return Some((*channel, rest));
        }
        let channel = self.find(&text[..end]).ok()?;
        if self.short.len() < Channels::MOST {
            self.short.push((key, channel));
        }
        Some((channel, rest))
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fast_way_to_a_time_finds_what_the_other_finds() {
        let usual = b"1700000001.234567) can0";
        let fast = split_usual_time(usual).expect("as usual");
        assert_eq!(fast, (1_700_000_001_234_567_000, &b"can0"[..]));
        for at in 0..19 {
            for byte in 0..=u8::MAX {
                let mut text = *usual;
                text[at] = byte;
                let Some((nanos, rest)) = split_usual_time(&text) else {
                    assert!(!byte.is_ascii_digit() || usual[at] != byte);
                    continue;
                };
                let slow = split_any_time(&text).map(|(nanos, rest)| (nanos, rest.trim_ascii()));
                assert_eq!(Some((nanos, rest)), slow);
            }
        }
        assert_eq!(split_usual_time(&usual[..18]), None);
    }
}
