//! The handle of a periodic task, whoever carries it out.

use super::job::Job;
use super::statistics::PeriodicStats;
use super::sync::{Arc, Mutex, MutexGuard, PoisonError};
use crate::deadline::Deadline;
use crate::driver::{Description, NativeTask, PeriodicSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::Frame;
use std::thread;
use std::time::Duration;

/// A periodic task. Cheap to clone; all clones are the same task.
///
/// It runs until it is stopped, has sent its last frame, meets an error, or its bus is closed; it
/// can be started again unless the bus is closed. Dropping the handle leaves it running, unless it
/// was made with [`stop_when_dropped`](crate::PeriodicBuilder::stop_when_dropped).
#[derive(Clone)]
pub struct PeriodicTask {
    shared: Arc<Shared>,
    /// Stops the task with the last handle.
    _owner: Option<Arc<Owner>>,
}

/// What handles and the bus share.
pub(super) struct Shared {
    carried_out: By,
}

pub(super) enum By {
    Scheduler(Arc<Job>),
    Driver(Box<Mutex<Native>>),
}

/// A task that the driver carries out.
pub(super) struct Native {
    /// Gone when the bus is closed.
    pub(super) task: Option<Box<dyn NativeTask>>,
    pub(super) spec: PeriodicSpec,
    pub(super) description: Description,
    /// What it had sent when the bus was closed.
    pub(super) sent: Option<u64>,
    pub(super) error: Option<Arc<Error>>,
}

struct Owner(Arc<Shared>);

impl Drop for Owner {
    fn drop(&mut self) {
        if let Err(error) = self.0.stop() {
            log::warn!("stopping a periodic task: {error}");
        }
    }
}

impl PeriodicTask {
    pub(super) fn new(shared: Arc<Shared>, owned: bool) -> PeriodicTask {
        PeriodicTask {
            _owner: owned.then(|| Arc::new(Owner(Arc::clone(&shared)))),
            shared,
        }
    }

    /// Begins from the first frame, now, with the full count; a running task stays as it is.
    ///
    /// # Errors
    /// `Closed` when the bus is; `OperationFailed` in a process that was forked off that of the
    /// task; where the driver carries it out, `OperationFailed` and `DeviceLost`.
    pub fn start(&self) -> Result<()> {
        match &self.shared.carried_out {
            By::Scheduler(job) => job.start(),
            By::Driver(native) => {
                let native = lock(native);
                let task = native.task.as_deref().ok_or_else(closed)?;
                if task.is_running() {
                    return Ok(());
                }
                task.start()
            }
        }
    }

    /// Ends it: once this has returned, no further frame is sent. It waits for the frame that is
    /// being sent and for its [modifiers](crate::PeriodicBuilder::modifier) and
    /// [`on_error`](crate::PeriodicBuilder::on_error), unless one of them calls it. A task that has
    /// ended stays as it is.
    ///
    /// # Errors
    /// Only where the driver carries it out: `OperationFailed`, `DeviceLost`.
    pub fn stop(&self) -> Result<()> {
        self.shared.stop()
    }

    /// Sends these frames instead: from the next period on, at the unchanged phase and place in the
    /// turn; if the task does not run, from its next start on.
    ///
    /// # Errors
    /// `InvalidInput` for another number of frames or other arbitration IDs, `Unsupported` for what
    /// the bus cannot send, `Closed`; where the driver carries it out, `OperationFailed` and
    /// `DeviceLost`. The frames stay as they were.
    pub fn modify(&self, frames: &[Frame]) -> Result<()> {
        match &self.shared.carried_out {
            By::Scheduler(job) => job.modify(frames),
            By::Driver(native) => {
                let mut native = lock(native);
                let task = native.task.as_deref().ok_or_else(closed)?;
                native.spec.check_replacement(frames, &native.description)?;
                task.modify(frames)?;
                native.spec.frames.copy_from_slice(frames);
                Ok(())
            }
        }
    }

    /// Whether frames are still to come.
    pub fn is_running(&self) -> bool {
        self.shared.is_running()
    }

    /// Waits until it runs no more, `None` for ever. False if the time was up before.
    pub fn wait(&self, timeout: impl Into<Option<Duration>>) -> bool {
        /// No driver tells when a task ends; a limited one ends by itself.
        const LOOK_EVERY: Duration = Duration::from_millis(5);
        let timeout = timeout.into();
        if let By::Scheduler(job) = &self.shared.carried_out {
            return job.wait(timeout);
        }
        let deadline = Deadline::after(timeout);
        while self.is_running() {
            if deadline.is_over() {
                return false;
            }
            let left = deadline.remaining().unwrap_or(LOOK_EVERY);
            thread::sleep(left.min(LOOK_EVERY));
        }
        true
    }

    /// Whether a kernel or an adapter carries it out.
    pub fn is_native(&self) -> bool {
        matches!(self.shared.carried_out, By::Driver(_))
    }

    /// The last error of sending since the start; of a task that an error ended, that one.
    pub fn error(&self) -> Option<Arc<Error>> {
        match &self.shared.carried_out {
            By::Scheduler(job) => job.error(),
            By::Driver(native) => {
                let native = lock(native);
                match &native.task {
                    Some(task) => task.error(),
                    None => native.error.clone(),
                }
            }
        }
    }

    /// What became of its frames, over all its runs.
    pub fn stats(&self) -> PeriodicStats {
        match &self.shared.carried_out {
            By::Scheduler(job) => job.stats(),
            By::Driver(native) => {
                let native = lock(native);
                PeriodicStats {
                    native: true,
                    sent: native.task.as_ref().map_or(native.sent, |task| task.sent()),
                    ..PeriodicStats::default()
                }
            }
        }
    }
}

impl Shared {
    pub(super) fn new(carried_out: By) -> Shared {
        Shared { carried_out }
    }

    pub(super) fn is_running(&self) -> bool {
        match &self.carried_out {
            By::Scheduler(job) => job.is_running(),
            By::Driver(native) => {
                let native = lock(native);
                native.task.as_ref().is_some_and(|task| task.is_running())
            }
        }
    }

    pub(super) fn stop(&self) -> Result<()> {
        match &self.carried_out {
            By::Scheduler(job) => {
                job.stop();
                Ok(())
            }
            By::Driver(native) => match &lock(native).task {
                Some(task) => task.stop(),
                None => Ok(()),
            },
        }
    }

    /// Ends it for good.
    pub(super) fn close(&self) -> Result<()> {
        match &self.carried_out {
            By::Scheduler(job) => {
                job.close();
                Ok(())
            }
            By::Driver(native) => {
                let mut native = lock(native);
                let Some(task) = native.task.take() else {
                    return Ok(());
                };
                let stopped = task.stop();
                native.sent = task.sent();
                native.error = task.error();
                stopped
            }
        }
    }
}

fn lock(native: &Mutex<Native>) -> MutexGuard<'_, Native> {
    native.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the bus of this periodic task is closed")
}
