//! A number that goes up with each frame, so that a receiver sees that the sender is alive.

use super::{Field, Modifier};
use crate::error::{Error, Result};
use crate::frame::Frame;

/// Counts the frames in a field of them: 0, 1, 2 … to the largest number, and from 0 again. It goes
/// on over a stop and restart of its task.
#[derive(Debug, Clone)]
#[must_use]
pub struct AliveCounter {
    field: Field,
    next: u64,
    step: u64,
    last: u64,
}

impl AliveCounter {
    /// A counter in this field, from 0 to the most that it holds, in steps of 1.
    pub fn new(field: Field) -> AliveCounter {
        AliveCounter {
            field,
            next: 0,
            step: 1,
            last: field.max(),
        }
    }

    /// A bit that is another with each frame: 0 in the first one.
    ///
    /// # Errors
    /// `InvalidInput` unless it is a bit of 64 bytes.
    pub fn toggle(bit: u16) -> Result<AliveCounter> {
        Ok(AliveCounter::new(Field::intel(bit, 1)?))
    }

    /// Begins with this number. One that is greater than the last is an error of the first frame.
    pub fn first(self, number: u64) -> AliveCounter {
        AliveCounter {
            next: number,
            ..self
        }
    }

    /// Goes up by so much; 0 is an error of the first frame.
    pub fn step(self, step: u64) -> AliveCounter {
        AliveCounter { step, ..self }
    }

    /// Begins from 0 again instead of going beyond this number; 14 for many counters of 4 bits.
    pub fn last(self, number: u64) -> AliveCounter {
        let last = number.min(self.field.max());
        AliveCounter { last, ..self }
    }
}

impl Modifier for AliveCounter {
    fn modify(&mut self, frame: &mut Frame) -> Result<()> {
        if self.next > self.last || self.step == 0 {
            return Err(Error::invalid(format!(
                "a counter goes from its first number to {} in steps of at least 1, not from {} \
                 in steps of {}",
                self.last, self.next, self.step
            )));
        }
        self.field.write(frame.payload_mut(), self.next)?;
        let next = self.next.checked_add(self.step);
        self.next = next.filter(|next| *next <= self.last).unwrap_or(0);
        Ok(())
    }
}
