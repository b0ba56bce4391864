//! Frames over a serial line, in the simple packets of python-can: between two programs, or with a
//! microcontroller that speaks them.

mod protocol;

use crate::backends::packets;
use crate::backends::serial_line::{Line, QUEUE, RTSCTS};
use crate::backends::{Backend, Detected};
use crate::driver::{Capabilities, Description, Driver, TimestampSource};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::frame::Frame;
use crate::message::{Channel, Message, Timestamp};
use crate::options::{OptionKind, OptionSpec, Options, Value};
use crate::transport::serial::{Port, Settings, ports};
use protocol::{IdForm, Receiver};
use std::convert::Infallible;
use std::slice;
use std::time::{Duration, Instant};

/// The row of the table of backends.
pub(super) const BACKEND: Backend = Backend {
    name: "serial",
    summary: "frames over a serial line, in the packets of python-can",
    options: OPTIONS,
    open,
    detect: Some(detect),
};

const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new(
        "channel",
        OptionKind::Text,
        "a serial port (/dev/ttyUSB0, COM3), socket://HOST:PORT, rfc2217://HOST:PORT or loop://",
    ),
    OptionSpec::new(
        "baudrate",
        OptionKind::Integer {
            min: 1,
            max: u32::MAX as i64,
        },
        "bit/s of the serial line",
    )
    .or("115200"),
    RTSCTS,
    OptionSpec::new(
        "timeout",
        OptionKind::Number { min: 0.0 },
        "seconds; accepted without effect, each call has a timeout of its own",
    )
    .or("0.1"),
    OptionSpec::new(
        "id_flags",
        OptionKind::Flag,
        "write and read flags in the arbitration ID, as python-can does since 4.6; for older peers \
         turn it off: there is no width then, every frame is an extended data frame",
    )
    .or("true"),
    OptionSpec::new(
        "preserve_timestamps",
        OptionKind::Flag,
        "deliver the time in the packets (milliseconds of the sender's clock, from 0 to 49 days), \
         and write that of messages which are forwarded, instead of the time of reading and the \
         milliseconds since the bus was opened",
    )
    .or("false"),
    OptionSpec::new(
        "receive_own_messages",
        OptionKind::Flag,
        "deliver sent frames to the sender too, as soon as the line has taken them",
    )
    .or("false"),
    OptionSpec::new("listen_only", OptionKind::Flag, "refuse to send").or("false"),
    QUEUE,
];

struct Serial {
    description: Description,
    line: Line<Infallible>,
    id_form: IdForm,
    own_messages: bool,
    senders_time: bool,
    opened: Instant,
}

fn open(options: &Options) -> Result<Box<dyn Driver>> {
    let name = options.text("channel").unwrap_or_default();
    let settings = Settings {
        baud_rate: options.count("baudrate").unwrap_or_default() as u32,
        rtscts: options.flag("rtscts"),
    };
    let id_form = if options.flag("id_flags") {
        IdForm::Flags
    } else {
        IdForm::Plain
    };
    let senders_time = options.flag("preserve_timestamps");
    let channel = Channel::named(name);
    let port = Port::open(name, &settings).context(BACKEND.name)?;
    Ok(Box::new(Serial {
        description: describe(channel, id_form, options),
        line: Line::start(
            BACKEND.name,
            port,
            channel,
            options.count(QUEUE.name).unwrap_or_default(),
            Receiver::new(id_form, senders_time),
        )?,
        id_form,
        own_messages: options.flag("receive_own_messages"),
        senders_time,
        opened: Instant::now(),
    }))
}

fn describe(channel: Channel, id_form: IdForm, options: &Options) -> Description {
    let flags = id_form == IdForm::Flags;
    Description {
        summary: format!("Serial interface: {channel}"),
        capabilities: Capabilities {
            remote: flags,
            send_error: flags,
            own_messages: true,
            counts_dropped: true,
            ..Capabilities::CLASSIC
        },
        timestamps: if options.flag("preserve_timestamps") {
            TimestampSource::Sender
        } else {
            TimestampSource::ReadTime
        },
        listen_only: options.flag("listen_only"),
        ..Description::new(BACKEND.name, [channel])
    }
}

impl Serial {
    /// Milliseconds since the bus was opened; 49 days later they begin anew.
    fn clock(&self) -> u32 {
        self.opened.elapsed().as_millis() as u32
    }

    fn send_at(&self, frames: &[Frame], time: u32, timeout: Option<Duration>) -> Result<usize> {
        for frame in frames {
            self.check_width(frame)?;
        }
        packets::send(
            &self.line,
            frames,
            self.own_messages,
            timeout,
            |frame, out| {
                protocol::encode(frame, time, self.id_form, out);
            },
        )
    }

    fn check_width(&self, frame: &Frame) -> Result<()> {
        if self.id_form == IdForm::Flags || frame.id().is_extended() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Unsupported,
            "serial: with id_flags=false every arbitration ID is extended; this one is standard",
        ))
    }
}

impl Driver for Serial {
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
        self.send_at(slice::from_ref(frame), self.clock(), timeout)?;
        Ok(())
    }

    fn send_batch(
        &self,
        frames: &[Frame],
        _to: Option<Channel>,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        self.send_at(frames, self.clock(), timeout)
    }

    fn forward(
        &self,
        message: &Message,
        _to: Option<Channel>,
        timeout: Option<Duration>,
    ) -> Result<()> {
        let time = if self.senders_time {
            milliseconds(message.timestamp)?
        } else {
            self.clock()
        };
        self.send_at(slice::from_ref(&message.frame), time, timeout)?;
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.line.close();
        Ok(())
    }

    fn dropped(&self) -> u64 {
        self.line.dropped()
    }
}

/// The time as it stands in a packet.
fn milliseconds(time: Timestamp) -> Result<u32> {
    // Rounded: a time of whole milliseconds that was a double in between stays what it was.
    let rounded = time.plus_nanos(500_000).as_nanos().div_euclid(1_000_000);
    u32::try_from(rounded).map_err(|_| {
        Error::invalid(format!(
            "serial: the time of a message is {time} s, but with preserve_timestamps expected 0 to \
             4294967.295 s, which are 32 bits of milliseconds"
        ))
    })
}

/// The serial ports of this machine; what is at their other end nobody knows.
fn detect(_timeout: Duration) -> Result<Vec<Detected>> {
    let found = ports()?.into_iter().map(|port| Detected {
        interface: BACKEND.name,
        options: vec![("channel".into(), Value::Text(port))],
        state: None,
    });
    Ok(found.collect())
}

/// For the fuzz target: reads bytes whole and in pieces, which must give the same.
#[cfg(fuzzing)]
pub fn fuzz_serial(bytes: &[u8], piece: usize, id_flags: bool) {
    let form = if id_flags {
        IdForm::Flags
    } else {
        IdForm::Plain
    };
    protocol::read_in_pieces(bytes, piece, form);
}

#[cfg(test)]
mod tests;
