//! Brings the messages of buses to listeners: one reading thread a bus, in batches.

mod builder;
mod listeners;
mod reader;

pub use builder::NotifierBuilder;
pub use listeners::ListenerId;

use crate::bus::Bus;
use crate::deadline::Deadline;
use crate::driver::Description;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::listener::Listener;
use crate::message::Timestamp;
use listeners::Listeners;
use reader::Reader;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How long dropping a notifier waits for its readers; [`Notifier::stop`] lets one choose.
const DROP_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads buses and hands every message to every listener, in batches and in order.
///
/// ```
/// use canbus::{BufferedReader, Bus, Frame, Id, Notifier};
/// use std::time::Duration;
/// # fn main() -> canbus::Result<()> {
/// let bus = Bus::open("virtual", "doc-notifier")?;
/// let reader = BufferedReader::new();
/// let notifier = Notifier::builder().bus(bus).listener(reader.clone()).start()?;
///
/// let other = Bus::open("virtual", "doc-notifier")?;
/// other.send(&Frame::data(Id::standard(7)?, b"x")?, None)?;
/// assert!(reader.get_message(Duration::from_secs(1)).is_some());
/// notifier.stop(Duration::from_secs(5))?;
/// # Ok(())
/// # }
/// ```
///
/// A bus has at most one notifier at a time. Dropping the notifier stops it.
pub struct Notifier {
    shared: Arc<Shared>,
}

type ErrorHook = Box<dyn Fn(&Error) + Send + Sync>;
type EndHook = Box<dyn FnOnce() -> Result<()> + Send>;
type DropHook = Box<dyn Fn(&Description, u64) + Send + Sync>;

/// What the reading threads share with the handle.
struct Shared {
    readers: Mutex<Vec<Arc<Reader>>>,
    /// Signalled when a reader has ended.
    ended: Condvar,
    listeners: Listeners,
    first_error: Mutex<Option<Error>>,
    on_error: Option<ErrorHook>,
    on_dropped: Option<DropHook>,
    on_end: Mutex<Option<EndHook>>,
    received: AtomicU64,
    /// What the buses that are not read any more had lost.
    dropped_before: AtomicU64,
    /// All buses that it starts with are there, so that no reader left means the end.
    started: AtomicBool,
    /// Set under the lock of the readers: no bus comes any more.
    stopped: AtomicBool,
    flush_every: Option<Duration>,
    last_flush: Mutex<Instant>,
    /// Held by whoever stops, so that a second one waits for the first.
    stopping: Mutex<()>,
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Notifier {
    /// Starts to describe a notifier.
    pub fn builder() -> NotifierBuilder {
        NotifierBuilder::default()
    }

    /// Adds a listener; it gets what is received from now on. One that comes after
    /// [`stop`](Notifier::stop) gets nothing and is finished at once.
    pub fn add_listener(&self, listener: impl Listener + 'static) -> ListenerId {
        let (id, too_late) = self.shared.listeners.add(Box::new(listener));
        if let Some(listener) = too_late {
            self.shared.finish(listener);
        }
        id
    }

    /// Takes a listener out and gives it back, not finished; `None` if it is not there (any more).
    /// When this returns, it is not being called. Not to be called from that listener itself.
    pub fn remove_listener(&self, id: ListenerId) -> Option<Box<dyn Listener>> {
        self.shared.listeners.remove(id)
    }

    /// Reads one more bus.
    ///
    /// # Errors
    /// `Closed` after [`stop`](Notifier::stop); `InvalidInput` if a notifier reads it already;
    /// `Io` if no thread could be started.
    pub fn add_bus(&self, bus: Bus) -> Result<()> {
        // Held until the reader is listed, so that no stop and no end overlooks it.
        let mut readers = lock(&self.shared.readers);
        if self.shared.stopped.load(Ordering::Relaxed) {
            return Err(Error::new(
                ErrorKind::Closed,
                "the notifier was stopped and reads no more buses",
            ));
        }
        bus.take()?;
        let name = format!("canbus {}", bus.describe().summary);
        let reader = Arc::new(Reader::new(bus));
        let (shared, own) = (Arc::clone(&self.shared), Arc::clone(&reader));
        let started = thread::Builder::new()
            .name(name)
            .spawn(move || own.run(&shared));
        if let Err(error) = started.context("cannot start a reading thread") {
            reader.bus().give_back();
            return Err(error);
        }
        readers.push(reader);
        Ok(())
    }

    /// Stops to read a bus, once what is already waiting in it was delivered. The bus stays open.
    ///
    /// # Errors
    /// `InvalidInput` if this notifier does not read it; `Timeout` if the backend did not come
    /// back in time.
    pub fn remove_bus(&self, bus: &Bus, timeout: Duration) -> Result<()> {
        let readers = lock(&self.shared.readers);
        let reader = readers.iter().find(|reader| reader.bus().is(bus)).cloned();
        drop(readers);
        let reader =
            reader.ok_or_else(|| Error::invalid("this notifier does not read that bus"))?;
        self.shared.end(&[Arc::clone(&reader)], timeout)?;
        self.shared.forget(|other| Arc::ptr_eq(other, &reader));
        Ok(())
    }

    /// How many messages were received.
    pub fn received(&self) -> u64 {
        self.shared.received.load(Ordering::Relaxed)
    }

    /// How many messages were lost on the way: by the buses, as far as known, and by listeners
    /// whose queues were full. It waits for no listener, so that one may ask it.
    pub fn dropped(&self) -> u64 {
        let buses: u64 = lock(&self.shared.readers)
            .iter()
            .map(|reader| reader.bus().dropped_uncounted())
            .sum();
        buses + self.shared.dropped_before.load(Ordering::Relaxed) + self.shared.listeners.dropped()
    }

    /// Waits until no bus is read any more, because all were closed or failed. False: the time
    /// is up.
    pub fn wait(&self, timeout: Duration) -> bool {
        let readers = lock(&self.shared.readers).clone();
        self.shared
            .wait_for(&readers, Deadline::after(Some(timeout)))
    }

    /// Stops reading, delivers what had been received by then, and finishes the listeners. The
    /// buses stay open. Calling it again only waits for what did not come back the first time.
    ///
    /// A bus on which more keeps coming is not read to its end: reading it stops a little before
    /// the time is up. A listener that is still in a call when the time is up is not waited for:
    /// the thread that called it finishes it when it comes back. The time that the listeners take
    /// to finish comes on top.
    ///
    /// # Errors
    /// The first error of a bus or listener that nobody dealt with since the start, or of a
    /// listener's end; `Timeout` if a backend or a listener did not come back in time. All
    /// listeners that came back are finished in each case.
    pub fn stop(&self, timeout: Duration) -> Result<()> {
        let _one = lock(&self.shared.stopping);
        let deadline = Deadline::after(Some(timeout));
        let readers = {
            let readers = lock(&self.shared.readers);
            self.shared.stopped.store(true, Ordering::Relaxed);
            readers.clone()
        };
        let ended = self.shared.end(&readers, timeout);
        self.shared.forget(|reader| reader.has_ended());
        let (listeners, busy) = self.shared.listeners.take_all(deadline);
        for listener in listeners {
            self.shared.finish(listener);
        }
        if let Some(error) = lock(&self.shared.first_error).take() {
            return Err(error);
        }
        if busy > 0 {
            return Err(Error::new(
                ErrorKind::Timeout,
                format!(
                    "{busy} listener(s) did not come back from a call within {timeout:?}; \
                     finished when they do"
                ),
            ));
        }
        ended
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        if self.shared.stopped.load(Ordering::Relaxed) {
            return;
        }
        if let Err(error) = self.stop(DROP_TIMEOUT) {
            log::warn!("stopping a notifier: {error}");
        }
    }
}

impl Shared {
    /// Tells readers to end and waits for them.
    fn end(&self, readers: &[Arc<Reader>], timeout: Duration) -> Result<()> {
        let now = Timestamp::now();
        let deadline = Deadline::after(Some(timeout));
        // Earlier than ours, so that a flood ends the reading and not the waiting for it.
        let by = Deadline::after(Some(timeout.mul_f64(0.875)));
        for reader in readers {
            reader.ask_to_end(now, by);
        }
        if self.wait_for(readers, deadline) {
            return Ok(());
        }
        let late = readers.iter().find(|reader| !reader.has_ended());
        let summary = late.map_or("", |reader| &reader.bus().describe().summary);
        Err(Error::new(
            ErrorKind::Timeout,
            format!("{summary}: the reader did not end within {timeout:?}"),
        ))
    }

    fn wait_for(&self, readers: &[Arc<Reader>], deadline: Deadline) -> bool {
        let mut guard = lock(&self.readers);
        while !readers.iter().all(|reader| reader.has_ended()) {
            let left = deadline.remaining().unwrap_or(DROP_TIMEOUT);
            if left.is_zero() {
                return false;
            }
            let waited = self.ended.wait_timeout(guard, left);
            guard = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Signals that a reader has ended.
    fn signal_end(&self) {
        let all_ended = {
            // So that no waiter misses it.
            let readers = lock(&self.readers);
            self.ended.notify_all();
            readers.iter().all(|reader| reader.has_ended())
        };
        if !all_ended || !self.started.load(Ordering::Acquire) {
            return;
        }
        // Called with no lock held: it wakes tasks, which may run at once.
        let hook = lock(&self.on_end).take();
        if let Some(hook) = hook
            && let Err(error) = hook()
        {
            self.report(error);
        }
    }

    /// Takes readers that have ended out of the list, and counts what their buses lost.
    fn forget(&self, which: impl Fn(&Arc<Reader>) -> bool) {
        let mut readers = lock(&self.readers);
        readers.retain(|reader| {
            let goes = which(reader);
            if goes {
                let dropped = reader.bus().count_dropped();
                self.dropped_before.fetch_add(dropped, Ordering::Relaxed);
            }
            !goes
        });
    }

    /// An error that no listener dealt with.
    fn report(&self, error: Error) {
        match &self.on_error {
            Some(hook) => hook(&error),
            None => log::error!("{error}"),
        }
        lock(&self.first_error).get_or_insert(error);
    }

    fn finish(&self, mut listener: Box<dyn Listener>) {
        if let Err(error) = listener.finish() {
            self.report(error);
        }
    }

    /// Flushes the listeners if it is time.
    fn flush_if_due(&self) {
        let Some(interval) = self.flush_every else {
            return;
        };
        {
            let mut last = lock(&self.last_flush);
            if last.elapsed() < interval {
                return;
            }
            *last = Instant::now();
        }
        self.call_each(|listener| listener.flush());
    }

    /// Flushes what was delivered when a reader has ended, unless the listeners are finished next
    /// or never flushed.
    fn flush_at_end(&self) {
        if self.flush_every.is_some() && !self.stopped.load(Ordering::Relaxed) {
            self.call_each(|listener| listener.flush());
        }
    }

    /// Calls something on each listener. One that failed gets no more messages.
    fn call_each(&self, call: impl FnMut(&mut dyn Listener) -> Result<()>) {
        for gone in self.listeners.for_each(call) {
            if let Some(error) = gone.error {
                self.report(error);
            }
            self.finish(gone.listener);
        }
    }
}

#[cfg(test)]
mod tests;
