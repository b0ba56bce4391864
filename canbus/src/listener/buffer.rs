//! A listener that keeps messages until somebody asks for them.

use super::Listener;
use crate::error::Result;
use crate::message::Message;
use crate::queue::Queue;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Keeps messages in a bounded queue; any thread takes them out.
///
/// It is a handle: give a clone to the notifier and keep one.
///
/// ```
/// use canbus::{BufferedReader, Frame, Id, Listener, Message, Timestamp};
/// use std::time::Duration;
/// # fn main() -> canbus::Result<()> {
/// let reader = BufferedReader::new();
/// let mut listener = reader.clone();
/// let frame = Frame::data(Id::standard(1)?, b"hello")?;
/// listener.on_message(&Message::received(frame, Timestamp::now()))?;
/// assert_eq!(reader.get_message(Duration::ZERO).map(|m| m.frame), Some(frame));
/// assert!(reader.get_message(Duration::ZERO).is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct BufferedReader {
    queue: Arc<Queue>,
}

impl BufferedReader {
    /// The number of messages that a reader holds unless told otherwise.
    pub const DEFAULT_CAPACITY: usize = 1 << 20;

    /// A reader for up to [`DEFAULT_CAPACITY`](BufferedReader::DEFAULT_CAPACITY) messages.
    pub fn new() -> BufferedReader {
        BufferedReader::with_capacity(BufferedReader::DEFAULT_CAPACITY)
    }

    /// A reader for up to so many messages; more are dropped and counted.
    pub fn with_capacity(capacity: usize) -> BufferedReader {
        BufferedReader {
            queue: Arc::new(Queue::new(capacity)),
        }
    }

    /// The next message; waits for it, `None` for ever. `None` when the time is up, or when the
    /// notifier has stopped and everything was taken.
    pub fn get_message(&self, timeout: impl Into<Option<Duration>>) -> Option<Message> {
        self.queue.pop_one(timeout.into()).ok()
    }

    /// The next message for an async task, which is woken when there is one; `None` at the end.
    pub(crate) fn poll_message(&self, context: &mut Context<'_>) -> Poll<Option<Message>> {
        self.queue.poll_pop(context)
    }

    /// Whether the notifier has stopped and everything was taken.
    pub fn is_finished(&self) -> bool {
        self.queue.is_finished()
    }

    /// How many messages wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether no message waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Default for BufferedReader {
    fn default() -> BufferedReader {
        BufferedReader::new()
    }
}

impl Listener for BufferedReader {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.on_batch(std::slice::from_ref(message))
    }

    fn on_batch(&mut self, messages: &[Message]) -> Result<()> {
        self.queue.push(messages);
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        self.queue.close();
        Ok(())
    }

    fn dropped(&self) -> u64 {
        self.queue.dropped()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Id};
    use crate::message::Timestamp;

    fn message() -> Message {
        let frame = Frame::remote(Id::standard(1).expect("fits"), 0).expect("valid");
        Message::received(frame, Timestamp::ZERO)
    }

    #[test]
    fn a_full_reader_counts_what_it_drops() {
        let reader = BufferedReader::with_capacity(2);
        let mut listener = reader.clone();
        listener.on_batch(&[message(); 5]).expect("taken");
        assert_eq!((reader.len(), reader.dropped()), (2, 3));
        assert!(!reader.is_empty());
    }

    #[test]
    fn a_finished_reader_gives_what_it_has_and_then_nothing() {
        let reader = BufferedReader::default();
        let mut listener = reader.clone();
        listener.on_message(&message()).expect("taken");
        listener.finish().expect("closed");
        assert!(!reader.is_finished());
        assert!(reader.get_message(None).is_some());
        assert!(reader.get_message(None).is_none());
        assert!(reader.is_finished());
        assert!(reader.is_empty());
    }
}
