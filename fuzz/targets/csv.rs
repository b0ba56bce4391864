//! Reading any bytes as a `.csv` file ends, and what was read is the same after it was written
//! and read again, in either form that keeps everything.
#![no_main]

use canbus::formats::{self, Input, Output};
use canbus::{Listener, Message};
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
    let input = Input::new("fuzz.csv", Cursor::new(bytes.to_vec()));
    let log = formats::read("csv", input, NO_OPTIONS).expect("nothing is read yet");
    let report = log.report();
    let (mut messages, mut outcomes) = (Vec::new(), 0);
    for message in log {
        outcomes += 1;
        match message {
            Ok(message) => messages.push(message),
            Err(error) => {
                let told = error.to_string();
                assert!(told.starts_with("fuzz.csv, line "), "{told}");
            }
        }
    }
    let lines = bytes.iter().filter(|&&byte| byte == b'\n').count() + 1;
    assert!(outcomes <= lines, "{outcomes} of {lines} lines");
    assert_eq!(report.bytes(), bytes.len() as u64);

    for columns in ["extended", "packed"] {
        let memory = Memory::default();
        let output = Output::new(memory.clone());
        let options = [("columns", columns)];
        let mut log = formats::write("csv", output, options).expect("valid options");
        let mut expected = Vec::new();
        for &message in &messages {
            match log.on_message(&message) {
                Ok(()) => expected.push(message),
                // Names of channels that would break the line.
                Err(error) => assert!(error.to_string().contains("a name without"), "{error}"),
            }
        }
        log.finish().expect("complete");
        let written = memory.0.lock().expect("one thread").clone();
        let input = Input::new("written.csv", Cursor::new(written));
        let again = formats::read("csv", input, NO_OPTIONS).expect("nothing is read yet");
        let again: Vec<Message> = again.map(|message| message.expect("valid")).collect();
        assert_eq!(again, expected, "{columns}");
    }
});
