//! Messages for async programs: a stream that needs no particular runtime.

use crate::bus::Bus;
use crate::error::Result;
use crate::listener::{BufferedReader, Listener};
use crate::message::Message;
use crate::notifier::Notifier;
use futures_core::Stream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// The messages of one or more buses as a [`Stream`], on any async runtime.
///
/// A thread reads ahead into a bounded queue; what finds no room there is dropped and counted.
/// The stream ends when its buses are closed; an error of a bus is its last item. Dropping it
/// stops the reading, not the buses.
///
/// The example `async_receive` shows it under tokio; `fd_on_tokio` and `fd_on_smol` do without it.
pub struct MessageStream {
    ahead: BufferedReader,
    notifier: Notifier,
}

impl MessageStream {
    /// How many messages the stream reads ahead unless told otherwise.
    pub const DEFAULT_CAPACITY: usize = 1 << 16;

    /// The messages of this bus.
    ///
    /// # Errors
    /// `InvalidInput` if a notifier or another stream reads the bus.
    pub fn new(bus: &Bus) -> Result<MessageStream> {
        MessageStream::with_capacity([bus.clone()], MessageStream::DEFAULT_CAPACITY)
    }

    /// The messages of several buses, with room for so many that were read ahead.
    ///
    /// # Errors
    /// As [`new`](MessageStream::new).
    pub fn with_capacity(
        buses: impl IntoIterator<Item = Bus>,
        capacity: usize,
    ) -> Result<MessageStream> {
        let ahead = BufferedReader::with_capacity(capacity);
        let mut end = ahead.clone();
        let notifier = Notifier::builder()
            .listener(ahead.clone())
            // `stop` in `poll_next` passes it on.
            .on_error(|_| {})
            .on_end(move || end.finish())
            .buses(buses)
            .start()?;
        Ok(MessageStream { ahead, notifier })
    }

    /// How many messages were lost: by the buses, as far as known, and for want of room.
    pub fn dropped(&self) -> u64 {
        self.notifier.dropped()
    }
}

impl Stream for MessageStream {
    type Item = Result<Message>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Message>>> {
        Poll::Ready(match ready!(self.ahead.poll_message(context)) {
            Some(message) => Some(Ok(message)),
            // Every reader has ended: this waits for nothing and tells once what was wrong.
            None => self.notifier.stop(Duration::ZERO).err().map(Err),
        })
    }
}
