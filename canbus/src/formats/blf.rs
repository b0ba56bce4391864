//! BLF, the Binary Logging Format of Vector's tools: the format's row, its options, and what of a
//! message it keeps.
//!
//! A file is a header of 144 bytes and then *objects*, each with a signature (`LOBJ`), a size and
//! a type. Nearly all of them lie in *containers*: objects of type 10 that hold up to 128 KiB of
//! other objects, as a rule compressed by zlib; an object may begin in one container and end in
//! the next. There is no published specification. The facts here are those on which python-can
//! 4.6, Wireshark and Vector's own header files for programmers agree.
//!
//! What is read: CAN messages (types 1 and 86), CAN FD messages (100, 101), error frames (2, 73,
//! 104). Every other object, markers among them, is passed over and counted in the
//! [`ReadReport`](super::ReadReport). What is written: types 1, 100 and 73, which every known
//! reader understands.
//!
//! **Time.** An object's time counts from the start time in the file's header, which is a date
//! and a time of day to the millisecond *without* a time zone. python-can since 4.6 means UTC by
//! it, Vector's tools mean local time; the option `tz` says which. A start time of zeros is that
//! of a log without a date: times then count from the epoch. The writer starts at the first
//! message's time; a later message with an earlier time gets the start time, with a warning.

mod append;
mod container;
mod contents;
mod header;
mod object;
mod reader;
mod source;
#[cfg(test)]
mod tests;
mod writer;
mod written;

use super::written::AS_WRITTEN;
use super::{ChannelFidelity, Fidelity, Format, Input, Messages, Output, Reading, Writing, zone};
use crate::error::Result;
use crate::listener::Listener;
use crate::options::{OptionKind, OptionSpec, Options};

/// The row of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "blf",
    extension: ".blf",
    summary: "Binary Logging Format of Vector's tools, compressed",
    fidelity: Fidelity {
        fd: true,
        remote: true,
        remote_dlc: true,
        error: true,
        error_cause: true,
        raw_dlc: true,
        direction: true,
        channel: ChannelFidelity::Number,
        resolution: 1,
        negative_time: true,
        earlier_than_first: false,
    },
    read: Some(Reading {
        options: &[TZ, AS_WRITTEN],
        open: read,
    }),
    write: Some(Writing {
        needs_file: false,
        keeps: None,
        options: &[
            OptionSpec::new(
                "channel",
                OptionKind::Integer {
                    min: 1,
                    max: u16::MAX as i64,
                },
                "channel, counted from 1, of messages that name none",
            )
            .or("1"),
            OptionSpec::new(
                "compression_level",
                OptionKind::Integer { min: -1, max: 9 },
                "0 stores, 1 is fastest, 9 is smallest, -1 is the default (6)",
            )
            .or("-1"),
            OptionSpec::new(
                "max_container_size",
                OptionKind::Integer {
                    min: object::LARGEST as i64,
                    max: 16 << 20,
                },
                "bytes that are compressed together",
            )
            .or("131072"),
            TZ,
        ],
        create: write,
    }),
};

const TZ: OptionSpec = OptionSpec::new(
    "tz",
    OptionKind::Text,
    "time zone of the start time in the file: utc as python-can, local as Vector's tools, or a \
     name such as Europe/Berlin",
)
.or("utc");

fn read(input: Input, options: &Options) -> Result<Messages> {
    let zone = zone::named(options.text("tz").unwrap_or_default())?;
    let mut reader = reader::Reader::open(input, zone)?;
    if options.flag(AS_WRITTEN.name) {
        reader.as_written();
    }
    Ok(Box::new(reader))
}

fn write(output: Output, options: &Options) -> Result<Box<dyn Listener>> {
    Ok(Box::new(writer::Writer::create(output, options)?))
}
