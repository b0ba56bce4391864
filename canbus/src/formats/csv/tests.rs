//! Lines of python-can, what is wrong with others, and the columns it does not have.

mod reading;
mod writing;

use crate::error::Result;
use crate::formats::{self, Input, LogReader};
use crate::frame::{Frame, Id};
use crate::message::{Channel, Direction, Message, Timestamp};
use std::io::Cursor;

const NO_OPTIONS: [(&str, &str); 0] = [];

fn reader(content: impl Into<Vec<u8>>) -> LogReader {
    let input = Input::new("a.csv", Cursor::new(content.into()));
    formats::read(".csv", input, NO_OPTIONS).expect("no options")
}

fn standard(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn extended(raw: u32) -> Id {
    Id::extended(raw).expect("fits")
}

fn message(nanos: i64, frame: Result<Frame>) -> Message {
    Message::received(frame.expect("valid"), Timestamp::from_nanos(nanos))
}

/// What python-can 4.6.1's `CSVWriter` wrote for [`samples`] of its own.
const WRITTEN_BY_PYTHON_CAN: &str = "\
timestamp,arbitration_id,extended,remote,error,dlc,data
1.5,0x123,0,0,0,2,Aas=
1600000000.123456,0x123,1,0,0,0,
1600000001.0,0x1fffffff,1,0,0,8,AAECAwQFBgc=
1600000001.25,0x7ff,0,1,0,5,
1600000002.0,0x0,0,0,0,0,
0.0001,0x80,1,0,1,8,AAECAwQFBgc=
-0.5,0x0,1,0,1,0,
";

fn samples() -> Vec<Message> {
    const SECOND: i64 = 1_000_000_000;
    let then = 1_600_000_000 * SECOND;
    let eight = [0, 1, 2, 3, 4, 5, 6, 7];
    vec![
        message(1_500_000_000, Frame::data(standard(0x123), &[1, 0xAB])),
        message(then + 123_456_000, Frame::data(extended(0x123), &[])),
        message(then + SECOND, Frame::data(extended(0x1FFF_FFFF), &eight)),
        message(then + 1_250_000_000, Frame::remote(standard(0x7FF), 5)),
        message(then + 2 * SECOND, Frame::data(standard(0), &[])),
        message(100_000, Frame::error(extended(0x80), &eight)),
        message(-500_000_000, Frame::error(extended(0), &[])),
    ]
}

/// Messages that use all that python-can's columns leave out.
fn everything() -> Vec<Message> {
    let eight = Frame::data(extended(0x123), &[8; 8]).expect("valid");
    let frames = [
        Frame::data(standard(1), &[1]),
        Frame::fd(extended(2), &[], false, false),
        Frame::fd(standard(3), &[3; 8], true, false),
        Frame::fd(standard(4), &[4; 64], true, true),
        eight.with_raw_dlc(9),
        Frame::remote(standard(6), 8).and_then(|frame| frame.with_raw_dlc(15)),
        Frame::remote(standard(7), 3),
        Frame::error(extended(0x24), &[1, 2, 3]),
        Frame::error(extended(0), &[]),
    ];
    let channels = [
        None,
        Some(Channel::number(0)),
        Some(Channel::named("can0")),
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
                ..message(nanos, Ok(frame))
            });
        }
    }
    messages
}
