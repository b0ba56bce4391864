//! Measures how exactly frames are sent periodically: by this library, or by a plain loop around
//! `clock_nanosleep`, which is what the system can do. Both on the same driver, which notes when it
//! is called.
//!
//! `cargo run --release --example periodic_jitter -- canbus|sleep PERIOD_MS TASKS SECONDS [SPIN_US]`
//!
//! Prints one line of JSON: per-frame |interval - period| in nanoseconds (p50, p99, max), CPU time
//! as a share of one processor, the number of frames and a histogram.
#![cfg_attr(
    target_os = "linux",
    expect(unsafe_code, reason = "clock_nanosleep is a call into the C library")
)]

use canbus::{
    Bus, Capabilities, Channel, Description, Driver, Frame, Histogram, Id, Message, Result,
    SchedulerSettings, TimestampSource,
};
use std::error::Error;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// When the frames of each task were sent.
type Times = Arc<Vec<Mutex<Vec<Instant>>>>;

/// A bus that sends nowhere and notes when it was asked to; the arbitration ID is the task.
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

    fn send(&self, frame: &Frame, _: Option<Channel>, _: Option<Duration>) -> Result<()> {
        let now = Instant::now();
        if let Ok(mut times) = self.times[frame.id().raw() as usize].lock() {
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
                fd: false,
                remote: false,
                send_error: false,
                raw_dlc: false,
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
#[cfg(target_os = "linux")]
fn by_sleeping(bus: &Bus, frames: &[Frame], period: Duration, lasts: Duration) -> Result<()> {
    let mut next = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `next` is a timespec to be written.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut next) };
    let periods = lasts.as_nanos() / period.as_nanos();
    for _ in 0..periods {
        for frame in frames {
            bus.send(frame, Duration::ZERO)?;
        }
        next.tv_nsec += libc::c_long::from(period.subsec_nanos());
        next.tv_sec +=
            next.tv_nsec / 1_000_000_000 + libc::time_t::try_from(period.as_secs()).unwrap_or(0);
        next.tv_nsec %= 1_000_000_000;
        // SAFETY: `next` is a timespec to be read; nothing is written to the null pointer.
        unsafe {
            libc::clock_nanosleep(
                libc::CLOCK_MONOTONIC,
                libc::TIMER_ABSTIME,
                &raw const next,
                std::ptr::null_mut(),
            )
        };
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn by_sleeping(bus: &Bus, frames: &[Frame], period: Duration, lasts: Duration) -> Result<()> {
    let start = Instant::now();
    let mut next = start;
    while start.elapsed() < lasts {
        for frame in frames {
            bus.send(frame, Duration::ZERO)?;
        }
        next += period;
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(())
}

/// What this process has used of processors.
#[cfg(target_os = "linux")]
fn cpu() -> Duration {
    let mut used = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `used` is a timespec to be written.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut used) };
    Duration::new(used.tv_sec as u64, used.tv_nsec as u32)
}

#[cfg(not(target_os = "linux"))]
fn cpu() -> Duration {
    Duration::ZERO
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
    let lists = (0..tasks).map(|_| Mutex::new(Vec::with_capacity(room)));
    let times: Times = Arc::new(lists.collect());
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
