//! The timing that the Linux kernel chooses for an interface whose bit rate is set, so that other
//! adapters can be set alike.

use super::{Limits, Phase, check_bitrate, check_clock, within};
use crate::error::{Error, Result};

/// Which kernels choose so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LinuxRule {
    /// From 6.3 on: of equally good timings the one with the most quanta; the jump width is half of
    /// phase segment 2.
    #[default]
    Since6_3,
    /// From 4.8 to 5.18: of equally good timings the one with the fewest quanta; the jump width is 1.
    Since4_8,
}

/// The sample point that CAN in Automation recommends for a bit rate in bit/s, and Linux takes if none is given;
/// in percent.
pub fn cia_sample_point(bitrate: u32) -> f64 {
    match bitrate {
        800_001.. => 75.0,
        500_001.. => 80.0,
        _ => 87.5,
    }
}

/// The largest error of the bit rate that Linux accepts, in tenths of a percent.
const MAX_BITRATE_ERROR: u64 = 50;

/// A bit rate and a length of a bit that were looked at, with their errors: of the bit rate in
/// bit/s, of the sample point in tenths of a percent.
#[derive(Debug, Clone, Copy)]
struct Choice {
    brp: u32,
    quanta: u32,
    bitrate_error: u64,
    sample_point_error: Option<u32>,
}

impl Limits {
    /// The timing that Linux chooses for this bit rate in bit/s, at a clock in Hz: nearest to the
    /// bit rate, then nearest to the sample point in percent without being after it. `None` takes
    /// [`cia_sample_point`].
    ///
    /// # Errors
    /// `InvalidInput` for a clock, bit rate or sample point of 0 or beyond 100 %, if the bit rate
    /// cannot be kept within 5 %, and if Linux chooses what the controller cannot set.
    pub fn linux_choice(
        &self,
        f_clock: u32,
        bitrate: u32,
        sample_point: Option<f64>,
        rule: LinuxRule,
    ) -> Result<Phase> {
        check_clock(f_clock)?;
        check_bitrate("bitrate", bitrate)?;
        let wanted = sample_point.unwrap_or_else(|| cia_sample_point(bitrate));
        let wanted = (wanted * 10.0).round() as u32;
        within("sample_point in tenths of a percent", wanted, 1, 999)?;
        let refused = || {
            Error::invalid(format!(
                "bitrate is {bitrate}, which Linux cannot make of a clock of {f_clock} Hz with this \
                 controller and sample point"
            ))
        };
        let choice = self.best(f_clock, bitrate, wanted, rule);
        let choice = choice.ok_or_else(refused)?;
        let (tseg1, _) = self.part(choice.quanta, wanted).ok_or_else(refused)?;
        if choice.bitrate_error * 1000 / u64::from(bitrate) > MAX_BITRATE_ERROR {
            return Err(refused());
        }
        let tseg2 = choice.quanta - 1 - tseg1;
        let sjw = match rule {
            LinuxRule::Since4_8 => 1,
            // Half of tseg1 is propagation segment.
            LinuxRule::Since6_3 => tseg1.div_ceil(2).min(tseg2 / 2).max(1),
        };
        // Linux does not look whether `tseg1` is long enough.
        let phase = Phase::new(choice.brp, tseg1, tseg2, sjw);
        self.allow(&phase).then_some(phase).ok_or_else(refused)
    }

    /// Goes through all lengths of a bit, the longest first, with the prescaler next above and below
    /// the exact one.
    fn best(&self, f_clock: u32, bitrate: u32, wanted: u32, rule: LinuxRule) -> Option<Choice> {
        let (least, most) = self.quanta();
        let mut best: Option<Choice> = None;
        for quanta in (least..=most).rev() {
            for above in [1, 0] {
                let Some(brp) = self.prescaler(f_clock, bitrate, quanta, above) else {
                    continue;
                };
                let actual = u64::from(f_clock) / (u64::from(brp) * u64::from(quanta));
                let choice = Choice {
                    brp,
                    quanta,
                    bitrate_error: actual.abs_diff(u64::from(bitrate)),
                    sample_point_error: self.part(quanta, wanted).map(|(_, error)| error),
                };
                if !is_better(&choice, best.as_mut(), rule) {
                    continue;
                }
                best = Some(choice);
                if choice.bitrate_error == 0 && choice.sample_point_error == Some(0) {
                    return best;
                }
            }
        }
        best
    }

    fn prescaler(&self, f_clock: u32, bitrate: u32, quanta: u32, above: u64) -> Option<u32> {
        let step = u64::from(self.step());
        let brp = u64::from(f_clock) / (u64::from(quanta) * u64::from(bitrate)) + above;
        let brp = u32::try_from(brp / step * step).ok()?;
        (self.brp_min.max(1)..=self.brp_max)
            .contains(&brp)
            .then_some(brp)
    }

    /// The `tseg1` of a bit of so many quanta that samples nearest to a point, but not after it, and
    /// how far before it, in tenths of a percent. `None` if every one samples after it.
    fn part(&self, quanta: u32, wanted: u32) -> Option<(u32, u32)> {
        let tseg = quanta - 1;
        let before = u64::from(wanted) * u64::from(quanta) / 1000;
        let exact_tseg2 = i64::from(quanta) - before as i64;
        let mut nearest: Option<(u32, u32)> = None;
        for less in [0, 1] {
            let tseg2 = (exact_tseg2 - less)
                .max(i64::from(self.tseg2_min))
                .min(i64::from(self.tseg2_max)) as u32;
            let tseg1 = tseg.saturating_sub(tseg2).min(self.tseg1_max);
            let sampled = (u64::from(1 + tseg1) * 1000 / u64::from(quanta)) as u32;
            let nearer = |(_, error): (u32, u32)| wanted - sampled < error;
            if sampled <= wanted && nearest.is_none_or(nearer) {
                nearest = Some((tseg1, wanted - sampled));
            }
        }
        nearest
    }
}

/// Whether Linux prefers a timing to the best one so far. A better bit rate makes it forget how well
/// the best one sampled, also where the new one samples nowhere and is not taken.
fn is_better(choice: &Choice, best: Option<&mut Choice>, rule: LinuxRule) -> bool {
    let Some(best) = best else {
        return rule == LinuxRule::Since4_8 || choice.sample_point_error.is_some();
    };
    if choice.bitrate_error > best.bitrate_error {
        return false;
    }
    if choice.bitrate_error < best.bitrate_error {
        best.sample_point_error = None;
    }
    let error = |choice: &Choice| choice.sample_point_error.unwrap_or(u32::MAX);
    match rule {
        LinuxRule::Since6_3 => error(choice) < error(best),
        LinuxRule::Since4_8 => error(choice) <= error(best),
    }
}
