//! Sleeping by a futex with an absolute time: one system call for a sleep, and little around it.
//! What a thread does after it woke costs most while the processor is cold.
#![expect(unsafe_code, reason = "clocks and futexes are calls into the kernel")]

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

const NANOS: u64 = 1_000_000_000;
const IDLE: u32 = 0;
const RUNG: u32 = 1;

/// Nanoseconds of `CLOCK_MONOTONIC`, by which futexes wait too (futex(2)).
#[inline]
pub(super) fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a timespec to be written.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * NANOS + time.tv_nsec as u64
}

/// Whether somebody has rung since the last sleep.
pub(super) struct Sleeper(AtomicU32);

impl Sleeper {
    #[expect(clippy::unnecessary_wraps, reason = "other systems can fail")]
    pub(super) fn new() -> io::Result<Sleeper> {
        Ok(Sleeper(AtomicU32::new(IDLE)))
    }

    pub(super) fn sleep_until(&self, moment: Option<u64>) {
        if self.0.load(Ordering::Acquire) == IDLE {
            let time = moment.map(|moment| libc::timespec {
                tv_sec: (moment / NANOS) as libc::time_t,
                tv_nsec: (moment % NANOS) as libc::c_long,
            });
            let time = time.as_ref().map_or(ptr::null(), ptr::from_ref);
            // SAFETY: the futex is a u32 of ours, `time` null or a timespec, both read during the
            // call. It ends at once if the futex is not idle any more, and may end early.
            unsafe {
                libc::syscall(
                    libc::SYS_futex,
                    self.0.as_ptr(),
                    libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG,
                    IDLE,
                    time,
                    ptr::null::<u32>(),
                    libc::FUTEX_BITSET_MATCH_ANY,
                );
            }
        }
        // Only this thread sets it back: what was rung for before is seen by whoever looks now.
        self.0.swap(IDLE, Ordering::AcqRel);
    }

    pub(super) fn wake(&self) {
        if self.0.swap(RUNG, Ordering::AcqRel) == RUNG {
            return;
        }
        // SAFETY: the futex is a u32 of ours, of which only the address is used.
        unsafe {
            libc::syscall(
                libc::SYS_futex,
                self.0.as_ptr(),
                libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG,
                1,
            );
        }
    }
}
