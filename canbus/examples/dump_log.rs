//! Prints each message of a log file as one line of JSON: `dump_log FILE [OPTION=VALUE]...`.
//!
//! A line is what `make_log` reads:
//! `{"timestamp_ns":1,"id":291,"extended":false,"kind":"data","dlc":2,"len":2,"data":"0102",`
//! `"brs":false,"esi":false,"channel":0,"direction":"rx"}`. The kind is `data`, `remote`, `fd` or
//! `error`; the channel a number, a name or null. Errors in the file go to standard error; what
//! can be read behind them is printed all the same, and the exit status is 1.

use canbus::{Channel, Direction, Kind, Message, formats};
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments
        .next()
        .ok_or("usage: dump_log FILE [OPTION=VALUE]...")?;
    let options: Vec<String> = arguments.collect();
    let options = options
        .iter()
        .map(|option| option.split_once('=').unwrap_or((option, "true")));
    let log = formats::open(path, options)?;
    let report = log.report();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut complaints = std::io::stderr();
    let mut status = ExitCode::SUCCESS;
    for message in log {
        match message {
            Ok(message) => writeln!(out, "{}", line(&message))?,
            Err(error) => {
                writeln!(complaints, "error: {error}")?;
                status = ExitCode::FAILURE;
            }
        }
    }
    out.flush()?;
    if report.is_truncated() {
        writeln!(complaints, "truncated")?;
    }
    if report.passed_over() > 0 {
        writeln!(complaints, "passed over: {}", report.passed_over())?;
    }
    Ok(status)
}

fn line(message: &Message) -> Value {
    let frame = &message.frame;
    let (kind, brs, esi) = match frame.kind() {
        Kind::Remote => ("remote", false, false),
        Kind::Fd { brs, esi } => ("fd", brs, esi),
        Kind::Error => ("error", false, false),
        _ => ("data", false, false),
    };
    json!({
        "timestamp_ns": message.timestamp.as_nanos(),
        "id": frame.id().raw(),
        "extended": frame.id().is_extended(),
        "kind": kind,
        "dlc": frame.dlc(),
        "len": frame.len(),
        "data": faster_hex::hex_string(frame.payload()),
        "brs": brs,
        "esi": esi,
        "channel": channel(message.channel),
        "direction": match message.direction {
            Direction::Rx => "rx",
            Direction::Tx => "tx",
        },
    })
}

fn channel(channel: Option<Channel>) -> Value {
    match channel {
        None => Value::Null,
        Some(channel) => channel
            .as_number()
            .map_or_else(|| json!(channel.name()), |number| json!(number)),
    }
}
