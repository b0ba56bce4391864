//! A listener that prints each message on a line of its own.

use super::Listener;
use crate::error::Result;
use crate::message::Message;
use std::io::Write;

/// Prints messages to the standard output or any other writer, one line each.
pub struct Printer<W> {
    out: W,
}

impl Printer<std::io::Stdout> {
    /// A printer to the standard output, which shows each message at once.
    pub fn stdout() -> Printer<std::io::Stdout> {
        Printer::new(std::io::stdout())
    }
}

impl<W: Write + Send> Printer<W> {
    /// A printer to this writer.
    pub fn new(out: W) -> Printer<W> {
        Printer { out }
    }

    /// The writer that it prints to.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.out
    }
}

impl<W: Write + Send> Listener for Printer<W> {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        Ok(writeln!(self.out, "{message}")?)
    }

    fn flush(&mut self) -> Result<()> {
        Ok(self.out.flush()?)
    }

    fn finish(&mut self) -> Result<()> {
        self.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Id};
    use crate::message::Timestamp;
    use std::io::BufWriter;

    #[test]
    fn each_message_is_a_line_and_finish_flushes() {
        let frame = Frame::remote(Id::standard(1).expect("fits"), 0).expect("valid");
        let message = Message::received(frame, Timestamp::ZERO);
        let mut printed = Vec::new();
        let mut printer = Printer::new(BufWriter::new(&mut printed));
        printer.on_batch(&[message; 2]).expect("written");
        assert!(printer.out.get_ref().is_empty());
        printer.flush().expect("flushed");
        let flushed = printer.out.get_ref().len();
        assert!(flushed > 0);
        printer.on_message(&message).expect("written");
        assert_eq!(printer.out.get_ref().len(), flushed);
        printer.finish().expect("flushed");
        assert!(printer.out.get_ref().len() > flushed);
        drop(printer);
        assert_eq!(
            String::from_utf8(printed).expect("text"),
            format!("{message}\n").repeat(3)
        );
    }
}
