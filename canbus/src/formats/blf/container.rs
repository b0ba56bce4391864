//! Containers: their head, and what is compressed in them.
//!
//! A container's size is known and small, so the whole of it is inflated at once. Only what is
//! damaged, cut off or unusually large goes through a stream inflater, which gives whatever there
//! is before the damage and needs little memory.

use super::object::{BASE_SIZE, CONTAINER, SIGNATURE, field, padding};
use crate::error::Result;
use crate::formats::deflate::Deflater;

/// An object's beginning, the method (u16), and the size when inflated (u32), between reserved
/// bytes.
pub(super) const HEAD_SIZE: usize = 32;
/// The content stands as it is.
pub(super) const STORED: u16 = 0;
/// The content is compressed by zlib (RFC 1950).
pub(super) const ZLIB: u16 = 2;
/// The compression method of a container, and what it says its size when inflated is.
pub(super) fn head(bytes: &[u8]) -> (u16, u32) {
    (
        u16::from_le_bytes(field(bytes, BASE_SIZE)),
        u32::from_le_bytes(field(bytes, BASE_SIZE + 8)),
    )
}

/// Makes containers.
pub(super) struct Packer {
    /// `None` stores without compression.
    deflater: Option<Deflater>,
}

impl Packer {
    /// A packer of zlib's level 0 to 9, or -1 for the default.
    pub(super) fn new(level: i64) -> Packer {
        let level = u32::try_from(level).unwrap_or(6);
        Packer {
            deflater: (level > 0).then(|| Deflater::new(level)),
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
        let Some(deflater) = &mut self.deflater else {
            out.extend_from_slice(objects);
            return Ok(STORED);
        };
        deflater.append(objects, out)?;
        Ok(ZLIB)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::deflate::{Inflater, State};

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
}
