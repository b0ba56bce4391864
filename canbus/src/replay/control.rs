//! The clock of a replay, and what other threads do to it: stop, pause, step, change the pace.

use crate::error::{Error, Result};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Controls a [`Replay`](super::Replay) from other threads, also while it waits.
///
/// One control may be given to several replays in turn: pace, pause and stop last.
#[derive(Debug, Clone, Default)]
pub struct ReplayControl {
    shared: Arc<(Mutex<Clock>, Condvar)>,
}

impl ReplayControl {
    /// A control of a replay that runs at the recorded pace.
    pub fn new() -> ReplayControl {
        ReplayControl::default()
    }

    /// Ends the replay: it gives no further message.
    pub fn stop(&self) {
        self.change(|clock, _| clock.stopped = true);
    }

    /// Whether it was stopped.
    pub fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Holds the replay until [`resume`](Self::resume): the clock stands still.
    pub fn pause(&self) {
        self.change(|clock, now| {
            clock.rebase(now);
            clock.paused = true;
        });
    }

    /// Lets it go on where it was paused.
    pub fn resume(&self) {
        self.change(|clock, now| {
            clock.rebase(now);
            clock.paused = false;
            clock.steps = 0;
        });
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.lock().paused
    }

    /// Gives the next message of a paused replay at once, and moves the clock to it. While it is not
    /// paused nothing happens.
    pub fn step(&self) {
        self.change(|clock, _| {
            if clock.paused {
                clock.steps = clock.steps.saturating_add(1);
            }
        });
    }

    /// Plays so many times as fast as it was recorded: 2 is double, 0.5 half the pace. The gap and
    /// the longest pause of the schedule are shorter or longer with everything else.
    ///
    /// # Errors
    /// `InvalidInput` unless it is a number above 0.
    pub fn set_speed(&self, speed: f64) -> Result<()> {
        if !(speed.is_finite() && speed > 0.0) {
            let text = format!("speed is {speed}, but expected a number above 0");
            return Err(Error::invalid(text));
        }
        self.change(|clock, now| {
            clock.rebase(now);
            clock.speed = speed;
        });
        Ok(())
    }

    /// How many times as fast as it was recorded it plays.
    pub fn speed(&self) -> f64 {
        self.lock().speed
    }

    /// Shifts the schedule by what the message that was given last came late: those behind it keep
    /// their distance to it, instead of making good what was missed. For a process that had been
    /// stopped. While it is paused nothing happens: a paused clock stands still.
    pub fn shift_by_lateness(&self) {
        self.change(Clock::shift_to_last);
    }

    /// Lets the clock begin with the next message that is waited for.
    pub(super) fn restart(&self) {
        self.change(|clock, _| clock.base = None);
    }

    /// Waits until a message is due, counted from the first, or stepped to; `None` if it was stopped
    /// instead.
    pub(super) fn wait_for(&self, due: Duration) -> Option<Turn> {
        let mut clock = self.lock();
        loop {
            let now = Instant::now();
            let left = match clock.look(due, now) {
                Look::Stopped => return None,
                Look::Now(turn) => return Some(turn),
                Look::Wait(left) => left,
            };
            let changed = &self.shared.1;
            clock = match left {
                None => changed.wait(clock).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = changed.wait_timeout(clock, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Clock> {
        // The clock is whole even if somebody panicked while holding it.
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Clock, Instant)) {
        change(&mut self.lock(), Instant::now());
        self.shared.1.notify_all();
    }
}

/// Why it is a message's turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is due, since this moment.
    Due(Instant),
    /// It was stepped to.
    Stepped,
}

/// What a look at the clock says of a message.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    Stopped,
    Now(Turn),
    /// It is due in so long; `None` for never as things are.
    Wait(Option<Duration>),
}

/// Which moment is which of the schedule, without a look at the time.
#[derive(Debug)]
struct Clock {
    stopped: bool,
    paused: bool,
    steps: u64,
    speed: f64,
    /// A moment, and where the schedule was then. All that follows is counted from it, so that
    /// nothing adds up.
    base: Option<(Instant, Duration)>,
    /// Where the message is in the schedule that was given last.
    last: Duration,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock {
            stopped: false,
            paused: false,
            steps: 0,
            speed: 1.0,
            base: None,
            last: Duration::ZERO,
        }
    }
}

impl Clock {
    fn look(&mut self, due: Duration, now: Instant) -> Look {
        if self.stopped {
            return Look::Stopped;
        }
        if self.paused {
            if self.steps == 0 {
                return Look::Wait(None);
            }
            self.steps -= 1;
            self.base = Some((now, due));
            self.last = due;
            return Look::Now(Turn::Stepped);
        }
        let (base, position) = *self.base.get_or_insert((now, due));
        let distance = self.real(due.saturating_sub(position));
        // A moment beyond what the clock can hold never comes.
        match base.checked_add(distance) {
            Some(moment) if moment <= now => {
                self.last = due;
                Look::Now(Turn::Due(moment))
            }
            Some(moment) => Look::Wait(Some(moment.saturating_duration_since(now))),
            None => Look::Wait(None),
        }
    }

    /// Counts from now on as if the message that was given last were due only now.
    fn shift_to_last(&mut self, now: Instant) {
        if !self.paused && self.base.is_some() {
            self.base = Some((now, self.last));
        }
    }

    /// Counts from now on, so that pace or pause can change.
    fn rebase(&mut self, now: Instant) {
        if let Some((base, position)) = &mut self.base {
            if !self.paused {
                let passed = now.saturating_duration_since(*base).as_nanos() as f64;
                let passed = Duration::from_nanos((passed * self.speed) as u64);
                *position = position.saturating_add(passed);
            }
            *base = now;
        }
    }

    /// How long a time of the schedule takes at this pace; exact at the recorded one.
    fn real(&self, scheduled: Duration) -> Duration {
        if self.speed.to_bits() == 1.0_f64.to_bits() {
            return scheduled;
        }
        let seconds = scheduled.as_secs_f64() / self.speed;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_clock_begins_with_the_first_message() {
        let (mut clock, start) = (Clock::default(), Instant::now());
        assert_eq!(clock.look(millis(5), start), Look::Now(Turn::Due(start)));
        assert_eq!(clock.look(millis(25), start), Look::Wait(Some(millis(20))));
        let late = start + millis(30);
        assert_eq!(
            clock.look(millis(25), late),
            Look::Now(Turn::Due(start + millis(20)))
        );
    }

    #[test]
    fn the_pace_changes_what_is_still_to_come() {
        let (mut clock, start) = (Clock::default(), Instant::now());
        clock.look(Duration::ZERO, start);
        clock.rebase(start + millis(100));
        clock.speed = 2.0;
        let now = start + millis(100);
        assert_eq!(clock.look(millis(300), now), Look::Wait(Some(millis(100))));
        clock.rebase(start + millis(150));
        clock.speed = 0.5;
        let now = start + millis(150);
        assert_eq!(clock.look(millis(300), now), Look::Wait(Some(millis(200))));
    }

    #[test]
    fn a_paused_clock_stands_and_steps() {
        let (mut clock, start) = (Clock::default(), Instant::now());
        clock.look(Duration::ZERO, start);
        clock.rebase(start + millis(10));
        clock.paused = true;
        assert_eq!(
            clock.look(millis(30), start + millis(500)),
            Look::Wait(None)
        );
        clock.rebase(start + millis(1000));
        clock.paused = false;
        let now = start + millis(1000);
        assert_eq!(clock.look(millis(30), now), Look::Wait(Some(millis(20))));
        // A step moves it to the message.
        clock.rebase(now);
        clock.paused = true;
        clock.steps = 1;
        assert_eq!(clock.look(millis(30), now), Look::Now(Turn::Stepped));
        assert_eq!(clock.look(millis(40), now), Look::Wait(None));
        clock.rebase(now);
        clock.paused = false;
        assert_eq!(clock.look(millis(40), now), Look::Wait(Some(millis(10))));
    }

    #[test]
    fn what_is_late_is_not_made_good_after_a_shift() {
        let (mut clock, start) = (Clock::default(), Instant::now());
        clock.look(millis(5), start);
        // Stopped for half a second while the next was waited for.
        let now = start + millis(500);
        let due = Look::Now(Turn::Due(start + millis(10)));
        assert_eq!(clock.look(millis(15), now), due);
        clock.shift_to_last(now);
        assert_eq!(clock.look(millis(25), now), Look::Wait(Some(millis(10))));
        // Of a paused clock nothing is late.
        clock.rebase(now + millis(4));
        clock.paused = true;
        clock.shift_to_last(now + millis(900));
        clock.rebase(now + millis(900));
        clock.paused = false;
        let resumed = now + millis(900);
        assert_eq!(clock.look(millis(25), resumed), Look::Wait(Some(millis(6))));
    }

    #[test]
    fn a_million_messages_do_not_drift_by_a_nanosecond() {
        let (mut clock, start) = (Clock::default(), Instant::now());
        clock.look(Duration::ZERO, start);
        let mut now = start;
        for number in 1..=1_000_000_u64 {
            let due = Duration::from_nanos(number * 333_333);
            // Each message is looked for late.
            now = start + due + Duration::from_nanos(77);
            assert_eq!(clock.look(due, now), Look::Now(Turn::Due(start + due)));
        }
        assert!(now > start);
    }

    #[test]
    fn a_speed_is_a_number_above_0() {
        let control = ReplayControl::new();
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(control.set_speed(wrong).is_err());
        }
        control.set_speed(0.25).expect("a number above 0");
        assert!((control.speed() - 0.25).abs() < f64::EPSILON);
    }
}
