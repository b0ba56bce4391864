//! A vehicle without hardware: a bus on which a car drives, so that everything can be tried.
//!
//! Frames are made when they are read: no thread runs, and a bus that nobody reads costs nothing.
//! The same seed gives the same frames at the same times from the start, on every machine.

mod inbox;
mod obd;
mod payload;
mod schedule;
mod settings;
mod signals;
mod vehicle;

use crate::backends::{Backend, Detected};
use crate::deadline::Deadline;
use crate::driver::{Capabilities, Description, Driver, ErrorState, TimestampSource};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::Frame;
use crate::message::{Channel, Message, Timestamp};
use crate::options::{Options, Value};
use inbox::{Inbox, View};
use schedule::Schedule;
use settings::{CHANNEL, OPTIONS, plan};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The row of the table of backends.
pub(super) const BACKEND: Backend = Backend {
    name: "simulated",
    summary: "a built-in vehicle that drives about, to try things without hardware",
    options: OPTIONS,
    open,
    detect: Some(detect),
};

/// How many frames a bus holds for its reader unless told otherwise.
const DEFAULT_QUEUE_SIZE: usize = 1 << 20;
/// How many frames of the user's may wait for the wire.
const SEND_QUEUE_SIZE: usize = 1024;
/// Whoever waits is woken at most so often, as by an adapter that hands frames over in packets.
const BEAT: Duration = Duration::from_millis(1);
struct Simulated {
    description: Description,
    pace: Pace,
    state: Mutex<State>,
    /// A frame was sent, or the bus closed.
    changed: Condvar,
}

struct State {
    inbox: Inbox,
    closed: bool,
}

/// How the vehicle's time passes.
#[derive(Debug, Clone, Copy)]
enum Pace {
    /// With the clock, so many seconds in each.
    Clock { opened: Instant, speed: f64 },
    /// With every frame that is read.
    AsRead,
}

impl Pace {
    /// The vehicle's time in nanoseconds from the start, up to which frames may come.
    fn now(self) -> u64 {
        match self {
            Pace::Clock { opened, speed } => (opened.elapsed().as_nanos() as f64 * speed) as u64,
            Pace::AsRead => u64::MAX,
        }
    }

    /// How long it is until a moment of the vehicle's, at least one beat.
    fn until(self, moment: u64) -> Duration {
        let (Pace::Clock { speed, .. }, now) = (self, self.now()) else {
            return BEAT;
        };
        let nanos = moment.saturating_sub(now) as f64 / speed;
        Duration::from_nanos(nanos as u64).max(BEAT)
    }
}

fn open(options: &Options) -> Result<Box<dyn Driver>> {
    let plan = plan(options)?;
    let pace = settings::speed(options)?.map_or(Pace::AsRead, |speed| Pace::Clock {
        opened: Instant::now(),
        speed,
    });
    let channel = Channel::parse(options.text("channel").unwrap_or_default());
    let capacity = options.count("rx_queue_size").filter(|&size| size > 0);
    let view = View {
        channel,
        epoch: options
            .number("start")
            .map_or_else(Timestamp::now, Timestamp::from_seconds),
        capacity: capacity.unwrap_or(DEFAULT_QUEUE_SIZE),
        receive_own_messages: options.flag("receive_own_messages"),
    };
    let inbox = Inbox::new(Schedule::new(plan), view);
    Ok(Box::new(Simulated {
        description: describe(channel, options),
        pace,
        state: Mutex::new(State {
            inbox,
            closed: false,
        }),
        changed: Condvar::new(),
    }))
}

fn describe(channel: Channel, options: &Options) -> Description {
    Description {
        backend: BACKEND.name,
        channels: vec![channel],
        summary: format!("Simulated vehicle channel {channel}"),
        capabilities: Capabilities {
            fd: options.flag("fd"),
            esi: true,
            remote: true,
            send_error: false,
            raw_dlc: true,
            own_messages: true,
            counts_dropped: true,
            ordered: true,
        },
        // Only in real time are the vehicle's times those of the world outside.
        timestamps: if options.flag("realtime")
            && options.number("start").is_none()
            && options.number("speed").is_none_or(|speed| speed <= 1.0)
        {
            TimestampSource::Hardware
        } else {
            TimestampSource::Sender
        },
        listen_only: options.flag("listen_only"),
    }
}

impl Simulated {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until somebody changes something, a moment of the vehicle's, or the deadline.
    fn wait<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        moment: Option<u64>,
        deadline: Deadline,
    ) -> MutexGuard<'a, State> {
        let due = moment.map(|moment| self.pace.until(moment));
        let Some(wait) = due.into_iter().chain(deadline.remaining()).min() else {
            let woken = self.changed.wait(state);
            return woken.unwrap_or_else(PoisonError::into_inner);
        };
        let waited = self.changed.wait_timeout(state, wait);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The state once messages are ready, the bus is closed, or the time is up; with up to `most`
    /// messages where they come as fast as they are read.
    fn ready(&self, most: usize, timeout: Option<Duration>) -> MutexGuard<'_, State> {
        let deadline = Deadline::after(timeout);
        let mut state = self.lock();
        loop {
            // Looked at first, so that what was due at the deadline still counts.
            let over = deadline.is_over();
            if !state.closed {
                self.catch_up(&mut state.inbox, most);
            }
            if over || state.closed || !state.inbox.ready.is_empty() {
                return state;
            }
            let moment = state.inbox.next_moment();
            state = self.wait(state, moment, deadline);
        }
    }

    fn catch_up(&self, inbox: &mut Inbox, most: usize) {
        match self.pace {
            Pace::Clock { .. } => inbox.fill(self.pace.now(), usize::MAX),
            Pace::AsRead => inbox.fill(u64::MAX, inbox.capacity().min(most)),
        }
    }

    /// The state once there is room for a frame to be sent.
    fn room(&self, timeout: Option<Duration>) -> Result<MutexGuard<'_, State>> {
        let deadline = Deadline::after(timeout);
        let mut state = self.lock();
        loop {
            let over = deadline.is_over();
            if state.closed {
                return Err(closed());
            }
            // Also lets what was sent before pass, when nobody reads.
            self.make_room(&mut state.inbox);
            if state.inbox.schedule.sent().len() < SEND_QUEUE_SIZE {
                return Ok(state);
            }
            if over {
                return Err(Error::new(
                    ErrorKind::Timeout,
                    format!("{}: the queue of frames to send stayed full", BACKEND.name),
                ));
            }
            let moment = state.inbox.next_moment();
            state = self.wait(state, moment, deadline);
        }
    }

    fn make_room(&self, inbox: &mut Inbox) {
        match self.pace {
            Pace::Clock { .. } => inbox.fill(self.pace.now(), usize::MAX),
            Pace::AsRead => {
                while inbox.schedule.sent().len() >= SEND_QUEUE_SIZE && inbox.step(u64::MAX) {}
            }
        }
    }
}

impl Driver for Simulated {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        let mut state = self.ready(1, timeout);
        match state.inbox.ready.pop_front() {
            None if state.closed => Err(closed()),
            message => Ok(message),
        }
    }

    fn recv_batch(
        &self,
        out: &mut Vec<Message>,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        let mut state = self.ready(max, timeout);
        if state.closed && state.inbox.ready.is_empty() {
            return Err(closed());
        }
        let count = max.min(state.inbox.ready.len());
        out.extend(state.inbox.ready.drain(..count));
        Ok(count)
    }

    fn send(&self, frame: &Frame, _to: Option<Channel>, timeout: Option<Duration>) -> Result<()> {
        let mut state = self.room(timeout)?;
        let from = match self.pace {
            Pace::Clock { .. } => self.pace.now(),
            // As soon as the wire is free.
            Pace::AsRead => 0,
        };
        state.inbox.schedule.send(*frame, from);
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    fn close(&self) -> Result<()> {
        self.lock().closed = true;
        self.changed.notify_all();
        Ok(())
    }

    fn dropped(&self) -> u64 {
        self.lock().inbox.dropped
    }

    fn flush_tx(&self) -> Result<()> {
        self.lock().inbox.schedule.sent().clear();
        self.changed.notify_all();
        Ok(())
    }

    fn error_state(&self) -> Result<ErrorState> {
        Ok(ErrorState::Active)
    }
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "simulated: the bus is closed")
}

/// There always is the one.
fn detect(_timeout: Duration) -> Result<Vec<Detected>> {
    Ok(vec![Detected {
        interface: BACKEND.name,
        options: vec![("channel".into(), Value::from(CHANNEL))],
        state: None,
    }])
}

#[cfg(test)]
mod tests;
