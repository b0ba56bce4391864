//! What can be chosen, and whether it goes together.

use super::schedule::{MOST_LOAD, Plan};
use crate::error::{Error, Result};
use crate::frame::{BitRates, ERROR_FRAME};
use crate::options::{OptionKind, OptionSpec, Options};

/// The channel's name, since it has to have one.
pub(super) const CHANNEL: &str = "car";
/// The fastest that the vehicle's time may pass.
const MOST_SPEED: f64 = 1000.0;
/// The part of the wire's time that error frames may take, in percent.
const MOST_ERRORS: f64 = 5.0;

/// The options that the backend takes.
pub(super) const OPTIONS: &[OptionSpec] = &[
    OptionSpec::new("channel", OptionKind::Text, "any name").or(CHANNEL),
    OptionSpec::new(
        "bitrate",
        OptionKind::Integer {
            min: 10_000,
            max: 1_000_000,
        },
        "bit/s",
    )
    .or("500000"),
    OptionSpec::new(
        "data_bitrate",
        OptionKind::Integer {
            min: 10_000,
            max: 8_000_000,
        },
        "bit/s of the data phase of CAN FD frames, at least the bitrate",
    )
    .or("2000000"),
    OptionSpec::new(
        "fd",
        OptionKind::Flag,
        "carry CAN FD frames; otherwise the first 8 bytes of each come as a classic frame",
    )
    .or("true"),
    OptionSpec::new(
        "load",
        OptionKind::Number { min: 0.0 },
        "percent of the wire's time that the vehicle takes, 0 to 90; normally what its messages need",
    ),
    OptionSpec::new(
        "seed",
        OptionKind::Integer {
            min: 0,
            max: i64::MAX,
        },
        "another number is another drive",
    )
    .or("1"),
    OptionSpec::new(
        "realtime",
        OptionKind::Flag,
        "frames come when they are due; otherwise as fast as they are read, with the same times",
    )
    .or("true"),
    OptionSpec::new(
        "speed",
        OptionKind::Number { min: 0.001 },
        "seconds of the vehicle in one second, up to 1000",
    )
    .or("1"),
    OptionSpec::new(
        "start",
        OptionKind::Number { min: 0.0 },
        "seconds since 1970 at which the drive begins; normally now",
    ),
    OptionSpec::new(
        "frames",
        OptionKind::Integer {
            min: 0,
            max: i64::MAX,
        },
        "fall silent after so many frames; 0 means never",
    )
    .or("0"),
    OptionSpec::new(
        "error_rate",
        OptionKind::Number { min: 0.0 },
        "error frames in a second",
    )
    .or("0"),
    OptionSpec::new(
        "receive_own_messages",
        OptionKind::Flag,
        "deliver sent frames to the sender too",
    )
    .or("false"),
    OptionSpec::new("listen_only", OptionKind::Flag, "refuse to send").or("false"),
    OptionSpec::new(
        "rx_queue_size",
        OptionKind::Integer {
            min: 0,
            max: 1 << 30,
        },
        "frames held for the reader, beyond it the oldest are dropped and counted; 0 means 1048576",
    )
    .or("0"),
];

/// What the vehicle is to do.
pub(super) fn plan(options: &Options) -> Result<Plan> {
    let rate = |name| {
        let rate = options.integer(name);
        rate.and_then(|rate| u32::try_from(rate).ok()).unwrap_or(1)
    };
    let rates = BitRates {
        nominal: rate("bitrate"),
        data: rate("data_bitrate"),
    };
    if rates.data < rates.nominal {
        return Err(refuse(&format!(
            "data_bitrate is {}, but expected at least the bitrate, {}",
            rates.data, rates.nominal
        )));
    }
    let load = options.number("load");
    if let Some(load) = load.filter(|&load| load > MOST_LOAD) {
        return Err(refuse(&format!(
            "load is {load}, but expected a number from 0 to {MOST_LOAD}"
        )));
    }
    let error_rate = options.number("error_rate").unwrap_or_default();
    let most = (f64::from(rates.nominal) / f64::from(ERROR_FRAME) * MOST_ERRORS / 100.0).floor();
    if error_rate > most {
        return Err(refuse(&format!(
            "error_rate is {error_rate}, but expected a number from 0 to {most} at this bitrate"
        )));
    }
    let number = |name| options.integer(name).map(i64::unsigned_abs);
    Ok(Plan {
        seed: number("seed").unwrap_or_default(),
        fd: options.flag("fd"),
        rates,
        load,
        error_rate,
        frames: number("frames").filter(|&frames| frames > 0),
    })
}

/// Seconds of the vehicle in one second; `None`: as fast as frames are read.
pub(super) fn speed(options: &Options) -> Result<Option<f64>> {
    let speed = options.number("speed").unwrap_or(1.0);
    if speed > MOST_SPEED {
        return Err(refuse(&format!(
            "speed is {speed}, but expected a number from 0.001 to {MOST_SPEED}"
        )));
    }
    Ok(options.flag("realtime").then_some(speed))
}

fn refuse(why: &str) -> Error {
    Error::invalid(format!("{}: option {why}", super::BACKEND.name))
}
