//! Reading any bytes as a `.log` file ends, and what was read is the same after it was written
//! and read again, but for channels by number and parts of a microsecond.
#![no_main]

use canbus::{Channel, Message, Timestamp};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let messages = text::read("log", bytes, &[]);
    // Names that no other program would read are read, but not written.
    let refused = Some("without blanks");
    let (written, again) = text::again("log", &messages, (&[], &[]), refused);
    let expected: Vec<Message> = written.into_iter().map(normal).collect();
    assert_eq!(again, expected);
});

fn normal(message: Message) -> Message {
    let micros = message.timestamp.as_micros_rounded();
    let micros = micros.clamp(i64::MIN / 1000, i64::MAX / 1000);
    let name = message.channel.map(|channel| channel.to_string());
    let channel = name.map(|name| {
        let digits = name.bytes().all(|byte| byte.is_ascii_digit());
        Channel::named(&if digits { format!("can{name}") } else { name })
    });
    Message {
        timestamp: Timestamp::from_nanos(micros * 1000),
        channel,
        ..message
    }
}
