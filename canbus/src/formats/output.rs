//! Where a writer's bytes go: a file or any stream, compressed on the way.

#[cfg(test)]
pub(super) mod tests;

use super::Input;
use super::encoding::{Encoder, Target};
use crate::error::{Context, Error, ErrorKind, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The bytes that a writer writes. Writers buffer; each `write` here goes to the system.
pub struct Output {
    sink: Sink,
    written: Arc<AtomicU64>,
    /// The last byte of the file that is continued.
    last_byte: Option<u8>,
    /// What the file that is continued begins with.
    beginning: Vec<u8>,
    /// The file that a writer opens itself, and whether it continues it.
    place: Option<(PathBuf, bool)>,
    /// The file that is continued, and whether it is compressed.
    existing: Option<(PathBuf, bool)>,
}

enum Sink {
    /// A file whose beginning can be rewritten.
    File(Counted<File>),
    /// What is no file of the system, but can be rewritten as one.
    Storage(Counted<Box<dyn Storage>>),
    /// A stream, which only ever gets longer.
    Stream(Counted<Box<dyn Write + Send>>),
    /// Either of them behind a compression.
    Gzip(Box<GzEncoder<Sink>>),
    /// Any of them behind another encoding of text than UTF-8.
    Encoded(Box<Encoder<Sink>>),
    /// Completed.
    Done,
}

/// What a format can go back in, to complete its beginning.
pub trait Storage: Write + Seek + Send {}

impl<S: Write + Seek + Send> Storage for S {}

impl Output {
    /// A stream that cannot seek.
    pub fn new(sink: impl Write + Send + 'static) -> Output {
        Output::of(|written| {
            Sink::Stream(Counted {
                sink: Box::new(sink),
                written,
            })
        })
    }

    /// Something empty that can seek, as a file can: its beginning is completed at the end.
    pub fn seekable(storage: impl Storage + 'static) -> Output {
        Output::of(|written| {
            Sink::Storage(Counted {
                sink: Box::new(storage),
                written,
            })
        })
    }

    fn of(sink: impl FnOnce(Arc<AtomicU64>) -> Sink) -> Output {
        let written = Arc::default();
        Output {
            sink: sink(Arc::clone(&written)),
            written,
            last_byte: None,
            beginning: Vec::new(),
            place: None,
            existing: None,
        }
    }

    /// A file that the writer opens by its name; nothing was done to it yet.
    pub(super) fn by_name(path: &Path, append: bool) -> Output {
        Output {
            place: Some((path.to_path_buf(), append)),
            ..Output::new(io::sink())
        }
    }

    /// A file, compressed if `gzip` says so, continued if `append` says so and it has content.
    ///
    /// # Errors
    /// `Io`; `Malformed` for a compressed file to continue that is not whole. With the file's name.
    pub(crate) fn open(path: &Path, gzip: bool, append: bool) -> Result<Output> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(!append)
            .open(path)
            .context(path.display())?;
        let end = file.seek(SeekFrom::End(0)).context(path.display())?;
        let (beginning, last_byte) = match (end, gzip) {
            (0, _) => (Vec::new(), None),
            (_, false) => ends_of(&mut file).context(path.display())?,
            (_, true) => ends_of_compressed(path)?,
        };
        let written = Arc::new(AtomicU64::new(end));
        let output = Output {
            sink: Sink::File(Counted {
                sink: file,
                written: Arc::clone(&written),
            }),
            written,
            last_byte,
            beginning,
            place: None,
            existing: last_byte.map(|_| (path.to_path_buf(), gzip)),
        };
        // Continuing a compressed file starts another member, which readers join.
        Ok(if gzip { output.gzip() } else { output })
    }

    /// The same output behind a compression.
    pub(crate) fn gzip(self) -> Output {
        let encoder = GzEncoder::new(self.sink, Compression::default());
        Output {
            sink: Sink::Gzip(Box::new(encoder)),
            ..self
        }
    }

    /// The same output with the text that is written to it brought into another encoding.
    pub(super) fn encoded(self, target: Target) -> Output {
        Output {
            sink: Sink::Encoded(Box::new(Encoder::new(self.sink, target))),
            ..self
        }
    }

    /// What is in the file that is continued, decompressed; `None` for a new one.
    ///
    /// # Errors
    /// `Io`, with the file's name.
    pub(crate) fn existing(&self) -> Result<Option<Input>> {
        match &self.existing {
            None => Ok(None),
            Some((path, false)) => Input::open(path).map(Some),
            Some((path, true)) => Input::open(path)?.gunzip().map(Some),
        }
    }

    /// For formats whose row says `needs_file`: the file's name, and whether to continue it.
    ///
    /// # Errors
    /// `Unsupported` for any other output.
    pub fn place(&self) -> Result<(&Path, bool)> {
        match &self.place {
            Some((path, append)) => Ok((path, *append)),
            None => Err(Error::new(
                ErrorKind::Unsupported,
                "this format is written to a file of its own only",
            )),
        }
    }

    /// For formats that open their file themselves: tells the size it has now, in bytes.
    pub fn set_size(&self, bytes: u64) {
        self.written.store(bytes, Ordering::Relaxed);
    }

    /// Whether it continues a file that had content.
    pub fn continues(&self) -> bool {
        self.last_byte.is_some()
    }

    /// What the file that is continued begins with, before compression: so much of it that a
    /// header of lines is in it; empty for a new file.
    pub fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    /// For formats of lines: ends the last line of a file that is continued, should it be cut.
    ///
    /// # Errors
    /// `Io`.
    pub fn end_cut_line(&mut self) -> Result<()> {
        if self.last_byte.is_some_and(|byte| byte != b'\n') {
            self.write_all(b"\n")?;
        }
        Ok(())
    }

    /// The file, for formats that go on with one; `None` for compressed files and streams.
    pub fn file(&mut self) -> Option<&mut File> {
        match &mut self.sink {
            Sink::File(counted) => Some(&mut counted.sink),
            _ => None,
        }
    }

    /// The file, or what stands for one, for formats that rewrite their beginning; `None` for
    /// compressed files and streams.
    pub fn storage(&mut self) -> Option<&mut dyn Storage> {
        match &mut self.sink {
            Sink::File(counted) => Some(&mut counted.sink),
            Sink::Storage(counted) => Some(&mut counted.sink),
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
            self.written.store(length, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Completes the output; a compressed file gets its end. Nothing can be written after it;
    /// to complete it again does nothing.
    ///
    /// # Errors
    /// `Io`.
    pub fn finish(&mut self) -> Result<()> {
        let mut sink = std::mem::replace(&mut self.sink, Sink::Done);
        if let Sink::Encoded(encoder) = sink {
            sink = encoder.finish()?;
        }
        if let Sink::Gzip(encoder) = sink {
            sink = encoder.finish()?;
        }
        Ok(sink.flush()?)
    }

    /// The number of bytes in the file, counted as they are written.
    pub(crate) fn written(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.written)
    }
}

/// How much of a file's beginning is kept.
const BEGINNING: usize = 4096;

/// What the file begins with, and its last byte. It stays at its end.
fn ends_of(file: &mut File) -> io::Result<(Vec<u8>, Option<u8>)> {
    let mut beginning = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(BEGINNING as u64).read_to_end(&mut beginning)?;
    let mut byte = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut byte)?;
    Ok((beginning, Some(byte[0])))
}

/// What the compressed file's content begins and ends with. A cut file must not be continued:
/// everything behind the cut would be lost to every reader.
fn ends_of_compressed(path: &Path) -> Result<(Vec<u8>, Option<u8>)> {
    let mut input = Input::open(path)?.gunzip()?;
    let mut buffer = vec![0; 1 << 16];
    let (mut beginning, mut last) = (Vec::new(), None);
    loop {
        let count = input.fill(&mut buffer)?;
        let Some(at) = count.checked_sub(1) else {
            break;
        };
        last = Some(buffer[at]);
        let missing = BEGINNING - beginning.len();
        beginning.extend_from_slice(&buffer[..count.min(missing)]);
    }
    if input.report().is_truncated() {
        return Err(Error::malformed(format!(
            "{}: the end of the compressed file is missing, so it cannot be continued",
            path.display()
        )));
    }
    Ok((beginning, last))
}

impl Write for Output {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.sink.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl Write for Sink {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Sink::File(counted) => counted.write(buffer),
            Sink::Storage(counted) => counted.write(buffer),
            Sink::Stream(counted) => counted.write(buffer),
            Sink::Gzip(encoder) => encoder.write(buffer),
            Sink::Encoded(encoder) => encoder.write(buffer),
            Sink::Done => Err(io::Error::other("the file is complete already")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Sink::File(counted) => counted.flush(),
            Sink::Storage(counted) => counted.flush(),
            Sink::Stream(counted) => counted.flush(),
            Sink::Gzip(encoder) => encoder.flush(),
            Sink::Encoded(encoder) => encoder.flush(),
            Sink::Done => Ok(()),
        }
    }
}

/// Counts the bytes that are written through it.
struct Counted<W> {
    sink: W,
    written: Arc<AtomicU64>,
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
