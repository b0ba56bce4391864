//! When each message of a log is due: arithmetic without a clock.

use crate::message::Timestamp;
use std::time::Duration;

/// The rule by which recorded times become due times.
#[derive(Debug, Clone)]
pub struct Schedule {
    timestamps: bool,
    gap: Duration,
    skip: Option<Duration>,
    previous: Option<(Timestamp, Duration)>,
    /// How far the recorded time has come, without the pauses that were cut.
    elapsed: i64,
}

impl Schedule {
    /// As it was recorded: each message as long after the first one as its timestamp says.
    pub fn recorded() -> Schedule {
        Schedule {
            timestamps: true,
            gap: Duration::ZERO,
            skip: None,
            previous: None,
            elapsed: 0,
        }
    }

    /// One message every `gap`, whatever their timestamps say.
    pub fn every(gap: Duration) -> Schedule {
        Schedule {
            timestamps: false,
            gap,
            ..Schedule::recorded()
        }
    }

    /// The same schedule with at least `gap` between messages.
    #[must_use]
    pub fn gap(self, gap: Duration) -> Schedule {
        Schedule { gap, ..self }
    }

    /// The same schedule with pauses cut to `skip` where they were longer.
    #[must_use]
    pub fn skip(self, skip: Duration) -> Schedule {
        Schedule {
            skip: Some(skip),
            ..self
        }
    }

    /// When a message of this timestamp, the next one, is due, counted from the first message.
    ///
    /// It is never due before the message that preceded it, even if its timestamp is earlier.
    pub fn due(&mut self, timestamp: Timestamp) -> Duration {
        let due = match self.previous {
            None => Duration::ZERO,
            Some((previous, last_due)) => {
                let earliest = last_due.saturating_add(self.gap);
                self.elapsed = self
                    .elapsed
                    .saturating_add(self.pause(timestamp.nanos_since(previous)));
                let recorded = Duration::from_nanos(u64::try_from(self.elapsed).unwrap_or(0));
                if self.timestamps {
                    recorded.max(earliest)
                } else {
                    earliest
                }
            }
        };
        self.previous = Some((timestamp, due));
        due
    }

    /// A distance between two recorded times, in nanoseconds, cut if it is too long.
    fn pause(&self, nanos: i64) -> i64 {
        match self.skip {
            Some(skip) => nanos.min(i64::try_from(skip.as_nanos()).unwrap_or(i64::MAX)),
            None => nanos,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(mut schedule: Schedule, millis: &[i64]) -> Vec<u128> {
        millis
            .iter()
            .map(|&at| {
                schedule
                    .due(Timestamp::from_nanos(at * 1_000_000))
                    .as_millis()
            })
            .collect()
    }

    #[test]
    fn recorded_times_count_from_the_first() {
        assert_eq!(
            due(Schedule::recorded(), &[5000, 5010, 5010, 6000]),
            [0, 10, 10, 1000]
        );
        assert_eq!(due(Schedule::recorded(), &[-50, 0, 25]), [0, 50, 75]);
    }

    #[test]
    fn a_step_back_in_time_is_due_at_once_and_shifts_nothing_after_it() {
        assert_eq!(
            due(Schedule::recorded(), &[0, 100, 50, 120]),
            [0, 100, 100, 120]
        );
        assert_eq!(due(Schedule::recorded(), &[100, 0, 150]), [0, 0, 50]);
    }

    #[test]
    fn the_gap_is_a_lower_bound_and_the_schedule_catches_up() {
        let schedule = Schedule::recorded().gap(Duration::from_millis(10));
        assert_eq!(due(schedule, &[0, 1, 2, 100]), [0, 10, 20, 100]);
    }

    #[test]
    fn long_pauses_are_cut() {
        let schedule = Schedule::recorded().skip(Duration::from_millis(500));
        assert_eq!(
            due(schedule, &[0, 400, 10_000, 10_500, 11_001]),
            [0, 400, 900, 1400, 1900]
        );
        let forever = Schedule::recorded().skip(Duration::MAX);
        assert_eq!(due(forever, &[0, 10_000]), [0, 10_000]);
    }

    #[test]
    fn without_timestamps_only_the_gap_counts() {
        let schedule = Schedule::every(Duration::from_millis(7));
        assert_eq!(due(schedule, &[0, 400, 10]), [0, 7, 14]);
    }

    #[test]
    fn extreme_times_do_not_overflow() {
        let mut schedule = Schedule::recorded();
        for nanos in [i64::MIN, i64::MAX, i64::MIN, i64::MAX, 0] {
            schedule.due(Timestamp::from_nanos(nanos));
        }
    }
}
