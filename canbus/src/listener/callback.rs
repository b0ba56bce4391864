//! A listener that is a closure.

use super::Listener;
use crate::error::Result;
use crate::message::Message;

/// Calls a closure with every message; made by [`callback`].
pub struct Callback<F>(F);

/// A listener that calls `function` with every message.
///
/// ```
/// use canbus::{Listener, callback};
/// # fn main() -> canbus::Result<()> {
/// # let frame = canbus::Frame::data(canbus::Id::standard(1)?, &[])?;
/// # let message = canbus::Message::received(frame, canbus::Timestamp::ZERO);
/// let mut count = 0;
/// let mut listener = callback(|_message: &canbus::Message| count += 1);
/// listener.on_message(&message)?;
/// drop(listener);
/// assert_eq!(count, 1);
/// # Ok(())
/// # }
/// ```
pub fn callback<F: FnMut(&Message) + Send>(function: F) -> Callback<F> {
    Callback(function)
}

impl<F: FnMut(&Message) + Send> Listener for Callback<F> {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        (self.0)(message);
        Ok(())
    }
}
