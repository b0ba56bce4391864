//! Telnet (RFC 854) and its option COM-PORT (RFC 2217) as bytes: what comes is taken apart, what is
//! to be said is written. No sockets here.

/// Interpret As Command: what follows is no data.
pub(super) const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
/// Subnegotiation begins, ends.
const SB: u8 = 250;
const SE: u8 = 240;

/// Options: bytes as they are, no turns of speaking, a serial port.
const BINARY: u8 = 0;
const SUPPRESS_GO_AHEAD: u8 = 3;
const COM_PORT: u8 = 44;

/// Commands of a client; the server answers with 100 more.
pub(super) const SET_BAUD_RATE: u8 = 1;
pub(super) const SET_DATA_SIZE: u8 = 2;
pub(super) const SET_PARITY: u8 = 3;
pub(super) const SET_STOP_SIZE: u8 = 4;
pub(super) const SET_CONTROL: u8 = 5;
pub(super) const PURGE_DATA: u8 = 12;
/// What the server's answer adds to a command.
pub(super) const ANSWER: u8 = 100;
/// The server's own: wait with sending, go on.
const FLOW_CONTROL_SUSPEND: u8 = 8;
const FLOW_CONTROL_RESUME: u8 = 9;

/// What is told at the beginning: bytes as they are in both directions, and a serial port.
pub(super) const GREETING: [u8; 15] = [
    IAC,
    WILL,
    BINARY,
    IAC,
    DO,
    BINARY,
    IAC,
    WILL,
    SUPPRESS_GO_AHEAD,
    IAC,
    DO,
    SUPPRESS_GO_AHEAD,
    IAC,
    WILL,
    COM_PORT,
];

/// The longest subnegotiation that is understood; what is longer is passed over.
const LONGEST: usize = 64;

/// What the server says beside data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It has (true) or has not a serial port to set.
    ComPort(bool),
    /// A command was carried out, with this value.
    Done { command: u8, value: Vec<u8> },
    /// Whether the client may send.
    MaySend(bool),
}

/// The receiving side, and what is agreed by now.
#[derive(Debug)]
pub(super) struct Telnet {
    state: State,
    subnegotiation: Vec<u8>,
    /// Options that we have, and that the server has, of [`KNOWN`].
    ours: [bool; KNOWN.len()],
    theirs: [bool; KNOWN.len()],
}

const KNOWN: [u8; 3] = [BINARY, SUPPRESS_GO_AHEAD, COM_PORT];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Data,
    Command,
    /// Behind WILL, WONT, DO or DONT.
    Option(u8),
    Subnegotiation,
    /// Behind IAC in a subnegotiation.
    SubnegotiationCommand,
}

impl Telnet {
    /// Nothing was received; [`GREETING`] was sent.
    pub(super) fn new() -> Telnet {
        Telnet {
            state: State::Data,
            subnegotiation: Vec::new(),
            // What was offered or asked for needs no second word once it is agreed to.
            ours: [true; KNOWN.len()],
            theirs: [true, true, false],
        }
    }

    /// Takes bytes in any split: data goes to `data`, what is to be answered to `replies`.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        data: &mut Vec<u8>,
        replies: &mut Vec<u8>,
        mut each: impl FnMut(Said),
    ) {
        for &byte in bytes {
            self.state = match (self.state, byte) {
                (State::Data, IAC) => State::Command,
                (State::Data, byte) => {
                    data.push(byte);
                    State::Data
                }
                (State::Command, IAC) => {
                    data.push(IAC);
                    State::Data
                }
                (State::Command, WILL | WONT | DO | DONT) => State::Option(byte),
                (State::Command, SB) => {
                    self.subnegotiation.clear();
                    State::Subnegotiation
                }
                // NOP, Are You There and the like.
                (State::Command, _) => State::Data,
                (State::Option(verb), option) => {
                    self.negotiate(verb, option, replies).map(&mut each);
                    State::Data
                }
                (State::Subnegotiation, IAC) => State::SubnegotiationCommand,
                (State::SubnegotiationCommand, SE) => {
                    self.subnegotiated().map(&mut each);
                    State::Data
                }
                // A byte of 255 stands twice; another command has no place here.
                (State::Subnegotiation | State::SubnegotiationCommand, byte) => {
                    if self.subnegotiation.len() <= LONGEST {
                        self.subnegotiation.push(byte);
                    }
                    State::Subnegotiation
                }
            };
        }
    }

    /// Agrees to what is known and refuses the rest; says nothing that was said already, so that
    /// two sides never answer each other for ever.
    fn negotiate(&mut self, verb: u8, option: u8, replies: &mut Vec<u8>) -> Option<Said> {
        let known = KNOWN.iter().position(|&known| known == option);
        let (side, yes, no) = match verb {
            DO | DONT => (&mut self.ours, WILL, WONT),
            _ => (&mut self.theirs, DO, DONT),
        };
        let wanted = matches!(verb, DO | WILL);
        match known {
            Some(index) if side[index] != wanted => {
                side[index] = wanted;
                replies.extend([IAC, if wanted { yes } else { no }, option]);
            }
            None if wanted => replies.extend([IAC, no, option]),
            _ => {}
        }
        let serves = option == COM_PORT && matches!(verb, DO | DONT);
        serves.then_some(Said::ComPort(wanted))
    }

    fn subnegotiated(&self) -> Option<Said> {
        let [COM_PORT, command, value @ ..] = self.subnegotiation.as_slice() else {
            return None;
        };
        if self.subnegotiation.len() > LONGEST {
            return None;
        }
        match command.checked_sub(ANSWER)? {
            FLOW_CONTROL_SUSPEND => Some(Said::MaySend(false)),
            FLOW_CONTROL_RESUME => Some(Said::MaySend(true)),
            command => Some(Said::Done {
                command,
                value: value.to_vec(),
            }),
        }
    }
}

/// Data as telnet carries it: a byte of 255 stands twice.
pub(super) fn escape(data: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(data.len());
    for &byte in data {
        escaped.push(byte);
        if byte == IAC {
            escaped.push(IAC);
        }
    }
    escaped
}

/// A command to the serial port.
pub(super) fn command(command: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![IAC, SB, COM_PORT, command];
    bytes.extend(escape(value));
    bytes.extend([IAC, SE]);
    bytes
}

#[cfg(test)]
mod tests;
