//! Messages at the pace at which they were recorded.

mod control;
mod schedule;

pub use control::ReplayControl;
pub use schedule::Schedule;

use crate::error::Result;
use crate::message::Message;
use control::Turn;
use std::time::Instant;

/// Gives the messages of a log one after the other, each when it is due.
///
/// Waiting is against an absolute schedule: what one message comes late, the next makes good. It is
/// python-can's `MessageSync`, whose default gap and skip are `Schedule::recorded().skip(…)` with
/// one minute. A [`ReplayControl`] stops, pauses and steps it, or changes its pace.
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
    control: ReplayControl,
    begun: bool,
    due: Option<Instant>,
}

impl<I: Iterator<Item = Result<Message>>> Replay<I> {
    /// Replays messages on a schedule. Time starts with the first one.
    pub fn new(messages: I, schedule: Schedule) -> Replay<I> {
        Replay {
            messages,
            schedule,
            control: ReplayControl::new(),
            begun: false,
            due: None,
        }
    }

    /// The same replay with a control that there is already.
    #[must_use]
    pub fn controlled_by(self, control: &ReplayControl) -> Replay<I> {
        Replay {
            control: control.clone(),
            ..self
        }
    }

    /// A handle that controls it.
    pub fn control(&self) -> ReplayControl {
        self.control.clone()
    }

    /// When the message that was given last was due; `None` before the first, and for one that was
    /// stepped to.
    pub fn due(&self) -> Option<Instant> {
        self.due
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
        if !self.begun {
            self.begun = true;
            self.control.restart();
        }
        self.due = match self.control.wait_for(due)? {
            Turn::Due(moment) => Some(moment),
            Turn::Stepped => None,
        };
        Some(Ok(message))
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
        let control = replay.control();
        assert!(replay.next().is_some());
        let start = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                control.stop();
            });
            assert!(replay.next().is_none());
        });
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_moment_beyond_the_clock_never_comes_but_can_be_stopped() {
        let mut replay = Replay::new(log(&[0, 0]), Schedule::every(Duration::MAX));
        let control = replay.control();
        assert!(replay.next().is_some());
        let start = Instant::now();
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(20));
                control.stop();
            });
            assert!(replay.next().is_none());
        });
        assert!(start.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn a_paused_replay_gives_only_what_is_stepped_to() {
        let mut replay = Replay::new(log(&[0, 3_600_000, 3_600_050]), Schedule::recorded());
        let control = replay.control();
        assert!(replay.next().is_some());
        assert!(replay.due().is_some());
        thread::scope(|scope| {
            scope.spawn(|| {
                control.step();
                control.pause();
                assert!(control.is_paused());
                control.step();
            });
            assert!(replay.next().is_some());
        });
        assert_eq!(replay.due(), None);
        let resumed = Instant::now();
        control.resume();
        assert!(replay.next().is_some());
        assert!(resumed.elapsed() >= Duration::from_millis(50));
        assert!(resumed.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_faster_replay_takes_less_time_and_a_control_lasts() {
        let control = ReplayControl::new();
        control.set_speed(100.0).expect("above 0");
        let start = Instant::now();
        for _ in 0..2 {
            let replay = Replay::new(log(&[0, 5000]), Schedule::recorded());
            assert_eq!(replay.controlled_by(&control).count(), 2);
        }
        let took = start.elapsed();
        assert!(took >= Duration::from_millis(100), "{took:?}");
        assert!(took < Duration::from_secs(4), "{took:?}");
        control.stop();
        let mut after = Replay::new(log(&[0]), Schedule::recorded()).controlled_by(&control);
        assert!(after.next().is_none() && control.is_stopped());
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
