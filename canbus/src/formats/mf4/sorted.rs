//! The records of a group that has its data for itself: one after another, all of one length.

use super::bytes::Bytes;
use super::chain::Chain;
use super::layout::{Content, Layout};
use super::stream::Stream;
use super::tree::ChannelGroup;
use crate::error::Result;
use crate::message::Message;

/// Data of a frame that are elsewhere are never longer than this.
const MOST_CONTENT: usize = 4096;
/// So often the data elsewhere are gone through from the beginning.
const MOST_RESTARTS: u32 = 16;

/// What all groups of a file have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct File {
    /// The start time in nanoseconds since the epoch.
    pub(super) start: i64,
    /// What the writer left undone.
    pub(super) unfinished: u16,
    /// Whether the counts of records are right.
    pub(super) counted: bool,
    /// Whether messages are in the order that their writer noted, else in that of time.
    pub(super) ordered: bool,
    /// So many bytes are read at a time.
    pub(super) step: usize,
}

impl File {
    /// What the message of a record is sorted by.
    #[inline]
    pub(super) fn key(
        &self,
        layout: &Layout,
        (record, index): (&[u8], u64),
        message: &Message,
    ) -> i64 {
        match &layout.others {
            Some(others) if self.ordered => others.bits(record).wrapping_add(index) as i64,
            _ => message.timestamp.as_nanos(),
        }
    }
}

/// A message with what it is sorted by.
pub(super) struct Item {
    pub(super) key: i64,
    pub(super) message: Message,
}

/// The records of one group.
pub(super) struct Sorted {
    file: File,
    layout: Layout,
    stream: Stream,
    width: usize,
    /// The length without the bits that say what is invalid.
    data_width: usize,
    /// The number of the next record, and how many there are.
    index: u64,
    count: u64,
    elsewhere: Option<Elsewhere>,
}

impl Sorted {
    pub(super) fn new(
        group: &ChannelGroup,
        layout: &Layout,
        data: u64,
        file: File,
        bytes: &Bytes,
    ) -> Sorted {
        let chain = Chain::new(data, bytes, file.unfinished);
        let columns = layout.columns(group.width);
        let elsewhere = match layout.content {
            Content::There { link, .. } => Some(Elsewhere::new(link, file, bytes)),
            _ => None,
        };
        Sorted {
            file,
            layout: layout.clone(),
            stream: Stream::new(chain, Some(columns), file.step),
            width: group.width,
            data_width: group.data_width,
            index: 0,
            count: if file.counted { group.count } else { u64::MAX },
            elsewhere,
        }
    }

    /// The next message; `None` at the end.
    #[inline]
    pub(super) fn next(&mut self, bytes: &mut Bytes) -> Option<Result<Item>> {
        if self.stream.bytes().len() < self.width || self.index >= self.count {
            match self.more(bytes) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
        let index = self.index;
        self.index += 1;
        let record = self.stream.bytes();
        let elsewhere = match (&mut self.elsewhere, self.layout.offset(record)) {
            (Some(elsewhere), Some(offset)) => elsewhere.at(offset, bytes),
            _ => Ok(&[][..]),
        };
        let item = elsewhere.and_then(|elsewhere| {
            let message = self
                .layout
                .message(record, index, self.file.start, elsewhere);
            let message = message.map_err(|what| {
                bytes.malformed(
                    self.stream.at(),
                    format!("record {index} of the group: {what}"),
                )
            })?;
            let key = self.file.key(&self.layout, (record, index), &message);
            Ok(Item { key, message })
        });
        self.stream.consume(self.width);
        Some(item)
    }

    /// Brings the next record into the window; false at the end.
    #[cold]
    fn more(&mut self, bytes: &mut Bytes) -> Result<bool> {
        if self.index >= self.count || self.width == 0 {
            return Ok(false);
        }
        match self.stream.fill(self.width, bytes) {
            Ok(there) => {
                let left = !self.stream.bytes().is_empty();
                if !there && (left || self.file.counted) {
                    bytes.report().note_truncated();
                }
                self.forget_invalid();
                Ok(there && self.stream.bytes().len() >= self.width)
            }
            Err(error) => {
                // On from the next record that begins behind the damage.
                let width = self.width as u64;
                let inside = self.stream.position() % width;
                if inside > 0 {
                    self.stream.skip(width - inside, bytes)?;
                }
                self.index = self.stream.position() / width;
                Err(error)
            }
        }
    }

    /// In data that stand without the bits that say what is invalid, records are shorter.
    fn forget_invalid(&mut self) {
        if self.stream.is_bare() && self.width > self.data_width && self.data_width > 0 {
            self.width = self.data_width;
            self.layout.forget_invalid();
        }
    }
}

/// Data of variable length: each is a length (u32) and so many bytes, found by its offset.
struct Elsewhere {
    link: u64,
    file: File,
    stream: Stream,
    restarts: u32,
}

impl Elsewhere {
    fn new(link: u64, file: File, bytes: &Bytes) -> Elsewhere {
        let chain = Chain::new(link, bytes, file.unfinished);
        Elsewhere {
            link,
            file,
            stream: Stream::new(chain, None, file.step),
            restarts: 0,
        }
    }

    /// The data at an offset, which as a rule is just behind those before.
    fn at(&mut self, offset: u64, bytes: &mut Bytes) -> Result<&[u8]> {
        if offset < self.stream.position() && self.restarts < MOST_RESTARTS {
            let restarts = self.restarts + 1;
            *self = Elsewhere::new(self.link, self.file, bytes);
            self.restarts = restarts;
        }
        let missing = |bytes: &Bytes, what: &str| {
            bytes.malformed(
                self.link,
                format!("the data at {offset} of the group's data {what}"),
            )
        };
        let Some(before) = offset.checked_sub(self.stream.position()) else {
            return Err(missing(bytes, "are not in the order of the records"));
        };
        if !self.stream.skip(before, bytes)? || !self.stream.fill(4, bytes)? {
            return Err(missing(bytes, "are missing"));
        }
        let length = self.stream.bytes().first_chunk().copied().unwrap_or([0; 4]);
        let length = u32::from_le_bytes(length) as usize;
        if length > MOST_CONTENT {
            return Err(missing(bytes, "are longer than those of a frame"));
        }
        if !self.stream.fill(4 + length, bytes)? {
            return Err(missing(bytes, "are cut off"));
        }
        Ok(&self.stream.bytes()[4..4 + length])
    }
}
