//! Sleeping by a futex with an absolute time, to the nanosecond, and nothing around it: what the
//! system needs for that is all that a wake-up costs.
#![expect(unsafe_code, reason = "futexes are calls into the system")]

use std::io;
use std::ptr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub(super) struct Sleeper {
    /// 1 from `wake` to the end of the sleep.
    woken: AtomicU32,
}

impl Sleeper {
    pub(super) fn new() -> io::Result<Sleeper> {
        Ok(Sleeper {
            woken: AtomicU32::new(0),
        })
    }

    pub(super) fn sleep_until(&self, moment: Option<Instant>) {
        if self.woken.swap(0, Ordering::Acquire) == 1 {
            return;
        }
        let moment = moment.map(on_the_clock);
        let until = moment.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: the word lives as long as `self`; `until` is null or points to a timespec that
        // lives until the end of the call. The system compares the word with 0 before it sleeps.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.woken.as_ptr(),
                libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
                0,
                until,
                ptr::null::<u32>(),
                libc::FUTEX_BITSET_MATCH_ANY,
            )
        };
        self.woken.swap(0, Ordering::Acquire);
    }

    pub(super) fn wake(&self) {
        self.woken.store(1, Ordering::Release);
        // SAFETY: the word lives as long as `self`; nothing else is passed.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.woken.as_ptr(),
                libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                1,
            )
        };
    }
}

/// The time of `CLOCK_MONOTONIC`, which both `Instant` and the futex go by, at a moment.
fn on_the_clock(moment: Instant) -> libc::timespec {
    static START: LazyLock<(Instant, Duration)> = LazyLock::new(|| {
        let mut now = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `now` is a timespec to be written.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
        let clock = Duration::new(now.tv_sec as u64, now.tv_nsec as u32);
        // Read second: what lies between makes a sleep longer, never shorter.
        (Instant::now(), clock)
    });
    let (start, clock) = *START;
    let time = clock + moment.saturating_duration_since(start);
    libc::timespec {
        tv_sec: time.as_secs().min(i64::MAX as u64) as libc::time_t,
        tv_nsec: libc::c_long::from(time.subsec_nanos()),
    }
}
