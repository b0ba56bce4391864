//! Writes a file, or goes on with one.

use super::fields::Base;
use super::header::Header;
use super::lines::{put_frame, put_time};
use super::{date, reader};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::digits::Seconds;
use crate::formats::pending::Pending;
use crate::formats::{Output, encoding, zone};
use crate::listener::Listener;
use crate::message::{Channel, Message, Timestamp};
use crate::options::Options;
use jiff::tz::TimeZone;

/// The year 1990 in microseconds since the epoch: earlier times are those of logs without a date.
const FIRST_DATE: i64 = 631_152_000_000_000;

/// How far from the start of a block a time may be, in microseconds: what nanoseconds can count.
const FURTHEST: u64 = i64::MAX as u64 / 1000;

/// A file being written.
pub(super) struct Writer {
    out: Pending,
    zone: TimeZone,
    /// The channel, counted from 1, of messages that name none.
    channel: u32,
    /// Whether times count from the line before.
    deltas: bool,
    /// Whether lines look as those of python-can.
    plain: bool,
    /// Whether the file has its header.
    begun: bool,
    /// What times count from, in microseconds since the epoch; `None` before the first message.
    start: Option<i64>,
    /// Whether a trigger block is open.
    open: bool,
    /// The time of the last line, in microseconds.
    last: i64,
    seconds: Seconds,
    /// Remarks that came before the first time.
    remarks: Vec<String>,
}

impl Writer {
    pub(super) fn new(output: Output, options: &Options) -> Result<Writer> {
        let zone = zone::named(options.text("tz").unwrap_or_default())?;
        let mut output = encoding::encode(output, options)?;
        let existing = match output.existing()? {
            None => None,
            Some(input) => Some(reader::header_of(
                encoding::decode(input, options)?,
                zone.clone(),
            )?),
        };
        output.end_cut_line()?;
        let plain = options.text("style") == Some("python-can");
        let mut writer = Writer {
            out: Pending::new(output),
            zone,
            channel: options.count("channel").unwrap_or(1) as u32,
            deltas: options.text("timestamps_format") == Some("relative"),
            plain,
            begun: false,
            start: None,
            open: false,
            last: 0,
            // A sign has room before them.
            seconds: Seconds::new(if plain { 2 } else { 4 }),
            remarks: Vec::new(),
        };
        if let Some(header) = existing {
            writer.go_on(&header)?;
        }
        Ok(writer)
    }

    /// Goes on as the file began.
    fn go_on(&mut self, header: &Header) -> Result<()> {
        if header.base != Base::Hex {
            let text = "a file with the numbers of base dec cannot be continued";
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
        if !header.begun {
            return Ok(());
        }
        self.begun = true;
        self.deltas = header.deltas;
        // Where a line counts from the one before, only a block of its own has a known start.
        if header.dated && !header.deltas {
            self.start = Some(header.start.div_euclid(1000));
            self.last = header.start.div_euclid(1000);
            self.open = header.in_block;
        }
        Ok(())
    }

    /// The line of a time in microseconds: everything that must stand before it, and the time.
    #[inline]
    fn begin_line(&mut self, micros: i64) -> Result<&mut Vec<u8>> {
        let from = if self.deltas {
            Some(self.last)
        } else {
            self.start
        };
        let offset = match from {
            Some(from) if self.open && micros >= from && self.reaches(micros) => {
                micros.abs_diff(from)
            }
            _ => self.begin_block(micros)?,
        };
        self.last = micros;
        let line = self.out.line()?;
        put_time(line, &mut self.seconds, offset);
        Ok(line)
    }

    /// Whether the time can be told as one from the start.
    #[inline]
    fn reaches(&self, micros: i64) -> bool {
        self.start
            .is_some_and(|start| micros >= start && micros.abs_diff(start) <= FURTHEST)
    }

    /// Begins a trigger block for this time, and gives the time from its start.
    #[cold]
    fn begin_block(&mut self, micros: i64) -> Result<u64> {
        // A block that was ended goes on with the start that it had.
        let start = match self.start {
            Some(start) if !self.deltas && self.reaches(micros) => start,
            _ => self.start_of(micros)?,
        };
        let shown = self.date(start)?;
        let mut text = String::new();
        if self.open {
            text.push_str("End TriggerBlock\n");
        }
        if !self.begun {
            text.push_str(&self.header(&shown));
        }
        text.push_str(if self.plain {
            "Begin Triggerblock "
        } else {
            "Begin TriggerBlock "
        });
        text.push_str(&shown);
        text.push('\n');
        let out = self.out.line()?;
        out.extend_from_slice(text.as_bytes());
        if self.start != Some(start) {
            put_time(out, &mut self.seconds, 0);
            out.extend_from_slice(b"Start of measurement\n");
        }
        (self.begun, self.open, self.start) = (true, true, Some(start));
        self.last = micros;
        for remark in std::mem::take(&mut self.remarks) {
            let offset = if self.deltas {
                0
            } else {
                micros.abs_diff(start)
            };
            let line = self.out.line()?;
            put_time(line, &mut self.seconds, offset);
            put_remark(line, &remark);
        }
        Ok(micros.abs_diff(start))
    }

    fn header(&self, shown: &str) -> String {
        let format = if self.deltas { "relative" } else { "absolute" };
        let version = if self.plain { "" } else { "// version 9.0.0\n" };
        format!("date {shown}\nbase hex  timestamps {format}\ninternal events logged\n{version}")
    }

    /// A date as it stands in the file.
    fn date(&self, micros: i64) -> Result<String> {
        let shown = self.shown(micros)?;
        Ok(if self.plain {
            date::format_24(shown)
        } else {
            date::format(shown)
        })
    }

    /// What times count from in a block that begins at this time: its millisecond.
    fn start_of(&self, micros: i64) -> Result<i64> {
        if (0..FIRST_DATE).contains(&micros) {
            return Ok(0);
        }
        // Of an hour that the clocks show twice, the date means the first one.
        let date = self.shown(micros.div_euclid(1000) * 1000)?;
        let meant = self.zone.to_timestamp(date).map_err(no_date)?;
        Ok(meant.as_microsecond())
    }

    /// What the clocks show.
    fn shown(&self, micros: i64) -> Result<jiff::civil::DateTime> {
        let instant = jiff::Timestamp::from_microsecond(micros).map_err(no_date)?;
        Ok(self.zone.to_datetime(instant))
    }

    /// The channel as it stands in the file.
    #[inline]
    fn channel_of(&self, message: &Message) -> u32 {
        let number = message.channel.and_then(Channel::trailing_number);
        number.map_or(self.channel, |number| number.saturating_add(1))
    }
}

fn put_remark(line: &mut Vec<u8>, text: &str) {
    // What looks like a frame would be read as one.
    if text.starts_with(|c: char| c.is_ascii_digit()) || text.starts_with("CAN") {
        line.extend_from_slice(b"// ");
    }
    line.extend_from_slice(text.as_bytes());
    line.push(b'\n');
}

/// The time in microseconds. At the ends of time rounding would lead beyond what can be read back.
#[inline]
fn micros_of(time: Timestamp) -> i64 {
    time.as_micros_rounded()
        .clamp(i64::MIN / 1000 + 1000, i64::MAX / 1000)
}

fn no_date(error: jiff::Error) -> Error {
    Error::invalid("the time of a message is beyond the dates of ASC files").with_source(error)
}

impl Listener for Writer {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        let channel = self.channel_of(message);
        let line = self.begin_line(micros_of(message.timestamp))?;
        put_frame(line, channel, &message.frame, message.direction);
        Ok(())
    }

    fn on_event(&mut self, text: &str, timestamp: Option<Timestamp>) -> Result<()> {
        let text: Vec<&str> = text.split(['\r', '\n']).collect();
        let text = text.join(" ");
        let text = text.trim();
        if text.is_empty() {
            return Ok(());
        }
        let micros = match timestamp {
            Some(time) => micros_of(time),
            None if self.start.is_some() => self.last,
            None => {
                self.remarks.push(text.into());
                return Ok(());
            }
        };
        put_remark(self.begin_line(micros)?, text);
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.out.flush()
    }

    fn finish(&mut self) -> Result<()> {
        if !self.remarks.is_empty() {
            self.begin_block(0)?;
        }
        if !self.begun {
            let now = self.date(Timestamp::now().as_micros_rounded())?;
            let header = self.header(&now);
            self.out.line()?.extend_from_slice(header.as_bytes());
        }
        if self.open {
            self.out.line()?.extend_from_slice(b"End TriggerBlock\n");
        }
        (self.begun, self.open) = (true, false);
        self.out.finish()
    }
}
