//! `canbus logger`: what buses carry, into a log file or onto the screen.

mod buses;
mod ring;

use crate::args::extra::Extra;
use crate::args::rotation::{Keeping, Rotation};
use crate::args::several::BusSpec;
use crate::args::trigger::Trigger;
use crate::args::{self, BusArgs, FilterArgs, Verbosity, tables};
use crate::console::{Console, is_broken_pipe};
use crate::exit::Failure;
use crate::recorder::{Counts, Recorder, Target, Wanted};
use crate::{signals, summary};
use canbus::{Bus, Error, ErrorKind, Notifier, RingLoggerBuilder};
use ring::RingArgs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often to look whether the bus is still read.
const LOOK: Duration = Duration::from_millis(250);
/// How often -v tells how it goes.
const TELL: Duration = Duration::from_secs(1);
/// How long a backend may take to come back, and a file to be completed.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);
/// The same when nothing more is wanted.
const ENOUGH_TIMEOUT: Duration = Duration::from_millis(500);

const EXAMPLES: &str = "EXAMPLES
  canbus logger -i simulated --duration 3                      print for three seconds
  canbus logger -i simulated --duration 10 -f drive.blf        record ten seconds
  canbus logger -i simulated --duration 10 -f drive.log.gz     in candump's format, compressed
  canbus logger -i simulated --duration 10 -f drive.log -s 20000    in files of about 20 kB
  canbus logger -i simulated -n 9000 -f d.log --file-time 1h --file-at 00:00    a file an hour
  canbus logger -i simulated -n 9000 -f d.log -s 20k --keep-files 10    only the newest ten
  canbus logger -i simulated -n 100 --filter 100:700           100 frames of the IDs 100 to 1FF
  canbus logger -i simulated --bus interface=simulated,channel=b --duration 3    two buses
  canbus logger -i simulated -n 9000 -f crash.blf --ring 30s --trigger error 0C4:7FF#10
                  keep 30 seconds in memory, and write them at an error or such a frame

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

    /// End after so many seconds
    #[arg(long, value_name = "SECONDS", value_parser = args::seconds, allow_negative_numbers = true)]
    duration: Option<Duration>,

    /// End after so many frames
    #[arg(short = 'n', long, value_name = "FRAMES", value_parser = args::whole::<u64>)]
    #[arg(allow_negative_numbers = true)]
    count: Option<u64>,

    /// Record from such a frame on: error, ID:MASK, or ID:MASK#DATA in hexadecimal, where DATA is
    /// what the data begins with and a dot stands for any digit
    #[arg(long, alias = "start_on", value_name = "FRAME", num_args = 1..)]
    start_on: Vec<Trigger>,

    /// End with such a frame
    #[arg(long, alias = "stop_on", value_name = "FRAME", num_args = 1..)]
    stop_on: Vec<Trigger>,

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
    rotation: Rotation,

    #[command(flatten)]
    keeping: Keeping,

    #[command(flatten)]
    ring: RingArgs,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,

    #[command(flatten)]
    bus: BusArgs,

    /// A further bus, or several by giving it several times: interface=simulated,channel=a,…
    #[arg(long = "bus", value_name = "KEY=VALUE,…", help_heading = "Bus options")]
    buses: Vec<BusSpec>,

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
    /// An error of a bus, which was said.
    BusLost,
    /// Nobody reads the standard output any more.
    Unread,
    /// The bus is not read any more, without an error.
    Closed,
}

pub(crate) fn run(args: &Args, extra: &[Extra], console: Console) -> Result<(), Failure> {
    let assigned = args.assign(extra)?;
    args.check()?;
    let (report, events) = mpsc::channel();
    let signal = report.clone();
    // Nobody listens any more: it is ending already.
    signals::on_first(move || drop(signal.send(Ending::AsAsked)))?;
    let buses = args.open(assigned.configs)?;
    let recorder = args.recorder(assigned.for_writer, report.clone(), console)?;
    let recorder = recorder.in_microseconds();
    let keeps = recorder.keeps();
    buses::warn_of_same_channels(&buses, keeps, console);
    let counts = recorder.counts();
    let notifier = args.start(&buses, recorder, report, console)?;
    console.say(args.title(&buses));
    let start = Instant::now();
    let running = Running {
        args,
        console,
        buses: &buses,
        notifier: &notifier,
        counts: &counts,
        start,
    };
    let mut endings = running.wait(&events);
    let took = start.elapsed();
    // What still waits is read, unless as many frames as were wanted are there already.
    let enough = args.count.is_some_and(|count| counts.taken() >= count);
    let timeout = if enough { ENOUGH_TIMEOUT } else { STOP_TIMEOUT };
    let stopped = match notifier.stop(timeout) {
        // A busy machine: nothing more is read, and the bus is only waited for.
        Err(error) if enough && error.kind() == ErrorKind::Timeout => notifier.stop(STOP_TIMEOUT),
        stopped => stopped,
    };
    endings.extend(events.try_iter());
    if endings.contains(&Ending::Unread) {
        return Ok(());
    }
    let mut failed = endings.contains(&Ending::Error) || endings.contains(&Ending::BusLost);
    if endings.contains(&Ending::Closed) {
        console.say("the bus was closed");
        failed = true;
    }
    if let (Err(error), false) = (stopped, failed) {
        console.say_error(&error);
        failed = true;
    }
    for line in keeps.iter().flat_map(|keeps| counts.losses().lines(keeps)) {
        let file = args.file.as_deref().unwrap_or(Path::new("the log"));
        console.say(format_args!("note: {line} by {}", file.display()));
    }
    console.say(running.summary(took));
    for bus in &buses {
        bus.shutdown()?;
    }
    if failed || counts.refused() > 0 {
        return Err(Failure::Told);
    }
    Ok(())
}

/// A recording that goes on.
struct Running<'a> {
    args: &'a Args,
    console: Console,
    buses: &'a [Bus],
    notifier: &'a Notifier,
    counts: &'a Counts,
    start: Instant,
}

impl Running<'_> {
    /// Waits for a reason to end, and gives all there were.
    fn wait(&self, events: &Receiver<Ending>) -> Vec<Ending> {
        let deadline = self
            .args
            .duration
            .and_then(|all| self.start.checked_add(all));
        let (mut told, mut told_frames) = (self.start, 0);
        let mut endings = Vec::new();
        loop {
            let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            match events.recv_timeout(left.map_or(LOOK, |left| left.min(LOOK))) {
                Ok(ending) => endings.push(ending),
                Err(RecvTimeoutError::Disconnected) => endings.push(Ending::Closed),
                Err(RecvTimeoutError::Timeout) if left == Some(Duration::ZERO) => {
                    endings.push(Ending::AsAsked);
                }
                Err(RecvTimeoutError::Timeout) if self.notifier.wait(Duration::ZERO) => {
                    // The error that ended it may have been sent since.
                    endings.extend(events.try_iter());
                    if endings.is_empty() {
                        endings.push(Ending::Closed);
                    }
                    return endings;
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            // When one bus of several is lost, the others are recorded on.
            let goes_on = |ending: &Ending| {
                *ending == Ending::BusLost && self.buses.len() > 1 && !self.counts.failed()
            };
            if !endings.iter().all(goes_on) {
                return endings;
            }
            if self.args.verbosity.verbose > 0 && told.elapsed() >= TELL {
                let frames = self.notifier.received();
                self.tell(frames, frames - told_frames, told.elapsed());
                (told, told_frames) = (Instant::now(), frames);
            }
        }
    }

    /// Says how it goes: how many frames came, and how many of them since this was said last.
    fn tell(&self, frames: u64, new: u64, took: Duration) {
        let all = summary::counted(frames, "frame");
        let rate = new as f64 / took.as_secs_f64();
        let dropped = buses::dropped(self.buses, self.notifier);
        self.console
            .say(format_args!("{all}, now {rate:.0}/s, {dropped}"));
    }

    fn summary(&self, took: Duration) -> String {
        let counts = self.counts;
        let dropped = buses::dropped(self.buses, self.notifier);
        let is_ring = self.args.ring.ring.is_some();
        let frames = if is_ring {
            counts.taken()
        } else {
            counts.written()
        };
        let mut parts = vec![format!("{}, {dropped}", summary::frames(frames, took))];
        if is_ring {
            let files = summary::counted(u64::from(counts.dumps()), "file");
            let frames = summary::counted(counts.written(), "frame");
            parts.push(format!("{frames} written to {files}"));
        }
        parts.extend(summary::refused(counts));
        if counts.failed() {
            parts.push("not all of them written".into());
        }
        if let (Some(path), false) = (&self.args.file, is_ring) {
            parts.push(summary::file(path));
            parts.extend(summary::full_files(counts));
        }
        parts.join("; ")
    }
}

impl Args {
    /// Refuses what makes no sense without a file in parts.
    fn check(&self) -> Result<(), Failure> {
        let keeps = self.keeping.keep_files.is_some() || self.keeping.keep_size.is_some();
        let text = match (&self.file, self.rotation.is_any(), keeps) {
            (None, true, _) => "new files need the name of the first one: -f or --file_name",
            (_, false, true) => "to keep the newest files there must be new ones: see --file-time",
            _ => return Ok(()),
        };
        Err(Failure::Usage(Error::new(ErrorKind::InvalidInput, text)))
    }

    fn recorder(
        &self,
        options: Vec<(String, String)>,
        report: Sender<Ending>,
        console: Console,
    ) -> Result<Recorder, Failure> {
        let target = match &self.file {
            None => Target::screen(),
            Some(path) => match self.ring.of(path) {
                Some(ring) => telling_ring(path, ring, options, console)?,
                None => Target::file(path, self.append, &self.rotation, &self.keeping, options)
                    .map_err(Failure::of_log)?,
            },
        };
        let (start, stop) = (self.start_on.clone(), self.stop_on.clone());
        let recorder = Recorder::new(target);
        if self.count.is_none() && start.is_empty() && stop.is_empty() {
            return Ok(recorder);
        }
        let enough = move || drop(report.send(Ending::AsAsked));
        Ok(recorder.only(Wanted::new(start, stop, self.count, enough)))
    }

    fn start(
        &self,
        buses: &[Bus],
        recorder: Recorder,
        report: Sender<Ending>,
        console: Console,
    ) -> canbus::Result<Notifier> {
        let prints = self.file.is_none();
        let told = Mutex::new(String::new());
        Notifier::builder()
            .buses(buses.iter().cloned())
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
                    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                    if *told != error.to_string() {
                        console.say_error(error);
                    }
                    *told = error.to_string();
                    ending_of(error)
                };
                drop(report.send(ending));
            })
            .start()
    }

    /// What is being done.
    fn title(&self, buses: &[Bus]) -> String {
        let summary = buses::summaries(buses);
        match (&self.file, &self.ring.ring) {
            (Some(path), None) => {
                format!("recording {summary} to {}; Ctrl-C ends it", path.display())
            }
            (Some(_), Some(_)) => {
                format!("keeping {summary} in memory until triggered; Ctrl-C ends it")
            }
            (None, _) => format!("printing {summary}; Ctrl-C ends it"),
        }
    }
}

/// What an error means for the recording: a bus may go while others are recorded on.
fn ending_of(error: &Error) -> Ending {
    match error.kind() {
        ErrorKind::DeviceLost | ErrorKind::OperationFailed | ErrorKind::Closed => Ending::BusLost,
        _ => Ending::Error,
    }
}

/// A ring that tells of its files and obeys the signal.
fn telling_ring(
    path: &Path,
    ring: RingLoggerBuilder,
    options: Vec<(String, String)>,
    console: Console,
) -> Result<Target, Failure> {
    let ring = ring.on_dump(move |path, frames| {
        let frames = summary::counted(frames, "frame");
        console.say(format_args!("{frames} written to {}", path.display()));
    });
    let target = Target::ring(path, ring, options).map_err(Failure::of_log)?;
    if let Target::Ring(ring, _) = &target {
        let trigger = ring.trigger();
        signals::on_usr1(move || trigger.fire())?;
    }
    Ok(target)
}
