//! Where a reader's bytes come from: a file or any stream, decompressed on the way.

mod gunzip;
mod on_disk;
mod report;

#[cfg(test)]
mod tests;

pub(crate) use on_disk::OnDisk;
pub use report::ReadReport;

use crate::error::{Context, Error, ErrorKind, Result};
use gunzip::Gunzip;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The bytes that a reader reads, and the name for its errors.
pub struct Input {
    name: String,
    source: Box<dyn Read + Send>,
    /// Where it is, if it is a file as it stands.
    path: Option<PathBuf>,
    report: Arc<ReadReport>,
}

impl Input {
    /// A stream of bytes; `name` stands in error messages.
    pub fn new(name: impl Into<String>, source: impl Read + Send + 'static) -> Input {
        Input::counted(name.into(), source, 0)
    }

    /// A file.
    ///
    /// # Errors
    /// `Io`, with the file's name.
    pub(crate) fn open(path: &Path) -> Result<Input> {
        let name = path.display().to_string();
        let file = File::open(path).context(&name)?;
        let about = file.metadata().context(&name)?;
        if about.is_dir() {
            // Opening one succeeds on some systems, and only reading would fail.
            let message = format!("{name}: it is a directory, expected a file");
            return Err(Error::new(ErrorKind::Io, message));
        }
        let path = about.is_file().then(|| path.to_path_buf());
        Ok(Input {
            path,
            ..Input::counted(name, file, about.len())
        })
    }

    fn counted(name: String, source: impl Read + Send + 'static, size: u64) -> Input {
        let report = Arc::new(ReadReport::of_size(size));
        let counted = Counted {
            source,
            report: Arc::clone(&report),
        };
        Input {
            name,
            source: Box::new(counted),
            path: None,
            report,
        }
    }

    /// The same input with gzip undone on the way.
    ///
    /// # Errors
    /// `Malformed` if it does not begin as gzip does, `Io`.
    pub(crate) fn gunzip(self) -> Result<Input> {
        let source = Gunzip::new(self.source, Arc::clone(&self.report)).map_err(of(&self.name))?;
        Ok(Input {
            source: Box::new(source),
            path: None,
            ..self
        })
    }

    /// The input as a file that can be read at any place; a stream is copied to one.
    ///
    /// # Errors
    /// `Io`; `Malformed` for damaged compression.
    pub(crate) fn on_disk(self) -> Result<OnDisk> {
        OnDisk::of(self)
    }

    /// The name that stands in error messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a reader notes what it passed over.
    pub fn report(&self) -> Arc<ReadReport> {
        Arc::clone(&self.report)
    }

    /// Reads once into the buffer and says how many bytes it got; 0 at the end.
    ///
    /// # Errors
    /// `Io`, or `Malformed` for damaged compression, with the name.
    pub(crate) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.source.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome.map_err(of(&self.name)),
            }
        }
    }
}

/// Gives an error of reading its kind and the name of what was read.
fn of(name: &str) -> impl FnOnce(io::Error) -> Error {
    move |error| {
        let damaged = error.kind() == io::ErrorKind::InvalidData;
        let error = Error::from(error).context(name);
        if damaged {
            error.with_kind(ErrorKind::Malformed)
        } else {
            error
        }
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.source.read(buffer)
    }
}

/// Counts the bytes that are read through it.
struct Counted<R> {
    source: R,
    report: Arc<ReadReport>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.report.count(count as u64);
        Ok(count)
    }
}
