//! Priorities by POSIX threads.
#![expect(unsafe_code, reason = "priorities are calls into the C library")]

use std::io;
use std::os::unix::thread::JoinHandleExt;
use std::thread::JoinHandle;

/// Lets a thread run before all threads without real-time priority, first in, first out, at this
/// priority (on Linux 1 to 99), or with `None` as any other.
pub(crate) fn set_realtime(thread: &JoinHandle<()>, priority: Option<u8>) -> io::Result<()> {
    let policy = match priority {
        Some(_) => libc::SCHED_FIFO,
        None => libc::SCHED_OTHER,
    };
    // SAFETY: plain numbers, for which zero is a value; some systems have more of them.
    let mut parameter: libc::sched_param = unsafe { std::mem::zeroed() };
    parameter.sched_priority = priority.unwrap_or(0).into();
    // SAFETY: the handle keeps the thread's identity valid; the parameter is read during the call.
    let refused =
        unsafe { libc::pthread_setschedparam(thread.as_pthread_t(), policy, &raw const parameter) };
    match refused {
        0 => Ok(()),
        code => Err(io::Error::from_raw_os_error(code)),
    }
}

/// Asks for wake-ups of this thread at the moment; by default Linux may put them off by 50 µs
/// (`PR_SET_TIMERSLACK`).
pub(crate) fn wake_exactly() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let one: libc::c_ulong = 1;
        // SAFETY: takes one number of nanoseconds and changes nothing but this thread's timers.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, one) };
    }
}
