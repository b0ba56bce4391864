//! Periodic tasks in the kernel (the broadcast manager), where the bus was opened for it.
//!
//! The kernel does not tell whose its periodic frames are: they come back to the bus that started
//! them as if another program had sent them. So it is the user who chooses this.

use super::{BACKEND, wire};
use crate::driver::{NativeTask, PeriodicSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::Frame;
use crate::transport::can_socket::Packed;
use crate::transport::can_socket::cyclic::{Cyclic, MAX_FRAMES, Timing};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A task of the kernel.
pub(super) struct KernelTask {
    cyclic: Cyclic,
    timing: Timing,
    state: Mutex<State>,
}

struct State {
    frames: Vec<Packed>,
    /// The kernel has the task; a limited one stays there when its last frame is sent.
    started: bool,
    /// Frames are still to come.
    running: bool,
    error: Option<Arc<Error>>,
}

/// The task on the interface of this number; `None` if the kernel cannot carry it out exactly.
///
/// # Errors
/// `OperationFailed`.
pub(super) fn prepare(task: &PeriodicSpec, index: u32) -> Result<Option<Box<dyn NativeTask>>> {
    let Some(timing) = timing(task) else {
        return Ok(None);
    };
    let alike = task
        .frames
        .iter()
        .all(|frame| frame.is_fd() == task.frames[0].is_fd());
    let errors = task.frames.iter().any(Frame::is_error);
    if task.frames.len() > MAX_FRAMES || !alike || errors {
        return Ok(None);
    }
    let cyclic = match Cyclic::open(index) {
        Ok(cyclic) => cyclic,
        // This kernel has no broadcast manager.
        Err(error) if error.raw_os_error() == Some(libc::EPROTONOSUPPORT) => return Ok(None),
        Err(error) => return Err(failed(error, "cannot prepare a periodic task")),
    };
    Ok(Some(Box::new(KernelTask {
        cyclic,
        timing,
        state: Mutex::new(State {
            frames: task.frames.iter().map(wire::pack).collect(),
            started: false,
            running: false,
            error: None,
        }),
    })))
}

/// When the kernel is to send: it knows a first rate for so many frames and another one without
/// end, in whole microseconds.
fn timing(task: &PeriodicSpec) -> Option<Timing> {
    let exact = |period: Duration| period.subsec_nanos().is_multiple_of(1000).then_some(period);
    let period = exact(task.period)?;
    let timing = match (task.first, task.count) {
        (None, None) => Timing {
            count: 0,
            first: Duration::ZERO,
            then: period,
        },
        (None, Some(count)) => Timing {
            count: count.try_into().ok()?,
            first: period,
            then: Duration::ZERO,
        },
        (Some(first), None) => Timing {
            count: first.count.try_into().ok()?,
            first: exact(first.period)?,
            then: period,
        },
        (Some(first), Some(count)) if count <= first.count => Timing {
            count: count.try_into().ok()?,
            first: exact(first.period)?,
            then: Duration::ZERO,
        },
        // Two rates and an end are more than it knows.
        (Some(_), Some(_)) => return None,
    };
    Some(timing)
}

impl KernelTask {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the kernel has said.
    fn look(&self, state: &mut State) {
        if !state.running {
            return;
        }
        match self.cyclic.has_ended() {
            Ok(ended) => state.running = !ended || !self.timing.then.is_zero(),
            Err(error) => {
                state.running = false;
                state.error = Some(Arc::new(failed(error, "a periodic task ended")));
            }
        }
    }
}

impl NativeTask for KernelTask {
    fn start(&self) -> Result<()> {
        let mut state = self.state();
        // What it said of an earlier start is of no interest any more.
        while self.cyclic.has_ended().unwrap_or(false) {}
        let started = self.cyclic.start(&state.frames, self.timing);
        started.map_err(|error| failed(error, "cannot start a periodic task"))?;
        // The kernel does not tell of the end of a single frame.
        let single = self.timing.count == 1 && self.timing.then.is_zero();
        (state.started, state.running) = (true, !single);
        state.error = None;
        Ok(())
    }

    fn stop(&self) -> Result<()> {
        let mut state = self.state();
        self.look(&mut state);
        state.running = false;
        if !std::mem::take(&mut state.started) {
            return Ok(());
        }
        match self.cyclic.stop(&state.frames, self.timing) {
            // It went with its interface.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOTCONN)) => {
                Ok(())
            }
            stopped => stopped.map_err(|error| failed(error, "cannot stop a periodic task")),
        }
    }

    fn modify(&self, frames: &[Frame]) -> Result<()> {
        let mut state = self.state();
        let frames: Vec<Packed> = frames.iter().map(wire::pack).collect();
        if state.started {
            let replaced = self.cyclic.replace(&frames, self.timing);
            replaced.map_err(|error| failed(error, "cannot modify a periodic task"))?;
        }
        state.frames = frames;
        Ok(())
    }

    fn is_running(&self) -> bool {
        let mut state = self.state();
        self.look(&mut state);
        state.running
    }

    fn error(&self) -> Option<Arc<Error>> {
        let mut state = self.state();
        self.look(&mut state);
        state.error.clone()
    }
}

fn failed(error: io::Error, what: &str) -> Error {
    let kind = match error.raw_os_error() {
        Some(libc::ENODEV | libc::ENXIO | libc::ENETDOWN) => ErrorKind::DeviceLost,
        _ => ErrorKind::OperationFailed,
    };
    let error = Error::from(error).with_kind(kind);
    error.context(format!("{}: {what}", BACKEND.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::Rate;
    use crate::frame::Id;

    fn task() -> PeriodicSpec {
        let frame = Frame::data(Id::standard(1).expect("fits"), &[]).expect("valid");
        PeriodicSpec::new(&[frame], Duration::from_millis(10))
    }

    #[test]
    fn the_kernel_gets_what_it_can_do_exactly_and_nothing_else() {
        let rate = |count, micros| {
            Some(Rate {
                count,
                period: Duration::from_micros(micros),
            })
        };
        let given = |first, count| {
            timing(&PeriodicSpec {
                first,
                count,
                ..task()
            })
        };
        let shown = |timing: Timing| {
            (
                timing.count,
                timing.first.as_micros(),
                timing.then.as_micros(),
            )
        };
        assert_eq!(given(None, None).map(shown), Some((0, 0, 10_000)));
        assert_eq!(given(None, Some(5)).map(shown), Some((5, 10_000, 0)));
        assert_eq!(given(rate(3, 50), None).map(shown), Some((3, 50, 10_000)));
        assert_eq!(given(rate(3, 50), Some(2)).map(shown), Some((2, 50, 0)));
        assert_eq!(given(rate(3, 50), Some(4)), None);
        assert_eq!(given(None, Some(1 << 40)), None);
        let finer = PeriodicSpec {
            period: Duration::from_nanos(1_500),
            ..task()
        };
        assert_eq!(timing(&finer), None);
    }
}
