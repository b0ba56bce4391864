//! Waiting for a socket so that another thread can end the wait: what makes `close` wake a
//! blocked `recv` at once.

#[cfg_attr(windows, path = "wake/windows.rs")]
#[cfg_attr(unix, path = "wake/unix.rs")]
mod poll;

pub(crate) use poll::Pollable;

use crate::deadline::Deadline;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Wakes all waits on sockets, once and for all: every wait after that ends at once too.
#[derive(Debug)]
pub(crate) struct Wake {
    woken: AtomicBool,
    bell: poll::Bell,
}

/// What to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Something can be read.
    Readable,
    /// Something can be written.
    Writable,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    /// The socket is ready, or has an error to report.
    Ready,
    /// [`Wake::wake`] was called.
    Woken,
    /// The time is up.
    TimedOut,
}

impl Wake {
    /// Nobody is woken yet.
    pub(crate) fn new() -> io::Result<Wake> {
        Ok(Wake {
            woken: AtomicBool::new(false),
            bell: poll::Bell::new()?,
        })
    }

    /// Ends every wait, now and in future. Returns whether this was the first call.
    pub(crate) fn wake(&self) -> bool {
        let first = !self.woken.swap(true, Ordering::AcqRel);
        if first {
            self.bell.ring();
        }
        first
    }

    /// Whether [`wake`](Wake::wake) was called.
    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    /// What is readable from the moment of [`wake`](Wake::wake) on.
    #[cfg(target_os = "linux")]
    pub(crate) fn bell(&self) -> std::os::fd::BorrowedFd<'_> {
        self.bell.descriptor()
    }

    /// Waits for the socket: `None` for ever, zero looks.
    ///
    /// # Errors
    /// What the operating system says of the wait itself.
    pub(crate) fn wait(
        &self,
        socket: &impl Pollable,
        until: Until,
        timeout: Option<Duration>,
    ) -> io::Result<Waited> {
        let deadline = Deadline::after(timeout);
        loop {
            if self.is_woken() {
                return Ok(Waited::Woken);
            }
            // A wait may end early: a signal came, or the time is longer than one wait can be.
            if poll::poll(socket, until, &self.bell, deadline.remaining())? {
                let woken = self.is_woken();
                return Ok(if woken { Waited::Woken } else { Waited::Ready });
            }
            if deadline.is_over() {
                return Ok(Waited::TimedOut);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::sync::Arc;
    use std::time::Instant;

    fn socket() -> UdpSocket {
        UdpSocket::bind("127.0.0.1:0").expect("a socket on loopback")
    }

    #[test]
    fn a_wait_ends_with_the_time_and_not_before() {
        let wake = Wake::new().expect("a wake");
        let socket = socket();
        for wait in [Duration::from_micros(300), Duration::from_millis(30)] {
            let start = Instant::now();
            let waited = wake.wait(&socket, Until::Readable, Some(wait));
            assert_eq!(waited.expect("waits"), Waited::TimedOut);
            assert!(start.elapsed() >= wait);
            assert!(start.elapsed() < wait + Duration::from_secs(5));
        }
    }

    #[test]
    fn a_socket_that_has_something_is_ready_and_one_that_has_room_too() {
        let wake = Wake::new().expect("a wake");
        let socket = socket();
        let address = socket.local_addr().expect("bound");
        let zero = Some(Duration::ZERO);
        let waited = |until, timeout| wake.wait(&socket, until, timeout).expect("waits");
        assert_eq!(waited(Until::Readable, zero), Waited::TimedOut);
        assert_eq!(waited(Until::Writable, zero), Waited::Ready);
        socket.send_to(b"x", address).expect("sends to itself");
        assert_eq!(waited(Until::Readable, None), Waited::Ready);
        assert_eq!(waited(Until::Readable, Some(Duration::MAX)), Waited::Ready);
    }

    #[test]
    fn waking_ends_every_wait_now_and_later() {
        let wake = Arc::new(Wake::new().expect("a wake"));
        let socket = socket();
        std::thread::scope(|scope| {
            let waits = [None, Some(Duration::from_mins(1))].map(|timeout| {
                let (wake, socket) = (&wake, &socket);
                scope.spawn(move || wake.wait(socket, Until::Readable, timeout))
            });
            std::thread::sleep(Duration::from_millis(20));
            assert!(!wake.is_woken());
            let start = Instant::now();
            assert!(wake.wake());
            for wait in waits {
                let waited = wait.join().expect("joins").expect("waits");
                assert_eq!(waited, Waited::Woken);
            }
            assert!(start.elapsed() < Duration::from_secs(5));
        });
        assert!(wake.is_woken());
        assert!(!wake.wake());
        // Even a socket that is ready: whoever closed the bus wants no more of it.
        let later = wake.wait(&socket, Until::Writable, None).expect("waits");
        assert_eq!(later, Waited::Woken);
    }
}
