//! Numbers in text: hexadecimal and decimal ones, and decimals as whole parts of a unit.

use crate::formats::digits::VALUES;

/// A number of 1 to 8 hexadecimal digits.
#[inline]
pub(super) fn hex(text: &[u8]) -> Option<u32> {
    let (mut number, mut seen) = (0, 0);
    for &byte in text.get(..8).unwrap_or(text) {
        let value = VALUES[usize::from(byte)];
        seen |= value;
        number = number << 4 | u32::from(value & 15);
    }
    (seen < 16 && (1..=8).contains(&text.len())).then_some(number)
}

/// A number of 1 to 9 decimal digits.
#[inline]
pub(super) fn decimal(text: &[u8]) -> Option<u32> {
    let mut number = 0;
    for &byte in text.get(..9).unwrap_or(text) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u32::from(digit);
    }
    (1..=9).contains(&text.len()).then_some(number)
}

/// Milliseconds with decimals, as nanoseconds: `1059.900` is 1 059 900 000. Some programs of
/// countries with a comma write one. What is finer than a nanosecond is left off.
#[inline]
pub(super) fn milliseconds(text: &[u8]) -> Option<i64> {
    let (digits, sign) = match text {
        [b'-', rest @ ..] => (rest, -1),
        _ => (text, 1),
    };
    let (mut number, mut decimals, mut seen) = (0_i64, None, false);
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            if (byte != b'.' && byte != b',') || decimals.is_some() {
                return None;
            }
            decimals = Some(0);
            continue;
        }
        seen = true;
        match &mut decimals {
            Some(6..) => continue,
            Some(decimals) => *decimals += 1,
            None => {}
        }
        number = number.checked_mul(10)?.checked_add(i64::from(digit))?;
    }
    let nanos = number.checked_mul(TENS[6 - decimals.unwrap_or(0)])?;
    seen.then_some(nanos * sign)
}

const TENS: [i64; 7] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_as_many_digits_as_fit() {
        assert_eq!(hex(b"1fFFFFFf"), Some(0x1FFF_FFFF));
        assert_eq!(hex(b"0"), Some(0));
        for wrong in [&b""[..], b"123456789", b"12g", b"-1", b"\xFF"] {
            assert_eq!(hex(wrong), None);
        }
        assert_eq!(decimal(b"999999999"), Some(999_999_999));
        for wrong in [&b""[..], b"1234567890", b"1a", b"-1", b"0x1"] {
            assert_eq!(decimal(wrong), None);
        }
    }

    #[test]
    fn milliseconds_are_exact_to_the_nanosecond() {
        for (text, nanos) in [
            ("1841", 1_841_000_000),
            ("7,2", 7_200_000),
            ("1059.900", 1_059_900_000),
            ("-0.001", -1_000),
            ("0.0000019", 1),
            (".5", 500_000),
            ("5.", 5_000_000),
            ("9223372036854.775807", i64::MAX),
        ] {
            assert_eq!(milliseconds(text.as_bytes()), Some(nanos), "{text}");
        }
        for wrong in ["", "-", ".", "1.2.3", "1e3", "+1", "9223372036855", "Start"] {
            assert_eq!(milliseconds(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
