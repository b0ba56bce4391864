//! What the examples that measure time share: a bus that notes when it is asked to send, the plain
//! sleeping that they compare with, and the CPU time.

use canbus::{Bus, Capabilities, Channel, Description, Driver, Frame, Message, Result};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// When frames were sent, in several lists.
pub(crate) type Times = Arc<Vec<Mutex<Vec<Instant>>>>;

/// So many lists, each with room for so many times.
pub(crate) fn times(lists: usize, room: usize) -> Times {
    let lists = (0..lists).map(|_| Mutex::new(Vec::with_capacity(room)));
    Arc::new(lists.collect())
}

/// A bus that sends nowhere. The arbitration ID says which list gets the time, the last one those
/// of all greater ones.
pub(crate) fn noting(times: &Times) -> Bus {
    Bus::from_driver(Box::new(Noting {
        description: Description {
            capabilities: Capabilities {
                fd: true,
                remote: true,
                send_error: true,
                raw_dlc: true,
                ..Capabilities::CLASSIC
            },
            ..Description::new("noting", [Channel::number(0)])
        },
        times: Arc::clone(times),
    }))
}

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
        let list = (frame.id().raw() as usize).min(self.times.len() - 1);
        if let Ok(mut times) = self.times[list].lock() {
            times.push(now);
        }
        Ok(())
    }

    fn close(&self) -> Result<()> {
        Ok(())
    }
}

/// Sleeps until so many nanoseconds after now.
#[cfg(target_os = "linux")]
pub(crate) fn sleeper() -> impl Fn(u64) {
    use rustix::thread::{ClockId, clock_nanosleep_absolute};
    use rustix::time::{Timespec, clock_gettime};
    const NANOS: i64 = 1_000_000_000;
    let start = clock_gettime(ClockId::Monotonic);
    move |due| {
        let nanos = start.tv_nsec + i64::try_from(due).unwrap_or(i64::MAX);
        let until = Timespec {
            tv_sec: start.tv_sec + nanos / NANOS,
            tv_nsec: nanos % NANOS,
        };
        while clock_nanosleep_absolute(ClockId::Monotonic, &until).is_err() {}
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn sleeper() -> impl Fn(u64) {
    let start = Instant::now();
    move |due| {
        let due = start + Duration::from_nanos(due);
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// What this process has used of processors.
#[cfg(target_os = "linux")]
pub(crate) fn cpu() -> Duration {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(used.tv_sec as u64, used.tv_nsec as u32)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn cpu() -> Duration {
    Duration::ZERO
}
