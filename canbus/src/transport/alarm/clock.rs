//! The clock of systems whose own one the standard library does not show: its time since the first
//! look at it. It lasts for 584 years.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

pub(super) fn now() -> u64 {
    u64::try_from(START.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// How long it is until then.
pub(super) fn until(moment: u64) -> Duration {
    Duration::from_nanos(moment.saturating_sub(now()))
}
