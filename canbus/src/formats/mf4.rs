//! MF4, version 4 of ASAM's Measurement Data Format (MDF), as far as it holds CAN frames: the
//! format's row, its options, and what of a message it keeps.
//!
//! A file is a tree of *blocks* that name one another by their offsets: data groups, channel groups
//! and channels say what the records of the data blocks mean. Bus logging (an ASAM standard beside
//! MDF) gives channels their names: `CAN_DataFrame.ID`, `CAN_RemoteFrame.DLC`,
//! `CAN_ErrorFrame.Dir`. The facts here are those of the ASAM MDF 4.1 wiki and standard as
//! asammdf 8.8 and python-can 4.6 apply them.
//!
//! **Read** is every group with such channels: sorted and unsorted, finished and unfinished, with
//! data in `DT`, `DV` and `DZ` blocks and lists of them, frames' data in the record or in data of
//! variable length. Groups are merged in the order of time. Records of other groups are passed over
//! and counted in the [`ReadReport`](super::ReadReport).
//!
//! **Written** are four groups: classic data frames, CAN FD frames, remote frames and error frames.
//! Their times are whole nanoseconds with a conversion to seconds; a channel of its own numbers the
//! messages, so that their order is kept whatever their times are. What was flushed is complete: at
//! each flush a block of data is written behind the others and only then linked, so that a file is
//! finished at any moment. A stream, or a compressed file, cannot be changed behind its end: it gets
//! the unsorted and unfinished form that data loggers write.
//!
//! **Time.** Times count from the start time in the file's header: the first message's, rounded
//! down to a millisecond, or the epoch if that was before it. We write it in UTC; python-can writes
//! that of a clock on the wall, and the option `tz` says where that hangs.

mod append;
mod block;
mod bytes;
mod chain;
mod channel;
mod held;
mod layout;
mod mixed;
mod reader;
mod row;
mod skeleton;
mod sorted;
mod stream;
#[cfg(test)]
mod tests;
mod tree;
mod value;
mod writer;

use super::{ChannelFidelity, Fidelity, Format, Input, Messages, Output, Reading, Writing, zone};
use crate::error::Result;
use crate::listener::Listener;
use crate::options::{OptionKind, OptionSpec, Options};

/// The row of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "mf4",
    extension: ".mf4",
    summary: "ASAM Measurement Data Format 4 with bus logging, as asammdf reads it, compressed",
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
        earlier_than_first: true,
    },
    read: Some(Reading {
        options: &[OptionSpec::new(
            "tz",
            OptionKind::Text,
            "time zone of start times without one, which python-can writes: local, utc, or a name \
             such as Europe/Berlin",
        )
        .or("local")],
        open: read,
    }),
    write: Some(Writing {
        needs_file: false,
        keeps: None,
        options: &[
            OptionSpec::new(
                "channel",
                OptionKind::Integer {
                    min: 0,
                    max: row::MOST_CHANNEL as i64,
                },
                "channel of messages that name none",
            )
            .or("0"),
            OptionSpec::new(
                "compression_level",
                OptionKind::Integer { min: 0, max: 2 },
                "0 stores, 1 compresses, 2 compresses by columns, which is smallest",
            )
            .or("2"),
            OptionSpec::new(
                "database",
                OptionKind::Text,
                "a DBC or ARXML file with the signals, which is put into the file",
            ),
        ],
        create: write,
    }),
};

fn read(input: Input, options: &Options) -> Result<Messages> {
    let zone = zone::named(options.text("tz").unwrap_or_default())?;
    Ok(Box::new(reader::Reader::open(input, &zone)?))
}

fn write(output: Output, options: &Options) -> Result<Box<dyn Listener>> {
    Ok(Box::new(writer::Writer::create(output, options)?))
}
