//! Measures how exactly a log is replayed: by this library, or by a plain loop around
//! `clock_nanosleep` with absolute times, which is what the system can do. Both send on the same bus,
//! which notes when it is asked to.
//!
//! `cargo run --release --example replay_jitter -- canbus|sleep LOG`
//!
//! Prints the moment of each frame in nanoseconds since the first one, a line each.

use canbus::{
    Bus, Capabilities, Channel, Description, Driver, Frame, Message, Replay, Result, Schedule,
    TimestampSource, formats,
};
use std::error::Error;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

type Times = Arc<Mutex<Vec<Instant>>>;

/// A bus that sends nowhere and notes when it was asked to.
struct Noting {
    description: Description,
    times: Times,
}

impl Driver for Noting {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        thread::sleep(timeout.unwrap_or_default());
        Ok(None)
    }

    fn send(&self, _: &Frame, _: Option<Channel>, _: Option<Duration>) -> Result<()> {
        let now = Instant::now();
        if let Ok(mut times) = self.times.lock() {
            times.push(now);
        }
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

fn noting(times: &Times) -> Bus {
    Bus::from_driver(Box::new(Noting {
        description: Description {
            backend: "noting",
            channels: vec![Channel::number(0)],
            summary: "a bus that notes when it is asked to send".into(),
            capabilities: Capabilities {
                fd: true,
                remote: true,
                send_error: true,
                raw_dlc: true,
                own_messages: false,
                counts_dropped: false,
                ordered: true,
            },
            timestamps: TimestampSource::ReadTime,
            listen_only: false,
        },
        times: Arc::clone(times),
    }))
}

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
    let sleep = sleeper();
    for message in &messages {
        let due = first.map_or(0, |first| message.timestamp.nanos_since(first));
        sleep(due);
        bus.forward(message, Duration::ZERO)?;
    }
    Ok(())
}

/// Sleeps until so many nanoseconds after now.
#[cfg(target_os = "linux")]
fn sleeper() -> impl Fn(i64) {
    use rustix::thread::{ClockId, clock_nanosleep_absolute};
    use rustix::time::{Timespec, clock_gettime};
    let start = clock_gettime(ClockId::Monotonic);
    move |due| {
        let nanos = start.tv_nsec + due;
        let until = Timespec {
            tv_sec: start.tv_sec + nanos.div_euclid(1_000_000_000),
            tv_nsec: nanos.rem_euclid(1_000_000_000),
        };
        while clock_nanosleep_absolute(ClockId::Monotonic, &until).is_err() {}
    }
}

#[cfg(not(target_os = "linux"))]
fn sleeper() -> impl Fn(i64) {
    let start = Instant::now();
    move |due| {
        let due = start + Duration::from_nanos(u64::try_from(due).unwrap_or(0));
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    const NONE: [(&str, &str); 0] = [];
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [way, path] = &*arguments else {
        return Err("usage: replay_jitter canbus|sleep LOG".into());
    };
    let times = Times::default();
    let bus = noting(&times);
    let log = formats::open(path, NONE)?;
    match way.as_str() {
        "canbus" => by_canbus(&bus, log)?,
        "sleep" => by_sleeping(&bus, log)?,
        other => return Err(format!("there is no way {other}").into()),
    }
    let times = times.lock().map_err(|_| "a thread panicked")?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for time in times.iter() {
        writeln!(out, "{}", time.duration_since(times[0]).as_nanos())?;
    }
    Ok(out.flush()?)
}
