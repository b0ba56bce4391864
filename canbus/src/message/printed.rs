//! The printed form of a message: the columns of python-can 4.6, so that logs of printed messages
//! and scripts that read them stay comparable.

use super::{Direction, Message};
use crate::frame::Kind;
use std::fmt;

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frame = &self.frame;
        let flag = |set: bool, name: &'static str| if set { name } else { &"  "[..name.len()] };
        let (brs, esi) = match frame.kind() {
            Kind::Fd { brs, esi } => (brs, esi),
            _ => (false, false),
        };
        let head = format!(
            "Timestamp: {:>15.6}    ID: {:>8}    {} {} {} {} {} {} {}    DL: {:2}",
            self.timestamp,
            frame.id(),
            if frame.id().is_extended() { "X" } else { "S" },
            match self.direction {
                Direction::Rx => "Rx",
                Direction::Tx => "Tx",
            },
            flag(frame.is_error(), "E"),
            flag(frame.is_remote(), "R"),
            flag(frame.is_fd(), "F"),
            flag(brs, "BS"),
            flag(esi, "EI"),
            frame.dlc_len(),
        );
        let mut tail = format!("    {:<24}", spaced_hex(frame.payload()));
        if let Some(text) = readable(frame.payload()) {
            tail = format!("{tail}    '{text}'");
        }
        if let Some(channel) = self.channel {
            tail = format!("{tail}    Channel: {channel}");
        }
        write!(f, "{head}{}", tail.trim_end())
    }
}

fn spaced_hex(data: &[u8]) -> String {
    let bytes: Vec<String> = data.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

/// The data as text, where all of it is ASCII letters and digits.
fn readable(data: &[u8]) -> Option<&str> {
    let alphanumeric = !data.is_empty() && data.iter().all(u8::is_ascii_alphanumeric);
    alphanumeric.then(|| str::from_utf8(data).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::super::{Channel, Timestamp};
    use super::*;
    use crate::frame::{Frame, Id};

    fn message(frame: Frame) -> Message {
        Message::received(frame, Timestamp::from_nanos(1_234_567_890_500_000_000))
    }

    // The expected lines were printed by python-can 4.6.1.
    #[test]
    fn flags_and_columns_are_those_of_python_can() {
        let id = Id::extended(0x18FF_50E5).expect("fits");
        let fd = Frame::fd(id, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], true, true).expect("valid");
        let mut shown = message(fd).on(Channel::number(0));
        shown.direction = Direction::Tx;
        assert_eq!(
            shown.to_string(),
            "Timestamp: 1234567890.500000    ID: 18ff50e5    X Tx     F BS EI    DL: 12    \
             00 01 02 03 04 05 06 07 08 09 0a 0b    Channel: 0"
        );
        let remote = Frame::remote(Id::standard(0x12).expect("fits"), 8).expect("valid");
        assert_eq!(
            message(remote).to_string(),
            "Timestamp: 1234567890.500000    ID:      012    S Rx   R            DL:  8"
        );
        let error = Frame::error(id, &[]).expect("valid");
        assert_eq!(
            message(error).on(Channel::named("can0")).to_string(),
            "Timestamp: 1234567890.500000    ID: 18ff50e5    X Rx E              DL:  0    \
             \x20                           Channel: can0"
        );
    }

    #[test]
    fn text_is_shown_only_where_every_byte_is_a_letter_or_digit() {
        let id = Id::standard(1).expect("fits");
        let line = |data| message(Frame::data(id, data).expect("valid")).to_string();
        assert!(line(b"Ab1").ends_with("41 62 31                    'Ab1'"));
        assert!(!line(b"A b").contains('\''));
        assert!(!line(b"").contains('\''));
    }
}
