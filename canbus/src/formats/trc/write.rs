//! Writes header and records.

use super::aligned;
use super::append::{Existing, existing};
use super::error_frame::{self, Cause, Told};
use super::header;
use super::layout::Version;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::digits::PAIRS;
use crate::formats::{Output, encoding, zone};
use crate::frame::{Frame, Kind};
use crate::listener::Listener;
use crate::message::{Channel, Direction, Message, Timestamp};
use crate::options::Options;
use jiff::tz::TimeZone;
use std::io::{BufWriter, Write};

/// How much is collected before the system gets it.
const CAPACITY: usize = 1 << 16;

const NANOS_PER_MILLI: i64 = 1_000_000;

/// Writes messages as records.
pub(super) struct Writer {
    out: BufWriter<Output>,
    /// The record being made; kept to keep its memory.
    line: Vec<u8>,
    version: Version,
    zone: TimeZone,
    /// The bus of messages that name none.
    channel: u32,
    /// The start in nanoseconds since the Unix epoch; none before the first record.
    start: Option<i64>,
    /// The number of the last record.
    number: u64,
    last: Option<Timestamp>,
}

/// A record but for its number.
struct Record<'a> {
    /// In the steps of the version: milliseconds, tenths or thousandths of them.
    offset: i64,
    /// `DT` and the like; in versions 1.x `Rx`, `Tx` or `Error`.
    kind: &'static str,
    bus: u32,
    /// Right-aligned.
    id: [u8; 8],
    direction: &'static str,
    /// None where the column stays empty.
    length: Option<usize>,
    /// What stands before or instead of the data in versions 1.x.
    word: &'static str,
    data: &'a [u8],
}

impl Writer {
    pub(super) fn new(output: Output, options: &Options) -> Result<Writer> {
        let zone = zone::named(options.text("tz").unwrap_or_default())?;
        let asked = options
            .text("version")
            .and_then(|name| Version::named(name.as_bytes()));
        let mut output = encoding::encode(output, options)?;
        let before = existing(&output, zone.clone(), options)?;
        if let (Some(asked), Some(Existing { version, .. })) = (asked, &before)
            && asked != *version
        {
            return Err(Error::invalid(format!(
                "option version is {}, but the file that is continued has {}",
                asked.name(),
                version.name()
            )));
        }
        output.end_cut_line()?;
        let version = before.as_ref().map(|before| before.version).or(asked);
        Ok(Writer {
            out: BufWriter::with_capacity(CAPACITY, output),
            line: Vec::with_capacity(512),
            version: version.unwrap_or(Version::V2_1),
            zone,
            channel: options.count("channel").unwrap_or(1) as u32,
            start: before.as_ref().map(|before| before.start),
            number: before.map_or(0, |before| before.number),
            last: None,
        })
    }

    /// The start of the file, which begins with the first record.
    fn start(&mut self, first: Timestamp) -> Result<i64> {
        if let Some(start) = self.start {
            return Ok(start);
        }
        let millis = first.as_nanos().div_euclid(NANOS_PER_MILLI);
        let millis = millis.max(i64::MIN / NANOS_PER_MILLI);
        let text = header::text(self.version, millis, &self.zone);
        self.out.write_all(text.as_bytes())?;
        let start = millis * NANOS_PER_MILLI;
        self.start = Some(start);
        Ok(start)
    }

    /// The offset in the steps of the version.
    fn offset(&self, start: i64, time: Timestamp) -> i64 {
        match self.version {
            Version::V1_0 => steps::<1_000_000>(start, time),
            Version::V1_1 => steps::<100_000>(start, time),
            _ => steps::<1_000>(start, time),
        }
    }

    fn record<'a>(&self, offset: i64, message: &'a Message) -> Result<Record<'a>> {
        let frame = &message.frame;
        let direction = match message.direction {
            Direction::Rx => "Rx",
            Direction::Tx => "Tx",
        };
        let old = self.version < Version::V2_0;
        let (kind, word) = match frame.kind() {
            Kind::Fd { .. } if old => return Err(self.no_fd()),
            Kind::Fd { brs, esi } => (FD_KINDS[usize::from(brs)][usize::from(esi)], ""),
            Kind::Remote if old => (direction, "RTR"),
            Kind::Remote => ("RR", ""),
            _ if old => (direction, ""),
            _ => ("DT", ""),
        };
        let channel = message.channel.and_then(Channel::trailing_number);
        Ok(Record {
            offset,
            kind,
            bus: channel.unwrap_or(self.channel),
            id: id_text(frame),
            direction,
            length: Some(match self.version {
                Version::V2_0 => frame.dlc_len(),
                _ => usize::from(frame.dlc()),
            }),
            word,
            data: frame.payload(),
        })
    }

    fn no_fd(&self) -> Error {
        let version = self.version.name();
        let text = format!("version {version} of .trc has no CAN FD; 2.0 and 2.1 have");
        Error::new(ErrorKind::Unsupported, text)
    }

    /// Puts the record of an error frame, and before it what PEAK's form has no place for.
    fn put_error(&mut self, offset: i64, message: &Message) {
        let (cause, whole) = Cause::and_whether_whole(&message.frame);
        // Versions 1.1 to 1.3 have the word for the direction taken up by that for the error.
        let between = Version::V1_0 < self.version && self.version < Version::V2_0;
        let told = Told {
            frame: message.frame,
            sent: between && message.direction == Direction::Tx,
        };
        if !whole || told.sent {
            error_frame::put_comment(&mut self.line, &told);
        }
        let Cause {
            sort,
            direction,
            position,
            receive,
            transmit,
        } = cause;
        let bytes = [sort, direction, position, receive, transmit];
        let channel = message.channel.and_then(Channel::trailing_number);
        let record = Record {
            offset,
            kind: "ER",
            bus: channel.unwrap_or(self.channel),
            id: *b"       -",
            direction: match message.direction {
                Direction::Rx => "Rx",
                Direction::Tx => "Tx",
            },
            length: Some(bytes.len()),
            word: "",
            data: &bytes,
        };
        self.put(&match self.version {
            Version::V2_1 => record,
            Version::V2_0 => Record {
                id: [b' '; 8],
                length: None,
                ..record
            },
            version => {
                // The type stands where else the ID does.
                let [high, low] = PAIRS[usize::from(sort)];
                Record {
                    kind: "Error",
                    id: [b' ', b' ', b' ', b' ', b'0', b'0', high, low],
                    length: Some(4),
                    word: if version == Version::V1_0 {
                        "ERROR "
                    } else {
                        ""
                    },
                    data: &bytes[1..],
                    ..record
                }
            }
        });
    }

    fn put_number_and_offset(&mut self, offset: i64) {
        let line = &mut self.line;
        self.number += 1;
        let mut digits = itoa::Buffer::new();
        let number = digits.format(self.number).as_bytes();
        match self.version {
            Version::V2_0 | Version::V2_1 => {
                put_right::<7>(line, number);
                line.push(b' ');
                put_decimal::<13>(line, offset, 3);
                line.push(b' ');
            }
            Version::V1_2 | Version::V1_3 => {
                put_right::<6>(line, number);
                line.extend_from_slice(b") ");
                put_decimal::<13>(line, offset, 3);
                line.push(b' ');
            }
            Version::V1_1 => {
                put_right::<6>(line, number);
                line.extend_from_slice(b")   ");
                put_decimal::<9>(line, offset, 1);
                line.extend_from_slice(b"  ");
            }
            Version::V1_0 => {
                put_right::<6>(line, number);
                line.extend_from_slice(b")   ");
                put_decimal::<7>(line, offset, 0);
                line.extend_from_slice(b"  ");
            }
        }
    }

    fn put(&mut self, record: &Record<'_>) {
        self.put_number_and_offset(record.offset);
        let line = &mut self.line;
        let mut digits = itoa::Buffer::new();
        let bus = digits.format(record.bus).as_bytes();
        let mut digits = itoa::Buffer::new();
        let length = record.length.map_or("", |length| digits.format(length));
        match self.version {
            Version::V2_1 => {
                line.extend_from_slice(record.kind.as_bytes());
                line.push(b' ');
                put_left::<2>(line, bus);
                line.push(b' ');
                line.extend_from_slice(&record.id);
                line.push(b' ');
                line.extend_from_slice(record.direction.as_bytes());
                line.extend_from_slice(b" -  ");
                put_left::<4>(line, length.as_bytes());
                line.push(b' ');
            }
            Version::V2_0 => {
                line.extend_from_slice(record.kind.as_bytes());
                line.push(b' ');
                line.extend_from_slice(&record.id);
                line.push(b' ');
                line.extend_from_slice(record.direction.as_bytes());
                line.push(b' ');
                put_left::<2>(line, length.as_bytes());
                line.push(b' ');
            }
            Version::V1_2 | Version::V1_3 => {
                put_left::<2>(line, bus);
                line.push(b' ');
                put_left::<5>(line, record.kind.as_bytes());
                line.push(b' ');
                line.extend_from_slice(&record.id);
                line.extend_from_slice(b" -  ");
                put_left::<4>(line, length.as_bytes());
                line.push(b' ');
            }
            Version::V1_1 => {
                put_left::<5>(line, record.kind.as_bytes());
                line.extend_from_slice(b"  ");
                line.extend_from_slice(&record.id);
                line.extend_from_slice(b"  ");
                line.extend_from_slice(length.as_bytes());
                line.extend_from_slice(b"  ");
            }
            Version::V1_0 => {
                line.extend_from_slice(&record.id);
                line.extend_from_slice(b"  ");
                line.extend_from_slice(length.as_bytes());
                line.extend_from_slice(b"  ");
            }
        }
        line.extend_from_slice(record.word.as_bytes());
        put_data(line, record.data);
    }
}

impl Listener for Writer {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.line.clear();
        if message.frame.is_fd() && self.version < Version::V2_0 {
            return Err(self.no_fd());
        }
        let start = self.start(message.timestamp)?;
        let offset = self.offset(start, message.timestamp);
        if self.version == Version::V2_1 && message.frame.kind() == Kind::Data {
            let channel = message.channel.and_then(Channel::trailing_number);
            let columns = (self.number + 1, offset, channel.unwrap_or(self.channel));
            let mut text = aligned::place();
            if let Some(length) = aligned::write(&mut text, columns, message) {
                self.out.write_all(&text[..length])?;
                self.number += 1;
                self.last = Some(message.timestamp);
                return Ok(());
            }
        }
        if message.frame.is_error() {
            self.put_error(offset, message);
        } else {
            let record = self.record(offset, message)?;
            self.put(&record);
        }
        self.last = Some(message.timestamp);
        Ok(self.out.write_all(&self.line)?)
    }

    fn on_event(&mut self, text: &str, timestamp: Option<Timestamp>) -> Result<()> {
        if self.version != Version::V2_1 {
            let version = self.version.name();
            let text = format!("version {version} of .trc has no remarks; 2.1 has");
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        let time = timestamp.or(self.last).ok_or_else(|| {
            Error::invalid("a remark before the first message needs a time in a .trc file")
        })?;
        let start = self.start(time)?;
        self.line.clear();
        self.put_number_and_offset(self.offset(start, time));
        self.line.extend_from_slice(b"EV -  ");
        // A line is one record.
        let words = text.split(char::is_control);
        for (at, part) in words.filter(|part| !part.is_empty()).enumerate() {
            if at > 0 {
                self.line.push(b' ');
            }
            self.line.extend_from_slice(part.as_bytes());
        }
        self.line.extend_from_slice(b"\r\n");
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

/// The kinds of CAN FD frames by BRS and ESI.
const FD_KINDS: [[&str; 2]; 2] = [["FD", "BI"], ["FB", "FE"]];

/// The time since the start in steps of so many nanoseconds, rounded.
fn steps<const STEP: i64>(start: i64, time: Timestamp) -> i64 {
    let nanos = time.as_nanos().saturating_sub(start);
    let rounded = nanos.div_euclid(STEP) + i64::from(nanos.rem_euclid(STEP) * 2 >= STEP);
    let back = rounded.checked_mul(STEP);
    match back.and_then(|nanos| start.checked_add(nanos)) {
        Some(_) => rounded,
        // At the ends of time rounding would lead beyond what can be read back.
        None => nanos / STEP,
    }
}

/// Four digits for a standard, eight for an extended ID.
fn id_text(frame: &Frame) -> [u8; 8] {
    let mut text = [b' '; 8];
    let id = frame.id();
    let bytes = id.raw().to_be_bytes();
    let from = if id.is_extended() { 0 } else { 2 };
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes).skip(from) {
        pair.copy_from_slice(&PAIRS[usize::from(byte)]);
    }
    text
}

/// Puts the data with blanks between the bytes, and the line end. Without data the blanks of the
/// columns before are left off.
fn put_data(line: &mut Vec<u8>, data: &[u8]) {
    for chunk in data.chunks(8) {
        let mut text = [b' '; 24];
        for (place, &byte) in text.chunks_exact_mut(3).zip(chunk) {
            place[..2].copy_from_slice(&PAIRS[usize::from(byte)]);
        }
        line.extend_from_slice(&text[..3 * chunk.len()]);
    }
    line.truncate(line.trim_ascii_end().len());
    line.extend_from_slice(b"\r\n");
}

fn put_right<const WIDTH: usize>(line: &mut Vec<u8>, text: &[u8]) {
    line.extend_from_slice(&[b' '; WIDTH][text.len().min(WIDTH)..]);
    line.extend_from_slice(text);
}

fn put_left<const WIDTH: usize>(line: &mut Vec<u8>, text: &[u8]) {
    line.extend_from_slice(text);
    line.extend_from_slice(&[b' '; WIDTH][text.len().min(WIDTH)..]);
}

/// Puts a number with its last digits behind a point, right-aligned.
fn put_decimal<const WIDTH: usize>(line: &mut Vec<u8>, number: i64, decimals: usize) {
    // Sign, 19 digits, point.
    let mut text = [b' '; 24];
    let mut at = text.len();
    let mut rest = number.unsigned_abs();
    let mut digits = 0;
    while rest > 0 || digits <= decimals {
        if digits == decimals && decimals > 0 {
            at -= 1;
            text[at] = b'.';
        }
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        digits += 1;
    }
    if number < 0 {
        at -= 1;
        text[at] = b'-';
    }
    put_right::<WIDTH>(line, &text[at..]);
}
