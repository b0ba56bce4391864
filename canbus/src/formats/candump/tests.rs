//! Lines of python-can and can-utils, and what is wrong with others.

mod reading;
mod writing;

use crate::error::Result;
use crate::formats::{self, Input, LogReader};
use crate::frame::{Frame, Id};
use crate::message::{Channel, Direction, Message, Timestamp};
use std::io::Cursor;

const NO_OPTIONS: [(&str, &str); 0] = [];

fn reader(content: impl Into<Vec<u8>>) -> LogReader {
    let input = Input::new("a.log", Cursor::new(content.into()));
    formats::read(".log", input, NO_OPTIONS).expect("no options")
}

/// The only message of a line.
fn read(line: &str) -> Message {
    let mut messages: Vec<Result<Message>> = reader(format!("{line}\n")).collect();
    assert_eq!(messages.len(), 1, "{line}");
    messages.remove(0).expect(line)
}

fn standard(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn extended(raw: u32) -> Id {
    Id::extended(raw).expect("fits")
}

fn message(nanos: i64, channel: Channel, frame: Result<Frame>, direction: Direction) -> Message {
    Message {
        frame: frame.expect("valid"),
        timestamp: Timestamp::from_nanos(nanos),
        channel: Some(channel),
        direction,
    }
}

/// What python-can 4.6.1's `CanutilsLogWriter` wrote for [`samples`].
const WRITTEN_BY_PYTHON_CAN: &str = "\
(1.500000) can0 123#01AB R
(1600000000.123456) vcan7 00000123# T
(1600000001.000000) vcan0 1FFFFFFF#0001020304050607 R
(1600000001.000000) can3 7FF#R R
(1600000002.000000) can12 18FF50E5##3000102030405060708090A0B T
(1600000002.000000) can1 000##0 R
(1600000002.000000) can1 001##1FF R
(1600000002.000000) can1 001##2FF R
(1600000003.000000) can1 20000080#
";

fn samples() -> Vec<Message> {
    use Direction::{Rx, Tx};
    const SECOND: i64 = 1_000_000_000;
    let can1 = Channel::named("can1");
    let then = 1_600_000_000 * SECOND;
    vec![
        message(
            1_500_000_000,
            Channel::number(0),
            Frame::data(standard(0x123), &[1, 0xAB]),
            Rx,
        ),
        message(
            then + 123_456_000,
            Channel::named("vcan7"),
            Frame::data(extended(0x123), &[]),
            Tx,
        ),
        // It was given to both as 0.9999996 s and is rounded.
        message(
            then + 999_999_600,
            Channel::named("vcan0"),
            Frame::data(extended(0x1FFF_FFFF), &[0, 1, 2, 3, 4, 5, 6, 7]),
            Rx,
        ),
        message(
            then + SECOND,
            Channel::named("3"),
            Frame::remote(standard(0x7FF), 0),
            Rx,
        ),
        message(
            then + 2 * SECOND,
            Channel::number(12),
            Frame::fd(
                extended(0x18FF_50E5),
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
                true,
                true,
            ),
            Tx,
        ),
        message(
            then + 2 * SECOND,
            can1,
            Frame::fd(standard(0), &[], false, false),
            Rx,
        ),
        message(
            then + 2 * SECOND,
            can1,
            Frame::fd(standard(1), &[0xFF], true, false),
            Rx,
        ),
        message(
            then + 2 * SECOND,
            can1,
            Frame::fd(standard(1), &[0xFF], false, true),
            Rx,
        ),
        message(
            then + 3 * SECOND,
            Channel::number(1),
            Frame::error(extended(0), &[]),
            Rx,
        ),
    ]
}
