//! A serial port of this machine, set to bytes as they are.

#[cfg_attr(windows, path = "device/windows.rs")]
#[cfg_attr(unix, path = "device/unix.rs")]
mod system;

pub(super) use system::Device;

use super::Settings;
use crate::error::{Context, Error, ErrorKind, Result};
use serial2::{FlowControl, SerialPort};
use std::io;

/// Opens a port, raises its modem lines and throws away what had been received before.
fn open(path: &str, settings: &Settings) -> io::Result<(SerialPort, ModemLines)> {
    let flow_control = if settings.rtscts {
        FlowControl::RtsCts
    } else {
        FlowControl::None
    };
    let port = SerialPort::open(path, |mut port: serial2::Settings| {
        port.set_raw();
        port.set_flow_control(flow_control);
        port.set_baud_rate(settings.baud_rate)?;
        Ok(port)
    })?;
    // Many adapters talk only while these are set. A pseudo-terminal has none.
    let mut raised = port.set_dtr(true);
    if !settings.rtscts {
        raised = raised.and(port.set_rts(true));
    }
    if let Err(error) = &raised {
        log::debug!("{path}: modem lines cannot be set: {error}");
    }
    if let Err(error) = port.discard_input_buffer() {
        log::debug!("{path}: cannot throw away what was received before: {error}");
    }
    Ok((port, ModemLines(raised.is_ok())))
}

/// Whether the port has modem lines, which real ones have.
#[derive(Debug, Clone, Copy)]
struct ModemLines(bool);

/// The serial ports of this machine, in order of their names.
///
/// # Errors
/// `OperationFailed` with the system's reason.
pub(super) fn ports() -> Result<Vec<String>> {
    let ports = SerialPort::available_ports()
        .map_err(|error| Error::from(error).with_kind(ErrorKind::OperationFailed))
        .context("cannot list serial ports")?;
    let names = ports.iter().map(|path| path.to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    Ok(names)
}
