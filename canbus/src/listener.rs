//! Who gets messages: the trait [`Listener`], which log writers implement as well as programs.

mod buffer;
mod callback;
mod print;

pub use buffer::BufferedReader;
pub use callback::{Callback, callback};
pub use print::Printer;

use crate::error::{Error, ErrorKind, Result};
use crate::message::{Message, Timestamp};

/// Takes messages as they come, from one thread at a time.
///
/// A [`Notifier`](crate::Notifier) calls it for a live bus; a log writer is one, so that whatever
/// produces messages can write a file.
pub trait Listener: Send {
    /// A message. While this runs, whoever feeds the listener waits, and what comes meanwhile waits
    /// in the bus. If it has not come back when [`Notifier::stop`](crate::Notifier::stop) runs out
    /// of time, `stop` returns without it, and it is finished when it comes back.
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

    /// A remark between the messages, such as "test 3 begins", for those who keep such; `None` for
    /// the time stands for that of the last message.
    ///
    /// # Errors
    /// `Unsupported` from those who keep no remarks.
    fn on_event(&mut self, _text: &str, _timestamp: Option<Timestamp>) -> Result<()> {
        Err(Error::new(
            ErrorKind::Unsupported,
            "remarks between the messages are not kept here",
        ))
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

    fn on_event(&mut self, text: &str, timestamp: Option<Timestamp>) -> Result<()> {
        (**self).on_event(text, timestamp)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Id};

    fn message() -> Message {
        let frame = Frame::data(Id::standard(1).expect("fits"), &[]).expect("valid");
        Message::received(frame, Timestamp::ZERO)
    }

    /// Notes what it is asked, answers what nobody else would.
    #[derive(Default)]
    struct Noting(Vec<&'static str>);

    impl Noting {
        fn note(&mut self, what: &'static str) -> Result<()> {
            self.0.push(what);
            Err(Error::new(ErrorKind::Io, what))
        }
    }

    impl Listener for Noting {
        fn on_message(&mut self, _message: &Message) -> Result<()> {
            self.note("message")
        }

        fn on_batch(&mut self, _messages: &[Message]) -> Result<()> {
            self.note("batch")
        }

        fn on_error(&mut self, error: &Error) -> bool {
            error.kind() == ErrorKind::Io
        }

        fn on_event(&mut self, text: &str, timestamp: Option<Timestamp>) -> Result<()> {
            assert_eq!((text, timestamp), ("start", Some(Timestamp::ZERO)));
            self.note("event")
        }

        fn flush(&mut self) -> Result<()> {
            self.note("flush")
        }

        fn finish(&mut self) -> Result<()> {
            self.note("finish")
        }

        fn dropped(&self) -> u64 {
            5
        }
    }

    /// Asks through the impl of the listener's own type: a box, not what is in it.
    fn ask<L: Listener>(listener: &mut L) -> (bool, bool, u64) {
        assert!(listener.on_message(&message()).is_err());
        assert!(listener.on_batch(&[message()]).is_err());
        let event = listener.on_event("start", Some(Timestamp::ZERO));
        assert_eq!(event.expect_err("noted").kind(), ErrorKind::Io);
        assert!(listener.flush().is_err());
        assert!(listener.finish().is_err());
        let io = listener.on_error(&Error::new(ErrorKind::Io, ""));
        let other = listener.on_error(&Error::new(ErrorKind::Closed, ""));
        (io, other, listener.dropped())
    }

    #[test]
    fn a_boxed_listener_passes_everything_on() {
        let mut boxed: Box<Noting> = Box::default();
        assert_eq!(ask(&mut boxed), (true, false, 5));
        assert_eq!(boxed.0, ["message", "batch", "event", "flush", "finish"]);
    }

    #[test]
    fn a_listener_that_says_nothing_else_deals_with_no_error_and_drops_nothing() {
        struct Plain(usize);
        impl Listener for Plain {
            fn on_message(&mut self, _message: &Message) -> Result<()> {
                self.0 += 1;
                Ok(())
            }
        }
        let mut plain = Plain(0);
        plain.on_batch(&[message(); 3]).expect("taken");
        assert_eq!(plain.0, 3);
        assert!(!plain.on_error(&Error::new(ErrorKind::Io, "")));
        assert_eq!(plain.dropped(), 0);
        let error = plain.on_event("start", None).expect_err("not kept");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        plain
            .flush()
            .and_then(|()| plain.finish())
            .expect("nothing to do");
    }
}
