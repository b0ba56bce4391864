//! Sending in the kernel's own time: one periodic task of the broadcast manager
//! (`linux/can/bcm.h`), which has a socket of its own.
#![expect(
    unsafe_code,
    reason = "the socket's address and messages are C structures"
)]

use super::{CLASSIC_SIZE, FD_SIZE, Packed};
use std::ffi::c_long;
use std::io;
use std::mem::offset_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

/// The most frames that a task of the kernel takes turns with (`MAX_NFRAMES`).
pub(crate) const MAX_FRAMES: usize = 256;

/// When a task sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Timing {
    /// So many frames at the first period; 0: none.
    pub(crate) count: u32,
    /// The first period, in whole microseconds.
    pub(crate) first: Duration,
    /// The period of all frames after that; zero ends the task then.
    pub(crate) then: Duration,
}

/// What stands before the frames of an order or of an answer.
pub(super) type Head = libc::bcm_msg_head;

/// The number by which a socket knows its periodic task; it has no other.
const TASK: u32 = 1;

/// A periodic task of the kernel. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Cyclic(OwnedFd);

impl Cyclic {
    /// A task on this interface that sends nothing yet.
    ///
    /// # Errors
    /// What the kernel says; `EPROTONOSUPPORT` where it has no broadcast manager.
    pub(crate) fn open(index: u32) -> io::Result<Cyclic> {
        Ok(Cyclic(open(index)?))
    }

    /// Begins with the first frame, now. The frames are all of one size.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn start(&self, frames: &[Packed], timing: Timing) -> io::Result<()> {
        let flags = libc::SETTIMER | libc::STARTTIMER | libc::TX_RESET_MULTI_IDX;
        self.tell_of_task(libc::TX_SETUP, flags | libc::TX_COUNTEVT, frames, timing)
    }

    /// Puts other frames in the place of those of a task that was started; their turn and time stay.
    ///
    /// # Errors
    /// What the kernel says.
    pub(crate) fn replace(&self, frames: &[Packed], timing: Timing) -> io::Result<()> {
        // The kernel forgets the other flags with each order.
        self.tell_of_task(libc::TX_SETUP, libc::TX_COUNTEVT, frames, timing)
    }

    /// Ends a task that was started.
    ///
    /// # Errors
    /// What the kernel says; `EINVAL` if there is none.
    pub(crate) fn stop(&self, frames: &[Packed], timing: Timing) -> io::Result<()> {
        self.tell_of_task(libc::TX_DELETE, 0, &frames[..0], timing)
    }

    /// Whether the kernel has said since the last call that the frames of a limited number are sent.
    ///
    /// # Errors
    /// `ENODEV` when the interface was removed.
    pub(crate) fn has_ended(&self) -> io::Result<bool> {
        let mut answer = [0_u8; 256];
        // SAFETY: the socket is open, and the kernel writes at most as many bytes as there are.
        let got = unsafe {
            libc::recv(
                self.0.as_raw_fd(),
                answer.as_mut_ptr().cast(),
                answer.len(),
                libc::MSG_DONTWAIT,
            )
        };
        if got < 0 {
            let error = io::Error::last_os_error();
            return match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(false),
                _ => Err(error),
            };
        }
        Ok(answer[..4] == libc::TX_EXPIRED.to_ne_bytes())
    }

    fn tell_of_task(
        &self,
        opcode: u32,
        flags: u32,
        frames: &[Packed],
        timing: Timing,
    ) -> io::Result<()> {
        tell(&self.0, opcode, flags, TASK, frames, timing)
    }
}

/// A socket of the broadcast manager on the interface of this number, or on all (0).
///
/// # Errors
/// What the kernel says; `EPROTONOSUPPORT` where it has no broadcast manager.
pub(super) fn open(index: u32) -> io::Result<OwnedFd> {
    let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: numbers only.
    let socket = unsafe { libc::socket(libc::PF_CAN, kind, libc::CAN_BCM) };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just opened it, and nobody else has it.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    let address = super::address(index);
    // SAFETY: the socket is open, and the address is as long as is said.
    let result = unsafe {
        libc::connect(
            socket.as_raw_fd(),
            (&raw const address).cast(),
            size_of_val(&address) as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(socket)
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Gives the broadcast manager an order about the task or the subscription of this number.
///
/// # Errors
/// What the kernel says.
pub(super) fn tell(
    socket: &OwnedFd,
    opcode: u32,
    flags: u32,
    number: u32,
    frames: &[Packed],
    timing: Timing,
) -> io::Result<()> {
    let message = message(opcode, flags, number, frames, timing);
    // SAFETY: the socket is open, and the kernel reads so many bytes.
    let sent = unsafe {
        libc::send(
            socket.as_raw_fd(),
            message.as_ptr().cast(),
            message.len(),
            libc::MSG_DONTWAIT,
        )
    };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A `struct bcm_msg_head` with its frames behind it.
fn message(opcode: u32, flags: u32, number: u32, frames: &[Packed], timing: Timing) -> Vec<u8> {
    let fd = frames.first().is_some_and(|frame| frame.size == FD_SIZE);
    let size = if fd { FD_SIZE } else { CLASSIC_SIZE };
    let flags = flags | if fd { libc::CAN_FD_FRAME } else { 0 };
    let mut bytes = vec![0; size_of::<Head>()];
    let mut put = |at: usize, value: &[u8]| bytes[at..at + value.len()].copy_from_slice(value);
    put(offset_of!(Head, opcode), &opcode.to_ne_bytes());
    put(offset_of!(Head, flags), &flags.to_ne_bytes());
    put(offset_of!(Head, count), &timing.count.to_ne_bytes());
    let periods = [
        (offset_of!(Head, ival1), timing.first),
        (offset_of!(Head, ival2), timing.then),
    ];
    for (at, period) in periods {
        put(at, &(period.as_secs() as c_long).to_ne_bytes());
        let micros = c_long::from(period.subsec_micros() as i32);
        put(at + size_of::<c_long>(), &micros.to_ne_bytes());
    }
    put(offset_of!(Head, can_id), &number.to_ne_bytes());
    put(
        offset_of!(Head, nframes),
        &(frames.len() as u32).to_ne_bytes(),
    );
    for frame in frames {
        bytes.extend(&frame.bytes[..size]);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_laid_out_as_the_kernel_reads_it() {
        let frame = Packed {
            bytes: [7; FD_SIZE],
            size: CLASSIC_SIZE,
        };
        let timing = Timing {
            count: 3,
            first: Duration::from_micros(1_000_002),
            then: Duration::from_millis(5),
        };
        let bytes = message(1, 2, TASK, &[frame; 2], timing);
        assert_eq!(
            bytes.len(),
            size_of::<libc::bcm_msg_head>() + 2 * CLASSIC_SIZE
        );
        let head = &bytes[..12];
        assert_eq!(head, [1_u32, 2, 3].map(u32::to_ne_bytes).concat());
        let at = offset_of!(libc::bcm_msg_head, ival1);
        let long = size_of::<c_long>();
        let numbers = [1 as c_long, 2, 0, 5000].map(c_long::to_ne_bytes).concat();
        assert_eq!(bytes[at..at + 4 * long], numbers);
        let fd = Packed {
            size: FD_SIZE,
            ..frame
        };
        let bytes = message(1, 0, TASK, &[fd], timing);
        assert_eq!(bytes.len(), size_of::<libc::bcm_msg_head>() + FD_SIZE);
        assert_eq!(bytes[4..8], 0x800_u32.to_ne_bytes());
    }
}
