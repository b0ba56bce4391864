//! What all backends over a serial line share: the thread that reads the line and hands its bytes to
//! the backend's parser, the queue of what was received, and commands with their answers.

mod answers;

use crate::error::{Context, Error, ErrorKind, Result};
use crate::frame::Frame;
use crate::message::{Channel, Direction, Message, Timestamp};
use crate::options::{OptionKind, OptionSpec};
use crate::queue::{Popped, Queue};
use crate::transport::serial::Port;
use answers::Answers;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How many received frames are held for the reader.
pub(super) const QUEUE: OptionSpec = OptionSpec::new(
    "rx_queue_size",
    OptionKind::Integer {
        min: 0,
        max: 1 << 30,
    },
    "frames held for the reader, more are dropped and counted; 0 means 1048576",
)
.or("0");

/// What [`QUEUE`] holds where it says 0.
const DEFAULT_QUEUE_SIZE: usize = 1 << 20;

/// Hardware flow control.
pub(super) const RTSCTS: OptionSpec = OptionSpec::new(
    "rtscts",
    OptionKind::Flag,
    "let RTS and CTS say when to send (hardware flow control)",
)
.or("false");

/// The most bytes that are read at once.
const CHUNK: usize = 16 * 1024;

/// What a protocol found in the bytes.
#[derive(Debug)]
pub(super) enum Heard<A> {
    /// A frame that was received.
    Frame(Frame),
    /// A frame with its own time, which stays as it is. The line fills in a channel that is missing.
    Message(Message),
    /// The answer to a command.
    Answer(A),
    /// Bytes that are no packet, and why. They count as a lost frame.
    Garbage(String),
    /// So many frames were lost, as the adapter says.
    Lost(u64),
}

/// The receiving half of a protocol.
pub(super) trait Parser: Send + 'static {
    /// What answers to commands hold.
    type Answer: Send + 'static;

    /// Takes bytes in any split.
    fn take(&mut self, bytes: &[u8], each: &mut dyn FnMut(Heard<Self::Answer>));
}

/// An open line whose bytes are read by a thread.
pub(super) struct Line<A> {
    shared: Arc<Shared<A>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared<A> {
    backend: &'static str,
    port: Port,
    channel: Channel,
    queue: Queue,
    answers: Answers<A>,
    closed: AtomicBool,
    /// Frames that were lost before the queue.
    lost: AtomicU64,
    warned: AtomicBool,
    /// Why nothing comes any more, unless it was closed here.
    end: Mutex<Option<(ErrorKind, String)>>,
}

impl<A: Send + 'static> Line<A> {
    /// Starts the thread. `queue` is the value of the option [`QUEUE`].
    ///
    /// # Errors
    /// `Io` where no thread can be started.
    pub(super) fn start(
        backend: &'static str,
        port: Port,
        channel: Channel,
        queue: usize,
        parser: impl Parser<Answer = A>,
    ) -> Result<Line<A>> {
        let capacity = if queue == 0 {
            DEFAULT_QUEUE_SIZE
        } else {
            queue
        };
        let shared = Arc::new(Shared {
            backend,
            port,
            channel,
            queue: Queue::new(capacity),
            answers: Answers::new(),
            closed: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            warned: AtomicBool::new(false),
            end: Mutex::new(None),
        });
        let reader = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name(format!("{backend} reader"))
            .spawn(move || reader.read(parser))
            .context("cannot start a thread")?;
        Ok(Line {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// As [`Driver::recv`](crate::Driver::recv).
    pub(super) fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        match self.shared.queue.pop_one(timeout) {
            Ok(message) => Ok(Some(message)),
            Err(Popped::Closed) => Err(self.shared.ended()),
            Err(_) => Ok(None),
        }
    }

    /// As [`Driver::recv_batch`](crate::Driver::recv_batch).
    pub(super) fn recv_batch(
        &self,
        out: &mut Vec<Message>,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        match self.shared.queue.pop(out, max, timeout) {
            Popped::Some(count) => Ok(count),
            Popped::TimedOut => Ok(0),
            Popped::Closed => Err(self.shared.ended()),
        }
    }

    /// Sends one packet, as [`Driver::send`](crate::Driver::send) sends a frame.
    pub(super) fn send(&self, packet: &[u8], timeout: Option<Duration>) -> Result<()> {
        self.send_packets(packet, &[packet.len()], timeout)
            .map(|_| ())
    }

    /// Sends packets that stand one behind the other and end at `ends`; returns how many were
    /// taken, as [`Driver::send_batch`](crate::Driver::send_batch) does.
    pub(super) fn send_packets(
        &self,
        bytes: &[u8],
        ends: &[usize],
        timeout: Option<Duration>,
    ) -> Result<usize> {
        let sent = self.shared.port.write_packets(bytes, ends, timeout);
        sent.context(self.shared.backend)
    }

    /// Delivers frames that were just sent to this bus too.
    pub(super) fn echo(&self, frames: &[Frame]) {
        let now = Timestamp::now();
        let messages = frames.iter().map(|frame| Message {
            frame: *frame,
            timestamp: now,
            channel: Some(self.shared.channel),
            direction: Direction::Tx,
        });
        self.shared.queue.push(&messages.collect::<Vec<_>>());
    }

    /// Sends a command, unless it is empty, and waits for the first answer of which `pick` makes
    /// something; `Ok(None)`: there was none in time. Frames are received meanwhile as always.
    ///
    /// # Errors
    /// As [`send`](Line::send).
    pub(super) fn ask<T>(
        &self,
        command: &[u8],
        timeout: Option<Duration>,
        pick: impl FnMut(A) -> Option<T>,
    ) -> Result<Option<T>> {
        let asking = self.shared.answers.ask();
        if !command.is_empty() {
            self.send(command, timeout)?;
        }
        let answer = asking.wait(timeout, pick);
        if answer.is_none() && self.shared.queue.is_closed() {
            return Err(self.shared.ended());
        }
        Ok(answer)
    }

    /// Frames that were lost: in the queue, on the line, and those of which the adapter tells.
    pub(super) fn dropped(&self) -> u64 {
        self.shared.queue.dropped() + self.shared.lost.load(Ordering::Relaxed)
    }

    /// Begins to count anew what was lost on the line: before an adapter is open, what it says is
    /// no frame.
    pub(super) fn forget_lost(&self) {
        self.shared.lost.store(0, Ordering::Relaxed);
        self.shared.warned.store(false, Ordering::Relaxed);
    }

    /// Closes the line and ends the thread. Calling it again does nothing.
    pub(super) fn close(&self) {
        self.shared.close();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take() {
            // It panics nowhere; and who closes can do nothing about it.
            let _ = thread.join();
        }
    }

    /// Whether [`close`](Line::close) was called.
    pub(super) fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }
}

impl<A> Drop for Line<A> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl<A> Shared<A> {
    /// The thread: reads until the line ends, one way or the other.
    fn read(&self, mut parser: impl Parser<Answer = A>) {
        let mut buffer = vec![0; CHUNK];
        let mut messages = Vec::new();
        let end = loop {
            let count = match self.port.read(&mut buffer, None) {
                Ok(count) => count,
                Err(end) => break end,
            };
            let now = Timestamp::now();
            parser.take(&buffer[..count], &mut |heard| match heard {
                Heard::Frame(frame) => {
                    messages.push(Message::received(frame, now).on(self.channel));
                }
                Heard::Message(mut message) => {
                    message.channel.get_or_insert(self.channel);
                    messages.push(message);
                }
                Heard::Answer(answer) => self.answers.give(answer),
                Heard::Garbage(why) => self.count_garbage(&why),
                Heard::Lost(count) => drop(self.lost.fetch_add(count, Ordering::Relaxed)),
            });
            self.queue.push(&messages);
            messages.clear();
        };
        let mut known = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some((end.kind(), end.message().to_string()));
        drop(known);
        self.queue.close();
        self.answers.close();
    }

    /// Bad bytes must not stop whoever reads the good ones. So they count as a lost frame.
    fn count_garbage(&self, why: &str) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        if !self.warned.swap(true, Ordering::Relaxed) {
            log::warn!(
                "{}: {}: passed over what is no packet: {why} (counted as dropped, as will be \
                 others without another warning)",
                self.backend,
                self.port.name(),
            );
        }
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.queue.close();
        self.answers.close();
        self.port.close();
    }

    /// Why nothing comes any more.
    fn ended(&self) -> Error {
        let end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        match &*end {
            Some((kind, message)) if !self.closed.load(Ordering::Acquire) => {
                Error::new(*kind, message.clone()).context(self.backend)
            }
            _ => Error::new(
                ErrorKind::Closed,
                format!("{}: the bus is closed", self.backend),
            ),
        }
    }
}

#[cfg(test)]
mod tests;
