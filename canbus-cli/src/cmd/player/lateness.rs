//! How far after their time frames were sent.

use crate::summary;
use canbus::Histogram;
use std::time::{Duration, Instant};

/// The lateness of all frames.
#[derive(Default)]
pub(super) struct Lateness {
    all: Histogram,
    most: Duration,
}

impl Lateness {
    /// Notes that a frame that was due then has been sent now.
    pub(super) fn note(&mut self, due: Instant) {
        let late = due.elapsed();
        self.all.record(late);
        self.most = self.most.max(late);
    }

    /// "late by 57.3 µs (p50), 131.1 µs (p99), 1.2 ms (most)"; nothing without frames.
    pub(super) fn summary(&self) -> Option<String> {
        let shown = |part| Some(summary::time(self.all.quantile(part)?.min(self.most)));
        let (half, nearly_all) = (shown(0.5)?, shown(0.99)?);
        let most = summary::time(self.most);
        Some(format!(
            "late by {half} (p50), {nearly_all} (p99), {most} (most)"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_nearly_all_and_the_latest_are_told() {
        let mut lateness = Lateness::default();
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
            parts[1].starts_with('1') && parts[1].ends_with(" ms (p99)"),
            "{text}"
        );
        assert!(
            parts[2].starts_with("20") && parts[2].ends_with(" ms (most)"),
            "{text}"
        );
    }
}
