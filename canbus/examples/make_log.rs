//! Writes a log file from lines of JSON on standard input:
//! `make_log [--append] [--abandon] FILE [OPTION=VALUE]...`.
//!
//! The lines are those that `dump_log` prints; `id` and `timestamp_ns` must be there, whatever
//! else is missing gets a default. A line `{"flush":true}` flushes. With `--abandon` the process
//! ends like a killed one, without completing the file.

use canbus::{Channel, Direction, Frame, Id, Listener, Message, Timestamp, formats};
use serde_json::Value;
use std::io::BufRead;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (flags, rest): (Vec<String>, Vec<String>) = std::env::args()
        .skip(1)
        .partition(|argument| argument.starts_with("--"));
    let (path, options) = rest
        .split_first()
        .ok_or("usage: make_log [--append] [--abandon] FILE [OPTION=VALUE]...")?;
    let options = options
        .iter()
        .map(|option| option.split_once('=').unwrap_or((option, "true")));
    let mut log = if flags.iter().any(|flag| flag == "--append") {
        formats::append(path, options)?
    } else {
        formats::create(path, options)?
    };
    for line in std::io::stdin().lock().lines() {
        let line: Value = serde_json::from_str(&line?)?;
        if line["flush"].as_bool() == Some(true) {
            log.flush()?;
        } else {
            log.on_message(&message(&line)?)?;
        }
    }
    if flags.iter().any(|flag| flag == "--abandon") {
        std::process::abort();
    }
    log.finish()?;
    Ok(())
}

fn message(line: &Value) -> Result<Message, Box<dyn std::error::Error>> {
    let flag = |name: &str| line[name].as_bool().unwrap_or(false);
    let raw = line["id"].as_u64().ok_or("no id")?;
    let id = Id::new(u32::try_from(raw)?, flag("extended"))?;
    let data = bytes(line["data"].as_str().unwrap_or_default())?;
    let dlc = line["dlc"].as_u64().map(u8::try_from).transpose()?;
    let raw_dlc = dlc.filter(|&dlc| dlc > 8);
    let frame = match line["kind"].as_str().unwrap_or("data") {
        "data" => Frame::data(id, &data)?,
        "remote" => Frame::remote(id, dlc.unwrap_or(0).min(8))?,
        "error" => Frame::error(id, &data)?,
        "fd" => Frame::fd(id, &data, flag("brs"), flag("esi"))?,
        other => return Err(format!("no kind {other}").into()),
    };
    let frame = match raw_dlc {
        Some(dlc) if !frame.is_fd() => frame.with_raw_dlc(dlc)?,
        _ => frame,
    };
    let timestamp = line["timestamp_ns"].as_i64().ok_or("no timestamp_ns")?;
    Ok(Message {
        frame,
        timestamp: Timestamp::from_nanos(timestamp),
        channel: channel(&line["channel"])?,
        direction: match line["direction"].as_str() {
            Some("tx") => Direction::Tx,
            _ => Direction::Rx,
        },
    })
}

fn channel(value: &Value) -> Result<Option<Channel>, Box<dyn std::error::Error>> {
    Ok(match (value.as_str(), value.as_u64()) {
        (Some(name), _) => Some(Channel::named(name)),
        (None, Some(number)) => Some(Channel::number(u32::try_from(number)?)),
        (None, None) => None,
    })
}

fn bytes(hex: &str) -> Result<Vec<u8>, faster_hex::Error> {
    let mut data = vec![0; hex.len() / 2];
    faster_hex::hex_decode(hex.as_bytes(), &mut data)?;
    Ok(data)
}
