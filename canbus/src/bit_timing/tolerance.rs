//! How far the oscillators of two nodes may differ: the conditions of ISO 11898-1.

use super::{BitTiming, BitTimingFd, Phase};

/// A usual delay of transmitting and receiving in a node, in nanoseconds.
pub const NODE_LOOP_DELAY_NS: f64 = 250.0;

/// A usual length of a bus, in metres.
pub const BUS_LENGTH_M: f64 = 10.0;

/// What a line delays a signal, in nanoseconds a metre.
const DELAY_PER_METRE_NS: f64 = 5.0;

impl BitTiming {
    /// How far oscillators may be off, in percent to each side, on a bus of this length in metres
    /// whose nodes need so long, in nanoseconds, from transmitting to receiving the same bit. 0 if
    /// the propagation alone takes longer than the bit allows.
    ///
    /// python-can rounds the time quantum to whole nanoseconds first; here it is exact.
    pub fn oscillator_tolerance(&self, node_loop_delay_ns: f64, bus_length_m: f64) -> f64 {
        self.phase()
            .oscillator_tolerance(self.f_clock(), node_loop_delay_ns, bus_length_m)
    }
}

impl Phase {
    /// The tolerance of a classic bus with this timing, at a clock in Hz; see
    /// [`BitTiming::oscillator_tolerance`].
    pub fn oscillator_tolerance(
        &self,
        f_clock: u32,
        node_loop_delay_ns: f64,
        bus_length_m: f64,
    ) -> f64 {
        let delay = (node_loop_delay_ns, bus_length_m);
        percent(&arbitration(self, f_clock, delay))
    }
}

impl BitTimingFd {
    /// How far oscillators may be off, in percent to each side, so that both phases and the change
    /// between them work; see [`BitTiming::oscillator_tolerance`].
    pub fn oscillator_tolerance(&self, node_loop_delay_ns: f64, bus_length_m: f64) -> f64 {
        let (nominal, data) = (self.nominal(), self.data());
        let delay = (node_loop_delay_ns, bus_length_m);
        let [resynchronized, after_error_flag] = arbitration(&nominal, self.f_clock(), delay);
        let (slow_brp, fast_brp) = (f64::from(nominal.brp), f64::from(data.brp));
        let (nbt, dbt) = (f64::from(self.nbt()), f64::from(self.dbt()));
        let (slow_tseg2, fast_tseg2) = (
            f64::from(nominal.segments.tseg2),
            f64::from(data.segments.tseg2),
        );
        let data_resynchronized = f64::from(data.segments.sjw) / (2.0 * 10.0 * dbt);
        let data_after_error_flag = shorter_phase(&nominal, self.f_clock(), delay)
            / (2.0 * ((6.0 * dbt - fast_tseg2) * fast_brp / slow_brp + 7.0 * nbt));
        let correctable = f64::from(data.segments.sjw) - (slow_brp / fast_brp - 1.0).max(0.0);
        let bit_rate_switch = correctable
            / (2.0 * ((2.0 * nbt - slow_tseg2) * slow_brp / fast_brp + fast_tseg2 + 4.0 * dbt));
        percent(&[
            resynchronized,
            after_error_flag,
            data_resynchronized,
            data_after_error_flag,
            bit_rate_switch,
        ])
    }
}

/// The conditions of arbitration: resynchronising after ten bits, and sampling the bit after an
/// error flag.
fn arbitration(phase: &Phase, f_clock: u32, delay: (f64, f64)) -> [f64; 2] {
    let (nbt, tseg2) = (
        f64::from(phase.segments.quanta()),
        f64::from(phase.segments.tseg2),
    );
    [
        f64::from(phase.segments.sjw) / (2.0 * 10.0 * nbt),
        shorter_phase(phase, f_clock, delay) / (2.0 * (13.0 * nbt - tseg2)),
    ]
}

/// The shorter one of both phase segments, in quanta: what is left when a signal has gone through
/// the line and both nodes and back.
fn shorter_phase(phase: &Phase, f_clock: u32, (loop_delay_ns, length_m): (f64, f64)) -> f64 {
    let there_and_back_ns = 2.0 * (loop_delay_ns + DELAY_PER_METRE_NS * length_m);
    // Divided once, so that whole numbers of quanta stay whole.
    let quanta = there_and_back_ns * f64::from(f_clock) / (f64::from(phase.brp) * 1e9);
    let phase_seg1 = f64::from(phase.segments.tseg1) - quanta.ceil();
    phase_seg1.min(f64::from(phase.segments.tseg2))
}

/// The strictest condition, in percent.
fn percent(conditions: &[f64]) -> f64 {
    let least = conditions.iter().copied().fold(f64::INFINITY, f64::min);
    (least * 100.0).max(0.0)
}
