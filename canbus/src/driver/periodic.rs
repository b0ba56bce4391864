//! Periodic sending as a driver may take it over: what is sent and when, and the handle of a task
//! that a kernel or an adapter carries out.

use super::Description;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::message::Channel;
use std::sync::Arc;
use std::time::Duration;

/// What a periodic task sends, and when: the part of it that a kernel or an adapter can carry out.
///
/// The first frame is sent at the start. Several frames are sent in turn, one a period, and from
/// the first again after the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodicSpec {
    /// The frames, at least one.
    pub frames: Vec<Frame>,
    /// The channel to send on, where the bus has several.
    pub to: Option<Channel>,
    /// From one frame to the next; not zero.
    pub period: Duration,
    /// A first part at another rate: its last frame is followed, `period` later, by the rest.
    pub first: Option<Rate>,
    /// How many frames in all, the first part included; `None` endlessly. A frame that the bus
    /// refused counts too.
    pub count: Option<u64>,
}

/// So many frames, so far from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// How many frames, at least one.
    pub count: u64,
    /// From one frame to the next; not zero.
    pub period: Duration,
}

impl PeriodicSpec {
    /// These frames at this period, endlessly, on the bus's only channel.
    pub fn new(frames: &[Frame], period: Duration) -> PeriodicSpec {
        PeriodicSpec {
            frames: frames.to_vec(),
            to: None,
            period,
            first: None,
            count: None,
        }
    }

    /// Refuses what cannot be sent on this bus, before anything is sent.
    ///
    /// # Errors
    /// `InvalidInput` for no frames, a period of zero or a count of zero; else as
    /// [`Description::check_sendable`] for each frame.
    pub fn check(&self, bus: &Description) -> Result<()> {
        if self.frames.is_empty() {
            return Err(Error::invalid("a periodic task needs at least one frame"));
        }
        let periods = [Some(self.period), self.first.map(|rate| rate.period)];
        if periods.into_iter().flatten().any(|period| period.is_zero()) {
            return Err(Error::invalid("a period is more than zero"));
        }
        if self.count == Some(0) || self.first.is_some_and(|rate| rate.count == 0) {
            return Err(Error::invalid("a periodic task sends at least one frame"));
        }
        let mut frames = self.frames.iter();
        frames.try_for_each(|frame| bus.check_sendable(frame, self.to))
    }

    /// Refuses frames that cannot take the place of this task's: another number of them, other
    /// arbitration IDs, or what the bus cannot send.
    ///
    /// # Errors
    /// `InvalidInput`; else as [`Description::check_sendable`].
    pub fn check_replacement(&self, frames: &[Frame], bus: &Description) -> Result<()> {
        if frames.len() != self.frames.len() {
            return Err(Error::invalid(format!(
                "the task has {} frames, which {} cannot replace",
                self.frames.len(),
                frames.len()
            )));
        }
        for (old, new) in self.frames.iter().zip(frames) {
            if old.id() != new.id() {
                return Err(Error::invalid(format!(
                    "the task sends arbitration ID {}, which {} cannot replace",
                    old.id(),
                    new.id()
                )));
            }
            bus.check_sendable(new, self.to)?;
        }
        Ok(())
    }

    /// From the frame of this number, counted from 0, to the next; `None` behind the last one.
    pub fn pause_after(&self, number: u64) -> Option<Duration> {
        let next = number.checked_add(1)?;
        if self.count.is_some_and(|count| next >= count) {
            return None;
        }
        let rate = self.first.filter(|rate| next < rate.count);
        Some(rate.map_or(self.period, |rate| rate.period))
    }
}

/// A periodic task that a kernel or an adapter carries out. Dropping it ends it.
///
/// The bus calls `start`, `stop` and `modify` of one task one at a
/// time, ends it before the driver is closed, and has checked what it passes.
pub trait NativeTask: Send + Sync {
    /// Begins from the first frame, with the full count, now. Called only while it does not run.
    ///
    /// # Errors
    /// `OperationFailed`, `DeviceLost`; nothing is sent then.
    fn start(&self) -> Result<()>;

    /// Ends it: once this has returned, no further frame is handed to the bus. A task that has
    /// ended stays as it is.
    ///
    /// # Errors
    /// `OperationFailed`, `DeviceLost`.
    fn stop(&self) -> Result<()>;

    /// Sends these frames from the next period on, at the unchanged phase and place in the turn; if
    /// the task does not run, from its next start on. They are as many as before, with the same
    /// IDs.
    ///
    /// # Errors
    /// `OperationFailed`, `DeviceLost`; the frames stay as they were then.
    fn modify(&self, frames: &[Frame]) -> Result<()>;

    /// Whether frames are still to come: not before the start, after `stop`, after the last of a
    /// limited number, or after an error.
    fn is_running(&self) -> bool;

    /// How many frames were sent since the task was made, where that is known.
    fn sent(&self) -> Option<u64> {
        None
    }

    /// What ended it, if it was an error.
    fn error(&self) -> Option<Arc<Error>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::frame::Id;

    const MS: Duration = Duration::from_millis(1);

    fn frame(id: u32) -> Frame {
        Frame::data(Id::standard(id).expect("fits"), &[1]).expect("valid")
    }

    fn bus() -> Description {
        Description::new("plain", [Channel::number(0)])
    }

    #[test]
    fn a_task_without_frames_period_or_count_is_refused() {
        let spec = PeriodicSpec::new(&[frame(1)], MS);
        spec.check(&bus()).expect("can be sent");
        let zero = Rate {
            count: 0,
            period: MS,
        };
        let still = Rate {
            count: 1,
            period: Duration::ZERO,
        };
        for wrong in [
            PeriodicSpec::new(&[], MS),
            PeriodicSpec::new(&[frame(1)], Duration::ZERO),
            PeriodicSpec {
                count: Some(0),
                ..spec.clone()
            },
            PeriodicSpec {
                first: Some(zero),
                ..spec.clone()
            },
            PeriodicSpec {
                first: Some(still),
                ..spec.clone()
            },
            PeriodicSpec {
                to: Some(Channel::number(7)),
                ..spec.clone()
            },
        ] {
            let error = wrong.check(&bus()).expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        }
        let remote = Frame::remote(Id::standard(1).expect("fits"), 0).expect("valid");
        let error = PeriodicSpec::new(&[frame(1), remote], MS).check(&bus());
        assert_eq!(error.expect_err("refused").kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn frames_are_replaced_by_as_many_of_the_same_ids() {
        let spec = PeriodicSpec::new(&[frame(1), frame(2)], MS);
        let fits = |frames: &[Frame]| spec.check_replacement(frames, &bus()).is_ok();
        assert!(fits(&[frame(1), frame(2)]));
        assert!(!fits(&[frame(1)]) && !fits(&[]));
        assert!(!fits(&[frame(2), frame(1)]));
        let extended = frame(1).with_id(Id::extended(1).expect("fits"));
        assert!(!fits(&[extended, frame(2)]));
        let fd = Frame::fd(frame(1).id(), &[1], false, false).expect("valid");
        assert!(!fits(&[fd, frame(2)]));
    }

    #[test]
    fn the_pause_after_a_frame_is_that_of_its_rate_and_the_last_has_none() {
        let pauses = |spec: &PeriodicSpec| -> Vec<u128> {
            (0..5)
                .map_while(|number| spec.pause_after(number))
                .map(|pause| pause.as_millis())
                .collect()
        };
        let mut spec = PeriodicSpec::new(&[frame(1)], 10 * MS);
        assert_eq!(pauses(&spec), [10; 5]);
        spec.count = Some(3);
        assert_eq!(pauses(&spec), [10, 10]);
        spec.count = Some(1);
        assert_eq!(pauses(&spec), []);
        // As the kernel's broadcast manager: `count` frames at ival1, then on at ival2.
        spec.first = Some(Rate {
            count: 3,
            period: MS,
        });
        spec.count = None;
        assert_eq!(pauses(&spec), [1, 1, 10, 10, 10]);
        spec.count = Some(4);
        assert_eq!(pauses(&spec), [1, 1, 10]);
        assert_eq!(spec.pause_after(u64::MAX), None);
    }
}
