//! Bits of a frame that hold one number.

use super::too_short;
use crate::error::{Error, Result};

/// Where a number stands in the data, as DBC files say it. Bit 0 is the lowest of byte 0, bit 8 the
/// lowest of byte 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    start: u16,
    bits: u8,
    motorola: bool,
}

impl Field {
    /// Little-endian (Intel): from its lowest bit on upwards.
    ///
    /// # Errors
    /// `InvalidInput` unless it has 1 to 64 bits within 64 bytes.
    pub fn intel(start: u16, bits: u8) -> Result<Field> {
        Field::new(start, bits, false)
    }

    /// Big-endian (Motorola): from its highest bit on downwards, and after bit 0 of a byte with
    /// bit 7 of the next.
    ///
    /// # Errors
    /// As [`intel`](Field::intel).
    pub fn motorola(start: u16, bits: u8) -> Result<Field> {
        Field::new(start, bits, true)
    }

    fn new(start: u16, bits: u8, motorola: bool) -> Result<Field> {
        let field = Field {
            start,
            bits,
            motorola,
        };
        if !(1..=64).contains(&bits) || start >= 512 || field.bytes() > 64 {
            return Err(Error::invalid(format!(
                "a field has 1 to 64 bits within 64 bytes, not {bits} from bit {start} on"
            )));
        }
        Ok(field)
    }

    /// The largest number that it can hold.
    pub fn max(&self) -> u64 {
        u64::MAX >> (64 - u32::from(self.bits))
    }

    /// How many bytes a frame must have.
    fn bytes(self) -> usize {
        let first = if self.motorola {
            // Counted from the highest bit of byte 0.
            self.start / 8 * 8 + 7 - self.start % 8
        } else {
            self.start
        };
        usize::from(first + u16::from(self.bits)).div_ceil(8)
    }

    /// Writes a number, of which the lowest bits count that the field has.
    ///
    /// # Errors
    /// `InvalidInput` where the data is too short.
    pub fn write(&self, data: &mut [u8], number: u64) -> Result<()> {
        if data.len() < self.bytes() {
            return Err(too_short("a field of its bits", self.bytes(), data));
        }
        let mut at = self.start;
        for bit in 0..self.bits {
            // The lowest bit comes first, or last.
            let place = if self.motorola {
                self.bits - 1 - bit
            } else {
                bit
            };
            let (byte, mask) = (usize::from(at / 8), 1 << (at % 8));
            match number >> place & 1 {
                1 => data[byte] |= mask,
                _ => data[byte] &= !mask,
            }
            at = match (self.motorola, at % 8) {
                (true, 0) => at + 15,
                (true, _) => at - 1,
                (false, _) => at + 1,
            };
        }
        Ok(())
    }
}

impl Field {
    /// Half a byte within the first two bytes.
    pub(super) const fn half_byte(start: u16) -> Field {
        Field {
            start,
            bits: 4,
            motorola: false,
        }
    }
}
