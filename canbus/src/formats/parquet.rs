//! `.parquet` files: a table with one row a frame, by columns and compressed, for `DuckDB`, Spark,
//! pandas and everything else that analyses tables larger than memory. Written only.
//!
//! **Columns** are those of [`csv`](super::csv) with `columns=extended`: `timestamp` (nanoseconds,
//! UTC), `arbitration_id`, `extended`, `remote`, `error`, `dlc` (a number of bytes), `data`,
//! `channel` (text; nothing where there is none), `direction` (`Rx` or `Tx`), `raw_dlc` (9 to 15,
//! else nothing), `fd`, `brs`, `esi`.
//!
//! **Unfinished files.** What is in a Parquet file is told at its end, so that one without an end
//! cannot be read at all. While it is written its name therefore ends with `.unfinished`; it gets
//! its own name when it is complete. Whoever is killed loses what was not complete: of long
//! recordings files should be small, by the option `partition` or by rotation.
//!
//! **Parts.** With `partition=day` or `hour` the name is that of a folder with a file for each day
//! or hour (UTC), as Hive, Spark, `DuckDB` and pyarrow know it:
//! `drive.parquet/date=2026-05-04/hour=07/part-0000.parquet`.
//!
//! **Memory.** 32,768 rows are gathered for a row group, which with all that is made of them takes some
//! 5 MiB, however long the file becomes. A file grows by row groups, and so does the size by which it
//! is rotated.
//!
//! Without the feature `parquet` the format is known, but not written.

#[cfg(feature = "parquet")]
mod file;
#[cfg(feature = "parquet")]
mod rows;
#[cfg(feature = "parquet")]
mod write;

#[cfg(all(test, feature = "parquet"))]
mod tests;

use super::{Fidelity, Format, Output, Writing, table};
use crate::error::Result;
use crate::listener::Listener;
use crate::options::{OptionKind, OptionSpec, Options};

/// The row of the table of formats.
pub(super) const FORMAT: Format = Format {
    name: "parquet",
    extension: ".parquet",
    summary: "Apache Parquet, columns for analysis (written only)",
    fidelity: Fidelity {
        resolution: 1,
        ..table::EVERYTHING
    },
    read: None,
    write: Some(Writing {
        needs_file: true,
        keeps: None,
        options: &[PARTITION],
        create,
    }),
};

const PARTITION: OptionSpec = OptionSpec::new(
    "partition",
    OptionKind::Choice(&["none", "day", "hour"]),
    "none writes one file; day or hour a folder with a file for each day or hour of UTC",
)
.or("none");

#[cfg(feature = "parquet")]
fn create(output: Output, options: &Options) -> Result<Box<dyn Listener>> {
    Ok(Box::new(write::Writer::new(output, options)?))
}

#[cfg(not(feature = "parquet"))]
fn create(_: Output, _: &Options) -> Result<Box<dyn Listener>> {
    Err(crate::error::Error::new(
        crate::error::ErrorKind::BackendUnavailable,
        "Parquet files need canbus to be built with its feature parquet",
    ))
}
