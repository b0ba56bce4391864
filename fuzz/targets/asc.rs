//! Reading any bytes as an `.asc` file ends, in every way of reading; and what was read is the same
//! after it was written and read again, but for parts of a microsecond.
#![no_main]

use canbus::formats::{self, Input, Output};
use canbus::{Channel, Listener, Message, Timestamp};
use libfuzzer_sys::fuzz_target;
use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex};

const UTC: (&str, &str) = ("tz", "utc");
const ABSOLUTE: (&str, &str) = ("relative_timestamp", "false");

/// Keeps what is written to it.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Write for Memory {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("one thread").write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fuzz_target!(|bytes: &[u8]| {
    for options in [
        &[UTC][..],
        &[UTC, ("base", "dec")],
        &[UTC, ("encoding", "cp1252")],
    ] {
        read(bytes, options);
    }
    let messages = read(bytes, &[UTC, ABSOLUTE]);
    for format in ["absolute", "relative"] {
        let memory = Memory::default();
        let output = Output::new(memory.clone());
        let options = [UTC, ("timestamps_format", format)];
        let mut log = formats::write("asc", output, options).expect("valid options");
        for message in &messages {
            log.on_message(message).expect("written");
        }
        log.finish().expect("complete");
        let written = memory.0.lock().expect("one thread").clone();
        let input = Input::new("written.asc", Cursor::new(written));
        let again = formats::read("asc", input, [UTC, ABSOLUTE]).expect("valid options");
        let again: Vec<Message> = again.map(|message| message.expect("valid")).collect();
        let expected: Vec<Message> = messages.iter().map(normal).collect();
        assert_eq!(again, expected);
    }
});

/// What can be read of the bytes.
fn read(bytes: &[u8], options: &[(&str, &str)]) -> Vec<Message> {
    let input = Input::new("fuzz.asc", Cursor::new(bytes.to_vec()));
    let log = formats::read("asc", input, options.iter().copied()).expect("valid options");
    let report = log.report();
    let (mut messages, mut outcomes) = (Vec::new(), 0);
    for message in log {
        outcomes += 1;
        match message {
            Ok(message) => messages.push(message),
            Err(error) => {
                let told = error.to_string();
                assert!(told.starts_with("fuzz.asc, line "), "{told}");
            }
        }
    }
    // A letter of another encoding may become a line feed.
    assert!(
        outcomes <= bytes.len(),
        "{outcomes} of {} bytes",
        bytes.len()
    );
    assert_eq!(report.bytes(), bytes.len() as u64);
    messages
}

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
