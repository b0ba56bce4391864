//! Linux: batches of datagrams with the kernel's timestamps, and exact counts of what was lost.
#![expect(
    unsafe_code,
    reason = "addresses are read in the form that the system writes them in"
)]

use super::{Datagram, MAX_DATAGRAM, Settings};
use crate::transport::datagrams::{self, Slots};
use socket2::{SockFilter, Socket};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{io, ptr};

/// Lost datagrams are counted here.
pub(crate) const COUNTS_DROPPED: bool = true;
/// Timestamps are the kernel's.
pub(crate) const KERNEL_TIME: bool = true;

/// What the socket that hears is told before it is bound.
pub(super) fn prepare(socket: &Socket, settings: &Settings, own: SocketAddr) -> io::Result<()> {
    datagrams::set(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)?;
    // Without this a socket hears what other programs joined on other interfaces.
    match settings.group {
        IpAddr::V4(_) => socket.set_multicast_all_v4(false)?,
        IpAddr::V6(_) => socket.set_multicast_all_v6(false)?,
    }
    if !settings.hear_own {
        // In the kernel, so that our own datagrams take no room from those of others.
        socket.attach_filter(&all_but(own))?;
    }
    datagrams::set_receive_buffer(socket, settings.receive_buffer)
}

/// A program for the kernel (classic BPF, `linux/filter.h`) that refuses datagrams from `own`.
///
/// A UDP socket's program sees the datagram from the UDP header on; the IP header lies at
/// `SKF_NET_OFF`.
fn all_but(own: SocketAddr) -> Vec<SockFilter> {
    const LOAD_HALF: u16 = 0x28;
    const LOAD_WORD: u16 = 0x20;
    const JUMP_IF_EQUAL: u16 = 0x15;
    const RETURN: u16 = 0x06;
    const IP_HEADER: u32 = (-0x10_0000_i32) as u32;
    const SOURCE_IN_V4: u32 = 12;
    const SOURCE_IN_V6: u32 = 8;

    let mut compared = vec![(LOAD_HALF, 0, u32::from(own.port()))];
    match own.ip() {
        IpAddr::V4(ip) => compared.push((LOAD_WORD, IP_HEADER + SOURCE_IN_V4, ip.to_bits())),
        IpAddr::V6(ip) => {
            let words = (0..4).map(|word| {
                let offset = IP_HEADER + SOURCE_IN_V6 + 4 * word;
                (LOAD_WORD, offset, (ip.to_bits() >> (96 - 32 * word)) as u32)
            });
            compared.extend(words);
        }
    }
    let mut program = Vec::new();
    for (place, &(load, offset, value)) in compared.iter().enumerate() {
        // Whatever differs jumps over the rest of the comparisons and the refusal.
        let skip = 2 * (compared.len() - place - 1) + 1;
        program.push(SockFilter::new(load, 0, 0, offset));
        program.push(SockFilter::new(JUMP_IF_EQUAL, 0, skip as u8, value));
    }
    program.push(SockFilter::new(RETURN, 0, 0, 0));
    program.push(SockFilter::new(RETURN, 0, 0, u32::MAX));
    program
}

/// What was lost, by the socket's own counter.
///
/// The counter includes what the filter refused: our own datagrams, each once. So we count those.
#[derive(Debug)]
pub(super) struct Losses {
    filtered: bool,
    sent: AtomicU32,
    lost: Mutex<datagrams::Losses>,
}

impl Losses {
    pub(super) fn new(filtered: bool) -> Losses {
        Losses {
            filtered,
            sent: AtomicU32::new(0),
            lost: Mutex::default(),
        }
    }

    /// Counts a datagram of ours that is sent. Before it is sent, so that it is never taken for a
    /// lost one.
    pub(super) fn sending<T>(&self, send: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        let result = send();
        if result.is_err() {
            self.sent.fetch_sub(1, Ordering::SeqCst);
        }
        result
    }

    /// Datagrams of others that were lost so far.
    pub(super) fn count(&self, socket: &UdpSocket) -> u64 {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(drops) = datagrams::drops(socket) else {
            return lost.total();
        };
        // The kernel's counter is read first: of what is sent meanwhile, none is taken for lost.
        let sent = if self.filtered {
            self.sent.load(Ordering::SeqCst)
        } else {
            0
        };
        // A datagram that we sent a moment ago may not have met the filter yet: less than last time
        // is no loss.
        lost.look(drops.wrapping_sub(sent))
    }
}

/// Room for some datagrams and what the kernel says of each.
#[derive(Debug)]
pub(crate) struct Batch(Slots<MAX_DATAGRAM>);

impl Batch {
    pub(crate) fn new() -> Batch {
        Batch(Slots::new())
    }

    /// The datagrams that the last [`fill`](Batch::fill) took.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.0.filled().map(|slot| Datagram {
            bytes: slot.bytes(),
            cut_off: slot.flags() & libc::MSG_TRUNC != 0,
            sender: address_in(slot.sender()),
            time: slot.time(),
        })
    }

    /// Takes what is there, at most `max` datagrams, without waiting.
    pub(super) fn fill(&mut self, socket: &UdpSocket, max: usize) -> io::Result<usize> {
        self.0.fill(socket, max)
    }
}

/// The address that the kernel left there.
fn address_in(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let start = ptr::from_ref(storage);
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the storage is larger than and aligned for every address, and this is the
            // form of the family that it says.
            let address = unsafe { &*start.cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(address.sin_addr.s_addr.to_ne_bytes());
            Some(SocketAddrV4::new(ip, u16::from_be(address.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: as above.
            let address = unsafe { &*start.cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
            let port = u16::from_be(address.sin6_port);
            Some(SocketAddrV6::new(ip, port, 0, address.sin6_scope_id).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// Whether a socket on `address` with the filter against `own` hears from `sender`.
    fn hears(own: SocketAddr, sender: &UdpSocket) -> bool {
        let any_port = SocketAddr::new(sender.local_addr().expect("bound").ip(), 0);
        let socket = UdpSocket::bind(any_port).expect("binds");
        let filter = all_but(own);
        socket2::SockRef::from(&socket)
            .attach_filter(&filter)
            .expect("a valid program");
        let to = socket.local_addr().expect("bound");
        sender.send_to(b"x", to).expect("sends");
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("a timeout");
        socket.recv(&mut [0; 9]).is_ok()
    }

    #[test]
    #[expect(clippy::print_stdout, reason = "shows what was not tested, and why")]
    fn the_filter_refuses_one_sender_of_each_family_and_no_other() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(sender) = UdpSocket::bind(address) else {
                println!("skipped: cannot bind {address}");
                continue;
            };
            let own = sender.local_addr().expect("bound");
            assert!(!hears(own, &sender), "{own} is not refused");
            let other_port = SocketAddr::new(own.ip(), own.port() ^ 1);
            assert!(hears(other_port, &sender), "the port is not looked at");
            let words = match own.ip() {
                IpAddr::V4(_) => vec!["127.0.0.2", "127.1.0.1"],
                IpAddr::V6(_) => vec!["::2", "::1:0:1", "0:0:1::1", "1::1"],
            };
            for other in words {
                let other = SocketAddr::new(other.parse().expect("an address"), own.port());
                assert!(hears(other, &sender), "not all of {other} is looked at");
            }
        }
    }

    #[test]
    fn addresses_of_other_families_are_none() {
        // SAFETY: all zeros are an address of no family.
        let storage: libc::sockaddr_storage = unsafe { std::mem::zeroed() };
        assert_eq!(address_in(&storage), None);
    }
}
