//! Several logs as one, in the order of time.

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::message::{Message, Timestamp};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// The messages of several logs, the earliest first; those of one time in the order of the logs.
/// One message of each log is held, so that logs of any size can be joined.
///
/// Each log keeps its own order: where it goes back in time, so does the whole. Errors of a log
/// come where they are found.
///
/// ```
/// use canbus::{Frame, Id, MergedLogs, Message, Timestamp};
/// # fn main() -> canbus::Result<()> {
/// let frame = Frame::data(Id::standard(1)?, &[])?;
/// let log = |times: [i64; 2]| {
///     times.map(|nanos| Ok(Message::received(frame, Timestamp::from_nanos(nanos)))).into_iter()
/// };
/// let merged = MergedLogs::new([log([1, 4]), log([2, 3])]);
/// let times: Vec<i64> = merged.map(|message| message.unwrap().timestamp.as_nanos()).collect();
/// assert_eq!(times, [1, 2, 3, 4]);
/// # Ok(())
/// # }
/// ```
pub struct MergedLogs<I> {
    logs: Vec<Log<I>>,
    /// When each log that is not at its end goes on, and which it is.
    order: BinaryHeap<Reverse<(Timestamp, usize)>>,
    errors: VecDeque<Error>,
}

struct Log<I> {
    messages: I,
    /// `None`: nothing was read of it yet.
    next: Option<Message>,
}

impl<I: Iterator<Item = Result<Message>>> MergedLogs<I> {
    /// Joins logs.
    pub fn new(logs: impl IntoIterator<Item = I>) -> MergedLogs<I> {
        let mut merged = MergedLogs {
            logs: Vec::new(),
            order: BinaryHeap::new(),
            errors: VecDeque::new(),
        };
        for log in logs {
            merged.add(log, None);
        }
        merged
    }

    /// Adds a log. If it is known when it begins, it is not read before the others have come to
    /// this time, so that of many logs that follow one another few are open at once.
    pub fn add(&mut self, log: I, begins: Option<Timestamp>) {
        let begins = begins.unwrap_or(Timestamp::from_nanos(i64::MIN));
        self.order.push(Reverse((begins, self.logs.len())));
        self.logs.push(Log {
            messages: log,
            next: None,
        });
    }

    /// Takes the message of a log that is due, and puts the log where its next one belongs.
    fn take(&mut self, at: usize) -> Option<Message> {
        let log = self.logs.get_mut(at)?;
        let message = log.next.take();
        loop {
            match log.messages.next() {
                Some(Ok(next)) => {
                    log.next = Some(next);
                    self.order.push(Reverse((next.timestamp, at)));
                    break;
                }
                Some(Err(error)) => self.errors.push_back(error),
                None => break,
            }
            // They are told before the log is read on: there may be very many.
            if self.errors.len() > MOST_ERRORS {
                self.order
                    .push(Reverse((Timestamp::from_nanos(i64::MIN), at)));
                break;
            }
        }
        message
    }
}

/// How many errors are read before they are given out.
const MOST_ERRORS: usize = 16;

impl<I: Iterator<Item = Result<Message>>> Iterator for MergedLogs<I> {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Result<Message>> {
        loop {
            if let Some(error) = self.errors.pop_front() {
                return Some(Err(error));
            }
            let Reverse((_, at)) = self.order.pop()?;
            if let Some(message) = self.take(at) {
                return Some(Ok(message));
            }
        }
    }
}
