//! The list of what is due, and what the one thread does that sends it.

use super::clock::{Bed, NEVER, now};
use super::job::Job;
use super::sync::{Arc, Mutex, MutexGuard, PoisonError, ThreadId};
use crate::error::Result;
use std::cmp::Ordering as Order;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is due, and where its thread sleeps.
pub(super) struct Scheduler {
    /// The process that its thread is in.
    pub(super) process: u32,
    due: Mutex<Due>,
    pub(super) bed: Bed,
    /// How long before a moment the thread gives up sleeping and looks at the clock.
    pub(super) spin: AtomicU64,
}

struct Due {
    /// The first that is due on top.
    turns: BinaryHeap<Entry>,
    /// Until when the thread sleeps; 0 while it is awake.
    sleeps_until: u64,
}

/// When a job is due, and in which run of it.
pub(super) struct Entry {
    moment: u64,
    /// That of the job; here too, so that jobs that are not due stay untouched.
    id: u64,
    job: Arc<Job>,
    run: u64,
}

impl Entry {
    /// By moment; at the same moment in the order in which the jobs were made.
    fn key(&self) -> (u64, u64) {
        (self.moment, self.id)
    }
}

impl Ord for Entry {
    /// The greatest is on top of a heap: what is due first.
    fn cmp(&self, other: &Entry) -> Order {
        other.key().cmp(&self.key())
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Order> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

impl Scheduler {
    pub(super) fn new() -> Result<Scheduler> {
        Ok(Scheduler {
            process: std::process::id(),
            due: Mutex::new(Due {
                turns: BinaryHeap::new(),
                sleeps_until: 0,
            }),
            bed: Bed::new()?,
            spin: AtomicU64::new(0),
        })
    }

    /// Whether its thread is in this process: not in one that was forked off meanwhile.
    pub(super) fn is_of_this_process(&self) -> bool {
        self.process == std::process::id()
    }

    fn lock(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a job have its turn in this run of it when it is due. The job's state is locked.
    pub(super) fn add(&self, moment: u64, job: &Arc<Job>, run: u64) {
        let mut due = self.lock();
        due.turns.push(Entry {
            moment,
            id: job.id,
            job: Arc::clone(job),
            run,
        });
        if moment < due.sleeps_until {
            due.sleeps_until = 0;
            drop(due);
            self.bed.wake();
        }
    }

    /// Forgets a job that is due at this moment, if it does not have its turn already.
    pub(super) fn remove(&self, moment: u64, job: &Job) {
        // Whoever asks holds the job: it does not end while this is locked.
        let key = (moment, job.id);
        self.lock().turns.retain(|turn| turn.key() != key);
    }

    /// Gives every job that is due its turn; else sleeps once. `batch` is empty before and after,
    /// `me` is the thread that calls.
    pub(super) fn step(&self, batch: &mut Vec<Entry>, me: ThreadId) {
        let spin = self.spin.load(Ordering::Relaxed);
        let mut due = self.lock();
        due.sleeps_until = 0;
        let now = now();
        while due.turns.peek().is_some_and(|first| first.moment <= now) {
            batch.extend(due.turns.pop());
        }
        if batch.is_empty() {
            let next = due.turns.peek().map_or(NEVER, |first| first.moment);
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
        for turn in batch.drain(..) {
            turn.job.turn(turn.run, me);
        }
    }
}
