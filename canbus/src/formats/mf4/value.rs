//! Values in a record: numbers of any width and byte order, times, and the direction.

use super::block::field;

/// Data types of channels, as a file numbers them.
const MOTOROLA_UNSIGNED: u8 = 1;
const INTEL_SIGNED: u8 = 2;
const MOTOROLA_SIGNED: u8 = 3;
const INTEL_REAL: u8 = 4;
const MOTOROLA_REAL: u8 = 5;
const FIRST_TEXT: u8 = 6;
const LAST_TEXT: u8 = 9;

const SECOND: f64 = 1e9;

/// Where a number stands in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    /// The first byte.
    pub(super) at: usize,
    /// How many bytes it touches, at most 8.
    pub(super) bytes: usize,
    shift: u8,
    bits: u8,
    motorola: bool,
    signed: bool,
    /// The bit of the record that says that it is invalid.
    invalid: Option<usize>,
}

impl Number {
    /// A number from what a channel says; `None` if it has no or more than 64 bits.
    pub(super) fn new(at: u32, shift: u8, bits: u32, data_type: u8) -> Option<Number> {
        let bytes = u32::from(shift).saturating_add(bits).div_ceil(8);
        ((1..=64).contains(&bits) && shift < 8 && bytes <= 8).then_some(Number {
            at: at as usize,
            bytes: bytes as usize,
            shift,
            bits: bits as u8,
            motorola: matches!(
                data_type,
                MOTOROLA_UNSIGNED | MOTOROLA_SIGNED | MOTOROLA_REAL
            ),
            signed: matches!(data_type, INTEL_SIGNED | MOTOROLA_SIGNED),
            invalid: None,
        })
    }

    /// The same number with a bit that says that it is invalid.
    pub(super) fn or_invalid(self, bit: usize) -> Number {
        Number {
            invalid: Some(bit),
            ..self
        }
    }

    /// The same number without such a bit.
    pub(super) fn always_valid(self) -> Number {
        Number {
            invalid: None,
            ..self
        }
    }

    /// Whether a record of this length holds it.
    pub(super) fn fits(&self, width: usize) -> bool {
        self.at.saturating_add(self.bytes) <= width
            && self.invalid.is_none_or(|bit| bit / 8 < width)
    }

    /// Its bits. The slice may go on behind the record.
    #[inline]
    pub(super) fn bits(&self, record: &[u8]) -> u64 {
        let raw = match record.get(self.at..).and_then(|rest| rest.first_chunk()) {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => short(record, self.at),
        };
        let raw = if self.motorola {
            raw.swap_bytes() >> (64 - 8 * self.bytes)
        } else {
            raw
        };
        (raw >> self.shift) & (u64::MAX >> (64 - self.bits))
    }

    /// The number as a signed one, if it is.
    #[inline]
    fn integer(&self, record: &[u8]) -> i128 {
        let bits = self.bits(record);
        if self.signed {
            let unused = 64 - self.bits;
            i128::from(((bits << unused) as i64) >> unused)
        } else {
            i128::from(bits)
        }
    }

    /// The bit that says that it is invalid.
    pub(super) fn invalid_bit(&self) -> Option<usize> {
        self.invalid
    }

    /// Whether it is one whole byte.
    pub(super) fn is_byte(&self) -> bool {
        (self.bits, self.shift) == (8, 0)
    }

    /// Whether the record says that it is valid.
    pub(super) fn is_valid(&self, record: &[u8]) -> bool {
        let bit = |bit: usize| {
            record
                .get(bit / 8)
                .is_some_and(|byte| byte >> (bit % 8) & 1 != 0)
        };
        !self.invalid.is_some_and(bit)
    }
}

/// The last bytes of a record with nothing behind it.
#[cold]
fn short(record: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    let rest = record.get(at..).unwrap_or_default();
    let count = rest.len().min(8);
    bytes[..count].copy_from_slice(&rest[..count]);
    u64::from_le_bytes(bytes)
}

/// `factor * raw + offset`, as files convert numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Linear {
    pub(super) offset: f64,
    pub(super) factor: f64,
}

impl Linear {
    pub(super) const SAME: Linear = Linear {
        offset: 0.0,
        factor: 1.0,
    };

    fn of(&self, raw: f64) -> f64 {
        self.offset + self.factor * raw
    }

    /// Factor and offset in whole nanoseconds, where they are such.
    fn nanoseconds(&self) -> Option<(i128, i128)> {
        let whole = |seconds: f64| {
            let nanos = seconds * SECOND;
            let near = (nanos - nanos.round()).abs() <= nanos.abs() * 1e-12;
            (near && nanos.abs() < 1e18).then(|| nanos.round() as i128)
        };
        whole(self.factor)
            .filter(|&factor| factor != 0)
            .zip(whole(self.offset))
    }
}

/// How the time of a record is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Time {
    /// Whole numbers of whole nanoseconds.
    Whole {
        number: Number,
        factor: i128,
        offset: i128,
    },
    /// Whole numbers of something else.
    Scaled(Number, Linear),
    /// A floating-point number of 32 or 64 bits.
    Real(Number, Linear),
    /// The number of the record.
    Counted(Linear),
}

impl Time {
    /// How a number is a time; `None` if it is none that is known.
    pub(super) fn new(number: Number, data_type: u8, linear: Linear) -> Option<Time> {
        match data_type {
            INTEL_REAL | MOTOROLA_REAL => {
                let known = matches!(number.bits, 32 | 64) && number.shift == 0;
                known.then_some(Time::Real(number, linear))
            }
            0..=MOTOROLA_SIGNED => Some(match linear.nanoseconds() {
                Some((factor, offset)) => Time::Whole {
                    number,
                    factor,
                    offset,
                },
                None => Time::Scaled(number, linear),
            }),
            _ => None,
        }
    }

    /// The number in the record.
    pub(super) fn number(&self) -> Option<&Number> {
        match self {
            Time::Whole { number, .. } | Time::Scaled(number, _) | Time::Real(number, _) => {
                Some(number)
            }
            Time::Counted(_) => None,
        }
    }

    /// Nanoseconds since the file's start; `index` is the number of the record.
    #[inline]
    pub(super) fn nanoseconds(&self, record: &[u8], index: u64) -> i64 {
        match self {
            Time::Whole {
                number,
                factor,
                offset,
            } => clamped(number.integer(record) * factor + offset),
            Time::Real(number, linear) => {
                let bits = number.bits(record);
                let raw = if number.bits == 64 {
                    f64::from_bits(bits)
                } else {
                    f64::from(f32::from_bits(bits as u32))
                };
                rounded(linear.of(raw))
            }
            Time::Scaled(number, linear) => rounded(linear.of(number.integer(record) as f64)),
            Time::Counted(linear) => rounded(linear.of(index as f64)),
        }
    }
}

#[inline]
fn clamped(nanos: i128) -> i64 {
    nanos.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

/// Seconds to the nearest nanosecond.
#[inline]
fn rounded(seconds: f64) -> i64 {
    // Whole seconds apart, so that a long recording loses nothing.
    let whole = seconds.floor();
    let nanos = ((seconds - whole) * SECOND).round();
    (whole as i64)
        .saturating_mul(1_000_000_000)
        .saturating_add(nanos as i64)
}

/// How a record tells the direction.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Way {
    /// Zero is received.
    Bit(Number),
    /// A number that a table gives a name: these ranges are sent.
    Named(Number, Vec<(f64, f64)>),
    /// Its name, this many bytes from here on.
    Text(usize, usize),
}

impl Way {
    /// What a channel is, whose number has names or not.
    pub(super) fn new(
        (at, bits, data_type): (u32, u32, u8),
        number: Option<Number>,
        sent: Option<Vec<(f64, f64)>>,
    ) -> Option<Way> {
        if (FIRST_TEXT..=LAST_TEXT).contains(&data_type) {
            return Some(Way::Text(at as usize, bits as usize / 8));
        }
        Some(match sent {
            Some(sent) => Way::Named(number?, sent),
            None => Way::Bit(number?),
        })
    }

    /// The bytes that it needs of a record.
    pub(super) fn place(&self) -> (usize, usize) {
        match self {
            Way::Bit(number) | Way::Named(number, _) => (number.at, number.bytes),
            &Way::Text(at, bytes) => (at, bytes),
        }
    }

    /// Whether the frame was sent.
    #[inline]
    pub(super) fn is_sent(&self, record: &[u8]) -> bool {
        match self {
            Way::Bit(number) => number.bits(record) != 0,
            Way::Named(number, sent) => {
                let raw = number.bits(record) as f64;
                sent.iter()
                    .any(|&(least, most)| least <= raw && raw <= most)
            }
            &Way::Text(at, bytes) => {
                let text = record.get(at..).unwrap_or_default();
                is_sent(&String::from_utf8_lossy(&text[..text.len().min(bytes)]))
            }
        }
    }
}

/// Whether a name means that a frame was sent.
pub(super) fn is_sent(name: &str) -> bool {
    // Also in UTF-16.
    let letters = name.chars().filter(char::is_ascii_alphabetic).take(2);
    letters
        .map(|letter| letter.to_ascii_lowercase())
        .eq(['t', 'x'])
}

/// A text that stands in a record or a file.
pub(super) fn is_text(data_type: u8) -> bool {
    (FIRST_TEXT..=LAST_TEXT).contains(&data_type)
}

/// A conversion's ranges: pairs of numbers at an offset.
pub(super) fn range(data: &[u8], at: usize) -> (f64, f64) {
    let number = |at| f64::from_le_bytes(field(data, at));
    (number(at), number(at + 8))
}

#[cfg(test)]
mod tests;
