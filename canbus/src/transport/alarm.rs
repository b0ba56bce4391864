//! Sleeping until a moment, as exactly as the system can, so that another thread can end the sleep.

#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
mod clock;

#[cfg_attr(windows, path = "alarm/windows.rs")]
#[cfg_attr(
    all(target_os = "linux", target_pointer_width = "64"),
    path = "alarm/linux.rs"
)]
#[cfg_attr(
    not(any(windows, all(target_os = "linux", target_pointer_width = "64"))),
    path = "alarm/portable.rs"
)]
mod system;

use std::io;

/// Nanoseconds of the clock by which alarms ring. It only goes forward.
#[inline]
pub(crate) fn now() -> u64 {
    system::now()
}

/// What one thread sleeps by and others wake.
pub(crate) struct Alarm(system::Sleeper);

impl Alarm {
    /// Nobody sleeps yet.
    pub(crate) fn new() -> io::Result<Alarm> {
        Ok(Alarm(system::Sleeper::new()?))
    }

    /// Sleeps until the moment, as [`now`] tells it, `None` for ever, or until
    /// [`ring`](Alarm::ring) was called since the last sleep ended. It may end early.
    pub(crate) fn wait_until(&self, moment: Option<u64>) {
        self.0.sleep_until(moment);
    }

    /// Ends the sleep, or else the next one.
    pub(crate) fn ring(&self) {
        self.0.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::{Duration, Instant};

    #[test]
    fn the_clock_goes_as_that_of_the_standard_library() {
        let (start, first) = (Instant::now(), now());
        thread::sleep(Duration::from_millis(20));
        let passed = Duration::from_nanos(now() - first);
        assert!(passed >= Duration::from_millis(20), "{passed:?}");
        assert!(passed <= start.elapsed());
    }

    #[test]
    fn a_sleep_ends_at_its_moment() {
        let alarm = Alarm::new().expect("an alarm");
        for nanos in [0, 300_000, 20_000_000] {
            let start = Instant::now();
            let moment = now() + nanos;
            while now() < moment {
                alarm.wait_until(Some(moment));
            }
            assert!(start.elapsed() >= Duration::from_nanos(nanos));
            assert!(start.elapsed() < Duration::from_secs(5));
        }
    }

    #[test]
    fn ringing_ends_a_sleep_and_is_not_forgotten_before_one() {
        let alarm = Alarm::new().expect("an alarm");
        alarm.ring();
        alarm.wait_until(None);
        let start = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                alarm.ring();
            });
            alarm.wait_until(Some(now() + 300_000_000_000));
        });
        assert!(start.elapsed() < Duration::from_mins(1));
    }
}
