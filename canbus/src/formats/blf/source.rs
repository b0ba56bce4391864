//! The bytes of a file as a window that moves forward, with the offset for error messages.

use crate::error::Error;
use crate::formats::Input;

/// So much is read at a time.
const STEP: usize = 128 << 10;

/// A window on the input.
pub(super) struct Source {
    input: Input,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// How many bytes of the input are behind the window's beginning.
    offset: u64,
    ended: bool,
    /// Why the input ended, if it was an error.
    error: Option<Error>,
}

impl Source {
    pub(super) fn new(input: Input) -> Source {
        Source {
            input,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            offset: 0,
            ended: false,
            error: None,
        }
    }

    /// The name that stands in error messages.
    pub(super) fn name(&self) -> &str {
        self.input.name()
    }

    /// The offset of the first byte of the window.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The bytes in the window.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Widens the window to at least this many bytes; false where the input has no more. The
    /// caller vouches that the number is small: room is made for it. An error of the input is
    /// its end, so that what came before it is read first; see [`Source::take_error`].
    pub(super) fn fill(&mut self, wanted: usize) -> bool {
        while self.end - self.start < wanted && !self.ended {
            self.make_room(wanted);
            match self.input.fill(&mut self.buffer[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => self.end += count,
                Err(error) => {
                    self.ended = true;
                    self.error = Some(error);
                }
            }
        }
        self.end - self.start >= wanted
    }

    /// The error that ended the input, once: `Io`, or `Malformed` for damaged compression, with
    /// the file's name.
    pub(super) fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    /// Moves the window's beginning forward, within the window.
    pub(super) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.offset += count as u64;
    }

    /// Moves forward over bytes that need not be in the window; false where the input ends
    /// before.
    pub(super) fn skip(&mut self, mut count: u64) -> bool {
        while count > 0 {
            if !self.fill(1) {
                return false;
            }
            let step = count.min(self.bytes().len() as u64);
            self.consume(step as usize);
            count -= step;
        }
        true
    }

    fn make_room(&mut self, wanted: usize) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let size = wanted.next_multiple_of(STEP);
        if self.buffer.len() < size {
            self.buffer.resize(size, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use std::io::{self, Read};

    /// Gives one byte at a time, and an interruption before each.
    struct Trickle(Vec<u8>, bool);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let Some(byte) = self.0.pop() else {
                return Ok(0);
            };
            buffer[0] = byte;
            Ok(1)
        }
    }

    #[test]
    fn a_window_is_filled_from_a_trickle() {
        let mut source = Source::new(Input::new("x", Trickle(vec![4, 3, 2, 1], false)));
        assert!(source.fill(3));
        assert_eq!((source.bytes(), source.offset()), (&[1, 2, 3][..], 0));
        source.consume(2);
        assert_eq!((source.bytes(), source.offset()), (&[3][..], 2));
        assert!(source.fill(2));
        assert!(!source.fill(3));
        assert_eq!(source.bytes(), [3, 4]);
        source.consume(9);
        assert_eq!((source.bytes().len(), source.offset()), (0, 4));
        assert_eq!(source.name(), "x");
    }

    #[test]
    fn no_more_is_consumed_than_the_window_holds() {
        let mut source = Source::new(Input::new("x", &b"12345"[..]));
        assert!(source.fill(5));
        source.consume(2);
        source.consume(99);
        assert_eq!((source.bytes().len(), source.offset()), (0, 5));
    }

    #[test]
    fn skipping_needs_no_room() {
        let mut source = Source::new(Input::new("x", io::repeat(7).take(10 << 20)));
        assert!(source.fill(5));
        assert!(source.skip((10 << 20) - 1));
        assert_eq!(source.offset(), (10 << 20) - 1);
        assert!(source.buffer.len() <= STEP);
        assert!(source.skip(1));
        assert!(!source.skip(1));
    }

    /// Gives two bytes, then errors of a kind for ever.
    struct Broken(bool, io::ErrorKind);

    impl Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(io::Error::new(self.1, "unplugged"));
            }
            buffer[..2].copy_from_slice(&[1, 2]);
            Ok(2)
        }
    }

    #[test]
    fn an_error_is_the_end_behind_what_came_before_it_and_told_once() {
        for (io, kind) in [
            (io::ErrorKind::Other, ErrorKind::Io),
            (io::ErrorKind::UnexpectedEof, ErrorKind::Io),
            (io::ErrorKind::InvalidData, ErrorKind::Malformed),
        ] {
            let mut source = Source::new(Input::new("a.blf", Broken(false, io)));
            assert!(source.fill(2));
            assert!(source.take_error().is_none());
            assert!(!source.fill(3));
            assert_eq!(source.bytes(), [1, 2]);
            let error = source.take_error().expect("an error");
            assert_eq!(error.to_string(), "a.blf: unplugged");
            assert_eq!(error.kind(), kind);
            assert!(!source.skip(3));
            assert!(source.take_error().is_none());
        }
    }
}
