//! Reading any bytes as a `.trc` file ends, and what was read is the same after it was written
//! and read again, but for parts of a microsecond.
#![no_main]

use canbus::formats::{self, Input, Output};
use canbus::{Channel, Frame, Id, Listener, Message, Timestamp};
use libfuzzer_sys::fuzz_target;
use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex};

const NO_OPTIONS: [(&str, &str); 0] = [];

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
    let input = Input::new("fuzz.trc", Cursor::new(bytes.to_vec()));
    let log = formats::read("trc", input, NO_OPTIONS).expect("nothing is read yet");
    let report = log.report();
    let (mut messages, mut outcomes) = (Vec::new(), 0);
    for message in log {
        outcomes += 1;
        match message {
            Ok(message) => messages.push(message),
            Err(error) => {
                let told = error.to_string();
                assert!(told.starts_with("fuzz.trc, line "), "{told}");
            }
        }
    }
    let lines = bytes.iter().filter(|&&byte| byte == b'\n').count() + 1;
    assert!(outcomes <= lines, "{outcomes} of {lines} lines");
    assert_eq!(report.bytes(), bytes.len() as u64);

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
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write("trc", output, NO_OPTIONS).expect("valid options");
    log.on_batch(&messages).expect("every frame is held");
    log.finish().expect("complete");
    let written = memory.0.lock().expect("one thread").clone();
    let input = Input::new("written.trc", Cursor::new(written));
    let again = formats::read("trc", input, NO_OPTIONS).expect("nothing is read yet");
    let again: Vec<Message> = again.map(|message| message.expect("valid")).collect();
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
