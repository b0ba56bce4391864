//! Times as decimal seconds, exact to the nanosecond.
//!
//! python-can writes the shortest decimal that stands for its double. Whole microseconds of today
//! have the same digits here; of a nanosecond all digits are written, which python-can reads as
//! the nearest double.

use super::expected;
use crate::error::Result;
use crate::formats::digits::{DECIMALS, Seconds, six_decimals};
use crate::message::Timestamp;

/// Decimals that are kept.
const DECIMALS_KEPT: usize = 9;
const NANOS: u64 = 1_000_000_000;

/// Puts the seconds, with at least one decimal and no needless ones.
#[inline]
pub(super) fn put(line: &mut Vec<u8>, seconds: &mut Seconds, time: Timestamp) {
    let nanos = time.as_nanos();
    if nanos < 0 {
        line.push(b'-');
    }
    let nanos = nanos.unsigned_abs();
    seconds.put(line, nanos / NANOS);
    let fraction = (nanos % NANOS) as u32;
    let (micros, rest) = (fraction / 1000, fraction % 1000);
    let mut digits = [b'0'; DECIMALS_KEPT];
    digits[..7].copy_from_slice(&six_decimals(micros, b'0'));
    digits[6..8].copy_from_slice(&DECIMALS[rest as usize / 10 % 100]);
    digits[8] = b'0' + (rest % 10) as u8;
    // A fixed number of bytes is copied faster than those that are needed.
    line.extend_from_slice(&digits);
    let needed = digits.iter().rposition(|&digit| digit != b'0');
    line.truncate(line.len() - DECIMALS_KEPT + needed.unwrap_or(0) + 1);
}

/// Reads seconds with or without decimals; whatever else Python's `float` takes for a finite
/// number goes by way of a double.
///
/// # Errors
/// `Malformed` for other text and for times beyond ± 292 years.
#[inline]
pub(super) fn parse(text: &[u8]) -> Result<Timestamp> {
    exact(text)
        .or_else(|| by_double(text))
        .map(Timestamp::from_nanos)
        .ok_or_else(|| expected("a number of seconds within 292 years", text))
}

/// Digits with a point in between or not; decimals beyond a nanosecond are rounded.
#[inline]
fn exact(text: &[u8]) -> Option<i64> {
    let (digits, sign) = match text {
        [b'-', rest @ ..] => (rest, -1),
        _ => (text, 1),
    };
    let (seconds, len) = decimal(digits, 18);
    let rest = &digits[len..];
    // With the sign before they are added: the earliest time is further from 0 than the latest.
    let seconds = (seconds * sign).checked_mul(NANOS as i64)?;
    if rest.is_empty() {
        return (len > 0).then_some(seconds);
    }
    let fraction = rest.strip_prefix(b".")?;
    let (number, kept) = decimal(fraction, DECIMALS_KEPT);
    if len == 0 && kept == 0 {
        return None;
    }
    let more = &fraction[kept..];
    if !more.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let up = i64::from(more.first().is_some_and(|&digit| digit >= b'5'));
    let nanos = number * POWERS[DECIMALS_KEPT - kept] + up;
    seconds.checked_add(nanos * sign)
}

/// The powers of ten.
const POWERS: [i64; DECIMALS_KEPT + 1] = {
    let mut powers = [1; DECIMALS_KEPT + 1];
    let mut exponent = 1;
    while exponent <= DECIMALS_KEPT {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
};

/// The number that the text begins with, of at most so many digits, and how many it has.
#[inline]
fn decimal(text: &[u8], most: usize) -> (i64, usize) {
    let (mut number, mut len) = (0, 0);
    for byte in text.iter().take(most) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        number = number * 10 + i64::from(digit);
        len += 1;
    }
    (number, len)
}

/// `1e-06` and the like, which Python writes for numbers under 0.0001.
#[cold]
fn by_double(text: &[u8]) -> Option<i64> {
    /// The first double that is beyond the time.
    const END: f64 = 9_223_372_036.854_776;
    let text = str::from_utf8(text).ok()?;
    if text.starts_with('+') && text[1..].starts_with(['+', '-']) {
        return None;
    }
    let seconds: f64 = text.parse().ok()?;
    let inside = seconds.abs() < END;
    inside.then(|| Timestamp::from_seconds(seconds).as_nanos())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(nanos: i64) -> String {
        let mut line = Vec::new();
        put(
            &mut line,
            &mut Seconds::new(1),
            Timestamp::from_nanos(nanos),
        );
        String::from_utf8(line).expect("ASCII")
    }

    fn read(text: &str) -> Option<i64> {
        parse(text.as_bytes()).ok().map(Timestamp::as_nanos)
    }

    #[test]
    fn digits_are_those_of_python_and_of_every_nanosecond() {
        for (nanos, text) in [
            (0, "0.0"),
            (1_500_000_000, "1.5"),
            (1_600_000_000_000_000_000, "1600000000.0"),
            (1_600_000_000_123_456_000, "1600000000.123456"),
            (1_600_000_000_000_001_000, "1600000000.000001"),
            (1_600_000_000_123_456_789, "1600000000.123456789"),
            (100_000, "0.0001"),
            (1, "0.000000001"),
            (-1_500_000_000, "-1.5"),
            (-1_000, "-0.000001"),
            (i64::MAX, "9223372036.854775807"),
            (i64::MIN, "-9223372036.854775808"),
        ] {
            assert_eq!(written(nanos), text);
            assert_eq!(read(text), Some(nanos), "{text}");
        }
    }

    #[test]
    fn whatever_python_writes_for_a_double_is_read() {
        for (text, nanos) in [
            ("1e-06", 1_000),
            ("-1e-06", -1_000),
            ("2.5e-05", 25_000),
            ("1e-09", 1),
            ("1.0E+2", 100_000_000_000),
            ("+1.5", 1_500_000_000),
            ("5", 5_000_000_000),
            (".5", 500_000_000),
            ("5.", 5_000_000_000),
            ("007.25", 7_250_000_000),
            // Of a relative clock, with more digits than a nanosecond has.
            ("12345.678901234567", 12_345_678_901_235),
            ("0.9999999996", 1_000_000_000),
            ("-0.9999999996", -1_000_000_000),
            ("1.00000000049", 1_000_000_000),
        ] {
            assert_eq!(read(text), Some(nanos), "{text}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            ".",
            "-",
            "-.",
            "1.5.5",
            "1,5",
            "abc",
            "1.5x",
            "0x10",
            "nan",
            "inf",
            "-inf",
            "1e",
            "--1",
            "+-1",
            "1_0.5",
            "9223372036.854775808",
            "-9223372036.854775809",
            "1e300",
            "99999999999999999999.0",
            "1 ",
            "1.\u{e9}",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let error = parse(b"noon").expect_err("refused");
        let told = "expected a number of seconds within 292 years, not \"noon\"";
        assert_eq!(error.to_string(), told);
    }

    proptest! {
        #[test]
        fn every_time_is_read_as_it_was_written(nanos in any::<i64>()) {
            prop_assert_eq!(read(&written(nanos)), Some(nanos));
        }
    }
}
