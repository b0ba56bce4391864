//! A moment on the command line: behind the first frame, since 1970, or a date.

use super::time;
use canbus::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::str::FromStr;

/// A moment, as it is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Moment {
    /// So many nanoseconds behind the first frame.
    Behind(i64),
    /// That time.
    At(Timestamp),
}

impl Moment {
    /// The moment, in a log that begins then.
    pub(crate) fn behind(self, first: Timestamp) -> Timestamp {
        match self {
            Moment::Behind(nanos) => first.plus_nanos(nanos),
            Moment::At(time) => time,
        }
    }

    /// Whether it is not before another moment, whatever log they are of.
    pub(crate) fn is_surely_not_before(self, other: Moment) -> bool {
        match (self, other) {
            (Moment::Behind(one), Moment::Behind(other)) => one >= other,
            (Moment::At(one), Moment::At(other)) => one >= other,
            _ => false,
        }
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        let moment = match text.strip_prefix('@') {
            Some(seconds) => nanos(seconds).map(Timestamp::from_nanos).map(Moment::At),
            None if text == "0" => Some(Moment::Behind(0)),
            None => behind(text).or_else(|| date(text).map(Moment::At)),
        };
        moment.ok_or_else(|| {
            "expected a time behind the first frame such as 90s, @SECONDS since 1970, or a date \
             such as 2026-05-31T14:25:00"
                .into()
        })
    }
}

fn behind(text: &str) -> Option<Moment> {
    let nanos = time(text).ok()?.as_nanos();
    Some(Moment::Behind(i64::try_from(nanos).ok()?))
}

/// Seconds with up to nine decimals, exactly.
fn nanos(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let (digits, sign) = whole
        .strip_prefix('-')
        .map_or((whole, 1), |digits| (digits, -1));
    let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || fraction.len() > 9 || !plain(digits) || !plain(fraction) {
        return None;
    }
    let seconds = digits.parse::<i64>().ok()?.checked_mul(1_000_000_000)?;
    let fraction: i64 = format!("{fraction:0<9}").parse().ok()?;
    seconds.checked_add(fraction).map(|nanos| sign * nanos)
}

fn date(text: &str) -> Option<Timestamp> {
    let instant = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        Some(local.to_zoned(TimeZone::system()).ok()?.timestamp())
    })?;
    i64::try_from(instant.as_nanosecond())
        .ok()
        .map(Timestamp::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Moment {
        text.parse().expect(text)
    }

    #[test]
    fn moments_are_behind_the_first_frame_or_fixed() {
        assert_eq!(parsed("90s"), Moment::Behind(90_000_000_000));
        assert_eq!(parsed("1.5"), Moment::Behind(1_500_000_000));
        assert_eq!(parsed("0"), Moment::Behind(0));
        let at = |nanos| Moment::At(Timestamp::from_nanos(nanos));
        assert_eq!(
            parsed("@1600000000.123456789"),
            at(1_600_000_000_123_456_789)
        );
        assert_eq!(parsed("@-0.5"), at(-500_000_000));
        assert_eq!(
            parsed("2020-09-13T12:26:40Z"),
            at(1_600_000_000_000_000_000)
        );
        assert_eq!(
            parsed("2020-09-13T14:26:40.5+02:00"),
            at(1_600_000_000_500_000_000)
        );
        assert!(matches!(parsed("2020-09-13 12:26:40"), Moment::At(_)));
        assert!(matches!(parsed("2020-09-13"), Moment::At(_)));
        let first = Timestamp::from_nanos(7);
        assert_eq!(parsed("1s").behind(first).as_nanos(), 1_000_000_007);
        assert_eq!(parsed("@1").behind(first).as_nanos(), 1_000_000_000);
        for wrong in [
            "",
            "@",
            "@1.0000000001",
            "@1e9",
            "-5s",
            "soon",
            "2020-13-01",
        ] {
            assert!(wrong.parse::<Moment>().is_err(), "{wrong}");
        }
    }
}
