//! Sleeping until a moment, as exactly as the system can, so that another thread can end the sleep.

#[cfg_attr(windows, path = "alarm/windows.rs")]
#[cfg_attr(not(windows), path = "alarm/portable.rs")]
mod system;

use std::io;
use std::time::Instant;

/// What one thread sleeps by and others wake.
pub(crate) struct Alarm(system::Sleeper);

impl Alarm {
    /// Nobody sleeps yet.
    pub(crate) fn new() -> io::Result<Alarm> {
        Ok(Alarm(system::Sleeper::new()?))
    }

    /// Sleeps until the moment, `None` for ever, or until [`ring`](Alarm::ring) was called since
    /// the last sleep ended. It may end early.
    pub(crate) fn wait_until(&self, moment: Option<Instant>) {
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
    use std::time::Duration;

    #[test]
    fn a_sleep_ends_at_its_moment() {
        let alarm = Alarm::new().expect("an alarm");
        for micros in [0, 300, 20_000] {
            let start = Instant::now();
            let moment = start + Duration::from_micros(micros);
            while Instant::now() < moment {
                alarm.wait_until(Some(moment));
            }
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
            alarm.wait_until(Some(start + Duration::from_mins(5)));
        });
        assert!(start.elapsed() < Duration::from_mins(1));
    }
}
