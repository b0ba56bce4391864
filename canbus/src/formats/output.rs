//! Where a writer's bytes go: a file or any stream, compressed on the way.

use crate::error::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes that a writer writes. Writers buffer; each `write` here goes to the system.
pub struct Output {
    sink: Sink,
    continues: bool,
}

enum Sink {
    /// A file whose beginning can be rewritten.
    File(Counted<File>),
    /// A compressed file or a stream: only ever longer. The encoder is gone once it is finished.
    Gzip(Option<Box<GzEncoder<Counted<File>>>>, Arc<AtomicU64>),
    Stream(Counted<Box<dyn Write + Send>>),
}

impl Output {
    /// A stream that cannot seek.
    pub fn new(sink: impl Write + Send + 'static) -> Output {
        Output {
            sink: Sink::Stream(Counted::new(Box::new(sink), 0)),
            continues: false,
        }
    }

    /// A file, compressed if `gzip` says so, continued if `append` says so and it has content.
    ///
    /// # Errors
    /// `Io`, with the file's name.
    pub(crate) fn open(path: &Path, gzip: bool, append: bool) -> Result<Output> {
        let open = || -> io::Result<(File, u64)> {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(!append)
                .open(path)?;
            let end = if append {
                file.seek(SeekFrom::End(0))?
            } else {
                0
            };
            Ok((file, end))
        };
        let (file, end) = open().context(path.display())?;
        let counted = Counted::new(file, end);
        let sink = if gzip {
            // Appending to a compressed file starts another member, which readers join.
            let written = Arc::clone(&counted.written);
            Sink::Gzip(
                Some(Box::new(GzEncoder::new(counted, Compression::default()))),
                written,
            )
        } else {
            Sink::File(counted)
        };
        Ok(Output {
            sink,
            continues: end > 0,
        })
    }

    /// Whether it continues a file that had content.
    pub fn continues(&self) -> bool {
        self.continues
    }

    /// The file, for formats that rewrite parts of it; `None` for compressed files and streams.
    pub fn file(&mut self) -> Option<&mut File> {
        match &mut self.sink {
            Sink::File(counted) => Some(&mut counted.sink),
            _ => None,
        }
    }

    /// Cuts the file off behind this many bytes; what is written next follows there. Without
    /// effect on compressed files and streams.
    ///
    /// # Errors
    /// `Io`.
    pub fn cut(&mut self, length: u64) -> Result<()> {
        if let Sink::File(counted) = &mut self.sink {
            counted.sink.set_len(length)?;
            counted.sink.seek(SeekFrom::Start(length))?;
            counted.written.store(length, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Completes the output; a compressed file gets its end.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(&mut self) -> Result<()> {
        if let Sink::Gzip(encoder, _) = &mut self.sink {
            if let Some(encoder) = encoder.take() {
                encoder.finish()?.flush()?;
            }
            return Ok(());
        }
        Ok(self.flush()?)
    }

    /// The number of bytes in the file, counted as they are written.
    pub(crate) fn written(&self) -> Arc<AtomicU64> {
        match &self.sink {
            Sink::File(counted) => Arc::clone(&counted.written),
            Sink::Gzip(_, written) => Arc::clone(written),
            Sink::Stream(counted) => Arc::clone(&counted.written),
        }
    }

    fn writer(&mut self) -> io::Result<&mut dyn Write> {
        match &mut self.sink {
            Sink::File(counted) => Ok(counted),
            Sink::Gzip(Some(encoder), _) => Ok(encoder),
            Sink::Gzip(None, _) => Err(io::Error::other("the file is complete already")),
            Sink::Stream(counted) => Ok(counted),
        }
    }
}

impl Write for Output {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.writer()?.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer()?.flush()
    }
}

/// Counts the bytes that are written through it.
struct Counted<W> {
    sink: W,
    written: Arc<AtomicU64>,
}

impl<W> Counted<W> {
    fn new(sink: W, start: u64) -> Counted<W> {
        Counted {
            sink,
            written: Arc::new(AtomicU64::new(start)),
        }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.sink.write(buffer)?;
        self.written.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
