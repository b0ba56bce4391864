//! `canbus player`: the frames of a log, sent at the pace at which they were recorded.

mod keys;
mod lateness;
mod play;
mod tally;
mod target;

use crate::args::extra::{self, Extra, Taker};
use crate::args::instant::Moment;
use crate::args::{self, BusArgs, FilterArgs, Verbosity, tables};
use crate::console::Console;
use crate::exit::Failure;
use crate::signals;
use canbus::config::BusConfig;
use canbus::formats::{self, LogReader};
use canbus::{Bus, Error, ErrorKind, OptionSpec, ReplayControl, Result, Value, backends};
use clap::Args as _;
use keys::Keys;
use play::Player;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use target::{Mapping, Targets};

/// The pause between frames where neither timestamps nor the user tell one.
const DEFAULT_GAP: Duration = Duration::from_micros(100);

const EXAMPLES: &str = "EXAMPLES
  canbus logger -i simulated --duration 5 -f drive.blf     something to play
  canbus player -i simulated drive.blf                     as it was recorded
  canbus player -i simulated --loop 3 drive.blf            three times, i for endlessly
  canbus player -i simulated --ignore-timestamps -g 0.001 drive.blf   a frame every millisecond
  canbus player -i simulated -v drive.blf                  print what is sent
  canbus player -i simulated drive.blf --speed 2 --start 0.1 --end 4   a part, twice as fast
  canbus player drive.blf --map 0=virtual:a --map '*=virtual:b'   channels to several buses
  canbus player -i simulated drive.blf --filter 100:700    some frames only

On a terminal, space pauses and goes on; n or Enter pauses and, once paused, sends the next frame;
+ and - double and halve the pace; q quits.

Frames that are late (a slow bus, a busy machine) are made good as fast as the bus takes them; after
Ctrl-Z and fg the rest of the log keeps its pace. A frame whose recorded time is earlier than that
of the frame before it is sent at once, as by python-can; so are those behind it, until the time
from which it stepped back is reached again.

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

    /// Send error frames too, on a bus that can; else they are left out, and counted
    #[arg(long, alias = "error_frames")]
    error_frames: bool,

    /// The least time between two frames, in seconds or with a unit: 10ms; if it is not given, the
    /// recorded times alone count, and 0.0001 if they are ignored
    #[arg(short, long, value_name = "TIME", value_parser = args::seconds, allow_negative_numbers = true)]
    gap: Option<Duration>,

    /// Wait no longer than this for the next frame, however long the recorded pause
    #[arg(short, long, value_name = "TIME", default_value = "86400", value_parser = args::seconds, allow_negative_numbers = true)]
    skip: Duration,

    /// Play so many times as fast as it was recorded; 0.5 is half as fast. Where the times are
    /// ignored, --gap is the pace
    #[arg(long, value_name = "FACTOR", default_value = "1", value_parser = speed, allow_negative_numbers = true)]
    #[arg(conflicts_with = "ignore_timestamps")]
    speed: f64,

    /// Only frames from this time on: 90s, 1.5h behind the first frame, @1600000000.5 in seconds
    /// since 1970, or a date, 2026-05-31T14:25:00 in local time or with Z or +02:00
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    start: Option<Moment>,

    /// Only frames before this time, which is given as for --start
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    end: Option<Moment>,

    /// Only frames of this channel of the log; may be given several times
    #[arg(long, value_name = "CHANNEL")]
    log_channel: Vec<String>,

    /// Send the frames of a channel of the log to a bus of their own, * for all other channels:
    /// can0=socketcan:vcan0, can0=vcan1,bitrate=500000; may be given several times. FROM is the
    /// channel as canbus inspect shows it: a number in .blf, .mf4, .asc and .trc (what an .asc file
    /// shows as 1 is 0), a name such as can0 in .log, none in .csv and .db. Frames of channels that
    /// go nowhere are left out, which is a failure, unless -i or -c names a bus for them. An option
    /// of a mapping wins over the same one that is given for all buses
    #[arg(long, value_name = "FROM=[INTERFACE:]CHANNEL[,KEY=VALUE]...")]
    map: Vec<Mapping>,

    /// Send the log so many times; i for endlessly
    #[arg(short, long = "loop", value_name = "NUMBER|i", default_value = "1", value_parser = loops, allow_negative_numbers = true)]
    loops: Loops,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,

    #[command(flatten)]
    filter: FilterArgs,

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

fn speed(text: &str) -> Result<f64, String> {
    let speed = text.parse().ok();
    let speed = speed.filter(|&speed: &f64| speed.is_finite() && speed > 0.0);
    speed.ok_or_else(|| "expected a number above 0, such as 2 or 0.5".into())
}

pub(crate) fn run(args: &Args, extra: &[Extra], console: Console) -> Result<(), Failure> {
    let Some(path) = args.file.as_deref().or(args.file_name.as_deref()) else {
        let text = "no log is named";
        return Err(Failure::Usage(Error::new(ErrorKind::InvalidInput, text)));
    };
    check_times(args)?;
    let mut buses = wanted(args)?;
    let options = assign(args, extra, path, &mut buses)?;
    // Before a bus is opened: a log that is not there must not disturb one.
    let first = open(path, &options).map_err(Failure::of_log)?;
    let targets = open_targets(buses)?;
    let control = ReplayControl::new();
    control.set_speed(args.speed)?;
    let stopping = control.clone();
    signals::on_first(move || stopping.stop())?;
    let continued = signals::continued()?;
    let pace = if args.ignore_timestamps {
        "the pace of the gap"
    } else {
        "the recorded pace"
    };
    let keys = Keys::watch(&control, pace, console);
    let help = if keys.are_watched() {
        keys::HELP
    } else {
        "Ctrl-C ends it"
    };
    let name = path.display();
    console.say(format_args!("sending {name}{}; {help}", targets.summary()));
    let mut player = Player::new(args, path, console, targets, control, continued);
    let start = Instant::now();
    let played = player.play_loops(first, || open(path, &options));
    // The summary is for an ordinary terminal again.
    drop(keys);
    player.end(played, start)
}

/// Refuses a part of the log that is empty whatever the log has.
fn check_times(args: &Args) -> Result<(), Failure> {
    match args.start.zip(args.end) {
        Some((start, end)) if start.is_surely_not_before(end) => {
            let text = "--start is not before --end";
            Err(Failure::Usage(Error::new(ErrorKind::InvalidInput, text)))
        }
        _ => Ok(()),
    }
}

type Given = Vec<(String, String)>;

fn open(path: &Path, options: &Given) -> Result<LogReader> {
    formats::open(path, options.clone())
}

/// A bus that is to be opened, and the channels of the log that go to it; `None` for all others.
struct Wanted {
    config: BusConfig,
    from: Vec<Option<String>>,
    /// The options that its mapping has: they win over those of all buses.
    own: Vec<String>,
}

/// The buses that the arguments name, each once.
fn wanted(args: &Args) -> Result<Vec<Wanted>, Failure> {
    let mut all: Vec<Wanted> = Vec::new();
    let mut add = |config: BusConfig, from: Option<String>, own: Vec<String>| match all
        .iter_mut()
        .find(|wanted| wanted.config == config && wanted.own == own)
    {
        Some(wanted) => wanted.from.push(from),
        None => all.push(Wanted {
            config,
            from: vec![from],
            own,
        }),
    };
    for (at, mapping) in args.map.iter().enumerate() {
        if args.map[..at]
            .iter()
            .any(|other| other.from == mapping.from)
        {
            let from = mapping.from.as_deref().unwrap_or("*");
            let text = format!("--map names {from} twice");
            return Err(Failure::Usage(Error::new(ErrorKind::InvalidInput, text)));
        }
        let mut settings = vec![("channel", &*mapping.channel)];
        settings.extend(mapping.interface.as_deref().map(|name| ("interface", name)));
        let mut config = args.bus.configure_as(&settings)?;
        for (key, value) in &mapping.options {
            let names = spellings(&config.interface, key)?;
            config.options.retain(|given, _| !names.contains(given));
            let value = Value::from(value.as_str());
            config.options.insert(key.clone(), value);
        }
        let own = mapping.options.iter();
        let own = own.map(|(key, _)| spellings(&config.interface, key));
        let own = own.collect::<Result<Vec<_>, _>>()?.concat();
        add(config, mapping.from.clone(), own);
    }
    let others = args.map.iter().any(|mapping| mapping.from.is_none());
    if args.map.is_empty() || (args.bus.names_a_bus() && !others) {
        add(args.bus.configure()?, None, Vec::new());
    }
    Ok(all)
}

/// All names of a backend's option, of which one is given.
fn spellings(backend: &str, key: &str) -> Result<Vec<String>, Failure> {
    let backend = backends::find(backend).map_err(Failure::Usage)?;
    let option = backend.options.iter().find(|option| is_called(option, key));
    let names = option.map_or_else(
        || vec![key.to_string()],
        |option| {
            let names = [option.name].into_iter();
            let names = names.chain(option.aliases.iter().copied());
            names.map(String::from).collect()
        },
    );
    Ok(names)
}

fn is_called(option: &OptionSpec, key: &str) -> bool {
    option.name == key || option.aliases.contains(&key)
}

/// Gives the further arguments to the reader, whose options are returned, and to each bus that takes
/// them.
fn assign(
    args: &Args,
    extra: &[Extra],
    path: &Path,
    buses: &mut [Wanted],
) -> Result<Given, Failure> {
    let (format, _) = formats::find(path).map_err(Failure::of_setup)?;
    let reader = Taker {
        name: format!("the reader of {}", format.extension),
        options: format
            .read
            .map_or(&[] as &[OptionSpec], |read| read.options),
    };
    let mut takers = vec![reader];
    for bus in &*buses {
        let backend = backends::find(&bus.config.interface).map_err(Failure::Usage)?;
        if takers.iter().all(|taker| taker.name != backend.name) {
            takers.push(Taker {
                name: backend.name.into(),
                options: backend.options,
            });
        }
    }
    let command = Args::augment_args(clap::Command::new("player"));
    let assigned = extra::assign(extra, &takers, &command).map_err(Failure::of_setup)?;
    let mut assigned = assigned.into_iter();
    let of_reader = assigned.next().unwrap_or_default();
    let of_buses: Given = assigned.flatten().collect();
    let is_own = |key: &String| buses.iter().all(|bus| bus.own.contains(key));
    if let Some((key, _)) = of_buses.iter().find(|(key, _)| is_own(key)) {
        return Err(args::given_twice(key));
    }
    for bus in buses {
        let backend = backends::find(&bus.config.interface).map_err(Failure::Usage)?;
        let takes = |key: &String| {
            let options = &mut backend.options.iter();
            options.any(|option| is_called(option, key)) && !bus.own.contains(key)
        };
        let taken = of_buses.iter().filter(|(key, _)| takes(key));
        let taken = taken.map(|(key, value)| (key.clone(), value.as_str().into()));
        args.bus.add(&mut bus.config, taken.collect())?;
    }
    Ok(of_reader)
}

fn open_targets(buses: Vec<Wanted>) -> Result<Targets, Failure> {
    let mut targets = Targets::default();
    for wanted in buses {
        let bus: Bus = args::open(wanted.config, &[])?;
        let place = targets.add(bus);
        for from in wanted.from {
            targets.assign(from, place);
        }
    }
    Ok(targets)
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
    fn speeds_are_above_0() {
        assert_eq!(speed("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "nan", "inf", "fast"] {
            assert!(speed(wrong).is_err(), "{wrong}");
        }
    }
}
