//! The arbitration ID: 11 or 29 bits, and which of the two is never guessed from the value.

use crate::error::{Error, Result};
use std::fmt;

/// An arbitration ID, standard (11 bit) or extended (29 bit).
///
/// Standard IDs order before extended ones, each by value; that is the order of a table, not the
/// priority on the bus.
///
/// ```
/// use canbus::Id;
/// # fn main() -> canbus::Result<()> {
/// assert_ne!(Id::standard(0x123)?, Id::extended(0x123)?);
/// assert_eq!(Id::extended(0x123)?.to_string(), "00000123");
/// assert!(Id::standard(0x800).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(u32);

/// Marks an extended ID; the same bit as Linux's `CAN_EFF_FLAG`.
const EXTENDED: u32 = 1 << 31;

impl Id {
    /// The largest standard ID.
    pub const MAX_STANDARD: u32 = 0x7FF;
    /// The largest extended ID.
    pub const MAX_EXTENDED: u32 = 0x1FFF_FFFF;

    /// An 11-bit ID.
    ///
    /// # Errors
    /// `InvalidInput` over 0x7FF.
    #[inline]
    pub fn standard(raw: u32) -> Result<Id> {
        if raw > Id::MAX_STANDARD {
            return Err(Error::invalid(format!(
                "a standard arbitration ID is at most 0x7FF (11 bits), not {raw:#X}"
            )));
        }
        Ok(Id(raw))
    }

    /// A 29-bit ID.
    ///
    /// # Errors
    /// `InvalidInput` over `0x1FFF_FFFF`.
    #[inline]
    pub fn extended(raw: u32) -> Result<Id> {
        if raw > Id::MAX_EXTENDED {
            return Err(Error::invalid(format!(
                "an extended arbitration ID is at most 0x1FFFFFFF (29 bits), not {raw:#X}"
            )));
        }
        Ok(Id(raw | EXTENDED))
    }

    /// An ID of the width that `extended` says.
    ///
    /// # Errors
    /// As [`Id::standard`] and [`Id::extended`].
    #[inline]
    pub fn new(raw: u32, extended: bool) -> Result<Id> {
        if extended {
            Id::extended(raw)
        } else {
            Id::standard(raw)
        }
    }

    /// The 11 or 29 bits.
    pub fn raw(self) -> u32 {
        self.0 & !EXTENDED
    }

    /// Whether it has 29 bits.
    pub fn is_extended(self) -> bool {
        self.0 & EXTENDED != 0
    }
}

impl fmt::Display for Id {
    /// Hexadecimal, 3 digits for a standard and 8 for an extended ID.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = if self.is_extended() { 8 } else { 3 };
        f.pad(&format!("{:0width$x}", self.raw()))
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Id({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_checked_at_their_edges() {
        assert_eq!(Id::standard(0x7FF).expect("fits").raw(), 0x7FF);
        assert!(Id::standard(0x800).is_err());
        assert_eq!(Id::extended(0x1FFF_FFFF).expect("fits").raw(), 0x1FFF_FFFF);
        assert!(Id::extended(0x2000_0000).is_err());
        assert!(Id::new(0x800, false).is_err());
        assert!(Id::new(0x800, true).expect("fits").is_extended());
        assert!(!Id::new(0x100, false).expect("fits").is_extended());
    }

    #[test]
    fn the_width_is_part_of_the_value() {
        let (short, long) = (
            Id::standard(1).expect("fits"),
            Id::extended(1).expect("fits"),
        );
        assert_ne!(short, long);
        assert!(short < long);
        assert_eq!(
            (short.to_string(), long.to_string()),
            ("001".into(), "00000001".into())
        );
        assert_eq!(format!("{short:>8}|{long:?}"), "     001|Id(00000001)");
    }
}
