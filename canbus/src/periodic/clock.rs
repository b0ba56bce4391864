//! The time of this room: nanoseconds of a clock that only goes forward, and sleeping until a
//! moment.

use crate::error::Result;
use crate::transport::alarm::{self, Alarm};
use std::time::Duration;

/// A moment that never comes.
pub(super) const NEVER: u64 = u64::MAX;

/// Nanoseconds of the clock.
#[inline]
pub(super) fn now() -> u64 {
    alarm::now()
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
        self.0.wait_until((moment != NEVER).then_some(moment));
    }

    pub(super) fn wake(&self) {
        self.0.ring();
    }
}
