//! What can be said about a reading while it runs and after it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How far the reading of a file has come, and what it passed over.
#[derive(Debug, Default)]
pub struct ReadReport {
    bytes: AtomicU64,
    size: u64,
    passed_over: AtomicU64,
    truncated: AtomicBool,
    date_left_out: AtomicBool,
}

impl ReadReport {
    pub(super) fn of_size(size: u64) -> ReadReport {
        ReadReport {
            size,
            ..ReadReport::default()
        }
    }

    /// Bytes of the file that were read, compressed ones for a compressed file.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn count_all(&self) {
        self.bytes.store(self.size, Ordering::Relaxed);
    }

    /// The size of the file in bytes; 0 where it is not known.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Records of the format that are no CAN frames and were passed over.
    pub fn passed_over(&self) -> u64 {
        self.passed_over.load(Ordering::Relaxed)
    }

    /// Whether the file ends in the middle of a record; what came before was read.
    pub fn is_truncated(&self) -> bool {
        self.truncated.load(Ordering::Relaxed)
    }

    /// Whether the file has a date, and by an option of its reader times count from 0 all the same.
    pub fn is_date_left_out(&self) -> bool {
        self.date_left_out.load(Ordering::Relaxed)
    }

    /// Notes that a date was left out; for readers.
    pub fn note_date_left_out(&self) {
        self.date_left_out.store(true, Ordering::Relaxed);
    }

    /// Counts records that are no CAN frames; for readers.
    pub fn pass_over(&self, records: u64) {
        self.passed_over.fetch_add(records, Ordering::Relaxed);
    }

    /// Notes that the file ends in the middle of a record; for readers.
    pub fn note_truncated(&self) {
        self.truncated.store(true, Ordering::Relaxed);
    }
}
