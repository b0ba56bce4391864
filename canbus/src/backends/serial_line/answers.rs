//! Answers on their way from the thread that reads a line to whoever gave a command.

use crate::deadline::Deadline;
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The most answers that are held for one who asks; older ones go.
const MOST: usize = 256;

/// What was answered since somebody asked.
#[derive(Debug)]
pub(super) struct Answers<A> {
    state: Mutex<State<A>>,
    changed: Condvar,
    /// Held by the one who asks.
    turn: Mutex<()>,
}

#[derive(Debug)]
struct State<A> {
    answers: VecDeque<A>,
    asked: bool,
    closed: bool,
}

/// The right to ask; what is answered from now on is kept for its holder.
pub(super) struct Asking<'a, A> {
    answers: &'a Answers<A>,
    _turn: MutexGuard<'a, ()>,
}

impl<A> Answers<A> {
    pub(super) fn new() -> Answers<A> {
        Answers {
            state: Mutex::new(State {
                answers: VecDeque::new(),
                asked: false,
                closed: false,
            }),
            changed: Condvar::new(),
            turn: Mutex::new(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for one's turn to ask.
    pub(super) fn ask(&self) -> Asking<'_, A> {
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.lock().asked = true;
        Asking {
            answers: self,
            _turn: turn,
        }
    }

    /// Hands an answer over; one that nobody asked for goes.
    pub(super) fn give(&self, answer: A) {
        let mut state = self.lock();
        if !state.asked {
            return;
        }
        if state.answers.len() == MOST {
            state.answers.pop_front();
        }
        state.answers.push_back(answer);
        self.changed.notify_all();
    }

    /// Nothing will be answered any more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }
}

impl<A> Asking<'_, A> {
    /// The first answer of which `pick` makes something; `None` when there was none in time.
    pub(super) fn wait<T>(
        &self,
        timeout: Option<Duration>,
        mut pick: impl FnMut(A) -> Option<T>,
    ) -> Option<T> {
        let deadline = Deadline::after(timeout);
        let mut state = self.answers.lock();
        loop {
            while let Some(answer) = state.answers.pop_front() {
                if let Some(picked) = pick(answer) {
                    return Some(picked);
                }
            }
            if state.closed || deadline.is_over() {
                return None;
            }
            let changed = &self.answers.changed;
            state = match deadline.remaining() {
                None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl<A> Drop for Asking<'_, A> {
    fn drop(&mut self) {
        let mut state = self.answers.lock();
        state.asked = false;
        state.answers.clear();
    }
}
