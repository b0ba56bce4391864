//! What the library logs, in Python's `logging`, under the names that python-can's loggers have.
//!
//! The library logs on any thread and with locks held, where Python must not be called. So the records
//! wait until the next call from Python that comes by here.

use log::{Level, LevelFilter, Log, Metadata, Record};
use pyo3::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The most records that wait; more are left out.
const MOST: usize = 1000;

struct ToPython;

struct Waiting {
    level: u8,
    logger: String,
    text: String,
}

static RECORDS: Mutex<Vec<Waiting>> = Mutex::new(Vec::new());
/// Whether there are any; read at every call.
static ANY: AtomicBool = AtomicBool::new(false);

fn records() -> MutexGuard<'static, Vec<Waiting>> {
    RECORDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps all threads from logging, for a fork: a child would find the lock held for ever by a thread
/// that it does not have.
pub(crate) struct Hold(MutexGuard<'static, Vec<Waiting>>);

impl Hold {
    pub(crate) fn new() -> Hold {
        Hold(records())
    }

    /// In a child: what waits is told by the parent.
    pub(crate) fn forget(mut self) {
        self.0.clear();
        ANY.store(false, Ordering::Release);
    }
}

impl Log for ToPython {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Debug && metadata.target().starts_with("canbus")
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut records = records();
        if records.len() < MOST {
            records.push(Waiting {
                // Python's numbers for ERROR, WARNING, INFO and DEBUG.
                level: match record.level() {
                    Level::Error => 40,
                    Level::Warn => 30,
                    Level::Info => 20,
                    _ => 10,
                },
                logger: logger(record.target()),
                text: record.args().to_string(),
            });
            ANY.store(true, Ordering::Release);
        }
    }

    fn flush(&self) {}
}

/// The logger for a room of the library.
fn logger(target: &str) -> String {
    let mut rooms = target.split("::").skip(1);
    match (rooms.next(), rooms.next()) {
        (Some("backends"), Some(backend)) => format!("can.interfaces.{backend}"),
        (Some("formats"), Some(format)) => format!("can.io.{format}"),
        (Some(room), _) => format!("can.{room}"),
        (None, _) => "can".into(),
    }
}

/// Begins to listen.
pub(crate) fn init() {
    // Another module of the same process may listen already.
    if log::set_logger(&ToPython).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

/// Hands over what waits.
pub(crate) fn deliver(py: Python<'_>) {
    if !ANY.swap(false, Ordering::AcqRel) {
        return;
    }
    let records = std::mem::take(&mut *records());
    for Waiting {
        level,
        logger,
        text,
    } in records
    {
        let logged = py
            .import("logging")
            .and_then(|logging| logging.call_method1("getLogger", (logger,)))
            // The text is no format.
            .and_then(|logger| logger.call_method1("log", (level, "%s", text)));
        if let Err(error) = logged {
            error.write_unraisable(py, None);
        }
    }
}
