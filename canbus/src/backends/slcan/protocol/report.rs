//! What an adapter reports of errors, as Linux's slcan driver reads it: `e` and a list of letters,
//! `s` and the controller's state with its counters. Both become error frames as that driver makes
//! them; the numbers are those of `linux/can/error.h`.

use crate::driver::ErrorState;
use crate::frame::{Frame, Id};

/// A line of `e` or `s`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Report {
    /// Errors on the bus; `lost` received frames found no room.
    Errors { frame: Frame, lost: u64 },
    /// The state of the controller.
    State { state: State, frame: Frame },
}

/// The states by the numbers under which they are kept; 0 is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Active = 1,
    Warning,
    Passive,
    BusOff,
}

impl State {
    pub(super) fn numbered(number: u8) -> Option<State> {
        let states = [State::Active, State::Warning, State::Passive, State::BusOff];
        states.into_iter().find(|state| *state as u8 == number)
    }

    pub(super) fn for_driver(self) -> ErrorState {
        match self {
            State::Active | State::Warning => ErrorState::Active,
            State::Passive => ErrorState::Passive,
            State::BusOff => ErrorState::BusOff,
        }
    }
}

/// Classes of errors: bits of the identifier.
const CONTROLLER: u32 = 0x004;
const PROTOCOL: u32 = 0x008;
const NO_ACKNOWLEDGE: u32 = 0x020;
const BUS_OFF: u32 = 0x040;
const BUS_ERROR: u32 = 0x080;
const COUNTERS: u32 = 0x200;

pub(super) fn parse(line: &[u8]) -> Option<Report> {
    match line {
        [b'e', count @ b'0'..=b'8', letters @ ..] => {
            errors(letters.get(..usize::from(count - b'0'))?)
        }
        [b's', letter, counters @ ..] => state(*letter, counters),
        _ => None,
    }
}

fn errors(letters: &[u8]) -> Option<Report> {
    let (mut class, mut data, mut lost) = (PROTOCOL | BUS_ERROR, [0; 8], 0);
    for letter in letters {
        match letter {
            b'a' => {
                class |= NO_ACKNOWLEDGE;
                // The ACK slot.
                data[3] = 0x19;
            }
            // A dominant (0) or recessive (1) bit could not be sent.
            b'b' => data[2] |= 0x08,
            b'B' => data[2] |= 0x10,
            b'c' => {
                data[2] |= 0x01;
                // The CRC sequence.
                data[3] = 0x08;
            }
            b'f' => data[2] |= 0x02,
            b's' => data[2] |= 0x04,
            b'o' => {
                class |= CONTROLLER;
                data[1] |= 0x01;
                lost += 1;
            }
            b'O' => {
                class |= CONTROLLER;
                data[1] |= 0x02;
            }
            _ => return None,
        }
    }
    let frame = error_frame(class, data)?;
    Some(Report::Errors { frame, lost })
}

fn state(letter: u8, counters: &[u8]) -> Option<Report> {
    let number = |digits: &[u8]| std::str::from_utf8(digits).ok()?.parse::<u16>().ok();
    if counters.len() != 6 || !counters.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (receive, transmit) = (number(&counters[..3])?, number(&counters[3..])?);
    let (state, of_receive, of_transmit) = match letter {
        b'a' => (State::Active, 0x40, 0x40),
        b'w' => (State::Warning, 0x04, 0x08),
        b'p' => (State::Passive, 0x10, 0x20),
        b'b' => (State::BusOff, 0, 0),
        _ => return None,
    };
    let (mut class, mut data) = (0, [0; 8]);
    if state == State::BusOff {
        class |= BUS_OFF;
    } else {
        class |= CONTROLLER | COUNTERS;
        // The side with the greater counter is the one that brought the state about.
        data[1] |= if receive >= transmit { of_receive } else { 0 };
        data[1] |= if transmit >= receive { of_transmit } else { 0 };
        data[6] = transmit.min(255) as u8;
        data[7] = receive.min(255) as u8;
    }
    let frame = error_frame(class, data)?;
    Some(Report::State { state, frame })
}

fn error_frame(class: u32, data: [u8; 8]) -> Option<Frame> {
    Frame::error(Id::extended(class).ok()?, &data).ok()
}
