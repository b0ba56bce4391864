//! One descriptor for event loops and waits: readable when the socket is, or the bus was closed,
//! whichever socket the bus has at the time.
#![expect(unsafe_code, reason = "epoll is a set of calls into the kernel")]

use crate::transport::wake::Wake;
use std::ffi::c_int;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A set of descriptors (`epoll`), itself readable when one of them is.
#[derive(Debug)]
pub(crate) struct Ready(OwnedFd);

impl AsFd for Ready {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Ready {
    /// A set with the bell of `wake` in it.
    ///
    /// # Errors
    /// When the process has no descriptor left.
    pub(crate) fn new(wake: &Wake) -> io::Result<Ready> {
        // SAFETY: a number only.
        let epoll = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
        if epoll < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has just opened it, and nobody else has it.
        let ready = Ready(unsafe { OwnedFd::from_raw_fd(epoll) });
        ready.watch(&wake.bell())?;
        Ok(ready)
    }

    /// Adds a descriptor.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn watch(&self, descriptor: &impl AsFd) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, descriptor)
    }

    /// Takes a descriptor out.
    ///
    /// # Errors
    /// What the kernel says of one that is not in.
    pub(crate) fn forget(&self, descriptor: &impl AsFd) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_DEL, descriptor)
    }

    fn control(&self, operation: c_int, descriptor: &impl AsFd) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: 0,
        };
        let descriptor = descriptor.as_fd().as_raw_fd();
        // SAFETY: both descriptors are open, and the event outlives the call.
        let result =
            unsafe { libc::epoll_ctl(self.0.as_raw_fd(), operation, descriptor, &raw mut event) };
        if result == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::wake::{Until, Waited};
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    fn is_readable(ready: &Ready) -> bool {
        let other = Wake::new().expect("a wake");
        let waited = other.wait(ready, Until::Readable, Some(Duration::ZERO));
        waited.expect("waits") == Waited::Ready
    }

    #[test]
    fn it_is_readable_when_the_socket_of_the_time_is_and_after_the_close() {
        let wake = Wake::new().expect("a wake");
        let ready = Ready::new(&wake).expect("a set");
        let (here, there) = UnixDatagram::pair().expect("sockets");
        ready.watch(&here).expect("added");
        assert!(!is_readable(&ready));
        there.send(b"x").expect("sent");
        assert!(is_readable(&ready));
        ready.forget(&here).expect("taken out");
        assert!(!is_readable(&ready), "another socket has its place");
        assert!(ready.forget(&here).is_err());
        wake.wake();
        assert!(is_readable(&ready));
    }
}
