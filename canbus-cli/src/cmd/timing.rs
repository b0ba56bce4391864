//! `canbus timing`: the bit timings of a bit rate, ranked, and the best as a picture.

mod json;
mod picture;
mod search;
mod text;

use crate::args::{self, KeyValue, Verbosity};
use crate::console::Console;
use crate::exit::Failure;
use canbus::bit_timing::{self, Controller};
use canbus::{Error, ErrorKind};
use clap::ValueEnum;
use search::Answer;
use std::fmt::Write as _;
use std::io::Write;

const EXAMPLES: &str = "EXAMPLES
  canbus timing 500k --clock 8M                          what an SJA1000 with a 16 MHz crystal takes
  canbus timing 500000 --clock 80M --data 2M             CAN FD, in the range of every controller
  canbus timing 500k --controller m_can --sample-point 80
  canbus timing --btr 0x011C                             what registers mean
  canbus timing --timing f_clock=80000000 brp=2 tseg1=63 tseg2=16 sjw=4
  canbus timing 125k --controller mcp251x --json";

/// Find the bit timings of a bit rate, or show what a bit timing means.
///
/// The table has the best timing first: nearest to the bit rate, then to the sample point, then with
/// the lowest prescaler. Of CAN FD, timings with one prescaler for both phases, which leave no error
/// where the bit rate is switched, come before those that sample nearer. What python-can and Linux
/// would choose for the same sample point is told too.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true, after_help = EXAMPLES, after_long_help = long_help())]
// Taken as by every command, though there is no more to tell.
#[command(mut_arg("verbose", |arg| arg.hide(true)))]
pub(crate) struct Args {
    /// The bit rate, in bit/s; of CAN FD that of arbitration
    #[arg(value_name = "BITRATE", value_parser = args::hertz)]
    bitrate: Option<u32>,

    /// The clock of the controller, in Hz; else the usual one of the controller that is named, and
    /// 8M for --btr
    #[arg(short, long, value_name = "HZ", value_parser = args::hertz)]
    clock: Option<u32>,

    /// CAN FD: the bit rate of the data phase, in bit/s
    #[arg(short, long, value_name = "BIT/S", value_parser = args::hertz, requires = "bitrate")]
    #[arg(conflicts_with_all = ["btr", "timing"])]
    data: Option<u32>,

    /// Where to sample a bit, in percent; else as is usual: 87.5, above 500 kbit/s 80, above
    /// 800 kbit/s 75
    #[arg(short = 'p', long, value_name = "PERCENT", value_parser = percent, requires = "bitrate")]
    #[arg(conflicts_with_all = ["btr", "timing"])]
    sample_point: Option<f64>,

    /// Where to sample a bit of the data phase, in percent
    #[arg(long, value_name = "PERCENT", value_parser = percent, requires = "data")]
    data_sample_point: Option<f64>,

    /// Only what this controller can set; else what ISO 11898-1 demands of every one
    #[arg(long, value_name = "NAME")]
    controller: Option<String>,

    /// Which timing is shown in detail
    #[arg(long, value_name = "WHOSE", default_value = "best")]
    #[arg(conflicts_with_all = ["btr", "timing"])]
    choose: Choose,

    /// Show the timing of an SJA1000's registers BTR0 and BTR1, in hexadecimal
    #[arg(long, value_name = "0xBBBB", value_parser = registers)]
    #[arg(conflicts_with_all = ["bitrate", "timing"])]
    btr: Option<(u8, u8)>,

    /// Show this timing, given as for a bus
    #[arg(long, value_name = "KEY=NUMBER", num_args = 1.., value_parser = args::timing)]
    #[arg(conflicts_with = "bitrate")]
    timing: Vec<KeyValue>,

    /// The length of the bus in metres, for the oscillator tolerance
    #[arg(long, value_name = "METRES", default_value_t = bit_timing::BUS_LENGTH_M, value_parser = positive)]
    bus_length: f64,

    /// What a node delays a signal from sending to receiving, in ns, for the oscillator tolerance
    #[arg(long, value_name = "NS", default_value_t = bit_timing::NODE_LOOP_DELAY_NS, value_parser = positive)]
    loop_delay: f64,

    /// Show all timings, not only the first ten
    #[arg(long, conflicts_with_all = ["btr", "timing"])]
    all: bool,

    /// Answer in JSON: one object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    pub(crate) verbosity: Verbosity,
}

/// Whose choice is shown in detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Choose {
    /// The first one of the table
    Best,
    /// What python-can chooses
    PythonCan,
    /// What the Linux kernel chooses from 6.3 on
    Linux,
}

fn long_help() -> String {
    let mut text = format!("{EXAMPLES}\n\nCONTROLLERS\n");
    for Controller {
        name,
        summary,
        clocks,
        ..
    } in bit_timing::controllers()
    {
        let clocks: Vec<String> = clocks.iter().map(|&clock| text::hertz(clock)).collect();
        let _ = writeln!(text, "  {name:<16} {summary}: {}", clocks.join(", "));
    }
    text.trim_end().into()
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim_end_matches('%').trim().parse::<f64>().ok();
    let number = number.filter(|percent| (50.0..100.0).contains(percent));
    number.ok_or_else(|| "expected 50 to less than 100, such as 87.5".into())
}

fn positive(text: &str) -> Result<f64, String> {
    let number = text.parse().ok();
    let number = number.filter(|&number: &f64| number.is_finite() && number >= 0.0);
    number.ok_or_else(|| "expected a number from 0".into())
}

/// `0x001C`, `001C` or `00,1C`: BTR0, then BTR1.
fn registers(text: &str) -> Result<(u8, u8), String> {
    let byte = |text: &str| {
        let digits = text.trim();
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        u8::from_str_radix(digits, 16).ok()
    };
    let word = |text: &str| {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let word = u16::from_str_radix(digits, 16).ok()?;
        (digits.len() == 4).then_some(((word >> 8) as u8, word as u8))
    };
    let both = text.split_once([',', ':']);
    let both = both.map_or_else(|| word(text), |(btr0, btr1)| byte(btr0).zip(byte(btr1)));
    both.ok_or_else(|| "expected four hexadecimal digits, BTR0 first, such as 0x001C".into())
}

pub(crate) fn run(args: &Args, _console: Console) -> Result<(), Failure> {
    let answer = Answer::find(args).map_err(Failure::of_setup)?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let object = json::object(&answer);
        writeln!(out, "{object:#}").map_err(Error::from)?;
    } else {
        let shown = text::shown(&answer, if args.all { usize::MAX } else { 10 });
        write!(out, "{shown}").map_err(Error::from)?;
    }
    Ok(out.flush().map_err(Error::from)?)
}

fn wrong(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidInput, text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_are_two_bytes_in_hexadecimal() {
        for text in ["0x011C", "011C", "01,1C", "0x01,0x1c", "01:1c"] {
            assert_eq!(registers(text), Ok((0x01, 0x1c)), "{text}");
        }
        for wrong in ["", "1C", "0x1C", "00011C", "01,", "xx,yy", "01,1C,2"] {
            assert!(registers(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sample_points_are_percent_of_the_second_half() {
        assert_eq!(percent("87.5"), Ok(87.5));
        assert_eq!(percent("75%"), Ok(75.0));
        for wrong in ["49.9", "100", "0.875", "875", "x", "nan", "-75"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
        assert!(positive("0").is_ok() && positive("-1").is_err() && positive("inf").is_err());
    }
}
