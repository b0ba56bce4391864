//! Messages at which something is to happen: `7E8:7FF`, `100:7FF#01..FF`, `error`.

use canbus::{Filter, Message};
use std::str::FromStr;

/// Matches messages by ID and, if asked for, by what their data begins with; or error frames.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Trigger {
    /// Any error frame.
    Error,
    /// A frame that is no error frame.
    Frame {
        /// Which IDs.
        filter: Filter,
        /// What the data begins with.
        data: Vec<Nibble>,
    },
}

/// Half a byte; `None` for any.
type Nibble = Option<u8>;

impl Trigger {
    pub(crate) fn matches(&self, message: &Message) -> bool {
        let frame = &message.frame;
        match self {
            Trigger::Error => frame.is_error(),
            Trigger::Frame { filter, data } => {
                let mut nibbles = frame
                    .payload()
                    .iter()
                    .flat_map(|byte| [byte >> 4, byte & 15]);
                let mut same = || {
                    data.iter().all(|wanted| {
                        let nibble = nibbles.next();
                        nibble.is_some() && wanted.is_none_or(|wanted| nibble == Some(wanted))
                    })
                };
                !frame.is_error() && filter.matches(frame) && same()
            }
        }
    }
}

impl FromStr for Trigger {
    type Err = String;

    fn from_str(text: &str) -> Result<Trigger, String> {
        if text == "error" {
            return Ok(Trigger::Error);
        }
        let (filter, data) = text.split_once('#').unwrap_or((text, ""));
        let filter = filter.parse::<Filter>().map_err(|_| {
            "expected error or ID:MASK or ID:MASK#DATA in hexadecimal, such as 7E8:7FF#03..0C"
                .to_string()
        })?;
        let nibble = |c: char| match c {
            '.' => Ok(None),
            _ => c
                .to_digit(16)
                .map(|digit| Some(digit as u8))
                .ok_or_else(|| {
                    format!("{c:?} is no hexadecimal digit of data, and no dot for any digit")
                }),
        };
        Ok(Trigger::Frame {
            filter,
            data: data.chars().map(nibble).collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use canbus::{Frame, Id, Timestamp};

    fn matches(trigger: &str, frame: canbus::Result<Frame>) -> bool {
        let trigger: Trigger = trigger.parse().expect("valid");
        trigger.matches(&Message::received(frame.expect("valid"), Timestamp::ZERO))
    }

    #[test]
    fn ids_and_the_beginning_of_the_data_are_compared() {
        let frame = |data: &[u8]| Frame::data(Id::standard(0x100).expect("fits"), data);
        for (trigger, data, expected) in [
            ("100:7FF", &[][..], true),
            ("101:7FF", &[], false),
            ("100:7FF#", &[], true),
            ("100:7FF#01", &[1, 2], true),
            ("100:7FF#01", &[2, 1], false),
            ("100:7FF#01", &[], false),
            ("100:7FF#..aF", &[9, 0xAF], true),
            ("100:7FF#..aF", &[9], false),
            ("100:7FF#.1", &[0xF1], true),
            ("100:7FF#1", &[0x1F], true),
            ("100~7FF", &[], false),
        ] {
            assert_eq!(
                matches(trigger, frame(data)),
                expected,
                "{trigger} {data:?}"
            );
        }
    }

    #[test]
    fn error_frames_are_matched_by_their_word_alone() {
        let id = Id::standard(0x100).expect("fits");
        assert!(matches("error", Frame::error(id, &[])));
        assert!(!matches("000:000", Frame::error(id, &[])));
        assert!(!matches("error", Frame::data(id, &[])));
    }

    #[test]
    fn what_is_no_trigger_is_refused() {
        for wrong in ["", "errors", "100", "100:7FF#xy", "100:7FF#0 1", "#01"] {
            assert!(wrong.parse::<Trigger>().is_err(), "{wrong}");
        }
    }
}
