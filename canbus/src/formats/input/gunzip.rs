//! Undoes gzip, and tells the end of a file that was cut from damage in the middle of it.

use super::ReadReport;
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

/// How much of the compressed bytes is read at once.
const CAPACITY: usize = 1 << 16;

/// The first two bytes of every member (RFC 1952).
const MAGIC: [u8; 2] = [0x1F, 0x8B];

/// The decompressed bytes of all members, one after another.
///
/// A program that is killed leaves a file without its end. Whatever can be decompressed of it is
/// delivered, and the report says that something is missing; other damage is an error.
pub(super) struct Gunzip<R> {
    decoder: MultiGzDecoder<BufReader<R>>,
    report: Arc<ReadReport>,
    ended: bool,
}

impl<R: Read> Gunzip<R> {
    pub(super) fn new(source: R, report: Arc<ReadReport>) -> io::Result<Gunzip<R>> {
        let mut source = BufReader::with_capacity(CAPACITY, source);
        let start = source.fill_buf()?;
        if !start.iter().zip(MAGIC).all(|(&byte, magic)| byte == magic) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is not compressed with gzip, though its name ends with .gz",
            ));
        }
        Ok(Gunzip {
            decoder: MultiGzDecoder::new(source),
            report,
            ended: false,
        })
    }
}

impl<R: Read> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        let error = match self.decoder.read(buffer) {
            Err(error) => error,
            count => return count,
        };
        match error.kind() {
            io::ErrorKind::UnexpectedEof => {
                self.ended = true;
                self.report.note_truncated();
                Ok(0)
            }
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                self.ended = true;
                let message = format!("the compressed data is damaged: {error}");
                Err(io::Error::new(io::ErrorKind::InvalidData, message))
            }
            _ => Err(error),
        }
    }
}
