//! `.txt` files: every message as it is printed, for people; written, never read.

use super::{ChannelFidelity, Fidelity, Format, Output, Writing, encoding};
use crate::error::Result;
use crate::listener::{Listener, Printer};
use crate::message::Message;
use crate::options::Options;
use std::io::BufWriter;

/// The row of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "text",
    extension: ".txt",
    summary: "each message as it is printed",
    fidelity: Fidelity {
        fd: true,
        remote: true,
        remote_dlc: true,
        error: true,
        error_cause: true,
        raw_dlc: false,
        direction: true,
        channel: ChannelFidelity::Name,
        resolution: 1000,
        negative_time: true,
        earlier_than_first: true,
    },
    read: None,
    write: Some(Writing {
        needs_file: false,
        keeps: None,
        options: &[encoding::ENCODING],
        create,
    }),
};

/// How much is collected before the system gets it.
const CAPACITY: usize = 1 << 16;

fn create(output: Output, options: &Options) -> Result<Box<dyn Listener>> {
    let mut output = encoding::encode(output, options)?;
    output.end_cut_line()?;
    let out = BufWriter::with_capacity(CAPACITY, output);
    Ok(Box::new(Text(Printer::new(out))))
}

/// A printer that completes its file.
struct Text(Printer<BufWriter<Output>>);

impl Listener for Text {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.0.on_message(message)
    }

    fn flush(&mut self) -> Result<()> {
        self.0.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.0.finish()?;
        self.0.get_mut().get_mut().finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::error::ErrorKind;
    use crate::formats::output::tests::Memory;
    use crate::formats::{self, Output};
    use crate::frame::{Frame, Id};
    use crate::listener::Listener;
    use crate::message::{Message, Timestamp};

    const NO_OPTIONS: [(&str, &str); 0] = [];

    fn message() -> Message {
        let frame = Frame::data(Id::standard(0x123).expect("fits"), &[1, 0xAB]).expect("valid");
        Message::received(frame, Timestamp::from_nanos(1_500_000_000))
    }

    /// As python-can 4.6.1's `Printer` wrote it.
    const LINE: &str = "Timestamp:        1.500000    ID:      123    S Rx                DL:  2    \
                        01 ab\n";

    #[test]
    fn each_message_is_a_printed_line_buffered_until_flushed() {
        let memory = Memory::default();
        let output = Output::new(memory.clone());
        let mut log = formats::write(".txt", output, NO_OPTIONS).expect("no options");
        log.on_message(&message()).expect("written");
        assert_eq!(memory.text(), "");
        log.flush().expect("flushed");
        assert_eq!(memory.text(), LINE);
        log.on_message(&message()).expect("written");
        log.finish().expect("complete");
        assert_eq!(memory.text(), LINE.repeat(2));
        assert_eq!(log.file_size(), 2 * LINE.len() as u64);
    }

    #[test]
    fn a_compressed_or_continued_file_is_complete() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "cut").expect("written");
        let mut log = formats::append(&path, NO_OPTIONS).expect("open");
        log.on_message(&message()).expect("written");
        log.finish().expect("complete");
        let text = std::fs::read_to_string(&path).expect("there");
        assert_eq!(text, format!("cut\n{LINE}"));

        let memory = Memory::default();
        let output = Output::new(memory.clone());
        let mut log = formats::write(".txt.gz", output, NO_OPTIONS).expect("no options");
        log.on_message(&message()).expect("written");
        log.finish().expect("complete");
        let mut text = String::new();
        let bytes = memory.bytes();
        let mut decoder = flate2::read::GzDecoder::new(&bytes[..]);
        std::io::Read::read_to_string(&mut decoder, &mut text).expect("whole");
        assert_eq!(text, LINE);
    }

    #[test]
    fn it_is_not_read() {
        let error = formats::open("a.txt", NO_OPTIONS).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let told = "a.txt: .txt files cannot be read; .asc";
        assert!(error.to_string().starts_with(told), "{error}");
    }
}
