//! Records as PEAK's programs and python-can write them, and what is wrong with others.

mod reading;
mod writing;

use crate::error::Result;
use crate::formats::output::tests::Memory;
use crate::formats::{self, Input, LogReader, Output};
use crate::frame::{Frame, Id};
use crate::listener::Listener;
use crate::message::{Channel, Direction, Message, Timestamp};
use std::io::Cursor;

const NO_OPTIONS: [(&str, &str); 0] = [];

/// 2021-12-18 14:28:07.062 UTC, the start of the traces here.
const START: i64 = 1_639_837_687_062_000_000;

fn reader(content: impl Into<Vec<u8>>, options: &[(&str, &str)]) -> LogReader {
    let input = Input::new("a.trc", Cursor::new(content.into()));
    formats::read(".trc", input, options.iter().copied()).expect("valid options")
}

/// All messages, of which none is damaged, and how many records were passed over.
fn read(content: &str) -> (Vec<Message>, u64) {
    let log = reader(content, &[]);
    let report = log.report();
    let messages: Result<Vec<Message>> = log.collect();
    (messages.expect(content), report.passed_over())
}

fn write(messages: &[Message], options: &[(&str, &str)]) -> String {
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write(".trc", output, options.iter().copied()).expect("valid options");
    log.on_batch(messages).expect("written");
    log.finish().expect("complete");
    memory.text()
}

/// The records without the header.
fn records(text: &str) -> Vec<&str> {
    let lines = text.split_terminator("\r\n");
    lines.filter(|line| !line.starts_with(';')).collect()
}

fn standard(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn extended(raw: u32) -> Id {
    Id::extended(raw).expect("fits")
}

/// A message on bus 1, so many microseconds after the start.
fn message(micros: i64, frame: Result<Frame>, direction: Direction) -> Message {
    Message {
        frame: frame.expect("valid"),
        timestamp: Timestamp::from_nanos(START + micros * 1000),
        channel: Some(Channel::number(1)),
        direction,
    }
}

/// One of each kind, as far as version 2.1 has them.
fn samples() -> Vec<Message> {
    use Direction::{Rx, Tx};
    let bytes = [0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE];
    let twelve: Vec<u8> = (1..=12).collect();
    let no_acknowledge = [0, 0, 0x80, 0x19, 0, 0, 8, 0];
    vec![
        message(0, Frame::data(standard(0x300), &bytes[..7]), Rx),
        message(1_283_231, Frame::data(extended(0x300), &[]), Tx),
        message(
            1_298_945,
            Frame::fd(standard(0x500), &twelve, false, false),
            Tx,
        ),
        message(
            1_298_945,
            Frame::fd(standard(0x500), &bytes, true, false),
            Rx,
        ),
        message(1_298_946, Frame::fd(standard(0x500), &[], true, true), Rx),
        message(
            1_298_946,
            Frame::fd(extended(0x1FFF_FFFF), &[7], false, true),
            Rx,
        ),
        message(2_000_000, Frame::remote(standard(0x100), 3), Rx),
        message(
            2_000_000,
            Frame::error(extended(0x288), &no_acknowledge),
            Tx,
        ),
        message(3_000_000, Frame::error(extended(0), &[]), Rx),
    ]
}
