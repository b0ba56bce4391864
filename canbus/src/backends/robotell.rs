//! Robotell's USB-CAN adapters (STM32 with a CH340, `EmbeddedDebug`), over their serial line.

mod protocol;

use crate::backends::Backend;
use crate::backends::packets;
use crate::backends::serial_line::{Line, QUEUE, RTSCTS};
use crate::driver::{Capabilities, Description, Driver};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::frame::{Frame, Id};
use crate::message::{Channel, Message};
use crate::options::{OptionKind, OptionSpec, Options};
use crate::transport::serial::{Port, Settings, split_baud_rate};
use protocol::{Answer, Receiver, Setting};
use std::slice;
use std::time::Duration;

/// The row of the table of backends.
pub(super) const BACKEND: Backend = Backend {
    name: "robotell",
    summary: "USB-CAN adapters of Robotell, over a serial line",
    options: OPTIONS,
    open,
    detect: None,
};

/// The highest bit rate on the CAN bus, in bit/s.
const MAX_BITRATE: u32 = 1_000_000;

const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "channel",
        OptionKind::Text,
        "a serial port (/dev/ttyUSB0, COM3), socket://HOST:PORT or rfc2217://HOST:PORT; @115200 \
         behind it is the line's bit rate",
    ),
    OptionSpec::new(
        "ttyBaudrate",
        OptionKind::Integer {
            min: 1,
            max: u32::MAX as i64,
        },
        "bit/s of the serial line, unless channel says it",
    )
    .also(&["tty_baudrate"])
    .or("115200"),
    OptionSpec::new(
        "bitrate",
        OptionKind::Integer {
            min: 1,
            max: MAX_BITRATE as i64,
        },
        "bit/s on the CAN bus; the adapter keeps it, so that it need not be given again",
    ),
    RTSCTS,
    OptionSpec::new(
        "receive_own_messages",
        OptionKind::Flag,
        "deliver sent frames to the sender too, as soon as the line has taken them",
    )
    .or("false"),
    OptionSpec::new(
        "listen_only",
        OptionKind::Flag,
        "refuse to send; the adapter acknowledges frames all the same, it cannot be muted",
    )
    .or("false"),
    QUEUE,
];

/// How long the adapter may take for an answer.
const ANSWER_TIME: Duration = Duration::from_secs(1);

/// An open Robotell adapter: what it can do beside sending and receiving. A
/// [`Bus`](crate::Bus) of this backend gives it by [`Bus::backend`](crate::Bus::backend).
///
/// The settings are kept by the adapter beyond the life of the bus.
pub struct Robotell {
    description: Description,
    line: Line<Answer>,
    own_messages: bool,
}

fn open(options: &Options) -> Result<Box<dyn Driver>> {
    Ok(Box::new(Robotell::open(options).context(BACKEND.name)?))
}

impl Robotell {
    fn open(options: &Options) -> Result<Robotell> {
        let baud_rate = options.count("ttyBaudrate").unwrap_or_default() as u32;
        let (name, baud_rate) =
            split_baud_rate(options.text("channel").unwrap_or_default(), baud_rate)?;
        let settings = Settings {
            baud_rate,
            rtscts: options.flag("rtscts"),
        };
        let port = Port::open(name, &settings)?;
        let channel = Channel::named(name);
        let queue = options.count(QUEUE.name).unwrap_or_default();
        let mut adapter = Robotell {
            description: describe(channel, options),
            line: Line::start(BACKEND.name, port, channel, queue, Receiver::default())?,
            own_messages: options.flag("receive_own_messages"),
        };
        let serial_number = adapter.begin(options.count("bitrate"))?;
        let number = serial_number.unwrap_or_else(|| "unknown".into());
        adapter.description.summary = format!("Robotell USB-CAN s/n {number} on {name}");
        Ok(adapter)
    }

    /// Resets the adapter, sets the bit rate and asks for the serial number.
    fn begin(&self, bitrate: Option<usize>) -> Result<Option<String>> {
        let reset = Setting::RESET;
        let answers = self
            .ask(reset, &reset.set([0; 2]), Some(ANSWER_TIME))?
            .is_some();
        if let Some(bitrate) = bitrate {
            self.set_bitrate(bitrate as u32).map_err(|error| {
                let hint = "is it a Robotell adapter, and is the line's bit rate right?";
                let message = format!("{error}; {hint}");
                Error::new(ErrorKind::OpenFailed, message)
            })?;
        }
        if answers {
            return self.serial_number(Some(ANSWER_TIME));
        }
        log::warn!(
            "robotell: the adapter on {} does not answer within 1 s; whether it works is not known",
            self.description.summary
        );
        Ok(None)
    }

    /// Sets the bit rate on the CAN bus, in bit/s, at most 1000000.
    ///
    /// # Errors
    /// `InvalidInput`; `Timeout` if the adapter does not confirm it within a second.
    pub fn set_bitrate(&self, bitrate: u32) -> Result<()> {
        if !(1..=MAX_BITRATE).contains(&bitrate) {
            return Err(Error::invalid(format!(
                "robotell: the bit rate is {bitrate}, but expected 1 to {MAX_BITRATE} bit/s"
            )));
        }
        let what = format_args!("the bit rate of {bitrate} bit/s");
        self.set(Setting::BITRATE, [bitrate, 0], &what)
    }

    /// Says whether the adapter sends a frame again that nobody acknowledged.
    ///
    /// # Errors
    /// `Timeout` if the adapter does not confirm it within a second.
    pub fn set_auto_retransmit(&self, on: bool) -> Result<()> {
        let value = [u32::from(on), 0];
        self.set(Setting::AUTO_RETRANSMIT, value, &"automatic retransmission")
    }

    /// Says whether the adapter manages bus-off by itself. What it does then the vendor does not
    /// tell.
    ///
    /// # Errors
    /// `Timeout` if the adapter does not confirm it within a second.
    pub fn set_auto_bus_management(&self, on: bool) -> Result<()> {
        let value = [u32::from(on), 0];
        let what = "automatic bus management";
        self.set(Setting::AUTO_BUS_MANAGEMENT, value, &what)
    }

    /// Sets the bit rate of the adapter's serial line, in bit/s. This bus keeps its own, and may
    /// hear nothing any more: open another one with `ttyBaudrate`.
    ///
    /// # Errors
    /// Those of sending. An answer is not waited for.
    pub fn set_serial_rate(&self, bitrate: u32) -> Result<()> {
        let packet = Setting::SERIAL_RATE.set([bitrate, 0]);
        self.line.send(&packet, Some(ANSWER_TIME))
    }

    /// Sets one of the adapter's filters, which are numbered 1 to 14: an ID of this width passes
    /// if it equals `id` in the bits of `mask`. What they keep away reaches no bus.
    ///
    /// # Errors
    /// `InvalidInput`; `Timeout` if the adapter does not confirm it within a second.
    pub fn set_hw_filter(&self, number: u8, enabled: bool, id: Id, mask: u32) -> Result<()> {
        if !(1..=Setting::FILTERS).contains(&number) {
            return Err(Error::invalid(format!(
                "robotell: the number of the filter is {number}, but expected 1 to {}",
                Setting::FILTERS
            )));
        }
        let value = [protocol::filter_id(id, enabled), mask];
        let what = format_args!("filter {number}");
        self.set(Setting::filter(number), value, &what)
    }

    /// Asks for the adapter's serial number; `Ok(None)`: no answer within the time, which is for
    /// ever if it is `None`.
    ///
    /// # Errors
    /// Those of sending.
    pub fn serial_number(&self, timeout: Option<Duration>) -> Result<Option<String>> {
        let mut halves = [[0; 8]; 2];
        for (half, setting) in halves.iter_mut().zip(Setting::SERIAL_NUMBER) {
            match self.ask(setting, &setting.get(), timeout)? {
                Some(data) => *half = data,
                None => return Ok(None),
            }
        }
        Ok(Some(protocol::serial_number(halves)))
    }

    fn set(&self, setting: Setting, value: [u32; 2], what: &dyn std::fmt::Display) -> Result<()> {
        match self.ask(setting, &setting.set(value), Some(ANSWER_TIME))? {
            Some(_) => Ok(()),
            None => Err(Error::new(
                ErrorKind::Timeout,
                format!("robotell: the adapter did not confirm {what} within 1 s"),
            )),
        }
    }

    /// Sends the packet and waits for an answer about this setting.
    fn ask(
        &self,
        setting: Setting,
        packet: &[u8],
        timeout: Option<Duration>,
    ) -> Result<Option<[u8; 8]>> {
        self.line.ask(packet, timeout, |answer| answer.of(setting))
    }
}

fn describe(channel: Channel, options: &Options) -> Description {
    Description {
        summary: channel.to_string(),
        capabilities: Capabilities {
            remote: true,
            own_messages: true,
            counts_dropped: true,
            ..Capabilities::CLASSIC
        },
        listen_only: options.flag("listen_only"),
        ..Description::new(BACKEND.name, [channel])
    }
}

impl Driver for Robotell {
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
}

/// For the fuzz target: reads bytes whole and in pieces, which must give the same.
#[cfg(fuzzing)]
pub fn fuzz_robotell(bytes: &[u8], piece: usize) {
    protocol::read_in_pieces(bytes, piece);
}

#[cfg(test)]
mod tests;
