//! Priorities of Windows: it has no numbers within real time, so every one means the highest.
#![expect(unsafe_code, reason = "priorities are calls into the system")]

use std::io;
use std::os::windows::io::AsRawHandle;
use std::thread::JoinHandle;
use windows_sys::Win32::System::Threading::{
    SetThreadPriority, THREAD_PRIORITY_NORMAL, THREAD_PRIORITY_TIME_CRITICAL,
};

/// Lets a thread run before nearly all others, or with `None` as any other.
pub(crate) fn set_realtime(thread: &JoinHandle<()>, priority: Option<u8>) -> io::Result<()> {
    let level = match priority {
        Some(_) => THREAD_PRIORITY_TIME_CRITICAL,
        None => THREAD_PRIORITY_NORMAL,
    };
    // SAFETY: the handle is open as long as `thread`.
    match unsafe { SetThreadPriority(thread.as_raw_handle(), level) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// The timers that are slept by are exact as they are.
pub(crate) fn wake_exactly() {}
