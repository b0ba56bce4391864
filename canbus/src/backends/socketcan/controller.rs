//! The controller behind an interface: set up as the options want it, and what of it decides what
//! the bus can do.

use super::BACKEND;
use crate::driver::ErrorState;
use crate::error::{Error, ErrorKind, Result};
use crate::link::{self, ControllerState, Link, Mode, Setup};
use crate::options::Options;

/// Sets the interface up as the options say, unless it is so already.
///
/// # Errors
/// `OpenFailed` with the missing capability or what the driver says; `InvalidInput` for a data bit
/// rate without a bit rate.
pub(super) fn prepare(name: &str, options: &Options) -> Result<()> {
    let rate = |option| {
        options
            .integer(option)
            .and_then(|rate| u32::try_from(rate).ok())
    };
    let (bitrate, data_bitrate) = (rate("bitrate"), rate("data_bitrate"));
    let Some(bitrate) = bitrate else {
        return match data_bitrate {
            None => Ok(()),
            Some(_) => Err(Error::invalid(
                "socketcan: option data_bitrate goes with option bitrate, which is missing",
            )),
        };
    };
    let failed = |error: Error| {
        let error = error.with_kind(ErrorKind::OpenFailed);
        error.context(format!("{}: bit rate of {name}", BACKEND.name))
    };
    let link = link::find(name).map_err(failed)?;
    let fd = options.flag("fd") || data_bitrate.is_some();
    let setup = Setup {
        data_bitrate,
        ..Setup::bitrate(bitrate)
            .with(Mode::ListenOnly, options.flag("listen_only"))
            .with(Mode::Fd, fd)
    };
    if link.controller.is_none() || is_so(&link, &setup) {
        return Ok(());
    }
    link::configure(name, &setup).map_err(failed)?;
    link::set_up(name, true).map_err(failed)
}

/// Whether nothing needs to be changed.
fn is_so(link: &Link, setup: &Setup) -> bool {
    let Some(controller) = &link.controller else {
        return false;
    };
    let rate = |timing: Option<link::Timing>| timing.map(|timing| timing.bitrate);
    let data = rate(controller.data_timing);
    link.up
        && rate(controller.timing) == setup.bitrate
        && (setup.data_bitrate.is_none() || data == setup.data_bitrate)
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

    #[test]
    fn a_data_bit_rate_alone_is_refused() {
        let options = [("channel", "can0"), ("data_bitrate", "2000000")];
        let options = Options::check(BACKEND.name, BACKEND.options, options).expect("valid");
        let error = prepare("can0", &options).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("bitrate"), "{error}");
    }
}
