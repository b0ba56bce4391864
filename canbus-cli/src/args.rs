//! Arguments that several commands take, above all those that describe a bus.

pub(crate) mod extra;
pub(crate) mod instant;
pub(crate) mod rotation;
pub(crate) mod several;
pub(crate) mod tables;
pub(crate) mod trigger;
pub(crate) mod unknown;

use crate::exit::Failure;
use canbus::config::{BusConfig, Configuration};
use canbus::{Bus, Error, ErrorKind, Filter, Value};
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
    #[arg(short, long, value_name = "BIT/S", value_parser = whole::<u32>)]
    #[arg(allow_negative_numbers = true)]
    bitrate: Option<u32>,

    /// CAN FD
    #[arg(long)]
    fd: bool,

    /// The bit rate of the data phase of CAN FD, in bit/s
    #[arg(long, alias = "data_bitrate", value_name = "BIT/S", value_parser = whole::<u32>)]
    #[arg(allow_negative_numbers = true)]
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
    /// Only frames of these IDs, in hexadecimal: 100:7F0 is 100 to 10F, 100~7F0 all others; :x or
    /// :s after it for extended or standard IDs only
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
pub(crate) fn timing(text: &str) -> Result<KeyValue, String> {
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

/// A whole number from 1, so large as the type allows.
pub(crate) fn whole<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
    let number = text.parse().ok().filter(|&number: &u64| number > 0);
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| match text.parse::<u128>() {
            Ok(1..) => "the number is too large".into(),
            _ => "expected a whole number from 1".into(),
        })
}

/// A number of bytes, plain or in thousands (k), millions (M), thousand millions (G).
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(char, u64); 3] = [('k', 1000), ('M', 1_000_000), ('G', 1_000_000_000)];
    let (digits, unit) = UNITS
        .iter()
        .find_map(|&(suffix, unit)| Some((text.strip_suffix(suffix)?, unit)))
        .unwrap_or((text, 1));
    let number = digits.parse::<u64>().ok();
    number
        .and_then(|number| number.checked_mul(unit))
        .ok_or_else(|| "expected bytes, such as 20000, 20k, 5M or 1G".into())
}

/// A frequency or bit rate, plain or in thousands (k) or millions (M), with decimals: a whole number
/// from 1 comes out.
pub(crate) fn hertz(text: &str) -> Result<u32, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1e3),
        None => match text.strip_suffix(['M', 'm']) {
            Some(digits) => (digits, 1e6),
            None => (text, 1.0),
        },
    };
    let number = digits.replace('_', "").parse::<f64>().ok();
    let number = number.map(|number| (number * unit).round());
    number
        .filter(|number| (1.0..=f64::from(u32::MAX)).contains(number))
        .map(|number| number as u32)
        .ok_or_else(|| "expected a number, such as 500000, 500k, 33.333M".into())
}

/// A time in seconds with decimals, or with its unit; it may be 0.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    with_unit(text).ok_or_else(|| "expected seconds, such as 0.5, or a unit, such as 500ms".into())
}

/// A time with its unit, or in seconds: 500ms, 30s, 10m, 1.5h, 7d.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    with_unit(text)
        .filter(|time| !time.is_zero())
        .ok_or_else(|| "expected a time, such as 30s, 10m, 1h or 1d".into())
}

fn with_unit(text: &str) -> Option<Duration> {
    const UNITS: [(&str, f64); 7] = [
        ("us", 1e-6),
        ("µs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
        ("d", 86_400.0),
    ];
    let (number, unit) = UNITS
        .iter()
        .find_map(|&(suffix, unit)| Some((text.strip_suffix(suffix)?, unit)))
        .unwrap_or((text, 1.0));
    // No inf, no sign.
    let digits = number.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let seconds = number.parse::<f64>().ok().filter(|_| digits)?;
    Duration::try_from_secs_f64(seconds * unit).ok()
}

/// Options as they are given to a format.
pub(crate) fn pairs(given: &[KeyValue]) -> Vec<(String, String)> {
    let pair = |one: &KeyValue| (one.key.clone(), one.value.clone());
    given.iter().map(pair).collect()
}

impl BusArgs {
    /// Adds options that were given by other arguments, which must not be given here too.
    pub(crate) fn add(
        &self,
        config: &mut BusConfig,
        options: Vec<(String, Value)>,
    ) -> Result<(), Failure> {
        let mut keys: Vec<String> = self.given().iter().map(|(key, _)| (*key).into()).collect();
        for (key, value) in options {
            if keys.contains(&key) {
                return Err(given_twice(&key));
            }
            config.options.insert(key.clone(), value);
            keys.push(key);
        }
        Ok(())
    }

    /// Whether an interface or channel was given here.
    pub(crate) fn names_a_bus(&self) -> bool {
        self.interface.is_some() || self.channel.is_some()
    }

    /// What was given here, completed from the environment and configuration files.
    pub(crate) fn configure(&self) -> Result<BusConfig, Failure> {
        self.configure_as(&[])
    }

    /// The same with these settings, which win over all others.
    pub(crate) fn configure_as(&self, settings: &[(&str, &str)]) -> Result<BusConfig, Failure> {
        let given = self.given();
        for (at, (key, _)) in given.iter().enumerate() {
            if given[..at].iter().any(|(other, _)| other == key) {
                return Err(given_twice(key));
            }
        }
        let configuration = given
            .into_iter()
            .fold(Configuration::new(), |all, (key, value)| {
                all.set(key, value)
            });
        let configuration = settings
            .iter()
            .fold(configuration, |all, (key, value)| all.set(*key, *value));
        load(&configuration)
    }

    /// Whether anything was given here.
    pub(crate) fn is_given(&self) -> bool {
        !self.given().is_empty()
    }

    /// Each key and value that was given here.
    fn given(&self) -> Vec<(&str, Value)> {
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
        given
    }
}

/// A bus's configuration, completed from the environment and configuration files.
fn load(configuration: &Configuration) -> Result<BusConfig, Failure> {
    configuration.load().map_err(|error| match error.kind() {
        // Nothing names an interface: the command line could have.
        ErrorKind::BackendUnavailable => Failure::Usage(error),
        _ => Failure::of_setup(error),
    })
}

pub(crate) fn given_twice(key: &str) -> Failure {
    let text = format!("option {key} is given twice");
    Failure::Usage(Error::new(ErrorKind::InvalidInput, text))
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
    fn counts_are_whole_numbers_from_1_that_fit() {
        assert_eq!(whole::<u32>("4294967295"), Ok(u32::MAX));
        assert_eq!(whole::<u64>("1"), Ok(1));
        for wrong in ["0", "-1", "abc", "1.5", ""] {
            let refused = Err("expected a whole number from 1".to_string());
            assert_eq!(whole::<u64>(wrong), refused, "{wrong}");
        }
        let large = Err("the number is too large".to_string());
        assert_eq!(whole::<u32>("4294967296"), large);
    }

    #[test]
    fn bytes_are_plain_or_have_a_suffix_of_thousands() {
        for (text, expected) in [
            ("0", 0),
            ("20000", 20_000),
            ("20k", 20_000),
            ("5M", 5_000_000),
            ("2G", 2_000_000_000),
        ] {
            assert_eq!(bytes(text), Ok(expected));
        }
        for wrong in ["", "k", "1MB", "-1", "1.5k", "1 k", "99999999999G", "20K"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn frequencies_are_plain_or_have_a_suffix() {
        for (text, expected) in [
            ("500000", 500_000),
            ("500_000", 500_000),
            ("500k", 500_000),
            ("83.333k", 83_333),
            ("33.333333M", 33_333_333),
            ("80M", 80_000_000),
        ] {
            assert_eq!(hertz(text), Ok(expected));
        }
        for wrong in ["", "0", "-1", "M", "5G", "80MHz", "nan", "9999M"] {
            assert!(hertz(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_a_unit_or_are_seconds() {
        for (text, millis) in [
            ("250ms", 250),
            ("30", 30_000),
            ("30s", 30_000),
            ("1.5m", 90_000),
            ("2h", 7_200_000),
            ("1d", 86_400_000),
            (".01", 10),
            ("2000us", 2),
        ] {
            assert_eq!(time(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for wrong in [
            "", ".", "s", "0", "0s", "-1s", "1w", "inf", "1e30d", "+1s", "1 s",
        ] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seconds_have_decimals_and_are_neither_negative_nor_endless() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("1e-3"), Ok(Duration::from_millis(1)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for wrong in ["-1", "nan", "inf", "1e30", "ten", "ms", "1 s", ""] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
