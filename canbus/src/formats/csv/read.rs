//! Reads the lines.

use super::columns::{Column, Columns, STANDARD};
use super::fields::{Fields, Values};
use super::{COMMA, expected, packed, quick, time};
use crate::error::Result;
use crate::formats::lines::{Line, Lines};
use crate::formats::table::{Extra, Row};
use crate::formats::{Input, Messages};
use crate::frame::MAX_FD_LEN;
use crate::message::{Channel, Direction, Message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

/// The messages of a log.
pub(super) fn messages(input: Input) -> Messages {
    let mut parser = Parser::default();
    let mut fields = Fields::default();
    Box::new(Lines::new(input).messages(move |line| {
        if parser.standard
            && line.complete
            && let Some(message) = quick::parse(line.text)
        {
            return Some(Ok(message));
        }
        let values = fields.split(line.text);
        parser.parse(&line, &values).transpose()
    }))
}

#[derive(Default)]
struct Parser {
    /// Known from the first line on, whether or not that is a header.
    columns: Option<Columns>,
    /// Whether they are python-can's.
    standard: bool,
    channels: Channels,
}

impl Parser {
    #[inline]
    fn parse(&mut self, line: &Line<'_>, values: &Values<'_>) -> Result<Option<Message>> {
        let may_be_header = line.text.first().is_none_or(|&byte| !is_of_number(byte));
        if may_be_header && let Some(outcome) = self.parse_header(line, values) {
            return outcome;
        }
        if self.columns.is_none() {
            self.set_columns(Columns::of_count(values.len()));
        }
        let Some(columns) = &self.columns else {
            return Ok(None);
        };
        // Of a line that has no end, more than that may be missing.
        let cut = !line.complete && columns.have_extra() && line.text.ends_with(&[COMMA]);
        columns.check(values.len() - usize::from(cut), line.complete, line.text)?;
        let get = |column| {
            columns
                .place(column)
                .map_or(&[][..], |place| values.get(place))
        };
        let channels = &mut self.channels;

        let mut extra = Extra::NONE;
        let mut flag = |column| match get(column) {
            b"0" | [] => Ok(false),
            b"1" => Ok(true),
            other => parse_flag(other, &mut extra, channels),
        };
        let (extended, remote, error) = (
            flag(Column::Extended)?,
            flag(Column::Remote)?,
            flag(Column::Error)?,
        );
        if columns.have_extra() {
            let channel = columns.place(Column::Channel);
            let channel = channel.map_or(&[][..], |place| values.name(place));
            extra.channel = channels.find(channel)?.or(extra.channel);
            extra_columns(get, &mut extra)?;
        }
        let mut bytes = [0; MAX_FD_LEN + 2];
        let data = parse_data(get(Column::Data), &mut bytes)?;
        let row = Row {
            id: parse_id(get(Column::ArbitrationId))?,
            extended,
            remote,
            error,
            dlc: match get(Column::Dlc) {
                [] if columns.place(Column::Dlc).is_none() => data.len(),
                text => parse_dlc(text)?,
            },
            data,
        };
        Ok(Some(Message {
            frame: row.frame(&extra)?,
            timestamp: time::parse(get(Column::Timestamp))?,
            channel: extra.channel,
            direction: extra.direction,
        }))
    }

    fn set_columns(&mut self, columns: Columns) {
        self.standard = columns == Columns::of_count(STANDARD);
        self.columns = Some(columns);
    }

    /// A line that begins with a word is empty, a header, or in a table with other columns in
    /// front: `None`. Files that were put behind each other have several headers.
    #[cold]
    fn parse_header(
        &mut self,
        line: &Line<'_>,
        values: &Values<'_>,
    ) -> Option<Result<Option<Message>>> {
        if line.text.trim_ascii().is_empty() {
            return Some(Ok(None));
        }
        if let Some(columns) = Columns::of_header(values.iter()) {
            self.set_columns(columns);
            return Some(Ok(None));
        }
        if self.columns.is_some() {
            return None;
        }
        // What stands below may have the usual columns all the same.
        self.set_columns(Columns::of_count(STANDARD));
        let wanted = "a header with the columns timestamp, arbitration_id and data";
        Some(Err(expected(wanted, line.text)))
    }
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.')
}

/// The values that python-can does not have, but for the channel.
fn extra_columns<'a>(get: impl Fn(Column) -> &'a [u8], extra: &mut Extra) -> Result<()> {
    match get(Column::Direction) {
        [] => {}
        text if text.eq_ignore_ascii_case(b"rx") => extra.direction = Direction::Rx,
        text if text.eq_ignore_ascii_case(b"tx") => extra.direction = Direction::Tx,
        other => return Err(expected("a direction Rx or Tx", other)),
    }
    for (column, flag) in [
        (Column::Fd, &mut extra.fd),
        (Column::Brs, &mut extra.brs),
        (Column::Esi, &mut extra.esi),
    ] {
        *flag |= match get(column) {
            [] => false,
            text => truth(text).ok_or_else(|| expected("0 or 1", text))?,
        };
    }
    match get(Column::RawDlc) {
        [] => {}
        text => extra.raw_dlc = Some(packed::parse_raw_dlc(text)?),
    }
    Ok(())
}

/// Flags that are neither 0 nor 1: those of other programs, and what stands behind a 0.
#[cold]
fn parse_flag(text: &[u8], extra: &mut Extra, channels: &mut Channels) -> Result<bool> {
    match (truth(text), text) {
        (Some(set), _) => Ok(set),
        (None, [b'0', words @ ..]) => {
            packed::parse(words, extra, |name| channels.find(name)).map(|()| false)
        }
        (None, other) => Err(expected("0 or 1", other)),
    }
}

fn truth(text: &[u8]) -> Option<bool> {
    match text {
        b"0" => Some(false),
        b"1" => Some(true),
        text if text.eq_ignore_ascii_case(b"false") => Some(false),
        text if text.eq_ignore_ascii_case(b"true") => Some(true),
        _ => None,
    }
}

/// Hexadecimal digits with or without `0x` before them.
#[inline]
fn parse_id(text: &[u8]) -> Result<u32> {
    let (b"0x" | b"0X", digits) = text.split_at(text.len().min(2)) else {
        return parse_digits(text, text);
    };
    parse_digits(digits, text)
}

#[inline]
fn parse_digits(digits: &[u8], text: &[u8]) -> Result<u32> {
    let mut id: u32 = 0;
    let mut wrong = digits.is_empty() || digits.len() > 8;
    for &byte in digits {
        let digit = (byte as char).to_digit(16);
        wrong |= digit.is_none();
        id = id << 4 | digit.unwrap_or(0);
    }
    if wrong {
        return Err(expected("an arbitration ID such as 0x123", text));
    }
    Ok(id)
}

#[inline]
fn parse_dlc(text: &[u8]) -> Result<usize> {
    match *text {
        [digit @ b'0'..=b'9'] => Ok(usize::from(digit - b'0')),
        [tens @ b'0'..=b'9', digit @ b'0'..=b'9'] => {
            Ok(usize::from(tens - b'0') * 10 + usize::from(digit - b'0'))
        }
        _ => Err(expected("a dlc of 0 to 64", text)),
    }
}

#[inline]
fn parse_data<'a>(text: &[u8], bytes: &'a mut [u8]) -> Result<&'a [u8]> {
    match BASE64.decode_slice(text, bytes) {
        Ok(len) if len <= MAX_FD_LEN => Ok(&bytes[..len]),
        _ => Err(expected("up to 64 bytes of data in base64", text)),
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

    fn find(&mut self, name: &[u8]) -> Result<Option<Channel>> {
        if name.is_empty() {
            return Ok(None);
        }
        if let Some((_, channel)) = self.known.iter().find(|(known, _)| **known == *name) {
            return Ok(Some(*channel));
        }
        let text = str::from_utf8(name).map_err(|_| expected("a channel's name", name))?;
        let channel = Channel::parse(text);
        if self.known.len() < Channels::MOST {
            self.known.push((name.into(), channel));
        }
        Ok(Some(channel))
    }
}
