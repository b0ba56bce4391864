//! The time of this room: nanoseconds since its first use, and sleeping until a moment.

use crate::error::Result;
use crate::transport::alarm::Alarm;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// A moment that never comes.
pub(super) const NEVER: u64 = u64::MAX;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds since the clock was first looked at. They last for 584 years.
pub(super) fn now() -> u64 {
    nanos(START.elapsed())
}

/// A time in nanoseconds; what does not fit, never comes.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(NEVER)
}

/// Where the scheduler sleeps.
pub(super) struct Bed(Alarm);

impl Bed {
    pub(super) fn new() -> Result<Bed> {
        Ok(Bed(Alarm::new()?))
    }

    /// Sleeps until the moment, or until somebody has called [`wake`](Bed::wake) since the last
    /// sleep ended.
    pub(super) fn sleep_until(&self, moment: u64) {
        let at = match moment {
            NEVER => None,
            moment => START.checked_add(Duration::from_nanos(moment)),
        };
        self.0.wait_until(at);
    }

    pub(super) fn wake(&self) {
        self.0.ring();
    }
}
