//! Goes on with an existing file: mends the end that a killed writer or a full disk left, and adds
//! groups of our own behind those that there are.

use super::block::{HEAD, Head, LEAST, field};
use super::bytes::Bytes;
use super::chain::{Chain, ZIPPED};
use super::row::GROUPS;
use super::skeleton::{self, Places};
use super::tree::{DataGroup, Tree};
use super::writer::BLOCK;
use crate::error::{Error, Result};
use crate::formats::Output;
use jiff::tz::TimeZone;
use std::io::{Seek, SeekFrom, Write};

/// What a list of ours has: the next list and one block; flags and count, and the bytes before.
const LIST: u64 = LEAST + 16 + 16;

/// An existing file.
pub(super) struct Existing {
    /// The start time in nanoseconds since the epoch.
    pub(super) start: i64,
    /// More than all messages of ours that there ever were in it, some of which may be lost.
    pub(super) count: u64,
    pub(super) places: [Places; GROUPS.len()],
    /// Where data may follow.
    pub(super) end: u64,
}

/// Brings the file into a state to which data can be added, at its end.
///
/// # Errors
/// `Io`; `Malformed` for what is no finished MF4 file, or one whose damage we must not touch.
pub(super) fn continue_file(output: &mut Output) -> Result<Existing> {
    let Some(file) = output.file() else {
        return Err(Error::malformed("a stream cannot be continued"));
    };
    let mut bytes = Bytes::of(file.try_clone()?, "the existing file".into())?;
    let mut tree = Tree::read(&mut bytes, &TimeZone::system())?;
    if let Some(error) = tree.errors.pop() {
        return Err(error.context("it cannot be continued"));
    }
    if tree.unfinished != 0 {
        return Err(Error::malformed(
            "an unfinished MF4 file cannot be continued; a converted copy can",
        ));
    }
    // Of each group one block may have got lost that the counts of the others reckon with.
    let mut count = (GROUPS.len() * BLOCK) as u64;
    let mut repairs = Vec::new();
    for group in &tree.groups {
        match ours(group) {
            Some(width) => count += mend(group, width, &mut bytes, &mut repairs)?,
            None => check(group, &mut bytes)?,
        }
    }
    let end = bytes
        .size()
        .max(repairs.iter().map(Repair::end).max().unwrap_or(0));
    let end = end.next_multiple_of(8);
    let (blocks, first, places) = skeleton::more(end);
    output.cut(end)?;
    for repair in &repairs {
        write_at(output, repair.at, &repair.bytes)?;
    }
    if let Some(file) = output.file() {
        file.seek(SeekFrom::Start(end))?;
    }
    output.write_all(&blocks)?;
    write_at(output, tree.next_at, &first.to_le_bytes())?;
    Ok(Existing {
        start: tree.start,
        count,
        places,
        end: end + blocks.len() as u64,
    })
}

/// Bytes to be written over others.
struct Repair {
    at: u64,
    bytes: Vec<u8>,
}

impl Repair {
    fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }
}

/// The length of the records if the group is one that our writer made.
fn ours(group: &DataGroup) -> Option<u64> {
    let [channels] = &group.channels[..] else {
        return None;
    };
    let layout = channels.layout.as_ref()?;
    let is_ours = group.id_size == 0 && layout.others.is_some() && channels.width > 0;
    is_ours.then_some(channels.width as u64)
}

/// The data of another program's group must be there as far as they are named: what is added
/// would be taken for the rest of a cut block.
fn check(group: &DataGroup, bytes: &mut Bytes) -> Result<()> {
    let mut chain = Chain::new(group.data, bytes, 0);
    while chain.next(bytes)?.is_some() {}
    if bytes.report().is_truncated() {
        return Err(bytes.malformed(group.at, "data of this group are cut off"));
    }
    Ok(())
}

/// Goes through the lists of a group of ours, each with one block. A list whose end is cut is
/// completed, one that is gone is taken out of the chain, and a count that is not right any more is
/// corrected. Gives how many records there were.
///
/// # Errors
/// `Malformed` for what a cut does not explain.
fn mend(
    group: &DataGroup,
    width: u64,
    bytes: &mut Bytes,
    repairs: &mut Vec<Repair>,
) -> Result<u64> {
    let places = Places::of(group.at, group.channels[0].at);
    let mut link_at = places.data_at;
    // The link by which all is let go that is behind it: not one in an empty head of lists.
    let mut last_at = link_at;
    let mut stored = 0_u64;
    let mut steps = bytes.size() / LIST + 2;
    loop {
        let at = bytes.link(link_at)?;
        if at == 0 {
            break;
        }
        steps = steps
            .checked_sub(1)
            .ok_or_else(|| bytes.malformed(at, "lists go in circles"))?;
        let head = bytes.head(at)?;
        if head.is_some_and(|head| &head.id == b"HL") && at + LEAST + 16 <= bytes.size() {
            link_at = at + LEAST;
            continue;
        }
        match list(at, head, bytes)? {
            List::Whole { size } => {
                stored += size;
                link_at = at + LEAST;
                last_at = link_at;
            }
            List::Cut { block, size } => {
                // Its end told what is known without it.
                let parts = [0, block, 1 << 32, stored].map(u64::to_le_bytes);
                repairs.push(Repair {
                    at: at + LEAST,
                    bytes: parts.concat(),
                });
                stored += size;
                break;
            }
            // It stood behind its block, so that no reader finds that any more. A writer that was
            // killed does not leave this: it links a block when all of it is there.
            List::Gone => {
                repairs.push(Repair {
                    at: last_at,
                    bytes: vec![0; 8],
                });
                break;
            }
            // To go on without it would lose what a reader still finds of it.
            List::Damaged => {
                let what = "a block does not end where it says; a converted copy, which has what \
                            is left of it, can be continued";
                return Err(bytes.malformed(at, what));
            }
        }
    }
    let (count, told) = (stored / width, group.channels[0].count);
    if count < told {
        log::warn!(
            "the end of the MF4 file is cut off, with {} messages; what is before it is continued",
            told - count
        );
    }
    if count != told {
        repairs.push(Repair {
            at: places.count_at,
            bytes: count.to_le_bytes().to_vec(),
        });
    }
    Ok(count.max(told))
}

/// How a list with its one block is at the end of a file.
enum List {
    /// Whole, with so many bytes of records.
    Whole { size: u64 },
    /// Without a part of its end, but with all that leads to its block.
    Cut { block: u64, size: u64 },
    /// With nothing that leads to a block.
    Gone,
    /// With a block that is not there.
    Damaged,
}

fn list(at: u64, head: Option<Head>, bytes: &mut Bytes) -> Result<List> {
    let Some(head) = head.filter(|head| &head.id != b"HL") else {
        return Ok(List::Gone);
    };
    if &head.id != b"DL" || head.links != 2 || head.length != LIST {
        return Err(bytes.malformed(at, "a list of blocks is not as this program makes them"));
    }
    let block = bytes.link(at + LEAST + 8)?;
    let cut = at + LEAST + 16 > bytes.size();
    // What is missing of the link may have been nothing but zeros: then it leads to the block that
    // stands just before, as our writer puts it, perhaps with a head of lists in between.
    let is_before = |head: Head| {
        let end = block.checked_add(head.length);
        let end = end.and_then(|end| end.checked_next_multiple_of(8));
        end.is_some_and(|end| end == at || end.checked_add(HEAD as u64 + 16) == Some(at))
    };
    if cut && !bytes.head(block)?.is_some_and(is_before) {
        return Ok(List::Gone);
    }
    let Some(data) = bytes.head(block)? else {
        return Ok(List::Damaged);
    };
    if block
        .checked_add(data.length)
        .is_none_or(|end| end > bytes.size())
    {
        return Ok(List::Damaged);
    }
    let size = if &data.id == b"DZ" {
        let mut about = [0; ZIPPED];
        bytes.read_at(block + HEAD as u64, &mut about)?;
        u64::from_le_bytes(field(&about, 8))
    } else {
        data.length - LEAST
    };
    Ok(if at + LIST > bytes.size() {
        List::Cut { block, size }
    } else {
        List::Whole { size }
    })
}

fn write_at(output: &mut Output, at: u64, bytes: &[u8]) -> Result<()> {
    if let Some(file) = output.file() {
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
    }
    Ok(())
}
