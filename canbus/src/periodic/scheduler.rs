//! The one thread that sends for all software tasks of the process, and the list of what is due.

use super::clock::{Bed, NEVER, nanos, now};
use super::job::Job;
use super::sync::{Arc, Mutex, MutexGuard, PoisonError};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::priority;
use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What is due, and where its thread sleeps.
pub(super) struct Scheduler {
    due: Mutex<Due>,
    bed: Bed,
    /// How long before a moment the thread gives up sleeping and looks at the clock.
    spin: AtomicU64,
}

struct Due {
    /// By moment and number of the job, each with the run in which it is due.
    jobs: BTreeMap<(u64, u64), (Arc<Job>, u64)>,
    /// Until when the thread sleeps; 0 while it is awake.
    sleeps_until: u64,
}

impl Scheduler {
    pub(super) fn new() -> Result<Scheduler> {
        Ok(Scheduler {
            due: Mutex::new(Due {
                jobs: BTreeMap::new(),
                sleeps_until: 0,
            }),
            bed: Bed::new()?,
            spin: AtomicU64::new(0),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a job have its turn in this run of it when it is due. The job's state is locked.
    pub(super) fn add(&self, moment: u64, job: &Arc<Job>, run: u64) {
        let mut due = self.lock();
        due.jobs.insert((moment, job.id), (Arc::clone(job), run));
        if moment < due.sleeps_until {
            due.sleeps_until = 0;
            drop(due);
            self.bed.wake();
        }
    }

    /// Forgets a job that is due at this moment, if it does not have its turn already.
    pub(super) fn remove(&self, moment: u64, job: &Job) {
        // Whoever asks holds the job: it does not end while this is locked.
        self.lock().jobs.remove(&(moment, job.id));
    }

    /// Gives every job that is due its turn; else sleeps once. `batch` is empty before and after.
    pub(super) fn step(&self, batch: &mut Vec<(Arc<Job>, u64)>) {
        let spin = self.spin.load(Ordering::Relaxed);
        let mut due = self.lock();
        due.sleeps_until = 0;
        let now = now();
        while let Some(first) = due.jobs.first_entry() {
            if first.key().0 > now {
                break;
            }
            batch.push(first.remove());
        }
        if batch.is_empty() {
            let next = due.jobs.first_key_value().map_or(NEVER, |(key, _)| key.0);
            if next.saturating_sub(now) > spin {
                due.sleeps_until = next;
                drop(due);
                let until = if next == NEVER { NEVER } else { next - spin };
                self.bed.sleep_until(until);
            } else {
                drop(due);
                std::hint::spin_loop();
            }
            return;
        }
        drop(due);
        for (job, run) in batch.drain(..) {
            job.turn(run);
        }
    }
}

/// The scheduler of this process and its thread.
struct Running {
    scheduler: Scheduler,
    thread: OnceLock<JoinHandle<()>>,
}

static RUNNING: OnceLock<Running> = OnceLock::new();
/// Held while the thread is started.
static STARTING: Mutex<()> = Mutex::new(());

fn running() -> Result<&'static Running> {
    let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if RUNNING.get().is_none() {
        let _ = RUNNING.set(Running {
            scheduler: Scheduler::new()?,
            thread: OnceLock::new(),
        });
    }
    let Some(running) = RUNNING.get() else {
        return Err(Error::new(ErrorKind::OperationFailed, "no scheduler"));
    };
    if running.thread.get().is_none() {
        let thread = thread::Builder::new().name("canbus-periodic".into());
        let thread = thread.spawn(|| {
            priority::wake_exactly();
            let mut batch = Vec::new();
            loop {
                running.scheduler.step(&mut batch);
            }
        });
        let _ = running.thread.set(thread?);
    }
    Ok(running)
}

/// The scheduler of this process; its thread is started with the first use.
pub(super) fn scheduler() -> Result<&'static Scheduler> {
    Ok(&running()?.scheduler)
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
        if let Some(thread) = running.thread.get() {
            priority::set_realtime(thread, self.realtime).map_err(|error| self.refused(error))?;
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
