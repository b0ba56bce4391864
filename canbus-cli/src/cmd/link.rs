//! `canbus link`: CAN interfaces of the Linux kernel listed, shown, set up, made and removed.

use crate::args::{self, Verbosity};
use crate::console::Console;
use crate::exit::Failure;
use canbus::link::{self, Controller, DelayCompensation, Link, Mode, Setup, Timing};
use canbus::{Error, Result};
use clap::Subcommand;
use std::fmt::Write as _;
use std::io::Write as _;

/// Show and set up the CAN interfaces of Linux.
#[derive(Debug, clap::Args)]
#[command(
    arg_required_else_help = true,
    after_help = "EXAMPLES
  canbus link list
  canbus link set can0 --bitrate 500000 --data-bitrate 2000000 --up
  canbus link set can0 --listen-only on --restart-ms 100
  canbus link add vcan0 && canbus link up vcan0

Everybody may look; to change something takes an administrator (CAP_NET_ADMIN)."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// All CAN interfaces, one line each
    List,
    /// One interface in detail
    Show {
        /// The interface: can0
        name: String,
    },
    /// Set a controller up; it is taken down meanwhile
    Set(Box<SetArgs>),
    /// Set an interface up
    Up {
        /// The interface: can0
        name: String,
    },
    /// Set an interface down
    Down {
        /// The interface: can0
        name: String,
    },
    /// Start a controller again that is off the bus
    Restart {
        /// The interface: can0
        name: String,
    },
    /// Make a virtual interface (vcan), or with a peer a pair of them (vxcan)
    Add {
        /// The name of the new interface
        name: String,
        /// The name of the other end
        #[arg(long)]
        peer: Option<String>,
    },
    /// Remove a virtual interface
    Delete {
        /// The interface: vcan0
        name: String,
    },
}

#[derive(Debug, clap::Args)]
struct SetArgs {
    /// The interface: can0
    name: String,
    /// Bit rate, in bit/s
    #[arg(long, value_name = "BIT/S", value_parser = args::whole::<u32>)]
    bitrate: Option<u32>,
    /// Sample point, from 0 to 1
    #[arg(long, value_name = "0.875", value_parser = sample_point, requires = "bitrate")]
    sample_point: Option<u32>,
    /// Bit rate of CAN FD's data phase, in bit/s; switches CAN FD on
    #[arg(long, value_name = "BIT/S", value_parser = args::whole::<u32>)]
    data_bitrate: Option<u32>,
    /// Sample point of the data phase, from 0 to 1
    #[arg(long, value_name = "0.75", value_parser = sample_point, requires = "data_bitrate")]
    data_sample_point: Option<u32>,
    /// CAN FD
    #[arg(long, value_name = "on|off", value_parser = switch)]
    fd: Option<bool>,
    /// Hear only, acknowledge nothing
    #[arg(long, value_name = "on|off", value_parser = switch)]
    listen_only: Option<bool>,
    /// Hear own frames without a bus
    #[arg(long, value_name = "on|off", value_parser = switch)]
    loopback: Option<bool>,
    /// Send each frame once only
    #[arg(long, value_name = "on|off", value_parser = switch)]
    one_shot: Option<bool>,
    /// Report every bus error as an error frame
    #[arg(long, value_name = "on|off", value_parser = switch)]
    bus_errors: Option<bool>,
    /// Start again so many milliseconds after bus-off; 0: not by itself
    #[arg(long, value_name = "MS")]
    restart_ms: Option<u32>,
    /// The resistor between the wires, in ohms; 0 switches it off
    #[arg(long, value_name = "OHMS")]
    termination: Option<u16>,
    /// Set the interface up afterwards
    #[arg(long)]
    up: bool,
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("expected on or off".into()),
    }
}

fn sample_point(text: &str) -> Result<u32, String> {
    let point: Option<f64> = text.parse().ok();
    let point = point.filter(|point| (0.0..1.0).contains(point));
    let point = point.ok_or("expected a number from 0 to 1")?;
    Ok((point * 1000.0).round() as u32)
}

impl SetArgs {
    fn setup(&self) -> Setup {
        let modes = [
            (Mode::Fd, self.fd.or(self.data_bitrate.map(|_| true))),
            (Mode::ListenOnly, self.listen_only),
            (Mode::Loopback, self.loopback),
            (Mode::OneShot, self.one_shot),
            (Mode::BusErrorReporting, self.bus_errors),
        ];
        let given = modes.into_iter().filter_map(|(mode, on)| Some((mode, on?)));
        Setup {
            bitrate: self.bitrate,
            sample_point: self.sample_point,
            data_bitrate: self.data_bitrate,
            data_sample_point: self.data_sample_point,
            modes: given.collect(),
            restart_ms: self.restart_ms,
            termination: self.termination,
            ..Setup::default()
        }
    }
}

pub(crate) fn run(args: &Args, console: Console) -> Result<(), Failure> {
    let done = match &args.action {
        Action::List => list(console),
        Action::Show { name } => link::find(name).and_then(|link| print(&shown(&link))),
        Action::Set(set) => set_up(set),
        Action::Up { name } => link::set_up(name, true),
        Action::Down { name } => link::set_up(name, false),
        Action::Restart { name } => link::restart(name),
        Action::Add { name, peer: None } => link::add_vcan(name),
        Action::Add {
            name,
            peer: Some(peer),
        } => link::add_vxcan(name, peer),
        Action::Delete { name } => link::delete(name),
    };
    done.map_err(Failure::of_setup)
}

fn set_up(set: &SetArgs) -> Result<()> {
    let setup = set.setup();
    if setup == Setup::default() && !set.up {
        return Err(Error::new(
            canbus::ErrorKind::InvalidInput,
            "nothing is given that should be set; for instance --bitrate 500000 --up",
        ));
    }
    if setup != Setup::default() {
        link::configure(&set.name, &setup)?;
    }
    if set.up {
        link::set_up(&set.name, true)?;
    }
    Ok(())
}

fn list(console: Console) -> Result<()> {
    let links = link::list()?;
    if links.is_empty() {
        console.say("found no CAN interface");
    }
    let lines: Vec<String> = links.iter().map(line).collect();
    print(&lines.concat())
}

fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn line(link: &Link) -> String {
    let mut text = format!(
        "{:<12} {:<6} {:<5}",
        link.name,
        link.kind.as_deref().unwrap_or("-"),
        if link.up { "up" } else { "down" }
    );
    if let Some(controller) = &link.controller {
        if let Some(state) = controller.state {
            let _ = write!(text, " {state}");
        }
        for timing in [controller.timing, controller.data_timing]
            .into_iter()
            .flatten()
        {
            let _ = write!(text, " {} bit/s", timing.bitrate);
        }
    }
    let fd = if link.fd { " CAN FD" } else { "" };
    format!("{}\n", (text + fd).trim_end())
}

fn shown(link: &Link) -> String {
    let mut text = line(link);
    if let Some(controller) = &link.controller {
        text += &of_controller(controller);
    }
    let counters = &link.counters;
    let _ = writeln!(
        text,
        "  received    {} frames, {} errors, {} dropped, {} overruns",
        counters.received, counters.receive_errors, counters.receive_dropped, counters.overruns
    );
    let _ = writeln!(
        text,
        "  sent        {} frames, {} errors, {} dropped",
        counters.sent, counters.send_errors, counters.send_dropped
    );
    text
}

fn of_controller(controller: &Controller) -> String {
    let mut text = format!("  clock       {} Hz\n", controller.clock);
    let timings = [
        ("timing", controller.timing),
        ("data timing", controller.data_timing),
    ];
    for (name, timing) in timings {
        if let Some(timing) = timing {
            let _ = writeln!(text, "  {name:<11} {}", of_timing(&timing));
        }
    }
    let modes: Vec<&str> = controller.modes.iter().map(Mode::name).collect();
    if !modes.is_empty() {
        let _ = writeln!(text, "  modes       {}", modes.join(", "));
    }
    let _ = match controller.restart_ms {
        0 => writeln!(text, "  bus-off     stays so until it is restarted"),
        millis => writeln!(text, "  bus-off     restarts after {millis} ms"),
    };
    if let Some((transmit, receive)) = controller.error_counters {
        let _ = writeln!(text, "  errors      transmit {transmit}, receive {receive}");
    }
    if let Some(delay) = &controller.delay_compensation {
        let _ = writeln!(text, "  delay       {}", of_delay(delay));
    }
    if let Some(ohms) = controller.termination {
        let choices: Vec<String> = controller
            .terminations
            .iter()
            .map(ToString::to_string)
            .collect();
        let choices = choices.join(", ");
        let _ = writeln!(text, "  termination {ohms} ohms; can be {choices}");
    }
    text
}

/// What the driver tells, each with the largest that it takes.
fn of_delay(delay: &DelayCompensation) -> String {
    let parts = [
        ("value", delay.value),
        ("offset", delay.offset),
        ("filter", delay.filter),
    ];
    let told = parts
        .iter()
        .zip(delay.max)
        .filter_map(|((name, number), max)| {
            let number = number.map_or("none".into(), |number| number.to_string());
            max.map(|max| format!("{name} {number} of at most {max}"))
        });
    format!("{} clock cycles", told.collect::<Vec<_>>().join(", "))
}

fn of_timing(timing: &Timing) -> String {
    format!(
        "{} bit/s, sample point {}.{} %: quantum {} ns, propagation {}, phase segments {} and {}, \
         jump width {}, prescaler {}",
        timing.bitrate,
        timing.sample_point / 10,
        timing.sample_point % 10,
        timing.quantum_ns,
        timing.propagation,
        timing.phase1,
        timing.phase2,
        timing.jump,
        timing.prescaler
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_points_are_thousandths() {
        assert_eq!(sample_point("0.875"), Ok(875));
        assert!(sample_point("87.5").is_err());
        assert!(sample_point("x").is_err());
    }

    #[test]
    fn a_switch_is_on_or_off() {
        assert_eq!((switch("on"), switch("off")), (Ok(true), Ok(false)));
        assert!(switch("1").is_err());
    }
}
