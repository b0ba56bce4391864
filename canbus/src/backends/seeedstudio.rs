//! Seeed Studio's USB-CAN Analyzer and adapters that speak the same, such as Waveshare's USB-CAN-A,
//! over their serial line.

mod protocol;

use crate::backends::Backend;
use crate::backends::packets;
use crate::backends::serial_line::{Line, QUEUE};
use crate::driver::{Capabilities, Description, Driver};
use crate::error::{Context, Error, Result};
use crate::filter::Filter;
use crate::frame::{Frame, Id};
use crate::message::{Channel, Message};
use crate::options::{OptionKind, OptionSpec, Options};
use crate::transport::serial::{Port, Settings};
use protocol::{BIT_RATES, Command, Receiver, Setup};
use std::slice;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The row of the table of backends.
pub(super) const BACKEND: Backend = Backend {
    name: "seeedstudio",
    summary: "the USB-CAN Analyzer of Seeed Studio and its like, over a serial line",
    options: OPTIONS,
    open,
    detect: None,
};

const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "channel",
        OptionKind::Text,
        "a serial port (/dev/ttyUSB0, COM3), socket://HOST:PORT or rfc2217://HOST:PORT",
    ),
    OptionSpec::new(
        "baudrate",
        OptionKind::Integer {
            min: 1,
            max: u32::MAX as i64,
        },
        "bit/s of the serial line",
    )
    .or("2000000"),
    OptionSpec::new(
        "timeout",
        OptionKind::Number { min: 0.0 },
        "seconds; accepted without effect, each call has a timeout of its own",
    )
    .or("0.1"),
    OptionSpec::new(
        "bitrate",
        OptionKind::Integer {
            min: 1,
            max: 1_000_000,
        },
        "bit/s on the CAN bus: 1000000, 800000, 500000, 400000, 250000, 200000, 125000, 100000, \
         50000, 20000, 10000 or 5000",
    )
    .or("500000"),
    OptionSpec::new(
        "frame_type",
        OptionKind::Choice(&["STD", "EXT"]),
        "standard or extended IDs: which the adapter's own filter looks at",
    )
    .or("STD"),
    OptionSpec::new(
        "operation_mode",
        OptionKind::Choice(&["normal", "loopback", "silent", "loopback_and_silent"]),
        "loopback hears what the adapter sends itself, silent is mute on the bus",
    )
    .or("normal"),
    OptionSpec::new(
        "receive_own_messages",
        OptionKind::Flag,
        "deliver sent frames to the sender too, as soon as the line has taken them",
    )
    .or("false"),
    OptionSpec::new(
        "listen_only",
        OptionKind::Flag,
        "refuse to send; the adapter is silent, whatever operation_mode says",
    )
    .or("false"),
    QUEUE,
];

/// How long the line may take for a command.
const COMMAND_TIME: Duration = Duration::from_secs(1);

/// An open USB-CAN Analyzer: what it can do beside sending and receiving. A
/// [`Bus`](crate::Bus) of this backend gives it by [`Bus::backend`](crate::Bus::backend).
pub struct Seeedstudio {
    description: Description,
    line: Line<Command>,
    setup: Mutex<Setup>,
    own_messages: bool,
}

fn open(options: &Options) -> Result<Box<dyn Driver>> {
    Ok(Box::new(Seeedstudio::open(options).context(BACKEND.name)?))
}

impl Seeedstudio {
    fn open(options: &Options) -> Result<Seeedstudio> {
        let setup = setup(options)?;
        let name = options.text("channel").unwrap_or_default();
        let settings = Settings {
            baud_rate: options.count("baudrate").unwrap_or_default() as u32,
            rtscts: false,
        };
        let port = Port::open(name, &settings)?;
        port.write(&setup.command(), Some(COMMAND_TIME))?;
        let channel = Channel::named(name);
        let queue = options.count(QUEUE.name).unwrap_or_default();
        Ok(Seeedstudio {
            description: describe(channel, &setup, options),
            line: Line::start(BACKEND.name, port, channel, queue, Receiver::default())?,
            setup: Mutex::new(setup),
            own_messages: options.flag("receive_own_messages"),
        })
    }

    /// Asks for the adapter's state and gives the 20 bytes of its answer, whose fourth and fifth
    /// are its receive and transmit error counters; nobody has published what the others mean.
    /// `Ok(None)`: no answer within the time, which is for ever if it is `None`.
    ///
    /// # Errors
    /// Those of sending.
    pub fn status(&self, timeout: Option<Duration>) -> Result<Option<[u8; 20]>> {
        self.line.ask(&protocol::ask_for_status(), timeout, Some)
    }
}

fn setup(options: &Options) -> Result<Setup> {
    let mode = options.text("operation_mode").unwrap_or_default();
    Ok(Setup {
        rate: rate_code(options.count("bitrate").unwrap_or_default() as u32)?,
        extended: options.text("frame_type") == Some("EXT"),
        loopback: mode.starts_with("loopback"),
        silent: mode.ends_with("silent") || options.flag("listen_only"),
        filter: (0, 0),
    })
}

fn rate_code(bitrate: u32) -> Result<u8> {
    let known = BIT_RATES.iter().find(|(rate, _)| *rate == bitrate);
    if let Some((_, code)) = known {
        return Ok(*code);
    }
    let nearest = BIT_RATES
        .iter()
        .min_by_key(|(rate, _)| rate.abs_diff(bitrate));
    let (nearest, _) = nearest.unwrap_or(&BIT_RATES[0]);
    let known: Vec<String> = BIT_RATES.iter().map(|(rate, _)| rate.to_string()).collect();
    Err(Error::invalid(format!(
        "option bitrate is {bitrate}, but expected one of {}; the nearest is {nearest}",
        known.join(", ")
    )))
}

fn describe(channel: Channel, setup: &Setup, options: &Options) -> Description {
    Description {
        summary: format!("Serial interface: {channel}"),
        capabilities: Capabilities {
            remote: true,
            own_messages: true,
            counts_dropped: true,
            ..Capabilities::CLASSIC
        },
        // In a silent loopback the adapter hears what it sends, and nobody else does.
        listen_only: options.flag("listen_only") || (setup.silent && !setup.loopback),
        ..Description::new(BACKEND.name, [channel])
    }
}

/// What the adapter's one filter can hold of these: an ID and a mask, if there is a single filter
/// for IDs of the width it looks at.
fn held_by_adapter(filters: &[Filter], extended: bool) -> (u32, u32) {
    let most = if extended {
        Id::MAX_EXTENDED
    } else {
        Id::MAX_STANDARD
    };
    match filters {
        [filter] if filter.extended == Some(extended) && !filter.inverted => {
            (filter.id & most, filter.mask & most)
        }
        _ => (0, 0),
    }
}

impl Driver for Seeedstudio {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        self.line.recv(timeout)
    }

    fn recv_batch(
        &self,
        out: &mut Vec<Message>,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        self.line.recv_batch(out, max, timeout)
    }

    fn send(&self, frame: &Frame, to: Option<Channel>, timeout: Option<Duration>) -> Result<()> {
        self.send_batch(slice::from_ref(frame), to, timeout)?;
        Ok(())
    }

    fn send_batch(
        &self,
        frames: &[Frame],
        _to: Option<Channel>,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        let own = self.own_messages;
        packets::send(&self.line, frames, own, timeout, protocol::encode)
    }

    fn close(&self) -> Result<()> {
        self.line.close();
        Ok(())
    }

    fn dropped(&self) -> u64 {
        self.line.dropped()
    }

    /// Lets the adapter keep away what it can, which spares the line, and leaves the last word to
    /// the bus: how exact the adapter's filter is nobody has published.
    fn set_filters(&self, filters: &[Filter]) -> Result<bool> {
        let mut setup = self.setup.lock().unwrap_or_else(PoisonError::into_inner);
        let filter = held_by_adapter(filters, setup.extended);
        if setup.filter != filter {
            let changed = Setup { filter, ..*setup };
            self.line.send(&changed.command(), Some(COMMAND_TIME))?;
            *setup = changed;
        }
        Ok(false)
    }
}

/// For the fuzz target: reads bytes whole and in pieces, which must give the same.
#[cfg(fuzzing)]
pub fn fuzz_seeedstudio(bytes: &[u8], piece: usize) {
    protocol::read_in_pieces(bytes, piece);
}

#[cfg(test)]
mod tests;
