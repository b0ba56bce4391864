//! `.trc`, the trace files of PEAK's tools (PCAN-View, PCAN-Explorer): the format's row and its
//! options.
//!
//! A file is text: a header of lines that begin with `;`, then one record a line. Of the header
//! count `;$FILEVERSION=`, `;$STARTTIME=` (days since 1899-12-30, as in spreadsheets) and from 2.0
//! on `;$COLUMNS=`, which names the columns; everything else in it is for people. The facts are
//! those of PEAK's "PEAK CAN TRC File Format" and of files that PEAK's programs wrote.
//!
//! **Versions.** Read are files without a version (1.0) and 1.0 to 2.1, and of 3.0 all but the
//! frames of CAN XL. The option `version` chooses which is written: 2.1 holds all that a message
//! has; 2.0 has no bus column and no raw DLC; 1.3 has no CAN FD; 1.1 besides no bus and a tenth of a
//! millisecond; 1.0 neither a direction nor the date, and whole milliseconds.
//!
//! **Records.** Status lines (`ST`, `Warng`), error counters (`EC`) and events (`EV`) are passed
//! over and counted; error lines become error frames. What PEAK's five bytes of an error frame
//! cannot say of its cause stands in a comment before the line, which other programs read over; in
//! versions 1.1 to 1.3 also that it was sent.
//!
//! **Time.** The start time has no time zone. python-can takes it for UTC, PEAK's tools write the
//! local time; the option `tz` says which. Version 1.0 tells its start to people only: as in
//! python-can its times count from 0, unless the option `absolute` is given.

mod aligned;
mod append;
mod error_frame;
mod header;
mod layout;
mod number;
mod read;
mod write;

#[cfg(test)]
mod tests;

use super::{
    ChannelFidelity, Fidelity, Format, Input, Messages, Output, Reading, Writing, encoding, zone,
};
use crate::error::Result;
use crate::listener::Listener;
use crate::options::{OptionKind, OptionSpec, Options};

/// The row of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "trc",
    extension: ".trc",
    summary: "trace of PCAN-View and PCAN-Explorer (PEAK)",
    // That of version 2.1.
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
        options: &[TZ, ABSOLUTE, encoding::ENCODING],
        open,
    }),
    write: Some(Writing {
        needs_file: false,
        keeps: Some(keeps),
        options: &[VERSION, CHANNEL, TZ, encoding::ENCODING],
        create,
    }),
};

/// What the older versions have no place for.
fn keeps(options: &Options) -> Fidelity {
    let version = options.text(VERSION.name).unwrap_or("2.1");
    let old = version < "2.0";
    Fidelity {
        fd: !old,
        raw_dlc: version != "2.0",
        direction: version > "1.0",
        channel: match version {
            "1.3" | "2.1" => ChannelFidelity::Number,
            _ => ChannelFidelity::Nothing,
        },
        resolution: match version {
            "1.0" => 1_000_000,
            "1.1" => 100_000,
            _ => 1000,
        },
        ..FORMAT.fidelity
    }
}

const TZ: OptionSpec = OptionSpec::new(
    "tz",
    OptionKind::Text,
    "time zone of the start time: utc, local or a name such as Europe/Berlin",
)
.or("utc");

const ABSOLUTE: OptionSpec = OptionSpec::new(
    "absolute",
    OptionKind::Flag,
    "for files that tell their start only to people (version 1.0): count times from it, not from 0",
)
.or("false");

const VERSION: OptionSpec = OptionSpec::new(
    "version",
    OptionKind::Choice(&["1.0", "1.1", "1.3", "2.0", "2.1"]),
    "version of the format; else 2.1, or that of a file that is continued",
)
.also(&["file_version"]);

const CHANNEL: OptionSpec = OptionSpec::new(
    "channel",
    OptionKind::Integer {
        min: 0,
        max: u16::MAX as i64,
    },
    "the bus of messages that name no channel",
)
.or("1");

fn open(input: Input, options: &Options) -> Result<Messages> {
    let zone = zone::named(options.text("tz").unwrap_or_default())?;
    let input = encoding::decode(input, options)?;
    Ok(read::messages(input, zone, options.flag("absolute")))
}

fn create(output: Output, options: &Options) -> Result<Box<dyn Listener>> {
    Ok(Box::new(write::Writer::new(output, options)?))
}
