//! Reading beside the conversion, for pipes: they may keep a reader waiting for ever, and whoever
//! waits in there could not end when a signal says so.

use super::sources::{Plan, Sources};
use crate::exit::Failure;
use canbus::{Error, ErrorKind, Message, Result};
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

/// How many messages wait at most until they are taken.
const ROOM: usize = 4096;
/// How often to look whether to end.
const LOOK: Duration = Duration::from_millis(50);

/// What comes next.
pub(super) enum Next {
    Message(Message),
    Error(Error),
    /// Nothing is there at the moment.
    Pause,
    End,
}

/// The messages, read here or on a thread.
pub(super) enum Feed {
    Here(Sources),
    Beside(Beside),
}

/// What the reading thread has brought.
pub(super) struct Beside {
    shared: Arc<Shared>,
    taken: VecDeque<Result<Message>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    items: VecDeque<Result<Message>>,
    ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Feed {
    /// Opens the logs; `None` if it was interrupted while that took its time: opening a pipe waits
    /// for who writes it.
    pub(super) fn open(
        plan: Arc<Plan>,
        paths: Vec<PathBuf>,
        interrupted: &AtomicBool,
    ) -> Result<Option<Feed>, Failure> {
        if paths
            .iter()
            .all(|path| super::sources::is_file(path) || !path.exists())
        {
            let is_standard = |path: &PathBuf| path.as_os_str() == super::sources::STANDARD;
            if !paths.iter().any(is_standard) {
                return Sources::open(&plan, &paths).map(|sources| Some(Feed::Here(sources)));
            }
        }
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let (tell, opened) = mpsc::channel();
        thread::Builder::new()
            .name("reading".into())
            .spawn(move || read(&plan, &paths, &own, &tell))
            .map_err(|error| Error::from(error).context("cannot start a reading thread"))?;
        loop {
            match opened.recv_timeout(LOOK) {
                Ok(done) => {
                    done?;
                    let taken = VecDeque::new();
                    return Ok(Some(Feed::Beside(Beside { shared, taken })));
                }
                Err(mpsc::RecvTimeoutError::Timeout) if interrupted.load(Ordering::Relaxed) => {
                    return Ok(None);
                }
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    let text = "the reading thread ended";
                    return Err(Error::new(ErrorKind::OperationFailed, text).into());
                }
            }
        }
    }

    /// Messages that are at hand, at most so many; where there are none, `next` knows more.
    #[inline]
    pub(super) fn ready(&mut self, most: usize) -> &[Message] {
        match self {
            Feed::Here(sources) => sources.ready(most),
            Feed::Beside(_) => &[],
        }
    }

    #[inline]
    pub(super) fn next(&mut self) -> Next {
        let next = match self {
            Feed::Here(sources) => sources.next(),
            Feed::Beside(beside) => match beside.taken.pop_front() {
                None => return beside.wait(),
                next => next,
            },
        };
        of_item(next)
    }
}

fn of_item(item: Option<Result<Message>>) -> Next {
    match item {
        Some(Ok(message)) => Next::Message(message),
        Some(Err(error)) => Next::Error(error),
        None => Next::End,
    }
}

impl Beside {
    /// Takes all that is there; waits a little if there is nothing.
    fn wait(&mut self) -> Next {
        let mut state = self.shared.lock();
        if state.items.is_empty() && !state.ended {
            let waited = self.shared.changed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        std::mem::swap(&mut self.taken, &mut state.items);
        self.shared.changed.notify_all();
        if self.taken.is_empty() && !state.ended {
            return Next::Pause;
        }
        of_item(self.taken.pop_front())
    }
}

/// What the reading thread does.
fn read(
    plan: &Arc<Plan>,
    paths: &[PathBuf],
    shared: &Shared,
    tell: &mpsc::Sender<Result<(), Failure>>,
) {
    let (sources, told) = match Sources::open(plan, paths) {
        Ok(sources) => (Some(sources), Ok(())),
        Err(failure) => (None, Err(failure)),
    };
    // Nobody waits for it any more: the command ends.
    if tell.send(told).is_err() {
        return;
    }
    for item in sources.into_iter().flatten() {
        let mut state = shared.lock();
        while state.items.len() >= ROOM {
            let woken = shared.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
        state.items.push_back(item);
        if state.items.len() == 1 {
            shared.changed.notify_all();
        }
    }
    shared.lock().ended = true;
    shared.changed.notify_all();
}
