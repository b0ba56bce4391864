//! Lines of Vector's tools, python-can and can-utils, and what is wrong with others.

mod continuing;
mod reading;
mod times;
mod writing;

use crate::error::Result;
use crate::formats::output::tests::Memory;
use crate::formats::{self, Input, LogReader, Output};
use crate::frame::{Frame, Id};
use crate::listener::Listener;
use crate::message::{Channel, Direction, Message, Timestamp};
use std::io::Cursor;

const UTC: (&str, &str) = ("tz", "utc");
const ABSOLUTE: (&str, &str) = ("relative_timestamp", "false");

fn reader(content: impl Into<Vec<u8>>, options: &[(&str, &str)]) -> LogReader {
    let input = Input::new("a.asc", Cursor::new(content.into()));
    formats::read(".asc", input, options.iter().copied()).expect("valid options")
}

fn all(content: impl Into<Vec<u8>>, options: &[(&str, &str)]) -> Vec<Message> {
    let read: Result<Vec<Message>> = reader(content, options).collect();
    read.expect("no error")
}

/// The only message of a line.
fn read(line: &str) -> Message {
    let mut messages = all(format!("{line}\n"), &[]);
    assert_eq!(messages.len(), 1, "{line}");
    messages.remove(0)
}

/// Why a line is no message.
fn refused(line: &str) -> String {
    let mut outcomes: Vec<Result<Message>> = reader(format!("{line}\n"), &[]).collect();
    assert_eq!(outcomes.len(), 1, "{line}");
    outcomes.remove(0).expect_err(line).to_string()
}

/// What is written for messages, with times of UTC.
fn written(messages: &[Message], options: &[(&str, &str)]) -> String {
    let memory = Memory::default();
    let given = options.iter().any(|(name, _)| *name == UTC.0);
    let zone = (!given).then_some(UTC);
    let options = zone.into_iter().chain(options.iter().copied());
    let mut log = formats::write("asc", Output::new(memory.clone()), options).expect("valid");
    for message in messages {
        log.on_message(message).expect("written");
    }
    log.finish().expect("complete");
    memory.text()
}

/// The lines of the messages, without header and trigger block.
fn lines(messages: &[Message]) -> Vec<String> {
    let text = written(messages, &[]);
    let is_line = |line: &&str| line.starts_with(' ') && !line.ends_with("measurement");
    text.lines().filter(is_line).map(String::from).collect()
}

fn standard(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn extended(raw: u32) -> Id {
    Id::extended(raw).expect("fits")
}

fn data(raw: u32, bytes: &[u8]) -> Frame {
    Frame::data(standard(raw), bytes).expect("valid")
}

fn at(nanos: i64, frame: Frame) -> Message {
    Message::received(frame, Timestamp::from_nanos(nanos)).on(Channel::number(0))
}

fn sent(message: Message) -> Message {
    Message {
        direction: Direction::Tx,
        ..message
    }
}

fn times(messages: &[Message]) -> Vec<i64> {
    let nanos = |message: &Message| message.timestamp.as_nanos();
    messages.iter().map(nanos).collect()
}
