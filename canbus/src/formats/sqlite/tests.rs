//! Databases of ours and of python-can, whole and damaged.

mod damage;
mod plain;
mod reading;
mod writing;

use crate::error::Result;
use crate::formats;
use crate::frame::{Frame, Id};
use crate::listener::Listener;
use crate::message::{Channel, Direction, Message, Timestamp};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const NO_OPTIONS: [(&str, &str); 0] = [];
const EXTENDED: [(&str, &str); 1] = [("columns", "extended")];

/// As python-can 4.6.1 makes it.
const TABLE_OF_PYTHON_CAN: &str = "CREATE TABLE IF NOT EXISTS messages
            (
              ts REAL,
              arbitration_id INTEGER,
              extended INTEGER,
              remote INTEGER,
              error INTEGER,
              dlc INTEGER,
              data BLOB
            )";

fn file() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.db");
    (folder, path)
}

/// A message that is told by its number.
fn numbered(number: u32) -> Message {
    let id = Id::extended(number).expect("fits");
    let frame = Frame::data(id, &number.to_be_bytes()).expect("valid");
    let nanos = 1_700_000_000_000_000_000 + i64::from(number) * 1_000_000;
    Message::received(frame, Timestamp::from_nanos(nanos))
}

/// What all messages of a file are, and what is said of the rest.
fn outcomes(path: &Path) -> (Vec<Message>, Vec<String>) {
    let (mut messages, mut errors) = (Vec::new(), Vec::new());
    for outcome in formats::open(path, NO_OPTIONS).expect("opened") {
        match outcome {
            Ok(message) => messages.push(message),
            Err(error) => errors.push(error.to_string()),
        }
    }
    (messages, errors)
}

fn read(path: &Path) -> Vec<Message> {
    let (messages, errors) = outcomes(path);
    assert_eq!(errors, [""; 0]);
    messages
}

fn numbers(messages: &[Message]) -> Vec<u32> {
    messages
        .iter()
        .map(|message| message.frame.id().raw())
        .collect()
}

/// Writes messages with these numbers.
fn write(path: &Path, numbers: std::ops::Range<u32>) {
    let mut log = formats::append(path, NO_OPTIONS).expect("opened");
    for number in numbers {
        log.on_message(&numbered(number)).expect("written");
    }
    log.finish().expect("complete");
}

/// What is in the folder of a file.
fn beside(path: &Path) -> Vec<String> {
    let folder = path.parent().expect("a folder");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Messages that use all that python-can's columns leave out.
fn everything() -> Vec<Message> {
    let id = Id::extended(0x123).expect("fits");
    let low = Id::standard(0x7).expect("fits");
    let frames: [Result<Frame>; 8] = [
        Frame::data(low, &[1]),
        Frame::fd(id, &[], false, false),
        Frame::fd(low, &[3; 8], true, false),
        Frame::fd(id, &[4; 64], true, true),
        Frame::data(id, &[8; 8]).and_then(|frame| frame.with_raw_dlc(9)),
        Frame::remote(low, 8).and_then(|frame| frame.with_raw_dlc(15)),
        Frame::remote(id, 3),
        Frame::error(id, &[1, 2, 3]),
    ];
    let channels = [
        None,
        Some(Channel::number(0)),
        Some(Channel::named("0")),
        Some(Channel::named("käse 7")),
    ];
    let mut messages = Vec::new();
    for (index, frame) in frames.into_iter().enumerate() {
        let frame = frame.expect("valid");
        for (step, channel) in channels.iter().enumerate() {
            let nanos = 1_700_000_000_123_456_789 + (index * 10 + step) as i64;
            messages.push(Message {
                channel: *channel,
                direction: if step % 2 == 0 {
                    Direction::Rx
                } else {
                    Direction::Tx
                },
                ..Message::received(frame, Timestamp::from_nanos(nanos))
            });
        }
    }
    messages
}

fn sql(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("opened");
    connection.execute_batch(sql).expect("valid");
}
