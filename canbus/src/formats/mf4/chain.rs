//! The data blocks that belong to one group: one alone, or those of a chain of lists.

use super::block::{Head, LACKS_LENGTH, LACKS_LINKS, LEAST, field};
use super::bytes::Bytes;
use crate::error::Result;

/// Between the beginning of a compressed block and what is compressed: the kind of block that it
/// stands for (2 letters), the method, a reserved byte, the columns (u32), the size when inflated
/// (u64), the size (u64).
pub(super) const ZIPPED: usize = 24;

/// A data block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Data {
    /// Where the block begins.
    pub(super) block: u64,
    /// Where what is stored begins, and how many bytes it has.
    pub(super) at: u64,
    pub(super) stored: u64,
    pub(super) form: Form,
}

/// What is stored in a data block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// The data as they are.
    Plain,
    /// Compressed by a method that this crate does not know.
    Unknown { method: u8, size: u64 },
    /// Compressed by zlib, first all the first bytes of the records, then all the second ones and
    /// so on where there are columns.
    Zipped { columns: u32, size: u64 },
}

/// Goes through data blocks.
pub(super) struct Chain {
    /// The block that the group names, before it was looked at.
    first: u64,
    list: Option<List>,
    /// Whether the list holds records without the bits that say what is invalid.
    pub(super) bare: bool,
    /// Links that may still be followed: each is in the file once, and at least 8 bytes long.
    links_left: u64,
    unfinished: u16,
    /// Where the last data block ends.
    end: u64,
}

/// A list that is gone through.
struct List {
    next: u64,
    /// Where the next of its links stands, and how many there are from there on.
    link_at: u64,
    left: u64,
}

impl Chain {
    /// The data blocks from the one at `first` on; none where it is zero.
    pub(super) fn new(first: u64, bytes: &Bytes, unfinished: u16) -> Chain {
        Chain {
            first,
            list: None,
            bare: false,
            links_left: bytes.size() / 4 + 4,
            unfinished,
            end: 0,
        }
    }

    /// The next data block.
    ///
    /// # Errors
    /// `Io`; `Malformed` for what is no data block. The chain goes on behind it where it can.
    pub(super) fn next(&mut self, bytes: &mut Bytes) -> Result<Option<Data>> {
        loop {
            let Some((at, last)) = self.step(bytes)? else {
                return self.unlinked(bytes);
            };
            if self.links_left == 0 {
                self.list = None;
                return Err(bytes.malformed(at, "data blocks are linked in a circle"));
            }
            self.links_left -= 1;
            if at == 0 {
                continue;
            }
            let Some(head) = bytes.head(at)? else {
                if at >= bytes.size() {
                    bytes.report().note_truncated();
                    continue;
                }
                return Err(bytes.malformed(at, "expected a data block, found none"));
            };
            match &head.id {
                b"HL" => self.first = bytes.link(at + LEAST)?,
                b"DL" | b"LD" => self.enter(at, head, bytes)?,
                b"DT" | b"DV" | b"SD" | b"RD" | b"DI" => {
                    return Ok(Some(self.plain(at, head, last, bytes)));
                }
                b"DZ" => return self.zipped(at, head, bytes).map(Some),
                _ => {
                    let what = format!("expected a data block, found {}", head.name());
                    return Err(bytes.malformed(at, what));
                }
            }
        }
    }

    /// The next link, and whether it is the last one.
    fn step(&mut self, bytes: &mut Bytes) -> Result<Option<(u64, bool)>> {
        if self.first != 0 {
            let first = std::mem::take(&mut self.first);
            return Ok(Some((first, self.list.is_none())));
        }
        let Some(list) = &mut self.list else {
            return Ok(None);
        };
        if list.left == 0 {
            self.first = list.next;
            self.list = None;
            return Ok((self.first != 0).then_some((0, false)));
        }
        let at = list.link_at;
        list.link_at += 8;
        list.left -= 1;
        let last = list.left == 0 && list.next == 0;
        Ok(Some((bytes.link(at)?, last)))
    }

    fn enter(&mut self, at: u64, head: Head, bytes: &mut Bytes) -> Result<()> {
        let mut count = [0; 8];
        bytes.read_at(at.saturating_add(LEAST + 8 * head.links), &mut count)?;
        let mut left = head.links.saturating_sub(1);
        if &head.id == b"LD" {
            self.bare = true;
            // The bits that say what is invalid follow the data's links.
            left = left.min(u32::from_le_bytes(field(&count, 4)).into());
        }
        let next = if head.links > 0 {
            bytes.link(at + LEAST)?
        } else {
            0
        };
        self.list = Some(List {
            next,
            link_at: at + LEAST + 8,
            left,
        });
        Ok(())
    }

    fn plain(&mut self, block: u64, head: Head, last: bool, bytes: &mut Bytes) -> Data {
        self.bare |= &head.id == b"DV";
        let at = block + LEAST;
        let mut stored = head.length - LEAST;
        if self.unfinished & LACKS_LENGTH != 0 && last {
            stored = bytes.next_known(block).saturating_sub(at);
        } else if stored > bytes.size() - at {
            bytes.report().note_truncated();
            stored = bytes.size() - at;
        }
        self.end = at + stored;
        Data {
            block,
            at,
            stored,
            form: Form::Plain,
        }
    }

    fn zipped(&mut self, block: u64, head: Head, bytes: &mut Bytes) -> Result<Data> {
        let mut about = [0; ZIPPED];
        let at = block.saturating_add(LEAST + 8 * head.links);
        if bytes.read_at(at, &mut about)? < ZIPPED {
            bytes.report().note_truncated();
        }
        let (method, columns) = (about[2], u32::from_le_bytes(field(&about, 4)));
        let size = u64::from_le_bytes(field(&about, 8));
        let at = at.saturating_add(ZIPPED as u64).min(bytes.size());
        let mut stored = u64::from_le_bytes(field(&about, 16));
        if stored > bytes.size() - at {
            bytes.report().note_truncated();
            stored = bytes.size() - at;
        }
        self.end = at + stored;
        let form = match method {
            0 => Form::Zipped { columns: 0, size },
            1 => Form::Zipped { columns, size },
            _ => Form::Unknown { method, size },
        };
        Ok(Data {
            block,
            at,
            stored,
            form,
        })
    }

    /// What a writer wrote behind the last block that it had linked before it was killed.
    fn unlinked(&mut self, bytes: &mut Bytes) -> Result<Option<Data>> {
        if self.unfinished & LACKS_LINKS == 0 || self.end == 0 {
            return Ok(None);
        }
        let at = self.end.next_multiple_of(8);
        let head = bytes.head(at)?;
        let Some(head) = head.filter(|head| [*b"DT", *b"DZ", *b"DV"].contains(&head.id)) else {
            return Ok(None);
        };
        if &head.id == b"DZ" {
            return self.zipped(at, head, bytes).map(Some);
        }
        let last = at.saturating_add(head.length) >= bytes.size();
        Ok(Some(self.plain(at, head, last, bytes)))
    }
}
