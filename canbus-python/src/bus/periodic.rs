//! `canbus._core.PeriodicTask`: a periodic task of the library.

use crate::convert::{frame_of, message_of};
use crate::errors::{OrRaise, exception};
use crate::fork::{Home, detached};
use crate::wait::Waiting;
use canbus::Frame;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::time::Duration;

/// A periodic task, carried out without Python.
#[pyclass(frozen, module = "canbus._core")]
pub(crate) struct PeriodicTask {
    task: Home<canbus::PeriodicTask>,
}

impl PeriodicTask {
    pub(super) fn prepare(
        py: Python<'_>,
        bus: &canbus::Bus,
        messages: &[Bound<'_, PyAny>],
        period: f64,
        duration: Option<f64>,
        first: Option<(u64, f64)>,
    ) -> PyResult<PeriodicTask> {
        let frames = frames(messages)?;
        let mut builder = bus.send_periodic(&frames, seconds("period", period)?);
        if let Some(duration) = duration {
            builder = builder.duration(seconds("duration", duration)?);
        }
        if let Some((count, period)) = first {
            builder = builder.first(count, seconds("the first period", period)?);
        }
        if let Some(first) = messages.first()
            && bus.describe().channels.len() != 1
            && let Some(channel) = message_of(first)?.channel
        {
            builder = builder.to(channel);
        }
        let task = detached(py, || builder.prepare()).or_raise(py)?;
        Ok(PeriodicTask {
            task: Home::new(task),
        })
    }
}

fn frames(messages: &[Bound<'_, PyAny>]) -> PyResult<Vec<Frame>> {
    messages.iter().map(frame_of).collect()
}

fn seconds(name: &str, seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| PyValueError::new_err(format!("{name} is {seconds}, but expected seconds")))
}

#[pymethods]
impl PeriodicTask {
    /// Begins from the first message; a running task goes on.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        let task = self.task.get().or_raise(py)?;
        detached(py, || task.start()).or_raise(py)
    }

    /// Ends it: nothing is sent after this has returned. In a child that was forked off it leaves the
    /// parent's task alone.
    fn stop(&self, py: Python<'_>) -> PyResult<()> {
        let Some(task) = self.task.here() else {
            return Ok(());
        };
        detached(py, || task.stop()).or_raise(py)
    }

    /// Sends these messages instead.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "PyO3 gives arguments by value"
    )]
    fn modify(&self, py: Python<'_>, messages: Vec<Bound<'_, PyAny>>) -> PyResult<()> {
        let frames = frames(&messages)?;
        let task = self.task.get().or_raise(py)?;
        detached(py, || task.modify(&frames)).or_raise(py)
    }

    /// Waits until it has ended; false if the time was up before.
    #[pyo3(signature = (timeout=None))]
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let Some(task) = self.task.here() else {
            return Ok(true);
        };
        let waiting = Waiting::new(py, timeout)?;
        loop {
            let slice = waiting.slice();
            if py.detach(|| task.wait(slice)) {
                return Ok(true);
            }
            if !waiting.goes_on(py)? {
                return Ok(false);
            }
        }
    }

    /// Whether messages are still to come.
    #[getter]
    fn running(&self, py: Python<'_>) -> bool {
        let task = self.task.here();
        task.is_some_and(|task| py.detach(|| task.is_running()))
    }

    /// Whether a kernel or an adapter carries it out.
    #[getter]
    fn native(&self) -> bool {
        self.task
            .here()
            .is_some_and(canbus::PeriodicTask::is_native)
    }

    /// How many messages were sent, where it is known.
    #[getter]
    fn sent(&self, py: Python<'_>) -> Option<u64> {
        let task = self.task.here()?;
        py.detach(|| task.stats().sent)
    }

    /// Counts, and how late the messages were: seconds.
    #[getter]
    fn statistics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let told = PyDict::new(py);
        let Some(task) = self.task.here() else {
            return Ok(told);
        };
        let stats = py.detach(|| task.stats());
        told.set_item("sent", stats.sent)?;
        if !stats.native {
            told.set_item("refused", stats.refused)?;
            told.set_item("late", stats.late)?;
            told.set_item("missed", stats.missed)?;
            told.set_item("worst_lateness", stats.worst_lateness.as_secs_f64())?;
            let classes = stats.lateness.classes();
            let classes = classes.map(|(end, count)| (end.as_secs_f64(), count));
            told.set_item("lateness", classes.collect::<Vec<_>>())?;
        }
        Ok(told)
    }

    /// The exception of the last message that could not be sent, or none.
    #[getter]
    fn error(&self, py: Python<'_>) -> Option<PyErr> {
        let task = self.task.here()?;
        let error = py.detach(|| task.error())?;
        Some(exception(py, &error))
    }
}
