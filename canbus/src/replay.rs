//! Messages at the pace at which they were recorded.

mod schedule;

pub use schedule::Schedule;

use crate::error::Result;
use crate::message::Message;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Gives the messages of a log one after the other, each when it is due.
///
/// Waiting is against an absolute schedule: what one message comes late, the next makes good.
///
/// ```
/// use canbus::{Frame, Id, Message, Replay, Schedule, Timestamp};
/// use std::time::{Duration, Instant};
/// # fn main() -> canbus::Result<()> {
/// let frame = Frame::data(Id::standard(1)?, &[])?;
/// let log = [0, 10_000_000].map(|nanos| Ok(Message::received(frame, Timestamp::from_nanos(nanos))));
/// let start = Instant::now();
/// assert_eq!(Replay::new(log.into_iter(), Schedule::recorded()).count(), 2);
/// assert!(start.elapsed() >= Duration::from_millis(10));
/// # Ok(())
/// # }
/// ```
pub struct Replay<I> {
    messages: I,
    schedule: Schedule,
    start: Option<Instant>,
    stopper: ReplayStopper,
}

/// Ends a [`Replay`] from another thread, also while it waits.
#[derive(Debug, Clone, Default)]
pub struct ReplayStopper {
    state: Arc<(Mutex<bool>, Condvar)>,
}

impl ReplayStopper {
    /// Ends the replay: it gives no further message.
    pub fn stop(&self) {
        *self.state.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.state.1.notify_all();
    }

    /// Waits until the moment has come, `None` for ever; false if it was stopped instead.
    fn wait_until(&self, moment: Option<Instant>) -> bool {
        let mut stopped = self.state.0.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = moment.map(|moment| moment.saturating_duration_since(Instant::now()));
            if *stopped || left.is_some_and(|left| left.is_zero()) {
                return !*stopped;
            }
            stopped = match left {
                None => self
                    .state
                    .1
                    .wait(stopped)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = self.state.1.wait_timeout(stopped, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

impl<I: Iterator<Item = Result<Message>>> Replay<I> {
    /// Replays messages on a schedule. Time starts with the first one.
    pub fn new(messages: I, schedule: Schedule) -> Replay<I> {
        Replay {
            messages,
            schedule,
            start: None,
            stopper: ReplayStopper::default(),
        }
    }

    /// A handle that ends it.
    pub fn stopper(&self) -> ReplayStopper {
        self.stopper.clone()
    }
}

impl<I: Iterator<Item = Result<Message>>> Iterator for Replay<I> {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Result<Message>> {
        let message = match self.messages.next()? {
            Ok(message) => message,
            Err(error) => return Some(Err(error)),
        };
        let due = self.schedule.due(message.timestamp);
        let start = *self.start.get_or_insert_with(Instant::now);
        // A moment beyond what the clock can hold never comes; then only stopping ends the wait.
        let in_time = self.stopper.wait_until(start.checked_add(due));
        in_time.then_some(Ok(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::frame::{Frame, Id};
    use crate::message::Timestamp;
    use std::thread;
    use std::time::Duration;

    fn log(times: &[i64]) -> impl Iterator<Item = Result<Message>> {
        let frame = Frame::data(Id::standard(1).expect("fits"), &[]).expect("valid");
        let messages: Vec<_> = times
            .iter()
            .map(|&millis| {
                Ok(Message::received(
                    frame,
                    Timestamp::from_nanos(millis * 1_000_000),
                ))
            })
            .collect();
        messages.into_iter()
    }

    #[test]
    fn messages_come_when_they_are_due_and_not_before() {
        let mut replay = Replay::new(log(&[1000, 1030, 1060]), Schedule::recorded());
        let start = Instant::now();
        assert!(replay.next().is_some());
        assert!(start.elapsed() < Duration::from_millis(25));
        assert!(replay.next().is_some());
        assert!(start.elapsed() >= Duration::from_millis(30));
        // The schedule is absolute: a slow consumer is not waited for again.
        thread::sleep(Duration::from_millis(40));
        let late = Instant::now();
        assert!(replay.next().is_some());
        assert!(late.elapsed() < Duration::from_millis(20));
        assert!(replay.next().is_none());
    }

    #[test]
    fn stopping_ends_a_wait_at_once() {
        let mut replay = Replay::new(log(&[0, 3_600_000]), Schedule::recorded());
        let stopper = replay.stopper();
        assert!(replay.next().is_some());
        let start = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                stopper.stop();
            });
            assert!(replay.next().is_none());
        });
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_moment_beyond_the_clock_never_comes_but_can_be_stopped() {
        let mut replay = Replay::new(log(&[0, 0]), Schedule::every(Duration::MAX));
        let stopper = replay.stopper();
        assert!(replay.next().is_some());
        let start = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                stopper.stop();
            });
            assert!(replay.next().is_none());
        });
        assert!(start.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn errors_of_the_log_pass_through() {
        let broken = std::iter::once(Err(Error::invalid("broken"))).chain(log(&[5]));
        let mut replay = Replay::new(broken, Schedule::recorded());
        assert!(matches!(replay.next(), Some(Err(_))));
        assert!(matches!(replay.next(), Some(Ok(_))));
        assert!(replay.next().is_none());
    }
}
