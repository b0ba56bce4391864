//! The loop of a driver that reads from a socket itself: waits for one message, takes what else is
//! there, delivers what came before the end, and lets no flood of other things stretch a wait.

use crate::deadline::Deadline;
use crate::error::{Error, Result};
use std::time::Duration;

/// How many things that hold nothing for the reader may be passed over once the time is up, so
/// that a poll sees behind them and a flood of them cannot hold it.
pub(super) const PASSED_OVER_AT_MOST: usize = 1024;

/// Where messages come from.
pub(super) trait Source {
    /// A message with what else is known of it.
    type Item;

    /// Why nothing comes any more, once it has ended.
    fn ended(&self) -> Option<Error>;

    /// Takes what is there, at most `max` things, without waiting; hands over each with its
    /// message, if it is one for the reader. Returns how many things there were.
    fn take_waiting(&self, max: usize, each: &mut dyn FnMut(Option<Self::Item>)) -> Result<usize>;

    /// Waits until something is there (true), or the time is up or it has ended (false).
    fn wait(&self, timeout: Option<Duration>) -> Result<bool>;
}

/// Waits for one message and takes what else is there, at most `max`; returns how many.
///
/// # Errors
/// Those of the source, when there is no message to deliver.
pub(super) fn take<S: Source>(
    source: &S,
    max: usize,
    timeout: Option<Duration>,
    mut each: impl FnMut(S::Item),
) -> Result<usize> {
    let deadline = Deadline::after(timeout);
    let (mut taken, mut passed_over) = (0, 0);
    loop {
        // The end is asked for first: what came before it is delivered still.
        let ended = source.ended();
        let mut here = 0;
        let received = source.take_waiting(max - taken, &mut |message| match message {
            Some(message) => {
                each(message);
                here += 1;
            }
            None => passed_over += usize::from(deadline.is_over()),
        });
        taken += here;
        let received = match received {
            // What was taken counts; the error comes again with the next call.
            Err(_) if taken > 0 => return Ok(taken),
            received => received?,
        };
        if taken == max || passed_over > PASSED_OVER_AT_MOST {
            return Ok(taken);
        }
        if received > 0 {
            continue;
        }
        if taken > 0 {
            return Ok(taken);
        }
        if let Some(end) = ended {
            return Err(end);
        }
        if !source.wait(deadline.remaining())? && source.ended().is_none() {
            return Ok(0);
        }
    }
}
