//! The list of what is due, and what the one thread does that sends it.

use super::clock::{Bed, NEVER, now};
use super::job::Job;
use super::sync::{Arc, Mutex, MutexGuard, PoisonError, ThreadId};
use crate::error::Result;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is due, and where its thread sleeps.
pub(super) struct Scheduler {
    due: Mutex<Due>,
    pub(super) bed: Bed,
    /// How long before a moment the thread gives up sleeping and looks at the clock.
    pub(super) spin: AtomicU64,
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

    /// Gives every job that is due its turn; else sleeps once. `batch` is empty before and after,
    /// `me` is the thread that calls.
    pub(super) fn step(&self, batch: &mut Vec<(Arc<Job>, u64)>, me: ThreadId) {
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
            job.turn(run, me);
        }
    }
}
