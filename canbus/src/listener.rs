//! Who gets messages: the trait [`Listener`], which log writers implement as well as programs.

mod buffer;
mod callback;
mod print;

pub use buffer::BufferedReader;
pub use callback::{Callback, callback};
pub use print::Printer;

use crate::error::{Error, Result};
use crate::message::Message;

/// Takes messages as they come, from one thread at a time.
///
/// A [`Notifier`](crate::Notifier) calls it for a live bus; a log writer is one, so that whatever
/// produces messages can write a file.
pub trait Listener: Send {
    /// A message.
    ///
    /// # Errors
    /// Whatever kept it from being handled; a notifier reports it and, unless the listener's own
    /// [`on_error`](Listener::on_error) takes it, feeds this listener no more.
    fn on_message(&mut self, message: &Message) -> Result<()>;

    /// Several messages that came together, in order.
    ///
    /// # Errors
    /// As [`on_message`](Listener::on_message); the messages before the failing one were handled.
    fn on_batch(&mut self, messages: &[Message]) -> Result<()> {
        messages
            .iter()
            .try_for_each(|message| self.on_message(message))
    }

    /// An error of the bus or of this listener. True: it is dealt with and reading goes on.
    fn on_error(&mut self, _error: &Error) -> bool {
        false
    }

    /// Brings what is buffered to where it survives the end of this process; called about once a
    /// second by a notifier.
    ///
    /// # Errors
    /// Whatever kept it from being written.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    /// The end: completes and closes. Called once; nothing comes after it.
    ///
    /// # Errors
    /// Whatever kept it from being completed.
    fn finish(&mut self) -> Result<()> {
        Ok(())
    }

    /// How many messages this listener had no room for.
    fn dropped(&self) -> u64 {
        0
    }
}

impl<L: Listener + ?Sized> Listener for Box<L> {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        (**self).on_message(message)
    }

    fn on_batch(&mut self, messages: &[Message]) -> Result<()> {
        (**self).on_batch(messages)
    }

    fn on_error(&mut self, error: &Error) -> bool {
        (**self).on_error(error)
    }

    fn flush(&mut self) -> Result<()> {
        (**self).flush()
    }

    fn finish(&mut self) -> Result<()> {
        (**self).finish()
    }

    fn dropped(&self) -> u64 {
        (**self).dropped()
    }
}
