//! Writing: each message is encoded when it comes, and bytes go to the file in pieces.

#[expect(
    unsafe_code,
    reason = "a function made by hand: it is called by the interpreter"
)]
mod ffi;

use super::file::File;
use super::options;
use crate::convert::message_of;
use crate::errors::OrRaise;
use crate::fork;
use canbus::formats::{self, LogWriter, Output};
use canbus::{Listener, Timestamp};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyDict, PyString};
use std::mem;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What was written is at most so long in coming to the file, as far as messages come.
const FLUSH: Duration = Duration::from_secs(1);

/// The clock is asked for every so many messages at least.
const LOOK: u64 = 64;

/// A log being written.
#[pyclass(frozen, module = "canbus._core")]
pub(crate) struct Writer {
    state: Mutex<State>,
}

struct State {
    /// Gone at the end.
    log: Option<LogWriter>,
    flushed: Instant,
    /// The time of the message by which the clock was looked at last.
    last: Timestamp,
    count: u64,
    /// In which process it was used last.
    generation: u32,
    /// About how many bytes the file will grow by what it does not have yet, and its size then.
    waiting: (u64, u64),
}

/// About the bytes of a message beside its data, in a binary file.
const HEAD: u64 = 40;

impl State {
    fn log(&mut self) -> PyResult<&mut LogWriter> {
        self.generation = fork::generation();
        let closed = || PyValueError::new_err("I/O operation on closed file.");
        self.log.as_mut().ok_or_else(closed)
    }
}

impl Drop for State {
    /// A writer that nobody has any more completes its file; but not that of a parent, in a child that
    /// was forked off and never used it.
    fn drop(&mut self) {
        if self.generation != fork::generation() {
            mem::forget(self.log.take());
        } else if let Some(mut log) = self.log.take() {
            // Nobody is left to tell about an error; `finish` is for those who want to know.
            let _ = log.finish();
        }
    }
}

#[pymethods]
impl Writer {
    /// Continues the file of a path, given as text, or writes to a file object, as text if `text`
    /// says so.
    #[new]
    fn new(
        py: Python<'_>,
        format: &str,
        target: &Bound<'_, PyAny>,
        text: bool,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Writer> {
        let options = self::options(options)?;
        let log = if target.is_instance_of::<PyString>() {
            let path: PathBuf = target.extract()?;
            py.detach(|| formats::append_as(format, path, options))
        } else {
            let file = File::to_write(target, text);
            let output = if !text && file.is_seekable(py) {
                Output::seekable(file)
            } else {
                Output::new(file)
            };
            formats::write(format, output, options)
        };
        Ok(Writer {
            state: Mutex::new(State {
                log: Some(log.or_raise(py)?),
                flushed: Instant::now(),
                last: Timestamp::ZERO,
                count: 0,
                generation: fork::generation(),
                waiting: (0, 0),
            }),
        })
    }

    /// Writes a message.
    fn write(&self, message: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = message.py();
        let message = message_of(message)?;
        let mut state = self.lock(py);
        state.count += 1;
        let log = state.log()?;
        log.on_message(&message).or_raise(py)?;
        let size = log.file_size();
        let (waiting, before) = state.waiting;
        let waiting = if before == size { waiting } else { 0 };
        state.waiting = (waiting + HEAD + message.frame.len() as u64, size);
        // The clock is asked where the messages say that it is time, and now and then.
        let seen = message.timestamp;
        let gap = seen.as_nanos().abs_diff(state.last.as_nanos());
        if state.count.is_multiple_of(LOOK) || u128::from(gap) >= FLUSH.as_nanos() {
            state.last = seen;
            let now = Instant::now();
            if now.duration_since(state.flushed) >= FLUSH {
                state.flushed = now;
                state.log()?.flush().or_raise(py)?;
            }
        }
        Ok(())
    }

    /// `write` by itself, for who calls it often.
    #[getter]
    fn listener<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        ffi::function(slf)
    }

    /// Writes a remark; its time is that of the last message if none is given.
    #[pyo3(signature = (text, timestamp=None))]
    fn log_event(&self, py: Python<'_>, text: &str, timestamp: Option<f64>) -> PyResult<()> {
        let timestamp = timestamp.map(Timestamp::from_seconds);
        let mut state = self.lock(py);
        state.log()?.on_event(text, timestamp).or_raise(py)
    }

    /// Brings what is buffered to the file.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        match &mut self.lock(py).log {
            Some(log) => log.flush().or_raise(py),
            None => Ok(()),
        }
    }

    /// Completes the file. Does nothing if that was done.
    fn finish(&self, py: Python<'_>) -> PyResult<()> {
        match self.lock(py).log.take() {
            Some(mut log) => log.finish().or_raise(py),
            None => Ok(()),
        }
    }

    /// How many messages were written.
    #[getter]
    fn count(&self, py: Python<'_>) -> u64 {
        self.lock(py).count
    }

    /// About the bytes that the file does not have yet.
    #[getter]
    fn waiting(&self, py: Python<'_>) -> u64 {
        self.lock(py).waiting.0
    }

    /// The size of the file as far as it was handed to the system.
    #[getter]
    fn file_size(&self, py: Python<'_>) -> u64 {
        self.lock(py).log.as_ref().map_or(0, LogWriter::file_size)
    }
}

impl Writer {
    fn lock<'a>(&'a self, py: Python<'_>) -> MutexGuard<'a, State> {
        let guard = self.state.lock_py_attached(py);
        guard.unwrap_or_else(PoisonError::into_inner)
    }
}
