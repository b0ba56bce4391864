//! A line that leads back to who writes: `loop://`.

use super::{Read, Way};
use crate::deadline::Deadline;
use crate::transport::wake::Waited;
use std::collections::VecDeque;
use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// As much as a pseudo-terminal of Linux holds.
const ROOM: usize = 4096;

/// What was written waits here to be read.
#[derive(Debug, Default)]
pub(super) struct Loop {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    bytes: VecDeque<u8>,
    woken: bool,
}

impl Loop {
    pub(super) fn new() -> Loop {
        Loop::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state once `ready` holds, or it was woken, or the time is up.
    fn wait(
        &self,
        timeout: Option<Duration>,
        ready: fn(&State) -> bool,
    ) -> (MutexGuard<'_, State>, Waited) {
        let deadline = Deadline::after(timeout);
        let mut state = self.lock();
        loop {
            if state.woken {
                return (state, Waited::Woken);
            }
            if ready(&state) {
                return (state, Waited::Ready);
            }
            state = match deadline.remaining() {
                None => {
                    let waited = self.changed.wait(state);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
                Some(Duration::ZERO) => return (state, Waited::TimedOut),
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl Way for Loop {
    fn read(&self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<Read> {
        let (mut state, waited) = self.wait(timeout, |state| !state.bytes.is_empty());
        match waited {
            Waited::Woken => return Ok(Read::Woken),
            Waited::TimedOut => return Ok(Read::TimedOut),
            Waited::Ready => {}
        }
        let count = buffer.len().min(state.bytes.len());
        for (slot, byte) in buffer.iter_mut().zip(state.bytes.drain(..count)) {
            *slot = byte;
        }
        self.changed.notify_all();
        Ok(Read::Some(count))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.lock();
        let count = bytes.len().min(ROOM - state.bytes.len());
        if count == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        state.bytes.extend(&bytes[..count]);
        self.changed.notify_all();
        Ok(count)
    }

    fn wait_for_room(&self, timeout: Option<Duration>) -> io::Result<Waited> {
        Ok(self.wait(timeout, |state| state.bytes.len() < ROOM).1)
    }

    fn wake(&self) {
        self.lock().woken = true;
        self.changed.notify_all();
    }
}
