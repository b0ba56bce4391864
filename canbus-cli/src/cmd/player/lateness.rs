//! How far after their time frames were sent.

use crate::summary;
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

/// What is counted apart: to three digits, up to an hour.
const DIGITS: u8 = 3;
const MOST: u64 = 3_600_000_000_000;

/// The lateness of all frames.
pub(super) struct Lateness(Option<Histogram<u64>>);

impl Lateness {
    pub(super) fn new() -> Lateness {
        // The bounds are fixed and fit.
        Lateness(Histogram::new_with_bounds(1, MOST, DIGITS).ok())
    }

    /// Notes that a frame that was due then has been sent now.
    pub(super) fn note(&mut self, due: Instant) {
        let late = due.elapsed().as_nanos();
        if let Some(histogram) = &mut self.0 {
            histogram.saturating_record(u64::try_from(late).unwrap_or(MOST).max(1));
        }
    }

    /// "late by 57 µs (p50), 130 µs (p99), 1.2 ms (most)"; nothing without frames.
    pub(super) fn summary(&self) -> Option<String> {
        let histogram = self.0.as_ref().filter(|histogram| !histogram.is_empty())?;
        let time = |nanos| summary::time(Duration::from_nanos(nanos));
        Some(format!(
            "late by {} (p50), {} (p99), {} (most)",
            time(histogram.value_at_quantile(0.5)),
            time(histogram.value_at_quantile(0.99)),
            time(histogram.max())
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_nearly_all_and_the_latest_are_told() {
        let mut lateness = Lateness::new();
        assert_eq!(lateness.summary(), None);
        let now = Instant::now();
        for _ in 0..98 {
            lateness.note(now);
        }
        let before = |millis| {
            now.checked_sub(Duration::from_millis(millis))
                .expect("later than that")
        };
        lateness.note(before(100));
        lateness.note(before(200));
        let text = lateness.summary().expect("some");
        assert!(text.starts_with("late by "), "{text}");
        let parts: Vec<&str> = text.split(", ").collect();
        assert!(
            parts[1].starts_with("10") && parts[1].ends_with(" ms (p99)"),
            "{text}"
        );
        assert!(
            parts[2].starts_with("20") && parts[2].ends_with(" ms (most)"),
            "{text}"
        );
    }
}
