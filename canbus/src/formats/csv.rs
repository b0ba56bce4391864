//! `.csv` files with the columns of python-can: one message a line,
//! `1600000000.123456,0x123,0,0,0,2,AQI=`.
//!
//! Those columns leave out channel, direction and everything of CAN FD. python-can's reader takes
//! apart each line at its commas and wants exactly seven fields, so columns behind them
//! (`columns=extended`) are for every other program. `columns=packed` is for python-can as well:
//! its reader takes whatever is not `1` in the columns `remote` and `error` for a no, and at least
//! one of them always is a no. There the rest stands behind the 0, as in
//! `0;channel=can0;tx;fd;brs`.

mod columns;
mod fields;
mod packed;
mod quick;
mod read;
mod time;
mod write;

#[cfg(test)]
mod tests;

use super::table;
use super::{Fidelity, Format, Input, Messages, Output, Reading, Writing, encoding};
use crate::error::{Error, Result};
use crate::listener::Listener;
use crate::options::{OptionKind, OptionSpec, Options};

/// The row of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "csv",
    extension: ".csv",
    summary: "comma-separated values with python-can's columns",
    fidelity: Fidelity {
        resolution: 1,
        ..table::FIDELITY
    },
    read: Some(Reading {
        options: &[encoding::ENCODING],
        open,
    }),
    write: Some(Writing {
        needs_file: false,
        keeps: Some(keeps),
        options: &[COLUMNS, encoding::ENCODING],
        create,
    }),
};

/// With more columns everything.
fn keeps(options: &Options) -> Fidelity {
    match options.text(COLUMNS.name) {
        Some("extended" | "packed") => table::EVERYTHING,
        _ => FORMAT.fidelity,
    }
}

const COLUMNS: OptionSpec = OptionSpec::new(
    "columns",
    OptionKind::Choice(&["standard", "extended", "packed", "packed-fd"]),
    "what is kept: standard, what python-can keeps; extended, everything, in more columns; \
     packed, everything in python-can's columns, which its reader still takes; packed-fd, \
     standard, but CAN FD frames packed",
)
.or("standard");

/// Between the columns.
const COMMA: u8 = b',';

fn open(input: Input, options: &Options) -> Result<Messages> {
    Ok(read::messages(encoding::decode(input, options)?))
}

fn create(output: Output, options: &Options) -> Result<Box<dyn Listener>> {
    let output = encoding::encode(output, options)?;
    Ok(Box::new(write::Writer::new(output, options)?))
}

fn expected(what: &str, found: &[u8]) -> Error {
    const MOST: usize = 60;
    let cut = &found[..found.len().min(MOST)];
    let more = if found.len() > MOST { "…" } else { "" };
    let found = String::from_utf8_lossy(cut);
    Error::malformed(format!("expected {what}, not {found:?}{more}"))
}
