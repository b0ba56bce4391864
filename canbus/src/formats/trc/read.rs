//! Reads the records.

use super::aligned;
use super::error_frame::{Cause, Told};
use super::header::Header;
use super::layout::Column;
use super::number::{decimal, hex, milliseconds};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::digits::VALUES;
use crate::formats::lines::{Line, Lines};
use crate::formats::{Input, Messages, ReadReport};
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN, MAX_FD_LEN, dlc_to_len};
use crate::message::{Channel, Direction, Message, Timestamp};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// The bus of files that name none; PEAK-Converter numbers it so as well.
const ONLY_BUS: u32 = 1;

/// The messages of a trace.
pub(super) fn messages(input: Input, zone: TimeZone, absolute: bool) -> Messages {
    let mut parser = Parser {
        report: input.report(),
        header: Header::new(zone),
        absolute,
    };
    Box::new(Lines::new(input).messages(move |line| {
        if parser.header.layout.is_2_1
            && parser.header.cause.is_none()
            && let Some(message) = aligned::read(line.text, parser.header.start)
        {
            return Some(Ok(message));
        }
        parser.parse(&line).transpose()
    }))
}

struct Parser {
    report: Arc<ReadReport>,
    header: Header,
    /// Whether a start that is told to people counts where there is no other.
    absolute: bool,
}

/// What kind of record a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Data, or in versions 1.x a remote or error frame, which the data tell.
    Data,
    Remote,
    Fd {
        brs: bool,
        esi: bool,
    },
    /// An error frame of versions 1.x, whose columns are those of data.
    OldError,
    /// An error frame of versions 2.x, some of whose columns are empty.
    Error,
    /// A status, error counters, or an event: no frame.
    Remark,
}

/// The columns of a record.
struct Record<'a> {
    offset: &'a [u8],
    kind: Kind,
    bus: Option<&'a [u8]>,
    id: &'a [u8],
    direction: Direction,
    length: &'a [u8],
    /// Whether the length is a data length code.
    coded: bool,
    data: &'a [u8],
}

impl Parser {
    fn parse(&mut self, line: &Line<'_>) -> Result<Option<Message>> {
        let text = line.text.trim_ascii();
        match text {
            [] => return Ok(None),
            [b';', ..] => {
                self.header.take(text)?;
                if self.absolute && !self.header.has_start {
                    self.header.start = self.header.told_start.unwrap_or(0);
                }
                return Ok(None);
            }
            _ => {}
        }
        let cause = self.header.cause.take();
        let parsed = self.record(text, cause).and_then(|record| {
            let Some((frame, record)) = record else {
                return Ok(None);
            };
            self.message(frame, &record).map(Some)
        });
        match parsed {
            Ok(None) => {
                self.report.pass_over(1);
                Ok(None)
            }
            other => other,
        }
    }

    fn message(&self, frame: Frame, record: &Record<'_>) -> Result<Message> {
        let offset = milliseconds(record.offset)
            .ok_or_else(|| expected("a time offset in milliseconds", record.offset))?;
        let nanos = self.header.start.checked_add(offset);
        let nanos = nanos.ok_or_else(|| expected("a time of this age", record.offset))?;
        let channel = match record.bus {
            None => Some(ONLY_BUS),
            Some(b"-") => None,
            Some(text) => Some(decimal(text).ok_or_else(|| expected("a bus number", text))?),
        };
        Ok(Message {
            frame,
            timestamp: Timestamp::from_nanos(nanos),
            channel: channel.map(Channel::number),
            direction: record.direction,
        })
    }

    /// The frame and the columns of a record; none if it is no frame.
    #[inline]
    fn record<'a>(
        &self,
        text: &'a [u8],
        cause: Option<Told>,
    ) -> Result<Option<(Frame, Record<'a>)>> {
        let mut rest = text;
        let mut record = Record {
            offset: &[],
            kind: Kind::Data,
            bus: None,
            id: &[],
            direction: Direction::Rx,
            length: &[],
            coded: true,
            data: &[],
        };
        for &column in self.header.layout.columns() {
            if record.kind == Kind::Error && column != Column::Bus {
                break;
            }
            let word = word(&mut rest);
            match column {
                Column::Offset => record.offset = word,
                Column::Kind => {
                    let kind = kind_of(word)?;
                    (record.kind, record.direction) = (kind, direction_of_kind(word));
                    if kind == Kind::Remark {
                        return Ok(None);
                    }
                }
                Column::Bus => record.bus = Some(word),
                Column::Id => record.id = word,
                Column::Direction => record.direction = direction(word)?,
                Column::Code => record.length = word,
                Column::Length => (record.length, record.coded) = (word, false),
                Column::Other => {}
            }
        }
        record.data = rest.trim_ascii_start();
        if record.kind == Kind::OldError && cause.is_some_and(|told| told.sent) {
            record.direction = Direction::Tx;
        }
        let frame = match record.kind {
            Kind::Error => record.error_frame(cause)?,
            _ if record.id == b"FFFFFFFF" => return Ok(None),
            _ => record.frame(cause)?,
        };
        Ok(Some((frame, record)))
    }
}

impl Record<'_> {
    fn frame(&self, cause: Option<Told>) -> Result<Frame> {
        let length = decimal(self.length).ok_or_else(|| expected("a data length", self.length))?;
        let old_error = self.data.strip_prefix(b"ERROR");
        if self.kind == Kind::OldError || old_error.is_some() {
            return self.old_error_frame(old_error.unwrap_or(self.data), cause);
        }
        let id = self.id()?;
        match self.kind {
            Kind::Fd { brs, esi } => {
                let mut bytes = [0; MAX_FD_LEN];
                let data = data(self.data, &mut bytes)?;
                let code = u8::try_from(length).ok();
                let len = if self.coded {
                    code.and_then(dlc_to_len)
                } else {
                    Some(length as usize)
                };
                check_length(len, data, self.length)?;
                Frame::fd(id, data, brs, esi).map_err(malformed)
            }
            Kind::Remote => self.remote_frame(id, length),
            _ if self.data == b"RTR" => self.remote_frame(id, length),
            _ => self.data_frame(id, length),
        }
    }

    fn data_frame(&self, id: Id, length: u32) -> Result<Frame> {
        let mut bytes = [0; MAX_CLASSIC_LEN];
        let large = length as usize > MAX_CLASSIC_LEN;
        // A data length code from 9 on means 8 bytes too.
        let raw = (self.coded && large && length < 16).then_some(length as u8);
        if large && (raw.is_none() || self.data.len() > 3 * MAX_CLASSIC_LEN) {
            // Such lines come from messages that took several frames.
            let text = format!("J1939 messages of {length} bytes are not supported");
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        let data = data(self.data, &mut bytes)?;
        check_length(Some((length as usize).min(8)), data, self.length)?;
        let frame = Frame::data(id, data)?;
        match raw {
            Some(code) => frame.with_raw_dlc(code).map_err(malformed),
            None => Ok(frame),
        }
    }

    fn remote_frame(&self, id: Id, length: u32) -> Result<Frame> {
        match u8::try_from(length) {
            Ok(code @ 0..=8) => Frame::remote(id, code),
            Ok(code @ 9..=15) => Frame::remote(id, 8)?.with_raw_dlc(code),
            _ => Err(expected("a data length code", self.length)),
        }
    }

    /// Behind the bus, and what of the other columns is there, come PEAK's five bytes.
    fn error_frame(&mut self, cause: Option<Told>) -> Result<Frame> {
        let mut rest = self.data;
        loop {
            let before = rest;
            match word(&mut rest) {
                b"Rx" => self.direction = Direction::Rx,
                b"Tx" => self.direction = Direction::Tx,
                // What is empty, and the length.
                [b'-' | b'0'..=b'9'] => {}
                _ => {
                    rest = before;
                    break;
                }
            }
        }
        let rest = rest.trim_ascii_start();
        let mut bytes = [0; MAX_CLASSIC_LEN];
        let frame = match *data(rest, &mut bytes)? {
            [sort, direction, position, receive, transmit] => Cause {
                sort,
                direction,
                position,
                receive,
                transmit,
            }
            .frame()?,
            [] => Frame::error(Id::extended(0)?, &[])?,
            _ => return Err(expected("the five bytes of an error frame", rest)),
        };
        Ok(cause.map_or(frame, |told| told.frame))
    }

    /// In versions 1.x the ID is the type, and four bytes follow.
    fn old_error_frame(&self, text: &[u8], cause: Option<Told>) -> Result<Frame> {
        let text = text.trim_ascii_start();
        let sort = hex(self.id).and_then(|sort| u8::try_from(sort).ok());
        let sort = sort.ok_or_else(|| expected("the type of an error frame", self.id))?;
        let mut bytes = [0; MAX_CLASSIC_LEN];
        let &[direction, position, receive, transmit] = data(text, &mut bytes)? else {
            return Err(expected("the four bytes of an error frame", text));
        };
        let frame = Cause {
            sort,
            direction,
            position,
            receive,
            transmit,
        }
        .frame()?;
        Ok(cause.map_or(frame, |told| told.frame))
    }

    fn id(&self) -> Result<Id> {
        let raw = hex(self.id).ok_or_else(|| expected("a hexadecimal ID", self.id))?;
        // Standard IDs have four digits, since 3.0 three.
        Id::new(raw, self.id.len() > 4).map_err(malformed)
    }
}

/// The next word, and blanks behind it are left off.
#[inline]
fn word<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let rest = *text;
    let start = rest.iter().position(|byte| !blank(byte));
    let rest = &rest[start.unwrap_or(rest.len())..];
    let end = rest.iter().position(blank).unwrap_or(rest.len());
    *text = &rest[end..];
    &rest[..end]
}

fn kind_of(word: &[u8]) -> Result<Kind> {
    let fd = |brs, esi| Kind::Fd { brs, esi };
    Ok(match word {
        b"DT" | b"Rx" | b"Tx" => Kind::Data,
        b"FD" => fd(false, false),
        b"FB" => fd(true, false),
        b"FE" => fd(true, true),
        b"BI" => fd(false, true),
        b"RR" => Kind::Remote,
        b"ER" => Kind::Error,
        b"Error" => Kind::OldError,
        b"ST" | b"EC" | b"EV" | b"Warng" => Kind::Remark,
        b"XL" => {
            let text = "frames of CAN XL are not supported";
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        _ => return Err(expected("a type of record such as DT, FD or Rx", word)),
    })
}

/// In versions 1.x the kind tells the direction.
fn direction_of_kind(word: &[u8]) -> Direction {
    match word {
        b"Tx" => Direction::Tx,
        _ => Direction::Rx,
    }
}

fn direction(word: &[u8]) -> Result<Direction> {
    match word {
        b"Rx" => Ok(Direction::Rx),
        b"Tx" => Ok(Direction::Tx),
        _ => Err(expected("Rx or Tx", word)),
    }
}

/// Pairs of hexadecimal digits with blanks between them.
#[inline]
fn data<'a>(text: &[u8], bytes: &'a mut [u8]) -> Result<&'a [u8]> {
    let len = text.len().div_ceil(3);
    if len <= bytes.len() {
        let mut wrong = 0;
        for (byte, pair) in bytes.iter_mut().zip(text.chunks(3)) {
            let (high, low) = match *pair {
                [high, low] | [high, low, b' '] => (high, low),
                _ => (0, 0),
            };
            let (high, low) = (VALUES[usize::from(high)], VALUES[usize::from(low)]);
            wrong |= high | low;
            *byte = high << 4 | low;
        }
        if wrong < 16 {
            return Ok(&bytes[..len]);
        }
    }
    data_with_gaps(text, bytes)
}

/// The same with any number of blanks.
fn data_with_gaps<'a>(text: &[u8], bytes: &'a mut [u8]) -> Result<&'a [u8]> {
    let (mut rest, mut len) = (text, 0);
    loop {
        let pair = word(&mut rest);
        if pair.is_empty() {
            return Ok(&bytes[..len]);
        }
        let value = hex(pair).filter(|_| pair.len() == 2);
        let value = value.ok_or_else(|| expected("pairs of hexadecimal digits", text))?;
        let Some(byte) = bytes.get_mut(len) else {
            let most = bytes.len();
            return Err(expected(&format!("at most {most} bytes of data"), text));
        };
        *byte = value as u8;
        len += 1;
    }
}

fn check_length(expected: Option<usize>, data: &[u8], length: &[u8]) -> Result<()> {
    match expected {
        Some(len) if len == data.len() => Ok(()),
        Some(len) => Err(Error::malformed(format!(
            "expected {len} bytes of data, as the length {} says, not {}",
            String::from_utf8_lossy(length),
            data.len()
        ))),
        None => Err(self::expected("a data length code of 0 to 15", length)),
    }
}

fn malformed(error: Error) -> Error {
    error.with_kind(ErrorKind::Malformed)
}

fn expected(what: &str, found: &[u8]) -> Error {
    Error::malformed(format!("expected {what}, not {}", shown(found)))
}

/// The beginning of what was found, fit for a message.
pub(super) fn shown(text: &[u8]) -> String {
    const MOST: usize = 60;
    let cut = &text[..text.len().min(MOST)];
    let more = if text.len() > MOST { "…" } else { "" };
    format!("{:?}{more}", String::from_utf8_lossy(cut))
}
