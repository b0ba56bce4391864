//! What is left of a packet of which a part went out: it goes before anything else.

use super::Way;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The rest of a packet, and the right to write.
#[derive(Debug, Default)]
pub(super) struct Rest {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    /// Whether a thread waits to write it.
    followed: bool,
}

impl Rest {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is left of an earlier packet, then the packets from number `taken` on, as far as
    /// there is room. Returns how many packets were taken by now, and whether all of each went out.
    pub(super) fn write(
        &self,
        way: &dyn Way,
        bytes: &[u8],
        ends: &[usize],
        taken: usize,
    ) -> io::Result<(usize, bool)> {
        let mut state = self.lock();
        if !state.flush(way)? {
            return Ok((taken, false));
        }
        let start = taken.checked_sub(1).map_or(0, |last| ends[last]);
        let written = start + write_some(way, &bytes[start..])?;
        let whole = ends.partition_point(|&end| end <= written).max(taken);
        let boundary = whole.checked_sub(1).map_or(0, |last| ends[last]);
        if written <= boundary {
            return Ok((whole, true));
        }
        // Its first byte is out, so it is sent: nobody else's bytes may come between.
        state.bytes.extend_from_slice(&bytes[written..ends[whole]]);
        Ok((whole + 1, false))
    }

    /// Whether a thread is to be started that writes the rest.
    pub(super) fn begin_following(&self) -> bool {
        let mut state = self.lock();
        let begin = !state.bytes.is_empty() && !state.followed;
        state.followed |= begin;
        begin
    }

    /// Writes the rest as far as there is room; true once there is none, or it cannot be written.
    pub(super) fn end_following(&self, way: &dyn Way) -> bool {
        let mut state = self.lock();
        // An error comes again to whoever reads or writes next.
        let done = state.flush(way).unwrap_or(true);
        state.followed &= !done;
        done
    }
}

impl State {
    /// Whether nothing is left.
    fn flush(&mut self, way: &dyn Way) -> io::Result<bool> {
        if !self.bytes.is_empty() {
            let written = write_some(way, &self.bytes)?;
            self.bytes.drain(..written);
        }
        Ok(self.bytes.is_empty())
    }
}

/// Writes as much as there is room for.
fn write_some(way: &dyn Way, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match way.write(&bytes[written..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // What went out counts; the error comes again with the next write.
            Err(_) if written > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
