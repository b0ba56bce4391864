//! What an error frame reports, in words: the causes in its identifier and data, as Linux's
//! `linux/can/error.h` numbers them.

use crate::frame::Frame;
use std::fmt;

/// One of the causes that an error frame reports. Its `Display` is a phrase for people.
///
/// ```
/// use canbus::{ErrorCause, Frame, Id};
/// # fn main() -> canbus::Result<()> {
/// let frame = Frame::error(Id::extended(0x204)?, &[0, 0x20, 0, 0, 0, 0, 136, 0])?;
/// let causes: Vec<String> = ErrorCause::of(&frame).iter().map(ToString::to_string).collect();
/// assert_eq!(
///     causes,
///     ["error-passive by transmit errors", "error counters: transmit 136, receive 0"]
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorCause {
    /// The driver gave up waiting for a frame to be sent.
    TransmitTimeout,
    /// Another node's frame had priority; the bit at which that showed, where it is known.
    ArbitrationLost(Option<u8>),
    /// Something about the controller, which it does not name.
    Controller,
    /// A received frame found no room in the controller and is lost.
    ReceiveOverflow,
    /// A frame to be sent found no room in the controller and is lost.
    TransmitOverflow,
    /// The receive error counter has reached 96.
    ReceiveWarning,
    /// The transmit error counter has reached 96.
    TransmitWarning,
    /// The receive error counter is over 127.
    ReceivePassive,
    /// The transmit error counter is over 127.
    TransmitPassive,
    /// The controller takes full part in the bus again.
    Active,
    /// A violation of the protocol, which the controller does not name.
    Protocol,
    /// A bit on the bus was not the one that was sent.
    Bit,
    /// A fixed field did not have its form.
    Form,
    /// Six equal bits in a row.
    Stuff,
    /// A dominant bit could not be sent.
    DominantBit,
    /// A recessive bit could not be sent.
    RecessiveBit,
    /// An overload frame.
    Overload,
    /// An active error flag was seen.
    ActiveErrorFlag,
    /// The error came while sending.
    WhileSending,
    /// Where in the frame it came; the number of `linux/can/error.h`.
    Location(u8),
    /// The transceiver reports a fault of the wires; the number of `linux/can/error.h`.
    Transceiver(u8),
    /// No other node acknowledged the frame.
    NoAcknowledge,
    /// The controller has left the bus: its transmit error counter went over 255.
    BusOff,
    /// An error on the bus, which nothing else here tells more of.
    BusError,
    /// The controller was started again after bus-off.
    Restarted,
    /// The error counters.
    Counters {
        /// Transmit error counter, up to 255.
        transmit: u8,
        /// Receive error counter, up to 255.
        receive: u8,
    },
    /// A class of errors that `linux/can/error.h` had not when this was written; its bit.
    Unknown(u32),
}

/// The classes of errors, which are the bits of the identifier.
const TRANSMIT_TIMEOUT: u32 = 0x001;
const ARBITRATION_LOST: u32 = 0x002;
const CONTROLLER: u32 = 0x004;
const PROTOCOL: u32 = 0x008;
const TRANSCEIVER: u32 = 0x010;
const NO_ACKNOWLEDGE: u32 = 0x020;
const BUS_OFF: u32 = 0x040;
const BUS_ERROR: u32 = 0x080;
const RESTARTED: u32 = 0x100;
const COUNTERS: u32 = 0x200;
const KNOWN: u32 = 0x3FF;

/// The bits of the second data byte.
const OF_CONTROLLER: [(u8, ErrorCause); 7] = [
    (0x01, ErrorCause::ReceiveOverflow),
    (0x02, ErrorCause::TransmitOverflow),
    (0x04, ErrorCause::ReceiveWarning),
    (0x08, ErrorCause::TransmitWarning),
    (0x10, ErrorCause::ReceivePassive),
    (0x20, ErrorCause::TransmitPassive),
    (0x40, ErrorCause::Active),
];

/// The bits of the third data byte.
const OF_PROTOCOL: [(u8, ErrorCause); 8] = [
    (0x01, ErrorCause::Bit),
    (0x02, ErrorCause::Form),
    (0x04, ErrorCause::Stuff),
    (0x08, ErrorCause::DominantBit),
    (0x10, ErrorCause::RecessiveBit),
    (0x20, ErrorCause::Overload),
    (0x40, ErrorCause::ActiveErrorFlag),
    (0x80, ErrorCause::WhileSending),
];

/// The values of the fourth data byte.
const LOCATIONS: [(u8, &str); 19] = [
    (0x03, "the start of frame"),
    (0x02, "the ID's bits 28 to 21"),
    (0x06, "the ID's bits 20 to 18"),
    (0x04, "the substitute RTR bit"),
    (0x05, "the identifier extension bit"),
    (0x07, "the ID's bits 17 to 13"),
    (0x0F, "the ID's bits 12 to 5"),
    (0x0E, "the ID's bits 4 to 0"),
    (0x0C, "the RTR bit"),
    (0x0D, "reserved bit 1"),
    (0x09, "reserved bit 0"),
    (0x0B, "the DLC"),
    (0x0A, "the data"),
    (0x08, "the CRC"),
    (0x18, "the CRC delimiter"),
    (0x19, "the acknowledge slot"),
    (0x1B, "the acknowledge delimiter"),
    (0x1A, "the end of frame"),
    (0x12, "the intermission"),
];

/// The values of the fifth data byte.
const WIRES: [(u8, &str); 9] = [
    (0x04, "CAN high has no wire"),
    (0x05, "CAN high is shorted to the battery"),
    (0x06, "CAN high is shorted to the supply"),
    (0x07, "CAN high is shorted to ground"),
    (0x40, "CAN low has no wire"),
    (0x50, "CAN low is shorted to the battery"),
    (0x60, "CAN low is shorted to the supply"),
    (0x70, "CAN low is shorted to ground"),
    (0x80, "CAN low is shorted to CAN high"),
];

impl ErrorCause {
    /// The causes that a frame reports, in the order of their numbers; none of a frame that is no
    /// error frame, or of an error frame that names none.
    pub fn of(frame: &Frame) -> Vec<ErrorCause> {
        if !frame.is_error() {
            return Vec::new();
        }
        let classes = frame.id().raw();
        let byte = |at: usize| frame.payload().get(at).copied().unwrap_or(0);
        let has = |class: u32| classes & class != 0;
        let mut causes = Vec::new();
        if has(TRANSMIT_TIMEOUT) {
            causes.push(ErrorCause::TransmitTimeout);
        }
        if has(ARBITRATION_LOST) {
            let bit = Some(byte(0)).filter(|&bit| bit != 0);
            causes.push(ErrorCause::ArbitrationLost(bit));
        }
        if has(CONTROLLER) {
            push_bits(&mut causes, byte(1), &OF_CONTROLLER, ErrorCause::Controller);
        }
        if has(PROTOCOL) {
            push_bits(&mut causes, byte(2), &OF_PROTOCOL, ErrorCause::Protocol);
            if byte(3) != 0 {
                causes.push(ErrorCause::Location(byte(3)));
            }
        }
        if has(TRANSCEIVER) {
            causes.push(ErrorCause::Transceiver(byte(4)));
        }
        let plain = [
            (NO_ACKNOWLEDGE, ErrorCause::NoAcknowledge),
            (BUS_OFF, ErrorCause::BusOff),
            (BUS_ERROR, ErrorCause::BusError),
            (RESTARTED, ErrorCause::Restarted),
        ];
        causes.extend(
            plain
                .iter()
                .filter(|(class, _)| has(*class))
                .map(|(_, cause)| *cause),
        );
        // Kernels before 6.0 give the counters of a controller's problem without the class for them.
        let (transmit, receive) = (byte(6), byte(7));
        if has(COUNTERS) || has(CONTROLLER) && (transmit, receive) != (0, 0) {
            causes.push(ErrorCause::Counters { transmit, receive });
        }
        let unknown = (0..29)
            .map(|place| 1 << place)
            .filter(|bit| classes & !KNOWN & bit != 0);
        causes.extend(unknown.map(ErrorCause::Unknown));
        causes
    }

    /// All that a frame reports as one line; `None` for a frame that is no error frame.
    ///
    /// ```
    /// use canbus::{ErrorCause, Frame, Id};
    /// # fn main() -> canbus::Result<()> {
    /// let frame = Frame::error(Id::extended(0x28)?, &[0, 0, 0x80, 0x19, 0, 0, 0, 0])?;
    /// assert_eq!(
    ///     ErrorCause::describe(&frame).as_deref(),
    ///     Some("while sending, in the acknowledge slot, no acknowledge")
    /// );
    /// # Ok(())
    /// # }
    /// ```
    pub fn describe(frame: &Frame) -> Option<String> {
        if !frame.is_error() {
            return None;
        }
        let causes = ErrorCause::of(frame);
        if causes.is_empty() {
            return Some("an error of unknown cause".into());
        }
        let phrases: Vec<String> = causes.iter().map(ToString::to_string).collect();
        Some(phrases.join(", "))
    }
}

/// The causes whose bits are set, or the one that stands for none of them.
fn push_bits(
    causes: &mut Vec<ErrorCause>,
    byte: u8,
    bits: &[(u8, ErrorCause)],
    unnamed: ErrorCause,
) {
    let before = causes.len();
    let set = bits.iter().filter(|(bit, _)| byte & bit != 0);
    causes.extend(set.map(|(_, cause)| *cause));
    if causes.len() == before {
        causes.push(unnamed);
    }
}

impl fmt::Display for ErrorCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |names: &[(u8, &'static str)], number: u8| {
            let found = names.iter().find(|(known, _)| *known == number);
            found.map(|(_, name)| *name)
        };
        f.write_str(match *self {
            ErrorCause::TransmitTimeout => "transmit timeout",
            ErrorCause::ArbitrationLost(None) => "arbitration lost",
            ErrorCause::ArbitrationLost(Some(bit)) => {
                return write!(f, "arbitration lost in bit {bit}");
            }
            ErrorCause::Controller => "controller problem",
            ErrorCause::ReceiveOverflow => "receive overflow: frames were lost",
            ErrorCause::TransmitOverflow => "transmit overflow: frames were lost",
            ErrorCause::ReceiveWarning => "warning level of receive errors",
            ErrorCause::TransmitWarning => "warning level of transmit errors",
            ErrorCause::ReceivePassive => "error-passive by receive errors",
            ErrorCause::TransmitPassive => "error-passive by transmit errors",
            ErrorCause::Active => "error-active again",
            ErrorCause::Protocol => "protocol violation",
            ErrorCause::Bit => "bit error",
            ErrorCause::Form => "form error",
            ErrorCause::Stuff => "stuff error",
            ErrorCause::DominantBit => "a dominant bit could not be sent",
            ErrorCause::RecessiveBit => "a recessive bit could not be sent",
            ErrorCause::Overload => "bus overload",
            ErrorCause::ActiveErrorFlag => "active error flag",
            ErrorCause::WhileSending => "while sending",
            ErrorCause::Location(number) => match named(&LOCATIONS, number) {
                Some(place) => return write!(f, "in {place}"),
                None => return write!(f, "in place {number:#04x} of the frame"),
            },
            ErrorCause::Transceiver(0) => "transceiver fault",
            ErrorCause::Transceiver(number) => match named(&WIRES, number) {
                Some(fault) => fault,
                None => return write!(f, "transceiver fault {number:#04x}"),
            },
            ErrorCause::NoAcknowledge => "no acknowledge",
            ErrorCause::BusOff => "bus-off",
            ErrorCause::BusError => "bus error",
            ErrorCause::Restarted => "restarted after bus-off",
            ErrorCause::Counters { transmit, receive } => {
                return write!(f, "error counters: transmit {transmit}, receive {receive}");
            }
            ErrorCause::Unknown(class) => return write!(f, "unknown error class {class:#x}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Id;

    fn frame(class: u32, data: &[u8]) -> Frame {
        Frame::error(Id::extended(class).expect("fits"), data).expect("valid")
    }

    #[test]
    fn several_causes_are_told_in_order_and_short_frames_are_no_trouble() {
        let causes = ErrorCause::of(&frame(0x1FF, &[31]));
        let expected = [
            ErrorCause::TransmitTimeout,
            ErrorCause::ArbitrationLost(Some(31)),
            ErrorCause::Controller,
            ErrorCause::Protocol,
            ErrorCause::Transceiver(0),
            ErrorCause::NoAcknowledge,
            ErrorCause::BusOff,
            ErrorCause::BusError,
            ErrorCause::Restarted,
        ];
        assert_eq!(causes, expected);
    }

    #[test]
    fn what_nobody_knows_yet_is_shown_by_its_number() {
        let text = |class, data: &[u8]| ErrorCause::describe(&frame(class, data));
        let shown = |text: &str| Some(text.to_string());
        assert_eq!(
            text(0x1000_0400, &[]),
            shown("unknown error class 0x400, unknown error class 0x10000000")
        );
        assert_eq!(
            text(0x10, &[0, 0, 0, 0, 0x77]),
            shown("transceiver fault 0x77")
        );
        assert_eq!(
            text(0x08, &[0, 0, 0, 0x1C]),
            shown("protocol violation, in place 0x1c of the frame")
        );
        assert_eq!(text(0, &[]), shown("an error of unknown cause"));
    }

    #[test]
    fn counters_are_told_with_their_class_and_with_a_controllers_problem() {
        let counters = ErrorCause::Counters {
            transmit: 96,
            receive: 0,
        };
        let data = [0, 8, 0, 0, 0, 0, 96, 0];
        assert_eq!(ErrorCause::of(&frame(0x200, &data)), [counters]);
        assert_eq!(
            ErrorCause::of(&frame(0x4, &data)),
            [ErrorCause::TransmitWarning, counters]
        );
        assert_eq!(ErrorCause::of(&frame(0x40, &data)), [ErrorCause::BusOff]);
    }

    #[test]
    fn a_frame_that_is_no_error_frame_has_no_cause() {
        let data = Frame::data(Id::standard(0x40).expect("fits"), &[]).expect("valid");
        assert!(ErrorCause::of(&data).is_empty());
        assert_eq!(ErrorCause::describe(&data), None);
    }
}
