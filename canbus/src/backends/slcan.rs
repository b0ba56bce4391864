//! Adapters that speak slcan, the text protocol of LAWICEL's CAN232 and CANUSB, over a serial line:
//! `CANable` and `CANtact` with that firmware, `CANdapter`, many Arduinos, and can-utils' `slcanpty`.
//!
//! Frames are stamped when they are read. The times that some adapters send along go round every
//! minute and are told from no clock's beginning, so they are passed over.

mod commands;
mod protocol;

use crate::backends::packets;
use crate::backends::serial_line::{Line, QUEUE, RTSCTS};
use crate::backends::{Backend, Detected};
use crate::bit_timing::{CLASSIC_OPTIONS, FD_OPTIONS};
use crate::deadline::Deadline;
use crate::driver::{Capabilities, Description, Driver, ErrorState, TimestampSource};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::frame::Frame;
use crate::message::{Channel, Message};
use crate::options::{OptionKind, OptionSpec, Options, Value};
use crate::transport::serial::{self, Port, Settings, split_baud_rate};
use commands::Command;
use protocol::{Answer, CR, Lines, Reports};
use std::sync::Arc;
use std::time::Duration;

/// The row of the table of backends.
pub(super) const BACKEND: Backend = Backend {
    name: "slcan",
    summary: "adapters over a serial line that speak LAWICEL's text protocol",
    options: OPTIONS,
    open,
    detect: Some(detect),
};

const OWN: &[OptionSpec] = &[
    OptionSpec::new(
        "channel",
        OptionKind::Text,
        "serial port (/dev/ttyUSB0, COM3), with @BAUD behind it where that is not tty_baudrate; \
         or socket://HOST:PORT, rfc2217://HOST:PORT",
    ),
    OptionSpec::new(
        "tty_baudrate",
        OptionKind::Integer {
            min: 1,
            max: u32::MAX as i64,
        },
        "baud rate of the serial line; without meaning for USB",
    )
    .or("115200")
    .also(&["ttyBaudrate"]),
    OptionSpec::new(
        "bitrate",
        OptionKind::Integer {
            min: 1,
            max: u32::MAX as i64,
        },
        "bit/s: 10000, 20000, 50000, 100000, 125000, 250000, 500000, 750000 or 800000 (which of \
         these two it is depends on the adapter), 1000000; some adapters have 83300 too",
    ),
    OptionSpec::new(
        "data_bitrate",
        OptionKind::Integer {
            min: 0,
            max: u32::MAX as i64,
        },
        "bit/s of the data phase of CAN FD: 2000000 or 5000000; some adapters have 500000, \
         1000000, 3000000, 4000000 or 8000000; 0 sets none",
    ),
    OptionSpec::new(
        "btr",
        OptionKind::Text,
        "registers BTR0 and BTR1 of an SJA1000 at 8 MHz, as four hexadecimal digits",
    ),
    OptionSpec::new(
        "sleep_after_open",
        OptionKind::Number { min: 0.0 },
        "seconds to wait for an adapter that answers nothing after the port was opened, because \
         it may be starting; one that answers is not waited for",
    )
    .or("2.0"),
    RTSCTS,
    OptionSpec::new(
        "listen_only",
        OptionKind::Flag,
        "open so that nothing is ever sent, no acknowledgement either (command L)",
    )
    .or("false"),
    OptionSpec::new(
        "fd",
        OptionKind::Flag,
        "send CAN FD frames too, which few adapters take; data_bitrate says so as well",
    )
    .or("false"),
    OptionSpec::new(
        "receive_own_messages",
        OptionKind::Flag,
        "deliver sent frames to the sender too, when the line has taken them",
    )
    .or("false"),
    QUEUE,
    OptionSpec::new(
        "timeout",
        OptionKind::Number { min: 0.0 },
        "seconds; accepted without effect, reading never waits for more than there is",
    ),
];

const OPTIONS: &[OptionSpec] =
    &OptionSpec::joined::<{ OWN.len() + CLASSIC_OPTIONS.len() + FD_OPTIONS.len() }>(
        OWN,
        &OptionSpec::joined::<{ CLASSIC_OPTIONS.len() + FD_OPTIONS.len() }>(
            CLASSIC_OPTIONS,
            FD_OPTIONS,
        ),
    );

/// How long an adapter that answers may take for a command.
const ANSWER: Duration = Duration::from_secs(1);
/// The same for one that has answered nothing so far: it may still refuse.
const SILENT_ANSWER: Duration = Duration::from_millis(100);
/// How long to wait before asking an adapter anew whether it is there.
const KNOCK: Duration = Duration::from_millis(250);
/// How long the last command may take to go out.
const GOODBYE: Duration = Duration::from_millis(200);
/// How long an adapter may take to tell its status.
const STATUS: Duration = Duration::from_millis(200);
/// How many frames are put together in one write at most.
const BATCH: usize = 512;
/// Of the flags of `F`: the controller is error-passive.
const FLAG_PASSIVE: u8 = 0x20;

/// An open slcan adapter, for what no other backend can do;
/// [`Bus::backend`](crate::Bus::backend) gives it.
///
/// It never waits for the answers to frames, which would halve the throughput. So a frame that the
/// adapter refuses, because its buffer is full for instance, is told by [`refused`](Slcan::refused).
pub struct Slcan {
    description: Description,
    line: Line<Answer>,
    reports: Arc<Reports>,
    receive_own_messages: bool,
    /// Whether the adapter has answered a command.
    answers: bool,
}

fn open(options: &Options) -> Result<Box<dyn Driver>> {
    match Slcan::open(options) {
        Ok(slcan) => Ok(Box::new(slcan)),
        Err(error) => Err(match error.kind() {
            // The line or the adapter goes away, or takes nothing.
            ErrorKind::DeviceLost | ErrorKind::Timeout => error.with_kind(ErrorKind::OpenFailed),
            _ => error,
        }),
    }
}

impl Slcan {
    fn open(options: &Options) -> Result<Slcan> {
        // What is wrong with the options is told before a port is touched.
        let (mut commands, fd) = commands::from_options(options).context(BACKEND.name)?;
        commands.push(Command::open(options.flag("listen_only")));
        let port = open_port(options).context("option channel");
        let port = port.context(BACKEND.name)?;
        let channel = Channel::named(port.name());
        let reports = Arc::new(Reports::default());
        let lines = Lines::new(Arc::clone(&reports));
        let queue = options.count(QUEUE.name).unwrap_or_default();
        let line = Line::start(BACKEND.name, port, channel, queue, lines)?;
        let wait = options.number("sleep_after_open").unwrap_or_default();
        let answers = knock(&line, Duration::try_from_secs_f64(wait).unwrap_or(ANSWER))?;
        let slcan = Slcan {
            description: describe(channel, options, fd),
            line,
            reports,
            receive_own_messages: options.flag("receive_own_messages"),
            answers,
        };
        slcan.give(&commands, ErrorKind::OpenFailed)?;
        // What the adapter said while it started was no frame, and no frame was refused.
        slcan.line.forget_lost();
        slcan.reports.forget_refused();
        Ok(slcan)
    }

    /// Gives commands and waits for their answers, as far as this adapter gives any.
    fn give(&self, commands: &[Command], refused: ErrorKind) -> Result<()> {
        let patience = if self.answers { ANSWER } else { SILENT_ANSWER };
        for command in commands {
            if ask(&self.line, &command.text, patience)? == Some(false) {
                let Command { text, what } = command;
                let message = format!("slcan: the adapter refuses the command {text} ({what})");
                return Err(Error::new(refused, message));
            }
        }
        Ok(())
    }

    /// Gives commands that an open channel does not take.
    fn give_closed(&self, mut commands: Vec<Command>) -> Result<()> {
        self.close_channel()?;
        commands.push(Command::open(self.description.listen_only));
        self.give(&commands, ErrorKind::OperationFailed)
    }

    /// Sets the bit rate and, for CAN FD, that of the data phase, in bit/s. The channel is closed
    /// meanwhile.
    ///
    /// # Errors
    /// `InvalidInput` for a bit rate that has no command; `OperationFailed` where the adapter
    /// refuses it; `Closed`, `DeviceLost`.
    pub fn set_bitrate(&self, bitrate: u32, data_bitrate: Option<u32>) -> Result<()> {
        let commands = commands::bitrate_commands(bitrate, data_bitrate);
        self.give_closed(commands.context(BACKEND.name)?)
    }

    /// Sets the registers BTR0 and BTR1 of an SJA1000 at 8 MHz. The channel is closed meanwhile.
    ///
    /// # Errors
    /// As [`set_bitrate`](Slcan::set_bitrate).
    pub fn set_bit_timing_registers(&self, btr0: u8, btr1: u8) -> Result<()> {
        self.give_closed(vec![commands::registers_command(btr0, btr1)])
    }

    /// Opens the channel again after [`close_channel`](Slcan::close_channel).
    ///
    /// # Errors
    /// `OperationFailed` where the adapter refuses it; `Closed`, `DeviceLost`.
    pub fn open_channel(&self) -> Result<()> {
        let open = Command::open(self.description.listen_only);
        self.give(&[open], ErrorKind::OperationFailed)
    }

    /// Takes the adapter off the CAN bus; the port stays open.
    ///
    /// # Errors
    /// `Closed`, `DeviceLost`.
    pub fn close_channel(&self) -> Result<()> {
        let patience = if self.answers { ANSWER } else { SILENT_ANSWER };
        // It refuses where it is closed already.
        ask(&self.line, "C", patience).map(|_| ())
    }

    /// What the adapter says of its version, without the `V` before it: with LAWICEL's two digits of
    /// the hardware and two of the software, with others any text. `None` when it does not answer in
    /// time, which is unlimited if no timeout is given.
    ///
    /// # Errors
    /// `Closed`, `DeviceLost`, `Timeout` where the line takes nothing.
    pub fn version(&self, timeout: Option<Duration>) -> Result<Option<String>> {
        self.line.ask(b"V\r", timeout, |answer| match answer {
            Answer::Version(text) | Answer::Text(text) => Some(text),
            _ => None,
        })
    }

    /// The adapter's serial number; `None` as with [`version`](Slcan::version).
    ///
    /// # Errors
    /// As [`version`](Slcan::version).
    pub fn serial_number(&self, timeout: Option<Duration>) -> Result<Option<String>> {
        self.line.ask(b"N\r", timeout, |answer| match answer {
            Answer::SerialNumber(text) => Some(text),
            _ => None,
        })
    }

    /// How often the adapter has refused a command or a frame since the bus was opened.
    pub fn refused(&self) -> u64 {
        self.reports.refused()
    }

    fn write(&self, frames: &[Frame], timeout: Option<Duration>) -> Result<usize> {
        let own = self.receive_own_messages;
        packets::send(&self.line, frames, own, timeout, protocol::write)
    }
}

fn open_port(options: &Options) -> Result<Port> {
    // Its range is declared above.
    let baud_rate = options.integer("tty_baudrate").unwrap_or_default() as u32;
    let channel = options.text("channel").unwrap_or_default().trim();
    let (name, baud_rate) = split_baud_rate(channel, baud_rate)?;
    let settings = Settings {
        baud_rate,
        rtscts: options.flag("rtscts"),
    };
    Port::open(name, &settings)
}

/// Closes the channel, which may have been left open, and finds out whether the adapter answers.
///
/// An Arduino starts anew when its port is opened, and hears nothing for one or two seconds; so one
/// that says nothing is asked again for as long as it may be starting. What comes in while a boot
/// loader runs ends that sooner, if it does anything. Some adapters never answer.
fn knock(line: &Line<Answer>, longest: Duration) -> Result<bool> {
    let deadline = Deadline::after(Some(longest));
    let mut unanswered = 0;
    loop {
        let left = deadline.remaining().unwrap_or(KNOCK);
        match ask(line, "C", left.clamp(SILENT_ANSWER, KNOCK)) {
            Ok(Some(done)) => {
                // Refused because it is closed; or because half a command stood before it, and
                // then it is open still.
                if !done {
                    ask(line, "C", ANSWER)?;
                }
                // Answers that come late would be taken for those of other commands.
                for _ in 0..unanswered {
                    ask(line, "", SILENT_ANSWER)?;
                }
                return Ok(true);
            }
            Ok(None) => unanswered += 1,
            // The line takes nothing yet.
            Err(error) if error.kind() == ErrorKind::Timeout => {}
            Err(error) => return Err(error),
        }
        if deadline.is_over() {
            return Ok(false);
        }
    }
}

/// Gives a command, if any, and waits for its answer: done, refused, or none in time.
fn ask(line: &Line<Answer>, command: &str, patience: Duration) -> Result<Option<bool>> {
    let mut bytes = command.as_bytes().to_vec();
    if !bytes.is_empty() {
        bytes.push(CR);
    }
    line.ask(&bytes, Some(patience), |answer| match answer {
        Answer::Done => Some(true),
        Answer::Refused => Some(false),
        _ => None,
    })
}

fn describe(channel: Channel, options: &Options, fd: bool) -> Description {
    Description {
        summary: format!("slcan adapter on {channel}"),
        capabilities: Capabilities {
            fd: fd || options.flag("fd"),
            esi: false,
            remote: true,
            send_error: false,
            raw_dlc: false,
            own_messages: true,
            counts_dropped: true,
            ordered: true,
        },
        timestamps: TimestampSource::ReadTime,
        listen_only: options.flag("listen_only"),
        ..Description::new(BACKEND.name, [channel])
    }
}

impl Driver for Slcan {
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

    fn send(&self, frame: &Frame, _to: Option<Channel>, timeout: Option<Duration>) -> Result<()> {
        self.write(std::slice::from_ref(frame), timeout).map(|_| ())
    }

    fn send_batch(
        &self,
        frames: &[Frame],
        _to: Option<Channel>,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        let deadline = Deadline::after(timeout);
        let mut sent = 0;
        for part in frames.chunks(BATCH) {
            match self.write(part, deadline.remaining()) {
                Ok(taken) => sent += taken,
                // What was taken counts; the error comes again with the next call.
                Err(_) if sent > 0 => break,
                Err(error) => return Err(error),
            }
            if sent % BATCH != 0 {
                break;
            }
        }
        Ok(sent)
    }

    fn close(&self) -> Result<()> {
        if self.line.is_closed() {
            return Ok(());
        }
        let said = self.line.send(b"C\r", Some(GOODBYE));
        self.line.close();
        match said {
            // What has gone needs no goodbye, and the reader was told.
            Err(error) if error.kind() == ErrorKind::Timeout => {
                Err(error.with_kind(ErrorKind::OperationFailed))
            }
            _ => Ok(()),
        }
    }

    fn dropped(&self) -> u64 {
        self.line.dropped()
    }

    /// The state that the adapter reported last, or what its status says now.
    fn error_state(&self) -> Result<ErrorState> {
        if let Some(state) = self.reports.state() {
            return Ok(state);
        }
        let flags = self.line.ask(b"F\r", Some(STATUS), |answer| match answer {
            Answer::Flags(flags) => Some(Some(flags)),
            Answer::Refused => Some(None),
            _ => None,
        })?;
        match flags.flatten() {
            Some(flags) if flags & FLAG_PASSIVE != 0 => Ok(ErrorState::Passive),
            Some(_) => Ok(ErrorState::Active),
            None => Err(self
                .description
                .cannot("tell the controller's error state here")),
        }
    }
}

/// What a line of an adapter says, and what is read of the line that is written of that.
#[cfg(fuzzing)]
pub fn fuzz_slcan(bytes: &[u8], split: usize) -> (Vec<Frame>, Vec<Frame>, u64) {
    protocol::fuzz(bytes, split)
}

/// The ports whose name tells that an adapter with this protocol is behind them. Nothing is opened.
fn detect(_timeout: Duration) -> Result<Vec<Detected>> {
    const NAMES: &[&str] = &["canable", "cantact", "canusb", "lawicel", "slcan"];
    let links = serial::links();
    let known = links.into_iter().filter(|link| {
        let link = link.to_ascii_lowercase();
        NAMES.iter().any(|name| link.contains(name))
    });
    Ok(known
        .map(|link| Detected {
            interface: BACKEND.name,
            options: vec![("channel".into(), Value::Text(link))],
            state: None,
        })
        .collect())
}
