//! Several logs as one, in the order of time.

mod aside;

#[cfg(test)]
mod tests;

use crate::error::{Error, Result};
use crate::message::{Message, Timestamp};
use aside::{Aside, Part};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// How many logs are read at the same time.
const MOST_OPEN: usize = 8;

/// How many errors are read before they are given out.
const MOST_ERRORS: usize = 16;

/// The messages of several logs, the earliest first; those of one time in the order of the logs.
/// One message of each log is held, so that logs of any size can be joined.
///
/// Of logs whose beginning is known no more than 8 are read at the same time: where more overlap,
/// each further one is read at once into a temporary file, from which it goes on. So memory and
/// open files do not grow with the number of logs.
///
/// Each log keeps its own order: where it goes back in time, so does the whole. Errors of a log
/// come where they are found: those of a log that is put into the temporary file come before its
/// messages.
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
    /// How many logs are being read.
    open: usize,
    aside: Option<Aside>,
    /// The log that is being put aside, where errors interrupted it.
    putting: Option<usize>,
}

struct Log<I> {
    /// `None` where the end was read.
    messages: Option<I>,
    /// What comes before these: what was put aside.
    part: Option<Part>,
    state: State,
    next: Option<Message>,
}

/// How far a log has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing was read of it, and it may be put aside.
    Due,
    /// Nothing was read of it.
    New,
    Begun,
}

impl<I: Iterator<Item = Result<Message>>> MergedLogs<I> {
    /// Joins logs.
    pub fn new(logs: impl IntoIterator<Item = I>) -> MergedLogs<I> {
        let mut merged = MergedLogs {
            logs: Vec::new(),
            order: BinaryHeap::new(),
            errors: VecDeque::new(),
            open: 0,
            aside: None,
            putting: None,
        };
        for log in logs {
            merged.add(log, None);
        }
        merged
    }

    /// Adds a log. If it is known when it begins, it is not read before the others have come to
    /// this time, so that of many logs that follow one another few are open at once.
    pub fn add(&mut self, log: I, begins: Option<Timestamp>) {
        let from = begins.unwrap_or(Timestamp::from_nanos(i64::MIN));
        self.order.push(Reverse((from, self.logs.len())));
        self.logs.push(Log {
            messages: Some(log),
            part: None,
            state: if begins.is_some() {
                State::Due
            } else {
                State::New
            },
            next: None,
        });
    }

    /// Takes the message of a log that is due, and puts the log where its next one belongs.
    fn take(&mut self, at: usize) -> Option<Message> {
        let log = self.logs.get_mut(at)?;
        let message = log.next.take();
        if log.state == State::Due && self.open >= MOST_OPEN {
            self.begin_to_put_aside(at);
            return None;
        }
        if log.state != State::Begun {
            log.state = State::Begun;
            self.open += 1;
        }
        self.advance(at);
        message
    }

    /// Reads the next message of a log.
    fn advance(&mut self, at: usize) {
        let log = &mut self.logs[at];
        loop {
            match log.read(&mut self.aside) {
                Some(Ok(next)) => {
                    log.next = Some(next);
                    self.order.push(Reverse((next.timestamp, at)));
                    return;
                }
                Some(Err(error)) => self.errors.push_back(error),
                None => {
                    // Those that were put aside are not counted.
                    if log.messages.take().is_some() {
                        self.open -= 1;
                    }
                    return;
                }
            }
            // They are told before the log is read on: there may be very many.
            if self.errors.len() > MOST_ERRORS {
                self.order
                    .push(Reverse((Timestamp::from_nanos(i64::MIN), at)));
                return;
            }
        }
    }

    fn begin_to_put_aside(&mut self, at: usize) {
        let log = &mut self.logs[at];
        log.state = State::Begun;
        if self.aside.is_none() {
            self.aside = Aside::new().ok();
        }
        if self.aside.is_some() {
            self.putting = Some(at);
        } else {
            // It is read as the others are, at the price of memory.
            self.open += 1;
            self.advance(at);
        }
    }

    /// Reads a log into the temporary file, to its end or until there are errors to tell.
    fn put_aside(&mut self, at: usize) {
        let log = &mut self.logs[at];
        let Some(aside) = &mut self.aside else {
            return;
        };
        while let Some(messages) = &mut log.messages {
            match messages.next() {
                Some(Ok(message)) => {
                    if aside.push(&message).is_err() {
                        // The file takes no more. What follows is read where it is.
                        self.open += 1;
                        break;
                    }
                }
                Some(Err(error)) => self.errors.push_back(error),
                None => log.messages = None,
            }
            if self.errors.len() > MOST_ERRORS {
                self.putting = Some(at);
                return;
            }
        }
        log.part = Some(aside.finish());
        self.advance(at);
    }
}

impl<I: Iterator<Item = Result<Message>>> Log<I> {
    fn read(&mut self, aside: &mut Option<Aside>) -> Option<Result<Message>> {
        if let (Some(part), Some(aside)) = (&mut self.part, aside) {
            if let Some(item) = part.next(aside) {
                return Some(item);
            }
            self.part = None;
        }
        self.messages.as_mut()?.next()
    }
}

impl<I: Iterator<Item = Result<Message>>> Iterator for MergedLogs<I> {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Result<Message>> {
        loop {
            if let Some(error) = self.errors.pop_front() {
                return Some(Err(error));
            }
            if let Some(at) = self.putting.take() {
                self.put_aside(at);
                continue;
            }
            let Reverse((_, at)) = self.order.pop()?;
            if let Some(message) = self.take(at) {
                return Some(Ok(message));
            }
        }
    }
}
