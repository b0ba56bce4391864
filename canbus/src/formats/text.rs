//! `.txt` files: every message as it is printed, for people; written, never read.

use super::{ChannelFidelity, Fidelity, Format, Output, Writing};
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
    },
    read: None,
    write: Some(Writing {
        options: &[],
        create,
    }),
};

/// How much is collected before the system gets it.
const CAPACITY: usize = 1 << 16;

fn create(mut output: Output, _: &Options) -> Result<Box<dyn Listener>> {
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
