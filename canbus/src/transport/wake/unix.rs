//! Waiting by `poll` (POSIX), with a pipe as the bell.
#![expect(unsafe_code, reason = "poll is a call into the C library")]

use super::Until;
use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

/// What can be waited for.
pub(crate) trait Pollable: AsFd {}
impl<T: AsFd> Pollable for T {}

/// A pipe that nobody reads: once something is in it, every poll of it ends.
#[derive(Debug)]
pub(super) struct Bell {
    reader: PipeReader,
    writer: PipeWriter,
}

impl Bell {
    pub(super) fn new() -> io::Result<Bell> {
        let (reader, writer) = io::pipe()?;
        Ok(Bell { reader, writer })
    }

    #[cfg(target_os = "linux")]
    pub(super) fn descriptor(&self) -> std::os::fd::BorrowedFd<'_> {
        self.reader.as_fd()
    }

    pub(super) fn ring(&self) {
        // An empty pipe takes a byte.
        let _ = (&self.writer).write(&[1]);
    }
}

/// Whether the socket is ready or the bell was rung; false when the time is up or a signal came.
pub(super) fn poll(
    socket: &impl Pollable,
    until: Until,
    bell: &Bell,
    timeout: Option<Duration>,
) -> io::Result<bool> {
    let events = match until {
        Until::Readable => libc::POLLIN,
        Until::Writable => libc::POLLOUT,
    };
    let entry = |fd, events| libc::pollfd {
        fd,
        events,
        revents: 0,
    };
    let mut entries = [
        entry(socket.as_fd().as_raw_fd(), events),
        entry(bell.reader.as_raw_fd(), libc::POLLIN),
    ];
    let ready = system_poll(&mut entries, timeout);
    if ready >= 0 {
        return Ok(ready > 0);
    }
    match io::Error::last_os_error() {
        error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
        error => Err(error),
    }
}

/// To the nanosecond where the system has it.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn system_poll(entries: &mut [libc::pollfd], timeout: Option<Duration>) -> libc::c_int {
    let limit = timeout.map(|timeout| libc::timespec {
        // What fits every system's type; a wait that ends early is begun again.
        tv_sec: timeout.as_secs().min(i32::MAX as u64) as _,
        tv_nsec: timeout.subsec_nanos() as libc::c_long,
    });
    let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `entries` is a slice of that many entries, its descriptors are borrowed from open
    // files, and `limit` is null or points to a timespec that lives until the end of the call.
    unsafe {
        libc::ppoll(
            entries.as_mut_ptr(),
            entries.len() as libc::nfds_t,
            limit,
            std::ptr::null(),
        )
    }
}

/// To the millisecond, rounded up: not before the time.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn system_poll(entries: &mut [libc::pollfd], timeout: Option<Duration>) -> libc::c_int {
    let limit = timeout.map_or(-1, |timeout| {
        let millis = timeout.as_micros().div_ceil(1000);
        millis.try_into().unwrap_or(libc::c_int::MAX)
    });
    // SAFETY: `entries` is a slice of that many entries, whose descriptors are borrowed from open
    // files.
    unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, limit) }
}
