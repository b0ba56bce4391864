//! Lines on their way to an output: collected in one buffer, into which writers put them directly.

use super::Output;
use crate::error::Result;
use std::io::{self, Write};

/// How much is collected before the system gets it.
const CAPACITY: usize = 1 << 16;

/// The room that a line finds. One that is longer gets it as well, only slower.
const LINE: usize = 512;

/// An output, and the lines that it does not have yet.
pub(crate) struct Pending {
    output: Output,
    buffer: Vec<u8>,
}

impl Pending {
    pub(crate) fn new(output: Output) -> Pending {
        Pending {
            output,
            buffer: Vec::with_capacity(CAPACITY),
        }
    }

    /// Where the next line goes: behind all others, which stay as they are.
    ///
    /// # Errors
    /// `Io`, if what there was had to be handed over first.
    #[inline]
    pub(crate) fn line(&mut self) -> Result<&mut Vec<u8>> {
        if self.buffer.len() + LINE > CAPACITY {
            self.hand_over()?;
        }
        Ok(&mut self.buffer)
    }

    /// Hands all lines to the system.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn flush(&mut self) -> Result<()> {
        self.hand_over()?;
        Ok(self.output.flush()?)
    }

    /// Completes the output.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn finish(&mut self) -> Result<()> {
        self.hand_over()?;
        self.output.finish()
    }

    #[cold]
    fn hand_over(&mut self) -> Result<()> {
        let mut done = 0;
        let outcome = loop {
            if done == self.buffer.len() {
                break Ok(());
            }
            match self.output.write(&self.buffer[done..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        // What was written must not be written again by the next attempt.
        self.buffer.drain(..done);
        Ok(outcome?)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        // As `flush` would: what is there is not lost. Nobody is left to tell about an error.
        let _ = self.hand_over();
    }
}
