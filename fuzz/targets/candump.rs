//! Reading any bytes as a `.log` file ends, and what was read is the same after it was written
//! and read again, but for channels by number and parts of a microsecond.
#![no_main]

use canbus::formats::{self, Input, Output};
use canbus::{Channel, Listener, Message, Timestamp};
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
    let input = Input::new("fuzz.log", Cursor::new(bytes.to_vec()));
    let log = formats::read("candump", input, NO_OPTIONS).expect("nothing is read yet");
    let report = log.report();
    let (mut messages, mut outcomes) = (Vec::new(), 0);
    for message in log {
        outcomes += 1;
        match message {
            Ok(message) => messages.push(message),
            Err(error) => {
                let told = error.to_string();
                assert!(told.starts_with("fuzz.log, line "), "{told}");
            }
        }
    }
    let lines = bytes.iter().filter(|&&byte| byte == b'\n').count() + 1;
    assert!(outcomes <= lines, "{outcomes} of {lines} lines");
    assert_eq!(report.bytes(), bytes.len() as u64);

    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write("candump", output, NO_OPTIONS).expect("valid options");
    let mut expected = Vec::new();
    for message in messages {
        match log.on_message(&message) {
            Ok(()) => expected.push(normal(message)),
            // Names that no other program would read are read, but not written.
            Err(error) => assert!(error.to_string().contains("without blanks"), "{error}"),
        }
    }
    log.finish().expect("complete");
    let written = memory.0.lock().expect("one thread").clone();
    let input = Input::new("written.log", Cursor::new(written));
    let again = formats::read("candump", input, NO_OPTIONS).expect("nothing is read yet");
    let again: Vec<Message> = again.map(|message| message.expect("valid")).collect();
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
