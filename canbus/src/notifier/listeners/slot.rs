//! The place of one listener: lent to one caller at a time, with no lock held during the call, so
//! that waiting for the listener can end before the call does.

use crate::deadline::Deadline;
use crate::error::Error;
use crate::listener::Listener;
use crate::notifier::lock;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

pub(super) struct Slot {
    state: Mutex<State>,
    /// Signalled when a call has ended.
    free: Condvar,
    /// What the listener had dropped when it was last called.
    dropped: AtomicU64,
}

struct State {
    place: Place,
    /// Threads that wait for the end of a call; nobody is signalled when there is none.
    waiting: usize,
}

enum Place {
    Here(Box<dyn Listener>),
    /// It is being called.
    Lent,
    /// It is being called, and nobody waits for it: its caller finishes it.
    Left,
    Gone,
}

/// What taking a listener out found.
pub(super) enum Taken {
    Listener(Box<dyn Listener>),
    /// It was taken out before.
    Gone,
    /// It is being called and now left to its caller.
    Busy,
}

impl Slot {
    pub(super) fn new(listener: Box<dyn Listener>) -> Slot {
        Slot {
            dropped: AtomicU64::new(listener.dropped()),
            state: Mutex::new(State {
                place: Place::Here(listener),
                waiting: 0,
            }),
            free: Condvar::new(),
        }
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// The state once the listener is not lent, or the time is up.
    fn wait(&self, deadline: Deadline) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        state.waiting += 1;
        while matches!(state.place, Place::Lent) && !deadline.is_over() {
            state = match deadline.remaining() {
                None => self
                    .free
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = self.free.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        state.waiting -= 1;
        state
    }

    /// Calls the listener, once nobody else does. Gives it out, to be finished, if the call ended
    /// with an error or it was left meanwhile.
    pub(super) fn call(
        &self,
        call: impl FnOnce(&mut dyn Listener) -> Option<Error>,
    ) -> Option<(Box<dyn Listener>, Option<Error>)> {
        let mut listener = self.lend()?;
        // A panic brings it back too, so that it can still be finished.
        match catch_unwind(AssertUnwindSafe(|| call(&mut *listener))) {
            Ok(error) => {
                let listener = self.give_back(listener, error.is_some())?;
                Some((listener, error))
            }
            Err(panic) => {
                drop(self.give_back(listener, false));
                resume_unwind(panic)
            }
        }
    }

    fn lend(&self) -> Option<Box<dyn Listener>> {
        let mut state = self.wait(Deadline::after(None));
        match std::mem::replace(&mut state.place, Place::Lent) {
            Place::Here(listener) => Some(listener),
            other => {
                state.place = other;
                None
            }
        }
    }

    /// Puts the listener back, unless it failed or was left: then it is the caller's.
    fn give_back(&self, listener: Box<dyn Listener>, failed: bool) -> Option<Box<dyn Listener>> {
        let dropped = listener.dropped();
        let mut state = lock(&self.state);
        let goes = failed || matches!(state.place, Place::Left);
        let (place, listener) = if goes {
            (Place::Gone, Some(listener))
        } else {
            (Place::Here(listener), None)
        };
        state.place = place;
        self.dropped
            .store(if goes { 0 } else { dropped }, Ordering::Relaxed);
        if state.waiting > 0 {
            self.free.notify_all();
        }
        listener
    }

    /// Takes the listener out; one that is still being called at the deadline is left to its
    /// caller.
    pub(super) fn take(&self, deadline: Deadline) -> Taken {
        let mut state = self.wait(deadline);
        let (place, taken) = match std::mem::replace(&mut state.place, Place::Gone) {
            Place::Here(listener) => (Place::Gone, Taken::Listener(listener)),
            Place::Gone => (Place::Gone, Taken::Gone),
            Place::Lent | Place::Left => (Place::Left, Taken::Busy),
        };
        state.place = place;
        if !matches!(taken, Taken::Busy) {
            self.dropped.store(0, Ordering::Relaxed);
        }
        taken
    }
}
