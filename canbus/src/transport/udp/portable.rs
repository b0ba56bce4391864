//! Every other system: one datagram at a time, with the time of reading. What the system has no
//! room for is lost uncounted.

use super::{Datagram, MAX_DATAGRAM, Settings};
use crate::message::Timestamp;
use socket2::Socket;
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// These systems do not tell what was lost.
pub(crate) const COUNTS_DROPPED: bool = false;
/// Timestamps are those of reading.
pub(crate) const KERNEL_TIME: bool = false;

/// A datagram did not fit the buffer.
const WSAEMSGSIZE: i32 = 10040;

/// What the socket that hears is told before it is bound.
pub(super) fn prepare(socket: &Socket, settings: &Settings, _own: SocketAddr) -> io::Result<()> {
    let mut size = settings.receive_buffer;
    // The BSDs refuse what is beyond their limit instead of cutting it.
    while socket.set_recv_buffer_size(size).is_err() && size > 1 << 16 {
        size /= 2;
    }
    Ok(())
}

/// Nothing is known.
#[derive(Debug)]
pub(super) struct Losses;

impl Losses {
    pub(super) fn new(_filtered: bool) -> Losses {
        Losses
    }

    pub(super) fn sending<T>(&self, send: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        send()
    }

    pub(super) fn count(&self, _socket: &UdpSocket) -> u64 {
        0
    }
}

/// Room for a datagram, and a byte more that shows when one is longer.
#[derive(Debug)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    received: Option<Received>,
}

#[derive(Debug)]
struct Received {
    len: usize,
    sender: Option<SocketAddr>,
    time: Timestamp,
}

impl Batch {
    pub(crate) fn new() -> Batch {
        Batch {
            bytes: vec![0; MAX_DATAGRAM + 1],
            received: None,
        }
    }

    /// The datagram that the last [`fill`](Batch::fill) took.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.received.iter().map(|received| Datagram {
            bytes: &self.bytes[..received.len.min(MAX_DATAGRAM)],
            cut_off: received.len > MAX_DATAGRAM,
            sender: received.sender,
            time: received.time,
        })
    }

    /// Takes one datagram if there is one and `max` is not zero.
    pub(super) fn fill(&mut self, socket: &UdpSocket, max: usize) -> io::Result<usize> {
        self.received = None;
        if max == 0 {
            return Ok(0);
        }
        let (len, sender) = loop {
            match socket.recv_from(&mut self.bytes) {
                Ok((len, sender)) => break (len, Some(sender)),
                // Windows says so where the others cut off in silence.
                Err(error) if error.raw_os_error() == Some(WSAEMSGSIZE) && cfg!(windows) => {
                    break (MAX_DATAGRAM + 1, None);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
                Err(error) => return Err(error),
            }
        };
        let time = Timestamp::now();
        self.received = Some(Received { len, sender, time });
        Ok(1)
    }
}
