//! CAN interfaces of the Linux kernel as things to look at and to set up: state, bit rates,
//! controller modes, counters; up and down; virtual ones made and removed.
//!
//! The kernel is asked and told by netlink (`linux/can/netlink.h`); no other program is run.
//! Everybody may look; to change something takes the capability `CAP_NET_ADMIN`. On other systems
//! every function here says that it needs Linux.

#[cfg_attr(target_os = "linux", path = "link/linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "link/elsewhere.rs")]
mod system;

use crate::error::{Error, ErrorKind, Result};
use std::fmt;

/// A CAN interface.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// Its name: `can0`, `vcan0`.
    pub name: String,
    /// Whether it is set up.
    pub up: bool,
    /// What it is: `can` for a controller, `vcan`, `vxcan`; `None` where the kernel does not say.
    pub kind: Option<String>,
    /// Whether it carries CAN FD frames as it is set up.
    pub fd: bool,
    /// The controller; `None` for a virtual interface.
    pub controller: Option<Controller>,
    /// What has passed since it was made.
    pub counters: Counters,
}

/// How a controller stands to the bus, by its driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ControllerState {
    /// Takes full part in the bus; both error counters are under 96.
    Active,
    /// The same, but an error counter has reached 96.
    Warning,
    /// An error counter is over 127.
    Passive,
    /// Off the bus: the transmit error counter went over 255.
    BusOff,
    /// Not started: the interface is down.
    Stopped,
    /// Asleep, to save power.
    Sleeping,
}

impl fmt::Display for ControllerState {
    /// As `ip` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ControllerState::Active => "ERROR-ACTIVE",
            ControllerState::Warning => "ERROR-WARNING",
            ControllerState::Passive => "ERROR-PASSIVE",
            ControllerState::BusOff => "BUS-OFF",
            ControllerState::Stopped => "STOPPED",
            ControllerState::Sleeping => "SLEEPING",
        })
    }
}

/// A controller as its driver describes it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Controller {
    /// `None` for a number that is not known here.
    pub state: Option<ControllerState>,
    /// The frequency that bit times are counted in, in Hz.
    pub clock: u32,
    /// The bit timing; `None` before one was set.
    pub timing: Option<Timing>,
    /// The bit timing of CAN FD's data phase.
    pub data_timing: Option<Timing>,
    /// The modes that are switched on.
    pub modes: Modes,
    /// How long after bus-off it is started again, in milliseconds; 0: not by itself.
    pub restart_ms: u32,
    /// The error counters, where the driver can read them: transmit, receive.
    pub error_counters: Option<(u16, u16)>,
    /// The resistor between the wires, in ohms, where it can be switched; 0: off.
    pub termination: Option<u16>,
    /// The resistors that can be chosen, in ohms; 0 stands for none.
    pub terminations: Vec<u16>,
    /// How the delay of the transceiver is made up for in CAN FD's data phase, where the driver
    /// tells.
    pub delay_compensation: Option<DelayCompensation>,
}

/// Transmitter delay compensation (ISO 11898-1): where the controller samples its own bits in CAN
/// FD's data phase, in clock cycles. What the driver does not tell is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DelayCompensation {
    /// The delay, given by hand ([`Mode::DelayByHand`]) or as the controller measured it last.
    pub value: Option<u32>,
    /// What is added to the delay to get to the sample point.
    pub offset: Option<u32>,
    /// Sample points before this are not taken.
    pub filter: Option<u32>,
    /// The largest value, offset and filter that the controller takes.
    pub max: [Option<u32>; 3],
}

/// A bit timing (ISO 11898-1): the time quanta of one bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Timing {
    /// In bit/s.
    pub bitrate: u32,
    /// In thousandths of the bit: 875 is 87.5 %.
    pub sample_point: u32,
    /// One time quantum, in nanoseconds.
    pub quantum_ns: u32,
    /// Propagation segment, in quanta.
    pub propagation: u32,
    /// Phase segment 1, in quanta.
    pub phase1: u32,
    /// Phase segment 2, in quanta.
    pub phase2: u32,
    /// Synchronisation jump width, in quanta.
    pub jump: u32,
    /// The prescaler: clock cycles of one quantum.
    pub prescaler: u32,
}

/// A set of controller modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Modes(u32);

/// One mode of a controller that can be switched (`CAN_CTRLMODE_…`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// Hears its own frames without a bus.
    Loopback,
    /// Hears only, and acknowledges nothing.
    ListenOnly,
    /// Takes three samples of a bit.
    TripleSampling,
    /// Sends each frame once, acknowledged or not.
    OneShot,
    /// Reports every bus error as an error frame.
    BusErrorReporting,
    /// CAN FD.
    Fd,
    /// Takes it that every frame was acknowledged.
    PresumeAck,
    /// CAN FD as it was before ISO 11898-1:2015.
    FdNonIso,
    /// Keeps the raw DLC 9 to 15 of classic frames.
    RawDlc,
    /// Measures the delay of the transceiver in CAN FD's data phase, and makes up for it.
    DelayMeasured,
    /// Makes up for a delay that was given by hand.
    DelayByHand,
}

impl Mode {
    /// Every mode, its bit in `linux/can/netlink.h`, and its name as `ip` writes it.
    const ALL: [(Mode, u32, &'static str); 11] = [
        (Mode::Loopback, 0x01, "loopback"),
        (Mode::ListenOnly, 0x02, "listen-only"),
        (Mode::TripleSampling, 0x04, "triple-sampling"),
        (Mode::OneShot, 0x08, "one-shot"),
        (Mode::BusErrorReporting, 0x10, "berr-reporting"),
        (Mode::Fd, 0x20, "fd"),
        (Mode::PresumeAck, 0x40, "presume-ack"),
        (Mode::FdNonIso, 0x80, "fd-non-iso"),
        (Mode::RawDlc, 0x100, "cc-len8-dlc"),
        (Mode::DelayMeasured, 0x200, "tdc-auto"),
        (Mode::DelayByHand, 0x400, "tdc-manual"),
    ];

    /// Its name, as `ip` writes it.
    pub fn name(self) -> &'static str {
        let found = Mode::ALL.iter().find(|(mode, ..)| *mode == self);
        found.map_or("", |(.., name)| name)
    }

    fn bit(self) -> u32 {
        let found = Mode::ALL.iter().find(|(mode, ..)| *mode == self);
        found.map_or(0, |(_, bit, _)| *bit)
    }
}

impl Modes {
    /// Whether this mode is on.
    pub fn contains(self, mode: Mode) -> bool {
        self.0 & mode.bit() != 0
    }

    /// Those that are on and known here.
    pub fn iter(self) -> impl Iterator<Item = Mode> {
        let all = Mode::ALL.iter().map(|(mode, ..)| *mode);
        all.filter(move |mode| self.contains(*mode))
    }
}

impl FromIterator<Mode> for Modes {
    fn from_iter<I: IntoIterator<Item = Mode>>(modes: I) -> Modes {
        Modes(modes.into_iter().fold(0, |bits, mode| bits | mode.bit()))
    }
}

/// What has passed an interface, as its driver counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Received frames.
    pub received: u64,
    /// Sent frames.
    pub sent: u64,
    /// Received frames that were damaged, and other errors of receiving.
    pub receive_errors: u64,
    /// Errors of sending.
    pub send_errors: u64,
    /// Received frames that the kernel had no room for.
    pub receive_dropped: u64,
    /// Frames to be sent that the kernel had no room for, or was not allowed to send.
    pub send_dropped: u64,
    /// Received frames that the controller had no room for.
    pub overruns: u64,
}

/// What to set up of a controller; what is `None` or absent stays as it is.
///
/// ```
/// use canbus::link::{Mode, Setup};
/// let setup = Setup::bitrate(500_000).with_data_bitrate(2_000_000).with(Mode::ListenOnly, true);
/// assert!(setup.modes.contains(&(Mode::Fd, true)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setup {
    /// Bit rate, in bit/s.
    pub bitrate: Option<u32>,
    /// Sample point, in thousandths of the bit; goes with `bitrate`.
    pub sample_point: Option<u32>,
    /// Bit rate of CAN FD's data phase, in bit/s.
    pub data_bitrate: Option<u32>,
    /// Sample point of CAN FD's data phase; goes with `data_bitrate`.
    pub data_sample_point: Option<u32>,
    /// The bit timing in quanta, instead of `bitrate`.
    pub timing: Option<Timing>,
    /// The bit timing of CAN FD's data phase in quanta, instead of `data_bitrate`.
    pub data_timing: Option<Timing>,
    /// Modes to switch on or off.
    pub modes: Vec<(Mode, bool)>,
    /// After how many milliseconds of bus-off to start again; 0: not by itself.
    pub restart_ms: Option<u32>,
    /// The resistor between the wires, in ohms; 0 switches it off.
    pub termination: Option<u16>,
}

impl Setup {
    /// This bit rate, in bit/s.
    pub fn bitrate(bitrate: u32) -> Setup {
        Setup {
            bitrate: Some(bitrate),
            ..Setup::default()
        }
    }

    /// The same with CAN FD switched on and this bit rate for its data phase, in bit/s.
    #[must_use]
    pub fn with_data_bitrate(self, bitrate: u32) -> Setup {
        Setup {
            data_bitrate: Some(bitrate),
            ..self.with(Mode::Fd, true)
        }
    }

    /// The same with this mode switched on or off.
    #[must_use]
    pub fn with(mut self, mode: Mode, on: bool) -> Setup {
        self.modes.push((mode, on));
        self
    }
}

/// All CAN interfaces.
///
/// # Errors
/// `Unsupported` on other systems than Linux; `OperationFailed`.
pub fn list() -> Result<Vec<Link>> {
    system::list()
}

/// The CAN interface of this name.
///
/// # Errors
/// `InvalidInput` with the names that there are; else as [`list`].
pub fn find(name: &str) -> Result<Link> {
    let links = list()?;
    let names: Vec<&str> = links.iter().map(|link| link.name.as_str()).collect();
    let known = match &names[..] {
        [] => "there is none".into(),
        names => format!("there are {}", names.join(", ")),
    };
    let unknown = format!("no CAN interface is named {name}; {known}");
    let found = links.into_iter().find(|link| link.name == name);
    found.ok_or_else(|| Error::invalid(unknown))
}

/// Sets a controller up. It is taken down meanwhile, and up again if it was.
///
/// # Errors
/// `OperationFailed` with the missing capability, or what the driver says of the values;
/// `Unsupported` for an interface without a controller; else as [`find`].
pub fn configure(name: &str, setup: &Setup) -> Result<()> {
    let link = find(name)?;
    if link.controller.is_none() {
        let kind = link.kind.as_deref().unwrap_or("virtual");
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("{name} has no controller to set up ({kind})"),
        ));
    }
    if link.up {
        system::set_up(name, false)?;
    }
    let done = system::configure(name, setup);
    if link.up {
        system::set_up(name, true)?;
    }
    done
}

/// Sets an interface up (true) or down (false).
///
/// # Errors
/// As [`configure`].
pub fn set_up(name: &str, up: bool) -> Result<()> {
    find(name)?;
    system::set_up(name, up)
}

/// Starts a controller again that is off the bus.
///
/// # Errors
/// As [`configure`]; drivers refuse it unless the controller is off the bus, or starts again by
/// itself.
pub fn restart(name: &str) -> Result<()> {
    find(name)?;
    system::restart(name)
}

/// Makes a virtual interface, down, for CAN FD frames too.
///
/// # Errors
/// As [`configure`].
pub fn add_vcan(name: &str) -> Result<()> {
    system::add(name, None)
}

/// Makes a pair of virtual interfaces, each the other end of one wire, down.
///
/// # Errors
/// As [`configure`].
pub fn add_vxcan(name: &str, peer: &str) -> Result<()> {
    system::add(name, Some(peer))
}

/// Removes a virtual interface.
///
/// # Errors
/// As [`configure`].
pub fn delete(name: &str) -> Result<()> {
    find(name)?;
    system::delete(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_a_set_with_names() {
        let modes: Modes = [Mode::Fd, Mode::ListenOnly].into_iter().collect();
        assert!(modes.contains(Mode::Fd) && !modes.contains(Mode::Loopback));
        let names: Vec<&str> = modes.iter().map(Mode::name).collect();
        assert_eq!(names, ["listen-only", "fd"]);
    }

    #[test]
    fn a_data_bit_rate_switches_can_fd_on() {
        let setup = Setup::bitrate(1)
            .with_data_bitrate(2)
            .with(Mode::OneShot, false);
        assert_eq!(setup.modes, [(Mode::Fd, true), (Mode::OneShot, false)]);
        assert_eq!((setup.bitrate, setup.data_bitrate), (Some(1), Some(2)));
    }
}
