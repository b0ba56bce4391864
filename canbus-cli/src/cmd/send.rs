//! `canbus send`: frames from the command line, once or periodically.

use crate::args::extra::{self, Extra, Taker};
use crate::args::{self, BusArgs, Verbosity, tables};
use crate::console::Console;
use crate::exit::Failure;
use crate::{signals, summary};
use canbus::{
    Bus, Frame, PeriodicStats, PeriodicTask, Result, SchedulerSettings, backends, formats,
};
use clap::Args as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a bus may refuse a frame that is sent once.
const SEND_TIMEOUT: Duration = Duration::from_secs(2);
/// How often it is looked whether the tasks have ended.
const LOOK_EVERY: Duration = Duration::from_millis(20);

const EXAMPLES: &str = "EXAMPLES
  canbus send -i simulated 123#0102 18FF50E5#DEADBEEF             two frames, once
  canbus send -i simulated 7DF#02010C --every 10ms --count 50     fifty, 10 ms from each other
  canbus send -i simulated 100#01 200##1AABB --every 20ms --duration 2   each of two for 2 s
  canbus send -i simulated 7DF#02010C --every 1ms --count 500 -v  with a histogram of lateness

FRAMES as in candump and cansend
  123#0102, 00000123#0102   standard and extended ID (3 and 8 digits), data in hexadecimal
  20000004#0011223344556677 error frame, with its class and details as on Linux, on a bus that can
  123#R, 123#R5             remote frame, and its DLC
  123##1AABB                CAN FD: 1 bit rate switch, 2 error state indicator, 3 both, 0 neither

WHAT IS TOLD of frames that are sent again and again
  late      frames that were sent more than a tenth of their period after their time
  missed    periods that passed without a frame, because the command could not run in time
  refused   frames that the bus did not take: its queue stayed full for a period, or sending failed
  lateness  how late the frames were that were sent (half of them at most p50, 99 % at most p99);
            the worst is that of missed periods too

Arguments --KEY=VALUE that are none of these are options of the interface.";

/// Send frames, once or periodically.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES, after_long_help = long_help())]
#[command(mut_arg("verbose", |arg| arg.help("Show histograms of lateness too; -vv tells more")))]
pub(crate) struct Args {
    /// The frames to send, in this order
    #[arg(value_name = "ID#DATA", required = true, value_parser = frame)]
    frames: Vec<Frame>,

    /// Send each frame again and again, so long after the one before: 10ms, 500us, 1s, or seconds
    #[arg(short, long, value_name = "TIME", value_parser = period, allow_negative_numbers = true)]
    every: Option<Duration>,

    /// Send each frame so many times
    #[arg(short = 'n', long, requires = "every", value_parser = args::whole::<u64>)]
    #[arg(allow_negative_numbers = true)]
    count: Option<u64>,

    /// Send for so long: seconds, or 500ms, 2m
    #[arg(
        long,
        value_name = "TIME",
        requires = "every",
        conflicts_with = "count"
    )]
    #[arg(value_parser = args::seconds, allow_negative_numbers = true)]
    duration: Option<Duration>,

    /// Send with this real-time priority, 1 to 99, where the system permits it
    #[arg(long, value_name = "PRIORITY", requires = "every")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=99), allow_negative_numbers = true)]
    realtime: Option<u8>,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,

    #[command(flatten)]
    bus: BusArgs,
}

fn long_help() -> String {
    format!("{EXAMPLES}\n\n{}", tables::backends())
}

/// A frame of a log; but where a log may leave out leading zeros, a person has mistyped.
fn frame(text: &str) -> Result<Frame, String> {
    let frame = formats::parse_frame(text).map_err(|error| error.to_string())?;
    match text.find('#') {
        Some(3 | 8) => Ok(frame),
        _ => Err("expected an ID of 3 digits, or 8 if it is an extended one".into()),
    }
}

/// A time with its unit, or in seconds.
fn period(text: &str) -> Result<Duration, String> {
    let units = [
        ("us", 1e-6),
        ("µs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("", 1.0),
    ];
    units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?.parse::<f64>().ok()?, factor)))
        .and_then(|(number, factor)| Duration::try_from_secs_f64(number * factor).ok())
        .filter(|period| !period.is_zero())
        .ok_or_else(|| "expected a time, such as 10ms, 500us, 1s or 0.01".into())
}

pub(crate) fn run(args: &Args, extra: &[Extra], console: Console) -> Result<(), Failure> {
    let bus = open(args, extra)?;
    let summary = &bus.describe().summary;
    let Some(period) = args.every else {
        let start = Instant::now();
        for frame in &args.frames {
            bus.send(frame, SEND_TIMEOUT)?;
        }
        bus.shutdown()?;
        let sent = summary::counted(args.frames.len() as u64, "frame");
        let millis = start.elapsed().as_millis();
        console.say(format_args!("sent {sent} to {summary} in {millis} ms"));
        return Ok(());
    };
    if let Some(priority) = args.realtime {
        SchedulerSettings::default()
            .realtime(priority)
            .apply()
            .map_err(Failure::of_setup)?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    let (stopping, main) = (Arc::clone(&stop), thread::current());
    signals::on_first(move || {
        stopping.store(true, Ordering::Relaxed);
        main.unpark();
    })?;
    let frames = summary::counted(args.frames.len() as u64, "frame");
    console.say(format_args!(
        "sending {frames} every {period:?} to {summary}; Ctrl-C ends it"
    ));
    let tasks = args.frames.iter().map(|frame| {
        let mut task = bus.send_periodic(std::slice::from_ref(frame), period);
        if let Some(count) = args.count {
            task = task.count(count);
        }
        if let Some(duration) = args.duration {
            task = task.duration(duration);
        }
        task.start()
    });
    let tasks: Vec<PeriodicTask> = tasks.collect::<Result<_>>().map_err(Failure::of_setup)?;
    while !stop.load(Ordering::Relaxed) && tasks.iter().any(PeriodicTask::is_running) {
        thread::park_timeout(LOOK_EVERY);
    }
    end(args, &bus, &tasks, console)
}

fn open(args: &Args, extra: &[Extra]) -> Result<Bus, Failure> {
    let mut config = args.bus.configure()?;
    let backend = backends::find(&config.interface).map_err(Failure::Usage)?;
    let taker = Taker {
        name: backend.name.into(),
        options: backend.options,
    };
    let command = Args::augment_args(clap::Command::new("send"));
    let assigned = extra::assign(extra, &[taker], &command).map_err(Failure::of_setup)?;
    let options = assigned.into_iter().flatten();
    let options = options.map(|(key, value)| (key, value.into()));
    args.bus.add(&mut config, options.collect())?;
    args::open(config, &[])
}

/// Stops the tasks and says what became of their frames.
fn end(args: &Args, bus: &Bus, tasks: &[PeriodicTask], console: Console) -> Result<(), Failure> {
    let stopped = bus.stop_all_periodic_tasks();
    let mut failed = false;
    let mut all = PeriodicStats {
        sent: Some(0),
        ..PeriodicStats::default()
    };
    for (frame, task) in args.frames.iter().zip(tasks) {
        let stats = task.stats();
        if tasks.len() > 1 {
            console.say(format_args!("{}: {stats}", frame.id()));
        }
        all.add(&stats);
        if let Some(error) = task.error() {
            console.say(format_args!("{}: {error}", frame.id()));
            failed = true;
        }
    }
    console.say(&all);
    if args.verbosity.verbose > 0 && !all.lateness.is_empty() {
        console.say(format_args!("lateness\n{}", all.lateness));
    }
    stopped.and(bus.shutdown())?;
    if failed {
        return Err(Failure::Told);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_have_a_unit_or_are_seconds() {
        for (text, micros) in [
            ("10ms", 10_000),
            ("1.5ms", 1_500),
            ("500us", 500),
            ("500µs", 500),
            ("2s", 2_000_000),
            ("0.01", 10_000),
        ] {
            assert_eq!(period(text), Ok(Duration::from_micros(micros)), "{text}");
        }
        for wrong in [
            "", "0", "0ms", "ms", "-1ms", "1m", "ten", "nan", "inf", "1e30s",
        ] {
            assert!(period(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn frames_are_those_of_candump() {
        let shown = |text| frame(text).map(|frame| format!("{frame:?}"));
        assert_eq!(shown("123#01"), Ok("Frame(123 Data dlc 1 [01])".into()));
        assert!(
            shown("123#0")
                .expect_err("half a byte")
                .contains("pairs of")
        );
        assert!(shown("123").expect_err("no #").contains("123"));
        for mistyped in ["1234#01", "12#01", "1#", "0012345#01", "0123##1AA"] {
            let refused = shown(mistyped).expect_err("neither 3 nor 8 digits");
            assert!(refused.contains("3 digits, or 8"), "{refused}");
        }
        assert!(shown("20000004#0011223344556677").is_ok_and(|text| text.contains("Error")));
    }
}
