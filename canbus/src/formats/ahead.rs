//! Reading on a second thread, so that reading and what is done with the messages overlap.

use super::Messages;
use crate::error::{Context, Error, ErrorKind, Result};
use crate::message::Message;
use std::mem;
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

/// How many messages are handed over at once.
const BATCH: usize = 1024;

/// How many batches may wait: enough that neither side waits for each one of the other.
const WAITING: usize = 4;

/// Messages that came together, and what followed them.
struct Batch {
    messages: Vec<Message>,
    then: Then,
}

enum Then {
    More,
    Error(Error),
    End,
    /// The other thread is gone without an end.
    BrokeOff,
}

/// The messages of a log that is read on a thread of its own.
pub(super) struct Ahead {
    batches: Receiver<Batch>,
    /// Takes memory back to be filled again.
    spent: SyncSender<Vec<Message>>,
    messages: Vec<Message>,
    /// How many of the messages were given out.
    given: usize,
    then: Then,
}

impl Ahead {
    /// Starts to read.
    ///
    /// # Errors
    /// `Io` if there is no thread to be had.
    pub(super) fn start(messages: Messages) -> Result<Ahead> {
        let (filled, batches) = mpsc::sync_channel(WAITING);
        let (spent, emptied) = mpsc::sync_channel(WAITING + 2);
        thread::Builder::new()
            .name("canbus reads ahead".into())
            .spawn(move || read(messages, &filled, &emptied))
            .context("a thread that reads ahead")?;
        Ok(Ahead {
            batches,
            spent,
            messages: Vec::new(),
            given: 0,
            then: Then::More,
        })
    }

    /// Messages that are there already, at most so many, which are given out by this.
    #[inline]
    pub(super) fn ready(&mut self, most: usize) -> &[Message] {
        let rest = &self.messages[self.given.min(self.messages.len())..];
        let some = &rest[..rest.len().min(most)];
        self.given += some.len();
        some
    }

    #[cold]
    fn next_batch(&mut self) {
        // Where there is no room for it, its memory is given up.
        let _ = self.spent.try_send(mem::take(&mut self.messages));
        self.given = 0;
        match self.batches.recv() {
            Ok(batch) => (self.messages, self.then) = (batch.messages, batch.then),
            Err(_) => self.then = Then::BrokeOff,
        }
    }
}

impl Iterator for Ahead {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Result<Message>> {
        loop {
            if let Some(message) = self.messages.get(self.given) {
                self.given += 1;
                return Some(Ok(*message));
            }
            match mem::replace(&mut self.then, Then::More) {
                Then::More => self.next_batch(),
                Then::Error(error) => return Some(Err(error)),
                Then::BrokeOff => {
                    self.then = Then::End;
                    let text =
                        "the thread that reads ahead broke off; the rest of the log is missing";
                    return Some(Err(Error::new(ErrorKind::OperationFailed, text)));
                }
                Then::End => {
                    self.then = Then::End;
                    return None;
                }
            }
        }
    }
}

fn read(mut messages: Messages, filled: &SyncSender<Batch>, emptied: &Receiver<Vec<Message>>) {
    loop {
        let mut batch = Batch {
            messages: emptied.try_recv().unwrap_or_default(),
            then: Then::More,
        };
        batch.messages.clear();
        fill(&mut batch, &mut messages);
        let ended = matches!(batch.then, Then::End);
        // Where nobody is left who wants them, the rest is not read.
        if filled.send(batch).is_err() || ended {
            return;
        }
    }
}

fn fill(batch: &mut Batch, messages: &mut Messages) {
    while batch.messages.len() < BATCH {
        match messages.next() {
            Some(Ok(message)) => batch.messages.push(message),
            Some(Err(error)) => {
                batch.then = Then::Error(error);
                return;
            }
            None => {
                batch.then = Then::End;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Id};
    use crate::message::Timestamp;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    fn message(number: i64) -> Message {
        let frame = Frame::data(Id::standard(1).expect("fits"), &[]).expect("valid");
        Message::received(frame, Timestamp::from_nanos(number))
    }

    fn ahead(messages: impl Iterator<Item = Result<Message>> + Send + 'static) -> Ahead {
        Ahead::start(Box::new(messages)).expect("a thread")
    }

    #[test]
    fn messages_and_errors_come_in_the_order_of_the_log() {
        for count in [0, 1, 511, 512, 513, 5000] {
            let log = (0..count).map(|number| match number % 700 {
                699 => Err(Error::malformed(number.to_string())),
                _ => Ok(message(number)),
            });
            let mut read = ahead(log);
            for number in 0..count {
                match read.next().expect("not the end yet") {
                    Ok(found) => assert_eq!(found, message(number)),
                    Err(error) => assert_eq!(error.to_string(), number.to_string()),
                }
            }
            assert!(read.next().is_none());
            assert!(read.next().is_none());
        }
    }

    #[test]
    fn what_is_there_already_comes_at_once_and_only_once() {
        let mut log = ahead((0..1000).map(|number| Ok(message(number))));
        let mut found = Vec::new();
        assert!(log.ready(10).is_empty());
        while let Some(next) = log.next() {
            found.push(next.expect("a message"));
            found.extend_from_slice(log.ready(100));
        }
        assert!(log.ready(10).is_empty());
        assert!(found.into_iter().eq((0..1000).map(message)));
    }

    #[test]
    fn no_more_is_read_ahead_than_fits_the_queue_and_nothing_once_nobody_wants_it() {
        let read = Arc::new(AtomicI64::new(0));
        let counted = Arc::clone(&read);
        let mut log = ahead((0..).map(move |number| {
            counted.store(number, Ordering::SeqCst);
            Ok(message(number))
        }));
        assert!(log.next().is_some());
        thread::sleep(std::time::Duration::from_millis(50));
        let most = (BATCH * (WAITING + 3)) as i64;
        assert!(read.load(Ordering::SeqCst) < most);
        drop(log);
        thread::sleep(std::time::Duration::from_millis(20));
        let stopped = read.load(Ordering::SeqCst);
        thread::sleep(std::time::Duration::from_millis(20));
        assert_eq!(read.load(Ordering::SeqCst), stopped);
    }

    #[test]
    fn a_reader_that_breaks_off_is_an_error_and_no_end() {
        let mut log = ahead((0..10).map(|number| {
            assert!(number < 5, "on purpose");
            Ok(message(number))
        }));
        // What came in the same batch went down with it.
        let error = log.next().expect("not the end").expect_err("an error");
        assert_eq!(error.kind(), ErrorKind::OperationFailed);
        assert!(log.next().is_none());
    }
}
