//! Where a reader's bytes come from: a file or any stream, decompressed on the way.

use crate::error::{Context, Result};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far the reading of a file has come, and what it passed over.
#[derive(Debug, Default)]
pub struct ReadReport {
    bytes: AtomicU64,
    size: u64,
    passed_over: AtomicU64,
    truncated: AtomicBool,
}

impl ReadReport {
    /// Bytes of the file that were read, compressed ones for a compressed file.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// The size of the file in bytes; 0 where it is not known.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Records of the format that are no CAN frames and were passed over.
    pub fn passed_over(&self) -> u64 {
        self.passed_over.load(Ordering::Relaxed)
    }

    /// Whether the file ends in the middle of a record; what came before was read.
    pub fn is_truncated(&self) -> bool {
        self.truncated.load(Ordering::Relaxed)
    }

    /// Counts records that are no CAN frames; for readers.
    pub fn pass_over(&self, records: u64) {
        self.passed_over.fetch_add(records, Ordering::Relaxed);
    }

    /// Notes that the file ends in the middle of a record; for readers.
    pub fn note_truncated(&self) {
        self.truncated.store(true, Ordering::Relaxed);
    }
}

/// The bytes that a reader reads, and the name for its errors.
pub struct Input {
    name: String,
    source: Box<dyn Read + Send>,
    report: Arc<ReadReport>,
}

impl Input {
    /// A stream of bytes; `name` stands in error messages.
    pub fn new(name: impl Into<String>, source: impl Read + Send + 'static) -> Input {
        Input::counted(name.into(), source, 0, false)
    }

    /// A file, decompressed if `gzip` says so.
    ///
    /// # Errors
    /// `Io`, with the file's name.
    pub(crate) fn open(path: &Path, gzip: bool) -> Result<Input> {
        let name = path.display().to_string();
        let file = File::open(path).context(&name)?;
        let size = file.metadata().context(&name)?.len();
        Ok(Input::counted(name, file, size, gzip))
    }

    fn counted(name: String, source: impl Read + Send + 'static, size: u64, gzip: bool) -> Input {
        let report = Arc::new(ReadReport {
            size,
            ..ReadReport::default()
        });
        let counted = Counted {
            source,
            report: Arc::clone(&report),
        };
        let source: Box<dyn Read + Send> = if gzip {
            Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(
                1 << 16,
                counted,
            )))
        } else {
            Box::new(counted)
        };
        Input {
            name,
            source,
            report,
        }
    }

    /// The name that stands in error messages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a reader notes what it passed over.
    pub fn report(&self) -> Arc<ReadReport> {
        Arc::clone(&self.report)
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
        self.report.bytes.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
