//! Places where time stands still or goes back: counted, and the worst of them kept.

use crate::frame::Id;
use crate::message::{Channel, Timestamp};
use std::cmp::Reverse;

/// A pause of one arbitration ID that was longer than usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The channel, where the messages tell it.
    pub channel: Option<Channel>,
    /// The arbitration ID.
    pub id: Id,
    /// The last frame before it.
    pub from: Timestamp,
    /// The first frame after it.
    pub to: Timestamp,
}

/// A message with an earlier time than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepBack {
    /// Which message it is, counted from 1.
    pub frame: u64,
    /// The time of the message before it.
    pub from: Timestamp,
    /// Its own time.
    pub to: Timestamp,
}

impl Gap {
    /// How long it lasted, in seconds.
    pub fn seconds(&self) -> f64 {
        self.to.duration_since(self.from).as_secs_f64()
    }
}

impl StepBack {
    /// How far back it goes, in seconds.
    pub fn seconds(&self) -> f64 {
        self.from.duration_since(self.to).as_secs_f64()
    }
}

/// What has a length.
pub(super) trait Length: Copy {
    fn nanos(&self) -> i64;
}

impl Length for Gap {
    fn nanos(&self) -> i64 {
        self.to.nanos_since(self.from)
    }
}

impl Length for StepBack {
    fn nanos(&self) -> i64 {
        self.from.nanos_since(self.to)
    }
}

/// Counts, and keeps the longest; of equals the first.
#[derive(Debug)]
pub(super) struct Longest<T> {
    most: usize,
    count: u64,
    kept: Vec<T>,
}

impl<T: Length> Longest<T> {
    pub(super) fn new(most: usize) -> Longest<T> {
        Longest {
            most,
            count: 0,
            kept: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, one: T) {
        self.count += 1;
        if self.kept.len() < 2 * self.most {
            self.kept.push(one);
            return;
        }
        // Seldom, and then at once.
        self.kept = self.longest();
        self.kept.push(one);
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// The longest first.
    pub(super) fn longest(&self) -> Vec<T> {
        let mut longest = self.kept.clone();
        longest.sort_by_key(|one| Reverse(one.nanos()));
        longest.truncate(self.most);
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_are_kept_and_all_are_counted() {
        let mut longest = Longest::new(3);
        for number in 0..100_i64 {
            longest.add(StepBack {
                frame: number as u64,
                from: Timestamp::from_nanos(number * 37 % 100),
                to: Timestamp::ZERO,
            });
        }
        let lengths: Vec<i64> = longest.longest().iter().map(Length::nanos).collect();
        assert_eq!((longest.count(), lengths), (100, vec![99, 98, 97]));
    }
}
