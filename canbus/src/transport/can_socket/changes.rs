//! Reception of changes alone: the broadcast manager (`linux/can/bcm.h`) compares each frame of a
//! subscribed ID with the last one, and passes those that differ.

use super::cyclic::{self, Head, Timing};
use super::{CLASSIC_SIZE, FD_SIZE, Packed};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How many bytes stand before the frame in what this socket gives.
pub(super) const HEAD: usize = size_of::<Head>();

/// A socket that hears changes.
#[derive(Debug)]
pub(super) struct Changes(OwnedFd);

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Changes {
    /// A socket on the interface of this number, or on all (0), that hears nothing yet.
    ///
    /// # Errors
    /// What the kernel says; `EPROTONOSUPPORT` where it has no broadcast manager.
    pub(super) fn open(index: u32) -> io::Result<Changes> {
        Ok(Changes(cyclic::open(index)?))
    }

    /// Hears data frames of these IDs, as they stand in a frame's first word; CAN FD frames too if
    /// so asked.
    ///
    /// # Errors
    /// What the kernel says.
    pub(super) fn subscribe(&self, ids: &[u32], fd: bool) -> io::Result<()> {
        let sizes = if fd {
            &[CLASSIC_SIZE, FD_SIZE][..]
        } else {
            &[CLASSIC_SIZE][..]
        };
        for id in ids {
            for &size in sizes {
                // Which bits of the data count: all.
                let mut bytes = [0xFF; FD_SIZE];
                bytes[..4].copy_from_slice(&id.to_ne_bytes());
                let mask = [Packed { bytes, size }];
                cyclic::tell(
                    &self.0,
                    libc::RX_SETUP,
                    libc::RX_CHECK_DLC,
                    *id,
                    &mask,
                    Timing::default(),
                )?;
            }
        }
        Ok(())
    }
}
