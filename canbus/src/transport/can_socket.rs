//! Linux's raw CAN sockets (`linux/can/raw.h`): frames as the kernel lays them out, whose fields the
//! backend knows.
#![expect(
    unsafe_code,
    reason = "CAN addresses and batches are calls that no safe crate offers"
)]

mod changes;
pub(crate) mod cyclic;
pub(crate) mod device;
pub(crate) mod ready;

use crate::message::Timestamp;
use crate::transport::datagrams::{self, Slot, Slots};
use changes::Changes;
use std::ffi::c_int;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::{io, ptr};

pub(crate) use crate::transport::datagrams::MAX_BATCH;

/// The size of `struct can_frame`.
pub(crate) const CLASSIC_SIZE: usize = libc::CAN_MTU;
/// The size of `struct canfd_frame`.
pub(crate) const FD_SIZE: usize = libc::CANFD_MTU;

/// How a socket is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The number of the interface; 0 hears all of them.
    pub(crate) index: u32,
    /// Whether it hears what it sent itself.
    pub(crate) own_messages: bool,
    /// Whether other programs on this machine hear what it sends.
    pub(crate) local_loopback: bool,
    /// Whether it takes and sends CAN FD frames.
    pub(crate) fd: bool,
    /// Whether it takes error frames.
    pub(crate) error_frames: bool,
    /// Bytes that the kernel should hold for the reader.
    pub(crate) receive_buffer: usize,
    /// Whether to ask for the device's times.
    pub(crate) hardware_time: bool,
    /// The only IDs to hear, and of them only frames whose data differ from the last one's; as in
    /// a frame's first word. Empty: every frame is heard.
    pub(crate) changes_of: Vec<u32>,
}

/// A frame as it was received.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Received<'a> {
    /// A `struct can_frame` or `struct canfd_frame`.
    pub(crate) bytes: &'a [u8],
    /// The number of the interface.
    pub(crate) index: u32,
    /// This socket sent it (`MSG_CONFIRM`).
    pub(crate) own: bool,
    /// A program on this machine sent it (`MSG_DONTROUTE`).
    pub(crate) local: bool,
    /// When the kernel took it in.
    pub(crate) time: Timestamp,
    /// When the device did, by its own clock.
    pub(crate) hardware_time: Option<Timestamp>,
}

/// A frame to be sent: a `struct can_frame` or `struct canfd_frame`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) bytes: [u8; FD_SIZE],
    /// [`CLASSIC_SIZE`] or [`FD_SIZE`].
    pub(crate) size: usize,
}

/// What a socket gives at most: a frame, with the head of the broadcast manager before it.
const ROOM: usize = changes::HEAD + FD_SIZE;

/// Room for frames.
#[derive(Debug)]
pub(crate) struct Batch {
    slots: Slots<ROOM>,
    /// How many bytes stand before each frame.
    head: usize,
}

impl Batch {
    pub(crate) fn new() -> Batch {
        Batch {
            slots: Slots::new(),
            head: 0,
        }
    }

    /// The frames that the last [`CanSocket::receive`] took.
    pub(crate) fn frames(&self) -> impl Iterator<Item = Received<'_>> {
        self.slots.filled().map(|slot| Received {
            bytes: slot.bytes().get(self.head..).unwrap_or_default(),
            index: index_in(slot),
            own: slot.flags() & libc::MSG_CONFIRM != 0,
            local: slot.flags() & libc::MSG_DONTROUTE != 0,
            time: slot.time(),
            hardware_time: slot.hardware_time(),
        })
    }
}

/// A raw CAN socket, which sends and hears; or only sends, where another hears changes alone.
#[derive(Debug)]
pub(crate) struct CanSocket {
    raw: OwnedFd,
    changes: Option<Changes>,
}

/// The one that sends.
impl AsFd for CanSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.raw.as_fd()
    }
}

impl CanSocket {
    /// A socket that is bound to nothing yet.
    fn unbound() -> io::Result<CanSocket> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: numbers only.
        let socket = unsafe { libc::socket(libc::PF_CAN, kind, libc::CAN_RAW) };
        if socket < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has just opened it, and nobody else has it.
        let raw = unsafe { OwnedFd::from_raw_fd(socket) };
        Ok(CanSocket { raw, changes: None })
    }

    /// The descriptor that is readable when something has arrived.
    pub(crate) fn hearing(&self) -> BorrowedFd<'_> {
        match &self.changes {
            Some(changes) => changes.as_fd(),
            None => self.raw.as_fd(),
        }
    }

    /// Opens a socket on the interface.
    ///
    /// # Errors
    /// What the kernel says; `EAFNOSUPPORT` or `EPROTONOSUPPORT` if it has no CAN.
    pub(crate) fn open(settings: &Settings) -> io::Result<CanSocket> {
        let mut socket = CanSocket::unbound()?;
        if !settings.changes_of.is_empty() {
            socket.changes = Some(Changes::open(settings.index)?);
            socket.ignore_everything()?;
        }
        let flag = |option, value: bool| socket.set(option, c_int::from(value));
        flag(libc::CAN_RAW_LOOPBACK, settings.local_loopback)?;
        flag(libc::CAN_RAW_RECV_OWN_MSGS, settings.own_messages)?;
        // A kernel before 3.6 does not know it, and has no CAN FD.
        if settings.fd {
            flag(libc::CAN_RAW_FD_FRAMES, true)?;
        }
        let errors = if settings.error_frames && socket.changes.is_none() {
            libc::CAN_ERR_MASK as c_int
        } else {
            0
        };
        socket.set(libc::CAN_RAW_ERR_FILTER, errors)?;
        datagrams::set_receive_buffer(socket.hearing(), settings.receive_buffer)?;
        socket.ask_for_times(settings.hardware_time)?;
        socket.bind(settings.index)?;
        if let Some(changes) = &socket.changes {
            changes.subscribe(&settings.changes_of, settings.fd)?;
        }
        Ok(socket)
    }

    fn ask_for_times(&self, hardware: bool) -> io::Result<()> {
        let level = libc::SOL_SOCKET;
        if !hardware {
            return datagrams::set(self.hearing(), level, libc::SO_TIMESTAMPNS, 1);
        }
        let wanted = libc::SOF_TIMESTAMPING_RX_SOFTWARE
            | libc::SOF_TIMESTAMPING_SOFTWARE
            | libc::SOF_TIMESTAMPING_RX_HARDWARE
            | libc::SOF_TIMESTAMPING_RAW_HARDWARE;
        datagrams::set(
            self.hearing(),
            level,
            libc::SO_TIMESTAMPING,
            wanted as c_int,
        )
    }

    fn set(&self, option: c_int, value: c_int) -> io::Result<()> {
        datagrams::set(self, libc::SOL_CAN_RAW, option, value)
    }

    fn bind(&self, index: u32) -> io::Result<()> {
        let address = address(index);
        // SAFETY: the socket is open, and the address is as long as is said.
        let result = unsafe {
            libc::bind(
                self.raw.as_raw_fd(),
                (&raw const address).cast(),
                size_of_val(&address) as libc::socklen_t,
            )
        };
        if result == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// Lets through what any of these pairs of ID and mask matches (`struct can_filter`); none of
    /// them lets nothing through.
    ///
    /// # Errors
    /// What the kernel says; it takes 512 of them.
    pub(crate) fn set_filters(&self, filters: &[(u32, u32)]) -> io::Result<()> {
        let pairs = filters.iter().flat_map(|&(id, mask)| [id, mask]);
        let bytes: Vec<u8> = pairs.flat_map(u32::to_ne_bytes).collect();
        datagrams::set_bytes(self, libc::SOL_CAN_RAW, libc::CAN_RAW_FILTER, &bytes)
    }

    /// The raw socket takes nothing more: neither frames nor error frames.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn ignore_everything(&self) -> io::Result<()> {
        self.set_filters(&[])?;
        self.set(libc::CAN_RAW_ERR_FILTER, 0)
    }

    /// Takes what has arrived, at most `max` frames and [`MAX_BATCH`], without waiting.
    ///
    /// # Errors
    /// `ENETDOWN` when the interface went down, `ENODEV` when it was removed.
    pub(crate) fn receive(&self, batch: &mut Batch, max: usize) -> io::Result<usize> {
        batch.head = if self.changes.is_some() {
            changes::HEAD
        } else {
            0
        };
        batch.slots.fill(self.hearing(), max)
    }

    /// Hands frames to the kernel, at most [`MAX_BATCH`], without waiting, and returns how many it
    /// took: at least one. `to` is the number of the interface, where the socket has several.
    ///
    /// # Errors
    /// What the kernel says of the first: `ENOBUFS` when the device's queue is full.
    pub(crate) fn send(&self, frames: &[Packed], to: Option<u32>) -> io::Result<usize> {
        if let [frame] = frames {
            return self.send_many::<1>(std::slice::from_ref(frame), to);
        }
        self.send_many::<MAX_BATCH>(frames, to)
    }

    fn send_many<const N: usize>(&self, frames: &[Packed], to: Option<u32>) -> io::Result<usize> {
        let mut address = to.map(address);
        let count = frames.len().min(N);
        // SAFETY: null pointers and zero lengths are valid in both.
        let (mut buffers, mut headers): ([libc::iovec; N], [libc::mmsghdr; N]) =
            unsafe { std::mem::zeroed() };
        for ((frame, header), buffer) in frames.iter().zip(&mut headers).zip(&mut buffers) {
            buffer.iov_base = frame.bytes.as_ptr().cast_mut().cast();
            buffer.iov_len = frame.size.min(FD_SIZE);
            header.msg_hdr.msg_iov = ptr::from_mut(buffer);
            header.msg_hdr.msg_iovlen = 1;
            if let Some(address) = &mut address {
                header.msg_hdr.msg_name = ptr::from_mut(address).cast();
                header.msg_hdr.msg_namelen = size_of_val(address) as libc::socklen_t;
            }
        }
        // SAFETY: the first `count` headers point to frames and an address of the lengths that they
        // say, which the kernel only reads and which outlive the call.
        let sent = unsafe {
            libc::sendmmsg(
                self.raw.as_raw_fd(),
                headers.as_mut_ptr(),
                count as libc::c_uint,
                libc::MSG_DONTWAIT as _,
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    /// The kernel's count of frames that it had no room for, modulo 2^32.
    pub(crate) fn drops(&self) -> Option<u32> {
        datagrams::drops(self.hearing())
    }
}

fn address(index: u32) -> libc::sockaddr_can {
    // SAFETY: all zeros are an address of no family.
    let mut address: libc::sockaddr_can = unsafe { std::mem::zeroed() };
    address.can_family = libc::AF_CAN as libc::sa_family_t;
    address.can_ifindex = index as c_int;
    address
}

/// The interface that a frame came by.
fn index_in(slot: &Slot<ROOM>) -> u32 {
    let storage = slot.sender();
    if i32::from(storage.ss_family) != libc::AF_CAN {
        return 0;
    }
    // SAFETY: the storage is larger than and aligned for every address, and its family says that it
    // holds this one.
    let address = unsafe { &*ptr::from_ref(storage).cast::<libc::sockaddr_can>() };
    address.can_ifindex as u32
}

#[cfg(test)]
mod tests;
