//! Forks, which Python programs do with threads running: a child has the locks of its parent as they
//! were, and not the threads that would release them.
//!
//! What takes locks of the whole process without the interpreter's lock does so inside of
//! [`detached`]; a fork waits until nobody is in there. What waits long is not.

use crate::logging::Hold;
use canbus::{Error, ErrorKind};
use pyo3::prelude::*;
use std::cell::RefCell;
use std::mem;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Who is inside, and who wants to fork.
#[derive(Default)]
struct Gate {
    inside: usize,
    /// Somebody waits until nobody is inside, or forks: who comes now waits.
    forking: bool,
}

static GATE: Mutex<Gate> = Mutex::new(Gate {
    inside: 0,
    forking: false,
});
/// Somebody has come out, or a fork is over.
static CHANGED: Condvar = Condvar::new();

/// How many forks lie between the first process and this one.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// A fork does not wait longer; a device may take its time to open.
const PATIENCE: Duration = Duration::from_secs(2);

thread_local! {
    /// Held from before the fork until after it, so that nobody enters meanwhile, and that nobody
    /// logs, which threads do outside as well.
    static HELD: RefCell<Option<(MutexGuard<'static, Gate>, Hold)>> = const { RefCell::new(None) };
}

fn lock() -> MutexGuard<'static, Gate> {
    GATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many forks lie between the first process and this one.
pub(crate) fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// What belongs to the process that made it. A child that was forked off has a copy, whose locks may
/// be held by threads that are not there, and whose end would be that of what the parent uses: it is
/// neither used nor dropped there.
pub(crate) struct Home<T> {
    /// Gone when it is dropped.
    inner: Option<T>,
    generation: u32,
}

impl<T> Home<T> {
    pub(crate) fn new(inner: T) -> Home<T> {
        Home {
            inner: Some(inner),
            generation: generation(),
        }
    }

    /// What is in it; `None` in a child.
    pub(crate) fn here(&self) -> Option<&T> {
        let here = self.generation == generation();
        self.inner.as_ref().filter(|_| here)
    }

    /// What is in it.
    ///
    /// # Errors
    /// `OperationFailed` in a child.
    pub(crate) fn get(&self) -> canbus::Result<&T> {
        self.here().ok_or_else(|| {
            let why = "the bus was opened before the fork of this process; open one here";
            Error::new(ErrorKind::OperationFailed, why)
        })
    }
}

impl<T> Drop for Home<T> {
    fn drop(&mut self) {
        if self.here().is_none() {
            mem::forget(self.inner.take());
        }
    }
}

struct Inside;

impl Inside {
    fn enter() -> Inside {
        let open = CHANGED.wait_while(lock(), |gate| gate.forking);
        open.unwrap_or_else(PoisonError::into_inner).inside += 1;
        Inside
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut gate = lock();
        gate.inside = gate.inside.saturating_sub(1);
        if gate.forking {
            CHANGED.notify_all();
        }
    }
}

/// Runs something without the interpreter's lock; a fork waits for it.
pub(crate) fn detached<T: Send>(py: Python<'_>, body: impl Send + FnOnce() -> T) -> T {
    let done = py.detach(|| {
        let _inside = Inside::enter();
        body()
    });
    crate::logging::deliver(py);
    done
}

/// Called by Python before a fork.
#[pyfunction]
fn before_fork(py: Python<'_>) {
    // Others may need the interpreter's lock to come out; the guard cannot change threads.
    py.detach(|| {
        let one = CHANGED.wait_while(lock(), |gate| gate.forking);
        let mut gate = one.unwrap_or_else(PoisonError::into_inner);
        gate.forking = true;
        let left = CHANGED.wait_timeout_while(gate, PATIENCE, |gate| gate.inside > 0);
        let (guard, _) = left.unwrap_or_else(PoisonError::into_inner);
        HELD.with_borrow_mut(|held| *held = Some((guard, Hold::new())));
    });
}

/// Called by Python after a fork, in the parent.
#[pyfunction]
fn after_fork() {
    HELD.with_borrow_mut(|held| {
        if let Some((mut gate, _)) = held.take() {
            gate.forking = false;
            CHANGED.notify_all();
        }
    });
}

/// Called by Python after a fork, in the child: the threads that were inside are not there.
#[pyfunction]
fn after_fork_in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    HELD.with_borrow_mut(|held| {
        if let Some((mut gate, records)) = held.take() {
            *gate = Gate::default();
            records.forget();
        }
    });
}

/// Asks Python to call these.
///
/// # Errors
/// What Python raises.
pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    use pyo3::types::PyDict;
    let py = module.py();
    let Ok(register) = py.import("os")?.getattr("register_at_fork") else {
        // A system without forks.
        return Ok(());
    };
    let named = PyDict::new(py);
    named.set_item("before", wrap_pyfunction!(before_fork, module)?)?;
    named.set_item("after_in_parent", wrap_pyfunction!(after_fork, module)?)?;
    named.set_item(
        "after_in_child",
        wrap_pyfunction!(after_fork_in_child, module)?,
    )?;
    register.call((), Some(&named))?;
    Ok(())
}
