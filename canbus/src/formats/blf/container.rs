//! Containers: their head, and zlib in both directions.
//!
//! A container's size is known and small, so the whole of it is inflated at once, by libdeflate
//! where that is built in. Only what is damaged, cut off or unusually large goes through a
//! stream inflater, which gives whatever there is before the damage and needs little memory.

use super::object::{BASE_SIZE, CONTAINER, SIGNATURE, field, padding};
use crate::error::{Error, ErrorKind, Result};
use flate2::{Decompress, FlushDecompress, Status};
#[cfg(feature = "fast-deflate")]
use libdeflater::{CompressionLvl, Compressor, Decompressor};

/// An object's beginning, the method (u16), and the size when inflated (u32), between reserved
/// bytes.
pub(super) const HEAD_SIZE: usize = 32;
/// The content stands as it is.
pub(super) const STORED: u16 = 0;
/// The content is compressed by zlib (RFC 1950).
pub(super) const ZLIB: u16 = 2;
/// Containers up to this size are inflated at once.
pub(super) const WHOLE: u32 = 1 << 20;
/// And up to this size when inflated.
pub(super) const WHOLE_INFLATED: u32 = 4 << 20;
/// The most that deflate expands: a byte stands for 1032 at best.
const MOST_RATIO: u32 = 1032;

/// The compression method of a container, and what it says its size when inflated is.
pub(super) fn head(bytes: &[u8]) -> (u16, u32) {
    (
        u16::from_le_bytes(field(bytes, BASE_SIZE)),
        u32::from_le_bytes(field(bytes, BASE_SIZE + 8)),
    )
}

/// Whether sizes are such that room for the whole content may be made before it is inflated.
pub(super) fn fits_at_once(size: u32, inflated: u32) -> bool {
    size <= WHOLE && inflated <= WHOLE_INFLATED.min(size.saturating_mul(MOST_RATIO))
}

/// Undoes zlib.
pub(super) struct Inflater {
    #[cfg(feature = "fast-deflate")]
    whole: Decompressor,
    stream: Decompress,
}

/// How a piece of compressed data went.
pub(super) struct Piece {
    pub(super) read: usize,
    pub(super) written: usize,
    pub(super) state: State,
}

/// What follows a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// More of the same.
    Going,
    /// Nothing: this was the end of the compressed data.
    Ended,
    /// Nothing that could be read: the data are damaged.
    Damaged,
}

impl Inflater {
    pub(super) fn new() -> Inflater {
        Inflater {
            #[cfg(feature = "fast-deflate")]
            whole: Decompressor::new(),
            stream: Decompress::new(true),
        }
    }

    /// Inflates complete data; `None` if they are damaged, incomplete or need more room.
    #[cfg(feature = "fast-deflate")]
    pub(super) fn whole(&mut self, packed: &[u8], room: &mut [u8]) -> Option<usize> {
        self.whole.zlib_decompress(packed, room).ok()
    }

    /// Inflates complete data; `None` if they are damaged, incomplete or need more room.
    #[cfg(not(feature = "fast-deflate"))]
    pub(super) fn whole(&mut self, packed: &[u8], room: &mut [u8]) -> Option<usize> {
        self.restart();
        let piece = self.piece(packed, room);
        (piece.state == State::Ended).then_some(piece.written)
    }

    /// Prepares for the first piece of other data.
    pub(super) fn restart(&mut self) {
        self.stream.reset(true);
    }

    /// Inflates the next piece, as far as data and room go.
    pub(super) fn piece(&mut self, packed: &[u8], room: &mut [u8]) -> Piece {
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

/// Makes containers.
pub(super) struct Packer {
    /// `None` stores without compression.
    #[cfg(feature = "fast-deflate")]
    compressor: Option<Compressor>,
    #[cfg(not(feature = "fast-deflate"))]
    compressor: Option<flate2::Compress>,
}

impl Packer {
    /// A packer of zlib's level 0 to 9, or -1 for the default.
    pub(super) fn new(level: i64) -> Packer {
        let level = u32::try_from(level).unwrap_or(6);
        #[cfg(feature = "fast-deflate")]
        let compressor = || Compressor::new(CompressionLvl::new(level as i32).unwrap_or_default());
        #[cfg(not(feature = "fast-deflate"))]
        let compressor = || flate2::Compress::new(flate2::Compression::new(level), true);
        Packer {
            compressor: (level > 0).then(compressor),
        }
    }

    /// Puts a container of these objects into `out`, with the padding that belongs behind it.
    ///
    /// # Errors
    /// `OperationFailed` if the compressor fails, which it has no reason to.
    pub(super) fn pack(&mut self, objects: &[u8], out: &mut Vec<u8>) -> Result<()> {
        out.clear();
        out.resize(HEAD_SIZE, 0);
        let method = self.compress(objects, out)?;
        let size = out.len() as u32;
        out[..4].copy_from_slice(SIGNATURE);
        out[4..6].copy_from_slice(&(BASE_SIZE as u16).to_le_bytes());
        out[6..8].copy_from_slice(&1_u16.to_le_bytes());
        out[8..12].copy_from_slice(&size.to_le_bytes());
        out[12..16].copy_from_slice(&CONTAINER.to_le_bytes());
        out[16..18].copy_from_slice(&method.to_le_bytes());
        out[24..28].copy_from_slice(&(objects.len() as u32).to_le_bytes());
        out.resize(out.len() + padding(size), 0);
        Ok(())
    }

    fn compress(&mut self, objects: &[u8], out: &mut Vec<u8>) -> Result<u16> {
        let Some(compressor) = &mut self.compressor else {
            out.extend_from_slice(objects);
            return Ok(STORED);
        };
        let failed = || Error::new(ErrorKind::OperationFailed, "a container was not compressed");
        #[cfg(feature = "fast-deflate")]
        {
            out.resize(HEAD_SIZE + compressor.zlib_compress_bound(objects.len()), 0);
            let written = compressor
                .zlib_compress(objects, &mut out[HEAD_SIZE..])
                .map_err(|_| failed())?;
            out.truncate(HEAD_SIZE + written);
        }
        #[cfg(not(feature = "fast-deflate"))]
        {
            // What deflate needs at worst: 5 bytes for each block of 16 KiB, and the frame.
            out.reserve(objects.len() + objects.len() / 1024 + 64);
            compressor.reset();
            let outcome = compressor.compress_vec(objects, out, flate2::FlushCompress::Finish);
            if !matches!(outcome, Ok(Status::StreamEnd)) {
                return Err(failed());
            }
        }
        Ok(ZLIB)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        (0..5_000_u32).flat_map(|n| (n / 7).to_le_bytes()).collect()
    }

    fn packed(level: i64, objects: &[u8]) -> Vec<u8> {
        let mut out = vec![1, 2, 3];
        Packer::new(level)
            .pack(objects, &mut out)
            .expect("compresses");
        out
    }

    #[test]
    fn a_stored_container_is_head_content_and_padding() {
        // Written by python-can 4.6.1 with compression level 0 around 120 bytes.
        let expected = "4c4f424a10000100980000000a00000000000000000000007800000000000000";
        let container = packed(0, &[7; 120]);
        assert_eq!(faster_hex::hex_string(&container[..HEAD_SIZE]), expected);
        assert_eq!(container[HEAD_SIZE..], [7; 120]);
        let odd = packed(0, &[7; 99]);
        assert_eq!(odd[HEAD_SIZE..131], [7; 99]);
        assert_eq!(odd[131..], [0; 3]);
    }

    #[test]
    fn every_level_inflates_to_what_was_packed() {
        let objects = sample();
        let mut sizes = Vec::new();
        for level in [-1, 1, 6, 9] {
            let container = packed(level, &objects);
            assert_eq!(head(&container), (ZLIB, objects.len() as u32));
            let size = u32::from_le_bytes(field(&container, 8));
            assert_eq!(container.len(), size as usize + padding(size));
            let mut room = vec![0; objects.len()];
            let count = Inflater::new().whole(&container[HEAD_SIZE..size as usize], &mut room);
            assert_eq!(count, Some(objects.len()));
            assert_eq!(room, objects);
            sizes.push(size);
        }
        assert_eq!(sizes[0], sizes[2], "-1 means 6");
        assert!(sizes[1] > sizes[3], "{sizes:?}");
    }

    #[test]
    fn incompressible_data_fit_as_well() {
        let noise: Vec<u8> = (0..70_000_u64)
            .map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 29) as u8)
            .collect();
        for level in [1, 9] {
            let container = packed(level, &noise);
            let mut room = vec![0; noise.len()];
            let count = Inflater::new().whole(&container[HEAD_SIZE..], &mut room);
            assert_eq!((count, room == noise), (Some(noise.len()), true));
        }
    }

    #[test]
    fn pieces_give_what_is_before_the_damage() {
        let objects = sample();
        let mut container = packed(6, &objects);
        let mut inflater = Inflater::new();
        let mut room = vec![0; objects.len()];
        let half = container.len() / 2;
        let piece = inflater.piece(&container[HEAD_SIZE..half], &mut room);
        assert_eq!(piece.state, State::Going);
        assert_eq!(piece.read, half - HEAD_SIZE);
        assert!(piece.written > objects.len() / 4, "{}", piece.written);
        assert_eq!(room[..piece.written], objects[..piece.written]);
        let rest = inflater.piece(&container[half..], &mut room[piece.written..]);
        assert_eq!(rest.state, State::Ended);
        assert_eq!(room, objects);

        container[HEAD_SIZE] = 0xFF;
        inflater.restart();
        let piece = inflater.piece(&container[HEAD_SIZE..], &mut room);
        assert_eq!((piece.state, piece.written), (State::Damaged, 0));
        assert_eq!(inflater.whole(&container[HEAD_SIZE..], &mut room), None);
    }

    #[test]
    fn room_is_only_made_for_sizes_that_can_be() {
        assert!(fits_at_once(WHOLE, WHOLE_INFLATED));
        assert!(!fits_at_once(WHOLE + 1, 1));
        assert!(!fits_at_once(WHOLE, WHOLE_INFLATED + 1));
        assert!(fits_at_once(100, 103_200));
        assert!(!fits_at_once(100, 103_201));
    }
}
