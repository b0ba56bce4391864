//! One file: begun under a name that says so, and renamed when it is complete.

use super::rows::Rows;
use crate::error::{Context, Error, ErrorKind, Result};
use parquet::basic::{Compression, Encoding};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a row has.
const SCHEMA: &str = "message can {
    required int64 timestamp (TIMESTAMP(NANOS, true));
    required int32 arbitration_id (INTEGER(32, false));
    required boolean extended;
    required boolean remote;
    required boolean error;
    required int32 dlc (INTEGER(8, false));
    required binary data;
    optional binary channel (STRING);
    required binary direction (STRING);
    optional int32 raw_dlc (INTEGER(8, false));
    required boolean fd;
    required boolean brs;
    required boolean esi;
}";

/// How many bytes a page of a column has at most, about.
const PAGE: usize = 1 << 18;

/// A file that is being written.
pub(super) struct Part {
    writer: SerializedFileWriter<File>,
    path: PathBuf,
    unfinished: PathBuf,
}

impl Part {
    /// Begins a file; what has its name stays until it is complete.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn begin(path: PathBuf) -> Result<Part> {
        let mut unfinished = OsString::from(&path);
        unfinished.push(".unfinished");
        let unfinished = PathBuf::from(unfinished);
        let file = File::create(&unfinished).context(unfinished.display())?;
        let times = ColumnPath::from("timestamp");
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // Smaller than they are by default, for little memory.
            .set_data_page_size_limit(PAGE)
            .set_dictionary_page_size_limit(PAGE)
            // Hardly any time comes twice.
            .set_column_dictionary_enabled(times.clone(), false)
            .set_column_encoding(times, Encoding::DELTA_BINARY_PACKED)
            .set_created_by(concat!("canbus ", env!("CARGO_PKG_VERSION")).into());
        let schema = Arc::new(parse_message_type(SCHEMA).map_err(failed)?);
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties.build()));
        Ok(Part {
            writer: writer.map_err(failed)?,
            path,
            unfinished,
        })
    }

    /// Adds rows, which are gone then.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn add(&mut self, rows: &mut Rows) -> Result<()> {
        let mut group = self.writer.next_row_group().map_err(failed)?;
        let mut place = 0;
        while let Some(mut column) = group.next_column().map_err(failed)? {
            rows.put(place, column.untyped()).map_err(failed)?;
            column.close().map_err(failed)?;
            place += 1;
        }
        group.close().map_err(failed)?;
        rows.clear();
        Ok(())
    }

    /// How many bytes the system has of it.
    pub(super) fn size(&self) -> u64 {
        fs::metadata(&self.unfinished).map_or(0, |about| about.len())
    }

    /// Completes it and gives it its name; its size.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn finish(mut self) -> Result<u64> {
        self.writer.finish().map_err(failed)?;
        let size = self.size();
        let renamed = fs::rename(&self.unfinished, &self.path);
        renamed.context(self.path.display())?;
        Ok(size)
    }
}

/// The first name of a part in a folder that is free.
pub(super) fn free_name(folder: &Path) -> PathBuf {
    let name = |number: u32| folder.join(format!("part-{number:04}.parquet"));
    let mut number = 0;
    while name(number).exists() {
        number += 1;
    }
    name(number)
}

fn failed(error: ParquetError) -> Error {
    Error::new(ErrorKind::Io, format!("Parquet: {error}")).with_source(error)
}
