//! How a task stands, and what becomes of the turn of one of its frames.

use super::clock::{NEVER, nanos};
use super::statistics::PeriodicStats;
use super::sync::{Arc, ThreadId};
use crate::driver::{Driver, PeriodicSpec};
use crate::error::Error;
use crate::frame::Frame;
use crate::message::Channel;
use std::time::Duration;

/// How many nanoseconds pass at least and at most until a full bus is tried again. A frame takes
/// 0.05 to 1 ms at the usual bit rates.
const SHORTEST_RETRY: u64 = 100_000;
const LONGEST_RETRY: u64 = 1_000_000;

/// What is locked of a task.
pub(super) struct State {
    /// Gone when the bus is closed.
    pub(super) driver: Option<Arc<dyn Driver>>,
    pub(super) spec: PeriodicSpec,
    /// Told apart by counting: what was begun in an earlier run must not go on in a later one.
    pub(super) run: u64,
    pub(super) running: bool,
    /// The number of the next frame in this run, and when it is due.
    pub(super) number: u64,
    pub(super) due: u64,
    /// A frame that is due then or later is not sent.
    pub(super) until: u64,
    /// When its turn comes: `due`, or later if the bus was full.
    pub(super) next: u64,
    /// The frame that the bus was too full for, already changed by the modifiers.
    pub(super) kept: Option<Frame>,
    /// Counts the calls of `modify`.
    pub(super) version: u64,
    /// The thread in which a frame has its turn.
    pub(super) sending: Option<ThreadId>,
    /// How many turns are over.
    pub(super) turns: u64,
    pub(super) waiting: bool,
    pub(super) error: Option<Arc<Error>>,
    pub(super) stats: PeriodicStats,
}

/// What is taken out of the state for a frame's turn.
pub(super) struct Turn {
    pub(super) driver: Arc<dyn Driver>,
    pub(super) frame: Frame,
    /// It was tried before, and the modifiers have changed it.
    pub(super) again: bool,
    pub(super) to: Option<Channel>,
    /// When it became due, and when its turn came.
    pub(super) due: u64,
    pub(super) at: u64,
    pub(super) run: u64,
    pub(super) version: u64,
}

/// What became of it.
pub(super) enum Outcome {
    /// Handed to the bus at this moment.
    Sent(u64),
    /// The task was stopped meanwhile.
    CalledOff,
    /// Not sent; whether the task goes on.
    Failed(Arc<Error>, bool),
}

impl State {
    /// One that rests.
    pub(super) fn new(driver: Arc<dyn Driver>, spec: PeriodicSpec) -> State {
        State {
            driver: Some(driver),
            spec,
            run: 0,
            running: false,
            number: 0,
            due: NEVER,
            until: NEVER,
            next: NEVER,
            kept: None,
            version: 0,
            sending: None,
            turns: 0,
            waiting: false,
            error: None,
            stats: PeriodicStats {
                sent: Some(0),
                ..PeriodicStats::default()
            },
        }
    }

    /// When a full bus is tried again; `None` if the next frame is due before.
    pub(super) fn retry_at(&self, now: u64) -> Option<u64> {
        let pause = self.spec.pause_after(self.number);
        let pause = nanos(pause.unwrap_or(self.spec.period));
        let next = now.saturating_add((pause / 16).clamp(SHORTEST_RETRY, LONGEST_RETRY));
        (next < self.due.saturating_add(pause)).then_some(next)
    }

    /// The place of the next frame in the turn.
    pub(super) fn place(&self) -> usize {
        (self.number % self.spec.frames.len() as u64) as usize
    }

    /// Passes over the periods that went by, so that the phase is kept. True: the next period is
    /// nearer than half of it, and is to be waited for.
    pub(super) fn skip_missed(&mut self, now: u64) -> bool {
        let Some(pause) = self.spec.pause_after(self.number).map(nanos) else {
            return false;
        };
        let late = now.saturating_sub(self.due);
        if late < pause {
            return false;
        }
        self.note_lateness(late);
        let near = late % pause > pause / 2;
        let missed = late / pause + u64::from(near);
        self.stats.missed += missed;
        self.due = self.due.saturating_add(missed.saturating_mul(pause));
        near
    }

    pub(super) fn note_lateness(&mut self, nanos: u64) {
        let worst = self.stats.worst_lateness.max(Duration::from_nanos(nanos));
        self.stats.worst_lateness = worst;
    }

    /// Whether the task goes on after that.
    pub(super) fn count(&mut self, turn: &Turn, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Sent(at) => {
                let lateness = at.saturating_sub(turn.due);
                self.note_lateness(lateness);
                self.stats.lateness.record(Duration::from_nanos(lateness));
                let pause = self.spec.pause_after(self.number);
                let period = nanos(pause.unwrap_or(self.spec.period));
                self.stats.late += u64::from(lateness > period / 10);
                self.stats.sent = self.stats.sent.map(|sent| sent + 1);
                true
            }
            Outcome::CalledOff => true,
            Outcome::Failed(error, goes_on) => {
                self.stats.refused += 1;
                self.error = Some(Arc::clone(error));
                *goes_on
            }
        }
    }
}

/// When a task that is started now sends its first frame: at once, but for a tenth of its period
/// and 1 ms at the most, so that the thread wakes once for tasks that were started together.
pub(super) fn aligned(now: u64, spec: &PeriodicSpec) -> u64 {
    const COARSEST: u64 = 1_000_000;
    let shortest = spec
        .first
        .map_or(spec.period, |first| first.period.min(spec.period));
    let step = (nanos(shortest) / 10).clamp(1, COARSEST);
    now.next_multiple_of(step)
}
