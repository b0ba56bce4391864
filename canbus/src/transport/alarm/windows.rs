//! Sleeping by a high-resolution waitable timer, which Windows has since version 1803; sleeps by
//! other means last whole steps of up to 15.6 ms.
#![expect(unsafe_code, reason = "timers and events are calls into the system")]

use super::clock;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use windows_sys::Win32::System::Threading::{
    CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, CreateEventW, CreateWaitableTimerExW, INFINITE,
    SetEvent, SetWaitableTimer, TIMER_ALL_ACCESS, WaitForMultipleObjects, WaitForSingleObject,
};

pub(super) use super::clock::now;

pub(super) struct Sleeper {
    timer: OwnedHandle,
    /// Set until a sleep has ended by it.
    woken: OwnedHandle,
}

impl Sleeper {
    pub(super) fn new() -> io::Result<Sleeper> {
        Ok(Sleeper {
            timer: timer(CREATE_WAITABLE_TIMER_HIGH_RESOLUTION).or_else(|_| timer(0))?,
            // SAFETY: no attributes and no name; the handle, if it is none, is owned from here on.
            woken: unsafe { owned(CreateEventW(ptr::null(), 0, 0, ptr::null()))? },
        })
    }

    pub(super) fn sleep_until(&self, moment: Option<u64>) {
        let woken = self.woken.as_raw_handle();
        let Some(moment) = moment else {
            // SAFETY: the handle is open as long as `self`.
            unsafe { WaitForSingleObject(woken, INFINITE) };
            return;
        };
        let left = clock::until(moment);
        if left.is_zero() {
            return;
        }
        let timer = self.timer.as_raw_handle();
        // In steps of 100 ns; a negative time counts from now.
        let steps = i64::try_from(left.as_nanos().div_ceil(100)).unwrap_or(i64::MAX);
        let handles = [woken, timer];
        // SAFETY: both handles are open as long as `self`; the due time is read during the call,
        // and there is no routine to be called.
        unsafe {
            if SetWaitableTimer(timer, &-steps, 0, None, ptr::null(), 0) != 0 {
                WaitForMultipleObjects(2, handles.as_ptr(), 0, INFINITE);
            }
        }
    }

    pub(super) fn wake(&self) {
        // SAFETY: the handle is open as long as `self`.
        unsafe { SetEvent(self.woken.as_raw_handle()) };
    }
}

fn timer(flags: u32) -> io::Result<OwnedHandle> {
    // SAFETY: no attributes and no name; the handle, if it is none, is owned from here on.
    unsafe {
        owned(CreateWaitableTimerExW(
            ptr::null(),
            ptr::null(),
            flags,
            TIMER_ALL_ACCESS,
        ))
    }
}

/// # Safety
/// The handle is null or open, and nobody else closes it.
unsafe fn owned(handle: *mut core::ffi::c_void) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: as the caller says.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
