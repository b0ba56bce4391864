//! Measures how exactly frames are sent periodically: by this library, or by a plain loop around
//! `clock_nanosleep`, which is what the system can do. Both on the same driver, which notes when it
//! is called.
//!
//! `cargo run --release --example periodic_jitter -- canbus|sleep PERIOD_MS TASKS SECONDS [SPIN_US]`
//!
//! Prints one line of JSON: per-frame |interval - period| in nanoseconds (p50, p99, max), CPU time
//! as a share of one processor, the number of frames and a histogram.

#[path = "jitter/shared.rs"]
mod shared;

use canbus::{Bus, Frame, Histogram, Id, Result, SchedulerSettings};
use shared::{cpu, noting, sleeper};
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};

fn frames(tasks: u32) -> Result<Vec<Frame>> {
    (0..tasks)
        .map(|task| Frame::data(Id::standard(task)?, &[0; 8]))
        .collect()
}

fn by_canbus(bus: &Bus, frames: &[Frame], period: Duration, lasts: Duration) -> Result<()> {
    for frame in frames {
        bus.send_periodic(std::slice::from_ref(frame), period)
            .start()?;
    }
    thread::sleep(lasts);
    bus.stop_all_periodic_tasks()
}

/// One thread, absolute times, nothing else.
fn by_sleeping(bus: &Bus, frames: &[Frame], period: Duration, lasts: Duration) -> Result<()> {
    let sleep_until = sleeper();
    let step = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
    let periods = lasts.as_nanos() / period.as_nanos();
    for next in (1..).map(|number| number * step).take(periods as usize) {
        for frame in frames {
            bus.send(frame, Duration::ZERO)?;
        }
        sleep_until(next);
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the result")]
fn main() -> std::result::Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, period, tasks, seconds, rest @ ..] = &arguments[..] else {
        return Err("usage: periodic_jitter canbus|sleep PERIOD_MS TASKS SECONDS [SPIN_US]".into());
    };
    let period = Duration::from_secs_f64(period.parse::<f64>()? / 1e3);
    let lasts = Duration::from_secs_f64(seconds.parse()?);
    let tasks: u32 = tasks.parse()?;
    if let Some(spin) = rest.first() {
        let spin = Duration::from_micros(spin.parse()?);
        SchedulerSettings::default().spin(spin).apply()?;
    }
    let room = (lasts.as_nanos() / period.as_nanos()) as usize + 16;
    let times = shared::times(tasks as usize, room);
    let bus = noting(&times);
    let frames = frames(tasks)?;
    let before = (Instant::now(), cpu());
    match mode.as_str() {
        "canbus" => by_canbus(&bus, &frames, period, lasts)?,
        "sleep" => by_sleeping(&bus, &frames, period, lasts)?,
        other => return Err(format!("there is no way {other}").into()),
    }
    let share = cpu().saturating_sub(before.1).as_secs_f64() / before.0.elapsed().as_secs_f64();
    let mut off = Vec::new();
    let mut histogram = Histogram::default();
    let mut sent = 0;
    for task in times.iter() {
        let times = task.lock().map_err(|_| "a panic")?;
        sent += times.len();
        for pair in times.windows(2) {
            let one = (pair[1] - pair[0]).abs_diff(period);
            histogram.record(one);
            off.push(one.as_nanos());
        }
    }
    off.sort_unstable();
    let at = |part: f64| {
        off.get(((off.len().max(1) - 1) as f64 * part) as usize)
            .copied()
    };
    let classes: Vec<String> = histogram
        .classes()
        .map(|(end, count)| format!("[{}, {count}]", end.as_nanos()))
        .collect();
    println!(
        "{{\"p50\": {}, \"p99\": {}, \"max\": {}, \"cpu\": {share:.6}, \"sent\": {sent}, \"classes\": [{}]}}",
        at(0.5).unwrap_or_default(),
        at(0.99).unwrap_or_default(),
        at(1.0).unwrap_or_default(),
        classes.join(", ")
    );
    Ok(())
}
