//! A line whose other end is a TCP server: `socket://`.

use super::address::Place;
use super::{Read, Way};
use crate::deadline::Deadline;
use crate::transport::wake::{Until, Waited, Wake};
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long a host may take to answer; as long as with pyserial.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a server may take to hang up after us.
const GOODBYE: Duration = Duration::from_millis(300);

/// A connection.
#[derive(Debug)]
pub(super) struct Tcp {
    stream: TcpStream,
    wake: Wake,
}

impl Tcp {
    /// Connects to the first address of the host that answers.
    pub(super) fn connect(place: &Place<'_>) -> io::Result<Tcp> {
        let deadline = Deadline::after(Some(CONNECT));
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in (place.host, place.port).to_socket_addrs()? {
            // Zero is not allowed as a timeout.
            let left = deadline.remaining().unwrap_or(CONNECT);
            match TcpStream::connect_timeout(&address, left.max(Duration::from_millis(1))) {
                Ok(stream) => return Tcp::over(stream),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn over(stream: TcpStream) -> io::Result<Tcp> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let wake = Wake::new()?;
        Ok(Tcp { stream, wake })
    }
}

impl Way for Tcp {
    fn read(&self, buffer: &mut [u8], timeout: Option<Duration>) -> io::Result<Read> {
        read_when_ready(&self.wake, &self.stream, buffer, timeout)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.stream).write(bytes)
    }

    fn wait_for_room(&self, timeout: Option<Duration>) -> io::Result<Waited> {
        self.wake.wait(&self.stream, Until::Writable, timeout)
    }

    fn wake(&self) {
        self.wake.wake();
    }
}

impl Drop for Tcp {
    /// What was written arrives only if the connection is closed in order: closed with bytes that
    /// nobody has read, it is reset, and the server may lose what it has not read itself. So the
    /// server is told that no more comes, and heard until it hangs up too, or for a while.
    fn drop(&mut self) {
        let deadline = Deadline::after(Some(GOODBYE));
        let told = self.stream.shutdown(Shutdown::Write);
        let mut ready = told.and_then(|()| self.stream.set_nonblocking(false));
        let mut buffer = [0; 1024];
        while let Some(left) = deadline.remaining().filter(|left| !left.is_zero()) {
            ready = ready.and_then(|()| self.stream.set_read_timeout(Some(left)));
            if ready.is_err() || matches!(self.stream.read(&mut buffer), Ok(0) | Err(_)) {
                return;
            }
        }
    }
}

/// Waits for a stream that does not block, and reads what is there.
pub(super) fn read_when_ready<S>(
    wake: &Wake,
    stream: &S,
    buffer: &mut [u8],
    timeout: Option<Duration>,
) -> io::Result<Read>
where
    S: crate::transport::wake::Pollable,
    for<'a> &'a S: io::Read,
{
    let deadline = Deadline::after(timeout);
    loop {
        match wake.wait(stream, Until::Readable, deadline.remaining())? {
            Waited::Ready => {}
            Waited::Woken => return Ok(Read::Woken),
            Waited::TimedOut => return Ok(Read::TimedOut),
        }
        let mut stream = stream;
        match stream.read(buffer) {
            Ok(0) => return Ok(Read::Ended),
            Ok(count) => return Ok(Read::Some(count)),
            // Somebody else was quicker, or a signal came.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
