//! Which part of what comes is recorded: from a frame on, up to a frame, so many of them.

use crate::args::trigger::Trigger;
use canbus::Message;
use std::ops::Range;

/// What is still wanted, and whom to tell when nothing is.
pub(crate) struct Wanted {
    /// Frames at which recording begins; it has begun if there are none left.
    start: Vec<Trigger>,
    /// Frames with which it ends.
    stop: Vec<Trigger>,
    /// The number of frames that are still wanted.
    left: u64,
    reached: Box<dyn FnMut() + Send>,
}

impl Wanted {
    /// From the first frame that `start` says to the first that `stop` says, and `count` at most;
    /// `reached` is called when there is nothing more to record.
    pub(crate) fn new(
        start: Vec<Trigger>,
        stop: Vec<Trigger>,
        count: Option<u64>,
        reached: impl FnMut() + Send + 'static,
    ) -> Wanted {
        Wanted {
            start,
            stop,
            left: count.unwrap_or(u64::MAX),
            reached: Box::new(reached),
        }
    }

    /// The part of these messages that is wanted.
    pub(super) fn part(&mut self, messages: &[Message]) -> Range<usize> {
        let mut begin = 0;
        if !self.start.is_empty() {
            let Some(at) = messages
                .iter()
                .position(|message| is_any(&self.start, message))
            else {
                return 0..0;
            };
            self.start.clear();
            begin = at;
        }
        let rest = &messages[begin..];
        let room = usize::try_from(self.left).unwrap_or(usize::MAX);
        let stop = rest.iter().position(|message| is_any(&self.stop, message));
        // The frame that ends it belongs to it.
        let count = stop.map_or(rest.len(), |at| at + 1).min(room);
        if stop.is_some_and(|at| at < room) {
            self.left = count as u64;
        }
        begin..begin + count
    }

    /// So many of them were recorded.
    pub(super) fn done(&mut self, count: usize) {
        if self.left == 0 || self.left == u64::MAX {
            return;
        }
        self.left = self.left.saturating_sub(count as u64);
        if self.left == 0 {
            (self.reached)();
        }
    }
}

fn is_any(triggers: &[Trigger], message: &Message) -> bool {
    triggers.iter().any(|trigger| trigger.matches(message))
}
