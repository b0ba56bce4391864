//! Sleeping by a condition variable.

use super::clock;
use std::io;
use std::sync::{Condvar, Mutex, PoisonError};

pub(super) use super::clock::now;

pub(super) struct Sleeper {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Sleeper {
    pub(super) fn new() -> io::Result<Sleeper> {
        Ok(Sleeper {
            woken: Mutex::new(false),
            changed: Condvar::new(),
        })
    }

    pub(super) fn sleep_until(&self, moment: Option<u64>) {
        let woken = self.woken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut woken = match moment {
            _ if *woken => woken,
            None => self
                .changed
                .wait(woken)
                .unwrap_or_else(PoisonError::into_inner),
            Some(moment) => {
                let left = clock::until(moment);
                if left.is_zero() {
                    return;
                }
                let waited = self.changed.wait_timeout(woken, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        *woken = false;
    }

    pub(super) fn wake(&self) {
        *self.woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_one();
    }
}
