//! How well a task keeps its time: counts, and how late its frames were.

use std::fmt;
use std::time::Duration;

/// What became of a task's frames since it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeriodicStats {
    /// A kernel or an adapter carries the task out; then only `sent` may be known.
    pub native: bool,
    /// Frames that were handed to the bus; `None` where whoever sends them does not tell.
    pub sent: Option<u64>,
    /// Frames that the bus refused: its queue stayed full for a period, or sending failed.
    pub refused: u64,
    /// Frames that were sent more than a tenth of their period late.
    pub late: u64,
    /// Periods that passed without a frame because this process could not run in time.
    pub missed: u64,
    /// The longest time that a frame was due before its turn came.
    pub worst_lateness: Duration,
    /// How late the frames were that were sent.
    pub lateness: Histogram,
}

impl PeriodicStats {
    /// Adds what became of another task's frames.
    pub fn add(&mut self, other: &PeriodicStats) {
        self.native |= other.native;
        self.sent = self
            .sent
            .zip(other.sent)
            .map(|(ours, theirs)| ours + theirs);
        self.refused += other.refused;
        self.late += other.late;
        self.missed += other.missed;
        self.worst_lateness = self.worst_lateness.max(other.worst_lateness);
        self.lateness.add(&other.lateness);
    }
}

impl fmt::Display for PeriodicStats {
    /// `100 sent, 0 late, 0 missed, 0 refused; lateness p50 61 µs, p99 98 µs, worst 112 µs`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sent {
            Some(sent) => write!(f, "{sent} sent")?,
            None => write!(f, "sent by the driver, which does not tell how many")?,
        }
        if self.native {
            return write!(f, "; timed by the driver");
        }
        write!(
            f,
            ", {} late, {} missed, {} refused",
            self.late, self.missed, self.refused
        )?;
        let quantiles = self
            .lateness
            .quantile(0.5)
            .zip(self.lateness.quantile(0.99));
        if let Some((p50, p99)) = quantiles {
            write!(
                f,
                "; lateness p50 {}, p99 {}, worst {}",
                Rounded(p50),
                Rounded(p99),
                Rounded(self.worst_lateness)
            )?;
        }
        Ok(())
    }
}

/// A time with about two digits.
struct Rounded(Duration);

impl fmt::Display for Rounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos() as f64;
        let (number, unit) = match self.0.as_nanos() {
            0..1_000 => return write!(f, "{nanos} ns"),
            1_000..1_000_000 => (nanos / 1e3, "µs"),
            1_000_000..1_000_000_000 => (nanos / 1e6, "ms"),
            _ => (nanos / 1e9, "s"),
        };
        let decimals = usize::from(number < 9.95);
        write!(f, "{number:.decimals$} {unit}")
    }
}

/// Times in classes that are an eighth of a power of two wide: each is known to an eighth.
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64; CLASSES]>,
}

/// Classes in a power of two, and the bits that number them.
const STEPS: u32 = 8;
const STEP_BITS: u32 = 3;
/// Times of 2^40 ns, 18 minutes, and more are counted as that.
const MOST: u64 = (1 << 40) - 1;
const CLASSES: usize = class(MOST) + 1;

const fn class(nanos: u64) -> usize {
    if nanos < STEPS as u64 {
        return nanos as usize;
    }
    let power = nanos.ilog2();
    let step = nanos >> (power - STEP_BITS) & (STEPS as u64 - 1);
    ((power - STEP_BITS + 1) * STEPS) as usize + step as usize
}

/// The smallest time that is not in the class any more.
fn end_of(class: usize) -> u64 {
    let next = class as u64 + 1;
    let (power, step) = (next / u64::from(STEPS), next % u64::from(STEPS));
    match power {
        0 | 1 => next,
        power => (u64::from(STEPS) + step) << (power - 1),
    }
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram {
            counts: Box::new([0; CLASSES]),
        }
    }
}

impl Histogram {
    /// Counts a time.
    pub fn record(&mut self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(MOST);
        self.counts[class(nanos.min(MOST))] += 1;
    }

    /// Adds the counts of another one.
    pub fn add(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts[..]) {
            *count += more;
        }
    }

    /// How many times were counted.
    pub fn len(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Whether none was counted.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A time that this part of all times, 0 to 1, does not exceed: the end of its class. `None` if
    /// there is none.
    pub fn quantile(&self, part: f64) -> Option<Duration> {
        let wanted = (part.clamp(0.0, 1.0) * self.len() as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        let class = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted
        });
        class.map(|class| Duration::from_nanos(end_of(class)))
    }

    /// The classes that hold a time: the end of each, which is not in it, and how many.
    pub fn classes(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let counts = self.counts.iter().enumerate();
        counts
            .filter(|(_, count)| **count > 0)
            .map(|(class, count)| (Duration::from_nanos(end_of(class)), *count))
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.classes()).finish()
    }
}

impl fmt::Display for Histogram {
    /// A line for each power of two that holds a time, with a bar.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WIDTH: u64 = 50;
        let steps = STEPS as usize;
        let lines: Vec<u64> = self
            .counts
            .chunks(steps)
            .map(|few| few.iter().sum())
            .collect();
        let most = lines.iter().copied().max().unwrap_or(0).max(1);
        let first = lines.iter().position(|&count| count > 0).unwrap_or(0);
        let last = lines.iter().rposition(|&count| count > 0).unwrap_or(0);
        for (line, &count) in lines.iter().enumerate().take(last + 1).skip(first) {
            let end = Duration::from_nanos(end_of(line * steps + steps - 1));
            let bar = "#".repeat((count * WIDTH).div_ceil(most) as usize);
            writeln!(f, "  < {:>8} {count:>9} {bar}", Rounded(end).to_string())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_each_other_and_are_an_eighth_wide() {
        let mut before = 0;
        for class_number in 0..CLASSES {
            let end = end_of(class_number);
            assert!(end > before);
            assert_eq!(class(before), class_number);
            assert_eq!(class(end - 1), class_number);
            assert!(before < 8 || (end - before) * 8 <= before);
            before = end;
        }
        assert_eq!(before, MOST + 1);
    }

    #[test]
    fn quantiles_are_ends_of_classes() {
        let mut histogram = Histogram::default();
        assert!(histogram.is_empty());
        assert_eq!(histogram.quantile(0.5), None);
        for micros in 1..=100 {
            histogram.record(Duration::from_micros(micros));
        }
        assert_eq!(histogram.len(), 100);
        for (part, micros) in [(0.0, 1), (0.5, 50), (0.99, 99), (1.0, 100)] {
            let found = histogram.quantile(part).expect("there are times");
            let exact = Duration::from_micros(micros);
            assert!(found > exact && found <= exact * 9 / 8, "{part}: {found:?}");
        }
        histogram.record(Duration::MAX);
        assert_eq!(
            histogram.quantile(1.0),
            Some(Duration::from_nanos(MOST + 1))
        );
        assert_eq!(
            histogram.classes().map(|(_, count)| count).sum::<u64>(),
            101
        );
    }

    #[test]
    fn the_printed_forms_are_for_people() {
        let mut stats = PeriodicStats {
            sent: Some(3),
            ..PeriodicStats::default()
        };
        assert_eq!(stats.to_string(), "3 sent, 0 late, 0 missed, 0 refused");
        for nanos in [40_000, 70_000, 70_000] {
            stats.lateness.record(Duration::from_nanos(nanos));
        }
        stats.worst_lateness = Duration::from_micros(1_250);
        assert_eq!(
            stats.to_string(),
            "3 sent, 0 late, 0 missed, 0 refused; lateness p50 74 µs, p99 74 µs, worst 1.2 ms"
        );
        let lines: Vec<String> = stats.lateness.to_string().lines().map(Into::into).collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].starts_with("  <    66 µs         1 #"),
            "{lines:?}"
        );
        assert_eq!(Rounded(Duration::from_nanos(999)).to_string(), "999 ns");
        assert_eq!(Rounded(Duration::from_secs(90)).to_string(), "90 s");
        let native = PeriodicStats {
            native: true,
            ..PeriodicStats::default()
        };
        assert!(native.to_string().contains("by the driver"));
    }

    #[test]
    fn sums_are_of_everything() {
        let mut one = PeriodicStats {
            sent: Some(1),
            late: 2,
            missed: 3,
            refused: 4,
            worst_lateness: Duration::from_secs(5),
            ..PeriodicStats::default()
        };
        one.lateness.record(Duration::from_secs(5));
        let mut sum = one.clone();
        sum.add(&one);
        assert_eq!(
            (sum.sent, sum.late, sum.missed, sum.refused),
            (Some(2), 4, 6, 8)
        );
        assert_eq!(sum.worst_lateness, one.worst_lateness);
        assert_eq!(sum.lateness.len(), 2);
        sum.add(&PeriodicStats::default());
        assert_eq!(sum.sent, None);
    }
}
