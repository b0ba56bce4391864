//! zlib (RFC 1950) in both directions, for formats whose files hold compressed blocks: of a whole
//! block by libdeflate where that is built in, and piece by piece, which gives whatever there is
//! before damage.

use crate::error::{Error, ErrorKind, Result};
use flate2::{Decompress, FlushDecompress, Status};
#[cfg(feature = "fast-deflate")]
use libdeflater::{CompressionLvl, Compressor, Decompressor};

/// Containers up to this size are inflated at once.
const WHOLE: u32 = 1 << 20;
/// And up to this size when inflated.
const WHOLE_INFLATED: u32 = 4 << 20;
/// The most that deflate expands: a byte stands for 1032 at best.
pub(crate) const MOST_RATIO: u32 = 1032;

/// Whether sizes are such that room for the whole content may be made before it is inflated.
pub(crate) fn fits_at_once(size: u32, inflated: u32) -> bool {
    size <= WHOLE && inflated <= WHOLE_INFLATED.min(size.saturating_mul(MOST_RATIO))
}

/// Undoes zlib.
pub(crate) struct Inflater {
    #[cfg(feature = "fast-deflate")]
    whole: Decompressor,
    stream: Decompress,
}

/// How a piece of compressed data went.
pub(crate) struct Piece {
    pub(crate) read: usize,
    pub(crate) written: usize,
    pub(crate) state: State,
}

/// What follows a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// More of the same.
    Going,
    /// Nothing: this was the end of the compressed data.
    Ended,
    /// Nothing that could be read: the data are damaged.
    Damaged,
}

impl Inflater {
    pub(crate) fn new() -> Inflater {
        Inflater {
            #[cfg(feature = "fast-deflate")]
            whole: Decompressor::new(),
            stream: Decompress::new(true),
        }
    }

    /// Inflates complete data; `None` if they are damaged, incomplete or need more room.
    #[cfg(feature = "fast-deflate")]
    pub(crate) fn whole(&mut self, packed: &[u8], room: &mut [u8]) -> Option<usize> {
        self.whole.zlib_decompress(packed, room).ok()
    }

    /// Inflates complete data; `None` if they are damaged, incomplete or need more room.
    #[cfg(not(feature = "fast-deflate"))]
    pub(crate) fn whole(&mut self, packed: &[u8], room: &mut [u8]) -> Option<usize> {
        self.restart();
        let piece = self.piece(packed, room);
        (piece.state == State::Ended).then_some(piece.written)
    }

    /// Prepares for the first piece of other data.
    pub(crate) fn restart(&mut self) {
        self.stream.reset(true);
    }

    /// Inflates the next piece, as far as data and room go.
    pub(crate) fn piece(&mut self, packed: &[u8], room: &mut [u8]) -> Piece {
        let before = (self.stream.total_in(), self.stream.total_out());
        let outcome = self.stream.decompress(packed, room, FlushDecompress::None);
        Piece {
            read: (self.stream.total_in() - before.0) as usize,
            written: (self.stream.total_out() - before.1) as usize,
            state: match outcome {
                Ok(Status::StreamEnd) => State::Ended,
                Ok(Status::Ok | Status::BufError) => State::Going,
                Err(_) => State::Damaged,
            },
        }
    }
}

/// Compresses whole blocks.
pub(crate) struct Deflater {
    #[cfg(feature = "fast-deflate")]
    compressor: Compressor,
    #[cfg(not(feature = "fast-deflate"))]
    compressor: flate2::Compress,
}

impl Deflater {
    /// A compressor of zlib's level 1 to 9.
    pub(crate) fn new(level: u32) -> Deflater {
        #[cfg(feature = "fast-deflate")]
        let compressor = Compressor::new(CompressionLvl::new(level as i32).unwrap_or_default());
        #[cfg(not(feature = "fast-deflate"))]
        let compressor = flate2::Compress::new(flate2::Compression::new(level), true);
        Deflater { compressor }
    }

    /// Appends the compressed form of a block.
    ///
    /// # Errors
    /// `OperationFailed` if the compressor fails, which it has no reason to.
    #[cfg(feature = "fast-deflate")]
    pub(crate) fn append(&mut self, block: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let before = out.len();
        let room = self.compressor.zlib_compress_bound(block.len());
        out.resize(before + room, 0);
        let written = self
            .compressor
            .zlib_compress(block, &mut out[before..])
            .map_err(|_| failed())?;
        out.truncate(before + written);
        Ok(())
    }

    /// Appends the compressed form of a block.
    ///
    /// # Errors
    /// `OperationFailed` if the compressor fails, which it has no reason to.
    #[cfg(not(feature = "fast-deflate"))]
    pub(crate) fn append(&mut self, block: &[u8], out: &mut Vec<u8>) -> Result<()> {
        // What deflate needs at worst: 5 bytes for each block of 16 KiB, and the frame.
        out.reserve(block.len() + block.len() / 1024 + 64);
        self.compressor.reset();
        let finish = flate2::FlushCompress::Finish;
        let outcome = self.compressor.compress_vec(block, out, finish);
        if !matches!(outcome, Ok(Status::StreamEnd)) {
            return Err(failed());
        }
        Ok(())
    }
}

fn failed() -> Error {
    Error::new(ErrorKind::OperationFailed, "a block was not compressed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_only_made_for_sizes_that_can_be() {
        assert!(fits_at_once(WHOLE, WHOLE_INFLATED));
        assert!(!fits_at_once(WHOLE + 1, 1));
        assert!(!fits_at_once(WHOLE, WHOLE_INFLATED + 1));
        assert!(fits_at_once(100, 103_200));
        assert!(!fits_at_once(100, 103_201));
    }
}
