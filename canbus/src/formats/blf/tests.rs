//! What the tests of this format share: files put together from parts, and read back.

use super::container::Packer;
use super::header::FileHeader;
use super::object::encode;
use super::reader::Reader;
use crate::formats::Input;
use crate::frame::{Frame, Id};
use crate::message::{Channel, Direction, Message, Timestamp};
use jiff::tz::TimeZone;

/// A small message; each number gives another.
pub(super) fn message(number: u8) -> Message {
    let id = Id::standard(0x100 + u32::from(number)).expect("fits");
    let frame = Frame::data(id, &[number; 8][..usize::from(number % 9)]).expect("valid");
    Message {
        frame,
        timestamp: Timestamp::from_nanos(i64::from(number) * 1_000),
        channel: Some(Channel::number(u32::from(number % 3))),
        direction: Direction::Rx,
    }
}

pub(super) fn messages(numbers: std::ops::Range<u8>) -> Vec<Message> {
    numbers.map(message).collect()
}

/// The objects of these messages, in a file that starts at the epoch.
pub(super) fn objects(messages: &[Message]) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        let channel = message.channel.and_then(Channel::as_number).unwrap_or(0) as u16 + 1;
        encode(
            message,
            channel,
            message.timestamp.as_nanos() as u64,
            &mut out,
        );
    }
    out
}

/// An object of any type with a header of version 1.
pub(super) fn object(kind: u32, time: u64, body: &[u8]) -> Vec<u8> {
    let mut out = b"LOBJ\x20\0\x01\0".to_vec();
    out.extend_from_slice(&(32 + body.len() as u32).to_le_bytes());
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&2_u64.to_le_bytes());
    out.extend_from_slice(&time.to_le_bytes());
    out.extend_from_slice(body);
    out
}

/// A container of zlib's level; 0 stores.
pub(super) fn container(level: i64, objects: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    Packer::new(level)
        .pack(objects, &mut out)
        .expect("compresses");
    out
}

/// A file of these parts behind a header without a start time.
pub(super) fn file(parts: &[Vec<u8>]) -> Vec<u8> {
    [&FileHeader::new().to_bytes()[..], &parts.concat()].concat()
}

/// What a reader found.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Found {
    pub(super) messages: Vec<Message>,
    pub(super) errors: Vec<String>,
    pub(super) truncated: bool,
    pub(super) passed_over: u64,
}

/// Reads a file named `x.blf` to its end; the error that opening gives is one of the errors.
pub(super) fn read(bytes: &[u8]) -> Found {
    let input = Input::new("x.blf", std::io::Cursor::new(bytes.to_vec()));
    let report = input.report();
    let mut found = Found::default();
    match Reader::open(input, TimeZone::UTC) {
        Ok(mut reader) => {
            for message in reader.by_ref() {
                match message {
                    Ok(message) => found.messages.push(message),
                    Err(error) => found.errors.push(error.to_string()),
                }
            }
            assert!(reader.next().is_none(), "the end is the end");
        }
        Err(error) => found.errors.push(error.to_string()),
    }
    found.truncated = report.is_truncated();
    found.passed_over = report.passed_over();
    found
}
