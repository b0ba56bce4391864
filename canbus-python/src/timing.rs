//! `canbus._core.Timing` and `TimingFd`: the library's bit timings, which the mappings `BitTiming` and
//! `BitTimingFd` of Python hold.

use crate::errors::OrRaise;
use canbus::bit_timing::{Phase, Segments};
use canbus::{BitTiming, BitTimingFd};
use pyo3::prelude::*;

/// A timing of a classic bus.
#[pyclass(frozen, module = "canbus._core")]
pub(crate) struct Timing(BitTiming);

#[pymethods]
impl Timing {
    #[new]
    #[pyo3(signature = (f_clock, brp, tseg1, tseg2, sjw, nof_samples=1, strict=false))]
    #[expect(clippy::too_many_arguments, reason = "those of python-can")]
    fn new(
        py: Python<'_>,
        f_clock: u32,
        brp: u32,
        tseg1: u32,
        tseg2: u32,
        sjw: u32,
        nof_samples: u8,
        strict: bool,
    ) -> PyResult<Timing> {
        let timing = BitTiming::new(f_clock, Phase::new(brp, tseg1, tseg2, sjw));
        finished(timing, nof_samples, strict).or_raise(py)
    }

    #[staticmethod]
    #[expect(clippy::too_many_arguments, reason = "those of python-can")]
    fn from_bitrate_and_segments(
        py: Python<'_>,
        f_clock: u32,
        bitrate: u32,
        tseg1: u32,
        tseg2: u32,
        sjw: u32,
        nof_samples: u8,
        strict: bool,
    ) -> PyResult<Timing> {
        let segments = Segments { tseg1, tseg2, sjw };
        let timing = BitTiming::from_bitrate_and_segments(f_clock, bitrate, segments);
        finished(timing, nof_samples, strict).or_raise(py)
    }

    #[staticmethod]
    fn from_registers(py: Python<'_>, f_clock: u32, btr0: u8, btr1: u8) -> PyResult<Timing> {
        let timing = BitTiming::from_registers(f_clock, btr0, btr1);
        timing.map(Timing).or_raise(py)
    }

    #[staticmethod]
    fn from_sample_point(
        py: Python<'_>,
        f_clock: u32,
        bitrate: u32,
        sample_point: f64,
    ) -> PyResult<Timing> {
        let timing = BitTiming::from_sample_point(f_clock, bitrate, sample_point);
        timing.map(Timing).or_raise(py)
    }

    #[staticmethod]
    fn all_from_sample_point(
        py: Python<'_>,
        f_clock: u32,
        bitrate: u32,
        sample_point: f64,
    ) -> PyResult<Vec<Timing>> {
        let all = BitTiming::iterate_from_sample_point(f_clock, bitrate, sample_point);
        Ok(all.or_raise(py)?.map(Timing).collect())
    }

    fn recreate_with_f_clock(&self, py: Python<'_>, f_clock: u32) -> PyResult<Timing> {
        self.0
            .recreate_with_f_clock(f_clock)
            .map(Timing)
            .or_raise(py)
    }

    fn oscillator_tolerance(&self, node_loop_delay_ns: f64, bus_length_m: f64) -> f64 {
        self.0
            .oscillator_tolerance(node_loop_delay_ns, bus_length_m)
    }

    #[getter]
    fn f_clock(&self) -> u32 {
        self.0.f_clock()
    }
    #[getter]
    fn brp(&self) -> u32 {
        self.0.brp()
    }
    #[getter]
    fn tseg1(&self) -> u32 {
        self.0.tseg1()
    }
    #[getter]
    fn tseg2(&self) -> u32 {
        self.0.tseg2()
    }
    #[getter]
    fn sjw(&self) -> u32 {
        self.0.sjw()
    }
    #[getter]
    fn nof_samples(&self) -> u8 {
        self.0.nof_samples()
    }
    #[getter]
    fn bitrate(&self) -> u32 {
        self.0.bitrate()
    }
    #[getter]
    fn tq(&self) -> u32 {
        self.0.tq()
    }
    #[getter]
    fn nbt(&self) -> u32 {
        self.0.nbt()
    }
    #[getter]
    fn sample_point(&self) -> f64 {
        self.0.sample_point()
    }
    #[getter]
    fn btr0(&self) -> u8 {
        self.0.btr0()
    }
    #[getter]
    fn btr1(&self) -> u8 {
        self.0.btr1()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }
}

fn finished(
    timing: canbus::Result<BitTiming>,
    nof_samples: u8,
    strict: bool,
) -> canbus::Result<Timing> {
    let timing = timing?.with_samples(nof_samples)?;
    Ok(Timing(if strict { timing.strict()? } else { timing }))
}

/// A timing of a CAN FD bus. Tuples are one phase: prescaler or bit rate, tseg1, tseg2, sjw; or bit
/// rate and sample point.
#[pyclass(frozen, module = "canbus._core")]
pub(crate) struct TimingFd(BitTimingFd);

type Four = (u32, u32, u32, u32);

fn phase((brp, tseg1, tseg2, sjw): Four) -> Phase {
    Phase::new(brp, tseg1, tseg2, sjw)
}

fn finished_fd(timing: canbus::Result<BitTimingFd>, strict: bool) -> canbus::Result<TimingFd> {
    let timing = timing?;
    Ok(TimingFd(if strict { timing.strict()? } else { timing }))
}

#[pymethods]
impl TimingFd {
    #[new]
    fn new(
        py: Python<'_>,
        f_clock: u32,
        nominal: Four,
        data: Four,
        strict: bool,
    ) -> PyResult<TimingFd> {
        let timing = BitTimingFd::new(f_clock, phase(nominal), phase(data));
        finished_fd(timing, strict).or_raise(py)
    }

    #[staticmethod]
    fn from_bitrate_and_segments(
        py: Python<'_>,
        f_clock: u32,
        nominal: Four,
        data: Four,
        strict: bool,
    ) -> PyResult<TimingFd> {
        let pair = |(bitrate, tseg1, tseg2, sjw): Four| (bitrate, Segments { tseg1, tseg2, sjw });
        let timing = BitTimingFd::from_bitrate_and_segments(f_clock, pair(nominal), pair(data));
        finished_fd(timing, strict).or_raise(py)
    }

    #[staticmethod]
    fn from_sample_point(
        py: Python<'_>,
        f_clock: u32,
        nominal: (u32, f64),
        data: (u32, f64),
    ) -> PyResult<TimingFd> {
        let timing = BitTimingFd::from_sample_point(f_clock, nominal, data);
        timing.map(TimingFd).or_raise(py)
    }

    #[staticmethod]
    fn all_from_sample_point(
        py: Python<'_>,
        f_clock: u32,
        nominal: (u32, f64),
        data: (u32, f64),
    ) -> PyResult<Vec<TimingFd>> {
        let all = BitTimingFd::iterate_from_sample_point(f_clock, nominal, data);
        Ok(all.or_raise(py)?.map(TimingFd).collect())
    }

    fn recreate_with_f_clock(&self, py: Python<'_>, f_clock: u32) -> PyResult<TimingFd> {
        let timing = self.0.recreate_with_f_clock(f_clock);
        timing.map(TimingFd).or_raise(py)
    }

    fn oscillator_tolerance(&self, node_loop_delay_ns: f64, bus_length_m: f64) -> f64 {
        self.0
            .oscillator_tolerance(node_loop_delay_ns, bus_length_m)
    }

    #[getter]
    fn f_clock(&self) -> u32 {
        self.0.f_clock()
    }
    #[getter]
    fn nom_brp(&self) -> u32 {
        self.0.nominal().brp
    }
    #[getter]
    fn nom_tseg1(&self) -> u32 {
        self.0.nominal().segments.tseg1
    }
    #[getter]
    fn nom_tseg2(&self) -> u32 {
        self.0.nominal().segments.tseg2
    }
    #[getter]
    fn nom_sjw(&self) -> u32 {
        self.0.nominal().segments.sjw
    }
    #[getter]
    fn data_brp(&self) -> u32 {
        self.0.data().brp
    }
    #[getter]
    fn data_tseg1(&self) -> u32 {
        self.0.data().segments.tseg1
    }
    #[getter]
    fn data_tseg2(&self) -> u32 {
        self.0.data().segments.tseg2
    }
    #[getter]
    fn data_sjw(&self) -> u32 {
        self.0.data().segments.sjw
    }
    #[getter]
    fn nom_bitrate(&self) -> u32 {
        self.0.nom_bitrate()
    }
    #[getter]
    fn data_bitrate(&self) -> u32 {
        self.0.data_bitrate()
    }
    #[getter]
    fn nom_tq(&self) -> u32 {
        self.0.nom_tq()
    }
    #[getter]
    fn data_tq(&self) -> u32 {
        self.0.data_tq()
    }
    #[getter]
    fn nbt(&self) -> u32 {
        self.0.nbt()
    }
    #[getter]
    fn dbt(&self) -> u32 {
        self.0.dbt()
    }
    #[getter]
    fn nom_sample_point(&self) -> f64 {
        self.0.nom_sample_point()
    }
    #[getter]
    fn data_sample_point(&self) -> f64 {
        self.0.data_sample_point()
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }
}
