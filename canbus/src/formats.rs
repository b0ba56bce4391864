//! The table of log formats, and how a file is opened and created by its suffix.

mod ahead;
mod asc;
mod blf;
mod candump;
mod csv;
mod deflate;
mod digits;
mod encoding;
mod fidelity;
mod input;
mod lines;
mod mf4;
mod output;
mod parquet;
mod pending;
mod room;
mod sqlite;
mod table;
mod text;
mod trc;
mod written;
mod zone;

#[cfg(test)]
mod tests;

pub use candump::parse_frame;
pub use fidelity::{ChannelFidelity, Fidelity};
pub use input::{Input, ReadReport};
pub use output::{Output, Storage};
pub use written::WrittenFrame;

use crate::error::{Context, Error, ErrorKind, Result};
use crate::listener::Listener;
use crate::message::{Message, Timestamp};
use crate::options::{OptionSpec, Options, Value, nearest};
use std::iter::FusedIterator;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, atomic::Ordering};

/// The messages of a log, in the order of the file. After an error, what follows is read on
/// behind the damage where the format allows it.
pub type Messages = Box<dyn Iterator<Item = Result<Message>> + Send>;

/// A log format: one row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its name.
    pub name: &'static str,
    /// The suffix of its files, with the dot, in lower case. `.gz` may follow it.
    pub extension: &'static str,
    /// What it is, in one line.
    pub summary: &'static str,
    /// What a file of this format keeps.
    pub fidelity: Fidelity,
    /// How it is read.
    pub read: Option<Reading>,
    /// How it is written.
    pub write: Option<Writing>,
}

/// How a format is read.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The options of the reader.
    pub options: &'static [OptionSpec],
    /// Starts reading.
    pub open: fn(Input, &Options) -> Result<Messages>,
}

/// How a format is written.
#[derive(Debug, Clone, Copy)]
pub struct Writing {
    /// The options of the writer.
    pub options: &'static [OptionSpec],
    /// Whether it can be written to a file only, which it opens by [`Output::place`]: not to a
    /// stream, not compressed. Such a writer checks its options before it touches the file.
    pub needs_file: bool,
    /// What the file keeps with these options, for formats where it depends on them.
    pub keeps: Option<fn(&Options) -> Fidelity>,
    /// Starts writing; the output says whether it continues an existing file.
    pub create: fn(Output, &Options) -> Result<Box<dyn Listener>>,
}

/// The formats of this crate. One line here is all that registers a new one.
static FORMATS: &[Format] = &[
    asc::FORMAT,
    blf::FORMAT,
    candump::FORMAT,
    csv::FORMAT,
    mf4::FORMAT,
    parquet::FORMAT,
    sqlite::FORMAT,
    trc::FORMAT,
    text::FORMAT,
];

/// What programs registered at run time.
static REGISTERED: Mutex<Vec<Format>> = Mutex::new(Vec::new());

/// All formats, those registered at run time last.
pub fn all() -> Vec<Format> {
    let registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    FORMATS.iter().chain(registered.iter()).copied().collect()
}

/// Adds a format of another crate to the table.
///
/// # Errors
/// `InvalidInput` if the name or suffix is taken, or the suffix is not a dot and lower-case text.
pub fn register(format: Format) -> Result<()> {
    let suffix = format.extension;
    if !suffix.starts_with('.') || suffix.len() < 2 || suffix != suffix.to_ascii_lowercase() {
        return Err(Error::invalid(format!(
            "a format's extension is a dot and lower-case letters, not {suffix:?}"
        )));
    }
    let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    let taken = |other: &Format| other.name == format.name || other.extension == suffix;
    if FORMATS.iter().any(taken) || registered.iter().any(taken) {
        return Err(Error::invalid(format!(
            "there is a format {} or a suffix {suffix} already",
            format.name
        )));
    }
    registered.push(format);
    Ok(())
}

/// The format that a file's suffix stands for, and whether `.gz` follows it.
///
/// # Errors
/// `InvalidInput` for a suffix that no format has, with the nearest or all of them.
pub fn find(path: &Path) -> Result<(Format, bool)> {
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().to_ascii_lowercase())
        .unwrap_or_default();
    let (plain, gzip) = match name.strip_suffix(".gz") {
        Some(plain) => (plain, true),
        None => (name.as_str(), false),
    };
    let formats = all();
    let matching = formats
        .iter()
        .find(|format| plain != format.extension && plain.ends_with(format.extension));
    if let Some(&format) = matching {
        return Ok((format, gzip));
    }
    let suffixes: Vec<&str> = formats.iter().map(|format| format.extension).collect();
    // A name that is nothing but a suffix has none: `.log` is a hidden file.
    let suffix = plain
        .rfind('.')
        .filter(|&dot| dot > 0)
        .map_or("", |dot| &plain[dot..]);
    let hint = match nearest(suffix, suffixes.iter().copied()) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("there are {}, each also with .gz", suffixes.join(", ")),
    };
    Err(Error::invalid(format!(
        "{}: no log format has the suffix {suffix:?}; {hint}",
        path.display()
    )))
}

/// A log being read: an iterator over its messages. After the end it stays at the end.
pub struct LogReader {
    messages: Source,
    format: Format,
    report: Arc<ReadReport>,
}

/// Where the messages of a log come from.
enum Source {
    Here(Messages),
    Ahead(ahead::Ahead),
    /// The end was reached, and the file closed.
    Ended,
}

impl LogReader {
    /// The format of the file.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The same log, read on a thread of its own while its messages are used: worth it where two
    /// cores are free. A stream, which may be slow, stays as it is.
    ///
    /// # Errors
    /// `Io` if there is no thread to be had.
    pub fn read_ahead(mut self) -> Result<LogReader> {
        let source = std::mem::replace(&mut self.messages, Source::Ended);
        self.messages = match source {
            Source::Here(messages) if self.report.size() > 0 => {
                Source::Ahead(ahead::Ahead::start(messages)?)
            }
            other => other,
        };
        Ok(self)
    }

    /// Messages that were read ahead and are at hand, at most so many: faster than one by one. An
    /// empty slice says nothing; then it is [`Iterator::next`] that knows more.
    #[inline]
    pub fn ready(&mut self, most: usize) -> &[Message] {
        match &mut self.messages {
            Source::Ahead(ahead) => ahead.ready(most),
            _ => &[],
        }
    }

    /// How far reading has come and what it passed over; may be looked at from another thread.
    pub fn report(&self) -> Arc<ReadReport> {
        Arc::clone(&self.report)
    }
}

impl Iterator for LogReader {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Result<Message>> {
        let next = match &mut self.messages {
            Source::Here(messages) => messages.next(),
            Source::Ahead(messages) => messages.next(),
            Source::Ended => return None,
        };
        if next.is_none() {
            self.messages = Source::Ended;
        }
        next
    }
}

impl FusedIterator for LogReader {}

/// Opens a log file by its suffix; `.gz` is undone on the way.
///
/// # Errors
/// `InvalidInput` for the suffix or an option, `Unsupported` for a format that is only written,
/// `Io`, `Malformed` when not even the beginning is of the format.
pub fn open<N: AsRef<str>, V: Into<Value>>(
    path: impl AsRef<Path>,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<LogReader> {
    let path = path.as_ref();
    start_reading(find(path)?, path, options, || Input::open(path))
}

/// Opens a log file whose name does not tell the format, which is given as for [`read`].
///
/// # Errors
/// As [`open`].
pub fn open_as<N: AsRef<str>, V: Into<Value>>(
    format: &str,
    path: impl AsRef<Path>,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<LogReader> {
    let path = path.as_ref();
    start_reading(named(format)?, path, options, || Input::open(path))
}

/// Reads a log from any stream; the format is given by its name or suffix (`blf`, `.blf`), with
/// `.gz` behind it for a compressed one.
///
/// ```
/// use canbus::formats;
/// # fn main() -> canbus::Result<()> {
/// let input = formats::Input::new("stdin", &b"(1.5) can0 123#0102\n"[..]);
/// let none: [(&str, &str); 0] = [];
/// let mut log = formats::read("candump", input, none)?;
/// let message = log.next().expect("one line")?;
/// assert_eq!(message.frame.payload(), [1, 2]);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`open`].
pub fn read<N: AsRef<str>, V: Into<Value>>(
    format: &str,
    input: Input,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<LogReader> {
    let name = PathBuf::from(input.name());
    start_reading(named(format)?, &name, options, || Ok(input))
}

fn start_reading<N: AsRef<str>, V: Into<Value>>(
    (format, gzip): (Format, bool),
    name: &Path,
    options: impl IntoIterator<Item = (N, V)>,
    input: impl FnOnce() -> Result<Input>,
) -> Result<LogReader> {
    let reading = format.read.ok_or_else(|| one_way(name, &format, "read"))?;
    let options = Options::check(
        &format!("reader of {}", format.extension),
        reading.options,
        options,
    )?;
    let mut input = input()?;
    if gzip {
        input = input.gunzip()?;
    }
    let report = input.report();
    let messages = Source::Here((reading.open)(input, &options)?);
    Ok(LogReader {
        messages,
        format,
        report,
    })
}

/// The format of this name or suffix, and whether `.gz` follows it.
fn named(name: &str) -> Result<(Format, bool)> {
    let (plain, gzip) = match name.strip_suffix(".gz") {
        Some(plain) => (plain, true),
        None => (name, false),
    };
    let formats = all();
    let is_it =
        |format: &&Format| [format.name, format.extension, &format.extension[1..]].contains(&plain);
    if let Some(&format) = formats.iter().find(is_it) {
        return Ok((format, gzip));
    }
    let names: Vec<&str> = formats.iter().map(|format| format.name).collect();
    let hint = match nearest(plain, names.iter().copied()) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => format!("there are {}", names.join(", ")),
    };
    Err(Error::invalid(format!(
        "no log format is called {name:?}; {hint}"
    )))
}

/// A log being written: a [`Listener`] that knows the size of its file.
pub struct LogWriter {
    listener: Box<dyn Listener>,
    format: Format,
    fidelity: Fidelity,
    /// What stands before errors.
    name: String,
    written: Arc<AtomicU64>,
}

impl LogWriter {
    /// The format of the file.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What the file keeps, with the options that it is written with.
    pub fn fidelity(&self) -> Fidelity {
        self.fidelity
    }

    /// The size of the file in bytes, as far as it was handed to the system; what is buffered or
    /// not yet compressed is not in it.
    pub fn file_size(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }
}

impl Listener for LogWriter {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.listener.on_message(message).context(&self.name)
    }

    fn on_batch(&mut self, messages: &[Message]) -> Result<()> {
        self.listener.on_batch(messages).context(&self.name)
    }

    fn on_error(&mut self, error: &Error) -> bool {
        self.listener.on_error(error)
    }

    fn on_event(&mut self, text: &str, timestamp: Option<Timestamp>) -> Result<()> {
        self.listener.on_event(text, timestamp).context(&self.name)
    }

    fn flush(&mut self) -> Result<()> {
        self.listener.flush().context(&self.name)
    }

    fn finish(&mut self) -> Result<()> {
        self.listener.finish().context(&self.name)
    }

    fn dropped(&self) -> u64 {
        self.listener.dropped()
    }
}

/// What a file with this name keeps that is written with these options.
///
/// # Errors
/// `InvalidInput` for the suffix or an option, `Unsupported` for a format that is only read.
pub fn fidelity<N: AsRef<str>, V: Into<Value>>(
    path: impl AsRef<Path>,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<Fidelity> {
    let (format, _) = find(path.as_ref())?;
    let writing = writing_of(path.as_ref(), format)?;
    let options = writer_options(format, writing, options)?;
    Ok(fidelity_of(&format, writing, &options))
}

/// Creates a log file by its suffix, replacing what was there; `.gz` compresses it on the way.
///
/// # Errors
/// `InvalidInput` for the suffix or an option, `Unsupported` for a format that is only read,
/// `Io`.
pub fn create<N: AsRef<str>, V: Into<Value>>(
    path: impl AsRef<Path>,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<LogWriter> {
    let path = path.as_ref();
    start(find(path)?, path, false, options)
}

/// Continues a log file, or creates it where there is none.
///
/// # Errors
/// As [`create`]; `Malformed` for an existing file that is not of the format.
pub fn append<N: AsRef<str>, V: Into<Value>>(
    path: impl AsRef<Path>,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<LogWriter> {
    let path = path.as_ref();
    start(find(path)?, path, true, options)
}

/// Continues a log file whose name does not tell the format, which is given as for [`read`], or
/// creates it where there is none.
///
/// # Errors
/// As [`append`].
pub fn append_as<N: AsRef<str>, V: Into<Value>>(
    format: &str,
    path: impl AsRef<Path>,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<LogWriter> {
    start(named(format)?, path.as_ref(), true, options)
}

/// Writes a log to any stream; the format is given as for [`read`].
///
/// # Errors
/// `InvalidInput` for the format or an option, `Unsupported` for a format that is only read.
pub fn write<N: AsRef<str>, V: Into<Value>>(
    format: &str,
    output: Output,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<LogWriter> {
    let (format, gzip) = named(format)?;
    let stream = Path::new("stream");
    let writing = needs_no_file(stream, format, "written to a stream")?;
    start_writing((format, writing), stream, options, || {
        Ok(if gzip { output.gzip() } else { output })
    })
}

fn start<N: AsRef<str>, V: Into<Value>>(
    (format, gzip): (Format, bool),
    path: &Path,
    append: bool,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<LogWriter> {
    let writing = if gzip {
        needs_no_file(path, format, "compressed while they are written")?
    } else {
        writing_of(path, format)?
    };
    start_writing((format, writing), path, options, || {
        if writing.needs_file {
            return Ok(Output::by_name(path, append));
        }
        Output::open(path, gzip, append)
    })
}

fn writing_of(path: &Path, format: Format) -> Result<Writing> {
    format
        .write
        .ok_or_else(|| one_way(path, &format, "written"))
}

/// How the format is written, provided that it can be written to anything.
fn needs_no_file(path: &Path, format: Format, what: &str) -> Result<Writing> {
    let writing = writing_of(path, format)?;
    if writing.needs_file {
        let text = format!(
            "{}: {} files cannot be {what}",
            path.display(),
            format.extension
        );
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    Ok(writing)
}

fn start_writing<N: AsRef<str>, V: Into<Value>>(
    (format, writing): (Format, Writing),
    path: &Path,
    options: impl IntoIterator<Item = (N, V)>,
    output: impl FnOnce() -> Result<Output>,
) -> Result<LogWriter> {
    // Before the file is touched: a wrong option must not cost an existing log.
    let options = writer_options(format, writing, options)?;
    if !writing.needs_file {
        // Their values too: the writer alone knows them all.
        (writing.create)(Output::new(std::io::sink()), &options).context(path.display())?;
    }
    let output = output()?;
    let written = output.written();
    let name = path.display().to_string();
    let listener = (writing.create)(output, &options).context(&name)?;
    Ok(LogWriter {
        listener,
        format,
        fidelity: fidelity_of(&format, writing, &options),
        name,
        written,
    })
}

fn writer_options<N: AsRef<str>, V: Into<Value>>(
    format: Format,
    writing: Writing,
    options: impl IntoIterator<Item = (N, V)>,
) -> Result<Options> {
    let whose = format!("writer of {}", format.extension);
    Options::check(&whose, writing.options, options)
}

fn fidelity_of(format: &Format, writing: Writing, options: &Options) -> Fidelity {
    writing
        .keeps
        .map_or(format.fidelity, |keeps| keeps(options))
}

/// "a, b and c"
fn listed(names: &[&str]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

fn one_way(path: &Path, format: &Format, done: &str) -> Error {
    let can = |format: &Format| match done {
        "read" => format.read.is_some(),
        _ => format.write.is_some(),
    };
    let others: Vec<&str> = all()
        .iter()
        .filter(|format| can(format))
        .map(|format| format.extension)
        .collect();
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "{}: {} files cannot be {done}; {} can",
            path.display(),
            format.extension,
            listed(&others)
        ),
    )
}
