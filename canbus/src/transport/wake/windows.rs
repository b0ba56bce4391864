//! Waiting by `WSAPoll`, which waits for sockets only. So the bell is looked at now and then.
#![expect(unsafe_code, reason = "WSAPoll is a call into the system")]

use super::Until;
use std::io;
use std::os::windows::io::{AsRawSocket, AsSocket};
use std::time::Duration;
use windows_sys::Win32::Networking::WinSock;

/// How late a wait may notice that it was woken.
const SLICE: Duration = Duration::from_millis(20);

/// What can be waited for.
pub(crate) trait Pollable: AsSocket {}
impl<T: AsSocket> Pollable for T {}

/// Nothing to ring: the waits look themselves.
#[derive(Debug)]
pub(super) struct Bell;

impl Bell {
    pub(super) fn new() -> io::Result<Bell> {
        Ok(Bell)
    }

    pub(super) fn ring(&self) {}
}

/// Whether the socket is ready; false when the time, or a slice of it, is up.
pub(super) fn poll(
    socket: &impl Pollable,
    until: Until,
    _bell: &Bell,
    timeout: Option<Duration>,
) -> io::Result<bool> {
    let events = match until {
        Until::Readable => WinSock::POLLRDNORM,
        Until::Writable => WinSock::POLLWRNORM,
    };
    let slice = timeout.map_or(SLICE, |timeout| timeout.min(SLICE));
    let mut entry = WinSock::WSAPOLLFD {
        fd: socket.as_socket().as_raw_socket() as WinSock::SOCKET,
        events,
        revents: 0,
    };
    let millis = slice.as_micros().div_ceil(1000) as i32;
    // SAFETY: one entry, whose socket is borrowed and open.
    let ready = unsafe { WinSock::WSAPoll(&raw mut entry, 1, millis) };
    if ready < 0 {
        // SAFETY: no arguments; reads the error of this thread's last call.
        let code = unsafe { WinSock::WSAGetLastError() };
        return Err(io::Error::from_raw_os_error(code));
    }
    Ok(ready > 0)
}
