//! Arguments that several commands take, above all those that describe a bus.

pub(crate) mod extra;
pub(crate) mod tables;
pub(crate) mod unknown;

use crate::exit::Failure;
use canbus::config::{BusConfig, Configuration};
use canbus::{Bus, ErrorKind, Filter, Value};
use clap::ArgAction;
use clap::builder::PossibleValuesParser;
use std::time::Duration;

/// Which bus, and how it is opened. What is not given here comes from the environment and from
/// configuration files, as in python-can.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Bus options")]
pub(crate) struct BusArgs {
    /// The channel of the interface: can0, a serial port, a group address…
    #[arg(short, long)]
    channel: Option<String>,

    /// The kind of bus; else what the environment or the configuration file says
    #[arg(short, long, hide_possible_values = true,
          value_parser = PossibleValuesParser::new(tables::backend_names()))]
    interface: Option<String>,

    /// The bit rate, in bit/s
    #[arg(short, long, value_name = "BIT/S")]
    bitrate: Option<u32>,

    /// CAN FD
    #[arg(long)]
    fd: bool,

    /// The bit rate of the data phase of CAN FD, in bit/s
    #[arg(long, alias = "data_bitrate", value_name = "BIT/S")]
    data_bitrate: Option<u32>,

    /// The bit timing in detail, where the interface takes it
    #[arg(
        long,
        help = "The bit timing: f_clock=8000000 brp=2 tseg1=5 tseg2=2 sjw=2 …"
    )]
    #[arg(value_name = "KEY=NUMBER", num_args = 1.., value_parser = timing)]
    timing: Vec<KeyValue>,

    /// Any other option of the interface
    #[arg(long, alias = "bus_kwargs", value_name = "KEY=VALUE", num_args = 1..)]
    bus_kwargs: Vec<KeyValue>,
}

/// Which frames are let through.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Bus options")]
pub(crate) struct FilterArgs {
    /// Only frames of these IDs, in hexadecimal: 100:7F0 is 100 to 10F, 100~7F0 all others
    #[arg(long, value_name = "ID:MASK|ID~MASK", num_args = 1..)]
    pub(crate) filter: Vec<Filter>,
}

/// How much is told.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Verbosity {
    /// Tell more; -vv for what matters to developers
    #[arg(short, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// `key=value`. Dashes in the key stand for underscores.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyValue {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl std::str::FromStr for KeyValue {
    type Err = String;

    fn from_str(text: &str) -> Result<KeyValue, String> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let starts = key.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if !starts || !key.bytes().all(name) || !text.contains('=') {
            return Err("expected KEY=VALUE".into());
        }
        Ok(KeyValue {
            key: key.replace('-', "_"),
            value: value.into(),
        })
    }
}

/// A part of the bit timing: a whole number, in which underscores may stand for legibility.
fn timing(text: &str) -> Result<KeyValue, String> {
    let part: KeyValue = text.parse()?;
    let digits = part.value.replace('_', "");
    match digits.parse::<u64>() {
        Ok(_) => Ok(KeyValue {
            value: digits,
            ..part
        }),
        Err(_) => Err("expected KEY=NUMBER, such as tseg1=5".into()),
    }
}

/// A time in seconds, with decimals.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected seconds, such as 0.5".into())
}

/// Options as they are given to a format.
pub(crate) fn pairs(given: &[KeyValue]) -> Vec<(String, String)> {
    let pair = |one: &KeyValue| (one.key.clone(), one.value.clone());
    given.iter().map(pair).collect()
}

impl BusArgs {
    /// What was given here, completed from the environment and configuration files.
    pub(crate) fn configure(&self) -> Result<BusConfig, Failure> {
        let mut given: Vec<(&str, Value)> = Vec::new();
        if let Some(channel) = &self.channel {
            given.push(("channel", channel.as_str().into()));
        }
        if let Some(interface) = &self.interface {
            given.push(("interface", interface.as_str().into()));
        }
        if let Some(bitrate) = self.bitrate {
            given.push(("bitrate", i64::from(bitrate).into()));
        }
        if self.fd {
            given.push(("fd", true.into()));
        }
        if let Some(bitrate) = self.data_bitrate {
            given.push(("data_bitrate", i64::from(bitrate).into()));
        }
        for one in self.timing.iter().chain(&self.bus_kwargs) {
            given.push((&one.key, one.value.as_str().into()));
        }
        let configuration = given
            .into_iter()
            .fold(Configuration::new(), |all, (key, value)| {
                all.set(key, value)
            });
        configuration.load().map_err(|error| match error.kind() {
            // Nothing names an interface: the command line could have.
            ErrorKind::BackendUnavailable => Failure::Usage(error),
            _ => Failure::of_setup(error),
        })
    }
}

/// Opens the bus that was configured.
pub(crate) fn open(config: BusConfig, filters: &[Filter]) -> Result<Bus, Failure> {
    let channel = config.channel.map(|channel| ("channel".into(), channel));
    Bus::builder(&config.interface)
        .options(channel.into_iter().chain(config.options))
        .filters(filters.iter().copied())
        .open()
        .map_err(Failure::of_setup)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_and_value_are_parted_at_the_first_equals_sign() {
        let parsed = |text: &str| text.parse::<KeyValue>().map(|one| (one.key, one.value));
        let expected = |key: &str, value: &str| Ok((key.to_string(), value.to_string()));
        assert_eq!(
            parsed("app-name=My App=2"),
            expected("app_name", "My App=2")
        );
        assert_eq!(parsed("_x9="), expected("_x9", ""));
        for wrong in ["", "key", "=value", "9x=1", "a b=1", "-a=1"] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn timings_are_whole_numbers_with_or_without_underscores() {
        let value = |text| timing(text).map(|one| one.value);
        assert_eq!(value("f_clock=8_000_000"), Ok("8000000".into()));
        assert_eq!(value("brp=2"), Ok("2".into()));
        for wrong in ["brp", "brp=", "brp=-1", "brp=x", "brp=1.5"] {
            assert!(value(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_have_decimals_and_are_neither_negative_nor_endless() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for wrong in ["-1", "nan", "inf", "1e30", "ten", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
