//! Gathers rows and puts them into the file that they belong to.

use super::file::{Part, free_name};
use super::rows::{MOST, Rows};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::formats::Output;
use crate::listener::Listener;
use crate::message::{Message, Timestamp};
use crate::options::Options;
use std::fs;
use std::path::{Path, PathBuf};

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;

/// Writes messages as rows.
pub(super) struct Writer {
    output: Output,
    path: PathBuf,
    /// How long the time of a part is, in nanoseconds; `None` for one file.
    length: Option<i64>,
    /// The file, and the number of its part of time.
    part: Option<(Part, i64)>,
    rows: Rows,
    /// The size of the files that are complete.
    complete: u64,
    /// Whether something failed, after which the file is not complete.
    failed: bool,
}

impl Writer {
    pub(super) fn new(output: Output, options: &Options) -> Result<Writer> {
        let (path, append) = output.place()?;
        let path = path.to_path_buf();
        let length = match options.text(super::PARTITION.name) {
            Some("day") => Some(DAY),
            Some("hour") => Some(HOUR),
            _ => None,
        };
        let mut writer = Writer {
            output,
            length,
            part: None,
            rows: Rows::default(),
            complete: 0,
            failed: false,
            path,
        };
        match length {
            None => writer.begin_file(append)?,
            Some(_) => writer.begin_folder(append)?,
        }
        Ok(writer)
    }

    fn begin_file(&mut self, append: bool) -> Result<()> {
        if append && self.path.exists() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "a Parquet file cannot be continued; the option partition writes one file after \
                 another",
            ));
        }
        if self.path.is_dir() {
            return Err(Error::new(
                ErrorKind::Io,
                "it is a folder, where a file is to be written; the option partition writes folders",
            ));
        }
        self.part = Some((Part::begin(self.path.clone())?, 0));
        Ok(())
    }

    /// A folder may hold what others have put there: nothing in it is replaced.
    fn begin_folder(&mut self, append: bool) -> Result<()> {
        let holds_any = fs::read_dir(&self.path).is_ok_and(|mut found| found.next().is_some());
        if holds_any && !append {
            return Err(Error::invalid(
                "the folder has content, which is not replaced; append to it, or remove it first",
            ));
        }
        Ok(fs::create_dir_all(&self.path)?)
    }

    /// Sees to it that the file of this time is the one that is written.
    #[inline]
    fn turn_to(&mut self, time: Timestamp) -> Result<()> {
        let Some(length) = self.length else {
            return Ok(());
        };
        let number = time.as_nanos().div_euclid(length);
        if self.part.as_ref().is_none_or(|(_, part)| *part != number) {
            self.end_part()?;
            let folder = self.path.join(folder_of(number, length)?);
            fs::create_dir_all(&folder).context(folder.display())?;
            self.part = Some((Part::begin(free_name(&folder))?, number));
        }
        Ok(())
    }

    fn put_rows(&mut self) -> Result<()> {
        if let Some((part, _)) = &mut self.part
            && self.rows.len() > 0
        {
            part.add(&mut self.rows)?;
            self.output.set_size(self.complete + part.size());
        }
        Ok(())
    }

    fn end_part(&mut self) -> Result<()> {
        self.put_rows()?;
        if let Some((part, _)) = self.part.take() {
            self.complete += part.finish()?;
            self.output.set_size(self.complete);
        }
        Ok(())
    }

    /// Notes whether something failed.
    fn noting(&mut self, done: Result<()>) -> Result<()> {
        self.failed |= done.is_err();
        done
    }
}

/// The folders of a part of time: `date=2026-05-04/hour=07`.
fn folder_of(number: i64, length: i64) -> Result<PathBuf> {
    let start = jiff::Timestamp::from_nanosecond(i128::from(number) * i128::from(length));
    let start = start.map_err(|error| {
        Error::invalid("the time of a message is beyond all dates").with_source(error)
    })?;
    let start = start.to_zoned(jiff::tz::TimeZone::UTC);
    let day = format!("date={}", start.date());
    Ok(if length == HOUR {
        Path::new(&day).join(format!("hour={:02}", start.hour()))
    } else {
        day.into()
    })
}

impl Listener for Writer {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        let turned = self.turn_to(message.timestamp);
        self.noting(turned)?;
        self.rows.push(message);
        if self.rows.len() >= MOST {
            let put = self.put_rows();
            self.noting(put)?;
        }
        Ok(())
    }

    /// Rows without the end of the file are of no use to anybody: they are gathered on.
    fn flush(&mut self) -> Result<()> {
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let ended = self.end_part();
        self.noting(ended)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.failed {
            // Nobody is left to tell about an error; `finish` is for those who want to know.
            let _ = self.end_part();
        }
    }
}
