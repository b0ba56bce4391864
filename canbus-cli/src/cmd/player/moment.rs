//! Moments of a log, as they are written on the command line.

use canbus::{Moment, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::time::Duration;

const EXPECTED: &str = "expected a time after the first frame (12.5, 1:30, 1:00:00), seconds since \
                        1970 (@1700000000.5), or date and time (2026-11-24T08:00:00, with Z or an \
                        offset if it is not local)";

/// Reads a moment.
pub(super) fn parse(text: &str) -> Result<Moment, String> {
    let wrong = || EXPECTED.to_string();
    if let Some(seconds) = text.strip_prefix('@') {
        let seconds = seconds
            .parse::<f64>()
            .ok()
            .filter(|seconds| seconds.is_finite());
        return seconds
            .map(|seconds| Moment::At(Timestamp::from_seconds(seconds)))
            .ok_or_else(wrong);
    }
    let after = after(text).map(Moment::AfterFirst);
    after
        .or_else(|| date(text).map(Moment::At))
        .ok_or_else(wrong)
}

/// Seconds, or minutes or hours before them.
fn after(text: &str) -> Option<Duration> {
    let (before, seconds) = text.rsplit_once(':').unwrap_or(("0", text));
    let whole = |text: &str| text.parse::<u32>().ok().map(f64::from);
    let minutes = match before.split_once(':') {
        Some((hours, minutes)) => whole(hours)? * 60.0 + whole(minutes)?,
        None => whole(before)?,
    };
    let seconds = seconds
        .parse::<f64>()
        .ok()
        .filter(|seconds| *seconds >= 0.0)?;
    Duration::try_from_secs_f64(minutes * 60.0 + seconds).ok()
}

/// A date with a time, in the local time zone unless it says which.
fn date(text: &str) -> Option<Timestamp> {
    let found = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let local = text.parse::<DateTime>().ok()?;
        Some(local.to_zoned(TimeZone::system()).ok()?.timestamp())
    })?;
    let nanos = i64::try_from(found.as_nanosecond()).ok()?;
    Some(Timestamp::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_after_the_first_frame_are_seconds_minutes_and_hours() {
        for (text, millis) in [
            ("0", 0),
            ("12.5", 12_500),
            ("1:30", 90_000),
            ("0:00.25", 250),
            ("1:00:01", 3_601_000),
            ("90:00", 5_400_000),
        ] {
            let after = Moment::AfterFirst(Duration::from_millis(millis));
            assert_eq!(parse(text), Ok(after), "{text}");
        }
    }

    #[test]
    fn recorded_times_are_seconds_or_dates() {
        let at = |nanos| Ok(Moment::At(Timestamp::from_nanos(nanos)));
        assert_eq!(parse("@1700000000.5"), at(1_700_000_000_500_000_000));
        assert_eq!(parse("2023-11-14T22:13:20Z"), at(1_700_000_000_000_000_000));
        assert_eq!(
            parse("2023-11-14 22:13:20.25Z"),
            at(1_700_000_000_250_000_000)
        );
        assert_eq!(
            parse("2023-11-14T23:13:20+01:00"),
            at(1_700_000_000_000_000_000)
        );
        assert!(matches!(parse("2023-11-14T22:13:20"), Ok(Moment::At(_))));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for wrong in [
            "",
            "-1",
            "x",
            "1:",
            ":1",
            "1:-2",
            "@",
            "@x",
            "inf",
            "2023-11-14T25:00:00Z",
            "1:2:3:4",
        ] {
            assert_eq!(parse(wrong), Err(EXPECTED.into()), "{wrong}");
        }
    }
}
