//! Bit timing: how a controller divides its clock into bits, and where in a bit it samples.
//!
//! A bit lasts one time quantum for synchronisation, `tseg1` quanta before and `tseg2` quanta after
//! the sample point; a quantum is `brp` periods of the controller's clock (ISO 11898-1:2015,
//! 11.3.1). [`BitTiming`] is such a setting for classic CAN, [`BitTimingFd`] for CAN FD, both with
//! the ranges and results of python-can 4.6.1. [`Limits`] are those of any controller, and find all
//! its settings for a bit rate.
//!
//! ```
//! use canbus::{BitTiming, bit_timing::Limits};
//! # fn main() -> canbus::Result<()> {
//! let timing = BitTiming::from_sample_point(16_000_000, 500_000, 87.5)?;
//! assert_eq!((timing.brp(), timing.tseg1(), timing.tseg2()), (2, 13, 2));
//! assert_eq!((timing.btr0(), timing.btr1()), (0x41, 0x1c));
//!
//! let best = Limits::SJA1000.solutions(16_000_000, 500_000, 87.5)?[0];
//! assert_eq!(best.phase, timing.phase());
//! # Ok(())
//! # }
//! ```

mod classic;
mod compensation;
mod controllers;
mod fd;
mod limits;
mod linux;
mod parts;
mod tolerance;

pub use classic::BitTiming;
pub use compensation::DelayCompensation;
pub use controllers::{Controller, controllers, find_controller};
pub use fd::BitTimingFd;
pub use limits::{Limits, Solution, fd_solutions};
pub use linux::{LinuxRule, cia_sample_point};
pub use parts::{CLASSIC_OPTIONS, FD_OPTIONS, PhaseParts, Timing, TimingParts};
pub use tolerance::{BUS_LENGTH_M, NODE_LOOP_DELAY_NS};

use crate::error::{Error, Result};
use std::fmt::Display;

/// The most quanta in a segment and the highest prescaler that are taken at all. No controller
/// reaches it.
const MAX_QUANTA: u32 = u16::MAX as u32;

/// The segments of a bit, in time quanta. The synchronisation segment of one quantum is no part of
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Segments {
    /// From the synchronisation segment to the sample point: propagation and phase segment 1.
    pub tseg1: u32,
    /// From the sample point to the end of the bit: phase segment 2.
    pub tseg2: u32,
    /// Synchronisation jump width: how far an edge may move the sample point.
    pub sjw: u32,
}

impl Segments {
    /// How long a bit is, in quanta.
    pub fn quanta(&self) -> u32 {
        self.tseg1.saturating_add(self.tseg2).saturating_add(1)
    }

    /// Where a bit is sampled, in percent of its length.
    pub fn sample_point(&self) -> f64 {
        sample_point(self.tseg1, self.quanta())
    }
}

/// A prescaler and segments: the timing of one phase of a frame, without the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Phase {
    /// Bit rate prescaler: how many periods of the clock make a time quantum.
    pub brp: u32,
    /// How many quanta make the parts of a bit.
    pub segments: Segments,
}

impl Phase {
    /// A phase from its four numbers.
    pub fn new(brp: u32, tseg1: u32, tseg2: u32, sjw: u32) -> Phase {
        let segments = Segments { tseg1, tseg2, sjw };
        Phase { brp, segments }
    }

    /// The bit rate at this clock in Hz, in bit/s; infinite for a prescaler of 0.
    pub fn bitrate(&self, f_clock: u32) -> f64 {
        f64::from(f_clock) / (f64::from(self.brp) * f64::from(self.segments.quanta()))
    }

    /// The length of a quantum at this clock in Hz, in nanoseconds.
    pub fn tq_ns(&self, f_clock: u32) -> f64 {
        f64::from(self.brp) * 1e9 / f64::from(f_clock)
    }

    /// The prescaler that comes nearest to this bit rate, as python-can rounds it.
    fn nearest(f_clock: u32, bitrate: u32, segments: Segments) -> Result<Phase> {
        check_bitrate("bitrate", bitrate)?;
        let quanta = f64::from(segments.quanta());
        let exact = f64::from(f_clock) / (f64::from(bitrate) * quanta);
        let brp = exact.round_ties_even() as u32;
        Ok(Phase { brp, segments })
    }

    /// Refuses numbers beyond all controllers, so that no arithmetic can overflow.
    fn check(&self, prefix: &str) -> Result<()> {
        let Segments { tseg1, tseg2, sjw } = self.segments;
        for (name, value) in [
            ("brp", self.brp),
            ("tseg1", tseg1),
            ("tseg2", tseg2),
            ("sjw", sjw),
        ] {
            let least = u32::from(name == "brp");
            within(format!("{prefix}{name}"), value, least, MAX_QUANTA)?;
        }
        if sjw > tseg2 {
            return Err(Error::invalid(format!(
                "{prefix}sjw is {sjw}, but expected at most {prefix}tseg2, which is {tseg2}"
            )));
        }
        Ok(())
    }

    /// Refuses a sample point in the first half of a bit.
    fn check_sample_point(&self, prefix: &str) -> Result<()> {
        let sample_point = self.segments.sample_point();
        if sample_point < 50.0 {
            return Err(Error::invalid(format!(
                "{prefix}sample_point is {sample_point:.2} %, but expected at least 50 %"
            )));
        }
        Ok(())
    }
}

/// Where a bit is sampled, in percent.
fn sample_point(tseg1: u32, quanta: u32) -> f64 {
    100.0 * (1.0 + f64::from(tseg1)) / f64::from(quanta)
}

fn within(name: impl Display, value: u32, min: u32, max: u32) -> Result<()> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{name} is {value}, but expected {min} to {max}"
    )))
}

fn check_clock(f_clock: u32) -> Result<()> {
    within("f_clock", f_clock, 1, u32::MAX)
}

fn check_bitrate(name: &str, bitrate: u32) -> Result<()> {
    within(name, bitrate, 1, u32::MAX)
}

/// A sample point as a wish, in percent.
fn check_wish(name: &str, sample_point: f64) -> Result<()> {
    if (50.0..100.0).contains(&sample_point) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{name} is {sample_point}, but expected 50 to less than 100 (percent)"
    )))
}

/// Whether a bit rate is as near to the wanted one as python-can demands: to 1/256.
fn is_near(bitrate: f64, wanted: f64) -> bool {
    (bitrate - wanted).abs() <= wanted / 256.0
}

/// Refuses a timing whose bit rate, in whole bit/s, is not the wanted one.
fn check_near(name: &str, actual: u32, wanted: u32) -> Result<()> {
    if is_near(f64::from(actual), f64::from(wanted)) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{name} is {wanted}, but these segments and this clock give {actual} at best"
    )))
}

#[cfg(test)]
mod tests;
