//! One end of a bus, to be set against another program:
//! `bus_peer send|receive COUNT BACKEND [OPTION=VALUE]...`.
//!
//! `receive` prints `ready` once it hears, then a line of JSON for each message, and ends after
//! COUNT messages or ten silent seconds. `send` reads such lines from standard input, forwards at
//! most COUNT of them and then waits for the end of its input. Both print at the end how many
//! frames were lost.

use canbus::{Bus, Channel, Direction, Frame, Id, Kind, Message, Timestamp};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::Duration;

const USAGE: &str = "usage: bus_peer send|receive COUNT BACKEND [OPTION=VALUE]...";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [task, count, backend, options @ ..] = &arguments[..] else {
        return Err(USAGE.into());
    };
    let count: usize = count.parse()?;
    let mut bus = Bus::builder(backend);
    for option in options {
        let (name, value) = option.split_once('=').ok_or(USAGE)?;
        bus = bus.option(name, value);
    }
    let bus = bus.open()?;
    match task.as_str() {
        "send" => send(&bus, count)?,
        "receive" => receive(&bus, count)?,
        _ => return Err(USAGE.into()),
    }
    writeln!(std::io::stdout(), "{}", json!({"dropped": bus.dropped()}))?;
    bus.shutdown()?;
    Ok(())
}

fn send(bus: &Bus, count: usize) -> Result<(), Box<dyn Error>> {
    for (number, line) in std::io::stdin().lock().lines().enumerate() {
        let line = line?;
        if number < count {
            let message = message(&serde_json::from_str(&line)?)?;
            bus.forward(&message, Duration::from_secs(1))?;
        }
    }
    Ok(())
}

fn receive(bus: &Bus, count: usize) -> Result<(), Box<dyn Error>> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "ready")?;
    out.flush()?;
    for _ in 0..count {
        let Some(message) = bus.recv(Duration::from_secs(10))? else {
            break;
        };
        writeln!(out, "{}", line(&message))?;
    }
    Ok(())
}

/// The line of a message, by the names of python-can.
fn line(message: &Message) -> Value {
    let frame = &message.frame;
    let (brs, esi) = match frame.kind() {
        Kind::Fd { brs, esi } => (brs, esi),
        _ => (false, false),
    };
    json!({
        "timestamp": message.timestamp.as_seconds(),
        "arbitration_id": frame.id().raw(),
        "is_extended_id": frame.id().is_extended(),
        "is_remote_frame": frame.is_remote(),
        "is_error_frame": frame.is_error(),
        "is_rx": message.direction == Direction::Rx,
        "channel": message.channel.map(|channel| channel.to_string()),
        "dlc": if frame.is_fd() { frame.len() } else { usize::from(frame.dlc()) },
        "data": frame.payload(),
        "is_fd": frame.is_fd(),
        "bitrate_switch": brs,
        "error_state_indicator": esi,
    })
}

fn message(line: &Value) -> Result<Message, Box<dyn Error>> {
    let flag = |name: &str| line[name].as_bool().unwrap_or(false);
    let raw = line["arbitration_id"].as_u64().ok_or("no arbitration_id")?;
    let id = Id::new(u32::try_from(raw)?, flag("is_extended_id"))?;
    let data: Vec<u8> = serde_json::from_value(line["data"].clone())?;
    let dlc = u8::try_from(line["dlc"].as_u64().ok_or("no dlc")?)?;
    let frame = if flag("is_error_frame") {
        Frame::error(id, &data)?
    } else if flag("is_remote_frame") {
        Frame::remote(id, dlc)?
    } else if flag("is_fd") {
        let (brs, esi) = (flag("bitrate_switch"), flag("error_state_indicator"));
        Frame::fd(id, &data, brs, esi)?
    } else {
        let frame = Frame::data(id, &data)?;
        if dlc > 8 {
            frame.with_raw_dlc(dlc)?
        } else {
            frame
        }
    };
    let time = line["timestamp"].as_f64().ok_or("no timestamp")?;
    let message = Message::received(frame, Timestamp::from_seconds(time));
    Ok(match (line["channel"].as_str(), line["channel"].as_u64()) {
        (Some(name), _) => message.on(Channel::named(name)),
        (None, Some(number)) => message.on(Channel::number(u32::try_from(number)?)),
        (None, None) => message,
    })
}
