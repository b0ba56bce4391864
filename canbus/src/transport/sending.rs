//! Sending on a socket that may have no room: waits for it within a time, and ends when the bus is
//! closed.

use crate::deadline::Deadline;
use crate::transport::wake::{Pollable, Until, Waited, Wake};
use std::io;
use std::time::Duration;

/// How long to wait before trying again where the system has no room and does not tell when.
const RETRY: Duration = Duration::from_micros(500);

/// The system call's words for a full queue of the device.
#[cfg(unix)]
const OUT_OF_BUFFERS: i32 = libc::ENOBUFS;
#[cfg(windows)]
const OUT_OF_BUFFERS: i32 = windows_sys::Win32::Networking::WinSock::WSAENOBUFS;

/// How sending ended.
#[derive(Debug)]
pub(crate) enum Sent<T> {
    /// The system took it.
    Taken(T),
    /// It had no room in time, and says so.
    Late(io::Error),
    /// [`Wake::wake`] was called.
    Woken,
}

/// Tries until the system takes it: `None` for ever, zero once.
///
/// # Errors
/// Any other than that there is no room.
pub(crate) fn in_time<T>(
    wake: &Wake,
    socket: &impl Pollable,
    timeout: Option<Duration>,
    mut send: impl FnMut() -> io::Result<T>,
) -> io::Result<Sent<T>> {
    let deadline = Deadline::after(timeout);
    while !wake.is_woken() {
        let error = match send() {
            Ok(sent) => return Ok(Sent::Taken(sent)),
            Err(error) => error,
        };
        let full = error.kind() == io::ErrorKind::WouldBlock;
        if error.kind() == io::ErrorKind::Interrupted {
            continue;
        }
        if !full && error.raw_os_error() != Some(OUT_OF_BUFFERS) {
            return Err(error);
        }
        if deadline.is_over() {
            return Ok(Sent::Late(error));
        }
        let left = deadline.remaining();
        let waited = if full {
            wake.wait(socket, Until::Writable, left)?
        } else {
            // The device's queue is full; the socket counts as writable all the while.
            std::thread::sleep(left.map_or(RETRY, |left| left.min(RETRY)));
            Waited::Ready
        };
        if waited == Waited::Woken {
            break;
        }
    }
    Ok(Sent::Woken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::time::Instant;

    fn parts() -> (Wake, UdpSocket) {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket on loopback");
        (Wake::new().expect("a wake"), socket)
    }

    fn no_buffers() -> io::Error {
        io::Error::from_raw_os_error(OUT_OF_BUFFERS)
    }

    #[test]
    fn a_full_queue_is_tried_again_until_there_is_room() {
        let (wake, socket) = parts();
        let mut tries = 0;
        let sent = in_time(&wake, &socket, None, || {
            tries += 1;
            match tries {
                1 => Err(io::ErrorKind::Interrupted.into()),
                2 | 3 => Err(no_buffers()),
                4 => Err(io::ErrorKind::WouldBlock.into()),
                _ => Ok(tries),
            }
        });
        assert!(matches!(sent, Ok(Sent::Taken(5))), "{sent:?}");
    }

    #[test]
    fn a_queue_that_stays_full_is_given_up_in_time_and_zero_tries_once() {
        let (wake, socket) = parts();
        for wait in [Duration::ZERO, Duration::from_millis(20)] {
            let (start, mut tries) = (Instant::now(), 0);
            let sent = in_time::<()>(&wake, &socket, Some(wait), || {
                tries += 1;
                Err(no_buffers())
            });
            assert!(matches!(sent, Ok(Sent::Late(_))), "{sent:?}");
            assert!(start.elapsed() >= wait && start.elapsed() < Duration::from_secs(5));
            assert_eq!(tries == 1, wait.is_zero(), "{tries} tries in {wait:?}");
        }
    }

    #[test]
    fn another_error_and_a_close_end_it() {
        let (wake, socket) = parts();
        let refused = in_time::<()>(&wake, &socket, None, || {
            Err(io::ErrorKind::PermissionDenied.into())
        });
        let kind = refused.map_err(|error| error.kind()).err();
        assert_eq!(kind, Some(io::ErrorKind::PermissionDenied));
        let sent = in_time::<()>(&wake, &socket, None, || {
            wake.wake();
            Err(no_buffers())
        });
        assert!(matches!(sent, Ok(Sent::Woken)), "{sent:?}");
        let closed = in_time(&wake, &socket, None, || Ok(()));
        assert!(matches!(closed, Ok(Sent::Woken)), "{closed:?}");
    }
}
