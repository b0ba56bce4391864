//! `canbus player`: the frames of a log, sent at the pace at which they were recorded.

use crate::args::extra::{self, Extra, Taker};
use crate::args::{self, BusArgs, Verbosity, tables};
use crate::console::{Console, is_broken_pipe};
use crate::damage::Damage;
use crate::exit::Failure;
use crate::progress::Progress;
use crate::{signals, summary};
use canbus::config::BusConfig;
use canbus::formats::{self, LogReader};
use canbus::{
    Bus, Error, ErrorKind, Message, OptionSpec, Replay, ReplayStopper, Result, Schedule, backends,
};
use clap::Args as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The pause between frames where neither timestamps nor the user tell one.
const DEFAULT_GAP: Duration = Duration::from_micros(100);
/// How long a bus may refuse a frame before it is looked whether to stop.
const SEND_SLICE: Duration = Duration::from_millis(200);
/// How long a bus may refuse a frame before that is told.
const STUCK: Duration = Duration::from_secs(2);

const EXAMPLES: &str = "EXAMPLES
  canbus logger -i simulated --duration 5 -f drive.blf     something to play
  canbus player -i simulated drive.blf                     as it was recorded
  canbus player -i simulated --loop 3 drive.blf            three times, i for endlessly
  canbus player -i simulated --ignore-timestamps -g 0.001 drive.blf   a frame every millisecond
  canbus player -i simulated -v drive.blf                  print what is sent

Arguments --KEY=VALUE that are none of these are options of the log's reader or, if it has no such
option, of the interface.";

/// Send the frames of a log, at the pace at which they were recorded.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES, after_long_help = long_help())]
#[command(mut_arg("verbose", |arg| arg.help("Print the frames that are sent; -vv tells more")))]
pub(crate) struct Args {
    /// The log to send; its suffix tells the format
    #[arg(value_name = "INFILE", required_unless_present = "file_name")]
    file: Option<PathBuf>,

    /// The same as INFILE, which wins over it
    #[arg(
        short = 'f',
        long = "file_name",
        alias = "file-name",
        value_name = "FILE"
    )]
    file_name: Option<PathBuf>,

    /// Send without waiting for the recorded times
    #[arg(long, alias = "ignore_timestamps")]
    ignore_timestamps: bool,

    /// Send error frames too, on a bus that can
    #[arg(long, alias = "error_frames")]
    error_frames: bool,

    /// The least time between two frames; if it is not given, the recorded times alone count,
    /// and 0.0001 if they are ignored
    #[arg(short, long, value_name = "SECONDS", value_parser = args::seconds, allow_negative_numbers = true)]
    gap: Option<Duration>,

    /// Wait no longer than this for the next frame, however long the recorded pause
    #[arg(short, long, value_name = "SECONDS", default_value = "86400", value_parser = args::seconds, allow_negative_numbers = true)]
    skip: Duration,

    /// Send the log so many times; i for endlessly
    #[arg(short, long = "loop", value_name = "NUMBER|i", default_value = "1", value_parser = loops, allow_negative_numbers = true)]
    loops: Loops,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,

    #[command(flatten)]
    bus: BusArgs,
}

fn long_help() -> String {
    let (backends, formats) = (tables::backends(), tables::read_formats());
    format!("{EXAMPLES}\n\n{backends}\n\n{formats}")
}

/// How often a log is sent; `None` endlessly.
type Loops = Option<u64>;

fn loops(text: &str) -> Result<Loops, String> {
    match text {
        "i" => Ok(None),
        _ => match text.parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err("expected a number from 1, or i for endlessly".into()),
        },
    }
}

pub(crate) fn run(args: &Args, extra: &[Extra], console: Console) -> Result<(), Failure> {
    let Some(path) = args.file.as_deref().or(args.file_name.as_deref()) else {
        let text = "no log is named";
        return Err(Failure::Usage(Error::new(ErrorKind::InvalidInput, text)));
    };
    let mut config = args.bus.configure()?;
    let options = assign(args, extra, path, &mut config)?;
    // Before the bus is opened: a log that is not there must not disturb a bus.
    let first = open(path, &options).map_err(Failure::of_log)?;
    let bus = args::open(config, &[])?;
    let stop = Stop::default();
    let stopping = stop.clone();
    signals::on_first(move || stopping.stop())?;
    console.say(format_args!(
        "sending {} to {}; Ctrl-C ends it",
        path.display(),
        bus.describe().summary
    ));
    let mut player = Player {
        args,
        path,
        console,
        bus,
        stop,
        damage: Damage::new(console),
        sent: 0,
        left_out: 0,
    };
    let start = Instant::now();
    let played = player.play_loops(first, || open(path, &options));
    player.end(played, start)
}

type Given = Vec<(String, String)>;

fn open(path: &Path, options: &Given) -> Result<LogReader> {
    formats::open(path, options.clone())
}

/// Gives the further arguments to the reader, whose options are returned, and to the bus.
fn assign(
    args: &Args,
    extra: &[Extra],
    path: &Path,
    config: &mut BusConfig,
) -> Result<Given, Failure> {
    let backend = backends::find(&config.interface).map_err(Failure::Usage)?;
    let (format, _) = formats::find(path).map_err(Failure::of_setup)?;
    let reader = Taker {
        name: format!("the reader of {}", format.extension),
        options: format
            .read
            .map_or(&[] as &[OptionSpec], |read| read.options),
    };
    let bus = Taker {
        name: backend.name.into(),
        options: backend.options,
    };
    let command = Args::augment_args(clap::Command::new("player"));
    let assigned = extra::assign(extra, &[reader, bus], &command);
    let mut assigned = assigned.map_err(Failure::of_setup)?;
    let options = assigned.pop().unwrap_or_default().into_iter();
    let options = options.map(|(key, value)| (key, value.into()));
    args.bus.add(config, options.collect())?;
    Ok(assigned.pop().unwrap_or_default())
}

/// Whether to stop, and what to stop: each run through the log is a replay of its own.
#[derive(Clone, Default)]
struct Stop(Arc<Mutex<Stopping>>);

#[derive(Default)]
struct Stopping {
    asked: bool,
    replay: ReplayStopper,
}

impl Stop {
    fn lock(&self) -> MutexGuard<'_, Stopping> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        let mut stopping = self.lock();
        stopping.asked = true;
        stopping.replay.stop();
    }

    fn is_asked(&self) -> bool {
        self.lock().asked
    }

    /// Stops this replay when it is time, or at once if it was.
    fn watch(&self, replay: ReplayStopper) {
        let mut stopping = self.lock();
        if stopping.asked {
            replay.stop();
        }
        stopping.replay = replay;
    }
}

struct Player<'a> {
    args: &'a Args,
    path: &'a Path,
    console: Console,
    bus: Bus,
    stop: Stop,
    damage: Damage,
    sent: u64,
    left_out: u64,
}

impl Player<'_> {
    fn play_loops(
        &mut self,
        first: LogReader,
        mut again: impl FnMut() -> Result<LogReader>,
    ) -> Result<()> {
        let mut log = Some(first);
        let mut done = 0;
        while self.args.loops.is_none_or(|loops| done < loops) && !self.stop.is_asked() {
            let log = match log.take() {
                Some(first) => first,
                None => again()?,
            };
            let before = self.sent;
            self.play(log)?;
            done += 1;
            if self.sent == before && self.args.loops.is_none() {
                // Nothing to send, for ever and without a pause.
                break;
            }
        }
        Ok(())
    }

    fn play(&mut self, log: LogReader) -> Result<()> {
        let prints = self.args.verbosity.verbose > 0;
        let report = log.report();
        let mut progress = Progress::new(log.report(), prints);
        let mut replay = Replay::new(log, self.schedule());
        self.stop.watch(replay.stopper());
        let played = replay.try_for_each(|item| {
            progress.tick();
            match item {
                Ok(message) => self.send(&message, prints),
                Err(error) => progress.beside(|| self.damage.take(error)),
            }
        });
        progress.finish();
        self.damage.look_at_end(&report, self.path);
        played
    }

    fn schedule(&self) -> Schedule {
        let schedule = if self.args.ignore_timestamps {
            Schedule::every(self.args.gap.unwrap_or(DEFAULT_GAP))
        } else {
            Schedule::recorded().gap(self.args.gap.unwrap_or_default())
        };
        schedule.skip(self.args.skip)
    }

    fn send(&mut self, message: &Message, prints: bool) -> Result<()> {
        if message.frame.is_error() && !self.args.error_frames {
            self.left_out += 1;
            return Ok(());
        }
        if prints {
            writeln!(std::io::stdout(), "{message}")?;
        }
        let mut waits = Some(Instant::now() + STUCK);
        loop {
            match self.bus.forward(message, SEND_SLICE) {
                Ok(()) => {
                    self.sent += 1;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Timeout => {}
                Err(error) => return Err(error.context(format_args!("frame {}", self.sent + 1))),
            }
            if self.stop.is_asked() {
                return Ok(());
            }
            if waits.is_some_and(|late| Instant::now() > late) {
                waits = None;
                self.console
                    .say("warning: the bus takes no frames; still trying");
            }
        }
    }

    /// Says what became of it all.
    fn end(&self, played: Result<()>, start: Instant) -> Result<(), Failure> {
        let took = start.elapsed();
        let closed = self.bus.shutdown();
        let failed = played.and(closed);
        if let Err(error) = failed {
            if is_broken_pipe(&error) {
                return Ok(());
            }
            self.console.say_error(&error);
            self.console.say(self.summary(took));
            return Err(Failure::Told);
        }
        self.console.say(self.summary(took));
        if !self.damage.summary().is_empty() {
            return Err(Failure::Told);
        }
        Ok(())
    }

    fn summary(&self, took: Duration) -> String {
        let mut parts = vec![format!("sent {}", summary::frames(self.sent, took))];
        if self.left_out > 0 {
            let frames = summary::counted(self.left_out, "error frame");
            parts.push(format!("{frames} left out"));
        }
        parts.extend(self.damage.summary());
        if self.stop.is_asked() {
            parts.push("interrupted".into());
        }
        parts.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loops_are_a_number_or_endless() {
        assert_eq!(loops("3"), Ok(Some(3)));
        assert_eq!(loops("i"), Ok(None));
        assert_eq!(loops("1"), Ok(Some(1)));
        for wrong in ["0", "-1", "x", ""] {
            assert!(loops(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_replay_that_begins_after_the_stop_ends_at_once() {
        let stop = Stop::default();
        stop.stop();
        let frame = canbus::Frame::data(canbus::Id::standard(1).expect("fits"), &[]);
        let message = Message::received(frame.expect("valid"), canbus::Timestamp::ZERO);
        let mut replay = Replay::new([Ok(message)].into_iter(), Schedule::recorded());
        stop.watch(replay.stopper());
        assert!(replay.next().is_none());
        assert!(stop.is_asked());
    }
}
