//! `.log` files as `candump -L` of can-utils writes them: one frame a line,
//! `(1600000000.123456) can0 123#0102`.
//!
//! python-can adds ` R` or ` T` for the direction, which can-utils reads as well and writes with
//! `-x`. The rest follows `parse_canframe` and `snprintf_canframe` of can-utils: `#R5` is a remote
//! frame that asks for 5 bytes, `##1…` a CAN FD frame with its flags, `_9` behind 8 bytes the raw
//! DLC, and an ID with `CAN_ERR_FLAG` of `linux/can.h` an error frame.

mod read;
mod write;

#[cfg(test)]
mod tests;

use super::{
    ChannelFidelity, Fidelity, Format, Input, Messages, Output, Reading, Writing, encoding,
};
use crate::error::Result;
use crate::frame::Frame;
use crate::listener::Listener;
use crate::options::{OptionKind, OptionSpec, Options};

/// The row of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "candump",
    extension: ".log",
    summary: "log of candump -L (can-utils)",
    fidelity: Fidelity {
        fd: true,
        remote: true,
        remote_dlc: true,
        error: true,
        error_cause: true,
        raw_dlc: true,
        direction: true,
        channel: ChannelFidelity::Name,
        resolution: 1000,
        negative_time: true,
        earlier_than_first: true,
    },
    read: Some(Reading {
        options: &[encoding::ENCODING],
        open,
    }),
    write: Some(Writing {
        needs_file: false,
        keeps: Some(keeps),
        options: &[CHANNEL, DIRECTION, encoding::ENCODING],
        create,
    }),
};

fn keeps(options: &Options) -> Fidelity {
    Fidelity {
        direction: options.flag(DIRECTION.name),
        ..FORMAT.fidelity
    }
}

const CHANNEL: OptionSpec = OptionSpec::new(
    "channel",
    OptionKind::Text,
    "the channel of messages that have none",
)
.or("vcan0");

const DIRECTION: OptionSpec = OptionSpec::new(
    "direction",
    OptionKind::Flag,
    "write R or T behind each frame; some programs, as Wireshark, take only lines without",
)
.or("true");

/// Marks the ID of an error frame (`CAN_ERR_FLAG` of `linux/can.h`).
const ERROR_FLAG: u32 = 0x2000_0000;

/// Marks an extended ID (`CAN_EFF_FLAG`); says nothing here, where the number of digits does.
const EXTENDED_FLAG: u32 = 0x8000_0000;

/// The class of a bus error (`CAN_ERR_BUSERROR` of `linux/can/error.h`).
///
/// Alone and without data it is how python-can writes every error frame, so it means an error
/// frame of unknown cause. One that really is of this class and has no data, as no Linux driver
/// makes it, is told apart by [`EXTENDED_FLAG`], over which other programs read.
const BUS_ERROR: u32 = 0x80;

/// Flags of a CAN FD frame (`CANFD_BRS`, `CANFD_ESI` of `linux/can.h`).
const BRS: u8 = 1;
const ESI: u8 = 2;

/// Reads a frame as candump and cansend of can-utils write it: `123#0102`, `00000123#R5`,
/// `123##1AABB`.
///
/// ```
/// use canbus::{Frame, Id, formats};
/// # fn main() -> canbus::Result<()> {
/// let frame = formats::parse_frame("123#DE.AD")?;
/// assert_eq!(frame, Frame::data(Id::standard(0x123)?, &[0xDE, 0xAD])?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// `Malformed`, saying what was expected; `Unsupported` for a frame of CAN XL.
pub fn parse_frame(text: &str) -> Result<Frame> {
    read::parse_frame(text.as_bytes())
}

fn open(input: Input, options: &Options) -> Result<Messages> {
    Ok(read::messages(encoding::decode(input, options)?))
}

fn create(output: Output, options: &Options) -> Result<Box<dyn Listener>> {
    Ok(Box::new(write::Writer::new(
        encoding::encode(output, options)?,
        options,
    )?))
}
