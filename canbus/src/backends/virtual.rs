//! Buses inside this process: every bus on a channel hears what the others send. A real backend,
//! complete in every frame kind, for tests and for programs that pass frames between threads.

use crate::backends::{Backend, Detected};
use crate::driver::{Capabilities, Description, Driver, ErrorState, TimestampSource};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::Frame;
use crate::message::{Channel, Direction, Message, Timestamp};
use crate::options::{OptionKind, OptionSpec, Options, Value};
use crate::queue::{Popped, Queue};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many frames a bus holds for its reader unless told otherwise.
const DEFAULT_QUEUE_SIZE: usize = 1 << 20;

/// The row of the table of backends.
pub(super) const BACKEND: Backend = Backend {
    name: "virtual",
    summary: "buses inside this process only; between programs use udp_multicast",
    options: OPTIONS,
    open,
    detect: Some(detect),
};

const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new("channel", OptionKind::Text, "any name; buses of one name hear each other").or("channel-0"),
    OptionSpec::new("receive_own_messages", OptionKind::Flag, "deliver sent frames to the sender too").or("false"),
    OptionSpec::new(
        "rx_queue_size",
        OptionKind::Integer { min: 0, max: 1 << 30 },
        "frames held for the reader, more are dropped and counted; 0 means 1048576",
    )
    .or("0"),
    OptionSpec::new("listen_only", OptionKind::Flag, "refuse to send").or("false"),
    OptionSpec::new("fd", OptionKind::Flag, "carry CAN FD frames").or("true"),
    OptionSpec::new(
        "bitrate",
        OptionKind::Integer { min: 1, max: i64::MAX },
        "bit/s; accepted without effect, there is no wire",
    ),
    OptionSpec::new(
        "data_bitrate",
        OptionKind::Integer { min: 1, max: i64::MAX },
        "bit/s of the data phase; accepted without effect, there is no wire",
    ),
    OptionSpec::new(
        "preserve_timestamps",
        OptionKind::Flag,
        "for messages that are forwarded with their time: deliver it instead of the time of sending",
    )
    .or("false"),
];

/// The open buses of a channel. Whoever sends holds the lock, so that all see the same order.
type Wire = Arc<Mutex<Vec<Arc<Port>>>>;

/// The wires of a process: one that was forked off has copies of its parent's, at which nobody is.
type Place = (u32, Channel);

static WIRES: LazyLock<Mutex<BTreeMap<Place, Wire>>> = LazyLock::new(Mutex::default);

/// One bus on a wire: what it is waiting to read.
struct Port {
    queue: Queue,
    fd: bool,
}

struct Virtual {
    description: Description,
    channel: Channel,
    place: Place,
    wire: Wire,
    port: Arc<Port>,
    receive_own_messages: bool,
    preserve_timestamps: bool,
    closed: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(options: &Options) -> Result<Box<dyn Driver>> {
    let channel = Channel::parse(options.text("channel").unwrap_or_default());
    let capacity = options.count("rx_queue_size").filter(|&size| size > 0);
    let port = Arc::new(Port {
        queue: Queue::new(capacity.unwrap_or(DEFAULT_QUEUE_SIZE)),
        fd: options.flag("fd"),
    });
    let place = (std::process::id(), channel);
    let wire = {
        let mut wires = lock(&WIRES);
        let wire = Arc::clone(wires.entry(place).or_default());
        // Still under the lock of all wires, so that no closing bus removes this one meanwhile.
        lock(&wire).push(Arc::clone(&port));
        wire
    };
    Ok(Box::new(Virtual {
        description: describe(channel, options),
        channel,
        place,
        wire,
        port,
        receive_own_messages: options.flag("receive_own_messages"),
        preserve_timestamps: options.flag("preserve_timestamps"),
        closed: AtomicBool::new(false),
    }))
}

fn describe(channel: Channel, options: &Options) -> Description {
    Description {
        backend: BACKEND.name,
        channels: vec![channel],
        summary: format!("Virtual bus channel {channel}"),
        capabilities: Capabilities {
            fd: options.flag("fd"),
            esi: true,
            remote: true,
            send_error: true,
            raw_dlc: true,
            own_messages: true,
            counts_dropped: true,
            ordered: true,
        },
        timestamps: TimestampSource::Sender,
        listen_only: options.flag("listen_only"),
    }
}

impl Virtual {
    fn deliver(&self, frame: &Frame, timestamp: Timestamp) -> Result<()> {
        if self.closed.load(Ordering::Acquire) {
            return Err(closed());
        }
        let mut message = Message::received(*frame, timestamp).on(self.channel);
        for port in &*lock(&self.wire) {
            let own = Arc::ptr_eq(port, &self.port);
            // A classic controller does not understand a CAN FD frame.
            if (own && !self.receive_own_messages) || (frame.is_fd() && !port.fd) {
                continue;
            }
            message.direction = if own { Direction::Tx } else { Direction::Rx };
            port.queue.push(std::slice::from_ref(&message));
        }
        Ok(())
    }
}

impl Driver for Virtual {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        match self.port.queue.pop_one(timeout) {
            Ok(message) => Ok(Some(message)),
            Err(Popped::Closed) => Err(closed()),
            Err(_) => Ok(None),
        }
    }

    fn recv_batch(
        &self,
        out: &mut Vec<Message>,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        match self.port.queue.pop(out, max, timeout) {
            Popped::Some(count) => Ok(count),
            Popped::TimedOut => Ok(0),
            Popped::Closed => Err(closed()),
        }
    }

    fn send(&self, frame: &Frame, _to: Option<Channel>, _timeout: Option<Duration>) -> Result<()> {
        self.deliver(frame, Timestamp::now())
    }

    fn forward(
        &self,
        message: &Message,
        _to: Option<Channel>,
        _timeout: Option<Duration>,
    ) -> Result<()> {
        if self.preserve_timestamps {
            self.deliver(&message.frame, message.timestamp)
        } else {
            self.deliver(&message.frame, Timestamp::now())
        }
    }

    fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.port.queue.close();
        let mut wires = lock(&WIRES);
        let mut ports = lock(&self.wire);
        ports.retain(|port| !Arc::ptr_eq(port, &self.port));
        if ports.is_empty() {
            wires.remove(&self.place);
        }
        Ok(())
    }

    fn dropped(&self) -> u64 {
        self.port.queue.dropped()
    }

    /// Nothing ever waits: a frame is with its receivers when `send` returns.
    fn flush_tx(&self) -> Result<()> {
        Ok(())
    }

    fn error_state(&self) -> Result<ErrorState> {
        Ok(ErrorState::Active)
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "virtual: the bus is closed")
}

/// The channels in use, and one that is free.
fn detect(_timeout: Duration) -> Result<Vec<Detected>> {
    let process = std::process::id();
    let wires = lock(&WIRES);
    let used = wires.keys().filter(|(its, _)| *its == process);
    let used: Vec<Channel> = used.map(|&(_, channel)| channel).collect();
    // One more name than there are channels: one of them is free.
    let free = (0..=used.len())
        .map(|number| Channel::named(&format!("channel-{number}")))
        .find(|channel| !used.contains(channel));
    let channels = used.into_iter().chain(free);
    Ok(channels
        .map(|channel| Detected {
            interface: BACKEND.name,
            options: vec![("channel".into(), Value::Text(channel.to_string()))],
            state: None,
        })
        .collect())
}

#[cfg(test)]
mod tests;
