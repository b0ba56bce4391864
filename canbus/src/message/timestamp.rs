//! A point in time as integer nanoseconds, and its decimal form.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const NANOS: i64 = 1_000_000_000;

/// A point in time: signed nanoseconds, as a rule since the Unix epoch (UTC).
///
/// Logs may hold other epochs and negative times; a double would step by 238 ns at today's dates.
///
/// ```
/// use canbus::Timestamp;
/// let time = Timestamp::from_nanos(1_600_000_000_123_456_789);
/// assert_eq!(time.to_string(), "1600000000.123456789");
/// assert_eq!(format!("{time:.6}"), "1600000000.123457");
/// assert_eq!(Timestamp::from_seconds(-0.5).as_nanos(), -500_000_000);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The epoch itself.
    pub const ZERO: Timestamp = Timestamp(0);

    /// The time now, by the system's clock.
    pub fn now() -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Timestamp(since.map_or(0, |since| since.as_nanos() as i64))
    }

    /// From nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Timestamp {
        Timestamp(nanos)
    }

    /// From seconds, to the nearest nanosecond; values out of range (± 292 years) are clamped and
    /// NaN is zero.
    pub fn from_seconds(seconds: f64) -> Timestamp {
        let whole = seconds.floor();
        let nanos = ((seconds - whole) * NANOS as f64).round();
        Timestamp(
            (whole as i64)
                .saturating_mul(NANOS)
                .saturating_add(nanos as i64),
        )
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, as precisely as a double can.
    pub fn as_seconds(self) -> f64 {
        if self.0.unsigned_abs() < 1 << f64::MANTISSA_DIGITS {
            return self.0 as f64 / NANOS as f64;
        }
        // As one number they would be rounded twice, and 1700000000.139 would not come out.
        (self.0 / NANOS) as f64 + (self.0 % NANOS) as f64 / NANOS as f64
    }

    /// The signed distance from `earlier` to this time, in nanoseconds; clamped, never wrapped.
    pub fn nanos_since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The distance from `earlier`, or zero where this time is not later.
    pub fn duration_since(self, earlier: Timestamp) -> Duration {
        Duration::from_nanos(u64::try_from(self.nanos_since(earlier)).unwrap_or(0))
    }

    /// This time moved by nanoseconds; clamped, never wrapped.
    #[must_use]
    pub fn plus_nanos(self, nanos: i64) -> Timestamp {
        Timestamp(self.0.saturating_add(nanos))
    }

    /// Rounded to the nearest microsecond, in microseconds; most text formats keep this much.
    pub fn as_micros_rounded(self) -> i64 {
        let (micros, rest) = (self.0.div_euclid(1000), self.0.rem_euclid(1000));
        micros + i64::from(rest >= 500)
    }
}

impl fmt::Display for Timestamp {
    /// Seconds with nine decimals, or as many as the precision says (rounded).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = f.precision().unwrap_or(9).min(9);
        let unit = 10_u64.pow(9 - decimals as u32);
        let rounded = (self.0.unsigned_abs() + unit / 2) / unit;
        let per_second = 10_u64.pow(decimals as u32);
        let sign = if self.0 < 0 && rounded > 0 { "-" } else { "" };
        let text = match decimals {
            0 => format!("{sign}{rounded}"),
            _ => format!(
                "{sign}{}.{:0decimals$}",
                rounded / per_second,
                rounded % per_second
            ),
        };
        match f.width() {
            Some(width) => write!(f, "{text:>width$}"),
            None => f.write_str(&text),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_rounded_and_padded() {
        let show = |nanos, decimals: usize| format!("{:.decimals$}", Timestamp::from_nanos(nanos));
        assert_eq!(show(1_999_999_999, 6), "2.000000");
        assert_eq!(show(5_000_000, 3), "0.005");
        assert_eq!(show(-1_500_000_000, 6), "-1.500000");
        assert_eq!(show(-1, 6), "0.000000");
        assert_eq!(show(1_500_000_000, 0), "2");
        assert_eq!(show(1, 9), "0.000000001");
        assert_eq!(show(1, 12), "0.000000001");
        assert_eq!(show(i64::MIN, 9), "-9223372036.854775808");
        assert_eq!(
            format!("{:>12.3}|", Timestamp::from_nanos(1_000_000_000)),
            "       1.000|"
        );
        assert_eq!(
            format!("{:?}", Timestamp::from_nanos(1)),
            "Timestamp(0.000000001)"
        );
    }

    #[test]
    fn seconds_convert_both_ways() {
        assert_eq!(Timestamp::from_seconds(1.5).as_nanos(), 1_500_000_000);
        assert_eq!(Timestamp::from_seconds(-1.25).as_nanos(), -1_250_000_000);
        assert_eq!(Timestamp::from_seconds(f64::NAN), Timestamp::ZERO);
        assert_eq!(Timestamp::from_seconds(f64::INFINITY).as_nanos(), i64::MAX);
        assert!((Timestamp::from_nanos(2_500_000_000).as_seconds() - 2.5).abs() < 1e-12);
    }

    #[test]
    fn distances_are_clamped_and_signed() {
        let (early, late) = (Timestamp::from_nanos(-5), Timestamp::from_nanos(10));
        assert_eq!(late.nanos_since(early), 15);
        assert_eq!(early.nanos_since(late), -15);
        assert_eq!(late.duration_since(early), Duration::from_nanos(15));
        assert_eq!(early.duration_since(late), Duration::ZERO);
        assert_eq!(Timestamp::from_nanos(i64::MAX).nanos_since(early), i64::MAX);
        assert_eq!(late.plus_nanos(-10), Timestamp::ZERO);
        assert_eq!(late.plus_nanos(i64::MAX).as_nanos(), i64::MAX);
    }

    #[test]
    fn microseconds_are_rounded_to_the_nearest() {
        let micros = |nanos| Timestamp::from_nanos(nanos).as_micros_rounded();
        assert_eq!(
            (micros(1_499), micros(1_500), micros(-1_499), micros(-1_501)),
            (1, 2, -1, -2)
        );
    }

    #[test]
    fn seconds_are_the_nearest_double() {
        // Literals are rounded once, to the nearest double.
        let cases = [
            (1_700_000_000_139_000_000, 1_700_000_000.139),
            (-1_700_000_000_139_000_000, -1_700_000_000.139),
            (1_700_000_000_125_000_000, 1_700_000_000.125),
            (9_007_199_254_740_991, 9_007_199.254_740_99),
            (9_007_199_254_740_993, 9_007_199.254_740_993),
            (1, 1e-9),
            (-1, -1e-9),
            (i64::MAX, 9_223_372_036.854_776),
        ];
        for (nanos, seconds) in cases {
            assert_eq!(
                Timestamp::from_nanos(nanos).as_seconds().to_bits(),
                f64::to_bits(seconds)
            );
        }
    }

    #[test]
    fn now_is_this_century() {
        let now = Timestamp::now().as_seconds();
        assert!(now > 1.6e9 && now < 5e9, "{now}");
    }
}
