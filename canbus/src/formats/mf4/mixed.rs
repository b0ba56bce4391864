//! The records of several groups in one stream, each behind the number of its group, in the order
//! in which they were written; among them data of variable length.

use super::block::{LACKS_OFFSETS, field};
use super::bytes::Bytes;
use super::chain::Chain;
use super::layout::{Content, Layout};
use super::sorted::{File, Item};
use super::stream::Stream;
use super::tree::DataGroup;
use crate::error::{Error, Result};
use std::collections::{HashMap, VecDeque};

/// Data of a frame are never longer than this; other data are passed over.
const MOST_CONTENT: usize = 4096;
/// So many records wait for their data, or data for their records.
const MOST_WAITING: usize = 1 << 14;
/// So many records in a row are a sign that one begins here.
const SIGN: usize = 16;

/// The records of all groups of one stream.
pub(super) struct Mixed {
    file: File,
    stream: Stream,
    id_size: usize,
    groups: Vec<Group>,
    by_id: HashMap<u64, usize>,
    /// Records whose data did not come yet, and those behind them.
    waiting: VecDeque<Waiting>,
    ended: bool,
}

/// A group.
struct Group {
    width: usize,
    /// Its records are data of variable length.
    variable: bool,
    layout: Option<Layout>,
    /// The group that holds the data of its frames.
    elsewhere: Option<usize>,
    /// Data with their offsets.
    contents: VecDeque<(u64, Box<[u8]>)>,
    /// The offset of the next data.
    offset: u64,
    index: u64,
}

/// A record that waits.
struct Waiting {
    group: usize,
    index: u64,
    at: u64,
    record: Box<[u8]>,
}

impl Mixed {
    pub(super) fn new(group: &DataGroup, file: File, bytes: &Bytes) -> Mixed {
        let groups: Vec<Group> = group
            .channels
            .iter()
            .map(|channels| Group {
                width: channels.width,
                variable: channels.variable,
                layout: channels.layout.clone(),
                elsewhere: channels
                    .layout
                    .as_ref()
                    .and_then(|layout| match layout.content {
                        Content::There { link, .. } => {
                            group.channels.iter().position(|other| other.at == link)
                        }
                        _ => None,
                    }),
                contents: VecDeque::new(),
                offset: 0,
                index: 0,
            })
            .collect();
        let ids = group.channels.iter().map(|channels| channels.id);
        Mixed {
            file,
            stream: Stream::new(
                Chain::new(group.data, bytes, file.unfinished),
                None,
                file.step,
            ),
            id_size: group.id_size,
            by_id: ids.enumerate().map(|(place, id)| (id, place)).collect(),
            groups,
            waiting: VecDeque::new(),
            ended: false,
        }
    }

    /// The next message; `None` at the end.
    pub(super) fn next(&mut self, bytes: &mut Bytes) -> Option<Result<Item>> {
        loop {
            if let Some(item) = self.waited(bytes) {
                return Some(item);
            }
            if self.ended {
                return None;
            }
            match self.record(bytes) {
                Ok(None) => {}
                Ok(Some(item)) => return Some(Ok(item)),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Reads one record.
    fn record(&mut self, bytes: &mut Bytes) -> Result<Option<Item>> {
        if !self.fill(self.id_size, bytes)? {
            return Ok(None);
        }
        let Some(place) = self.place(self.stream.bytes()) else {
            let what = format!(
                "a record at {} of the data is of no group",
                self.stream.position()
            );
            let error = bytes.malformed(self.stream.at(), what);
            self.stream.consume(1);
            self.find_record(bytes)?;
            return Err(error);
        };
        if self.groups[place].variable {
            return self.content(place, bytes).map(|()| None);
        }
        let (id_size, width) = (self.id_size, self.groups[place].width);
        if self.groups[place].layout.is_none() {
            bytes.report().pass_over(1);
            let whole = self.stream.skip((id_size + width) as u64, bytes);
            self.whole_or_end(whole, bytes)?;
            return Ok(None);
        }
        if !self.fill(id_size + width, bytes)? {
            return Ok(None);
        }
        let group = &mut self.groups[place];
        let index = group.index;
        group.index += 1;
        let record = &self.stream.bytes()[id_size..];
        let item = if group.elsewhere.is_some() || !self.waiting.is_empty() {
            self.waiting.push_back(Waiting {
                group: place,
                index,
                at: self.stream.at(),
                record: record[..width].into(),
            });
            Ok(None)
        } else {
            item(
                group,
                record,
                index,
                &[],
                self.file,
                (self.stream.at(), bytes),
            )
            .map(Some)
        };
        self.stream.consume(id_size + width);
        item
    }

    /// Data of variable length: their length (u32), and so many bytes.
    fn content(&mut self, place: usize, bytes: &mut Bytes) -> Result<()> {
        let head = self.id_size + 4;
        if !self.fill(head, bytes)? {
            return Ok(());
        }
        let length = u32::from_le_bytes(field(self.stream.bytes(), self.id_size)) as usize;
        let offset = self.groups[place].offset;
        self.groups[place].offset += 4 + length as u64;
        let wanted = self
            .groups
            .iter()
            .any(|group| group.elsewhere == Some(place));
        if !wanted || length > MOST_CONTENT {
            let whole = self.stream.skip((head + length) as u64, bytes);
            return self.whole_or_end(whole, bytes);
        }
        if !self.fill(head + length, bytes)? {
            return Ok(());
        }
        let content = self.stream.bytes()[head..head + length].into();
        let contents = &mut self.groups[place].contents;
        if contents.len() == MOST_WAITING {
            contents.pop_front();
        }
        contents.push_back((offset, content));
        self.stream.consume(head + length);
        Ok(())
    }

    /// The message of the record that waits longest, if its data have come or never will.
    fn waited(&mut self, bytes: &mut Bytes) -> Option<Result<Item>> {
        let front = self.waiting.front()?;
        let layout = self.groups[front.group].layout.as_ref()?;
        let elsewhere = self.groups[front.group].elsewhere;
        let offset = layout.offset(&front.record);
        let content = match (elsewhere, offset) {
            (Some(place), Some(offset)) => {
                let known = self.file.unfinished & LACKS_OFFSETS == 0;
                let contents = &mut self.groups[place].contents;
                let found = if known {
                    contents
                        .binary_search_by_key(&offset, |content| content.0)
                        .ok()
                } else {
                    (!contents.is_empty()).then_some(0)
                };
                let content = found.and_then(|found| contents.remove(found));
                if content.is_none() && !self.ended && self.waiting.len() < MOST_WAITING {
                    return None;
                }
                content.map(|content| content.1)
            }
            _ => Some(Box::default()),
        };
        let front = self.waiting.pop_front()?;
        let Some(content) = content else {
            let what = format!(
                "the data of record {} of the group are missing",
                front.index
            );
            return Some(Err(bytes.malformed(front.at, what)));
        };
        let group = &self.groups[front.group];
        let place = (front.at, &*bytes);
        Some(item(
            group,
            &front.record,
            front.index,
            &content,
            self.file,
            place,
        ))
    }

    /// The group whose record begins here.
    fn place(&self, at: &[u8]) -> Option<usize> {
        let id = match self.id_size {
            1 => at.first().copied()?.into(),
            2 => u16::from_le_bytes(*at.first_chunk()?).into(),
            4 => u32::from_le_bytes(*at.first_chunk()?).into(),
            _ => u64::from_le_bytes(*at.first_chunk()?),
        };
        self.by_id.get(&id).copied()
    }

    /// Widens the window; at the end of the stream, notes it and gives false.
    fn fill(&mut self, wanted: usize, bytes: &mut Bytes) -> Result<bool> {
        match self.stream.fill(wanted, bytes) {
            Ok(true) => Ok(true),
            Ok(false) => {
                self.ended = true;
                if !self.stream.bytes().is_empty() {
                    bytes.report().note_truncated();
                }
                Ok(false)
            }
            Err(error) => {
                self.find_record(bytes)?;
                Err(error)
            }
        }
    }

    fn whole_or_end(&mut self, whole: Result<bool>, bytes: &mut Bytes) -> Result<()> {
        match whole {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.ended = true;
                bytes.report().note_truncated();
                Ok(())
            }
            Err(error) => {
                self.find_record(bytes)?;
                Err(error)
            }
        }
    }

    /// Behind damage: goes to where several records follow one another.
    fn find_record(&mut self, bytes: &mut Bytes) -> Result<()> {
        loop {
            let wanted = 1 + SIGN * (self.id_size + 256);
            // A short rest is looked at as well.
            self.stream.fill(wanted, bytes)?;
            let window = self.stream.bytes();
            if window.is_empty() {
                return Ok(());
            }
            let found = (0..window.len()).find(|&at| self.is_record(&window[at..]));
            let step = found.unwrap_or(window.len());
            self.stream.consume(step);
            if found.is_some() {
                return Ok(());
            }
        }
    }

    /// Whether several records begin here, or all that there are.
    fn is_record(&self, mut bytes: &[u8]) -> bool {
        for _ in 0..SIGN {
            if bytes.is_empty() {
                break;
            }
            let Some(place) = self.place(bytes) else {
                return false;
            };
            let group = &self.groups[place];
            let length = if group.variable {
                4 + u32::from_le_bytes(field(bytes, self.id_size)) as usize
            } else {
                group.width
            };
            match bytes.get(self.id_size + length..) {
                Some(rest) => bytes = rest,
                None => return false,
            }
        }
        true
    }
}

/// The message of a record.
fn item(
    group: &Group,
    record: &[u8],
    index: u64,
    elsewhere: &[u8],
    file: File,
    (at, bytes): (u64, &Bytes),
) -> Result<Item> {
    let missing = || -> Error { bytes.malformed(at, "a record is of no known kind") };
    let layout = group.layout.as_ref().ok_or_else(missing)?;
    let message = layout.message(record, index, file.start, elsewhere);
    let message = message
        .map_err(|what| bytes.malformed(at, format!("record {index} of the group: {what}")))?;
    let key = file.key(layout, (record, index), &message);
    Ok(Item { key, message })
}
