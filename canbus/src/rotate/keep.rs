//! How many full files are kept: the oldest go first, and only those with names of their own kind.

use super::{Names, Result};
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::PathBuf;

/// What to keep, and what there is.
pub(super) struct Keep {
    /// At most so many files, the current one among them.
    files: Option<u32>,
    /// At most so many bytes, those of the current file among them.
    bytes: Option<u64>,
    /// The full files and their sizes, oldest first.
    full: VecDeque<(PathBuf, u64)>,
    deleted: u64,
}

impl Keep {
    /// With the full files of earlier runs.
    pub(super) fn new(files: Option<u32>, bytes: Option<u64>, names: &Names) -> Result<Keep> {
        let mut found = names.existing()?;
        // The time of the last change is right where a clock was set back; of files of one
        // moment the names tell the order.
        found.sort_by_cached_key(|(path, about)| (about.modified().ok(), path.clone()));
        let full = found.into_iter().map(|(path, about)| (path, about.len()));
        Ok(Keep {
            files,
            bytes,
            full: full.collect(),
            deleted: 0,
        })
    }

    /// One more file is full.
    pub(super) fn add(&mut self, path: PathBuf) {
        // What a rotator has put elsewhere is not ours any more.
        if let Ok(about) = fs::metadata(&path) {
            self.full.push_back((path, about.len()));
        }
    }

    /// Deletes the oldest files, until the rest and the current file of this size are not more
    /// than what is to be kept.
    pub(super) fn enforce(&mut self, current: u64) {
        while self.is_too_much(current) {
            let Some((path, _)) = self.full.pop_front() else {
                return;
            };
            match fs::remove_file(&path) {
                Ok(()) => self.deleted += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                // Recording goes on: it is worth more than the room.
                Err(error) => log::warn!("{}: cannot be deleted: {error}", path.display()),
            }
        }
    }

    fn is_too_much(&self, current: u64) -> bool {
        let full: u64 = self.full.iter().map(|(_, bytes)| bytes).sum();
        let files = self.full.len() as u64 + 1;
        let many = self.files.is_some_and(|most| files > u64::from(most));
        many || self.bytes.is_some_and(|most| full + current > most)
    }

    pub(super) fn deleted(&self) -> u64 {
        self.deleted
    }
}
