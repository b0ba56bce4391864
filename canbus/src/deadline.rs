//! One deadline for a whole operation: however many waits it takes, they share it.

use std::time::{Duration, Instant};

/// The moment at which waiting ends.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Deadline {
    Never,
    /// It has passed already. No clock is asked, which is a call into the kernel on some machines.
    Passed,
    At(Instant),
}

impl Deadline {
    /// `timeout` from now; `None`, or a time beyond what the clock can hold, means never.
    pub(crate) fn after(timeout: Option<Duration>) -> Deadline {
        match timeout {
            None => Deadline::Never,
            Some(Duration::ZERO) => Deadline::Passed,
            Some(timeout) => {
                let end = Instant::now().checked_add(timeout);
                end.map_or(Deadline::Never, Deadline::At)
            }
        }
    }

    /// The time that is left: `None` for ever, zero when the deadline has passed.
    pub(crate) fn remaining(self) -> Option<Duration> {
        match self {
            Deadline::Never => None,
            Deadline::Passed => Some(Duration::ZERO),
            Deadline::At(end) => Some(end.saturating_duration_since(Instant::now())),
        }
    }

    /// Whether the deadline has passed.
    pub(crate) fn is_over(self) -> bool {
        self.remaining().is_some_and(|left| left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_timeout_never_ends_and_zero_is_over_at_once() {
        let never = Deadline::after(None);
        assert_eq!(never.remaining(), None);
        assert!(!never.is_over());
        assert!(!Deadline::after(Some(Duration::MAX)).is_over());
        assert!(Deadline::after(Some(Duration::ZERO)).is_over());
    }

    #[test]
    fn the_time_left_shrinks() {
        let deadline = Deadline::after(Some(Duration::from_mins(1)));
        let left = deadline.remaining().expect("a deadline");
        assert!(left <= Duration::from_mins(1) && left > Duration::from_secs(50));
        assert!(!deadline.is_over());
    }
}
