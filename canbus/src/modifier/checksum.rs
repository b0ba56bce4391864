//! A byte that is computed over others.

use super::{Modifier, too_short};
use crate::error::Result;
use crate::frame::Frame;
use crc::{CRC_8_AUTOSAR, CRC_8_SAE_J1850, Crc};
use std::ops::Range;

/// The CRC-8 of SAE J1850: polynomial 0x1D, begun and ended with 0xFF.
const SAE_J1850: Crc<u8> = Crc::<u8>::new(&CRC_8_SAE_J1850);
/// The CRC-8 "H2F" of AUTOSAR: polynomial 0x2F, begun and ended with 0xFF.
pub(super) const H2F: Crc<u8> = Crc::<u8>::new(&CRC_8_AUTOSAR);

#[derive(Debug, Clone, Copy)]
enum Kind {
    Xor,
    Sum,
    SaeJ1850,
    H2f,
}

/// Writes a checksum of all other bytes, or of some, into one byte.
#[derive(Debug, Clone)]
#[must_use]
pub struct Checksum {
    kind: Kind,
    at: usize,
    over: Option<Range<usize>>,
    before: Vec<u8>,
    inverted: bool,
}

impl Checksum {
    /// All bytes exclusive-or'ed, into the byte `at`, counted from 0.
    pub fn xor(at: usize) -> Checksum {
        Checksum::new(Kind::Xor, at)
    }

    /// The lowest 8 bits of the sum of all bytes.
    pub fn sum(at: usize) -> Checksum {
        Checksum::new(Kind::Sum, at)
    }

    /// The CRC-8 of SAE J1850 (polynomial 0x1D, initial value and final XOR 0xFF); `CRC8` of the
    /// AUTOSAR library.
    pub fn sae_j1850(at: usize) -> Checksum {
        Checksum::new(Kind::SaeJ1850, at)
    }

    /// The CRC-8 with polynomial 0x2F, initial value and final XOR 0xFF; `CRC8H2F` of the AUTOSAR
    /// library.
    pub fn h2f(at: usize) -> Checksum {
        Checksum::new(Kind::H2f, at)
    }

    fn new(kind: Kind, at: usize) -> Checksum {
        Checksum {
            kind,
            at,
            over: None,
            before: Vec::new(),
            inverted: false,
        }
    }

    /// Of these bytes only; its own byte is left out in any case.
    pub fn over(self, bytes: Range<usize>) -> Checksum {
        Checksum {
            over: Some(bytes),
            ..self
        }
    }

    /// Of these bytes as well, before those of the frame: an identifier that only sender and
    /// receiver know.
    pub fn before(self, bytes: impl Into<Vec<u8>>) -> Checksum {
        Checksum {
            before: bytes.into(),
            ..self
        }
    }

    /// With all bits of the result inverted.
    pub fn inverted(self) -> Checksum {
        Checksum {
            inverted: !self.inverted,
            ..self
        }
    }

    fn of(&self, parts: &[&[u8]]) -> u8 {
        let bytes = parts.iter().copied().flatten();
        let crc = |crc: &Crc<u8>| {
            let mut digest = crc.digest();
            for part in parts {
                digest.update(part);
            }
            digest.finalize()
        };
        match self.kind {
            Kind::Xor => bytes.fold(0, |all, byte| all ^ byte),
            Kind::Sum => bytes.fold(0, |all: u8, byte| all.wrapping_add(*byte)),
            Kind::SaeJ1850 => crc(&SAE_J1850),
            Kind::H2f => crc(&H2F),
        }
    }
}

impl Modifier for Checksum {
    fn modify(&mut self, frame: &mut Frame) -> Result<()> {
        let data = frame.payload_mut();
        let over = self.over.clone().unwrap_or(0..data.len());
        let needed = over.end.max(self.at + 1);
        if data.len() < needed {
            return Err(too_short("a checksum", needed, data));
        }
        let own = self.at.clamp(over.start.min(over.end), over.end);
        let after = if over.contains(&self.at) {
            own + 1
        } else {
            own
        };
        let (start, end) = (over.start.min(own), over.end);
        let sum = self.of(&[&self.before, &data[start..own], &data[after..end]]);
        data[self.at] = if self.inverted { !sum } else { sum };
        Ok(())
    }
}
