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
use crate::fork::detached;
use crate::logging;
use crate::wait::Waiting;
use canbus::{Error, ErrorKind, ErrorState, Filter, Message};
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
    inner: canbus::Bus,
    received: Mutex<Received>,
    /// Signalled when `received` changed and others wait for it.
    changed: Condvar,
    /// Only used with the interpreter's lock held, so that nobody waits for it.
    maker: Mutex<Maker>,
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
        let maker = match (channel, &bus.describe().channels[..]) {
            (Some(object), &[channel]) => Maker::of_channel(channel, object),
            _ => Maker::of_bus(),
        };
        Ok(Bus {
            inner: bus,
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
            Some(message) => lock(&self.maker).make(py, &message).map(Some),
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
        let mut maker = lock(&self.maker);
        let list = PyList::empty(py);
        for message in &messages {
            list.append(maker.make(py, message)?)?;
        }
        Ok(list)
    }

    /// How many messages wait to be taken.
    fn waiting(&self, py: Python<'_>) -> PyResult<usize> {
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
        // A bus that takes it at once does not need the interpreter's lock released.
        match self.send_once(&message, Duration::ZERO) {
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
            match py.detach(|| self.send_once(&message, slice)) {
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
        detached(py, || self.inner.set_filters(&filters)).or_raise(py)?;
        let mut received = lock(&self.received);
        received
            .messages
            .retain(|message| Filter::pass(&filters, &message.frame));
        Ok(())
    }

    /// A periodic task that does not run yet.
    #[pyo3(signature = (messages, period, duration=None))]
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
    ) -> PyResult<PeriodicTask> {
        PeriodicTask::prepare(py, &self.inner, &messages, period, duration)
    }

    /// A descriptor that is readable when a message waits, or none.
    fn fileno(&self) -> Option<i32> {
        #[cfg(unix)]
        {
            use std::os::fd::AsRawFd;
            let descriptor = self.inner.readiness()?.as_raw_fd();
            self.batch.store(1, Ordering::Relaxed);
            Some(descriptor)
        }
        #[cfg(not(unix))]
        None
    }

    /// Throws away what waits to be sent.
    fn flush_tx_buffer(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.inner.flush_tx()).or_raise(py)
    }

    /// How many received frames were lost.
    #[getter]
    fn dropped(&self) -> u64 {
        self.inner.dropped()
    }

    /// One line for people.
    #[getter]
    fn summary(&self) -> &str {
        &self.inner.describe().summary
    }

    /// Whether it carries CAN FD frames.
    #[getter]
    fn fd(&self) -> bool {
        self.inner.describe().capabilities.fd
    }

    /// The controller's error state: `active`, `passive` or `bus off`; none where it is not known.
    #[getter]
    fn error_state(&self, py: Python<'_>) -> Option<&'static str> {
        match py.detach(|| self.inner.error_state()) {
            Ok(ErrorState::Active) => Some("active"),
            Ok(ErrorState::Passive) => Some("passive"),
            Ok(ErrorState::BusOff) => Some("bus off"),
            _ => None,
        }
    }

    /// Closes the bus and wakes whoever waits in it.
    fn shutdown(&self, py: Python<'_>) -> PyResult<()> {
        self.closed.store(true, Ordering::Release);
        let closed = detached(py, || self.inner.shutdown());
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
        let count = self.inner.recv_batch(&mut batch, max, Duration::ZERO)?;
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
        let fetched = self.inner.recv_batch(&mut batch, max, time);
        let mut received = lock(&self.received);
        received.fetching = false;
        received.messages.extend(batch);
        // All of them: one is to fetch next.
        self.changed.notify_all();
        fetched.map(drop)
    }

    fn send_once(&self, message: &Message, timeout: Duration) -> Result<(), Error> {
        let channels = &self.inner.describe().channels;
        match message.channel {
            Some(channel) if channels.len() != 1 => {
                self.inner.send_to(channel, &message.frame, timeout)
            }
            _ => self.inner.forward(message, timeout),
        }
    }
}
