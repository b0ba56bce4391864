//! What changes a frame just before it is sent: alive counters, checksums, end-to-end protection,
//! or any closure.
//!
//! A periodic task applies its modifiers in the order in which they were given:
//!
//! ```
//! use canbus::modifier::{AliveCounter, Checksum, Field, Modifier};
//! use canbus::{Frame, Id};
//! # fn main() -> canbus::Result<()> {
//! let mut counter = AliveCounter::new(Field::intel(8, 4)?);
//! let mut checksum = Checksum::xor(0);
//! let mut frame = Frame::data(Id::standard(0x123)?, &[0, 0xA0, 7])?;
//! for expected in [[0xA7, 0xA0, 7], [0xA6, 0xA1, 7], [0xA5, 0xA2, 7]] {
//!     counter.modify(&mut frame)?;
//!     checksum.modify(&mut frame)?;
//!     assert_eq!(frame.payload(), expected);
//! }
//! # Ok(())
//! # }
//! ```

mod checksum;
mod counter;
mod e2e;
mod field;

pub use checksum::Checksum;
pub use counter::AliveCounter;
pub use e2e::{DataIdMode, E2eProfile1, E2eProfile2};
pub use field::Field;

use crate::error::{Error, Result};
use crate::frame::Frame;

/// Changes a frame just before it is sent. Every closure over `&mut Frame` is one.
pub trait Modifier: Send {
    /// Changes the frame. A periodic task keeps it as it is left: the next change of the same frame
    /// begins with it.
    ///
    /// # Errors
    /// `InvalidInput` where the frame is too short for it.
    fn modify(&mut self, frame: &mut Frame) -> Result<()>;
}

impl<F: FnMut(&mut Frame) + Send> Modifier for F {
    fn modify(&mut self, frame: &mut Frame) -> Result<()> {
        self(frame);
        Ok(())
    }
}

impl Modifier for Box<dyn Modifier> {
    fn modify(&mut self, frame: &mut Frame) -> Result<()> {
        (**self).modify(frame)
    }
}

fn too_short(what: &str, bytes: usize, data: &[u8]) -> Error {
    Error::invalid(format!(
        "{what} needs a frame of {bytes} bytes at least, not {}",
        data.len()
    ))
}

#[cfg(test)]
mod tests;
