//! The controller behind an interface: set up as the options want it, and what of it decides what
//! the bus can do.

use super::BACKEND;
use crate::bit_timing::{Phase, Timing, TimingParts};
use crate::driver::ErrorState;
use crate::error::{Error, ErrorKind, Result};
use crate::link::{self, ControllerState, Link, Mode, Setup};
use crate::options::Options;
use crate::transport::can_socket::device::Device;

/// Sets the interface up as the options say, unless it is so already.
///
/// # Errors
/// `OpenFailed` with the missing capability or what the driver says; `InvalidInput` for a timing
/// that is not complete, or a data bit rate without a bit rate.
pub(super) fn prepare(name: &str, options: &Options) -> Result<()> {
    let parts = TimingParts::from_options(options);
    let quanta = without_sample_points(parts);
    if quanta == TimingParts::default() {
        if parts == quanta {
            return Ok(());
        }
        return Err(Error::invalid(
            "socketcan: a sample point goes with option bitrate or data_bitrate, which is missing",
        ));
    }
    let failed = |error: Error| {
        let error = error.with_kind(ErrorKind::OpenFailed);
        error.context(format!("{}: bit timing of {name}", BACKEND.name))
    };
    let link = link::find(name).map_err(failed)?;
    let clock = link.controller.as_ref().map(|controller| controller.clock);
    let setup = wanted(&parts, quanta.timing(clock)?, options)?;
    if link.controller.is_none() || is_so(&link, &setup) {
        return Ok(());
    }
    link::configure(name, &setup).map_err(failed)?;
    link::set_up(name, true).map_err(failed)
}

/// The quanta and bit rates alone: the kernel finds the rest by its own rule.
fn without_sample_points(mut parts: TimingParts) -> TimingParts {
    for phase in [&mut parts.classic, &mut parts.nominal, &mut parts.data] {
        phase.sample_point = None;
    }
    parts
}

/// What the controller is to be told.
fn wanted(parts: &TimingParts, quanta: Option<Timing>, options: &Options) -> Result<Setup> {
    let thousandths = |percent: Option<f64>| percent.map(|percent| (percent * 10.0).round() as u32);
    let (mut setup, fd) = match quanta {
        Some(Timing::Classic(timing)) => {
            let setup = Setup {
                timing: Some(in_quanta(timing.f_clock(), timing.phase())),
                ..Setup::default()
            };
            let samples = timing.nof_samples() == 3;
            (setup.with(Mode::TripleSampling, samples), false)
        }
        Some(Timing::Fd(timing)) => {
            let setup = Setup {
                timing: Some(in_quanta(timing.f_clock(), timing.nominal())),
                data_timing: Some(in_quanta(timing.f_clock(), timing.data())),
                ..Setup::default()
            };
            (setup, true)
        }
        None => {
            let Some(bitrate) = parts.classic.bitrate else {
                return Err(Error::invalid(
                    "socketcan: option data_bitrate goes with option bitrate, which is missing",
                ));
            };
            let setup = Setup {
                sample_point: thousandths(parts.classic.sample_point),
                data_bitrate: parts.data.bitrate,
                data_sample_point: thousandths(parts.data.sample_point),
                ..Setup::bitrate(bitrate)
            };
            (setup, parts.data.bitrate.is_some())
        }
    };
    setup = setup
        .with(Mode::ListenOnly, options.flag("listen_only"))
        .with(Mode::Fd, fd || options.flag("fd"));
    Ok(setup)
}

/// A phase as the kernel takes it.
fn in_quanta(clock: u32, phase: Phase) -> link::Timing {
    let segments = phase.segments;
    link::Timing {
        bitrate: phase.bitrate(clock).round() as u32,
        quantum_ns: phase.tq_ns(clock).round() as u32,
        // Controllers add the two up; the kernel wants both to be there.
        propagation: segments.tseg1 / 2,
        phase1: segments.tseg1 - segments.tseg1 / 2,
        phase2: segments.tseg2,
        jump: segments.sjw,
        prescaler: phase.brp,
        ..link::Timing::default()
    }
}

/// Whether nothing needs to be changed.
fn is_so(link: &Link, setup: &Setup) -> bool {
    let Some(controller) = &link.controller else {
        return false;
    };
    let rate = |timing: Option<link::Timing>| timing.map(|timing| timing.bitrate);
    let point = |timing: Option<link::Timing>| timing.map(|timing| timing.sample_point);
    let quanta = |timing: Option<link::Timing>| {
        timing.map(|timing| {
            let before = timing.propagation + timing.phase1;
            (timing.quantum_ns, before, timing.phase2, timing.jump)
        })
    };
    let (slow, fast) = (controller.timing, controller.data_timing);
    let pairs = [
        (setup.bitrate, rate(slow)),
        (setup.sample_point, point(slow)),
        (setup.data_bitrate, rate(fast)),
        (setup.data_sample_point, point(fast)),
    ];
    let timings = [(setup.timing, slow), (setup.data_timing, fast)];
    link.up
        && pairs
            .iter()
            .all(|(wanted, is)| wanted.is_none() || wanted == is)
        && timings
            .iter()
            .all(|(wanted, is)| wanted.is_none() || quanta(*wanted) == quanta(*is))
        && setup
            .modes
            .iter()
            .all(|(mode, on)| controller.modes.contains(*mode) == *on)
}

/// What the kernel says of an interface; `None` where it does not.
pub(super) fn look(name: &str) -> Option<Link> {
    link::find(name)
        .map_err(|error| log::debug!("{}: {error}", BACKEND.name))
        .ok()
}

/// How an interface stands, in words.
pub(super) fn state(device: &Device) -> String {
    let mut parts = vec![if device.up { "up" } else { "down" }.to_string()];
    if let Some(link) = look(&device.name) {
        let controller = link.controller.as_ref();
        let state = controller.and_then(|controller| controller.state);
        // That it is stopped says no more than that the interface is down.
        let told = state.filter(|state| *state != ControllerState::Stopped);
        parts.extend(told.map(|state| state.to_string()));
        let timings = controller.map(|controller| [controller.timing, controller.data_timing]);
        let timings = timings.into_iter().flatten().flatten();
        parts.extend(timings.map(|timing| format!("{} bit/s", timing.bitrate)));
        parts.extend(link.fd.then(|| "CAN FD".to_string()));
    }
    parts.join(", ")
}

/// Whether frames stay inside the machine: no controller, no wire.
pub(super) fn is_virtual(link: &Link) -> bool {
    matches!(link.kind.as_deref(), Some("vcan" | "vxcan"))
}

/// Whether the controller is in this mode.
pub(super) fn is_in(link: &Link, mode: Mode) -> bool {
    let controller = link.controller.as_ref();
    controller.is_some_and(|controller| controller.modes.contains(mode))
}

/// The controller's error state.
///
/// # Errors
/// `Unsupported` for an interface without a controller; `OperationFailed` while it is not started.
pub(super) fn error_state(name: &str) -> Result<ErrorState> {
    let link = link::find(name)?;
    let Some(controller) = link.controller else {
        let why = format!("{}: {name} is virtual, without a controller", BACKEND.name);
        return Err(Error::new(ErrorKind::Unsupported, why));
    };
    match controller.state {
        Some(ControllerState::Active | ControllerState::Warning) => Ok(ErrorState::Active),
        Some(ControllerState::Passive) => Ok(ErrorState::Passive),
        Some(ControllerState::BusOff) => Ok(ErrorState::BusOff),
        other => {
            let state = other.map_or("unknown".into(), |state| state.to_string());
            let why = format!("{}: the controller of {name} is {state}", BACKEND.name);
            Err(Error::new(ErrorKind::OperationFailed, why))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(given: &[(&str, &str)]) -> Options {
        let given = given.iter().copied();
        Options::check(BACKEND.name, BACKEND.options, given).expect("valid")
    }

    #[test]
    fn what_goes_with_a_bit_rate_is_refused_without_one() {
        for name in ["data_bitrate", "sample_point"] {
            let value = if name == "sample_point" {
                "80"
            } else {
                "2000000"
            };
            let options = options(&[("channel", "can0"), (name, value)]);
            let parts = TimingParts::from_options(&options);
            let error = wanted(&parts, None, &options).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("bitrate"), "{error}");
        }
    }

    #[test]
    fn bit_rates_and_sample_points_are_left_to_the_kernel_and_quanta_are_told_to_it() {
        let given = options(&[("bitrate", "500000"), ("sample_point", "80")]);
        let parts = TimingParts::from_options(&given);
        let setup = wanted(&parts, None, &given).expect("valid");
        assert_eq!(
            (setup.bitrate, setup.sample_point),
            (Some(500_000), Some(800))
        );
        let given = options(&[("brp", "8"), ("tseg1", "15"), ("tseg2", "4"), ("sjw", "2")]);
        let parts = TimingParts::from_options(&given);
        let quanta = parts.timing(Some(80_000_000)).expect("complete");
        let timing = wanted(&parts, quanta, &given).expect("valid").timing;
        let timing = timing.expect("given");
        assert_eq!((timing.bitrate, timing.quantum_ns), (500_000, 100));
        assert_eq!((timing.propagation, timing.phase1), (7, 8));
        assert_eq!((timing.phase2, timing.jump), (4, 2));
    }
}
