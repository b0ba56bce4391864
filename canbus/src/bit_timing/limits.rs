//! What a controller can set, as data, and all its timings for a bit rate, ranked.

use super::{
    Phase, Segments, check_bitrate, check_clock, check_wish, is_near, sample_point, within,
};
use crate::error::{Context, Error, Result};
use std::cmp::Ordering;

/// The ranges of a controller's bit timing, both ends allowed; the same numbers as in Linux's
/// `can_bittiming_const`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The least `tseg1`.
    pub tseg1_min: u32,
    /// The greatest `tseg1`.
    pub tseg1_max: u32,
    /// The least `tseg2`.
    pub tseg2_min: u32,
    /// The greatest `tseg2`.
    pub tseg2_max: u32,
    /// The greatest `sjw`; the least is 1.
    pub sjw_max: u32,
    /// The least `brp`.
    pub brp_min: u32,
    /// The greatest `brp`.
    pub brp_max: u32,
    /// What every `brp` is a multiple of; 0 means the same as 1.
    pub brp_inc: u32,
}

/// A timing that a controller can set, and how near it is to what was wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Solution {
    /// Prescaler and segments.
    pub phase: Phase,
    /// The bit rate, in bit/s.
    pub bitrate: f64,
    /// How far it is from the wanted one, in percent of that, not negative.
    pub bitrate_error: f64,
    /// Where a bit is sampled, in percent.
    pub sample_point: f64,
    /// How far that is from the wanted sample point, in percent of the bit, not negative.
    pub sample_point_error: f64,
}

impl Limits {
    /// The SJA1000, whose registers BTR0 and BTR1 many interfaces take.
    pub const SJA1000: Limits = Limits::new((1, 16), (1, 8), 4, (1, 64));

    /// Limits from the ends of the ranges of `tseg1`, `tseg2`, `sjw` (from 1) and `brp` (in steps of
    /// one).
    pub const fn new(
        tseg1: (u32, u32),
        tseg2: (u32, u32),
        sjw_max: u32,
        brp: (u32, u32),
    ) -> Limits {
        Limits {
            tseg1_min: tseg1.0,
            tseg1_max: tseg1.1,
            tseg2_min: tseg2.0,
            tseg2_max: tseg2.1,
            sjw_max,
            brp_min: brp.0,
            brp_max: brp.1,
            brp_inc: 1,
        }
    }

    /// Whether the controller can set this.
    pub fn allow(&self, phase: &Phase) -> bool {
        let Segments { tseg1, tseg2, sjw } = phase.segments;
        (self.tseg1_min..=self.tseg1_max).contains(&tseg1)
            && (self.tseg2_min..=self.tseg2_max).contains(&tseg2)
            && (1..=self.sjw_max.min(tseg2)).contains(&sjw)
            && (self.brp_min..=self.brp_max).contains(&phase.brp)
            && phase.brp.is_multiple_of(self.step())
    }

    /// Refuses what the controller cannot set.
    ///
    /// # Errors
    /// `InvalidInput` with the first number that is out of its range.
    pub fn check(&self, phase: &Phase) -> Result<()> {
        let Segments { tseg1, tseg2, sjw } = phase.segments;
        within("brp", phase.brp, self.brp_min, self.brp_max)?;
        within("tseg1", tseg1, self.tseg1_min, self.tseg1_max)?;
        within("tseg2", tseg2, self.tseg2_min, self.tseg2_max)?;
        within("sjw", sjw, 1, self.sjw_max.min(tseg2))?;
        if !phase.brp.is_multiple_of(self.step()) {
            return Err(Error::invalid(format!(
                "brp is {}, but expected a multiple of {}",
                phase.brp,
                self.step()
            )));
        }
        Ok(())
    }

    /// All timings of this bit rate in bit/s, at a clock in Hz, the best first: nearest to the bit
    /// rate, then nearest to the sample point in percent, then with the most quanta. For each
    /// prescaler and length of a bit there is the one that samples nearest to the wanted point, with
    /// the widest jump.
    ///
    /// # Errors
    /// `InvalidInput` for a clock or bit rate of 0, for a sample point outside of 50 % to 100 %, and
    /// if no timing comes as near to the bit rate as 1/256; the message has the nearest bit rate.
    pub fn solutions(
        &self,
        f_clock: u32,
        bitrate: u32,
        sample_point: f64,
    ) -> Result<Vec<Solution>> {
        check_clock(f_clock)?;
        check_bitrate("bitrate", bitrate)?;
        check_wish("sample_point", sample_point)?;
        let mut all: Vec<Solution> = self
            .prescalers()
            .flat_map(|brp| self.lengths(f_clock, bitrate, brp).map(move |q| (brp, q)))
            .filter_map(|(brp, quanta)| {
                let phase = self.split(brp, quanta, sample_point)?;
                Some(Solution::of(phase, f_clock, bitrate, sample_point))
            })
            .collect();
        all.sort_by(Solution::compare);
        let nearest = all.first().map(|solution| solution.bitrate);
        all.retain(|solution| is_near(solution.bitrate, f64::from(bitrate)));
        if all.is_empty() {
            return Err(impossible(f_clock, bitrate, nearest));
        }
        Ok(all)
    }

    pub(super) fn step(&self) -> u32 {
        self.brp_inc.max(1)
    }

    /// The least and the greatest number of quanta in a bit.
    pub(super) fn quanta(&self) -> (u32, u32) {
        let quanta = |tseg1: u32, tseg2| tseg1.saturating_add(tseg2).saturating_add(1);
        (
            quanta(self.tseg1_min, self.tseg2_min),
            quanta(self.tseg1_max, self.tseg2_max),
        )
    }

    fn prescalers(&self) -> impl Iterator<Item = u32> {
        let step = self.step();
        let first = self.brp_min.max(1).div_ceil(step) * step;
        (first..=self.brp_max.min(super::MAX_QUANTA)).step_by(step as usize)
    }

    /// The lengths of a bit on both sides of the exact one, as far as there are such; else the
    /// nearest, so that it can be told what would be possible.
    fn lengths(&self, f_clock: u32, bitrate: u32, brp: u32) -> impl Iterator<Item = u32> {
        let (least, most) = self.quanta();
        let periods = u64::from(bitrate) * u64::from(brp);
        let below = u32::try_from(u64::from(f_clock) / periods).unwrap_or(u32::MAX);
        let exact = u64::from(below) * periods == u64::from(f_clock);
        let above = below.saturating_add(u32::from(!exact));
        let (below, above) = (below.max(least).min(most), above.max(least).min(most));
        [Some(below), (above != below).then_some(above)]
            .into_iter()
            .flatten()
    }

    /// The segments of a bit of so many quanta that sample nearest to a point, rather before it than
    /// after it; `None` if it cannot be parted.
    fn split(&self, brp: u32, quanta: u32, wanted: f64) -> Option<Phase> {
        let least = (self.tseg1_min).max((quanta - 1).saturating_sub(self.tseg2_max));
        let most = (self.tseg1_max).min((quanta - 1).checked_sub(self.tseg2_min)?);
        if least > most {
            return None;
        }
        // Less the synchronisation segment.
        let exact = wanted / 100.0 * f64::from(quanta) - 1.0;
        let off = |tseg1: &u32| (sample_point(*tseg1, quanta) - wanted).abs();
        let tseg1 = [exact.floor(), exact.ceil()]
            .map(|tseg1| (tseg1 as u32).max(least).min(most))
            .into_iter()
            .min_by(|one, other| off(one).total_cmp(&off(other)))?;
        let tseg2 = quanta - 1 - tseg1;
        let sjw = self.sjw_max.min(tseg1).min(tseg2).max(1);
        Some(Phase::new(brp, tseg1, tseg2, sjw))
    }
}

/// The timings of both phases of CAN FD that controllers of these limits can set, the best first:
/// nearest to both bit rates together, then with one prescaler for both phases, then nearest to both
/// sample points together, then with low prescalers. Each pair is bit rate in bit/s and sample point
/// in percent; nominal phase first, in the results too.
///
/// # Errors
/// As [`Limits::solutions`], for either phase.
pub fn fd_solutions(
    limits: (&Limits, &Limits),
    f_clock: u32,
    nominal: (u32, f64),
    data: (u32, f64),
) -> Result<Vec<[Solution; 2]>> {
    let slow = limits.0.solutions(f_clock, nominal.0, nominal.1)?;
    let fast = (limits.1.solutions(f_clock, data.0, data.1)).context("data phase")?;
    let pairs = slow
        .iter()
        .flat_map(|slow| fast.iter().map(|fast| [*slow, *fast]));
    let mut pairs: Vec<_> = pairs.collect();
    pairs.sort_by(|one, other| {
        let error = |pair: &[Solution; 2]| pair[0].bitrate_error + pair[1].bitrate_error;
        let off = |pair: &[Solution; 2]| pair[0].sample_point_error + pair[1].sample_point_error;
        let apart = |pair: &[Solution; 2]| pair[0].phase.brp != pair[1].phase.brp;
        let sum = |pair: &[Solution; 2]| pair[0].phase.brp + pair[1].phase.brp;
        (error(one).total_cmp(&error(other)))
            .then(apart(one).cmp(&apart(other)))
            .then(off(one).total_cmp(&off(other)))
            .then(sum(one).cmp(&sum(other)))
    });
    Ok(pairs)
}

impl Solution {
    /// A timing beside what is wanted of it: a bit rate in bit/s and a sample point in percent.
    pub fn of(phase: Phase, f_clock: u32, bitrate: u32, sample_point: f64) -> Solution {
        let (actual, wanted) = (phase.bitrate(f_clock), f64::from(bitrate));
        let sampled = phase.segments.sample_point();
        Solution {
            phase,
            bitrate: actual,
            bitrate_error: (actual - wanted).abs() * 100.0 / wanted,
            sample_point: sampled,
            sample_point_error: (sampled - sample_point).abs(),
        }
    }

    /// The better one first.
    fn compare(&self, other: &Solution) -> Ordering {
        (self.bitrate_error.total_cmp(&other.bitrate_error))
            .then(self.sample_point_error.total_cmp(&other.sample_point_error))
            .then(self.phase.brp.cmp(&other.phase.brp))
    }
}

fn impossible(f_clock: u32, bitrate: u32, nearest: Option<f64>) -> Error {
    let nearest = match nearest {
        Some(nearest) => format!("; the nearest possible is {}", shown(nearest)),
        None => String::new(),
    };
    Error::invalid(format!(
        "bitrate is {bitrate}, which a clock of {f_clock} Hz cannot make here{nearest}"
    ))
}

/// A bit rate with decimals only if it has some.
fn shown(bitrate: f64) -> String {
    let text = format!("{bitrate:.3}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}
