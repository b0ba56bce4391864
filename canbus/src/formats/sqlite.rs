//! `.db` files: a table of an `SQLite` database, with the columns of python-can.
//!
//! Those columns leave out channel, direction and everything of CAN FD, and python-can reads
//! `SELECT *`, so that one more column would be one too many. With `columns=extended` they stand
//! in a second table, `messages_extra`, whose key is the `rowid` of the message: python-can does
//! not look at it, and may append to such a file.
//!
//! `SQLite` fills up a page that the end of a file cuts with zeros. Rows of which something is
//! missing there are told and not given, rows whose part in the second table is missing are told
//! and given; such a file is not continued.
//!
//! Without the feature `sqlite` the format is known, but neither read nor written.

#[cfg(feature = "sqlite")]
mod database;
#[cfg(feature = "sqlite")]
mod plain;
#[cfg(feature = "sqlite")]
mod read;
#[cfg(feature = "sqlite")]
mod row;
#[cfg(feature = "sqlite")]
mod schema;
#[cfg(feature = "sqlite")]
mod write;

#[cfg(all(test, feature = "sqlite"))]
mod tests;

use super::table;
use super::{Fidelity, Format, Input, Messages, Output, Reading, Writing};
use crate::error::Result;
use crate::listener::Listener;
use crate::options::{OptionKind, OptionSpec, Options};

/// The row of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "sqlite",
    extension: ".db",
    summary: "SQLite database with python-can's table",
    fidelity: Fidelity {
        // A double has steps of 238 ns today, and gives whole microseconds back exactly.
        resolution: 1000,
        ..table::FIDELITY
    },
    read: Some(Reading {
        options: &[TABLE_NAME],
        open,
    }),
    write: Some(Writing {
        needs_file: true,
        keeps: Some(keeps),
        options: &[TABLE_NAME, COLUMNS],
        create,
    }),
};

/// With the second table everything.
fn keeps(options: &Options) -> Fidelity {
    match options.text(COLUMNS.name) {
        Some("extended") => table::EVERYTHING,
        _ => FORMAT.fidelity,
    }
}

const TABLE_NAME: OptionSpec = OptionSpec::new(
    "table_name",
    OptionKind::Text,
    "the table that holds the messages",
)
.or("messages");

const COLUMNS: OptionSpec = OptionSpec::new(
    "columns",
    OptionKind::Choice(&["standard", "extended"]),
    "what is kept: standard, what python-can keeps; extended, everything, in a second table that \
     its reader does not look at",
)
.or("standard");

#[cfg(feature = "sqlite")]
fn open(input: Input, options: &Options) -> Result<Messages> {
    read::messages(input, options)
}

#[cfg(feature = "sqlite")]
fn create(output: Output, options: &Options) -> Result<Box<dyn Listener>> {
    Ok(Box::new(write::Writer::new(output, options)?))
}

#[cfg(not(feature = "sqlite"))]
fn open(_: Input, _: &Options) -> Result<Messages> {
    Err(left_out())
}

#[cfg(not(feature = "sqlite"))]
fn create(_: Output, _: &Options) -> Result<Box<dyn Listener>> {
    Err(left_out())
}

#[cfg(not(feature = "sqlite"))]
fn left_out() -> crate::error::Error {
    crate::error::Error::new(
        crate::error::ErrorKind::BackendUnavailable,
        "SQLite databases need canbus to be built with its feature sqlite",
    )
}
