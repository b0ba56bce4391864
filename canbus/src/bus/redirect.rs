//! A listener that sends on what it hears: half a bridge.

use super::Bus;
use crate::error::{ErrorKind, Result};
use crate::listener::Listener;
use crate::message::Message;
use std::time::Duration;

/// How long a message waits to be taken, so that a bus that takes none shows as an error.
const PATIENCE: Duration = Duration::from_secs(1);

/// Sends every message that it gets on another bus. Error frames are not sent on where the bus
/// cannot carry them. A bus that does not take a message within one second is a `Timeout`.
pub struct RedirectReader {
    to: Bus,
}

impl RedirectReader {
    /// Sends on to this bus.
    pub fn new(to: Bus) -> RedirectReader {
        RedirectReader { to }
    }
}

impl Listener for RedirectReader {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        match self.to.forward(message, PATIENCE) {
            // What an error frame tells is about the bus where it was seen.
            Err(error) if message.frame.is_error() && error.kind() == ErrorKind::Unsupported => {
                Ok(())
            }
            result => result,
        }
    }
}
