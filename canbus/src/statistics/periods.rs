//! The times between frames: mean, spread and percentiles in one pass and bounded memory.

use std::collections::BTreeMap;

const NANOS: f64 = 1e9;

/// How many periods must be known before a pause can be called unusual.
const KNOWN: u64 = 5;

/// Periods are counted in classes; a power of two has so many, which makes a class at most 0.8 %
/// wide.
const CLASSES: u32 = 128;

/// The times from one frame to the next, in seconds.
#[derive(Debug, Clone, Default)]
pub struct Periods {
    count: u64,
    /// In nanoseconds; without meaning while there are none.
    min: u64,
    max: u64,
    mean: f64,
    /// The sum of the squared distances from the mean (Welford).
    squares: f64,
    /// What is usual: the same without gaps.
    usual_count: u64,
    usual_sum: f64,
    classes: BTreeMap<u32, u64>,
}

impl Periods {
    /// Takes a period in nanoseconds.
    pub(super) fn add(&mut self, nanos: u64) {
        self.usual_count += 1;
        self.usual_sum += nanos as f64;
        self.add_gap(nanos);
    }

    /// Takes one that says nothing of what is usual.
    pub(super) fn add_gap(&mut self, nanos: u64) {
        self.min = if self.count == 0 {
            nanos
        } else {
            self.min.min(nanos)
        };
        self.max = self.max.max(nanos);
        self.count += 1;
        let distance = nanos as f64 - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (nanos as f64 - self.mean);
        *self.classes.entry(class(nanos)).or_default() += 1;
    }

    /// Whether it is longer than so many times the usual.
    pub(super) fn is_gap(&self, nanos: u64, factor: f64) -> bool {
        let usual = self.usual_sum / self.usual_count as f64;
        self.usual_count >= KNOWN && nanos as f64 > factor * usual
    }

    /// How many classes are in use, of which memory depends.
    #[cfg(test)]
    pub(super) fn classes(&self) -> usize {
        self.classes.len()
    }

    /// How many there were: one less than frames, and less each step back in time.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The shortest.
    pub fn min(&self) -> Option<f64> {
        (self.count > 0).then_some(self.min as f64 / NANOS)
    }

    /// The longest.
    pub fn max(&self) -> Option<f64> {
        (self.count > 0).then_some(self.max as f64 / NANOS)
    }

    /// The mean.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean / NANOS)
    }

    /// The standard deviation, of all periods as they are (divided by their number).
    pub fn std_dev(&self) -> Option<f64> {
        let variance = self.squares / self.count as f64;
        (self.count > 0).then(|| variance.max(0.0).sqrt() / NANOS)
    }

    /// The period that so many percent of all do not exceed, to 0.8 %.
    pub fn percentile(&self, percent: f64) -> Option<f64> {
        let rank = (percent / 100.0 * self.count as f64).ceil().max(1.0) as u64;
        let mut below = 0;
        let found = self.classes.iter().find(|(_, count)| {
            below += **count;
            below >= rank
        });
        let (&class, _) = found?;
        Some(upper_end(class).clamp(self.min, self.max) as f64 / NANOS)
    }
}

/// The class of a period: exact below 128 ns, then 128 of the same width up to each double.
fn class(nanos: u64) -> u32 {
    let doubles = nanos
        .checked_ilog2()
        .unwrap_or(0)
        .saturating_sub(CLASSES.ilog2());
    CLASSES * doubles + (nanos >> doubles) as u32
}

/// The longest period of a class.
fn upper_end(class: u32) -> u64 {
    let doubles = (class / CLASSES).saturating_sub(1);
    let first = u64::from(class - CLASSES * doubles);
    (first << doubles) + ((1 << doubles) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_narrow_and_follow_one_another() {
        for nanos in (0..4000).chain([1_000_000, 10_000_000, 123_456_789, u64::MAX / 3, u64::MAX]) {
            let (class, end) = (class(nanos), upper_end(class(nanos)));
            assert!(
                end >= nanos && (end - nanos) as f64 <= nanos as f64 * 0.008,
                "{nanos}: {end}"
            );
            if let Some(next) = end.checked_add(1) {
                assert_eq!(super::class(next), class + 1, "{nanos}");
            }
        }
    }

    #[test]
    fn mean_and_spread_are_those_of_the_schoolbook() {
        let mut periods = Periods::default();
        assert_eq!((periods.mean(), periods.percentile(99.0)), (None, None));
        for nanos in [
            2_000_000_000,
            4_000_000_000,
            4_000_000_000,
            4_000_000_000,
            5_000_000_000,
        ]
        .into_iter()
        .chain([5_000_000_000, 7_000_000_000, 9_000_000_000])
        {
            periods.add(nanos);
        }
        assert_eq!(periods.count(), 8);
        assert_eq!((periods.min(), periods.max()), (Some(2.0), Some(9.0)));
        assert_eq!((periods.mean(), periods.std_dev()), (Some(5.0), Some(2.0)));
        assert_eq!(periods.percentile(99.0), Some(9.0));
        let median = periods.percentile(50.0).expect("some");
        assert!((median - 4.0).abs() <= 0.032, "{median}");
    }

    #[test]
    fn a_pause_is_a_gap_only_when_the_usual_is_known_and_gaps_do_not_change_it() {
        let mut periods = Periods::default();
        for _ in 0..4 {
            periods.add(10);
        }
        assert!(!periods.is_gap(1000, 5.0));
        periods.add(10);
        assert!(periods.is_gap(51, 5.0) && !periods.is_gap(50, 5.0));
        periods.add_gap(1_000_000);
        assert!(periods.is_gap(51, 5.0));
        assert_eq!(periods.count(), 6);
    }
}
