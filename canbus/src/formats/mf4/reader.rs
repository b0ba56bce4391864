//! Reads a file: the frames of all its groups, merged in the order of time.

use super::block::LACKS_COUNTS;
use super::bytes::Bytes;
use super::mixed::Mixed;
use super::sorted::{File, Item, Sorted};
use super::tree::Tree;
use crate::error::{Error, Result};
use crate::formats::Input;
use crate::message::Message;
use jiff::tz::TimeZone;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::vec::IntoIter;

/// So many bytes all groups together read at a time, and each of them at least and at most.
const STEPS: usize = 2 << 20;
const LEAST_STEP: usize = 4 << 10;
const MOST_STEP: usize = 64 << 10;

/// The messages of a file.
pub(super) struct Reader {
    bytes: Bytes,
    /// What was wrong with the file's description of itself.
    errors: IntoIter<Error>,
    groups: Vec<Records>,
    /// The first message of each group but the one that is being read.
    heads: BinaryHeap<Reverse<Head>>,
    /// Groups whose first message was not read yet.
    unread: Vec<usize>,
    /// The group that is being read.
    current: Option<usize>,
    ended: bool,
}

/// The records of a group or of several that lie in the same data.
enum Records {
    Sorted(Box<Sorted>),
    Mixed(Box<Mixed>),
}

impl Records {
    #[inline]
    fn next(&mut self, bytes: &mut Bytes) -> Option<Result<Item>> {
        match self {
            Records::Sorted(records) => records.next(bytes),
            Records::Mixed(records) => records.next(bytes),
        }
    }
}

/// The next message of a group.
struct Head {
    key: i64,
    group: usize,
    message: Message,
}

impl Head {
    /// Messages of the same time are in the order of the groups.
    fn place(&self) -> (i64, usize) {
        (self.key, self.group)
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> std::cmp::Ordering {
        self.place().cmp(&other.place())
    }
}

impl Reader {
    /// Reads what the file says about itself.
    ///
    /// # Errors
    /// `Io`; `Malformed` for what is no MDF file, `Unsupported` for one of another version.
    pub(super) fn open(input: Input, zone: &TimeZone) -> Result<Reader> {
        let mut bytes = Bytes::open(input)?;
        let tree = Tree::read(&mut bytes, zone)?;
        let groups = records(&tree, &mut bytes);
        Ok(Reader {
            bytes,
            errors: tree.errors.into_iter(),
            heads: BinaryHeap::new(),
            unread: (0..groups.len()).rev().collect(),
            groups,
            current: None,
            ended: false,
        })
    }

    /// The next message where another group may be next.
    #[cold]
    fn merge(&mut self) -> Option<Result<Message>> {
        if let Some(error) = self.errors.next() {
            return Some(Err(error));
        }
        // First of each group one is needed.
        while let Some(&group) = self.unread.last() {
            match self.groups[group].next(&mut self.bytes) {
                Some(Err(error)) => return Some(Err(error)),
                Some(Ok(Item { key, message })) => self.heads.push(Reverse(Head {
                    key,
                    group,
                    message,
                })),
                None => {}
            }
            self.unread.pop();
        }
        if let Some(Reverse(head)) = self.heads.pop() {
            self.current = Some(head.group);
            return Some(Ok(head.message));
        }
        if !std::mem::replace(&mut self.ended, true) {
            self.bytes.count_all();
        }
        None
    }
}

/// How much each of so many groups reads at a time.
fn step(groups: usize, bytes: &mut Bytes) -> usize {
    let step = (STEPS / groups.max(1)).clamp(LEAST_STEP, MOST_STEP);
    if bytes.hold(step.saturating_mul(groups)) {
        step
    } else {
        LEAST_STEP
    }
}

/// The groups with frames; the records of the others are counted.
fn records(tree: &Tree, bytes: &mut Bytes) -> Vec<Records> {
    let all = || tree.groups.iter().flat_map(|group| &group.channels);
    let layouts = || all().filter_map(|channels| channels.layout.as_ref());
    let with_frames = tree.groups.iter().filter(|group| {
        let frames = |channels: &super::tree::ChannelGroup| channels.layout.is_some();
        group.channels.iter().any(frames)
    });
    let file = File {
        start: tree.start,
        unfinished: tree.unfinished,
        counted: tree.unfinished & LACKS_COUNTS == 0,
        ordered: layouts().all(|layout| layout.others.is_some()),
        step: step(with_frames.count(), bytes),
    };
    let mut found = Vec::new();
    for group in &tree.groups {
        let sorted = group.id_size == 0;
        if !sorted
            && group
                .channels
                .iter()
                .any(|channels| channels.layout.is_some())
        {
            found.push(Records::Mixed(Box::new(Mixed::new(group, file, bytes))));
            continue;
        }
        for channels in &group.channels {
            match &channels.layout {
                // A file that breaks the rule that there is one group.
                Some(layout) => found.push(Records::Sorted(Box::new(Sorted::new(
                    channels, layout, group.data, file, bytes,
                )))),
                None if channels.variable => {}
                None => bytes.report().pass_over(channels.count),
            }
        }
    }
    found
}

impl Iterator for Reader {
    type Item = Result<Message>;

    #[inline]
    fn next(&mut self) -> Option<Result<Message>> {
        if let Some(group) = self.current {
            match self.groups[group].next(&mut self.bytes) {
                Some(Ok(Item { key, message })) => {
                    let next = self.heads.peek();
                    if next.is_none_or(|next| (key, group) <= next.0.place()) {
                        return Some(Ok(message));
                    }
                    self.heads.push(Reverse(Head {
                        key,
                        group,
                        message,
                    }));
                    self.current = None;
                }
                Some(Err(error)) => return Some(Err(error)),
                None => self.current = None,
            }
        }
        self.merge()
    }
}
