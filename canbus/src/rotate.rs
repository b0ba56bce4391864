//! Log files that are closed and continued in a new one when they have become large.

use crate::error::{Context, Result};
use crate::formats::{self, LogWriter};
use crate::listener::Listener;
use crate::message::{Message, Timestamp};
use crate::options::Value;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Writes a log and, when its file has reached a size, renames it and goes on in a new one.
///
/// The file that is being written always has the name that was asked for. A full one is renamed
/// as python-can does: `drive.blf` becomes `drive_2026-05-31T142500_#000.blf`, with the local
/// time and a count.
pub struct RotatingLogger {
    base: PathBuf,
    options: Vec<(String, Value)>,
    max_bytes: u64,
    rollovers: u32,
    /// Messages that may still be in the writer's buffer, which its size does not tell.
    buffered: u64,
    writer: LogWriter,
}

/// A buffer is emptied when its messages could fill this part of a file…
const PART: u64 = 16;
/// …at so many bytes each.
const TYPICAL_BYTES: u64 = 64;

impl RotatingLogger {
    /// Starts a log at `path`, with the options of its format, in files of about `max_bytes`.
    /// The size is looked at before each message; what is buffered then, at most about a sixteenth
    /// of it, makes a file larger.
    ///
    /// # Errors
    /// As [`formats::create`].
    pub fn create<N: Into<String>, V: Into<Value>>(
        path: impl AsRef<Path>,
        max_bytes: u64,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> Result<RotatingLogger> {
        let start = |base: &Path, options| formats::create(base, options);
        RotatingLogger::start(path.as_ref(), max_bytes, options, start)
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
        let start = |base: &Path, options| formats::append(base, options);
        RotatingLogger::start(path.as_ref(), max_bytes, options, start)
    }

    fn start<N: Into<String>, V: Into<Value>>(
        base: &Path,
        max_bytes: u64,
        options: impl IntoIterator<Item = (N, V)>,
        start: impl Fn(&Path, Vec<(String, Value)>) -> Result<LogWriter>,
    ) -> Result<RotatingLogger> {
        let options: Vec<(String, Value)> = options
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        let writer = start(base, options.clone())?;
        Ok(RotatingLogger {
            base: base.to_path_buf(),
            options,
            max_bytes,
            rollovers: 0,
            buffered: 0,
            writer,
        })
    }

    /// How many files are complete.
    pub fn rollovers(&self) -> u32 {
        self.rollovers
    }

    /// Completes the file, renames it and starts a new one.
    ///
    /// # Errors
    /// `Io`.
    pub fn roll_over(&mut self) -> Result<()> {
        self.writer.finish()?;
        let full = self.reserve_name()?;
        if let Err(error) = fs::rename(&self.base, &full) {
            // It is empty and of no use to anybody.
            let _ = fs::remove_file(&full);
            let (base, full) = (self.base.display(), full.display());
            return Err(error).context(format_args!("cannot rename {base} to {full}"));
        }
        self.rollovers += 1;
        self.buffered = 0;
        self.writer = formats::create(&self.base, self.options.clone())?;
        Ok(())
    }

    /// The next name that no file has: rotation must not cost an older log. An empty file
    /// keeps it from others who look for one at the same time.
    fn reserve_name(&self) -> Result<PathBuf> {
        let time = jiff::Zoned::now().strftime("%Y-%m-%dT%H%M%S").to_string();
        let mut count = self.rollovers;
        loop {
            let name = rotated_name(&self.base, &time, count);
            match File::create_new(&name) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => count += 1,
                created => return created.map(|_| name.clone()).context(name.display()),
            }
        }
    }
}

/// `drive.log.gz` → `drive_TIME_#COUNT.log.gz`, in the same folder. The rest of the name stays
/// as it is, be it text or not.
fn rotated_name(base: &Path, time: &str, count: u32) -> PathBuf {
    let is_gzip = |suffix: &&OsStr| suffix.eq_ignore_ascii_case("gz");
    let gzip = base.extension().filter(is_gzip);
    let plain = gzip.and(base.file_stem()).or(base.file_name());
    let plain = Path::new(plain.unwrap_or_default());
    let mut name = plain.file_stem().unwrap_or_default().to_os_string();
    name.push(format!("_{time}_#{count:03}"));
    for suffix in plain.extension().into_iter().chain(gzip) {
        name.push(".");
        name.push(suffix);
    }
    base.with_file_name(name)
}

impl Listener for RotatingLogger {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        if self.buffered * TYPICAL_BYTES >= self.max_bytes / PART {
            self.writer.flush()?;
            self.buffered = 0;
        }
        if self.writer.file_size() >= self.max_bytes {
            self.roll_over()?;
        }
        self.buffered += 1;
        self.writer.on_message(message)
    }

    fn on_event(&mut self, text: &str, timestamp: Option<Timestamp>) -> Result<()> {
        self.writer.on_event(text, timestamp)
    }

    fn flush(&mut self) -> Result<()> {
        self.writer.flush()
    }

    fn finish(&mut self) -> Result<()> {
        self.writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{Frame, Id};

    #[test]
    fn names_carry_time_and_count_before_all_suffixes() {
        let name = |base: &str| rotated_name(Path::new(base), "T", 7).display().to_string();
        assert_eq!(name("a/drive.blf"), "a/drive_T_#007.blf");
        assert_eq!(name("drive.log.gz"), "drive_T_#007.log.gz");
        assert_eq!(name("a.b/x.y.log"), "a.b/x.y_T_#007.log");
        assert_eq!(name("plain"), "plain_T_#007");
        assert_eq!(name("a/Drive.LOG.GZ"), "a/Drive_T_#007.LOG.GZ");
        assert_eq!(name("a/.log"), "a/.log_T_#007");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_stays_as_it_is() {
        use std::os::unix::ffi::OsStrExt;
        let name = rotated_name(
            Path::new(OsStr::from_bytes(b"a/\xFF\xE4.b.\xFE.gz")),
            "T",
            7,
        );
        assert_eq!(name.as_os_str().as_bytes(), b"a/\xFF\xE4.b_T_#007.\xFE.gz");
    }

    #[test]
    fn loggers_that_rotate_at_the_same_time_cost_each_other_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = |n: usize| folder.path().join(format!("{n}")).join("a.log");
        let shared = folder.path().join("a.log");
        let options: [(&str, &str); 0] = [];
        let loggers: Vec<_> = (0..4)
            .map(|n| {
                fs::create_dir(folder.path().join(format!("{n}"))).expect("a folder");
                let mut logger = RotatingLogger::create(base(n), 1, options).expect("created");
                logger.base.clone_from(&shared);
                logger
            })
            .collect();
        let names = std::thread::scope(|scope| {
            let reserve = |logger: RotatingLogger| {
                (0..25)
                    .map(|_| logger.reserve_name().expect("a name"))
                    .collect::<Vec<_>>()
            };
            let threads: Vec<_> = loggers
                .into_iter()
                .map(|logger| scope.spawn(move || reserve(logger)))
                .collect();
            let names = threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("done"));
            names.collect::<std::collections::HashSet<_>>()
        });
        assert_eq!(names.len(), 100);
    }

    #[test]
    fn a_rotated_file_takes_the_next_free_name_and_a_failure_leaves_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path().join("a.log");
        let options: [(&str, &str); 0] = [];
        let mut logger = RotatingLogger::create(&base, 1, options).expect("created");
        let frame = Frame::data(Id::standard(1).expect("fits"), &[]).expect("valid");
        let message = Message::received(frame, Timestamp::ZERO);
        logger.on_message(&message).expect("written");
        let taken = logger.reserve_name().expect("a name");
        logger.roll_over().expect("renamed");
        let count = || fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(count(), 3);
        assert_eq!(fs::metadata(taken).expect("there").len(), 0);
        let written = |file: io::Result<fs::DirEntry>| {
            file.expect("a file").metadata().expect("there").len() > 0
        };
        let files = fs::read_dir(folder.path()).expect("a folder");
        assert_eq!(files.map(written).filter(|&full| full).count(), 1);
        fs::remove_file(&base).expect("there");
        let error = logger
            .roll_over()
            .expect_err("nothing to rename")
            .to_string();
        assert!(error.starts_with("cannot rename "), "{error}");
        assert_eq!(count(), 2);
    }

    #[test]
    fn files_are_little_larger_than_asked_whatever_the_writer_buffers() {
        let folder = tempfile::tempdir().expect("a folder");
        let base = folder.path().join("a.log");
        let options: [(&str, &str); 0] = [];
        let mut logger = RotatingLogger::create(&base, 4096, options).expect("it is created");
        let frame = Frame::data(Id::standard(1).expect("fits"), &[0; 8]).expect("valid");
        for _ in 0..1000 {
            let message = Message::received(frame, Timestamp::ZERO);
            logger.on_message(&message).expect("it is written");
        }
        logger.finish().expect("complete");
        let files = fs::read_dir(folder.path()).expect("a folder");
        let sizes = files.map(|file| file.expect("a file").metadata().expect("there").len());
        let (full, rest): (Vec<_>, Vec<_>) = sizes.partition(|&size| size >= 4096);
        assert!(full.iter().all(|&size| size < 4096 + 4096 / 16), "{full:?}");
        assert_eq!((full.len(), rest.len()), (logger.rollovers() as usize, 1));
        // Lines of 40 bytes: (0.000000) vcan0 001#0000000000000000 R
        assert_eq!(full.iter().chain(&rest).sum::<u64>(), 40_000);
    }
}
