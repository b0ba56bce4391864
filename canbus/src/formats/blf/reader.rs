//! Reads a file: the objects at its top level, which are containers as a rule, and the messages
//! in them, past damage and up to wherever a killed writer got.

use super::container::{self, HEAD_SIZE, STORED, ZLIB};
use super::contents::{Contents, PADDED};
use super::header::{self, FileHeader};
use super::object::{BASE_SIZE, Base, CONTAINER, SIGNATURE, decode};
use super::source::Source;
use super::written::{NO_SUCH_FRAME, written};
use crate::error::{Error, Result};
use crate::formats::deflate::{self, Inflater, State};
use crate::formats::room::Room;
use crate::formats::{Input, ReadReport};
use crate::message::Message;
use jiff::tz::TimeZone;
use memchr::memmem;
use std::sync::Arc;

/// What goes through the stream inflater at a time.
const PIECE: usize = 64 << 10;

/// Containers of this size, compressed and inflated, are held in any case: they have 128 KiB when
/// inflated, and little more where they cannot be compressed.
const USUAL: usize = 300 << 10;

/// The messages of a file.
pub(super) struct Reader {
    source: Source,
    report: Arc<ReadReport>,
    zone: TimeZone,
    /// The start time in nanoseconds.
    start: i64,
    contents: Contents,
    inflater: Inflater,
    /// What larger containers take.
    room: Room,
    /// The container that is being read piece by piece.
    open: Option<Open>,
    /// Where the container began that is being read.
    container_at: u64,
    /// An error that follows the messages before it.
    pending: Option<Error>,
    /// Whether it is unknown where the next object begins at the top level.
    searching: bool,
    ended: bool,
}

/// A container that is being read piece by piece.
struct Open {
    method: u16,
    /// Bytes of it that were not read yet.
    left: u64,
}

impl Reader {
    /// Gives frames that CAN does not have as they are.
    pub(super) fn as_written(&mut self) {
        self.contents.as_written = true;
    }

    /// Reads the header.
    pub(super) fn open(input: Input, zone: TimeZone) -> Result<Reader> {
        let mut reader = Reader {
            report: input.report(),
            source: Source::new(input),
            zone,
            start: 0,
            contents: Contents::default(),
            inflater: Inflater::new(),
            room: Room::new(),
            open: None,
            container_at: 0,
            pending: None,
            searching: false,
            ended: false,
        };
        reader.source.fill(header::USED);
        let parsed = reader
            .source
            .bytes()
            .first_chunk()
            .and_then(FileHeader::parse);
        let Some(parsed) = parsed else {
            if let Some(error) = reader.source.take_error() {
                return Err(error);
            }
            let found = reader.source.bytes();
            return Err(Error::malformed(format!(
                "{}: not a BLF file: it begins with {:02x?} instead of a header of {} bytes",
                reader.source.name(),
                &found[..found.len().min(4)],
                header::USED
            )));
        };
        reader.begin(&parsed);
        Ok(reader)
    }

    /// Takes over what a header says, and goes behind it.
    fn begin(&mut self, header: &FileHeader) {
        self.start = header.start(&self.zone);
        if header.is_plausible() {
            if !self.source.skip(header.size.into()) {
                self.report.note_truncated();
            }
            return;
        }
        self.pending =
            Some(self.malformed(format!("the header says that it has {} bytes", header.size)));
        self.source.consume(header::USED);
        self.searching = true;
    }

    /// Reads on until there are contents or something to report.
    #[cold]
    fn advance(&mut self) -> Result<Option<Message>> {
        self.report.pass_over(self.contents.take_passed_over());
        if let Some(error) = self.pending.take() {
            // What was inflated before it has been read.
            self.contents.interrupt(true);
            return Err(error);
        }
        if let Some(open) = self.open.take() {
            self.next_piece(open);
            return Ok(None);
        }
        if !self.source.fill(BASE_SIZE) {
            self.end();
            return Ok(None);
        }
        let head = self.source.bytes().first_chunk();
        match head.and_then(Base::parse) {
            Some(base) => self.object(base),
            None => self.find().map(|()| None),
        }
    }

    /// An object at the top level.
    fn object(&mut self, base: Base) -> Result<Option<Message>> {
        let least = if base.kind == CONTAINER { HEAD_SIZE } else { 0 };
        if !base.is_plausible() || (base.size as usize) < least {
            let error = self.malformed(format!(
                "an object of type {} with a header of {} and {} bytes in all",
                base.kind, base.header_size, base.size
            ));
            self.source.consume(SIGNATURE.len());
            // Damage is reported once; while searching, signatures are taken for chance.
            return if std::mem::replace(&mut self.searching, true) {
                Ok(None)
            } else {
                Err(error)
            };
        }
        self.searching = false;
        if base.kind == CONTAINER {
            return self.container(base.size).map(|()| None);
        }
        if !base.has_frame() {
            if self.source.skip(base.size.into()) {
                self.report.pass_over(1);
            } else {
                self.report.note_truncated();
            }
            return Ok(None);
        }
        let size = base.size as usize;
        if !self.source.fill(size) {
            return self.cut_off(base).map(|()| None);
        }
        let object = &self.source.bytes()[..size];
        let decoded = decode(object, base, self.start);
        let as_written = self
            .contents
            .as_written
            .then(|| written(object, base, self.start, &decoded));
        let damaged = |what| {
            let what = format!("an object of type {} cannot be read: {what}", base.kind);
            self.malformed(what)
        };
        let decoded = match as_written.flatten() {
            Some(frame) => Err(damaged(NO_SUCH_FRAME).with_source(frame)),
            None => decoded.map_err(damaged),
        };
        self.source.consume(size);
        decoded.map(Some)
    }

    /// An object that goes on behind the end of the file: as a rule the last one, whose writer
    /// was killed. If others follow, it is the size that is wrong.
    fn cut_off(&mut self, base: Base) -> Result<()> {
        let rest = &self.source.bytes()[SIGNATURE.len()..];
        if memmem::find(rest, SIGNATURE).is_none() {
            let all = self.source.bytes().len();
            self.source.consume(all);
            self.report.note_truncated();
            return Ok(());
        }
        let error = self.malformed(format!("an object of {} bytes has no end", base.size));
        self.source.consume(SIGNATURE.len());
        self.searching = true;
        Err(error)
    }

    fn container(&mut self, size: u32) -> Result<()> {
        self.container_at = self.source.offset();
        self.source.fill(HEAD_SIZE);
        let (method, inflated) = container::head(self.source.bytes());
        if method != STORED && method != ZLIB {
            self.contents.interrupt(true);
            let error = self.malformed(format!("unknown compression method {method}"));
            self.source.skip(size.into());
            return Err(error);
        }
        if method == ZLIB && deflate::fits_at_once(size, inflated) && self.has_room(size, inflated)
        {
            let (size, inflated) = (size as usize, inflated as usize);
            self.source.fill(size + PADDED);
            if let Some((container, behind)) = self.source.bytes().split_at_checked(size)
                && may_follow(behind)
            {
                let room = self.contents.room(inflated);
                if let Some(count) = self.inflater.whole(&container[HEAD_SIZE..], room) {
                    self.contents.add(count);
                    self.source.consume(size);
                    return Ok(());
                }
            }
        }
        self.source.consume(HEAD_SIZE);
        self.inflater.restart();
        self.open = Some(Open {
            method,
            left: u64::from(size) - HEAD_SIZE as u64,
        });
        Ok(())
    }

    /// Whether a container can be held as a whole: larger ones only where there is memory left.
    fn has_room(&mut self, size: u32, inflated: u32) -> bool {
        let bytes = size as usize + inflated as usize;
        bytes <= USUAL || self.room.widen(bytes)
    }

    /// Reads the next piece of a container.
    fn next_piece(&mut self, mut open: Open) {
        let wanted = open.left.min(PIECE as u64) as usize;
        self.source.fill(wanted);
        let input = &self.source.bytes()[..self.source.bytes().len().min(wanted)];
        let cut_off = input.len() < wanted;
        let room = self.contents.room(PIECE);
        let piece = if open.method == ZLIB {
            self.inflater.piece(input, room)
        } else {
            room[..input.len()].copy_from_slice(input);
            deflate::Piece {
                read: input.len(),
                written: input.len(),
                state: if input.len() as u64 == open.left {
                    State::Ended
                } else {
                    State::Going
                },
            }
        };
        self.contents.add(piece.written);
        self.source.consume(piece.read);
        open.left -= piece.read as u64;
        match piece.state {
            State::Ended if open.left < PADDED as u64 => {
                self.source.skip(open.left);
            }
            State::Ended => {
                let left = open.left;
                self.damage(format!("{left} bytes too many in a container"));
            }
            State::Damaged => self.damage("compressed data are damaged"),
            State::Going if piece.read + piece.written > 0 => self.open = Some(open),
            State::Going if cut_off => self.report.note_truncated(),
            State::Going => self.damage("compressed data end too early"),
        }
    }

    /// The container that is being read is damaged: what it gave so far is read, then the error
    /// follows, then the search for the next object; its size is not trusted.
    fn damage(&mut self, what: impl std::fmt::Display) {
        self.pending = Some(Error::malformed(format!(
            "{}: container at byte {}: {what}",
            self.source.name(),
            self.container_at
        )));
        self.searching = true;
    }

    /// Goes to the next object at the top level.
    fn find(&mut self) -> Result<()> {
        let rest = self.source.bytes();
        if !self.searching {
            if rest.starts_with(header::SIGNATURE) {
                self.another_file();
                return Ok(());
            }
            if let Some(padding) = after_padding(rest) {
                self.source.consume(padding);
                return Ok(());
            }
            let error = self.malformed("expected an object here");
            if self.only_zeros_follow() {
                self.report.note_truncated();
                return Ok(());
            }
            self.searching = true;
            return Err(error);
        }
        let found = memmem::find(rest, SIGNATURE);
        self.source
            .consume(found.unwrap_or(rest.len() - (SIGNATURE.len() - 1)));
        Ok(())
    }

    /// A header behind the last object: files that were joined, as appending to a compressed
    /// file does.
    fn another_file(&mut self) {
        if self.contents.is_incomplete() {
            self.report.note_truncated();
        }
        self.contents.interrupt(false);
        self.source.fill(header::USED);
        let bytes = self.source.bytes();
        if let Some(header) = bytes.first_chunk().and_then(FileHeader::parse) {
            return self.begin(&header);
        }
        // It is cut off.
        self.end();
    }

    /// Whether nothing but zeros is left, which a system that lost its power may leave behind;
    /// goes over them.
    fn only_zeros_follow(&mut self) -> bool {
        loop {
            let rest = self.source.bytes();
            let zeros = rest.iter().take_while(|&&byte| byte == 0).count();
            let all = zeros == rest.len();
            self.source.consume(zeros);
            if !all {
                return false;
            }
            if !self.source.fill(1) {
                return true;
            }
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.pending = self.source.take_error();
        let rest = self.source.bytes();
        if rest.iter().any(|&byte| byte != 0) || self.contents.is_incomplete() {
            self.report.note_truncated();
        }
    }

    fn malformed(&self, what: impl std::fmt::Display) -> Error {
        Error::malformed(format!(
            "{}: byte {}: {what}",
            self.source.name(),
            self.source.offset()
        ))
    }
}

/// Whether this can be behind a container whose size is right: padding and the next object, or
/// the end.
fn may_follow(behind: &[u8]) -> bool {
    let near = &behind[..behind.len().min(PADDED)];
    near.len() < PADDED || near.iter().all(|&byte| byte == 0) || after_padding(near).is_some()
}

/// Where the next object or file header begins, if only padding is before it.
pub(super) fn after_padding(rest: &[u8]) -> Option<usize> {
    let near = &rest[..rest.len().min(PADDED)];
    near.windows(SIGNATURE.len())
        .position(|four| four == SIGNATURE || four == header::SIGNATURE)
}

impl Iterator for Reader {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Result<Message>> {
        loop {
            match self.contents.next(self.start) {
                Some(Ok(message)) => return Some(Ok(message)),
                Some(Err(error)) => {
                    let at = self.container_at;
                    let error = error.context(format!("container at byte {at}"));
                    return Some(Err(error.context(self.source.name())));
                }
                None if self.ended && self.pending.is_none() => {
                    self.report.pass_over(self.contents.take_passed_over());
                    return None;
                }
                None => {}
            }
            match self.advance() {
                Ok(None) => {}
                Ok(Some(message)) => return Some(Ok(message)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
