//! Linux: batches of datagrams with the kernel's timestamps, and exact counts of what was lost.
#![expect(
    unsafe_code,
    reason = "socket options and calls that no safe crate offers"
)]

use super::{Datagram, MAX_BATCH, MAX_DATAGRAM, Settings};
use crate::message::Timestamp;
use socket2::{SockFilter, Socket};
use std::ffi::c_int;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::{fmt, io, ptr};

/// Lost datagrams are counted here.
pub(crate) const COUNTS_DROPPED: bool = true;
/// Timestamps are the kernel's.
pub(crate) const KERNEL_TIME: bool = true;

pub(super) const ENOBUFS: i32 = libc::ENOBUFS;

/// What the socket that hears is told before it is bound.
pub(super) fn prepare(socket: &Socket, settings: &Settings, own: SocketAddr) -> io::Result<()> {
    set(socket, libc::SO_TIMESTAMPNS, 1)?;
    // Without this a socket hears what other programs joined on other interfaces.
    match settings.group {
        IpAddr::V4(_) => socket.set_multicast_all_v4(false)?,
        IpAddr::V6(_) => socket.set_multicast_all_v6(false)?,
    }
    if !settings.hear_own {
        // In the kernel, so that our own datagrams take no room from those of others.
        socket.attach_filter(&all_but(own))?;
    }
    // The first is for administrators and may exceed the system's limit; the other is cut to it.
    let size = c_int::try_from(settings.receive_buffer).unwrap_or(c_int::MAX);
    if set(socket, libc::SO_RCVBUFFORCE, size).is_err() {
        socket.set_recv_buffer_size(settings.receive_buffer)?;
        // The kernel counts its own overhead in, and says twice what was asked for.
        let granted = socket.recv_buffer_size()? / 2;
        if granted < settings.receive_buffer {
            log::info!(
                "the system holds {granted} bytes for the reader instead of {}; the limit of \
                 ordinary users is sysctl net.core.rmem_max",
                settings.receive_buffer
            );
        }
    }
    Ok(())
}

fn set(socket: &Socket, option: c_int, value: c_int) -> io::Result<()> {
    // SAFETY: the socket is open, and the option's value is an int, as long as is said.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            option,
            (&raw const value).cast(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
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
    lost: Mutex<Lost>,
}

#[derive(Debug, Default)]
struct Lost {
    /// The kernel's counter less what we sent, both modulo 2^32, at the last look.
    seen: u32,
    total: u64,
}

impl Lost {
    fn look(&mut self, counter: u32) -> u64 {
        // A datagram that we sent a moment ago may not have met the filter yet: less than last
        // time is no loss.
        let more = counter.wrapping_sub(self.seen) as i32;
        if more > 0 {
            self.seen = counter;
            self.total += u64::from(more.unsigned_abs());
        }
        self.total
    }
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
        let Some(drops) = drops(socket) else {
            return lost.total;
        };
        // The kernel's counter is read first: of what is sent meanwhile, none is taken for lost.
        let sent = if self.filtered {
            self.sent.load(Ordering::SeqCst)
        } else {
            0
        };
        lost.look(drops.wrapping_sub(sent))
    }
}

/// The socket's counter of datagrams that it did not take (`SK_MEMINFO_DROPS`, Linux 4.12).
fn drops(socket: &UdpSocket) -> Option<u32> {
    /// The place in `linux/sock_diag.h`; the kernel gives at least so many.
    const SK_MEMINFO_DROPS: usize = 8;
    let mut values = [0_u32; SK_MEMINFO_DROPS + 1];
    let mut len = size_of_val(&values) as libc::socklen_t;
    // SAFETY: the socket is open, and the kernel writes at most `len` bytes to `values`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            values.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    (result == 0 && len as usize == size_of_val(&values)).then(|| values[SK_MEMINFO_DROPS])
}

/// Room for some datagrams and what the kernel says of each.
pub(crate) struct Batch {
    slots: Vec<Slot>,
    filled: usize,
}

/// Room for the control message with the timestamp, aligned as the kernel wants it.
#[repr(C, align(8))]
struct Control([u8; 64]);

struct Slot {
    bytes: [u8; MAX_DATAGRAM],
    sender: libc::sockaddr_storage,
    control: Control,
    len: usize,
    cut_off: bool,
    time: Option<Timestamp>,
}

impl Batch {
    pub(crate) fn new() -> Batch {
        let slot = || Slot {
            bytes: [0; MAX_DATAGRAM],
            // SAFETY: all zeros are an address of no family.
            sender: unsafe { std::mem::zeroed() },
            control: Control([0; 64]),
            len: 0,
            cut_off: false,
            time: None,
        };
        Batch {
            slots: (0..MAX_BATCH).map(|_| slot()).collect(),
            filled: 0,
        }
    }

    /// The datagrams that the last [`fill`](Batch::fill) took.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.slots[..self.filled].iter().map(|slot| Datagram {
            bytes: &slot.bytes[..slot.len],
            cut_off: slot.cut_off,
            sender: address_in(&slot.sender),
            time: slot.time.unwrap_or_else(Timestamp::now),
        })
    }

    /// Takes what is there, at most `max` datagrams, without waiting.
    pub(super) fn fill(&mut self, socket: &UdpSocket, max: usize) -> io::Result<usize> {
        self.filled = 0;
        // To prepare for one is quicker than to prepare for many.
        self.filled = match max {
            0 => 0,
            1 => receive::<1>(socket, &mut self.slots[..1])?,
            _ => receive::<MAX_BATCH>(socket, &mut self.slots[..max.min(MAX_BATCH)])?,
        };
        Ok(self.filled)
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch of {}", self.filled)
    }
}

/// Fills the slots, of which there are at most `N`.
fn receive<const N: usize>(socket: &UdpSocket, slots: &mut [Slot]) -> io::Result<usize> {
    let count = slots.len().min(N);
    // SAFETY: null pointers and zero lengths are valid in both.
    let (mut buffers, mut headers): ([libc::iovec; N], [libc::mmsghdr; N]) =
        unsafe { std::mem::zeroed() };
    let parts = slots.iter_mut().zip(&mut headers).zip(&mut buffers);
    for ((slot, header), buffer) in parts {
        buffer.iov_base = slot.bytes.as_mut_ptr().cast();
        buffer.iov_len = slot.bytes.len();
        let header = &mut header.msg_hdr;
        header.msg_iov = ptr::from_mut(buffer);
        header.msg_iovlen = 1;
        header.msg_name = (&raw mut slot.sender).cast();
        header.msg_namelen = size_of_val(&slot.sender) as libc::socklen_t;
        header.msg_control = (&raw mut slot.control).cast();
        header.msg_controllen = size_of_val(&slot.control) as _;
    }
    let taken = loop {
        // SAFETY: the first `count` headers point to buffers of the lengths that they say; slots
        // and buffers outlive the call.
        let taken = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                count as libc::c_uint,
                libc::MSG_DONTWAIT as _,
                ptr::null_mut(),
            )
        };
        if let Ok(taken) = usize::try_from(taken) {
            break taken;
        }
        match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::WouldBlock => break 0,
            error if error.kind() == io::ErrorKind::Interrupted => {}
            error => return Err(error),
        }
    };
    for (slot, header) in slots.iter_mut().zip(&headers).take(taken) {
        slot.len = (header.msg_len as usize).min(MAX_DATAGRAM);
        slot.cut_off = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
        // SAFETY: the kernel filled this header in, and its control buffer is the slot's.
        slot.time = unsafe { time_in(&header.msg_hdr) };
    }
    Ok(taken)
}

/// The time among the control messages.
///
/// # Safety
/// The header must have been filled in by the kernel, its control buffer must still be there.
unsafe fn time_in(header: &libc::msghdr) -> Option<Timestamp> {
    // SAFETY: as the caller promises; the macros stay within the control buffer.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: null or a control message within the buffer.
    while let Some(control) = unsafe { next.as_ref() } {
        if control.cmsg_level == libc::SOL_SOCKET && control.cmsg_type == libc::SCM_TIMESTAMPNS {
            // SAFETY: the kernel puts a timespec there, whatever its alignment.
            let time: libc::timespec =
                unsafe { ptr::read_unaligned(libc::CMSG_DATA(control).cast()) };
            return Some(Timestamp::from_nanos(
                time.tv_sec as i64 * 1_000_000_000 + time.tv_nsec as i64,
            ));
        }
        // SAFETY: `control` lies in the header's buffer.
        next = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    None
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

    #[test]
    fn losses_are_counted_beyond_32_bits_and_a_step_back_is_none() {
        let mut lost = Lost::default();
        assert_eq!(
            lost.look(u32::MAX),
            0,
            "one more was sent than met the filter"
        );
        assert_eq!(lost.look(3), 3);
        assert_eq!(lost.look(2), 3);
        assert_eq!(lost.look(3), 3);
        assert_eq!(lost.look(1 << 31), 1 << 31);
        assert_eq!(lost.look(u32::MAX), u64::from(u32::MAX));
        assert_eq!(lost.look(9), (1 << 32) + 9);
    }

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
