//! One task that this process carries out: its frames, when the next one is due, and how it is
//! started, changed and stopped while the scheduler's thread sends it.
//!
//! The state's lock is not held while user code or a driver runs: both may take their time, and
//! may call back. `sending` says that they do.

use super::clock::{NEVER, nanos, now};
use super::scheduler::Scheduler;
use super::state::{Outcome, State, Turn, aligned};
use super::statistics::PeriodicStats;
use super::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, ThreadId, current};
use crate::deadline::Deadline;
use crate::driver::{Driver, PeriodicSpec};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::Frame;
use crate::modifier::Modifier;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Asked about each error of sending; true: the task goes on.
pub(super) type ErrorHook = Box<dyn FnMut(&Error) -> bool + Send>;

/// What of the user's runs with each frame.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) modifiers: Vec<Box<dyn Modifier>>,
    pub(super) on_error: Option<ErrorHook>,
}

/// What else the user wants.
#[derive(Clone, Copy, Default)]
pub(super) struct Manner {
    /// Missed periods are made up for.
    pub(super) catch_up: bool,
    /// No frame is sent that is due so long after the first, or later.
    pub(super) lasts: Option<Duration>,
}

/// A task that the scheduler carries out.
pub(super) struct Job {
    /// In the order in which they were made; what is due together is sent in this order.
    pub(super) id: u64,
    scheduler: Arc<Scheduler>,
    state: Mutex<State>,
    /// A frame's turn is over, or the task has ended.
    settled: Condvar,
    /// Used by the scheduler's thread alone.
    hooks: Mutex<Hooks>,
    has_modifiers: bool,
    manner: Manner,
}

impl Job {
    pub(super) fn new(
        scheduler: Arc<Scheduler>,
        driver: Arc<dyn Driver>,
        spec: PeriodicSpec,
        hooks: Hooks,
        manner: Manner,
    ) -> Job {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Job {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            scheduler,
            state: Mutex::new(State::new(driver, spec)),
            settled: Condvar::new(),
            has_modifiers: !hooks.modifiers.is_empty(),
            hooks: Mutex::new(hooks),
            manner,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins from the first frame; a running one stays as it is.
    pub(super) fn start(self: &Arc<Job>) -> Result<()> {
        if !self.scheduler.is_of_this_process() {
            return Err(inherited());
        }
        let mut state = self.lock();
        if state.driver.is_none() {
            return Err(closed());
        }
        if state.running {
            return Ok(());
        }
        state.run += 1;
        state.running = true;
        state.number = 0;
        state.error = None;
        state.due = aligned(now(), &state.spec);
        let lasts = self.manner.lasts.map_or(NEVER, nanos);
        state.until = state.due.saturating_add(lasts);
        state.kept = None;
        self.line_up(&mut state, None);
        Ok(())
    }

    /// Ends it and waits for the frame whose turn it is, unless that frame's own user code asks.
    pub(super) fn stop(&self) {
        self.end(false);
    }

    /// The same for good: the bus is being closed.
    pub(super) fn close(&self) {
        self.end(true);
    }

    fn end(&self, for_good: bool) {
        if !self.scheduler.is_of_this_process() {
            // Nothing sends here, and what was locked by others at the fork stays so.
            return;
        }
        let mut state = self.lock();
        if for_good {
            state.driver = None;
        }
        if state.running {
            state.running = false;
            self.scheduler.remove(state.next, self);
            self.tell(&mut state);
        }
        let (turns, me) = (state.turns, current().id());
        while state.turns == turns && state.sending.is_some_and(|thread| thread != me) {
            state.waiting = true;
            let waited = self.settled.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Sends these frames from the next period on.
    pub(super) fn modify(&self, frames: &[Frame]) -> Result<()> {
        let mut state = self.lock();
        let driver = state.driver.as_ref().ok_or_else(closed)?;
        state.spec.check_replacement(frames, driver.describe())?;
        state.spec.frames.copy_from_slice(frames);
        state.version += 1;
        state.kept = None;
        Ok(())
    }

    pub(super) fn is_running(&self) -> bool {
        self.lock().running
    }

    pub(super) fn error(&self) -> Option<Arc<Error>> {
        self.lock().error.clone()
    }

    pub(super) fn stats(&self) -> PeriodicStats {
        self.lock().stats.clone()
    }

    /// Waits until it does not run any more; false if the time was up before.
    pub(super) fn wait(&self, timeout: Option<Duration>) -> bool {
        let deadline = Deadline::after(timeout);
        let mut state = self.lock();
        while state.running && !deadline.is_over() {
            state.waiting = true;
            state = match deadline.remaining() {
                None => {
                    let waited = self.settled.wait(state);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
                Some(left) => {
                    let waited = self.settled.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        !state.running
    }

    /// A frame is due. Called by the scheduler's thread alone, which is `me`.
    pub(super) fn turn(self: &Arc<Job>, run: u64, me: ThreadId) {
        let Some(mut turn) = self.begin(run, me) else {
            return;
        };
        let outcome = match self.attempt(&mut turn) {
            Ok(Some(at)) => Outcome::Sent(at),
            Ok(None) => Outcome::CalledOff,
            Err(error) if error.kind() == ErrorKind::Timeout && self.try_again(&turn) => return,
            Err(error) => {
                let goes_on = self.goes_on_after(&error);
                Outcome::Failed(Arc::new(error), goes_on)
            }
        };
        self.finish(&turn, &outcome);
    }

    /// What to send now; `None` if it is nothing, because the task was stopped or because the next
    /// period is so near that its frame will do for the missed ones.
    fn begin(self: &Arc<Job>, run: u64, me: ThreadId) -> Option<Turn> {
        let mut state = self.lock();
        let driver = state.driver.clone()?;
        if !state.running || state.run != run {
            return None;
        }
        let (due, now) = (state.due, now());
        if !self.manner.catch_up && state.skip_missed(now) {
            self.line_up(&mut state, None);
            return None;
        }
        // However late it is, there is one frame at least.
        if state.due >= state.until && state.number > 0 {
            state.running = false;
            self.tell(&mut state);
            return None;
        }
        state.sending = Some(me);
        let kept = state.kept.take();
        Some(Turn {
            driver,
            frame: kept.unwrap_or(state.spec.frames[state.place()]),
            again: kept.is_some(),
            to: state.spec.to,
            due,
            at: now,
            run,
            version: state.version,
        })
    }

    /// Changes and sends the frame: when, or `None` if the task was stopped before.
    fn attempt(&self, turn: &mut Turn) -> Result<Option<u64>> {
        if self.has_modifiers && !turn.again {
            guarded("a modifier", || self.change(turn))?;
            let state = self.lock();
            if !state.running || state.run != turn.run {
                return Ok(None);
            }
            turn.at = now();
        }
        guarded("the driver", || {
            let bus = &turn.driver;
            bus.send(&turn.frame, turn.to, Some(Duration::ZERO))
        })?;
        Ok(Some(turn.at))
    }

    fn change(&self, turn: &mut Turn) -> Result<()> {
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        for modifier in &mut hooks.modifiers {
            modifier.modify(&mut turn.frame)?;
        }
        let bus = turn.driver.describe();
        bus.check_sendable(&turn.frame, turn.to)
    }

    /// Whether the task goes on after this error: as the user decides, else after a full queue.
    fn goes_on_after(&self, error: &Error) -> bool {
        let mut hooks = self.hooks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(hook) = &mut hooks.on_error else {
            let full = error.kind() == ErrorKind::Timeout;
            if !full {
                log::warn!("a periodic task ends: {error}");
            }
            return full;
        };
        guarded("on_error", || Ok(hook(error))).unwrap_or_else(|panicked| {
            log::warn!("periodic task: {panicked}");
            false
        })
    }

    /// The bus has no room for the frame: whether it is to be tried again, which it is until the
    /// next one is due. Tasks that are due together can be more than a transmit queue takes at
    /// once, and would otherwise lose the same frames in every period.
    fn try_again(self: &Arc<Job>, turn: &Turn) -> bool {
        let mut state = self.lock();
        if !state.running || state.run != turn.run {
            return false;
        }
        let Some(next) = state.retry_at(now()) else {
            return false;
        };
        state.sending = None;
        state.turns += 1;
        state.kept = (state.version == turn.version).then_some(turn.frame);
        self.line_up(&mut state, Some(next));
        self.tell(&mut state);
        true
    }

    /// Has the next turn when the frame is due, or at this moment.
    fn line_up(self: &Arc<Job>, state: &mut State, at: Option<u64>) {
        state.next = at.unwrap_or(state.due);
        self.scheduler.add(state.next, self, state.run);
    }

    fn finish(self: &Arc<Job>, turn: &Turn, outcome: &Outcome) {
        let mut state = self.lock();
        state.sending = None;
        state.turns += 1;
        let goes_on = state.count(turn, outcome);
        if state.running && state.run == turn.run {
            // Modifiers go on from what they have made of a frame, unless it was replaced.
            if self.has_modifiers && state.version == turn.version {
                let place = state.place();
                state.spec.frames[place] = turn.frame;
            }
            match state.spec.pause_after(state.number).filter(|_| goes_on) {
                Some(pause) => {
                    state.number += 1;
                    state.due = state.due.saturating_add(nanos(pause));
                    self.line_up(&mut state, None);
                }
                None => state.running = false,
            }
        }
        self.tell(&mut state);
    }

    /// Wakes whoever waits for a change of the state.
    fn tell(&self, state: &mut State) {
        if state.waiting {
            state.waiting = false;
            self.settled.notify_all();
        }
    }
}

/// Runs what is not the scheduler's own: its panic must not end all other tasks.
fn guarded<T>(whose: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| {
        let text = format!("{whose} of a periodic task panicked");
        Err(Error::new(ErrorKind::OperationFailed, text))
    })
}

fn inherited() -> Error {
    Error::new(
        ErrorKind::OperationFailed,
        "this periodic task is of the process that this one was forked off; make another one here",
    )
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the bus of this periodic task is closed")
}
