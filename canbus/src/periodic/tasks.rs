//! The periodic tasks of a bus, which end with it.

use super::sync::{Arc, Mutex, MutexGuard, PoisonError};
use super::task::Shared;
use crate::error::{Error, ErrorKind, Result};

/// All tasks of a bus.
#[derive(Default)]
pub(crate) struct Tasks(Mutex<Listed>);

#[derive(Default)]
struct Listed {
    closed: bool,
    tasks: Vec<Arc<Shared>>,
}

impl Tasks {
    fn lock(&self) -> MutexGuard<'_, Listed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a task in, so that it runs on without its handle and ends with the bus.
    pub(super) fn add(&self, task: &Arc<Shared>) -> Result<()> {
        let mut listed = self.lock();
        if listed.closed {
            return Err(Error::new(ErrorKind::Closed, "the bus is closed"));
        }
        // What has ended and is held by nobody else cannot be started any more.
        let ended: Vec<_> = listed
            .tasks
            .extract_if(.., |one| Arc::strong_count(one) == 1 && !one.is_running())
            .collect();
        listed.tasks.push(Arc::clone(task));
        drop(listed);
        // Not under the lock: what its closures hold may be this bus.
        drop(ended);
        Ok(())
    }

    /// Stops every task; they can be started again.
    pub(crate) fn stop_all(&self) -> Result<()> {
        // Not under the lock: a task that is waited for may ask for the same.
        let tasks = self.lock().tasks.clone();
        first_error(tasks.iter().map(|task| task.stop()))
    }

    /// Ends every task for good and takes in no more.
    pub(crate) fn close(&self) -> Result<()> {
        let tasks = {
            let mut listed = self.lock();
            listed.closed = true;
            std::mem::take(&mut listed.tasks)
        };
        first_error(tasks.iter().map(|task| task.close()))
    }
}

/// Does all of it, and tells the first error there was.
fn first_error(all: impl Iterator<Item = Result<()>>) -> Result<()> {
    let mut first = Ok(());
    for one in all {
        first = first.and(one);
    }
    first
}
