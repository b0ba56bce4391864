//! A section of a log by recorded time.

use crate::message::Timestamp;
use std::time::Duration;

/// A moment of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// So long after the first message.
    AfterFirst(Duration),
    /// A time that was recorded.
    At(Timestamp),
}

/// Which messages of a log are wanted, by recorded time; the first message that it is asked for is
/// the first of the log.
///
/// ```
/// use canbus::{Moment, Section, Timestamp};
/// use std::time::Duration;
/// let mut section = Section::new(Some(Moment::AfterFirst(Duration::from_secs(5))), None);
/// let wanted = [100, 104, 105, 200].map(|seconds| section.contains(Timestamp::from_nanos(seconds * 1_000_000_000)));
/// assert_eq!(wanted, [false, false, true, true]);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Section {
    start: Option<Moment>,
    end: Option<Moment>,
    first: Option<Timestamp>,
}

impl Section {
    /// From `start` to `end`, both included; `None` for where the log begins or ends.
    pub fn new(start: Option<Moment>, end: Option<Moment>) -> Section {
        Section {
            start,
            end,
            first: None,
        }
    }

    /// Whether a message of this time, the next one of the log, is wanted.
    pub fn contains(&mut self, timestamp: Timestamp) -> bool {
        let first = *self.first.get_or_insert(timestamp);
        let time = |moment| match moment {
            Moment::At(timestamp) => timestamp,
            Moment::AfterFirst(after) => {
                first.plus_nanos(i64::try_from(after.as_nanos()).unwrap_or(i64::MAX))
            }
        };
        self.start.is_none_or(|start| timestamp >= time(start))
            && self.end.is_none_or(|end| timestamp <= time(end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(start: Option<Moment>, end: Option<Moment>, seconds: &[i64]) -> Vec<i64> {
        let mut section = Section::new(start, end);
        let at = |seconds| Timestamp::from_nanos(seconds * 1_000_000_000);
        let contains = |second: &i64| section.contains(at(*second));
        seconds.iter().copied().filter(contains).collect()
    }

    #[test]
    fn both_ends_are_included_and_messages_out_of_order_are_found() {
        let after = |seconds| Some(Moment::AfterFirst(Duration::from_secs(seconds)));
        let at = |seconds: i64| Some(Moment::At(Timestamp::from_nanos(seconds * 1_000_000_000)));
        let log = [10, 12, 11, 13, 20, 14, 15];
        assert_eq!(wanted(None, None, &log), log);
        assert_eq!(wanted(after(2), after(4), &log), [12, 13, 14]);
        assert_eq!(wanted(at(12), at(14), &log), [12, 13, 14]);
        assert_eq!(wanted(at(12), None, &log), [12, 13, 20, 14, 15]);
        assert_eq!(wanted(None, after(0), &log), [10]);
        assert!(wanted(at(15), at(14), &log).is_empty());
        assert_eq!(
            wanted(None, Some(Moment::AfterFirst(Duration::MAX)), &log),
            log
        );
    }
}
