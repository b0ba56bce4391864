//! What a file says of a frame that CAN does not have, for those who want it nevertheless.

use crate::frame::MAX_FD_LEN;
use crate::message::{Channel, Direction, Timestamp};
use crate::options::{OptionKind, OptionSpec};
use std::error::Error;
use std::fmt;

/// The option of a reader that gives such frames.
pub(crate) const AS_WRITTEN: OptionSpec = OptionSpec::new(
    "as_written",
    OptionKind::Flag,
    "for programs: what CAN does not have, as a remote frame of CAN FD, is an error with the frame \
     as it stands in the file, where else the nearest frame is taken",
)
.or("false");

/// A frame as it stands in a file, though CAN has none such: a standard identifier of more than 11
/// bits, a remote frame of CAN FD, more bytes than fit.
///
/// It is the source of the error that a reader gives in its place, if the option `as_written` is
/// set; python-can takes such frames for messages like any other.
#[derive(Debug, Clone, Copy)]
pub struct WrittenFrame {
    /// When it was seen.
    pub timestamp: Timestamp,
    /// The identifier, 29 bits at most.
    pub id: u32,
    /// Whether it is called an extended one.
    pub extended: bool,
    /// Whether it is called a remote frame.
    pub remote: bool,
    /// Whether it is called an error frame.
    pub error: bool,
    /// Whether it is called a frame of CAN FD.
    pub fd: bool,
    /// The bit rate switch.
    pub brs: bool,
    /// The error state indicator.
    pub esi: bool,
    /// How many bytes it is said to have.
    pub length: u8,
    /// The bytes that are there.
    pub data: ([u8; MAX_FD_LEN], u8),
    /// Where it was seen.
    pub channel: Option<Channel>,
    /// Which way it went.
    pub direction: Direction,
}

impl WrittenFrame {
    /// The bytes that are there.
    pub fn payload(&self) -> &[u8] {
        &self.data.0[..usize::from(self.data.1).min(MAX_FD_LEN)]
    }
}

impl fmt::Display for WrittenFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the file has a frame of {} bytes and identifier {:#X}",
            self.length, self.id
        )
    }
}

impl Error for WrittenFrame {}
