//! A frame that somebody saw: when, on which channel, in which direction, and how that is printed.

mod channel;
mod printed;
mod timestamp;

pub use channel::Channel;
pub use timestamp::Timestamp;

use crate::frame::Frame;

/// Which way a frame went, seen from this program's bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Received: sent by another node, or by another program on this machine.
    Rx,
    /// Transmitted by this bus.
    Tx,
}

/// Who sent a frame, as far as the backend can tell. [`Direction`] is all that logs keep of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// This bus.
    Own,
    /// Another program on this machine, or another bus of this one.
    Local,
    /// Another node: the frame came over the wire.
    Remote,
    /// Not this bus; the backend does not tell more.
    Unknown,
}

impl Origin {
    /// What a direction says of it.
    pub fn of(direction: Direction) -> Origin {
        match direction {
            Direction::Rx => Origin::Unknown,
            Direction::Tx => Origin::Own,
        }
    }
}

/// A frame with the circumstances under which it was seen. Plain data: `Copy`, no heap.
///
/// Its `Display` is the line that `python-can` prints:
///
/// ```
/// use canbus::{Channel, Direction, Frame, Id, Message, Timestamp};
/// # fn main() -> canbus::Result<()> {
/// let message = Message {
///     frame: Frame::data(Id::standard(0x123)?, b"\x01\x02")?,
///     timestamp: Timestamp::from_nanos(1_500_000_000),
///     channel: Some(Channel::named("vcan0")),
///     direction: Direction::Rx,
/// };
/// assert_eq!(
///     message.to_string(),
///     "Timestamp:        1.500000    ID:      123    S Rx                DL:  2    \
///      01 02                       Channel: vcan0",
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message {
    /// What the wire carried.
    pub frame: Frame,
    /// When it was seen.
    pub timestamp: Timestamp,
    /// Where it was seen; `None` where the source does not say.
    pub channel: Option<Channel>,
    /// Which way it went.
    pub direction: Direction,
}

impl Message {
    /// A received message without a channel.
    pub fn received(frame: Frame, timestamp: Timestamp) -> Message {
        Message {
            frame,
            timestamp,
            channel: None,
            direction: Direction::Rx,
        }
    }

    /// The same message on another channel.
    #[must_use]
    pub fn on(self, channel: Channel) -> Message {
        Message {
            channel: Some(channel),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Id;

    #[test]
    fn a_message_is_small_and_plain() {
        assert!(size_of::<Message>() <= 96, "{}", size_of::<Message>());
        let frame = Frame::remote(Id::standard(1).expect("fits"), 3).expect("valid");
        let message = Message::received(frame, Timestamp::from_nanos(5));
        assert_eq!(message.direction, Direction::Rx);
        assert_eq!(message.channel, None);
        let moved = message.on(Channel::number(2));
        assert_eq!(moved.channel, Some(Channel::number(2)));
        assert_eq!(moved.frame, message.frame);
        assert_eq!(moved.timestamp, message.timestamp);
    }
}
