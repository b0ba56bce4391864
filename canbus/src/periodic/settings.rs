//! The one thread that sends for all software tasks of the process, and how it runs.

use super::clock::nanos;
use super::scheduler::Scheduler;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::priority;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The scheduler of this process and its thread.
struct Running {
    scheduler: Arc<Scheduler>,
    thread: JoinHandle<()>,
    /// The thread was given another priority than it had from who started it.
    changed: AtomicBool,
}

/// The scheduler, and the process that it works in: a forked one has no threads of its parent's.
static RUNNING: Mutex<Option<(u32, Arc<Running>)>> = Mutex::new(None);

fn running() -> Result<Arc<Running>> {
    let mut found = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let process = std::process::id();
    if let Some((_, running)) = found.as_ref().filter(|(its, _)| *its == process) {
        return Ok(Arc::clone(running));
    }
    let scheduler = Arc::new(Scheduler::new()?);
    let running = Arc::new(Running {
        thread: start(Arc::clone(&scheduler))?,
        scheduler,
        changed: AtomicBool::new(false),
    });
    *found = Some((process, Arc::clone(&running)));
    Ok(running)
}

fn start(scheduler: Arc<Scheduler>) -> Result<JoinHandle<()>> {
    let thread = thread::Builder::new().name("canbus-periodic".into());
    Ok(thread.spawn(move || {
        priority::wake_exactly();
        let (mut batch, me) = (Vec::new(), thread::current().id());
        loop {
            scheduler.step(&mut batch, me);
        }
    })?)
}

/// The scheduler of this process; its thread is started with the first use.
pub(super) fn scheduler() -> Result<Arc<Scheduler>> {
    Ok(Arc::clone(&running()?.scheduler))
}

/// How the thread runs that sends the periodic tasks of this process which no driver carries out.
///
/// ```
/// use canbus::SchedulerSettings;
/// # fn main() -> canbus::Result<()> {
/// let exact = SchedulerSettings::default().realtime(50);
/// if let Err(error) = exact.apply() {
///     eprintln!("{error}"); // without the permission; tasks are sent all the same
/// }
/// SchedulerSettings::default().apply()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[must_use]
pub struct SchedulerSettings {
    realtime: Option<u8>,
    spin: Duration,
}

impl SchedulerSettings {
    /// The longest [`spin`](SchedulerSettings::spin).
    pub const LONGEST_SPIN: Duration = Duration::from_millis(1);

    /// Runs before all threads without real-time priority, with this priority: on Linux
    /// `SCHED_FIFO`, 1 to 99. It helps on a busy machine; an idle one is as exact without.
    pub fn realtime(self, priority: u8) -> SchedulerSettings {
        SchedulerSettings {
            realtime: Some(priority),
            ..self
        }
    }

    /// Sleeps this much shorter than the next frame is away and looks at the clock until it is due,
    /// which takes a processor's time. Zero unless told otherwise.
    pub fn spin(self, spin: Duration) -> SchedulerSettings {
        SchedulerSettings { spin, ..self }
    }

    /// Makes the scheduler of this process run so from now on.
    ///
    /// # Errors
    /// `OperationFailed` where this process may not have real-time priority, `InvalidInput` for a
    /// priority that the system does not have or a longer spin than
    /// [`LONGEST_SPIN`](SchedulerSettings::LONGEST_SPIN). Nothing is changed then.
    pub fn apply(self) -> Result<()> {
        if self.spin > SchedulerSettings::LONGEST_SPIN {
            return Err(Error::invalid(format!(
                "the scheduler spins for {:?} at most, not {:?}",
                SchedulerSettings::LONGEST_SPIN,
                self.spin
            )));
        }
        let running = running()?;
        let wanted = self.realtime.is_some() || running.changed.load(Ordering::Relaxed);
        if wanted {
            let set = priority::set_realtime(&running.thread, self.realtime);
            set.map_err(|error| self.refused(error))?;
            running.changed.store(true, Ordering::Relaxed);
        }
        let spin = nanos(self.spin);
        running.scheduler.spin.store(spin, Ordering::Relaxed);
        Ok(())
    }

    fn refused(self, error: std::io::Error) -> Error {
        let kind = match error.kind() {
            std::io::ErrorKind::InvalidInput => ErrorKind::InvalidInput,
            _ => ErrorKind::OperationFailed,
        };
        let wanted = match self.realtime {
            Some(priority) => format!("real-time priority {priority}"),
            None => "ordinary priority".into(),
        };
        let text = format!("the periodic scheduler does not get {wanted}");
        let hint = match error.kind() {
            std::io::ErrorKind::PermissionDenied => {
                ": it needs the capability CAP_SYS_NICE or a limit RLIMIT_RTPRIO"
            }
            _ => "",
        };
        Error::new(kind, format!("{text}: {error}{hint}")).with_source(error)
    }
}
