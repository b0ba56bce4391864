//! The timing of a CAN FD bus: one phase for arbitration, one for data.

use super::classic::{adjust, grouped, nearest_tseg1, scaled_sjw, whole_quanta, whole_tq};
use super::{Phase, Segments, check_bitrate, check_clock, check_near, check_wish, is_near, within};
use crate::error::{Error, Result};
use std::fmt;

/// The bit timing of a CAN FD bus: the nominal phase of arbitration and the data phase, at one
/// clock. The data phase is at least as fast, and both are sampled in the second half of a bit.
///
/// Values are those of python-can's `BitTimingFd` (4.6.1).
///
/// ```
/// use canbus::{BitTimingFd, bit_timing::Phase};
/// # fn main() -> canbus::Result<()> {
/// let nominal = Phase::new(2, 59, 20, 20);
/// let timing = BitTimingFd::new(80_000_000, nominal, Phase::new(2, 14, 5, 5))?.strict()?;
/// assert_eq!((timing.nom_bitrate(), timing.data_bitrate()), (500_000, 2_000_000));
///
/// let found = BitTimingFd::from_sample_point(80_000_000, (500_000, 75.0), (2_000_000, 75.0))?;
/// assert_eq!(found, timing);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BitTimingFd {
    f_clock: u32,
    nominal: Phase,
    data: Phase,
}

impl BitTimingFd {
    /// A timing from its clock in Hz and both phases.
    ///
    /// # Errors
    /// `InvalidInput` for a value out of its range.
    pub fn new(f_clock: u32, nominal: Phase, data: Phase) -> Result<BitTimingFd> {
        check_clock(f_clock)?;
        nominal.check("nom_")?;
        data.check("data_")?;
        let timing = BitTimingFd {
            f_clock,
            nominal,
            data,
        };
        let (slow, fast) = (timing.nom_bitrate(), timing.data_bitrate());
        if fast < slow {
            return Err(Error::invalid(format!(
                "data_bitrate is {fast}, but expected at least nom_bitrate, which is {slow}"
            )));
        }
        nominal.check_sample_point("nom_")?;
        data.check_sample_point("data_")?;
        Ok(timing)
    }

    /// The same timing, if it lies in the range that ISO 11898-1 demands of every controller: 8 to
    /// 80 quanta a nominal bit, 5 to 25 a data bit, and the ranges of the segments, which are wider
    /// where both phases have the same prescaler.
    ///
    /// # Errors
    /// `InvalidInput` if it does not.
    pub fn strict(self) -> Result<BitTimingFd> {
        let (nominal, data) = (self.nominal.segments, self.data.segments);
        within("nominal bit time", nominal.quanta(), 8, 80)?;
        within("data bit time", data.quanta(), 5, 25)?;
        within("data_tseg1", data.tseg1, 1, 16)?;
        within("data_tseg2", data.tseg2, 2, 8)?;
        within("data_sjw", data.sjw, 1, 8)?;
        let shared = self.nominal.brp == self.data.brp;
        let (tseg1, tseg2) = if shared { (128, 32) } else { (64, 16) };
        within("nom_tseg1", nominal.tseg1, 2, tseg1)?;
        within("nom_tseg2", nominal.tseg2, 2, tseg2)?;
        within("nom_sjw", nominal.sjw, 1, tseg2)?;
        Ok(self)
    }

    /// A timing from bit rates in bit/s in place of the prescalers; each pair is bit rate and
    /// segments, nominal phase first.
    ///
    /// # Errors
    /// `InvalidInput` for a value out of its range, and if a bit rate that comes out differs from
    /// the wanted one by more than 1/256.
    pub fn from_bitrate_and_segments(
        f_clock: u32,
        nominal: (u32, Segments),
        data: (u32, Segments),
    ) -> Result<BitTimingFd> {
        let phase = |(bitrate, segments)| Phase::nearest(f_clock, bitrate, segments);
        let timing = BitTimingFd::new(f_clock, phase(nominal)?, phase(data)?)?;
        check_near("nom_bitrate", timing.nom_bitrate(), nominal.0)?;
        check_near("data_bitrate", timing.data_bitrate(), data.0)?;
        Ok(timing)
    }

    /// The timings of these bit rates in bit/s that sample near these points in percent: those that
    /// python-can finds, one for each pair of prescalers that fits, all strict. Each pair is bit
    /// rate and sample point, nominal phase first.
    ///
    /// # Errors
    /// `InvalidInput` for a clock or bit rate of 0 and a sample point outside of 50 % to 100 %.
    pub fn iterate_from_sample_point(
        f_clock: u32,
        nominal: (u32, f64),
        data: (u32, f64),
    ) -> Result<impl Iterator<Item = BitTimingFd>> {
        check_clock(f_clock)?;
        check_bitrate("nom_bitrate", nominal.0)?;
        check_bitrate("data_bitrate", data.0)?;
        check_wish("nom_sample_point", nominal.1)?;
        check_wish("data_sample_point", data.1)?;
        let slow: Vec<Phase> = phases(f_clock, nominal, 128).collect();
        let fast: Vec<Phase> = phases(f_clock, data, 16).collect();
        Ok(slow.into_iter().flat_map(move |nominal| {
            let timing = move |data: &Phase| BitTimingFd::new(f_clock, nominal, *data)?.strict();
            let timings: Vec<BitTimingFd> = fast.iter().flat_map(timing).collect();
            timings
        }))
    }

    /// The timing that python-can chooses for these bit rates in bit/s and sample points in percent:
    /// with one prescaler for both phases if that is possible at all, then nearest to both sample
    /// points together, then with low prescalers. Each pair is bit rate and sample point, nominal
    /// phase first.
    ///
    /// # Errors
    /// `InvalidInput` as [`iterate_from_sample_point`](Self::iterate_from_sample_point), and if
    /// there is none.
    pub fn from_sample_point(
        f_clock: u32,
        nominal: (u32, f64),
        data: (u32, f64),
    ) -> Result<BitTimingFd> {
        let apart = |timing: &BitTimingFd| timing.nominal.brp.abs_diff(timing.data.brp);
        let off = |timing: &BitTimingFd| {
            (timing.nom_sample_point() - nominal.1).abs()
                + (timing.data_sample_point() - data.1).abs()
        };
        let rank = |timing: &BitTimingFd| {
            let sum = timing.nominal.brp + timing.data.brp;
            (apart(timing) != 0, off(timing), apart(timing), sum)
        };
        BitTimingFd::iterate_from_sample_point(f_clock, nominal, data)?
            .min_by(|one, other| {
                let (one, other) = (rank(one), rank(other));
                (one.0.cmp(&other.0))
                    .then(one.1.total_cmp(&other.1))
                    .then((one.2, one.3).cmp(&(other.2, other.3)))
            })
            .ok_or_else(|| {
                Error::invalid(format!(
                    "no strict bit timing gives {} and {} bit/s from a clock of {f_clock} Hz",
                    nominal.0, data.0
                ))
            })
    }

    /// The same bit rates and sample points at another clock in Hz: the same segments where
    /// prescalers allow, else others whose sample points differ by at most 1 %.
    ///
    /// # Errors
    /// `InvalidInput` if there is none.
    pub fn recreate_with_f_clock(&self, f_clock: u32) -> Result<BitTimingFd> {
        let same = BitTimingFd::from_bitrate_and_segments(
            f_clock,
            (self.nom_bitrate(), self.nominal.segments),
            (self.data_bitrate(), self.data.segments),
        );
        let same = same.and_then(BitTimingFd::strict);
        if same.is_ok() {
            return same;
        }
        let found = BitTimingFd::from_sample_point(
            f_clock,
            (self.nom_bitrate(), self.nom_sample_point()),
            (self.data_bitrate(), self.data_sample_point()),
        )?;
        let far = |was: f64, is: f64| (was - is).abs() > 1.0;
        if far(self.nom_sample_point(), found.nom_sample_point())
            || far(self.data_sample_point(), found.data_sample_point())
        {
            return Err(Error::invalid(format!(
                "f_clock is {f_clock}, at which the sample points nearest to {:.2} % and {:.2} % \
                 are {:.2} % and {:.2} %",
                self.nom_sample_point(),
                self.data_sample_point(),
                found.nom_sample_point(),
                found.data_sample_point()
            )));
        }
        let (mut nominal, mut data) = (found.nominal, found.data);
        nominal.segments.sjw = scaled_sjw(&self.nominal, &nominal);
        data.segments.sjw = scaled_sjw(&self.data, &data);
        BitTimingFd::new(f_clock, nominal, data)
    }

    /// This timing, if its clock is one of these, else the same at the first of them that allows it;
    /// `check_or_adjust_timing_clock` in python-can. What was changed is logged as a warning.
    ///
    /// # Errors
    /// `OpenFailed` if none of the clocks allows it.
    pub fn adjust_clock(&self, valid_clocks: &[u32]) -> Result<BitTimingFd> {
        adjust(*self, self.f_clock, valid_clocks, |clock| {
            self.recreate_with_f_clock(clock)
        })
    }

    /// The controller's clock, in Hz.
    pub fn f_clock(&self) -> u32 {
        self.f_clock
    }

    /// Prescaler and segments of the arbitration phase.
    pub fn nominal(&self) -> Phase {
        self.nominal
    }

    /// Prescaler and segments of the data phase.
    pub fn data(&self) -> Phase {
        self.data
    }

    /// The bit rate of the arbitration phase, in whole bit/s.
    pub fn nom_bitrate(&self) -> u32 {
        self.nominal.bitrate(self.f_clock).round_ties_even() as u32
    }

    /// The bit rate of the data phase, in whole bit/s.
    pub fn data_bitrate(&self) -> u32 {
        self.data.bitrate(self.f_clock).round_ties_even() as u32
    }

    /// The time quantum of the arbitration phase, in whole nanoseconds.
    pub fn nom_tq(&self) -> u32 {
        whole_tq(self.nominal.brp, self.f_clock)
    }

    /// The time quantum of the data phase, in whole nanoseconds.
    pub fn data_tq(&self) -> u32 {
        whole_tq(self.data.brp, self.f_clock)
    }

    /// Nominal bit time: a bit of the arbitration phase, in quanta.
    pub fn nbt(&self) -> u32 {
        self.nominal.segments.quanta()
    }

    /// Data bit time: a bit of the data phase, in quanta.
    pub fn dbt(&self) -> u32 {
        self.data.segments.quanta()
    }

    /// Where a bit of the arbitration phase is sampled, in percent.
    pub fn nom_sample_point(&self) -> f64 {
        self.nominal.segments.sample_point()
    }

    /// Where a bit of the data phase is sampled, in percent.
    pub fn data_sample_point(&self) -> f64 {
        self.data.segments.sample_point()
    }
}

/// The phases of a bit rate that sample near a point, lowest prescaler first, as python-can counts
/// them: no more than 256 prescalers, at least two quanta after the sample point.
fn phases(
    f_clock: u32,
    (bitrate, sample_point): (u32, f64),
    max_sjw: u32,
) -> impl Iterator<Item = Phase> {
    (1..=256).filter_map(move |brp| {
        let quanta = whole_quanta(f_clock, bitrate, brp);
        let bits = f64::from(f_clock) / (f64::from(quanta) * f64::from(brp));
        if quanta == 0 || !is_near(bits, f64::from(bitrate)) {
            return None;
        }
        let tseg1 = u32::try_from(nearest_tseg1(quanta, sample_point, 2)).ok()?;
        let tseg2 = quanta - tseg1 - 1;
        Some(Phase::new(brp, tseg1, tseg2, tseg2.min(max_sjw)))
    })
}

impl fmt::Display for BitTimingFd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, bitrate, phase) in [
            ("N", self.nom_bitrate(), self.nominal),
            ("D", self.data_bitrate(), self.data),
        ] {
            let Segments { tseg1, tseg2, sjw } = phase.segments;
            write!(
                f,
                "{letter}BR: {} bit/s, {letter}SP: {:.2}%, {letter}BRP: {}, {letter}TSEG1: {tseg1}, \
                 {letter}TSEG2: {tseg2}, {letter}SJW: {sjw}, ",
                grouped(bitrate),
                phase.segments.sample_point(),
                phase.brp
            )?;
        }
        write!(f, "CLK: {:.0}MHz", f64::from(self.f_clock) / 1e6)
    }
}
