//! The terminal at the standard input: characters come one by one and are not shown; Ctrl-C and
//! output are as ever.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::read;
use rustix::process::getpgrp;
use rustix::stdio::stdin;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// How often it is looked whether to end.
const SLICE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// How the terminal was before, as long as it is different; for ends that no value outlives.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Leaves the terminal as it was found, if it was changed.
pub(crate) fn restore() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        // A terminal that has gone needs nothing.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
    }
}

/// The keys, watched on a thread of their own.
pub(crate) struct Watched {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watched {
    /// Gives each byte that is typed; `None` if the standard input is no terminal, or one in whose
    /// background we are: changing that would stop us.
    pub(crate) fn start(each: impl Fn(u8) + Send + 'static) -> Option<Watched> {
        let before = tcgetattr(stdin()).ok()?;
        if tcgetpgrp(stdin()).ok()? != getpgrp() {
            return None;
        }
        let mut one_by_one = before.clone();
        one_by_one.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        let ended = Arc::new(AtomicBool::new(false));
        let watching = Arc::clone(&ended);
        let thread = tcsetattr(stdin(), OptionalActions::Now, &one_by_one)
            .ok()
            .and_then(|()| {
                let keys = thread::Builder::new().name("keys".into());
                keys.spawn(move || watch(&watching, each)).ok()
            });
        if thread.is_none() {
            restore();
        }
        thread.map(|thread| Watched {
            ended,
            thread: Some(thread),
        })
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It has no result.
            let _ = thread.join();
        }
        restore();
    }
}

fn watch(ended: &AtomicBool, each: impl Fn(u8)) {
    while !ended.load(Ordering::Relaxed) {
        let keyboard = stdin();
        let mut waited = [PollFd::new(&keyboard, PollFlags::IN)];
        match poll(&mut waited, Some(&SLICE)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(_) => return,
        }
        let mut bytes = [0; 16];
        match read(keyboard, &mut bytes) {
            // The terminal has gone.
            Ok(0) | Err(_) => return,
            Ok(length) => bytes[..length].iter().copied().for_each(&each),
        }
    }
}
