//! The timing of a classic CAN bus, with the ranges of the SJA1000 and its registers BTR0 and BTR1.

use super::{Phase, Segments, check_bitrate, check_clock, check_near, check_wish, is_near, within};
use crate::error::{Error, ErrorKind, Result};
use std::fmt;

/// The bit timing of a classic CAN bus: `brp` 1 to 64, `tseg1` 1 to 16, `tseg2` 1 to 8, `sjw` 1 to
/// 4 and at most `tseg2`, sampled in the second half of the bit.
///
/// Values are those of python-can's `BitTiming` (4.6.1). The 4.0.0 form, in which parts may be
/// missing, is [`TimingParts`](super::TimingParts).
///
/// ```
/// use canbus::{BitTiming, bit_timing::{Phase, Segments}};
/// # fn main() -> canbus::Result<()> {
/// let timing = BitTiming::new(8_000_000, Phase::new(4, 11, 4, 2))?.with_samples(3)?.strict()?;
/// assert_eq!((timing.bitrate(), timing.sample_point()), (125_000, 75.0));
/// assert_eq!(timing, BitTiming::from_registers(8_000_000, 0x43, 0xba)?);
///
/// let segments = Segments { tseg1: 13, tseg2: 2, sjw: 1 };
/// let timing = BitTiming::from_bitrate_and_segments(8_000_000, 500_000, segments)?;
/// assert_eq!(timing.recreate_with_f_clock(24_000_000)?.brp(), 3);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BitTiming {
    f_clock: u32,
    phase: Phase,
    nof_samples: u8,
}

impl BitTiming {
    /// A timing from its clock in Hz, prescaler and segments, with one sample a bit.
    ///
    /// # Errors
    /// `InvalidInput` for a value out of its range.
    pub fn new(f_clock: u32, phase: Phase) -> Result<BitTiming> {
        let Segments { tseg1, tseg2, sjw } = phase.segments;
        check_clock(f_clock)?;
        within("brp", phase.brp, 1, 64)?;
        within("tseg1", tseg1, 1, 16)?;
        within("tseg2", tseg2, 1, 8)?;
        within("sjw", sjw, 1, 4)?;
        phase.check("")?;
        phase.check_sample_point("")?;
        Ok(BitTiming {
            f_clock,
            phase,
            nof_samples: 1,
        })
    }

    /// The same timing with so many samples of each bit: 1 or 3, of which the majority counts.
    ///
    /// # Errors
    /// `InvalidInput` for another number.
    pub fn with_samples(self, nof_samples: u8) -> Result<BitTiming> {
        if nof_samples != 1 && nof_samples != 3 {
            return Err(Error::invalid(format!(
                "nof_samples is {nof_samples}, but expected 1 or 3"
            )));
        }
        Ok(BitTiming {
            nof_samples,
            ..self
        })
    }

    /// The same timing, if it lies in the range that ISO 11898 demands of every controller: 8 to 25
    /// quanta a bit, `brp` at most 32, 5,000 to 1,000,000 bit/s.
    ///
    /// # Errors
    /// `InvalidInput` if it does not.
    pub fn strict(self) -> Result<BitTiming> {
        within("nominal bit time", self.nbt(), 8, 25)?;
        within("brp", self.brp(), 1, 32)?;
        within("bitrate", self.bitrate(), 5_000, 1_000_000)?;
        Ok(self)
    }

    /// A timing from the bit rate in bit/s in place of the prescaler.
    ///
    /// # Errors
    /// `InvalidInput` for a value out of its range, and if the bit rate that comes out differs from
    /// the wanted one by more than 1/256.
    pub fn from_bitrate_and_segments(
        f_clock: u32,
        bitrate: u32,
        segments: Segments,
    ) -> Result<BitTiming> {
        let timing = BitTiming::new(f_clock, Phase::nearest(f_clock, bitrate, segments)?)?;
        check_near("bitrate", timing.bitrate(), bitrate)?;
        Ok(timing)
    }

    /// A timing from the registers of an SJA1000.
    ///
    /// # Errors
    /// `InvalidInput` if they are no timing: `sjw` above `tseg2`, or sampled in the first half.
    pub fn from_registers(f_clock: u32, btr0: u8, btr1: u8) -> Result<BitTiming> {
        let phase = Phase::new(
            u32::from(btr0 & 0x3f) + 1,
            u32::from(btr1 & 0x0f) + 1,
            u32::from(btr1 >> 4 & 0x07) + 1,
            u32::from(btr0 >> 6) + 1,
        );
        BitTiming::new(f_clock, phase)?.with_samples(if btr1 & 0x80 == 0 { 1 } else { 3 })
    }

    /// The timings of this bit rate in bit/s that sample near this point in percent: those that
    /// python-can finds, one for each prescaler that fits, lowest prescaler first, all strict.
    ///
    /// [`Limits::solutions`](super::Limits::solutions) finds all, and ranks them.
    ///
    /// # Errors
    /// `InvalidInput` for a clock or bit rate of 0 and a sample point outside of 50 % to 100 %.
    pub fn iterate_from_sample_point(
        f_clock: u32,
        bitrate: u32,
        sample_point: f64,
    ) -> Result<impl Iterator<Item = BitTiming>> {
        check_clock(f_clock)?;
        check_bitrate("bitrate", bitrate)?;
        check_wish("sample_point", sample_point)?;
        let timings = (1..=64).map_while(move |brp| {
            let quanta = whole_quanta(f_clock, bitrate, brp);
            (quanta >= 8).then(|| at(f_clock, bitrate, brp, quanta, sample_point))
        });
        Ok(timings.flatten())
    }

    /// The timing that python-can chooses for this bit rate in bit/s and sample point in percent:
    /// the one that samples nearest to it, and among those the lowest prescaler. python-can's
    /// default sample point is 69 %.
    ///
    /// # Errors
    /// `InvalidInput` as [`iterate_from_sample_point`](Self::iterate_from_sample_point), and if
    /// there is none.
    pub fn from_sample_point(f_clock: u32, bitrate: u32, sample_point: f64) -> Result<BitTiming> {
        let off = |timing: &BitTiming| (timing.sample_point() - sample_point).abs();
        BitTiming::iterate_from_sample_point(f_clock, bitrate, sample_point)?
            .min_by(|one, other| off(one).total_cmp(&off(other)))
            .ok_or_else(|| {
                Error::invalid(format!(
                    "no strict bit timing gives {bitrate} bit/s from a clock of {f_clock} Hz"
                ))
            })
    }

    /// The same bit rate and sample point at another clock in Hz: the same segments where a
    /// prescaler allows, else others whose sample point differs by at most 1 %.
    ///
    /// # Errors
    /// `InvalidInput` if there is none.
    pub fn recreate_with_f_clock(&self, f_clock: u32) -> Result<BitTiming> {
        let same =
            BitTiming::from_bitrate_and_segments(f_clock, self.bitrate(), self.phase.segments);
        let same = same.and_then(|timing| timing.with_samples(self.nof_samples)?.strict());
        if same.is_ok() {
            return same;
        }
        let found = BitTiming::from_sample_point(f_clock, self.bitrate(), self.sample_point())?;
        if (found.sample_point() - self.sample_point()).abs() > 1.0 {
            return Err(Error::invalid(format!(
                "f_clock is {f_clock}, at which the sample point nearest to {:.2} % is {:.2} %",
                self.sample_point(),
                found.sample_point()
            )));
        }
        let sjw = scaled_sjw(&self.phase, &found.phase).min(4);
        let Segments { tseg1, tseg2, .. } = found.phase.segments;
        let phase = Phase::new(found.brp(), tseg1, tseg2, sjw);
        BitTiming::new(f_clock, phase)?.with_samples(self.nof_samples)
    }

    /// This timing, if its clock is one of these, else the same at the first of them that allows it;
    /// `check_or_adjust_timing_clock` in python-can. What was changed is logged as a warning.
    ///
    /// # Errors
    /// `OpenFailed` if none of the clocks allows it.
    pub fn adjust_clock(&self, valid_clocks: &[u32]) -> Result<BitTiming> {
        adjust(*self, self.f_clock, valid_clocks, |clock| {
            self.recreate_with_f_clock(clock)
        })
    }

    /// The controller's clock, in Hz.
    pub fn f_clock(&self) -> u32 {
        self.f_clock
    }

    /// Prescaler and segments.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Bit rate prescaler.
    pub fn brp(&self) -> u32 {
        self.phase.brp
    }

    /// Quanta from the synchronisation segment to the sample point.
    pub fn tseg1(&self) -> u32 {
        self.phase.segments.tseg1
    }

    /// Quanta from the sample point to the end of the bit.
    pub fn tseg2(&self) -> u32 {
        self.phase.segments.tseg2
    }

    /// Synchronisation jump width, in quanta.
    pub fn sjw(&self) -> u32 {
        self.phase.segments.sjw
    }

    /// How often each bit is sampled: 1 or 3.
    pub fn nof_samples(&self) -> u8 {
        self.nof_samples
    }

    /// Nominal bit time, in quanta.
    pub fn nbt(&self) -> u32 {
        self.phase.segments.quanta()
    }

    /// The time quantum, in whole nanoseconds.
    pub fn tq(&self) -> u32 {
        whole_tq(self.brp(), self.f_clock)
    }

    /// The bit rate, in whole bit/s.
    pub fn bitrate(&self) -> u32 {
        self.phase.bitrate(self.f_clock).round_ties_even() as u32
    }

    /// Where a bit is sampled, in percent.
    pub fn sample_point(&self) -> f64 {
        self.phase.segments.sample_point()
    }

    /// The register BTR0 of an SJA1000.
    pub fn btr0(&self) -> u8 {
        ((self.sjw() - 1) << 6 | (self.brp() - 1)) as u8
    }

    /// The register BTR1 of an SJA1000.
    pub fn btr1(&self) -> u8 {
        let three = u32::from(self.nof_samples == 3);
        (three << 7 | (self.tseg2() - 1) << 4 | (self.tseg1() - 1)) as u8
    }
}

/// How many quanta of this prescaler fit in a bit.
pub(super) fn whole_quanta(f_clock: u32, bitrate: u32, brp: u32) -> u32 {
    (f64::from(f_clock) / (f64::from(bitrate) * f64::from(brp))) as u32
}

/// python-can's whole nanoseconds, for those who show them.
pub(super) fn whole_tq(brp: u32, f_clock: u32) -> u32 {
    (f64::from(brp) / f64::from(f_clock) * 1e9).round_ties_even() as u32
}

/// How many quanta before the sample point come nearest to it, less the first; at most so many that
/// `tseg2` gets its least. Negative if a bit has not even those.
pub(super) fn nearest_tseg1(quanta: u32, sample_point: f64, least_tseg2: i64) -> i64 {
    let nearest = (sample_point / 100.0 * f64::from(quanta)).round_ties_even() as i64 - 1;
    nearest.min(i64::from(quanta) - 1 - least_tseg2)
}

/// The strict timing of this prescaler and length that samples nearest to a point.
fn at(f_clock: u32, bitrate: u32, brp: u32, quanta: u32, sample_point: f64) -> Option<BitTiming> {
    let bits = f64::from(f_clock) / (f64::from(quanta) * f64::from(brp));
    if !is_near(bits, f64::from(bitrate)) {
        return None;
    }
    let tseg1 = u32::try_from(nearest_tseg1(quanta, sample_point, 1)).ok()?;
    let tseg2 = quanta - tseg1 - 1;
    let phase = Phase::new(brp, tseg1, tseg2, tseg2.min(4));
    let timing = BitTiming::new(f_clock, phase).ok()?;
    timing.strict().ok()
}

/// A jump width of the same share of the bit as before.
pub(super) fn scaled_sjw(before: &Phase, now: &Phase) -> u32 {
    let share = f64::from(before.segments.sjw) / f64::from(before.segments.quanta());
    let sjw = (share * f64::from(now.segments.quanta())).round_ties_even() as u32;
    sjw.min(now.segments.tseg2).max(1)
}

/// A timing at one of these clocks.
pub(super) fn adjust<T>(
    timing: T,
    f_clock: u32,
    valid_clocks: &[u32],
    recreate: impl Fn(u32) -> Result<T>,
) -> Result<T> {
    if valid_clocks.contains(&f_clock) {
        return Ok(timing);
    }
    for &clock in valid_clocks {
        if let Ok(adjusted) = recreate(clock) {
            log::warn!("bit timing for a clock of {f_clock} Hz was adjusted to {clock} Hz");
            return Ok(adjusted);
        }
    }
    let clocks: Vec<String> = valid_clocks.iter().map(ToString::to_string).collect();
    let text = format!(
        "f_clock is {f_clock}, but expected a clock that the device has, or a timing that one of \
         them allows: {}",
        clocks.join(", ")
    );
    Err(Error::new(ErrorKind::OpenFailed, text))
}

impl fmt::Display for BitTiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "BR: {} bit/s, SP: {:.2}%, BRP: {}, TSEG1: {}, TSEG2: {}, SJW: {}, BTR: {:02X}{:02X}h, \
             CLK: {:.0}MHz",
            grouped(self.bitrate()),
            self.sample_point(),
            self.brp(),
            self.tseg1(),
            self.tseg2(),
            self.sjw(),
            self.btr0(),
            self.btr1(),
            f64::from(self.f_clock) / 1e6
        )
    }
}

/// A number with underscores between thousands.
pub(super) fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}
