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
use std::time::Duration;

/// How often it is looked whether to end, and whether the terminal is ours.
const SLICE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// How long it is waited in the background for the foreground.
const BACKGROUND: Duration = Duration::from_millis(50);

/// How the terminal was before, as long as it is different; for ends that no value outlives.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// Leaves the terminal as it was found, if it was changed.
pub(crate) fn restore() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    // In the background somebody else has it, as he likes it.
    if let Some(before) = before.filter(|_| is_in_foreground()) {
        // A terminal that has gone needs nothing.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &before);
    }
}

/// Whether this process stands in the foreground of the terminal. In its background to read from it
/// or to change it would stop us.
fn is_in_foreground() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp())
}

/// Lets characters come one by one again, if that was undone: after Ctrl-Z and `fg` shells leave the
/// terminal as they use it themselves.
fn keep(one_by_one: &Termios) {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    let is_changed = |now: &Termios| {
        let modes = LocalModes::ICANON | LocalModes::ECHO;
        now.local_modes.intersects(modes)
    };
    if before.is_some() && tcgetattr(stdin()).is_ok_and(|now| is_changed(&now)) {
        // What fails is tried again.
        let _ = tcsetattr(stdin(), OptionalActions::Now, one_by_one);
    }
}

/// The keys, watched on a thread of their own.
pub(crate) struct Watched {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watched {
    /// Gives each byte that is typed; `None` if the standard input is no terminal, or one in whose
    /// background we are.
    pub(crate) fn start(each: impl Fn(u8) + Send + 'static) -> Option<Watched> {
        let before = tcgetattr(stdin()).ok()?;
        if !is_in_foreground() {
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
                keys.spawn(move || watch(&watching, &one_by_one, each)).ok()
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

fn watch(ended: &AtomicBool, one_by_one: &Termios, each: impl Fn(u8)) {
    while !ended.load(Ordering::Relaxed) {
        if !is_in_foreground() {
            thread::sleep(BACKGROUND);
            continue;
        }
        keep(one_by_one);
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
