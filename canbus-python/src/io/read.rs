//! Reading: messages are decoded in batches without the interpreter's lock, and become objects one
//! by one.

use super::file::File;
use super::options;
use crate::convert::Maker;
use crate::errors::{OrRaise, exception};
use canbus::formats::{self, Input, LogReader, WrittenFrame};
use canbus::{Message, Result};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{PyDict, PyString};
use std::collections::VecDeque;
use std::error::Error as _;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// How many messages are decoded at once.
const BATCH: usize = 256;

/// A log being read: an iterator over its messages.
#[pyclass(frozen, module = "canbus._core")]
pub(crate) struct Reader {
    state: Mutex<State>,
    /// How many messages to decode at once: one where they come slowly.
    batch: usize,
    /// Is called at the end.
    at_end: Option<Py<PyAny>>,
}

struct State {
    /// Gone when it was closed.
    log: Option<LogReader>,
    ready: VecDeque<Result<Message>>,
    maker: Maker,
}

impl State {
    fn fill(&mut self, batch: usize) {
        if let Some(log) = &mut self.log {
            self.ready.extend(log.take(batch));
        }
    }
}

/// The frame that CAN does not have, if that is the error.
fn written(error: &canbus::Error) -> Option<&WrittenFrame> {
    error.source()?.downcast_ref()
}

/// Starts reading a path or a file object, and says whether it may be slow.
pub(super) fn open(
    py: Python<'_>,
    format: &str,
    source: &Bound<'_, PyAny>,
    options: Vec<(String, canbus::Value)>,
) -> PyResult<(LogReader, bool)> {
    if source.is_instance_of::<PyString>() {
        let path: PathBuf = source.extract()?;
        let log = py.detach(|| formats::open_as(format, path, options));
        return Ok((log.or_raise(py)?, false));
    }
    let name = match source.getattr("name") {
        Ok(name) => name.str()?.to_string(),
        Err(_) => "the file".into(),
    };
    let (file, slow) = File::to_read(source)?;
    let log = formats::read(format, Input::new(name, file), options);
    Ok((log.or_raise(py)?, slow))
}

#[pymethods]
impl Reader {
    /// Begins to read a path, given as text, or a file object; `at_end` is called at the end.
    #[new]
    #[pyo3(signature = (format, source, options, at_end=None))]
    fn new(
        py: Python<'_>,
        format: &str,
        source: &Bound<'_, PyAny>,
        options: &Bound<'_, PyDict>,
        at_end: Option<Py<PyAny>>,
    ) -> PyResult<Reader> {
        let (log, slow) = open(py, format, source, self::options(options)?)?;
        Ok(Reader {
            state: Mutex::new(State {
                log: Some(log),
                ready: VecDeque::new(),
                maker: Maker::default(),
            }),
            batch: if slow { 1 } else { BATCH },
            at_end,
        })
    }

    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let mut state = self
            .state
            .lock_py_attached(py)
            .unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        if state.ready.is_empty() {
            py.detach(|| state.fill(self.batch));
        }
        match state.ready.pop_front() {
            Some(Ok(message)) => state.maker.make(py, &message).map(Some),
            Some(Err(error)) => match written(&error) {
                Some(frame) => state.maker.make_written(py, frame).map(Some),
                None => Err(exception(py, &error)),
            },
            None => {
                state.log = None;
                if let Some(at_end) = &self.at_end {
                    at_end.call0(py)?;
                }
                Ok(None)
            }
        }
    }

    /// Closes the file; nothing comes any more.
    fn close(&self, py: Python<'_>) {
        let mut state = self
            .state
            .lock_py_attached(py)
            .unwrap_or_else(PoisonError::into_inner);
        state.log = None;
        state.ready.clear();
    }
}
