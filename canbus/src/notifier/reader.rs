//! The thread that reads one bus.

use super::{Shared, lock};
use crate::bus::Bus;
use crate::deadline::Deadline;
use crate::driver::TimestampSource;
use crate::error::{Error, ErrorKind};
use crate::message::{Message, Timestamp};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The most messages that are handed over at once.
const BATCH: usize = 256;
/// How long a read waits before the thread looks whether it is to end, to flush, or whether
/// frames were lost. So long may `stop` take on a silent bus.
const SLICE: Duration = Duration::from_millis(50);
/// How far behind the moment of stopping a time of arrival may be of a frame that was there before.
/// While Linux is turning timestamps on, which a busy machine puts off, it stamps a frame when it
/// is read.
const DOUBT_NANOS: i64 = 1_000_000_000;
/// The pause after an error that a listener dealt with, so that one that stays does not spin.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Reader {
    bus: Bus,
    end: Mutex<Option<End>>,
    ended: AtomicBool,
}

/// When reading was asked to end, and by when it must have.
#[derive(Clone, Copy)]
struct End {
    at: Timestamp,
    deadline: Deadline,
}

impl Reader {
    pub(super) fn new(bus: Bus) -> Reader {
        Reader {
            bus,
            end: Mutex::default(),
            ended: AtomicBool::new(false),
        }
    }

    pub(super) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Whether the bus's timestamps tell when a message came, by a clock near ours.
    fn is_clocked(&self) -> bool {
        matches!(
            self.bus.describe().timestamps,
            TimestampSource::Hardware | TimestampSource::Kernel
        )
    }

    pub(super) fn ask_to_end(&self, at: Timestamp, deadline: Deadline) {
        *lock(&self.end) = Some(End { at, deadline });
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Reads until the end and tells of it, whatever happens.
    pub(super) fn run(&self, shared: &Shared) {
        // A listener that panics must not leave others waiting for this reader.
        let _ended = OnDrop(|| {
            if std::thread::panicking() {
                let what = format!("{}: a listener panicked", self.bus.describe().summary);
                shared.report(Error::new(ErrorKind::OperationFailed, what));
            }
            self.bus.give_back();
            self.ended.store(true, Ordering::Release);
            shared.signal_end();
        });
        let read = catch_unwind(AssertUnwindSafe(|| self.read(shared)));
        // Nobody else may be left to do it when it is time.
        shared.flush_at_end();
        if let Err(panic) = read {
            resume_unwind(panic);
        }
    }

    /// Reads until it is asked to end, the bus is closed, or an error comes that nobody deals
    /// with.
    fn read(&self, shared: &Shared) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut lost = Lost::default();
        loop {
            let end = *lock(&self.end);
            batch.clear();
            let read = match end {
                None => self.bus.recv_batch(&mut batch, BATCH, SLICE),
                Some(_) => self.bus.take_waiting(&mut batch, BATCH),
            };
            let goes_on = match read {
                Ok(taken) => {
                    deliver(shared, &batch);
                    end.is_none_or(|end| end.goes_on(taken, &batch, self.is_clocked()))
                }
                Err(error) => survives(shared, error) && end.is_none(),
            };
            lost.look(shared, &self.bus, !goes_on);
            shared.flush_if_due();
            if !goes_on {
                return;
            }
        }
    }
}

impl End {
    /// Whether there may be more that was received before reading was asked to end.
    /// `taken` were there before the filters; `clocked` if their times are those of arrival.
    fn goes_on(&self, taken: usize, batch: &[Message], clocked: bool) -> bool {
        let last = batch.last().filter(|_| clocked);
        let later = last.is_some_and(|last| last.timestamp > self.at.plus_nanos(DOUBT_NANOS));
        let earlier = taken > 0 && !later;
        let over = self.deadline.is_over();
        if earlier && over {
            log::warn!("the time to stop is up; what still waits in the bus is not read");
        }
        earlier && !over
    }
}

fn deliver(shared: &Shared, batch: &[Message]) {
    if batch.is_empty() {
        return;
    }
    shared
        .received
        .fetch_add(batch.len() as u64, Ordering::Relaxed);
    shared.call_each(|listener| listener.on_batch(batch));
}

/// Whether reading goes on after an error of the bus.
fn survives(shared: &Shared, error: Error) -> bool {
    if error.kind() == ErrorKind::Closed {
        return false;
    }
    let mut dealt_with = false;
    shared.call_each(|listener| {
        dealt_with |= listener.on_error(&error);
        Ok(())
    });
    if dealt_with {
        std::thread::sleep(PAUSE);
        return true;
    }
    shared.report(error);
    false
}

/// What was known of a bus's losses.
#[derive(Default)]
struct Lost {
    known: u64,
    looked: Option<Instant>,
}

impl Lost {
    /// Looks whether frames were lost, at most once a slice: asking may cost a system call.
    fn look(&mut self, shared: &Shared, bus: &Bus, last: bool) {
        if !last && self.looked.is_some_and(|looked| looked.elapsed() < SLICE) {
            return;
        }
        self.looked = Some(Instant::now());
        let dropped = bus.dropped();
        if dropped == self.known {
            return;
        }
        self.known = dropped;
        match &shared.on_dropped {
            Some(hook) => hook(bus.describe(), dropped),
            None => log::warn!("{}: {dropped} frames lost", bus.describe().summary),
        }
    }
}

/// Runs a closure when it goes out of scope, panic or not.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
