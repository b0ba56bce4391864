//! When the time of a file is up: counted from the start, or by the clock on the wall.

use crate::message::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use std::time::Duration;

/// The seconds of a day without a change of the clocks.
pub(super) const DAY: Duration = Duration::from_hours(24);

/// Stretches of time, one after another.
pub(super) struct Period {
    length: Duration,
    /// The time of the day at which one begins; `None`: the first one begins at the start.
    at: Option<Duration>,
    zone: TimeZone,
    /// The clock may be set back, and then the end of the current stretch is looked for anew.
    /// Messages may be older than those before them, which means nothing.
    is_clock: bool,
    current: Option<Stretch>,
}

#[derive(Clone, Copy)]
struct Stretch {
    begin: Timestamp,
    end: Timestamp,
}

impl Period {
    pub(super) fn new(
        length: Duration,
        at: Option<Duration>,
        zone: TimeZone,
        is_clock: bool,
    ) -> Period {
        Period {
            length,
            at,
            zone,
            is_clock,
            current: None,
        }
    }

    /// Whether the current stretch has ended; if so, the one of this moment is the current one
    /// from now on. The first moment asked for is in the first stretch.
    pub(super) fn is_over(&mut self, now: Timestamp) -> bool {
        let Some(current) = self.current else {
            self.current = Some(self.stretch(now, now));
            return false;
        };
        if now >= current.end {
            self.current = Some(self.stretch(current.begin, now));
            return true;
        }
        if self.is_clock && now < current.begin {
            self.current = Some(self.stretch(now, now));
        }
        false
    }

    /// The stretch that a moment is in, where one begins at `start` unless the clock says when.
    fn stretch(&self, start: Timestamp, now: Timestamp) -> Stretch {
        let by_clock = self.at.and_then(|at| self.by_clock(at, now));
        let end = by_clock.unwrap_or_else(|| {
            let length = i64::try_from(self.length.as_nanos()).unwrap_or(i64::MAX);
            let passed = now.nanos_since(start) / length.max(1);
            start.plus_nanos(passed.saturating_add(1).saturating_mul(length))
        });
        let length = i64::try_from(self.length.as_nanos()).unwrap_or(i64::MAX);
        let begin = match by_clock {
            Some(_) => now,
            // In step with the first one.
            None => end.plus_nanos(-length),
        };
        Stretch { begin, end }
    }

    /// The next time after `now` at which the clock on the wall begins a stretch: at the time of
    /// the day, and then at each multiple of the length up to the next day's. `None` beyond what
    /// a calendar has.
    fn by_clock(&self, at: Duration, now: Timestamp) -> Option<Timestamp> {
        let moment = jiff::Timestamp::from_nanosecond(now.as_nanos().into()).ok()?;
        let local = moment.to_zoned(self.zone.clone()).datetime();
        let at = SignedDuration::try_from(at).ok()?;
        let mut day = local
            .date()
            .to_datetime(Time::midnight())
            .checked_add(at)
            .ok()?;
        if day > local {
            day = day.checked_sub(1.day()).ok()?;
        }
        let days = i64::try_from(self.length.as_secs() / DAY.as_secs()).ok()?;
        if days > 0 {
            return self.instant(day.checked_add(days.days()).ok()?);
        }
        let tomorrow = day.checked_add(1.day()).ok()?;
        let length = SignedDuration::try_from(self.length).ok()?;
        let passed = local.duration_since(day).as_nanos() / length.as_nanos().max(1);
        for step in passed + 1.. {
            let nanos = i64::try_from(step * length.as_nanos()).ok()?;
            let next = day.checked_add(SignedDuration::from_nanos(nanos)).ok()?;
            let next = self.instant(next.min(tomorrow))?;
            // The hour that comes twice has times of the day that are over already.
            if next > now {
                return Some(next);
            }
        }
        None
    }

    fn instant(&self, local: DateTime) -> Option<Timestamp> {
        let zoned = local.to_zoned(self.zone.clone()).ok()?;
        let nanos = i64::try_from(zoned.timestamp().as_nanosecond()).ok()?;
        Some(Timestamp::from_nanos(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_nanos(seconds * SECOND)
    }

    fn berlin() -> TimeZone {
        TimeZone::get("Europe/Berlin").expect("known")
    }

    fn local(text: &str) -> Timestamp {
        let zoned: DateTime = text.parse().expect("a date");
        let zoned = zoned.to_zoned(berlin()).expect("there");
        at(zoned.timestamp().as_second())
    }

    #[test]
    fn from_the_start_stretches_keep_step_whatever_they_hold() {
        let mut period = Period::new(Duration::from_secs(10), None, TimeZone::UTC, true);
        let over = [100, 105, 109, 110, 111, 135, 139, 140].map(|time| period.is_over(at(time)));
        let expected = [false, false, false, true, false, true, false, true];
        assert_eq!(over, expected);
    }

    #[test]
    fn a_clock_that_is_set_back_begins_anew_and_older_messages_do_not() {
        let over = |is_clock| {
            let mut period = Period::new(Duration::from_secs(10), None, TimeZone::UTC, is_clock);
            [100, 50, 60, 70, 110].map(|time| period.is_over(at(time)))
        };
        assert_eq!(over(true), [false, false, true, true, true]);
        assert_eq!(over(false), [false, false, false, false, true]);
    }

    /// The ends of the stretches, one after another.
    fn ends(length: Duration, time: Duration, from: &str, count: usize) -> Vec<Timestamp> {
        let period = Period::new(length, Some(time), berlin(), true);
        let mut moment = local(from);
        let next = || {
            moment = period.stretch(moment, moment).end;
            moment
        };
        std::iter::repeat_with(next).take(count).collect()
    }

    #[test]
    fn by_the_clock_each_day_begins_anew() {
        let hours = Duration::from_hours;
        let found = ends(hours(7), Duration::ZERO, "2026-05-31T13:59:59", 4);
        let expected = ["31T14:00", "31T21:00", "01T00:00", "01T07:00"];
        let month = |text: &str| if text.starts_with('3') { "05" } else { "06" };
        let expected = expected.map(|text| local(&format!("2026-{}-{text}:00", month(text))));
        assert_eq!(found, expected);

        let found = ends(DAY, hours(6), "2026-05-31T05:00:00", 3);
        let expected = ["05-31T06:00", "06-01T06:00", "06-02T06:00"];
        assert_eq!(
            found,
            expected.map(|text| local(&format!("2026-{text}:00")))
        );
        let found = ends(DAY * 7, Duration::ZERO, "2026-05-31T05:00:00", 2);
        let expected = ["06-07T00:00", "06-14T00:00"];
        assert_eq!(
            found,
            expected.map(|text| local(&format!("2026-{text}:00")))
        );
        // On the moment itself the next one is meant.
        let found = ends(hours(1), Duration::from_mins(15), "2026-05-31T05:15:00", 1);
        assert_eq!(found, [local("2026-05-31T06:15:00")]);
    }

    #[test]
    fn when_the_clocks_change_the_clock_on_the_wall_counts() {
        let hours = Duration::from_hours;
        // The hour from 2 to 3 is left out.
        let found = ends(hours(6), Duration::ZERO, "2026-03-28T23:00:00", 3);
        let expected = ["29T00:00", "29T06:00", "29T12:00"];
        assert_eq!(
            found,
            expected.map(|text| local(&format!("2026-03-{text}:00")))
        );
        // The hour from 2 to 3 comes twice: no file of no length, and none that never ends.
        let found = ends(
            Duration::from_mins(30),
            Duration::ZERO,
            "2026-10-25T01:30:00",
            8,
        );
        assert!(found.is_sorted_by(|one, next| one < next));
        let last = local("2026-10-25T04:30:00");
        assert!(found.contains(&last), "{found:?}");
    }

    #[test]
    fn times_beyond_the_calendar_do_not_end_it() {
        for time in [i64::MIN, i64::MAX - 5, i64::MAX] {
            for at in [None, Some(Duration::ZERO)] {
                let mut period = Period::new(DAY, at, TimeZone::UTC, false);
                assert!(!period.is_over(Timestamp::from_nanos(time)));
                period.is_over(Timestamp::from_nanos(i64::MAX));
            }
        }
    }
}
