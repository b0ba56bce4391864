//! `canbus logconvert`: a log file into another format.

use crate::args::{self, KeyValue, Verbosity, tables};
use crate::console::Console;
use crate::damage::Damage;
use crate::exit::Failure;
use crate::progress::Progress;
use crate::recorder::{Counts, Recorder};
use crate::{signals, summary};
use canbus::formats::{self, LogReader};
use canbus::{Error, ErrorKind, Listener, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// How many messages are handed over at once.
const BATCH: usize = 256;

const EXAMPLES: &str = "EXAMPLES
  canbus logger -i simulated --duration 2 -f drive.blf     something to convert
  canbus logconvert drive.blf drive.log                    to candump's format
  canbus logconvert drive.log drive.txt.gz                 to compressed text
  canbus logconvert -s 20000 drive.log part.log            in parts of 20 kB

Damaged places are shown, all that is intact is converted, and the exit code is 1, as for frames
that the output cannot hold. An end that is cut off is noted; the exit code stays 0.";

/// Convert a log file to another format; the names' suffixes tell which.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES,
          after_long_help = format!("{EXAMPLES}\n\n{}", tables::format_options()))]
pub(crate) struct Args {
    /// The log to read
    #[arg(value_name = "INFILE")]
    input: PathBuf,

    /// The log to write; what was in it is replaced
    #[arg(value_name = "OUTFILE")]
    output: PathBuf,

    /// Start a new file whenever one has this many bytes: 20000, 20k, 5M, 1G
    #[arg(
        short = 's',
        long = "file_size",
        alias = "file-size",
        value_name = "BYTES"
    )]
    #[arg(value_parser = args::bytes, allow_negative_numbers = true)]
    file_size: Option<u64>,

    /// An option of the reader; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    reader: Vec<KeyValue>,

    /// An option of the writer; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    writer: Vec<KeyValue>,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,
}

pub(crate) fn run(args: &Args, console: Console) -> Result<(), Failure> {
    if same_file(&args.input, &args.output) {
        let text = format!(
            "{} and {} are the same file",
            args.input.display(),
            args.output.display()
        );
        return Err(Failure::Usage(Error::new(ErrorKind::InvalidInput, text)));
    }
    let reader = formats::open(&args.input, args::pairs(&args.reader));
    let reader = reader.map_err(Failure::of_log)?;
    let size = args.file_size.filter(|&size| size > 0);
    let writer = Recorder::to_file(&args.output, false, size, args::pairs(&args.writer));
    let writer = writer.map_err(Failure::of_log)?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&interrupted);
    signals::on_first(move || stop.store(true, Ordering::Relaxed))?;
    Conversion {
        args,
        console,
        interrupted,
        damage: Damage::new(console),
    }
    .run(reader, writer)
}

fn same_file(one: &Path, other: &Path) -> bool {
    // What cannot be looked at is told of when it is opened.
    same_file::is_same_file(one, other).unwrap_or(false)
}

struct Conversion<'a> {
    args: &'a Args,
    console: Console,
    interrupted: Arc<AtomicBool>,
    damage: Damage,
}

impl Conversion<'_> {
    fn run(mut self, mut reader: LogReader, mut writer: Recorder) -> Result<(), Failure> {
        let start = Instant::now();
        let counts = writer.counts();
        let mut progress = Progress::new(reader.report(), false);
        let copied = self.copy(&mut reader, &mut writer, &mut progress);
        progress.finish();
        let finished = writer.finish();
        if let Err(error) = copied.and(finished) {
            self.console.say_error(&error);
            return self.end(&reader, &counts, start, Some("stopped by the error"));
        }
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        let why = interrupted.then_some("interrupted before the end");
        self.end(&reader, &counts, start, why)
    }

    fn copy(
        &mut self,
        reader: &mut LogReader,
        writer: &mut Recorder,
        progress: &mut Progress,
    ) -> Result<()> {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            batch.clear();
            let end = self.fill(&mut batch, reader, progress);
            writer.on_batch(&batch)?;
            progress.tick();
            if end? || self.interrupted.load(Ordering::Relaxed) {
                return Ok(());
            }
        }
    }

    /// Reads until the batch is full; true at the end of the log. What was read before an error
    /// is in the batch.
    fn fill(
        &mut self,
        batch: &mut Vec<canbus::Message>,
        reader: &mut LogReader,
        progress: &Progress,
    ) -> Result<bool> {
        while batch.len() < BATCH {
            match reader.next() {
                Some(Ok(message)) => batch.push(message),
                Some(Err(error)) => progress.beside(|| self.damage.take(error))?,
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Says what became of it all.
    fn end(
        &self,
        reader: &LogReader,
        counts: &Counts,
        start: Instant,
        why: Option<&str>,
    ) -> Result<(), Failure> {
        let report = reader.report();
        self.damage.look_at_end(&report, &self.args.input);
        let damage = self.damage.summary();
        let mut parts = vec![summary::frames(counts.written(), start.elapsed())];
        parts.extend(summary::files(&self.args.output, counts.rollovers()));
        if report.passed_over() > 0 {
            let records = summary::counted(report.passed_over(), "other record");
            parts.push(format!("{records} passed over"));
        }
        parts.extend(damage.clone());
        parts.extend(summary::refused(counts.refused()));
        parts.extend(why.map(Into::into));
        self.console.say(parts.join("; "));
        if why.is_some() || !damage.is_empty() || counts.refused() > 0 {
            return Err(Failure::Told);
        }
        Ok(())
    }
}
