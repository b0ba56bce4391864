//! An inflated data block, in memory where there is room, else in a temporary file: a file with
//! hundreds of groups would need hundreds of blocks at once.

use super::bytes::Bytes;
use super::chain::Data;
use crate::error::{Context, Result};
use crate::formats::deflate::{MOST_RATIO, State};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

/// Compressed blocks up to this size are inflated at once.
const WHOLE: u64 = 4 << 20;
/// Blocks are never larger than this when inflated, or their size is taken for damage.
const MOST: u64 = 1 << 30;
/// What goes through the stream inflater at a time.
const PIECE: usize = 64 << 10;

/// An inflated block.
pub(super) enum Held {
    Memory(Vec<u8>),
    Disk(File, usize),
}

impl Held {
    /// Inflates a block; `None` if it is damaged, or if it is too large for memory and need not be
    /// read at any place.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn inflate(
        data: Data,
        size: u64,
        any_place: bool,
        bytes: &mut Bytes,
    ) -> Result<Option<Held>> {
        if size > MOST.min(data.stored.saturating_mul(MOST_RATIO.into())) {
            return Ok(None);
        }
        let size = size as usize;
        let stored = data.stored.min(WHOLE + 1) as usize;
        if data.stored <= WHOLE && bytes.hold(size + stored) {
            let mut packed = std::mem::take(&mut bytes.packed);
            packed.resize(packed.len().max(stored), 0);
            let read = bytes.read_at(data.at, &mut packed[..stored]);
            let mut inflated = std::mem::take(&mut bytes.spare);
            inflated.resize(size, 0);
            let count = read.map(|read| bytes.inflater.whole(&packed[..read], &mut inflated));
            bytes.packed = packed;
            bytes.release(stored);
            if count? == Some(size) {
                bytes.spend_data(data.at, data.stored)?;
                return Ok(Some(Held::Memory(inflated)));
            }
            bytes.release(size);
            return Ok(None);
        }
        if any_place {
            Held::on_disk(data, size, bytes)
        } else {
            Ok(None)
        }
    }

    fn on_disk(data: Data, size: usize, bytes: &mut Bytes) -> Result<Option<Held>> {
        let what = "a temporary file";
        let mut file = tempfile::tempfile().context(what)?;
        let (mut at, end) = (data.at, data.at + data.stored);
        let (mut packed, mut room) = (vec![0; PIECE], vec![0; PIECE]);
        let mut written = 0;
        bytes.inflater.restart();
        while written < size {
            let count = (end - at).min(PIECE as u64) as usize;
            let read = bytes.read_at(at, &mut packed[..count])?;
            let piece = bytes.inflater.piece(&packed[..read], &mut room);
            file.write_all(&room[..piece.written]).context(what)?;
            at += piece.read as u64;
            written += piece.written;
            if piece.state != State::Going || piece.read + piece.written == 0 {
                break;
            }
        }
        bytes.spend_data(data.at, data.stored)?;
        Ok((written == size).then_some(Held::Disk(file, size)))
    }

    /// How many bytes it has.
    pub(super) fn size(&self) -> usize {
        match self {
            Held::Memory(bytes) => bytes.len(),
            &Held::Disk(_, size) => size,
        }
    }

    /// Fills the buffer from a place on, where so many bytes are.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn read(&mut self, at: usize, buffer: &mut [u8]) -> Result<()> {
        match self {
            Held::Memory(bytes) => buffer.copy_from_slice(&bytes[at..at + buffer.len()]),
            Held::Disk(file, _) => {
                let sought = file.seek(SeekFrom::Start(at as u64));
                sought
                    .and_then(|_| file.read_exact(buffer))
                    .context("a temporary file")?;
            }
        }
        Ok(())
    }

    /// Puts one column into rows of this width: of `rows` in all those from `row` on.
    ///
    /// # Errors
    /// `Io`.
    #[inline]
    pub(super) fn column(
        &mut self,
        column: usize,
        rows: usize,
        row: usize,
        window: &mut [u8],
        width: usize,
    ) -> Result<()> {
        let count = window.len() / width;
        let at = column * rows + row;
        match self {
            Held::Memory(bytes) => spread(&bytes[at..at + count], window, width, column),
            Held::Disk(..) => {
                let mut part = vec![0; count];
                self.read(at, &mut part)?;
                spread(&part, window, width, column);
            }
        }
        Ok(())
    }

    /// Gives the memory back.
    pub(super) fn give_back(self, bytes: &mut Bytes) {
        if let Held::Memory(memory) = self {
            bytes.release(memory.len());
            bytes.spare = memory;
        }
    }
}

fn spread(part: &[u8], window: &mut [u8], width: usize, column: usize) {
    for (record, &byte) in window.chunks_exact_mut(width).zip(part) {
        record[column] = byte;
    }
}
