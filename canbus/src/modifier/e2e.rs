//! End-to-end protection as AUTOSAR specifies it for CAN: profiles 1 and 2.
//!
//! Source: AUTOSAR Foundation, "E2E Protocol Specification" (`PRS_E2EProtocol`, R20-11), chapters 6.3
//! and 6.4. There, offsets are in bits: 8 is the low half of byte 1, 12 the high one.

use super::checksum::H2F;
use super::{Field, Modifier, too_short};
use crate::error::{Error, Result};
use crate::frame::Frame;
use crc::{CRC_8_GSM_A, Crc};

/// Profile 1 takes the polynomial of SAE J1850, 0x1D, but begins and ends with 0: the CRC of this
/// name.
const PROFILE_1: Crc<u8> = Crc::<u8>::new(&CRC_8_GSM_A);

/// What of the 16-bit data ID goes into the checksum of profile 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataIdMode {
    /// Both bytes, the low one first (`E2E_P01_DATAID_BOTH`, variant 1A).
    #[default]
    Both,
    /// The low byte with even counters, the high one with odd ones (`E2E_P01_DATAID_ALT`, variant
    /// 1B).
    Alternating,
    /// The low byte (`E2E_P01_DATAID_LOW`).
    Low,
    /// The low byte and a zero; the low half of the high byte is sent in the frame
    /// (`E2E_P01_DATAID_NIBBLE`, variant 1C).
    Nibble,
}

/// Protects frames by AUTOSAR's profile 1: a counter of 0 to 14 and a CRC-8 over data and data ID.
///
/// ```
/// use canbus::modifier::{E2eProfile1, Modifier};
/// use canbus::{Frame, Id};
/// # fn main() -> canbus::Result<()> {
/// let mut protect = E2eProfile1::new(0x123);
/// let mut frame = Frame::data(Id::standard(0x100)?, &[0; 8])?;
/// protect.modify(&mut frame)?;
/// assert_eq!(frame.payload(), [0xCC, 0, 0, 0, 0, 0, 0, 0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct E2eProfile1 {
    data_id: u16,
    mode: DataIdMode,
    crc: usize,
    counter: Field,
    nibble: Field,
    next: u8,
}

/// The largest counter of profile 1.
const LAST: u8 = 14;

impl E2eProfile1 {
    /// With the standard layout: the CRC in byte 0, the counter in the low half of byte 1 and, with
    /// [`DataIdMode::Nibble`], a part of the data ID in the high one. Both bytes of the data ID are
    /// used.
    pub fn new(data_id: u16) -> E2eProfile1 {
        E2eProfile1 {
            data_id,
            mode: DataIdMode::Both,
            crc: 0,
            counter: Field::half_byte(8),
            nibble: Field::half_byte(12),
            next: 0,
        }
    }

    /// What of the data ID goes into the checksum.
    pub fn mode(self, mode: DataIdMode) -> E2eProfile1 {
        E2eProfile1 { mode, ..self }
    }

    /// Where the three stand, in bits: the CRC (`CRCOffset`, a multiple of 8), the counter
    /// (`CounterOffset`) and the part of the data ID (`DataIDNibbleOffset`), multiples of 4.
    ///
    /// # Errors
    /// `InvalidInput` for others, or beyond 64 bytes.
    pub fn layout(self, crc: u16, counter: u16, nibble: u16) -> Result<E2eProfile1> {
        let halves = counter.is_multiple_of(4) && nibble.is_multiple_of(4);
        if !crc.is_multiple_of(8) || !halves {
            return Err(Error::invalid(format!(
                "profile 1 has its CRC at a multiple of 8 bits, counter and data ID at multiples \
                 of 4, not at {crc}, {counter} and {nibble}"
            )));
        }
        // A byte at least, so that what does not fit is refused.
        Field::intel(crc, 8)?;
        Ok(E2eProfile1 {
            crc: usize::from(crc / 8),
            counter: Field::intel(counter, 4)?,
            nibble: Field::intel(nibble, 4)?,
            ..self
        })
    }
}

impl Modifier for E2eProfile1 {
    fn modify(&mut self, frame: &mut Frame) -> Result<()> {
        let data = frame.payload_mut();
        if data.len() <= self.crc {
            return Err(too_short("end-to-end protection", self.crc + 1, data));
        }
        let [low, high] = self.data_id.to_le_bytes();
        if self.mode == DataIdMode::Nibble {
            self.nibble.write(data, u64::from(high))?;
        }
        self.counter.write(data, u64::from(self.next))?;
        let id = match self.mode {
            DataIdMode::Both => &[low, high][..],
            DataIdMode::Alternating if self.next % 2 == 1 => &[high],
            DataIdMode::Alternating | DataIdMode::Low => &[low],
            DataIdMode::Nibble => &[low, 0],
        };
        let mut digest = PROFILE_1.digest();
        digest.update(id);
        digest.update(&data[..self.crc]);
        digest.update(&data[self.crc + 1..]);
        data[self.crc] = digest.finalize();
        self.next = if self.next < LAST { self.next + 1 } else { 0 };
        Ok(())
    }
}

/// Protects frames by AUTOSAR's profile 2: the CRC-8 "H2F" in byte 0, a counter of 0 to 15 in the
/// low half of byte 1 that begins with 1, and for each counter a data ID of its own.
#[derive(Debug, Clone)]
#[must_use]
pub struct E2eProfile2 {
    data_ids: [u8; 16],
    last: u8,
}

impl E2eProfile2 {
    /// With these data IDs (`DataIDList`), by counter.
    pub fn new(data_ids: [u8; 16]) -> E2eProfile2 {
        E2eProfile2 { data_ids, last: 0 }
    }
}

impl Modifier for E2eProfile2 {
    fn modify(&mut self, frame: &mut Frame) -> Result<()> {
        let data = frame.payload_mut();
        if data.len() < 2 {
            return Err(too_short("end-to-end protection", 2, data));
        }
        self.last = (self.last + 1) % 16;
        data[1] = data[1] & 0xF0 | self.last;
        let mut digest = H2F.digest();
        digest.update(&data[1..]);
        digest.update(&[self.data_ids[usize::from(self.last)]]);
        data[0] = digest.finalize();
        Ok(())
    }
}
