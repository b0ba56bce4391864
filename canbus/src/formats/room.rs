//! Memory for large blocks of compressed files. All readers of the process share it, so that it is
//! bounded however many logs are open; who gets none reads such blocks piece by piece or from a
//! temporary file, which takes a little longer.

use std::sync::atomic::{AtomicUsize, Ordering};

/// What all readers hold: asammdf makes blocks of 4 MiB.
static ALL: Pool = Pool::new(9 << 19);

/// Memory of which parts can be had.
struct Pool {
    left: AtomicUsize,
}

impl Pool {
    const fn new(bytes: usize) -> Pool {
        Pool {
            left: AtomicUsize::new(bytes),
        }
    }

    fn take(&self, bytes: usize) -> bool {
        let less = |left: usize| left.checked_sub(bytes);
        let order = Ordering::Relaxed;
        self.left.fetch_update(order, order, less).is_ok()
    }
}

/// A reader's part; given back when dropped.
pub(super) struct Room {
    pool: &'static Pool,
    bytes: usize,
}

impl Room {
    /// Nothing so far.
    pub(super) fn new() -> Room {
        Room {
            pool: &ALL,
            bytes: 0,
        }
    }

    /// Widens it to so many bytes, if it is not as wide; false where others hold too much.
    pub(super) fn widen(&mut self, bytes: usize) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let there = more == 0 || self.pool.take(more);
        if there {
            self.bytes += more;
        }
        there
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.pool.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_holds_the_other_does_not_get() {
        static POOL: Pool = Pool::new(100);
        let room = || Room {
            pool: &POOL,
            bytes: 0,
        };
        let (mut one, mut other) = (room(), room());
        assert!(one.widen(60) && one.widen(10));
        assert!(!other.widen(41) && other.widen(40));
        assert!(!one.widen(61) && one.widen(60) && one.widen(0));
        drop(one);
        assert!(other.widen(100) && !other.widen(101));
        drop(other);
        assert!(room().widen(100));
        assert!(!room().widen(usize::MAX));
    }
}
