//! Reading any bytes as a `.trc` file ends, and what was read is the same after it was written
//! and read again, but for parts of a microsecond.
#![no_main]

use canbus::{Channel, Frame, Id, Message, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut messages = text::read("trc", bytes, &[]);
    // Times further apart than a number of 64 bits holds are clamped.
    let first = messages
        .first()
        .map_or(0, |message| message.timestamp.as_nanos());
    let far = |message: &Message| {
        message
            .timestamp
            .as_nanos()
            .checked_sub(first - first % 2_000_000)
            .is_none()
    };
    messages.retain(|message| !far(message));
    let (_, again) = text::again("trc", &messages, (&[], &[]), None);
    assert_eq!(again.len(), messages.len());
    for (again, message) in again.iter().zip(messages) {
        let apart = again.timestamp.nanos_since(message.timestamp).abs();
        assert!(apart <= 1_000, "{again:?} {message:?}");
        assert_eq!(*again, normal(message, again.timestamp));
    }
});

fn normal(message: Message, timestamp: Timestamp) -> Message {
    let frame = if message.frame.is_error() {
        let id = Id::extended(message.frame.id().raw()).expect("fits");
        Frame::error(id, message.frame.payload()).expect("valid")
    } else {
        message.frame
    };
    Message {
        frame,
        timestamp,
        channel: message.channel.or(Some(Channel::number(1))),
        ..message
    }
}
