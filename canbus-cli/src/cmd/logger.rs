//! `canbus logger`: what a bus carries, into a log file or onto the screen.

use crate::args::extra::{self, Extra, Taker};
use crate::args::{self, BusArgs, FilterArgs, Verbosity, tables};
use crate::console::{Console, is_broken_pipe};
use crate::exit::Failure;
use crate::recorder::{Counts, Recorder};
use crate::{signals, summary};
use canbus::config::BusConfig;
use canbus::{Bus, Notifier, OptionSpec, Value, backends, formats};
use clap::Args as _;
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How often to look whether the bus is still read.
const LOOK: Duration = Duration::from_millis(250);
/// How long a backend may take to come back, and a file to be completed.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// The same when nothing more is wanted.
const ENOUGH_TIMEOUT: Duration = Duration::from_millis(500);

const EXAMPLES: &str = "EXAMPLES
  canbus logger -i simulated --duration 3                      print for three seconds
  canbus logger -i simulated --duration 10 -f drive.blf        record ten seconds
  canbus logger -i simulated --duration 10 -f drive.log.gz     in candump's format, compressed
  canbus logger -i simulated --duration 10 -f drive.log -s 20000    in files of about 20 kB
  canbus logger -i simulated -n 100 --filter 100:700           100 frames of the IDs 100 to 1FF

Ctrl-C, SIGTERM and SIGHUP end it with a complete file. Arguments --KEY=VALUE that are none of
these are options of the log's writer or, if it has no such option, of the interface.";

/// Record what a bus carries: into a file, or print it.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES, after_long_help = long_help())]
pub(crate) struct Args {
    /// The log file, whose suffix tells the format; without it, frames are printed
    #[arg(
        short = 'f',
        long = "file_name",
        alias = "file-name",
        value_name = "FILE"
    )]
    file: Option<PathBuf>,

    /// Continue the log file if it is there
    #[arg(short, long, requires = "file")]
    append: bool,

    /// Start a new file whenever one has this many bytes: 20000, 20k, 5M, 1G;
    /// full ones get the time into their names
    #[arg(
        short = 's',
        long = "file_size",
        alias = "file-size",
        value_name = "BYTES"
    )]
    #[arg(requires = "file", value_parser = args::bytes, allow_negative_numbers = true)]
    file_size: Option<u64>,

    /// End after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = args::seconds, allow_negative_numbers = true)]
    duration: Option<Duration>,

    /// End after so many frames
    #[arg(short = 'n', long, value_name = "FRAMES", value_parser = args::whole::<u64>)]
    #[arg(allow_negative_numbers = true)]
    count: Option<u64>,

    /// How often what was received is brought to the disk; 0 for only at the end
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = args::seconds, allow_negative_numbers = true)]
    flush: Duration,

    /// Take full part in the bus, which is the default
    #[arg(long, conflicts_with = "passive")]
    active: bool,

    /// Only listen: send nothing, not even acknowledgements
    #[arg(long)]
    passive: bool,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,

    #[command(flatten)]
    bus: BusArgs,

    #[command(flatten)]
    filter: FilterArgs,
}

fn long_help() -> String {
    let (backends, formats) = (tables::backends(), tables::written_formats());
    format!("{EXAMPLES}\n\n{backends}\n\n{formats}")
}

/// Why recording ends.
#[derive(PartialEq)]
enum Ending {
    /// A signal, the time, or the number of frames.
    AsAsked,
    /// An error, which was said.
    Error,
    /// Nobody reads the standard output any more.
    Unread,
    /// The bus is not read any more, without an error.
    Closed,
}

pub(crate) fn run(args: &Args, extra: &[Extra], console: Console) -> Result<(), Failure> {
    let mut config = args.bus.configure()?;
    let for_writer = args.assign(extra, &mut config)?;
    let (report, events) = mpsc::channel();
    let signal = report.clone();
    // Nobody listens any more: it is ending already.
    signals::on_first(move || drop(signal.send(Ending::AsAsked)))?;
    let bus = args::open(config, &args.filter.filter)?;
    let recorder = args.recorder(for_writer, report.clone());
    let recorder = recorder.map_err(Failure::of_log)?;
    let counts = recorder.counts();
    let notifier = args.start(bus.clone(), recorder, report, console)?;
    console.say(args.title(&bus));
    let start = Instant::now();
    let ending = wait(
        &notifier,
        &events,
        args.duration.and_then(|all| start.checked_add(all)),
    );
    let took = start.elapsed();
    // What still waits is read, unless as many frames as were wanted are there already.
    let enough = args.count.is_some_and(|count| counts.written() >= count);
    let timeout = if enough { ENOUGH_TIMEOUT } else { STOP_TIMEOUT };
    let stopped = notifier.stop(timeout);
    let endings: Vec<Ending> = [ending].into_iter().chain(events.try_iter()).collect();
    if endings.contains(&Ending::Unread) {
        return Ok(());
    }
    let mut failed = endings.contains(&Ending::Error);
    if endings.contains(&Ending::Closed) {
        console.say("the bus was closed");
        failed = true;
    }
    if let (Err(error), false) = (stopped, failed) {
        console.say_error(&error);
        failed = true;
    }
    console.say(args.summary(&counts, took, notifier.dropped()));
    bus.shutdown()?;
    if failed || counts.refused() > 0 {
        return Err(Failure::Told);
    }
    Ok(())
}

/// Waits for a reason to end.
fn wait(notifier: &Notifier, events: &Receiver<Ending>, deadline: Option<Instant>) -> Ending {
    loop {
        let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        match events.recv_timeout(left.map_or(LOOK, |left| left.min(LOOK))) {
            Ok(ending) => return ending,
            Err(RecvTimeoutError::Disconnected) => return Ending::Closed,
            Err(RecvTimeoutError::Timeout) if left == Some(Duration::ZERO) => {
                return Ending::AsAsked;
            }
            Err(RecvTimeoutError::Timeout) if notifier.wait(Duration::ZERO) => {
                // The error that ended it may have been sent since.
                return events.try_recv().unwrap_or(Ending::Closed);
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

impl Args {
    /// Gives the further arguments to the writer, whose options are returned, and to the bus.
    fn assign(
        &self,
        extra: &[Extra],
        config: &mut BusConfig,
    ) -> Result<Vec<(String, String)>, Failure> {
        let backend = backends::find(&config.interface).map_err(Failure::Usage)?;
        let mut takers = Vec::new();
        if let Some(path) = &self.file {
            let (format, _) = formats::find(path).map_err(Failure::of_setup)?;
            takers.push(Taker {
                name: format!("the writer of {}", format.extension),
                options: format
                    .write
                    .map_or(&[] as &[OptionSpec], |write| write.options),
            });
        }
        takers.push(Taker {
            name: backend.name.into(),
            options: backend.options,
        });
        let command = Args::augment_args(clap::Command::new("logger"));
        let mut assigned = extra::assign(extra, &takers, &command).map_err(Failure::of_setup)?;
        let options = assigned.pop().unwrap_or_default();
        let mut options: Vec<(String, Value)> = options
            .into_iter()
            .map(|(key, value)| (key, value.into()))
            .collect();
        let can_listen = backend
            .options
            .iter()
            .any(|option| option.name == "listen_only");
        if self.passive || self.active && can_listen {
            options.push(("listen_only".into(), self.passive.into()));
        }
        self.bus.add(config, options)?;
        Ok(assigned.pop().unwrap_or_default())
    }

    fn recorder(
        &self,
        options: Vec<(String, String)>,
        report: Sender<Ending>,
    ) -> canbus::Result<Recorder> {
        let size = self.file_size.filter(|&size| size > 0);
        let recorder = match &self.file {
            Some(path) => Recorder::to_file(path, self.append, size, options)?,
            None => Recorder::to_screen(),
        };
        Ok(match self.count {
            None => recorder,
            Some(count) => recorder.limit(count, move || drop(report.send(Ending::AsAsked))),
        })
    }

    fn start(
        &self,
        bus: Bus,
        recorder: Recorder,
        report: Sender<Ending>,
        console: Console,
    ) -> canbus::Result<Notifier> {
        let prints = self.file.is_none();
        let mut told = String::new();
        Notifier::builder()
            .bus(bus)
            .listener(recorder)
            .flush_every((!self.flush.is_zero()).then_some(self.flush))
            .on_dropped(move |bus, dropped| {
                let frames = summary::counted(dropped, "frame");
                console.say(format_args!(
                    "warning: {}: {frames} lost so far",
                    bus.summary
                ));
            })
            .on_error(move |error| {
                let ending = if prints && is_broken_pipe(error) {
                    Ending::Unread
                } else {
                    // What kept a file from being written mostly keeps it from being completed.
                    if told != error.to_string() {
                        console.say_error(error);
                    }
                    told = error.to_string();
                    Ending::Error
                };
                drop(report.send(ending));
            })
            .start()
    }

    /// What is being done.
    fn title(&self, bus: &Bus) -> String {
        let summary = &bus.describe().summary;
        match &self.file {
            Some(path) => format!("recording {summary} to {}; Ctrl-C ends it", path.display()),
            None => format!("printing {summary}; Ctrl-C ends it"),
        }
    }

    fn summary(&self, counts: &Counts, took: Duration, dropped: u64) -> String {
        let mut parts = vec![format!(
            "{}, {dropped} dropped",
            summary::frames(counts.written(), took)
        )];
        parts.extend(summary::refused(counts.refused()));
        if counts.failed() {
            parts.push("not all of them written".into());
        }
        if let Some(path) = &self.file {
            parts.extend(summary::files(path, counts.rollovers()));
        }
        parts.join("; ")
    }
}
