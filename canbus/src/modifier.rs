//! What changes a frame just before it is sent: alive counters, checksums, end-to-end protection,
//! toggles, or any closure.
//!
//! A periodic task applies its modifiers in the order in which they were given:
//!
//! ```
//! use canbus::modifier::{AliveCounter, Checksum, Field, Modifier};
//! use canbus::{Frame, Id};
//! # fn main() -> canbus::Result<()> {
//! let mut counter = AliveCounter::new(Field::intel(8, 4)?);
//! let mut checksum = Checksum::sae_j1850(0);
//! let mut frame = Frame::data(Id::standard(0x123)?, &[0, 0, 7])?;
//! for expected in [[0x45, 0x00, 7], [0x26, 0x01, 7]] {
//!     counter.modify(&mut frame)?;
//!     checksum.modify(&mut frame)?;
//!     assert_eq!(frame.payload(), expected);
//! }
//! # Ok(())
//! # }
//! ```

use crate::error::Result;
use crate::frame::Frame;

/// Changes a frame just before it is sent. Every closure over `&mut Frame` is one.
pub trait Modifier: Send {
    /// Changes the frame. It is kept as it is left: the next change of the same frame begins with
    /// it.
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
