//! Datagrams of any family on Linux: many taken by one call, what the kernel says of each, how many
//! it had no room for, and how much room it has.
#![expect(
    unsafe_code,
    reason = "socket options and calls that no safe crate offers"
)]

use crate::message::Timestamp;
use std::ffi::c_int;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;
use std::{fmt, io, ptr};

/// How many datagrams are taken at once at most.
pub(crate) const MAX_BATCH: usize = 64;

/// Sets an option whose value is a whole number.
///
/// # Errors
/// What the kernel says.
pub(crate) fn set(socket: impl AsFd, level: c_int, option: c_int, value: c_int) -> io::Result<()> {
    set_bytes(socket, level, option, &value.to_ne_bytes())
}

/// Sets an option whose value is these bytes.
///
/// # Errors
/// What the kernel says.
pub(crate) fn set_bytes(
    socket: impl AsFd,
    level: c_int,
    option: c_int,
    value: &[u8],
) -> io::Result<()> {
    // SAFETY: the socket is open, and the value is as long as is said.
    let result = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            level,
            option,
            value.as_ptr().cast(),
            value.len() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Has the kernel hold so many bytes for the reader, or what an ordinary user may have.
///
/// # Errors
/// What the kernel says of a size within its limit.
pub(crate) fn set_receive_buffer(socket: impl AsFd, bytes: usize) -> io::Result<()> {
    let socket = socket.as_fd();
    let size = c_int::try_from(bytes).unwrap_or(c_int::MAX);
    // The first is for administrators and may exceed the system's limit; the other is cut to it.
    if set(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, size).is_ok() {
        return Ok(());
    }
    let socket = socket2::SockRef::from(&socket);
    socket.set_recv_buffer_size(bytes)?;
    // The kernel counts its own overhead in, and says twice what was asked for.
    let granted = socket.recv_buffer_size()? / 2;
    if granted < bytes {
        log::info!(
            "the system holds {granted} bytes for the reader instead of {bytes}; the limit of \
             ordinary users is sysctl net.core.rmem_max"
        );
    }
    Ok(())
}

/// The socket's counter of datagrams that it did not take (`SK_MEMINFO_DROPS`, Linux 4.12), modulo
/// 2^32.
pub(crate) fn drops(socket: impl AsFd) -> Option<u32> {
    /// The place in `linux/sock_diag.h`; the kernel gives at least so many.
    const SK_MEMINFO_DROPS: usize = 8;
    let mut values = [0_u32; SK_MEMINFO_DROPS + 1];
    let mut len = size_of_val(&values) as libc::socklen_t;
    // SAFETY: the socket is open, and the kernel writes at most `len` bytes to `values`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            values.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    (result == 0 && len as usize == size_of_val(&values)).then(|| values[SK_MEMINFO_DROPS])
}

/// Room for what the kernel says of a datagram, aligned as it wants it.
#[repr(C, align(8))]
struct Control([u8; 128]);

/// A datagram of at most `BYTES` bytes and what the kernel said of it.
pub(crate) struct Slot<const BYTES: usize> {
    bytes: [u8; BYTES],
    sender: libc::sockaddr_storage,
    control: Control,
    len: usize,
    flags: c_int,
    notes: Notes,
}

#[derive(Debug, Clone, Copy, Default)]
struct Notes {
    kernel: Option<Timestamp>,
    hardware: Option<Timestamp>,
}

impl<const BYTES: usize> Slot<BYTES> {
    /// What it carried, as far as there was room.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// `MSG_TRUNC` and other flags of `recvmsg`.
    pub(crate) fn flags(&self) -> c_int {
        self.flags
    }

    /// Whom it came from, in the form of the socket's family.
    pub(crate) fn sender(&self) -> &libc::sockaddr_storage {
        &self.sender
    }

    /// When the kernel took it in; now if it does not say.
    pub(crate) fn time(&self) -> Timestamp {
        self.notes.kernel.unwrap_or_else(Timestamp::now)
    }

    /// When the device received it, by the device's clock, if the socket was told to ask.
    pub(crate) fn hardware_time(&self) -> Option<Timestamp> {
        self.notes.hardware
    }
}

/// Room for up to [`MAX_BATCH`] datagrams of at most `BYTES` bytes.
pub(crate) struct Slots<const BYTES: usize> {
    slots: Vec<Slot<BYTES>>,
    filled: usize,
}

impl<const BYTES: usize> Slots<BYTES> {
    pub(crate) fn new() -> Slots<BYTES> {
        let slot = || Slot {
            bytes: [0; BYTES],
            // SAFETY: all zeros are an address of no family.
            sender: unsafe { std::mem::zeroed() },
            control: Control([0; 128]),
            len: 0,
            flags: 0,
            notes: Notes::default(),
        };
        Slots {
            slots: (0..MAX_BATCH).map(|_| slot()).collect(),
            filled: 0,
        }
    }

    /// The datagrams that the last [`fill`](Slots::fill) took.
    pub(crate) fn filled(&self) -> impl Iterator<Item = &Slot<BYTES>> {
        self.slots[..self.filled].iter()
    }

    /// Takes what is there, at most `max` datagrams, without waiting.
    ///
    /// # Errors
    /// What the kernel says; not that nothing was there.
    pub(crate) fn fill(&mut self, socket: impl AsFd, max: usize) -> io::Result<usize> {
        self.filled = 0;
        let socket = socket.as_fd();
        // To prepare for one is quicker than to prepare for many.
        self.filled = match max {
            0 => 0,
            1 => receive::<1, BYTES>(socket, &mut self.slots[..1])?,
            _ => receive::<MAX_BATCH, BYTES>(socket, &mut self.slots[..max.min(MAX_BATCH)])?,
        };
        Ok(self.filled)
    }
}

impl<const BYTES: usize> fmt::Debug for Slots<BYTES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slots with {} datagrams", self.filled)
    }
}

/// Fills the slots, of which there are at most `N`.
fn receive<const N: usize, const BYTES: usize>(
    socket: std::os::fd::BorrowedFd<'_>,
    slots: &mut [Slot<BYTES>],
) -> io::Result<usize> {
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
        slot.len = (header.msg_len as usize).min(BYTES);
        slot.flags = header.msg_hdr.msg_flags;
        // SAFETY: the kernel filled this header in, and its control buffer is the slot's.
        slot.notes = unsafe { notes_in(&header.msg_hdr) };
    }
    Ok(taken)
}

/// What the control messages say.
///
/// # Safety
/// The header must have been filled in by the kernel, its control buffer must still be there.
unsafe fn notes_in(header: &libc::msghdr) -> Notes {
    let mut notes = Notes::default();
    // SAFETY: as the caller promises; the macros stay within the control buffer.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    // SAFETY: null or a control message within the buffer.
    while let Some(control) = unsafe { next.as_ref() } {
        // SAFETY: `control` lies in the header's buffer.
        let data = unsafe { libc::CMSG_DATA(control) };
        match (control.cmsg_level, control.cmsg_type) {
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                // SAFETY: the kernel puts a timespec there, whatever its alignment.
                notes.kernel = time(unsafe { ptr::read_unaligned(data.cast()) });
            }
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPING) => {
                // SAFETY: three of them here (`struct scm_timestamping`, `linux/errqueue.h`): the
                // kernel's, one that is no longer used, the device's.
                let times: [libc::timespec; 3] = unsafe { ptr::read_unaligned(data.cast()) };
                (notes.kernel, notes.hardware) = (time(times[0]), time(times[2]));
            }
            _ => {}
        }
        // SAFETY: `control` lies in the header's buffer.
        next = unsafe { libc::CMSG_NXTHDR(header, control) };
    }
    notes
}

/// The kernel leaves zeros where it has no time.
fn time(time: libc::timespec) -> Option<Timestamp> {
    let since = Duration::new(time.tv_sec as u64, time.tv_nsec as u32);
    (!since.is_zero()).then(|| Timestamp::from_nanos(since.as_nanos() as i64))
}

/// A counter of 32 bits that was looked at often enough, without end.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    seen: u32,
    total: u64,
}

impl Losses {
    /// The total after another look. Less than last time is no loss.
    pub(crate) fn look(&mut self, counter: u32) -> u64 {
        let more = counter.wrapping_sub(self.seen) as i32;
        if more > 0 {
            self.seen = counter;
            self.total += u64::from(more.unsigned_abs());
        }
        self.total
    }

    /// The total at the last look.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// Goes on with a counter that begins at zero.
    pub(crate) fn restart(&mut self) {
        self.seen = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixDatagram;

    #[test]
    fn losses_are_counted_beyond_32_bits_and_a_step_back_is_none() {
        let mut lost = Losses::default();
        assert_eq!(lost.look(u32::MAX), 0, "a step back");
        assert_eq!(lost.look(3), 3);
        assert_eq!(lost.look(2), 3);
        assert_eq!(lost.look(3), 3);
        assert_eq!(lost.look(1 << 31), 1 << 31);
        assert_eq!(lost.look(u32::MAX), u64::from(u32::MAX));
        assert_eq!(lost.look(9), (1 << 32) + 9);
        lost.restart();
        assert_eq!(
            (lost.look(0), lost.look(2)),
            ((1 << 32) + 9, (1 << 32) + 11)
        );
        assert_eq!(lost.total(), (1 << 32) + 11);
    }

    #[test]
    fn datagrams_are_taken_in_order_with_their_time_and_no_more_than_asked_for() {
        let (here, there) = UnixDatagram::pair().expect("a pair of sockets");
        set(&here, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1).expect("known to every kernel");
        let before = Timestamp::now();
        for number in 0..70_u8 {
            there.send(&[number; 3]).expect("there is room");
        }
        let mut slots = Slots::<2>::new();
        assert_eq!(slots.fill(&here, 0).expect("nothing to do"), 0);
        assert_eq!(slots.fill(&here, 1).expect("received"), 1);
        assert_eq!(slots.fill(&here, 100).expect("received"), MAX_BATCH);
        for (slot, number) in slots.filled().zip(1..) {
            assert_eq!(slot.bytes(), [number; 2]);
            assert_ne!(
                slot.flags() & libc::MSG_TRUNC,
                0,
                "a third byte had no room"
            );
            assert!(slot.time() >= before);
            assert_eq!(slot.hardware_time(), None);
        }
        assert_eq!(
            slots.fill(&here, 100).expect("received"),
            70 - 1 - MAX_BATCH
        );
        assert_eq!(slots.fill(&here, 100).expect("nothing is there"), 0);
        assert_eq!(slots.filled().count(), 0);
    }

    #[test]
    fn a_counter_of_losses_can_be_asked_for() {
        let (here, _there) = UnixDatagram::pair().expect("a pair of sockets");
        assert_eq!(drops(&here), Some(0));
    }
}
