//! Describes a rotating log.

use super::period::DAY;
use super::{Keep, Names, Period, Result, RotatingLogger};
use super::{Rotator, names::Namer};
use crate::error::Error;
use crate::formats;
use crate::options::Value;
use jiff::tz::TimeZone;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Describes a [`RotatingLogger`]: when a file is full, how full files are named, how many are
/// kept. Whatever is reached first fills a file.
#[must_use]
pub struct RotatingLoggerBuilder {
    path: PathBuf,
    options: Vec<(String, Value)>,
    append: bool,
    max_bytes: u64,
    max_messages: u64,
    every: Option<Duration>,
    at: Option<Duration>,
    by_messages: bool,
    keep_files: Option<u32>,
    keep_bytes: Option<u64>,
    rollovers: u32,
    like: Option<PathBuf>,
    namer: Option<Namer>,
    rotator: Option<Rotator>,
}

impl RotatingLoggerBuilder {
    pub(super) fn new(path: PathBuf) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            path,
            options: Vec::new(),
            append: false,
            max_bytes: 0,
            max_messages: 0,
            every: None,
            at: None,
            by_messages: false,
            keep_files: None,
            keep_bytes: None,
            rollovers: 0,
            like: None,
            namer: None,
            rotator: None,
        }
    }

    /// An option of the format's writer.
    pub fn option(self, name: impl Into<String>, value: impl Into<Value>) -> RotatingLoggerBuilder {
        self.options([(name, value)])
    }

    /// Options of the format's writer, besides others.
    pub fn options<N: Into<String>, V: Into<Value>>(
        mut self,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> RotatingLoggerBuilder {
        let options = options.into_iter();
        let options = options.map(|(name, value)| (name.into(), value.into()));
        self.options.extend(options);
        self
    }

    /// Continues the file that is there; without it, it is replaced.
    pub fn append(self, append: bool) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder { append, ..self }
    }

    /// A file is full with about so many bytes; 0, the default, for any size. The size is looked
    /// at before each message; what is buffered then, at most about a sixteenth of it, makes a
    /// file larger.
    pub fn max_bytes(self, max_bytes: u64) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder { max_bytes, ..self }
    }

    /// A file is full with so many messages; 0, the default, for any number. What a continued file
    /// held before does not count.
    pub fn max_messages(self, max_messages: u64) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            max_messages,
            ..self
        }
    }

    /// A file is full after this time, which is counted from the start on, however many files
    /// there were since. A file without messages is not renamed.
    pub fn every(self, time: Duration) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            every: Some(time),
            ..self
        }
    }

    /// Files begin at this time of the day (counted from midnight, local time) and, with
    /// [`every`](RotatingLoggerBuilder::every), at its multiples from there on up to the next day:
    /// every hour aligned to zero is on the hour. Without `every`, once a day.
    pub fn aligned(self, time_of_day: Duration) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            at: Some(time_of_day),
            ..self
        }
    }

    /// Time goes by the timestamps of the messages, as for a log that is parted after it was
    /// recorded; without it by the system's clock.
    pub fn by_message_times(self) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            by_messages: true,
            ..self
        }
    }

    /// Keeps at most so many files, the current one among them: the oldest full ones are deleted,
    /// those of earlier runs too, but nothing whose name is not one of full files of this log.
    /// With a [`namer`](RotatingLoggerBuilder::namer) only those of this logger.
    pub fn keep_files(self, files: u32) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            keep_files: Some(files),
            ..self
        }
    }

    /// The same by the number of bytes of all files, the current one among them, which is never
    /// deleted.
    pub fn keep_bytes(self, bytes: u64) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            keep_bytes: Some(bytes),
            ..self
        }
    }

    /// The count in the name of the first full file.
    pub fn rollover_count(self, count: u32) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            rollovers: count,
            ..self
        }
    }

    /// Makes the names of full files of this one rather than of the current file's, which may be
    /// in another folder of the same file system.
    pub fn full_files_like(self, path: impl Into<PathBuf>) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            like: Some(path.into()),
            ..self
        }
    }

    /// Gives full files other names: gets the usual one, such as
    /// `drive_2026-05-31T142500_#000.blf`, and returns the one to take. Where a file has that
    /// name already, it is asked again with the next count.
    pub fn namer(
        self,
        namer: impl FnMut(&Path) -> PathBuf + Send + 'static,
    ) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            namer: Some(Box::new(namer)),
            ..self
        }
    }

    /// Moves full files in place of renaming them: gets the complete file and its new name, which
    /// no file has. What it leaves at the old place is replaced by the next file.
    pub fn rotator(
        self,
        rotator: impl FnMut(&Path, &Path) -> Result<()> + Send + 'static,
    ) -> RotatingLoggerBuilder {
        RotatingLoggerBuilder {
            rotator: Some(Box::new(rotator)),
            ..self
        }
    }

    /// Starts the log.
    ///
    /// # Errors
    /// As [`formats::create`] or, for a log that is continued, [`formats::append`];
    /// `InvalidInput` for a time of zero, one of a day or more that is aligned but no number of
    /// whole days, a time of the day beyond 24 hours, and for keeping no file at all.
    pub fn start(self) -> Result<RotatingLogger> {
        let period = self.period()?;
        if self.keep_files == Some(0) {
            let text = "keep_files is 1 or more: the current file is always kept";
            return Err(Error::invalid(text));
        }
        let writer = if self.append {
            formats::append(&self.path, self.options.clone())?
        } else {
            formats::create(&self.path, self.options.clone())?
        };
        let names = Names::new(self.like.unwrap_or_else(|| self.path.clone()), self.namer);
        let keep = match (self.keep_files, self.keep_bytes) {
            (None, None) => None,
            (files, bytes) => {
                let mut keep = Keep::new(files, bytes, &names)?;
                keep.enforce(writer.file_size());
                Some(keep)
            }
        };
        Ok(RotatingLogger {
            base: self.path,
            options: self.options,
            max_bytes: (self.max_bytes > 0).then_some(self.max_bytes),
            max_messages: (self.max_messages > 0).then_some(self.max_messages),
            period,
            by_messages: self.by_messages,
            names,
            rotator: self.rotator,
            keep,
            rollovers: self.rollovers,
            messages: 0,
            buffered: 0,
            writer: Some(writer),
        })
    }

    fn period(&self) -> Result<Option<Period>> {
        let Some(length) = self.every.or(self.at.map(|_| DAY)) else {
            return Ok(None);
        };
        if length.is_zero() {
            return Err(Error::invalid("a file's time is longer than zero"));
        }
        if self.at.is_some_and(|at| at >= DAY) {
            return Err(Error::invalid("a time of the day is less than 24 hours"));
        }
        let whole_days = length.subsec_nanos() == 0 && length.as_secs() % DAY.as_secs() == 0;
        if self.at.is_some() && length > DAY && !whole_days {
            let text = "a time of more than a day that is aligned to the clock is whole days";
            return Err(Error::invalid(text));
        }
        let zone = TimeZone::system();
        Ok(Some(Period::new(length, self.at, zone, !self.by_messages)))
    }
}
