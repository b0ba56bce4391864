//! Measures how exactly a log is replayed: by this library, or by a plain loop around
//! `clock_nanosleep` with absolute times, which is what the system can do. Both send on the same bus,
//! which notes when it is asked to.
//!
//! `cargo run --release --example replay_jitter -- canbus|sleep LOG`
//!
//! Prints the moment of each frame in nanoseconds since the first one, a line each.

#[path = "jitter/shared.rs"]
#[expect(dead_code, reason = "CPU time is measured elsewhere")]
mod shared;

use canbus::{Bus, Message, Replay, Result, Schedule, formats};
use shared::{noting, sleeper};
use std::error::Error;
use std::io::Write;
use std::time::Duration;

fn by_canbus(bus: &Bus, log: impl Iterator<Item = Result<Message>>) -> Result<()> {
    for message in Replay::new(log, Schedule::recorded()) {
        bus.forward(&message?, Duration::ZERO)?;
    }
    Ok(())
}

/// Nothing but waiting: the messages were read before.
fn by_sleeping(bus: &Bus, log: impl Iterator<Item = Result<Message>>) -> Result<()> {
    let messages = log.collect::<Result<Vec<_>>>()?;
    let first = messages.first().map(|message| message.timestamp);
    let sleep_until = sleeper();
    for message in &messages {
        let due = first.map_or(0, |first| message.timestamp.nanos_since(first));
        sleep_until(u64::try_from(due).unwrap_or(0));
        bus.forward(message, Duration::ZERO)?;
    }
    Ok(())
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    const NONE: [(&str, &str); 0] = [];
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [way, path] = &*arguments else {
        return Err("usage: replay_jitter canbus|sleep LOG".into());
    };
    let times = shared::times(1, 0);
    let bus = noting(&times);
    let log = formats::open(path, NONE)?;
    match way.as_str() {
        "canbus" => by_canbus(&bus, log)?,
        "sleep" => by_sleeping(&bus, log)?,
        other => return Err(format!("there is no way {other}").into()),
    }
    let times = times[0].lock().map_err(|_| "a thread panicked")?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for time in times.iter() {
        writeln!(out, "{}", time.duration_since(times[0]).as_nanos())?;
    }
    Ok(out.flush()?)
}
