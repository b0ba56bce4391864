//! `canbus logconvert`: log files into another format, into one, in parts.

mod feed;
mod options;
mod outputs;
mod selection;
mod sources;

use crate::args::extra::Extra;
use crate::args::rotation::Rotation;
use crate::args::{KeyValue, Verbosity, tables};
use crate::console::Console;
use crate::damage::Damage;
use crate::exit::Failure;
use crate::progress::Progress;
use crate::{signals, summary};
use canbus::{Error, ErrorKind, Message, Result};
use feed::{Feed, Next};
use outputs::Outputs;
use selection::{Selection, SelectionArgs};
use sources::{ChannelPair, Numbered, Offset, STANDARD};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How many messages are handed over at once.
const BATCH: usize = 256;
/// How long what came through a pipe may wait in memory.
const FLUSH: Duration = Duration::from_secs(1);

const EXAMPLES: &str = "EXAMPLES
  canbus logger -i simulated --duration 2 -f drive.blf     something to convert
  canbus logconvert drive.blf drive.log                    to candump's format
  canbus logconvert drive.log drive.txt.gz                 to compressed text
  canbus logconvert -s 20000 drive.log part.log            in parts of 20 kB
  canbus logconvert --filter 100:700 --start 0.1 drive.blf some.log    a part of it
  canbus logconvert drive.log drive.blf both.log           both as one, in the order of time
  canbus logconvert --split-channel drive.blf by.log       a file for each channel
  canbus logconvert --to log drive.blf -                   to the standard output

Damaged places are shown, all that is intact is converted, and the exit code is 1, as for frames
that the output cannot hold. An end that is cut off, and what the output keeps only in part, is
noted; the exit code stays 0. While it is written a file is called partial-OUTFILE, and stays so if
the conversion does not come to its end. Arguments --KEY=VALUE that are none of these are options
of the reader or the writer.";

/// Convert log files to another format; the names' suffixes tell which.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES,
          after_long_help = format!("{EXAMPLES}\n\n{}", tables::format_options()))]
pub(crate) struct Args {
    /// The logs to read; several are joined in the order of time. - is the standard input
    #[arg(value_name = "INFILE", required = true, num_args = 1..)]
    inputs: Vec<PathBuf>,

    /// The log to write; what was in it is replaced. - is the standard output
    #[arg(value_name = "OUTFILE")]
    output: PathBuf,

    /// Continue the log that is there
    #[arg(short, long)]
    append: bool,

    /// Stop at the first damage, and at the first frame that the output does not keep as it is
    #[arg(long)]
    strict: bool,

    /// Write a file for each channel: OUTFILE with the channel in its name
    #[arg(long, alias = "split_channel")]
    split_channel: bool,

    /// The format of the logs, whatever their names: log, blf.gz; needed for -
    #[arg(long, value_name = "FORMAT")]
    from: Option<String>,

    /// The format of what goes to the standard output
    #[arg(long, value_name = "FORMAT")]
    to: Option<String>,

    /// Add so many seconds to all times, or with N: to those of the Nth INFILE; may be given
    /// several times
    #[arg(long, value_name = "[N:]SECONDS", allow_negative_numbers = true)]
    offset: Vec<Numbered<Offset>>,

    /// Give a channel another number or name, or with N: in the Nth INFILE only; may be given
    /// several times
    #[arg(long, alias = "channel_map", value_name = "[N:]CHANNEL=CHANNEL")]
    channel_map: Vec<Numbered<ChannelPair>>,

    /// An option of the reader; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    reader: Vec<KeyValue>,

    /// An option of the writer; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    writer: Vec<KeyValue>,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    rotation: Rotation,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,
}

pub(crate) fn run(args: &Args, extra: &[Extra], console: Console) -> Result<(), Failure> {
    args.check()?;
    let options = options::assign(args, extra)?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&interrupted);
    signals::on_first(move || stop.store(true, Ordering::Relaxed))?;
    let plan = Arc::new(sources::Plan {
        from: args.from.clone(),
        options: options.readers,
        offsets: args.offsets(),
        channels: args.channel_map.clone(),
        interrupted: Arc::clone(&interrupted),
        ..sources::Plan::default()
    });
    let Some(feed) = Feed::open(Arc::clone(&plan), args.inputs.clone(), &interrupted)? else {
        return Err(Failure::Failed(Error::new(
            ErrorKind::Timeout,
            "interrupted before anything could be read",
        )));
    };
    let outputs = Outputs::start(outputs::Plan {
        path: args.output.clone(),
        to: args.to.clone(),
        append: args.append,
        by_channel: args.split_channel,
        rotation: args.rotation.clone(),
        options: options.writer,
        strict: args.strict,
    });
    let outputs = outputs.map_err(Failure::of_log)?;
    Conversion {
        args,
        console,
        interrupted,
        damage: Damage::new(console).strict(args.strict),
        selection: args.selection.selection(),
        plan,
    }
    .run(feed, outputs)
}

impl Args {
    /// Refuses what cannot be before anything is opened.
    fn check(&self) -> Result<(), Failure> {
        let is_standard = |path: &PathBuf| path == Path::new(STANDARD);
        let standard = self.inputs.iter().filter(|path| is_standard(path)).count();
        let logs = self.inputs.len();
        let offset = self.offset.iter().find_map(|one| one.missing(logs));
        let pair = self.channel_map.iter().find_map(|one| one.missing(logs));
        let text = if standard > 1 {
            "the standard input can be read only once".into()
        } else if standard == 1 && self.from.is_none() {
            "what format does the standard input have? For example --from log".into()
        } else if is_standard(&self.output) != self.to.is_some() {
            "--to FORMAT and - as OUTFILE belong together".into()
        } else if is_standard(&self.output) && (self.append || self.split_channel) {
            "the standard output is neither continued nor parted by channels".into()
        } else if is_standard(&self.output) && self.rotation.is_any() {
            "the standard output is one file".into()
        } else if let Some(number) = offset.or(pair) {
            format!("there is no INFILE {number}, but {logs}")
        } else if let Some(input) = self
            .inputs
            .iter()
            .find(|input| same_file(input, &self.output))
        {
            let (input, output) = (input.display(), self.output.display());
            format!("{input} and {output} are the same file")
        } else {
            return Ok(());
        };
        Err(Failure::Usage(Error::new(ErrorKind::InvalidInput, text)))
    }

    /// What is added to the times of each log, in nanoseconds.
    fn offsets(&self) -> Vec<i64> {
        let of = |at: usize| {
            let meant = self.offset.iter().filter(|offset| offset.is_for(at));
            meant.fold(0, |all: i64, one| all.saturating_add(one.value.0))
        };
        (0..self.inputs.len()).map(of).collect()
    }
}

fn same_file(one: &Path, other: &Path) -> bool {
    // What cannot be looked at is told of when it is opened. A pipe is opened once only: that waits
    // for its other side.
    sources::is_file(one) && same_file::is_same_file(one, other).unwrap_or(false)
}

struct Conversion<'a> {
    args: &'a Args,
    console: Console,
    interrupted: Arc<AtomicBool>,
    damage: Damage,
    selection: Option<Selection<'a>>,
    plan: Arc<sources::Plan>,
}

impl Conversion<'_> {
    fn run(mut self, mut feed: Feed, mut outputs: Outputs) -> Result<(), Failure> {
        let start = Instant::now();
        let mut progress = self.progress();
        let copied = self.copy(&mut feed, &mut outputs, &mut progress);
        progress.finish();
        let interrupted = self.interrupted.load(Ordering::Relaxed);
        let cut = self.look_at_ends();
        let copied = copied.and_then(|()| {
            if self.args.strict && cut {
                return Err(Error::new(ErrorKind::Malformed, "the end is missing"));
            }
            Ok(())
        });
        let (finished, files) = outputs.finish(copied.is_ok() && !interrupted);
        let failed = copied.and(finished).err();
        let why = match &failed {
            Some(error) if crate::console::is_broken_pipe(error) => return Ok(()),
            Some(error) => {
                self.console.say_error(error);
                Some("stopped by the error")
            }
            None => interrupted.then_some("interrupted before the end"),
        };
        self.end(&outputs, &files, start, why)
    }

    fn progress(&self) -> Progress {
        // Without the size of one there is nothing to show the part of.
        let size = |path: &PathBuf| {
            let about = path.metadata().ok()?;
            about.is_file().then_some(about.len())
        };
        let sizes = self.args.inputs.iter().map(size);
        let size = sizes.sum::<Option<u64>>().unwrap_or(0);
        let plan = Arc::clone(&self.plan);
        Progress::of(size, move || plan.bytes())
    }

    fn copy(
        &mut self,
        feed: &mut Feed,
        outputs: &mut Outputs,
        progress: &mut Progress,
    ) -> Result<()> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut flushed = Instant::now();
        loop {
            batch.clear();
            let end = self.fill(&mut batch, feed, progress);
            outputs.write(&batch)?;
            progress.tick();
            if end? || self.interrupted.load(Ordering::Relaxed) {
                return Ok(());
            }
            if matches!(feed, Feed::Beside(_)) && flushed.elapsed() >= FLUSH {
                outputs.flush()?;
                flushed = Instant::now();
            }
        }
    }

    /// Reads until the batch is full or nothing is there; true at the end of the logs. What was
    /// read before an error is in the batch.
    fn fill(
        &mut self,
        batch: &mut Vec<Message>,
        feed: &mut Feed,
        progress: &Progress,
    ) -> Result<bool> {
        while batch.len() < BATCH {
            if self.selection.is_none() {
                batch.extend_from_slice(feed.ready(BATCH - batch.len()));
                if batch.len() == BATCH {
                    break;
                }
            }
            match feed.next() {
                Next::Message(message) => {
                    let selection = self.selection.as_mut();
                    if selection.is_none_or(|selection| selection.wants(&message)) {
                        batch.push(message);
                    } else if self.interrupted.load(Ordering::Relaxed) {
                        return Ok(true);
                    }
                }
                Next::Error(error) => progress.beside(|| self.damage.take(error))?,
                Next::Pause => return Ok(false),
                Next::End => return Ok(true),
            }
        }
        Ok(false)
    }

    /// Says which logs end in the middle of a record; true if any does.
    fn look_at_ends(&self) -> bool {
        let reports = self.plan.reports();
        for (path, report) in reports.iter() {
            self.damage.look_at_end(report, path);
            self.damage.look_at_date(report, path);
        }
        reports.iter().any(|(_, report)| report.is_truncated())
    }

    /// Says what became of it all.
    fn end(
        &self,
        outputs: &Outputs,
        files: &[PathBuf],
        start: Instant,
        why: Option<&str>,
    ) -> Result<(), Failure> {
        let counts = outputs.counts();
        let format = outputs.format();
        for line in counts.losses().lines(&outputs.fidelity()) {
            self.console
                .say(format_args!("note: {line} by {}", format.extension));
        }
        if self.selection.is_some() && counts.taken() == 0 {
            self.console.say("note: no frame is what was selected");
        }
        let mut parts = vec![summary::frames(counts.written(), start.elapsed())];
        match files {
            [one] if one == Path::new(STANDARD) => {}
            _ => parts.extend(files.iter().map(|path| summary::file(path))),
        }
        parts.extend(summary::full_files(&counts));
        let passed_over: u64 = self
            .plan
            .reports()
            .iter()
            .map(|(_, r)| r.passed_over())
            .sum();
        if passed_over > 0 {
            let records = summary::counted(passed_over, "other record");
            parts.push(format!("{records} passed over"));
        }
        let damage = self.damage.summary();
        parts.extend(damage.clone());
        parts.extend(summary::refused(&counts));
        parts.extend(why.map(Into::into));
        self.console.say(parts.join("; "));
        if why.is_some() || !damage.is_empty() || counts.refused() > 0 {
            return Err(Failure::Told);
        }
        Ok(())
    }
}
