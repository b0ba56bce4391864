//! Waiting from Python: with a deadline, and so that Ctrl-C ends it at once.

use pyo3::prelude::*;
use std::time::{Duration, Instant};

/// How long a wait lasts before signals are looked at, on the thread that receives them.
const LOOK_FOR_SIGNALS: Duration = Duration::from_millis(20);
/// How long on any other thread, where nobody has to look.
const LONG: Duration = Duration::from_hours(1);

/// A wait that goes on in slices.
pub(crate) struct Waiting {
    deadline: Option<Instant>,
    longest: Duration,
}

impl Waiting {
    /// A wait of so many seconds; none waits for ever.
    ///
    /// # Errors
    /// What Python raises if it does not know its threads.
    pub(crate) fn new(py: Python<'_>, seconds: Option<f64>) -> PyResult<Waiting> {
        let threading = py.import("threading")?;
        let current = threading.call_method0("get_ident")?;
        let main = threading.call_method0("main_thread")?.getattr("ident")?;
        Ok(Waiting {
            deadline: seconds.and_then(|seconds| {
                let time = Duration::try_from_secs_f64(seconds.max(0.0)).ok()?;
                Instant::now().checked_add(time)
            }),
            longest: if current.eq(main)? {
                LOOK_FOR_SIGNALS
            } else {
                LONG
            },
        })
    }

    /// How long to wait now.
    pub(crate) fn slice(&self) -> Duration {
        match self.deadline {
            Some(deadline) => deadline
                .saturating_duration_since(Instant::now())
                .min(self.longest),
            None => self.longest,
        }
    }

    /// Between two slices: lets Python handle signals. False if the time is up.
    ///
    /// # Errors
    /// What a handler raises, as `KeyboardInterrupt`.
    pub(crate) fn goes_on(&self, py: Python<'_>) -> PyResult<bool> {
        py.check_signals()?;
        Ok(self
            .deadline
            .is_none_or(|deadline| Instant::now() < deadline))
    }
}
