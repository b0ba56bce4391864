//! ASC, the text log of Vector's tools: the format's row, its options, and what of a message it
//! keeps.
//!
//! ```text
//! date Thu Apr 28 10:44:52.480 am 2022
//! base hex  timestamps absolute
//! internal events logged
//! // version 9.0.0
//! Begin TriggerBlock Thu Apr 28 10:44:52.480 am 2022
//!    0.000000 Start of measurement
//!   13.258199 1  180             Tx   d 8 6A 00 00 00 00 00 00 00
//!   13.300000 CANFD   1 Rx        4EE                                   1 0 9 12 00 01 …
//! End TriggerBlock
//! ```
//!
//! The facts are those on which python-can 4.6, asc2log of can-utils, and files of `CANalyzer`
//! and `CANoe` agree.
//!
//! **Read** are classic frames, `CANFD` frames and error frames, with whatever fields follow them.
//! Lines with a time that are neither (statistics, chip states, J1939 transport, remarks, requests
//! `TxRq`, other buses) are passed over and counted in the [`ReadReport`](super::ReadReport);
//! header, comments and the line `Start of measurement` are no records and are not counted.
//!
//! **Time.** A line's time counts from the date of the trigger block before it, or of the header
//! (`timestamps absolute`), or from the line before it (`timestamps relative`). A date has no time
//! zone: it is local time in Vector's tools and in python-can, and the option `tz` says otherwise.
//! As in python-can the reader leaves the date out unless `relative_timestamp` is switched off.
//! The writer's date is that of the first message, cut to milliseconds, and its times have
//! microseconds. A message that is earlier begins a trigger block with a date of its own.
//!
//! **Error frames.** The format has no room for a cause in the form of Linux, nor for a direction;
//! the writer puts both behind `ErrorFrame //`, which other programs read over.

mod date;
mod fields;
mod frames;
mod header;
mod lines;
mod reader;
#[cfg(test)]
mod tests;
mod writer;

use super::written::AS_WRITTEN;
use super::{
    ChannelFidelity, Fidelity, Format, Input, Messages, Output, Reading, Writing, encoding,
};
use crate::error::Result;
use crate::listener::Listener;
use crate::options::{OptionKind, OptionSpec, Options};

/// The row of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "asc",
    extension: ".asc",
    summary: "text log of Vector's tools (CANalyzer, CANoe)",
    fidelity: Fidelity {
        fd: true,
        remote: true,
        remote_dlc: true,
        error: true,
        error_cause: true,
        raw_dlc: true,
        direction: true,
        channel: ChannelFidelity::Number,
        resolution: 1000,
        negative_time: true,
        earlier_than_first: true,
    },
    read: Some(Reading {
        options: &[RELATIVE_TIMESTAMP, TZ, BASE, encoding::ENCODING, AS_WRITTEN],
        open,
    }),
    write: Some(Writing {
        needs_file: false,
        keeps: None,
        options: &[CHANNEL, TIMESTAMPS_FORMAT, TZ, STYLE, encoding::ENCODING],
        create,
    }),
};

const RELATIVE_TIMESTAMP: OptionSpec = OptionSpec::new(
    "relative_timestamp",
    OptionKind::Flag,
    "count times from the start of the log, without its date",
)
.or("true");

const TZ: OptionSpec = OptionSpec::new(
    "tz",
    OptionKind::Text,
    "time zone of the dates in the file: local as Vector's tools and python-can, utc, or a name \
     such as Europe/Berlin",
)
.or("local");

const BASE: OptionSpec = OptionSpec::new(
    "base",
    OptionKind::Choice(&["hex", "dec"]),
    "how identifiers and data are written in a file whose header does not say it",
)
.or("hex");

const CHANNEL: OptionSpec = OptionSpec::new(
    "channel",
    OptionKind::Integer { min: 1, max: 65535 },
    "channel, counted from 1, of messages that name none",
)
.or("1");

const TIMESTAMPS_FORMAT: OptionSpec = OptionSpec::new(
    "timestamps_format",
    OptionKind::Choice(&["absolute", "relative"]),
    "whether a line's time counts from the start or from the line before it; a file that is \
     continued stays as it is",
)
.or("absolute");

const STYLE: OptionSpec = OptionSpec::new(
    "style",
    OptionKind::Choice(&["vector", "python-can"]),
    "vector writes as CANalyzer does; python-can with dates of 24 hours, shorter lines, and without \
     the version",
)
.or("vector");

fn open(input: Input, options: &Options) -> Result<Messages> {
    reader::messages(input, options)
}

fn create(output: Output, options: &Options) -> Result<Box<dyn Listener>> {
    Ok(Box::new(writer::Writer::new(output, options)?))
}
