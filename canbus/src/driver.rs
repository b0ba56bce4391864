//! What a backend implements: the trait [`Driver`], and what it says of itself.
//!
//! Users hold a [`Bus`](crate::Bus); filters in software, fan-out and shutdown live there, once.

mod periodic;

pub use periodic::{NativeTask, PeriodicSpec, Rate};

use crate::error::{Error, ErrorKind, Result};
use crate::filter::Filter;
use crate::frame::{Frame, Kind};
use crate::message::{Channel, Message, Origin};
use std::any::Any;
use std::time::Duration;

/// What a bus of this kind can do. The conformance suite tests what is declared, and that what is
/// not declared is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Carries CAN FD frames.
    pub fd: bool,
    /// Carries the flag ESI of CAN FD frames. Where it is not carried, frames that have it set are
    /// refused; a controller that sends sets it by its own state.
    pub esi: bool,
    /// Carries remote frames.
    pub remote: bool,
    /// Error frames can be sent (software buses only; controllers report them).
    pub send_error: bool,
    /// Keeps the raw DLC 9 to 15 of a classic frame.
    pub raw_dlc: bool,
    /// Can deliver a bus's own frames back to it (`receive_own_messages`).
    pub own_messages: bool,
    /// Frames that the receiver could not take are counted in [`Driver::dropped`].
    pub counts_dropped: bool,
    /// Frames of one sender arrive in the order in which they were sent, none lost while the
    /// receiver keeps up.
    pub ordered: bool,
}

impl Capabilities {
    /// Classic data frames, in order, and nothing else.
    pub const CLASSIC: Capabilities = Capabilities {
        fd: false,
        esi: false,
        remote: false,
        send_error: false,
        raw_dlc: false,
        own_messages: false,
        counts_dropped: false,
        ordered: true,
    };
}

/// Where the timestamps of received messages come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimestampSource {
    /// The adapter's own clock, brought to the Unix epoch.
    Hardware,
    /// The kernel, when it took the frame in.
    Kernel,
    /// This program, when it read the frame.
    ReadTime,
    /// The sender.
    Sender,
}

/// What an open bus says of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// The backend's name, as in the table of backends.
    pub backend: &'static str,
    /// The channels behind this bus. Sending without a channel needs exactly one.
    pub channels: Vec<Channel>,
    /// One line for people: which device, which channel.
    pub summary: String,
    /// What it can do as it is opened.
    pub capabilities: Capabilities,
    /// Where its timestamps come from.
    pub timestamps: TimestampSource,
    /// Opened so that it cannot send.
    pub listen_only: bool,
}

impl Description {
    /// A bus that does the least: it carries classic data frames, which are stamped when they are
    /// read, and its summary is the backend's name. The fields say what it does besides.
    pub fn new(backend: &'static str, channels: impl IntoIterator<Item = Channel>) -> Description {
        Description {
            backend,
            channels: channels.into_iter().collect(),
            summary: backend.into(),
            capabilities: Capabilities::CLASSIC,
            timestamps: TimestampSource::ReadTime,
            listen_only: false,
        }
    }

    /// Refuses what this bus cannot send, before anything is sent.
    ///
    /// # Errors
    /// `Unsupported` for a frame kind that the bus does not carry or a bus that only listens;
    /// `InvalidInput` for a channel that is not the bus's own, or for none where it has several.
    pub fn check_sendable(&self, frame: &Frame, to: Option<Channel>) -> Result<()> {
        if self.listen_only {
            return Err(self.unsupported("it was opened listen-only"));
        }
        let carried = match frame.kind() {
            Kind::Data => frame.dlc() <= 8 || self.capabilities.raw_dlc,
            Kind::Remote => {
                self.capabilities.remote && (frame.dlc() <= 8 || self.capabilities.raw_dlc)
            }
            Kind::Fd { esi, .. } => self.capabilities.fd && (!esi || self.capabilities.esi),
            Kind::Error => self.capabilities.send_error,
        };
        if !carried {
            return Err(self.unsupported(&format!("it does not carry {}", self.name_of(frame))));
        }
        match to {
            Some(channel) if !self.channels.contains(&channel) => Err(Error::invalid(format!(
                "{}: channel {channel} is not on this bus; it has {}",
                self.backend,
                self.list_channels()
            ))),
            None if self.channels.len() > 1 => Err(Error::invalid(format!(
                "{}: this bus has several channels ({}); say which to send to",
                self.backend,
                self.list_channels()
            ))),
            _ => Ok(()),
        }
    }

    /// The error for something that this backend cannot do.
    pub fn cannot(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            format!("{} cannot {what}", self.backend),
        )
    }

    fn name_of(&self, frame: &Frame) -> &'static str {
        match frame.kind() {
            Kind::Data => "raw DLCs over 8",
            Kind::Remote if frame.dlc() > 8 => "raw DLCs over 8",
            Kind::Remote => "remote frames",
            Kind::Fd { .. } if self.capabilities.fd => "the flag ESI",
            Kind::Fd { .. } => "CAN FD frames",
            Kind::Error => "error frames",
        }
    }

    fn list_channels(&self) -> String {
        let channels: Vec<String> = self.channels.iter().map(ToString::to_string).collect();
        channels.join(", ")
    }

    fn unsupported(&self, why: &str) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            format!("{}: cannot send on {}: {why}", self.backend, self.summary),
        )
    }
}

/// How a controller stands to the bus (ISO 11898-1, fault confinement).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorState {
    /// Takes full part in the bus.
    Active,
    /// Has seen many errors (a counter over 127): signals errors passively.
    Passive,
    /// Off the bus (transmit error counter over 255).
    BusOff,
}

/// A bus as a backend offers it. Object-safe, shared between threads: one waits in `recv` while
/// others send.
///
/// Four methods are required; the others have defaults that mean "one message at a time", "not
/// me" (the [`Bus`](crate::Bus) does it in software) or `Unsupported`.
///
/// What only one backend can do (ask its adapter for a serial number, say) is a method of its own
/// driver, which [`Bus::backend`](crate::Bus::backend) gives.
pub trait Driver: Any + Send + Sync {
    /// What this bus is and can do; does not change while it is open.
    fn describe(&self) -> &Description;

    /// Waits for a message: `None` for ever, zero polls. `Ok(None)`: the time is up; never
    /// before, and not noticeably after it.
    ///
    /// # Errors
    /// `Closed` once [`close`](Driver::close) was called and nothing is left to deliver;
    /// `DeviceLost`; `OperationFailed`. An error frame is a message, never an error.
    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>>;

    /// Hands a frame to the bus, on the channel `to` where it has several. `None` waits until
    /// the queue takes it, zero tries.
    ///
    /// The frame was checked with [`Description::check_sendable`].
    ///
    /// # Errors
    /// `Timeout` when the queue stayed full: the frame was not sent. `Closed`, `DeviceLost`,
    /// `OperationFailed`.
    fn send(&self, frame: &Frame, to: Option<Channel>, timeout: Option<Duration>) -> Result<()>;

    /// Hands over the frame of a message that was seen elsewhere. A backend that can deliver a
    /// sender's time, and was asked to, delivers the message's; the others send the frame.
    ///
    /// # Errors
    /// As [`send`](Driver::send).
    fn forward(
        &self,
        message: &Message,
        to: Option<Channel>,
        timeout: Option<Duration>,
    ) -> Result<()> {
        self.send(&message.frame, to, timeout)
    }

    /// Closes the bus and wakes whoever waits in `recv`. Calling it again does nothing.
    ///
    /// # Errors
    /// `OperationFailed` where the device did not let itself be closed in order; it is closed all
    /// the same.
    fn close(&self) -> Result<()>;

    /// Waits for one message as [`recv`](Driver::recv) does, and tells who sent it.
    ///
    /// # Errors
    /// As [`recv`](Driver::recv).
    fn recv_with_origin(&self, timeout: Option<Duration>) -> Result<Option<(Message, Origin)>> {
        let message = self.recv(timeout)?;
        Ok(message.map(|message| (message, Origin::of(message.direction))))
    }

    /// Waits for one message and appends it and what else is there, at most `max`, to `out`.
    /// Returns how many; 0 means that the time is up.
    ///
    /// # Errors
    /// As [`recv`](Driver::recv).
    fn recv_batch(
        &self,
        out: &mut Vec<Message>,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        let mut count = 0;
        let mut wait = timeout;
        while count < max {
            match self.recv(wait) {
                Ok(Some(message)) => out.push(message),
                Ok(None) => break,
                // What was received counts; the error comes again with the next call.
                Err(_) if count > 0 => break,
                Err(error) => return Err(error),
            }
            count += 1;
            wait = Some(Duration::ZERO);
        }
        Ok(count)
    }

    /// Hands over several frames, in order. Returns how many were taken: all of them, or fewer
    /// when the time was up or an error came (which the next call reports).
    ///
    /// # Errors
    /// As [`send`](Driver::send), when not even the first frame was taken.
    fn send_batch(
        &self,
        frames: &[Frame],
        to: Option<Channel>,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        let deadline = crate::deadline::Deadline::after(timeout);
        for (sent, frame) in frames.iter().enumerate() {
            match self.send(frame, to, deadline.remaining()) {
                Ok(()) => {}
                Err(_) if sent > 0 => return Ok(sent),
                Err(error) => return Err(error),
            }
        }
        Ok(frames.len())
    }

    /// Takes the filters over into hardware or kernel. `Ok(false)`: not here; the bus filters in
    /// software.
    ///
    /// # Errors
    /// `OperationFailed` where the device broke on it.
    fn set_filters(&self, _filters: &[Filter]) -> Result<bool> {
        Ok(false)
    }

    /// Takes a periodic task over into kernel or adapter, which keep the time better: prepared, not
    /// started. `Ok(None)`: not here; the bus's own scheduler carries it out. That is also the
    /// answer to a task that could not be carried out exactly: a period that the device rounds,
    /// too many frames, a channel or frame kind that its scheduler lacks.
    ///
    /// The task was checked with [`PeriodicSpec::check`].
    ///
    /// # Errors
    /// `OperationFailed`, `DeviceLost`, `Closed`.
    fn send_periodic(&self, _task: &PeriodicSpec) -> Result<Option<Box<dyn NativeTask>>> {
        Ok(None)
    }

    /// How many received frames were lost between wire and reader since the bus was opened, as
    /// far as it is known.
    fn dropped(&self) -> u64 {
        0
    }

    /// Throws away the frames that wait to be sent.
    ///
    /// # Errors
    /// `Unsupported` unless the backend can.
    fn flush_tx(&self) -> Result<()> {
        Err(self
            .describe()
            .cannot("throw away frames that wait to be sent"))
    }

    /// The controller's error state.
    ///
    /// # Errors
    /// `Unsupported` where the backend does not know it.
    fn error_state(&self) -> Result<ErrorState> {
        Err(self.describe().cannot("tell the controller's error state"))
    }

    /// A file descriptor that is readable when `recv` would not wait, for event loops.
    #[cfg(unix)]
    fn readiness(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        None
    }
}

#[cfg(test)]
mod tests;
