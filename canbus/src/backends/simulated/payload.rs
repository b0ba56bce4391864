//! How a message of the vehicle is filled: signals scaled into bytes, alive counters, checksums.

use super::signals::{Moment, Signal};

/// Where a signal stands in the data, and how it is scaled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// The first byte, from 0.
    pub(super) at: u8,
    /// How many bytes: 1, 2 or 4.
    pub(super) bytes: u8,
    pub(super) big_endian: bool,
    pub(super) signal: Signal,
    /// What one count means, in the signal's unit.
    pub(super) per_bit: f64,
    /// What a raw value of zero means.
    pub(super) offset: f64,
}

/// How a receiver can tell that a message is fresh and whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    None,
    /// An alive counter in the low half of the last byte.
    Counter,
    /// Last byte: XOR of all others; the one before it: alive counter in the low half.
    Xor,
    /// First byte: CRC-8 of all others; the second: alive counter in the low half.
    Crc,
}

impl Field {
    /// The raw value: the nearest one that the field can hold.
    fn raw(&self, moment: &Moment, owner: u32) -> u32 {
        let counts = (moment.value(self.signal, owner) - self.offset) / self.per_bit;
        let most = u32::MAX >> (32 - 8 * u32::from(self.bytes));
        // `as` takes what is too small or too large to the ends of u32.
        (counts.round() as u32).min(most)
    }

    fn write(&self, moment: &Moment, owner: u32, data: &mut [u8]) {
        let (from, bytes) = (usize::from(self.at), usize::from(self.bytes));
        let Some(place) = data.get_mut(from..from + bytes) else {
            // Sent as a classic frame, a long message is cut.
            return;
        };
        let raw = self.raw(moment, owner);
        if self.big_endian {
            place.copy_from_slice(&raw.to_be_bytes()[4 - bytes..]);
        } else {
            place.copy_from_slice(&raw.to_le_bytes()[..bytes]);
        }
    }
}

/// Writes the fields into `data`; `owner` is the message's arbitration ID.
pub(super) fn fill(fields: &[Field], moment: &Moment, owner: u32, data: &mut [u8]) {
    for field in fields {
        field.write(moment, owner, data);
    }
}

impl Guard {
    /// Adds counter and checksum to data of at least two bytes.
    pub(super) fn protect(self, count: u64, data: &mut [u8]) {
        let alive = (count % 16) as u8;
        match (self, data) {
            (Guard::Counter, [.., last]) => *last = *last & 0xF0 | alive,
            (Guard::Xor, [rest @ .., checksum]) => {
                if let Some(counter) = rest.last_mut() {
                    *counter = *counter & 0xF0 | alive;
                }
                *checksum = xor(rest);
            }
            (Guard::Crc, [checksum, rest @ ..]) => {
                if let Some(counter) = rest.first_mut() {
                    *counter = *counter & 0xF0 | alive;
                }
                *checksum = crc_8(rest);
            }
            _ => {}
        }
    }
}

/// The exclusive or of all bytes.
pub(super) fn xor(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum ^ byte)
}

const CRC_8: [u8; 256] = crc_8_table();

const fn crc_8_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u8;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc << 1) ^ if crc & 0x80 == 0 { 0 } else { 0x1D };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// CRC-8 SAE J1850: polynomial 0x1D, begun with 0xFF, inverted at the end.
pub(super) fn crc_8(bytes: &[u8]) -> u8 {
    !bytes
        .iter()
        .fold(0xFF, |crc, byte| CRC_8[usize::from(crc ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: Field = Field {
        at: 1,
        bytes: 2,
        big_endian: false,
        signal: Signal::Odometer,
        per_bit: 0.5,
        offset: 48_000.0,
    };

    fn filled(field: Field, len: usize) -> Vec<u8> {
        let mut data = vec![0xEE; len];
        fill(&[field], &Moment::at(1, 0), 0, &mut data);
        data
    }

    /// The check value of CRC-8/SAE-J1850 in the catalogue of parametrised CRC algorithms.
    #[test]
    fn the_crc_has_its_published_check_value() {
        assert_eq!(crc_8(b"123456789"), 0x4B);
        assert_eq!(crc_8(&[]), 0);
    }

    #[test]
    fn signals_are_scaled_and_placed_in_either_byte_order() {
        // 48213 km less 48000 in halves: 426 = 0x01AA.
        assert_eq!(filled(FIELD, 4), [0xEE, 0xAA, 0x01, 0xEE]);
        let big = Field {
            big_endian: true,
            ..FIELD
        };
        assert_eq!(filled(big, 4), [0xEE, 0x01, 0xAA, 0xEE]);
        assert_eq!(
            filled(Field { bytes: 4, ..big }, 5),
            [0xEE, 0, 0, 0x01, 0xAA]
        );
        assert_eq!(
            filled(Field { bytes: 4, ..FIELD }, 5),
            [0xEE, 0xAA, 0x01, 0, 0]
        );
    }

    #[test]
    fn what_a_field_cannot_hold_becomes_its_nearest_end() {
        assert_eq!(filled(Field { bytes: 1, ..FIELD }, 2), [0xEE, 0xFF]);
        let below = Field {
            offset: 50_000.0,
            ..FIELD
        };
        assert_eq!(filled(below, 3), [0xEE, 0, 0]);
    }

    #[test]
    fn a_field_that_does_not_fit_is_left_out() {
        assert_eq!(filled(FIELD, 3), [0xEE, 0xAA, 0x01]);
        assert_eq!(filled(FIELD, 2), [0xEE, 0xEE]);
    }

    #[test]
    fn guards_count_modulo_16_and_cover_the_other_bytes() {
        let guarded = |guard: Guard, count| {
            let mut data = [0x31, 0x32, 0x33, 0x34];
            guard.protect(count, &mut data);
            data
        };
        assert_eq!(guarded(Guard::None, 5), [0x31, 0x32, 0x33, 0x34]);
        assert_eq!(guarded(Guard::Counter, 15), [0x31, 0x32, 0x33, 0x3F]);
        assert_eq!(guarded(Guard::Counter, 16), [0x31, 0x32, 0x33, 0x30]);
        assert_eq!(guarded(Guard::Xor, 0x1A), [0x31, 0x32, 0x3A, 0x39]);
        let data = guarded(Guard::Crc, 7);
        assert_eq!(data[1..], [0x37, 0x33, 0x34]);
        assert_eq!(data[0], crc_8(&[0x37, 0x33, 0x34]));
    }

    #[test]
    fn guards_of_too_little_data_do_no_harm() {
        for guard in [Guard::Counter, Guard::Xor, Guard::Crc] {
            guard.protect(3, &mut []);
            let mut one = [0];
            guard.protect(3, &mut one);
            assert_eq!(one[0], if guard == Guard::Counter { 3 } else { 0 });
        }
    }
}
