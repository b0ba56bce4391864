//! What the fuzz targets of text formats share: reading any bytes, and writing and reading again.

use canbus::formats::{self, Input, Output};
use canbus::{Listener, Message};
use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex};

/// Options of readers and writers.
pub type Options<'a> = &'a [(&'a str, &'a str)];

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

/// What can be read of the bytes. Every error names its line, and all is read.
pub fn read(format: &str, bytes: &[u8], options: Options<'_>) -> Vec<Message> {
    let name = format!("fuzz.{format}");
    let input = Input::new(&name, Cursor::new(bytes.to_vec()));
    let log = formats::read(format, input, options.iter().copied()).expect("valid options");
    let report = log.report();
    let (mut messages, mut outcomes) = (Vec::new(), 0);
    for message in log {
        outcomes += 1;
        match message {
            Ok(message) => messages.push(message),
            Err(error) => {
                let told = error.to_string();
                assert!(told.starts_with(&format!("{name}, line ")), "{told}");
            }
        }
    }
    // A letter of another encoding may become a line feed.
    let most = bytes.len();
    assert!(outcomes <= most, "{outcomes} of {most} bytes");
    assert_eq!(report.bytes(), bytes.len() as u64);
    messages
}

/// Writes messages and reads them again: those that were written, and those that were read. What
/// is refused may only be so for a name, in these words.
pub fn again(
    format: &str,
    messages: &[Message],
    (writer, reader): (Options<'_>, Options<'_>),
    refused: Option<&str>,
) -> (Vec<Message>, Vec<Message>) {
    let memory = Memory::default();
    let output = Output::new(memory.clone());
    let mut log = formats::write(format, output, writer.iter().copied()).expect("valid options");
    let mut taken = Vec::new();
    for &message in messages {
        match (log.on_message(&message), refused) {
            (Ok(()), _) => taken.push(message),
            (Err(error), Some(words)) => assert!(error.to_string().contains(words), "{error}"),
            (Err(error), None) => panic!("{message:?}: {error}"),
        }
    }
    log.finish().expect("complete");
    let written = memory.0.lock().expect("one thread").clone();
    let input = Input::new("written", Cursor::new(written));
    let log = formats::read(format, input, reader.iter().copied()).expect("valid options");
    let read = log.map(|message| message.expect("valid")).collect();
    (taken, read)
}
