//! Reads the lines.

use super::fields::{Base, expected};
use super::frames::{Form, Seen, classic, common, fd, in_columns};
use super::header::{Header, leading_time};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::lines::{Line, Lines};
use crate::formats::written::AS_WRITTEN;
use crate::formats::{Input, Messages, ReadReport, WrittenFrame, encoding, zone};
use crate::frame::MAX_FD_LEN;
use crate::message::{Message, Timestamp};
use crate::options::Options;
use std::sync::Arc;

/// The messages of a log.
pub(super) fn messages(input: Input, options: &Options) -> Result<Messages> {
    let base = match options.text("base") {
        Some("dec") => Base::Dec,
        _ => Base::Hex,
    };
    let zone = zone::named(options.text("tz").unwrap_or_default())?;
    let dates = !options.flag("relative_timestamp");
    let input = encoding::decode(input, options)?;
    let mut parser = Parser {
        report: input.report(),
        header: Header::new(base, dates.then_some(zone)),
        as_written: options.flag(AS_WRITTEN.name),
    };
    Ok(Box::new(Lines::new(input).messages(
        move |line| match parser.common(&line) {
            Some(message) => Some(Ok(message)),
            None => parser.parse(&line).transpose(),
        },
    )))
}

/// What the lines of an existing file say, for those who continue it.
pub(super) fn header_of(input: Input, zone: jiff::tz::TimeZone) -> Result<Header> {
    let mut header = Header::new(Base::Hex, Some(zone));
    let mut lines = Lines::new(input);
    loop {
        let line = match lines.next() {
            Ok(None) => return Ok(header),
            Ok(Some(line)) => line,
            Err(error) if error.kind() == ErrorKind::Malformed => continue,
            Err(error) => return Err(error),
        };
        if leading_time(line.text).is_some() {
            continue;
        }
        // A damaged line says nothing; an end that is cut is an end.
        let cut_end = b"End TriggerBlock".starts_with(line.text) && line.text.len() > 2;
        if cut_end {
            header.in_block = false;
        } else {
            let _ = header.take(line.text.trim_ascii());
        }
    }
}

struct Parser {
    report: Arc<ReadReport>,
    header: Header,
    as_written: bool,
}

impl Parser {
    /// The message of a line as nearly every program writes it; `None` for all others.
    #[inline]
    fn common(&mut self, line: &Line<'_>) -> Option<Message> {
        // Half a line may look like a whole one only to those who look closer.
        if !line.complete || self.header.base != Base::Hex {
            return None;
        }
        let (time, rest) = leading_time(line.text)?;
        let common = match in_columns(rest) {
            None => common(rest)?,
            Some(common) => common,
        };
        Some(Message {
            frame: common.frame(),
            timestamp: Timestamp::from_nanos(self.header.time(time)),
            channel: common.channel,
            direction: common.direction,
        })
    }

    #[inline(never)]
    fn parse(&mut self, line: &Line<'_>) -> Result<Option<Message>> {
        let Some((time, rest)) = leading_time(line.text) else {
            let taken = self.header.take(line.text.trim_ascii());
            if self.header.date_left_out {
                self.report.note_date_left_out();
            }
            return taken.map(|()| None);
        };
        let time = self.header.time(time);
        let Some(seen) = self.record(rest.trim_ascii_end(), line)? else {
            return Ok(None);
        };
        let timestamp = Timestamp::from_nanos(time);
        if self.as_written
            && let Some(bits) = seen.fd
        {
            return Err(written(&seen, bits, timestamp));
        }
        Ok(Some(Message {
            frame: seen.frame,
            timestamp,
            channel: seen.channel,
            direction: seen.direction,
        }))
    }

    /// What a line with a time holds.
    fn record(&mut self, text: &[u8], line: &Line<'_>) -> Result<Option<Seen>> {
        let form = Form {
            base: self.header.base,
            complete: line.complete,
        };
        let seen = match text {
            [b'0'..=b'9', ..] => classic(text, form)?,
            _ => match text.split_at_checked(5) {
                Some((tag, rest)) if tag.eq_ignore_ascii_case(b"CANFD") => fd(rest, form)?,
                Some((tag, _)) if tag.eq_ignore_ascii_case(b"CANXL") => return Err(xl()),
                _ => None,
            },
        };
        if seen.is_none() {
            // The beginning of a frame may look like another record.
            if !line.complete {
                return Err(expected("a whole line", text));
            }
            let start = [&b"Start of measurement"[..], b"Start der Messung"];
            if !start.contains(&text) {
                self.report.pass_over(1);
            }
        }
        Ok(seen)
    }
}

/// The error with a frame that CAN FD does not have.
#[cold]
fn written(seen: &Seen, (brs, esi): (bool, bool), timestamp: Timestamp) -> Error {
    let frame = &seen.frame;
    let mut data = [0; MAX_FD_LEN];
    data[..frame.len()].copy_from_slice(frame.payload());
    let written = WrittenFrame {
        timestamp,
        id: frame.id().raw(),
        extended: frame.id().is_extended(),
        remote: frame.is_remote(),
        error: frame.is_error(),
        fd: true,
        brs,
        esi,
        length: frame.dlc_len() as u8,
        data: (data, frame.len() as u8),
        channel: seen.channel,
        direction: seen.direction,
    };
    Error::malformed("CAN FD has no such frame").with_source(written)
}

fn xl() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "frames in the form of CAN XL are not supported",
    )
}
