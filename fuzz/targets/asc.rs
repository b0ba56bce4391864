//! Reading any bytes as an `.asc` file ends, in every way of reading; and what was read is the same
//! after it was written and read again, but for parts of a microsecond.
#![no_main]

use canbus::{Channel, Message, Timestamp};
use libfuzzer_sys::fuzz_target;

const UTC: (&str, &str) = ("tz", "utc");
const ABSOLUTE: (&str, &str) = ("relative_timestamp", "false");

fuzz_target!(|bytes: &[u8]| {
    for options in [
        &[UTC][..],
        &[UTC, ("base", "dec")],
        &[UTC, ("encoding", "cp1252")],
    ] {
        text::read("asc", bytes, options);
    }
    let messages = text::read("asc", bytes, &[UTC, ABSOLUTE]);
    for format in ["absolute", "relative"] {
        let options = (
            &[UTC, ("timestamps_format", format)][..],
            &[UTC, ABSOLUTE][..],
        );
        let (_, again) = text::again("asc", &messages, options, None);
        let expected: Vec<Message> = messages.iter().map(normal).collect();
        assert_eq!(again, expected);
    }
});

fn normal(message: &Message) -> Message {
    let micros = message.timestamp.as_micros_rounded();
    let micros = micros.clamp(i64::MIN / 1000 + 1000, i64::MAX / 1000);
    Message {
        timestamp: Timestamp::from_nanos(micros * 1000),
        // A channel of 0 is none, and becomes the first.
        channel: message.channel.or(Some(Channel::number(0))),
        ..*message
    }
}
