//! Log files that are closed and continued in a new one when they have become large, old or full,
//! and those of a ring, which are written when something happens.

mod builder;
mod keep;
mod names;
mod period;
mod ring;

#[cfg(test)]
mod tests;

pub use builder::RotatingLoggerBuilder;
pub use ring::{RingLogger, RingLoggerBuilder, RingTrigger};

use crate::error::{Context, ErrorKind, Result};
use crate::formats::{self, LogWriter};
use crate::listener::Listener;
use crate::message::{Message, Timestamp};
use crate::options::Value;
use keep::Keep;
use names::Names;
use period::Period;
use std::path::{Path, PathBuf};

/// Writes a log and, when its file has reached a size, an age or a number of messages, renames it
/// and goes on in a new one. Every format can be rotated, compressed ones too.
///
/// The file that is being written always has the name that was asked for. A full one is renamed
/// as python-can does: `drive.blf` becomes `drive_2026-05-31T142500_#000.blf`, with the local
/// time and a count. The full file is complete before it is renamed, and it is renamed in one step
/// that replaces no other file, so that a program that is killed leaves none damaged and none
/// twice.
///
/// ```
/// use canbus::{Frame, Id, Listener, Message, RotatingLogger, Timestamp};
/// use std::time::Duration;
/// # fn main() -> canbus::Result<()> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("drive.log");
/// let mut log = RotatingLogger::builder(&path)
///     .max_bytes(5_000_000)
///     .every(Duration::from_secs(3600))
///     .aligned(Duration::ZERO) // on the hour
///     .keep_files(24)
///     .start()?;
/// let frame = Frame::data(Id::standard(0x123)?, &[1, 2, 3])?;
/// log.on_message(&Message::received(frame, Timestamp::now()))?;
/// log.finish()?;
/// # Ok(())
/// # }
/// ```
pub struct RotatingLogger {
    base: PathBuf,
    options: Vec<(String, Value)>,
    max_bytes: Option<u64>,
    max_messages: Option<u64>,
    period: Option<Period>,
    /// Time goes by the messages, not by the system's clock.
    by_messages: bool,
    names: Names,
    rotator: Option<Rotator>,
    keep: Option<Keep>,
    rollovers: u32,
    /// Messages in the file that is being written, as far as this logger wrote them.
    messages: u64,
    /// Messages that may still be in the writer's buffer, which its size does not tell.
    buffered: u64,
    /// Gone after a roll-over that failed; the next message opens it again.
    writer: Option<LogWriter>,
}

/// What moves a full file: its name, and the one that it is to get.
type Rotator = Box<dyn FnMut(&Path, &Path) -> Result<()> + Send>;

/// A buffer is emptied when its messages could fill this part of a file…
const PART: u64 = 16;
/// …at so many bytes each.
const TYPICAL_BYTES: u64 = 64;

impl RotatingLogger {
    /// Starts to describe a rotating log whose current file has this name.
    pub fn builder(path: impl Into<PathBuf>) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder::new(path.into())
    }

    /// Starts a log at `path`, with the options of its format, in files of about `max_bytes`; 0
    /// for one file without end. The size is looked at before each message; what is buffered
    /// then, at most about a sixteenth of it, makes a file larger.
    ///
    /// # Errors
    /// As [`formats::create`].
    pub fn create<N: Into<String>, V: Into<Value>>(
        path: impl AsRef<Path>,
        max_bytes: u64,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> Result<RotatingLogger> {
        RotatingLogger::builder(path.as_ref())
            .max_bytes(max_bytes)
            .options(options)
            .start()
    }

    /// The same, but continues a log that is there already.
    ///
    /// # Errors
    /// As [`formats::append`].
    pub fn append<N: Into<String>, V: Into<Value>>(
        path: impl AsRef<Path>,
        max_bytes: u64,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> Result<RotatingLogger> {
        RotatingLogger::builder(path.as_ref())
            .max_bytes(max_bytes)
            .options(options)
            .append(true)
            .start()
    }

    /// How many files are complete and renamed; it begins with what
    /// [`rollover_count`](RotatingLoggerBuilder::rollover_count) says.
    pub fn rollovers(&self) -> u32 {
        self.rollovers
    }

    /// How many old files were deleted, because no more were to be kept.
    pub fn deleted(&self) -> u64 {
        self.keep.as_ref().map_or(0, Keep::deleted)
    }

    /// Completes the file, renames it and starts a new one.
    ///
    /// # Errors
    /// Whatever kept the file from being completed, renamed or started; `InvalidInput` for a namer
    /// that gives two files one name. What was written stays where it is, and the next message
    /// goes on in the current file.
    pub fn roll_over(&mut self) -> Result<()> {
        // Whatever fails from here on: it is opened again, to be continued.
        if let Some(mut writer) = self.writer.take() {
            writer.finish()?;
        }
        let (full, count) =
            self.names.give(&self.base, self.rollovers, |from, to| {
                match &mut self.rotator {
                    Some(rotator) => rotator(from, to),
                    None => names::rename(from, to),
                }
            })?;
        self.rollovers = count + 1;
        (self.buffered, self.messages) = (0, 0);
        if let Some(keep) = &mut self.keep {
            keep.add(full);
            keep.enforce(0);
        }
        self.writer = Some(formats::create(&self.base, self.options.clone())?);
        Ok(())
    }

    /// The writer of the current file, which is opened if it is not.
    fn open(&mut self) -> Result<&mut LogWriter> {
        let writer = match self.writer.take() {
            Some(writer) => writer,
            // A file that could not be moved away is there still: nothing in it may be lost.
            None => formats::append(&self.base, self.options.clone())?,
        };
        Ok(self.writer.insert(writer))
    }

    fn file_size(&self) -> u64 {
        self.writer.as_ref().map_or(0, LogWriter::file_size)
    }

    /// Whether the current file has enough, now that a message of this moment comes.
    fn is_full(&mut self, now: Timestamp) -> bool {
        let by_time = match &mut self.period {
            None => false,
            Some(period) => period.is_over(now),
        };
        let by_count = self.max_messages.is_some_and(|most| self.messages >= most);
        let by_size = self.max_bytes.is_some_and(|most| self.file_size() >= most);
        by_size || by_count || by_time && self.messages > 0
    }

    fn take(&mut self, message: &Message, now: Timestamp) -> Result<()> {
        if let Some(most) = self.max_bytes
            && self.buffered * TYPICAL_BYTES >= most / PART
        {
            self.buffered = 0;
            self.open()?.flush()?;
        }
        if self.is_full(now) {
            self.roll_over()?;
        }
        self.open()?.on_message(message)?;
        self.buffered += 1;
        self.messages += 1;
        Ok(())
    }

    /// The moment that counts for a message.
    fn moment(&self, message: &Message) -> Timestamp {
        match (&self.period, self.by_messages) {
            (Some(_), false) => Timestamp::now(),
            _ => message.timestamp,
        }
    }
}

impl Listener for RotatingLogger {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.take(message, self.moment(message))
    }

    fn on_event(&mut self, text: &str, timestamp: Option<Timestamp>) -> Result<()> {
        self.open()?.on_event(text, timestamp)
    }

    /// Flushes the file, and rolls it over if its time is up though no message comes.
    fn flush(&mut self) -> Result<()> {
        if let Some(writer) = &mut self.writer {
            writer.flush()?;
        }
        self.buffered = 0;
        let over = match &mut self.period {
            Some(period) if !self.by_messages => period.is_over(Timestamp::now()),
            _ => false,
        };
        if over && self.messages > 0 {
            self.roll_over()?;
        }
        let size = self.file_size();
        if let Some(keep) = &mut self.keep {
            keep.enforce(size);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        match &mut self.writer {
            Some(writer) => writer.finish(),
            None => Ok(()),
        }
    }
}
