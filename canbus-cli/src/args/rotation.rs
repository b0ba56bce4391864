//! The arguments that say when a log is continued in a new file.

use super::{bytes, time, whole};
use canbus::{RotatingLogger, RotatingLoggerBuilder};
use std::path::Path;
use std::time::Duration;

/// When to start a new file; whatever is reached first.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "New files")]
pub(crate) struct Rotation {
    /// Start a new file whenever one has this many bytes: 20000, 20k, 5M, 1G;
    /// full ones get the time into their names
    #[arg(
        id = "file_size",
        short = 's',
        long = "file_size",
        alias = "file-size",
        value_name = "BYTES"
    )]
    #[arg(value_parser = bytes, allow_negative_numbers = true)]
    size: Option<u64>,

    /// Start a new file after this time: 30s, 10m, 1h, 1d
    #[arg(id = "file_time", long = "file-time", alias = "file_time", value_name = "TIME", value_parser = time)]
    #[arg(allow_negative_numbers = true)]
    time: Option<Duration>,

    /// Start a new file each day at this time or, with --file-time, at its multiples from there
    /// on: --file-time 1h --file-at 00:00 is on the hour
    #[arg(id = "file_at", long = "file-at", alias = "file_at", value_name = "HH:MM", value_parser = time_of_day)]
    at: Option<Duration>,

    /// Start a new file after so many frames
    #[arg(id = "file_frames", long = "file-frames", alias = "file_frames", value_name = "FRAMES", value_parser = whole::<u64>)]
    #[arg(allow_negative_numbers = true)]
    frames: Option<u64>,
}

/// How many full files are kept.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "New files")]
pub(crate) struct Keeping {
    /// Keep at most so many files, deleting the oldest full ones
    #[arg(long, alias = "keep_files", value_name = "FILES", value_parser = whole::<u32>)]
    #[arg(allow_negative_numbers = true)]
    pub(crate) keep_files: Option<u32>,

    /// Keep at most so many bytes in all files, deleting the oldest full ones
    #[arg(long, alias = "keep_size", value_name = "BYTES", value_parser = bytes)]
    #[arg(allow_negative_numbers = true)]
    pub(crate) keep_size: Option<u64>,
}

impl Rotation {
    /// Whether a new file is ever started.
    pub(crate) fn is_any(&self) -> bool {
        self.size() > 0 || self.time.is_some() || self.at.is_some() || self.frames.is_some()
    }

    /// 0 is no size, as in python-can.
    fn size(&self) -> u64 {
        self.size.unwrap_or(0)
    }

    /// A log that is rotated so.
    pub(crate) fn of(&self, path: &Path) -> RotatingLoggerBuilder {
        let mut log = RotatingLogger::builder(path)
            .max_bytes(self.size())
            .max_messages(self.frames.unwrap_or(0));
        if let Some(time) = self.time {
            log = log.every(time);
        }
        if let Some(time) = self.at {
            log = log.aligned(time);
        }
        log
    }
}

impl Keeping {
    /// A log of which so much is kept.
    pub(crate) fn of(&self, mut log: RotatingLoggerBuilder) -> RotatingLoggerBuilder {
        if let Some(files) = self.keep_files {
            log = log.keep_files(files);
        }
        if let Some(bytes) = self.keep_size {
            log = log.keep_bytes(bytes);
        }
        log
    }
}

/// A time of the day, as the time since midnight: `6:30`, `14:25:00`.
fn time_of_day(text: &str) -> Result<Duration, String> {
    let parts: Vec<&str> = text.split(':').collect();
    let number = |at: usize, most: u64| match parts.get(at) {
        None => (at == 2).then_some(0),
        Some(part) => {
            let digits = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            part.parse().ok().filter(|&n: &u64| digits && n <= most)
        }
    };
    let time = || {
        let (hours, minutes, seconds) = (number(0, 23)?, number(1, 59)?, number(2, 59)?);
        (parts.len() <= 3).then(|| Duration::from_secs(hours * 3600 + minutes * 60 + seconds))
    };
    time().ok_or_else(|| "expected a time of the day, such as 06:00".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_the_day_have_hours_and_minutes() {
        for (text, seconds) in [("0:00", 0), ("06:30", 23_400), ("23:59:59", 86_399)] {
            assert_eq!(time_of_day(text), Ok(Duration::from_secs(seconds)));
        }
        for wrong in [
            "",
            "6",
            "24:00",
            "6:60",
            "6:00:60",
            "6:00:00:00",
            "-1:00",
            "+1:00",
            "006:0",
        ] {
            assert!(time_of_day(wrong).is_err(), "{wrong}");
        }
    }
}
