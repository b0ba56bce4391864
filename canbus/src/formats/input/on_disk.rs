//! An input as a file, for formats that cannot be read from front to back.

use super::{Input, ReadReport};
use crate::error::{Context, Result};
use std::fs::File;
use std::io::{self, Seek};
#[cfg(feature = "sqlite")]
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::{NamedTempFile, TempPath};

/// A file that can be read at any place: the input itself, or a temporary copy of what came from a
/// stream or was compressed.
pub(crate) struct OnDisk {
    name: String,
    path: PathBuf,
    report: Arc<ReadReport>,
    /// Removed with this.
    temporary: Option<TempPath>,
}

impl OnDisk {
    /// The input as a file.
    ///
    /// # Errors
    /// `Io`, also where there is no room for a copy; `Malformed` for damaged compression.
    pub(super) fn of(mut input: Input) -> Result<OnDisk> {
        let (path, temporary) = if let Some(path) = input.path.take() {
            (path, None)
        } else {
            let copy = copy_of(&mut input)?;
            (copy.to_path_buf(), Some(copy))
        };
        Ok(OnDisk {
            name: input.name,
            path,
            report: input.report,
            temporary,
        })
    }

    /// The name that stands in error messages, which is not that of a copy.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Where the file is; it is there as long as this.
    #[cfg(feature = "sqlite")]
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens it, at its beginning.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn open(&self) -> Result<File> {
        File::open(&self.path).context(&self.name)
    }

    /// Tells that so many bytes more were read. Of a copy that was told as it was made.
    pub(crate) fn count(&self, bytes: u64) {
        if self.temporary.is_none() {
            self.report.count(bytes);
        }
    }

    /// Tells that all of it was read, whatever was counted before.
    pub(crate) fn count_all(&self) {
        if self.temporary.is_none() {
            self.report.count_all();
        }
    }

    /// Where a reader notes what it passed over.
    pub(crate) fn report(&self) -> Arc<ReadReport> {
        Arc::clone(&self.report)
    }
}

fn copy_of(input: &mut Input) -> Result<TempPath> {
    let mut copy = NamedTempFile::with_prefix("canbus-").context("a temporary file")?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = match input.fill(&mut buffer) {
            Ok(count) => count,
            // What came before the damage may hold messages.
            Err(error) if copied(&mut copy)? > 0 => {
                log::warn!("{error}; what came before it is read");
                input.report.note_truncated();
                break;
            }
            Err(error) => return Err(error),
        };
        if count == 0 {
            break;
        }
        io::Write::write_all(&mut copy, &buffer[..count]).context("a temporary file")?;
    }
    Ok(copy.into_temp_path())
}

fn copied(copy: &mut NamedTempFile) -> Result<u64> {
    copy.stream_position().context("a temporary file")
}
