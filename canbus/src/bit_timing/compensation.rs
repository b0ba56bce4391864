//! Transmitter delay compensation of CAN FD: where a transmitter samples its own data bits.

use super::BitTimingFd;

/// The longest delay of transmitter, line and receiver in one node that ISO 11898-2:2016 allows, in
/// nanoseconds.
const MAX_LOOP_DELAY_NS: f64 = 255.0;

/// Where a transmitter looks for its own bits of the data phase, whose bits may be shorter than the
/// way through its transceiver: at the second sample point, so long after the delay that it
/// measures itself (ISO 11898-1:2015, 11.3.3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DelayCompensation {
    /// TDCO: from the measured delay to the second sample point, in periods of the clock.
    pub offset: u32,
    /// The same in nanoseconds.
    pub offset_ns: f64,
    /// Whether it is needed: with the longest delay that is allowed, 255 ns, a bit comes back after
    /// its sample point.
    pub needed: bool,
}

impl BitTimingFd {
    /// The usual compensation, with the second sample point as far in the returned bit as the sample
    /// point in a received one, as Linux sets it. `None` if compensation is impossible: it exists
    /// for data prescalers of 1 and 2 only.
    pub fn delay_compensation(&self) -> Option<DelayCompensation> {
        let data = self.data();
        if data.brp > 2 {
            return None;
        }
        let offset = (1 + data.segments.tseg1) * data.brp;
        let offset_ns = f64::from(offset) * 1e9 / f64::from(self.f_clock());
        Some(DelayCompensation {
            offset,
            offset_ns,
            needed: offset_ns < MAX_LOOP_DELAY_NS,
        })
    }
}
