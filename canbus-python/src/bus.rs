//! `canbus._core.Bus`: an open bus of the library, as the bus classes in Python hold it.
//!
//! Received messages cross the border in batches. What came with the first one waits here, so that
//! taking it costs no system call.

mod open;
mod periodic;

pub(crate) use open::{backends, detect, object, option};
pub(crate) use periodic::PeriodicTask;

use crate::convert::{Maker, message_of};
use crate::errors::{OrRaise, exception};
use crate::fork::{Home, detached};
use crate::logging;
use crate::wait::Waiting;
use canbus::{Channel, Error, ErrorKind, ErrorState, Filter, Message};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most messages that are taken from the driver at once.
const BATCH: usize = 256;
/// How far waiting messages are counted.
const MOST_COUNTED: usize = 1 << 20;

/// An open bus.
#[pyclass(frozen, module = "canbus._core")]
pub(crate) struct Bus {
    inner: Home<canbus::Bus>,
    received: Mutex<Received>,
    /// Signalled when `received` changed and others wait for it.
    changed: Condvar,
    /// Nobody waits for it: the garbage collector may run in the midst of its use, and anything in
    /// there.
    maker: Mutex<Maker>,
    /// Its only channel, and the object that messages show as that.
    shown: Option<(Channel, Py<PyAny>)>,
    /// One for a bus whose descriptor somebody watches: what waits here, it does not show.
    batch: AtomicUsize,
    /// What was received and not taken is gone then.
    closed: AtomicBool,
}

/// What was taken from the driver and not yet delivered.
#[derive(Default)]
struct Received {
    messages: VecDeque<Message>,
    /// Whether a thread waits in the driver. The others wait for what it brings, so that nobody waits
    /// there while messages wait here.
    fetching: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[pymethods]
impl Bus {
    /// Opens a bus. `channel` is the object that messages of its only channel show as theirs.
    #[new]
    #[pyo3(signature = (interface, options, channel=None))]
    fn open(
        py: Python<'_>,
        interface: &str,
        options: &Bound<'_, PyDict>,
        channel: Option<Py<PyAny>>,
    ) -> PyResult<Bus> {
        let options = open::options(options)?;
        let builder = canbus::Bus::builder(interface).options(options);
        let bus = detached(py, || builder.open()).or_raise(py)?;
        let shown = match (channel, &bus.describe().channels[..]) {
            (Some(object), &[channel]) => Some((channel, object)),
            _ => None,
        };
        let maker = Maker::of_bus(clone_of(py, shown.as_ref()));
        Ok(Bus {
            inner: Home::new(bus),
            shown,
            received: Mutex::default(),
            changed: Condvar::new(),
            maker: Mutex::new(maker),
            batch: AtomicUsize::new(BATCH),
            closed: AtomicBool::new(false),
        })
    }

    /// The next message, or none when the time is up.
    #[pyo3(signature = (timeout=None))]
    fn recv<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut first = None;
        self.take(py, timeout, |received| first = received.pop_front())?;
        match first {
            Some(message) => self.with_maker(py, |maker| maker.make(py, &message).map(Some)),
            None => Ok(None),
        }
    }

    /// All messages that are there, after waiting for the first; none when the time is up.
    #[pyo3(signature = (timeout=None))]
    fn recv_batch<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyList>> {
        let mut messages = VecDeque::new();
        self.take(py, timeout, |received| messages = std::mem::take(received))?;
        self.with_maker(py, |maker| {
            let list = PyList::empty(py);
            for message in &messages {
                list.append(maker.make(py, message)?)?;
            }
            Ok(list)
        })
    }

    /// How many messages wait to be taken.
    fn waiting(&self, py: Python<'_>) -> PyResult<usize> {
        self.check_open().or_raise(py)?;
        let mut received = lock(&self.received);
        while !received.fetching
            && received.messages.len() < MOST_COUNTED
            && self.fetch(&mut received).or_raise(py)? > 0
        {}
        Ok(received.messages.len())
    }

    /// Sends a message.
    #[pyo3(signature = (message, timeout=None))]
    fn send(
        &self,
        py: Python<'_>,
        message: &Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> PyResult<()> {
        let message = message_of(message)?;
        let bus = self.inner.get().or_raise(py)?;
        // A bus that takes it at once does not need the interpreter's lock released.
        match send_once(bus, &message, Duration::ZERO) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::Timeout => return Err(exception(py, &error)),
            Err(error) if timeout.is_some_and(|timeout| timeout <= 0.0) => {
                return Err(exception(py, &error));
            }
            Err(_) => {}
        }
        let waiting = Waiting::new(py, timeout)?;
        loop {
            let slice = waiting.slice();
            match py.detach(|| send_once(bus, &message, slice)) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Timeout && waiting.goes_on(py)? => {}
                Err(error) => return Err(exception(py, &error)),
            }
        }
    }

    /// Lets through only what one of the filters matches: tuples of ID, mask, and whether only
    /// extended or only standard IDs.
    fn set_filters(&self, py: Python<'_>, filters: Vec<(u32, u32, Option<bool>)>) -> PyResult<()> {
        let filters: Vec<Filter> = filters
            .into_iter()
            .map(|(id, mask, extended)| Filter {
                extended,
                ..Filter::new(id, mask)
            })
            .collect();
        let bus = self.inner.get().or_raise(py)?;
        detached(py, || bus.set_filters(&filters)).or_raise(py)?;
        let mut received = lock(&self.received);
        received
            .messages
            .retain(|message| Filter::pass(&filters, &message.frame));
        Ok(())
    }

    /// A periodic task that does not run yet. `first` is how many messages are sent at another period
    /// before, and that period.
    #[pyo3(signature = (messages, period, duration=None, first=None))]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "PyO3 gives arguments by value"
    )]
    fn send_periodic(
        &self,
        py: Python<'_>,
        messages: Vec<Bound<'_, PyAny>>,
        period: f64,
        duration: Option<f64>,
        first: Option<(u64, f64)>,
    ) -> PyResult<PeriodicTask> {
        let bus = self.inner.get().or_raise(py)?;
        PeriodicTask::prepare(py, bus, &messages, period, duration, first)
    }

    /// A descriptor that is readable when a message waits, or none.
    fn fileno(&self, py: Python<'_>) -> PyResult<Option<i32>> {
        let bus = self.inner.get().or_raise(py)?;
        #[cfg(unix)]
        {
            use std::os::fd::AsRawFd;
            let descriptor = bus.readiness();
            if descriptor.is_some() {
                self.batch.store(1, Ordering::Relaxed);
            }
            Ok(descriptor.map(|descriptor| descriptor.as_raw_fd()))
        }
        #[cfg(not(unix))]
        Ok(None)
    }

    /// Throws away what waits to be sent.
    fn flush_tx_buffer(&self, py: Python<'_>) -> PyResult<()> {
        let bus = self.inner.get().or_raise(py)?;
        py.detach(|| bus.flush_tx()).or_raise(py)
    }

    /// How many received frames were lost.
    #[getter]
    fn dropped(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.inner.get().or_raise(py)?.dropped())
    }

    /// One line for people.
    #[getter]
    fn summary(&self, py: Python<'_>) -> PyResult<&str> {
        Ok(&self.inner.get().or_raise(py)?.describe().summary)
    }

    /// Whether it carries CAN FD frames.
    #[getter]
    fn fd(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.inner.get().or_raise(py)?.describe().capabilities.fd)
    }

    /// The controller's error state: `active`, `passive` or `bus off`; none where it is not known.
    #[getter]
    fn error_state(&self, py: Python<'_>) -> Option<&'static str> {
        let bus = self.inner.here()?;
        match py.detach(|| bus.error_state()) {
            Ok(ErrorState::Active) => Some("active"),
            Ok(ErrorState::Passive) => Some("passive"),
            Ok(ErrorState::BusOff) => Some("bus off"),
            _ => None,
        }
    }

    /// Closes the bus and wakes whoever waits in it. In a child that was forked off it leaves the
    /// parent's bus alone.
    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        self.closed.store(true, Ordering::Release);
        let Some(bus) = self.inner.here() else {
            return Ok(());
        };
        let closed = detached(py, || bus.shutdown());
        self.changed.notify_all();
        closed.or_raise(py)
    }
}

impl Bus {
    /// Gives what was received to `taker`, after waiting for it.
    fn take(
        &self,
        py: Python<'_>,
        timeout: Option<f64>,
        mut taker: impl FnMut(&mut VecDeque<Message>),
    ) -> PyResult<()> {
        logging::deliver(py);
        self.check_open().or_raise(py)?;
        // What waits is taken without releasing the interpreter's lock.
        {
            let mut received = lock(&self.received);
            if received.messages.is_empty() && !received.fetching {
                self.fetch(&mut received).or_raise(py)?;
            }
            if !received.messages.is_empty() {
                taker(&mut received.messages);
                return Ok(());
            }
        }
        if timeout.is_some_and(|timeout| timeout <= 0.0) {
            return Ok(());
        }
        let waiting = Waiting::new(py, timeout)?;
        loop {
            let slice = waiting.slice();
            py.detach(|| self.wait(slice)).or_raise(py)?;
            logging::deliver(py);
            self.check_open().or_raise(py)?;
            // Locked again only now: nobody may wait for the interpreter with this lock held.
            let mut received = lock(&self.received);
            if !received.messages.is_empty() {
                taker(&mut received.messages);
                return Ok(());
            }
            drop(received);
            if !waiting.goes_on(py)? {
                return Ok(());
            }
        }
    }

    fn check_open(&self) -> canbus::Result<()> {
        self.inner.get()?;
        if self.closed.load(Ordering::Acquire) {
            let why = "Cannot operate on a closed bus";
            return Err(Error::new(ErrorKind::Closed, why));
        }
        Ok(())
    }

    /// Takes what the driver has, without waiting. Returns how many there were.
    fn fetch(&self, received: &mut Received) -> canbus::Result<usize> {
        let mut batch = Vec::new();
        let max = self.batch.load(Ordering::Relaxed);
        let count = self
            .inner
            .get()?
            .recv_batch(&mut batch, max, Duration::ZERO)?;
        received.messages.extend(batch);
        Ok(count)
    }

    /// Waits until something was received or the time is up.
    fn wait(&self, time: Duration) -> canbus::Result<()> {
        let mut received = lock(&self.received);
        if !received.messages.is_empty() {
            return Ok(());
        }
        if received.fetching {
            drop(self.changed.wait_timeout(received, time));
            return Ok(());
        }
        received.fetching = true;
        drop(received);
        let mut batch = Vec::new();
        let max = self.batch.load(Ordering::Relaxed);
        let fetched = self.inner.get()?.recv_batch(&mut batch, max, time);
        let mut received = lock(&self.received);
        received.fetching = false;
        received.messages.extend(batch);
        // All of them: one is to fetch next.
        self.changed.notify_all();
        fetched.map(drop)
    }

    /// Uses the maker, or another one while it is in use.
    fn with_maker<T>(
        &self,
        py: Python<'_>,
        body: impl FnOnce(&mut Maker) -> PyResult<T>,
    ) -> PyResult<T> {
        match self.maker.try_lock() {
            Ok(mut maker) => body(&mut maker),
            Err(_) => body(&mut Maker::of_bus(clone_of(py, self.shown.as_ref()))),
        }
    }
}

fn clone_of(py: Python<'_>, shown: Option<&(Channel, Py<PyAny>)>) -> Option<(Channel, Py<PyAny>)> {
    shown.map(|(channel, object)| (*channel, object.clone_ref(py)))
}

fn send_once(bus: &canbus::Bus, message: &Message, timeout: Duration) -> Result<(), Error> {
    match message.channel {
        Some(channel) if bus.describe().channels.len() != 1 => {
            bus.send_to(channel, &message.frame, timeout)
        }
        _ => bus.forward(message, timeout),
    }
}
