//! `canbus inspect`: what is in a log, without looking at every frame.

mod json;
mod text;

use crate::args::{self, KeyValue, Verbosity};
use crate::console::Console;
use crate::damage::Damage;
use crate::exit::Failure;
use crate::progress::Progress;
use canbus::formats::{self, LogReader};
use canbus::statistics::Statistics;
use canbus::{Error, Result};
use std::io::Write;
use std::path::{Path, PathBuf};

/// How many messages are taken before a look at the clock.
const BATCH: usize = 4096;

const EXAMPLES: &str = "EXAMPLES
  canbus logger -i simulated --duration 2 -f drive.blf     something to look at
  canbus inspect drive.blf                                 IDs, periods, gaps, errors, damage
  canbus inspect --bitrate 500000 drive.blf                the bus load too
  canbus inspect --gap 3 drive.blf                         pauses of 3 times the usual period
  canbus inspect --json drive.blf                          for programs; see docs/inspect.md

Damaged places are shown as they are met, and the exit code is 1. An end that is cut off is noted;
the exit code stays 0.";

/// Tell what is in log files: frames, arbitration IDs, periods, load, gaps, errors, damage.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The logs to read
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The bit rate, in bit/s, to tell the bus load
    #[arg(short, long, value_name = "BIT/S", value_parser = args::whole::<u32>)]
    #[arg(allow_negative_numbers = true)]
    bitrate: Option<u32>,

    /// The bit rate of the data phase of CAN FD, in bit/s
    #[arg(long, alias = "data_bitrate", value_name = "BIT/S", value_parser = args::whole::<u32>)]
    #[arg(requires = "bitrate", allow_negative_numbers = true)]
    data_bitrate: Option<u32>,

    /// A pause is a gap if it is more than so many times the usual period of its ID
    #[arg(long, value_name = "FACTOR", default_value = "5", value_parser = factor)]
    #[arg(allow_negative_numbers = true)]
    gap: f64,

    /// Answer in JSON: a list with an object for each file
    #[arg(long)]
    json: bool,

    /// An option of the reader; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    reader: Vec<KeyValue>,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,
}

/// A number above 1.
fn factor(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|factor: &f64| *factor > 1.0 && factor.is_finite())
        .ok_or_else(|| "expected a number above 1, such as 5".into())
}

/// All that is told of a file.
struct Finding<'a> {
    path: &'a Path,
    format: &'static str,
    /// The size of the file in bytes; 0 where it is not known.
    size: u64,
    statistics: Statistics,
    gap: f64,
    damage: Damage,
    truncated: bool,
    passed_over: u64,
}

pub(crate) fn run(args: &Args, console: Console) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let (mut answers, mut failed) = (Vec::new(), false);
    for (at, path) in args.files.iter().enumerate() {
        let finding = match look_at(args, path, console) {
            Ok(finding) => finding,
            // The other files may be all right.
            Err(Failure::Failed(error)) => {
                console.say_error(&error);
                failed = true;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        failed |= !finding.damage.summary().is_empty();
        if args.json {
            answers.push(json::of(&finding));
        } else {
            let blank = if at > 0 { "\n" } else { "" };
            write!(out, "{blank}{}", text::of(&finding)).map_err(Error::from)?;
        }
    }
    if args.json {
        let answer = serde_json::Value::Array(answers);
        writeln!(out, "{answer:#}").map_err(Error::from)?;
    }
    out.flush().map_err(Error::from)?;
    if failed {
        return Err(Failure::Told);
    }
    Ok(())
}

fn look_at<'a>(args: &Args, path: &'a Path, console: Console) -> Result<Finding<'a>, Failure> {
    let reader = formats::open(path, args::pairs(&args.reader)).map_err(Failure::of_log)?;
    let mut statistics = Statistics::new().with_gap_factor(args.gap)?;
    if let Some(bitrate) = args.bitrate {
        statistics = statistics.with_bit_rates(bitrate, args.data_bitrate)?;
    }
    let format = reader.format().name;
    let report = reader.report();
    let mut progress = Progress::new(reader.report(), false);
    let mut damage = Damage::new(console);
    let read = read(reader, &mut statistics, &mut damage, &mut progress);
    progress.finish();
    read?;
    if statistics.kinds().brs > 0 && args.bitrate.is_some() && args.data_bitrate.is_none() {
        console.say(format_args!(
            "note: {} has frames with bit rate switch; without --data-bitrate they count as if \
             they had none",
            path.display()
        ));
    }
    damage.look_at_end(&report, path);
    damage.look_at_date(&report, path);
    Ok(Finding {
        path,
        format,
        size: report.size(),
        statistics,
        gap: args.gap,
        damage,
        truncated: report.is_truncated(),
        passed_over: report.passed_over(),
    })
}

fn read(
    mut reader: LogReader,
    statistics: &mut Statistics,
    damage: &mut Damage,
    progress: &mut Progress,
) -> Result<()> {
    loop {
        progress.tick();
        for _ in 0..BATCH {
            match reader.next() {
                Some(Ok(message)) => statistics.add(&message),
                Some(Err(error)) => progress.beside(|| damage.take(error))?,
                None => return Ok(()),
            }
        }
    }
}
