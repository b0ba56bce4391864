//! The blocks before the data: what is in the file's header and what our records mean.

use super::block::{
    BUS_EVENT, Builder, FINISHED, HEADER_AT, IDENTIFICATION, LACKS_COUNTS, LACKS_LENGTH, LEAST,
    PLAIN_BUS_EVENT, UNFINISHED, head,
};
use super::channel;
use super::row::{GROUPS, Group, OTHERS, TIME};

/// The version that we write: the first with bus events.
const VERSION: &[u8; 8] = b"4.10    ";
const VERSION_NUMBER: u16 = 410;
/// Where the start time stands.
pub(super) const START_AT: u64 = HEADER_AT + LEAST + 6 * 8;
/// Where the first data group is named.
pub(super) const FIRST_GROUP_AT: u64 = HEADER_AT + LEAST;
/// Where what is attached is named.
pub(super) const ATTACHED_AT: u64 = HEADER_AT + LEAST + 3 * 8;
/// What is attached stands in the file itself.
const EMBEDDED: u8 = 1;
/// The start time is in UTC, and offsets to a time zone, which are zero, are valid.
const OFFSETS_VALID: u8 = 2;
/// A source is a bus, and that is CAN.
const BUS: u8 = 2;
const CAN: u8 = 2;
/// Kinds of channels, data types and flags.
const VALUE: u8 = 0;
const MASTER: u8 = 2;
const SYNC_TIME: u8 = 1;
const UNSIGNED: u8 = 0;
const SIGNED: u8 = 2;
const BYTES: u8 = 10;
const CHANNEL_OF_BUS_EVENT: u32 = 0x400;
const LINEAR: u8 = 1;
const NANOSECOND: f64 = 1e-9;

const ABOUT_FILE: &str = concat!(
    "<FHcomment><TX>written</TX><tool_id>canbus</tool_id><tool_vendor>canbus</tool_vendor>",
    "<tool_version>",
    env!("CARGO_PKG_VERSION"),
    "</tool_version></FHcomment>"
);

/// Where a group's data and the count of its records are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) data_at: u64,
    pub(super) count_at: u64,
}

impl Places {
    /// Those of a data group's block and of that of its channels.
    pub(super) fn of(data_group: u64, channel_group: u64) -> Places {
        Places {
            data_at: data_group + LEAST + 2 * 8,
            count_at: channel_group + LEAST + 6 * 8 + 8,
        }
    }
}

/// The beginning of a file, up to where data may follow.
pub(super) fn file(start: u64, attached: Option<&Attachment>) -> (Vec<u8>, [Places; GROUPS.len()]) {
    beginning(identification(*FINISHED, 0), start, attached, groups)
}

/// The beginning of a stream: one group for all records, whose data block has no end.
pub(super) fn stream(start: u64, attached: Option<&Attachment>) -> Vec<u8> {
    let mark = identification(*UNFINISHED, LACKS_COUNTS | LACKS_LENGTH);
    let (mut bytes, ()) = beginning(mark, start, attached, |builder, attached| {
        let mut next = 0;
        for (index, group) in GROUPS.iter().enumerate().rev() {
            next = channel_group(builder, group, (next, index as u64 + 1), attached);
        }
        // The data group, and right behind it the data.
        let length = LEAST + 4 * 8 + 8;
        let data = builder.end() + length;
        let links = [0, next, data, 0];
        (builder.add(*b"DG", &links, &[1, 0, 0, 0, 0, 0, 0, 0]), ())
    });
    head(&mut bytes, *b"DT", LEAST, &[]);
    bytes
}

/// The groups alone, to stand at an offset of an existing file; gives the first data group too.
pub(super) fn more(at: u64) -> (Vec<u8>, u64, [Places; GROUPS.len()]) {
    let mut builder = Builder::new(at);
    let (first, places) = groups(&mut builder, 0);
    (builder.bytes, first, places)
}

fn identification(mark: [u8; 8], unfinished: u16) -> Vec<u8> {
    let mut bytes = vec![0; IDENTIFICATION];
    bytes[..8].copy_from_slice(&mark);
    bytes[8..16].copy_from_slice(VERSION);
    bytes[16..24].copy_from_slice(b"canbus  ");
    bytes[28..30].copy_from_slice(&VERSION_NUMBER.to_le_bytes());
    bytes[60..62].copy_from_slice(&unfinished.to_le_bytes());
    bytes
}

/// Everything before the data; `groups` adds the data groups and gives the first one.
fn beginning<T>(
    mut bytes: Vec<u8>,
    start: u64,
    attached: Option<&Attachment>,
    groups: impl FnOnce(&mut Builder, u64) -> (u64, T),
) -> (Vec<u8>, T) {
    let mut builder = Builder::new(HEADER_AT);
    let history = HEADER_AT + LEAST + 6 * 8 + 32;
    let mut facts = [0; 32];
    facts[..8].copy_from_slice(&start.to_le_bytes());
    facts[12] = OFFSETS_VALID;
    builder.add(*b"HD", &[0, history, 0, 0, 0, 0], &facts);
    let about = history + LEAST + 2 * 8 + 16;
    builder.add(*b"FH", &[0, about], &facts[..16]);
    builder.xml(ABOUT_FILE);
    let attached = attached.map_or(0, |attached| attached.add(&mut builder));
    let (first, more) = groups(&mut builder, attached);
    bytes.extend_from_slice(&builder.bytes);
    for (at, link) in [(FIRST_GROUP_AT, first), (ATTACHED_AT, attached)] {
        bytes[at as usize..][..8].copy_from_slice(&link.to_le_bytes());
    }
    (bytes, more)
}

/// A file that stands in ours: a database of signals.
pub(super) struct Attachment {
    /// The name, without its folders.
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

impl Attachment {
    fn add(&self, builder: &mut Builder) -> u64 {
        let name = builder.text(&self.name);
        let kind = builder.text("application/octet-stream");
        let size = (self.content.len() as u64).to_le_bytes();
        // Flags (u16), who made it (u16), reserved (u32), a check sum that we do not tell, the size
        // twice, since it is not compressed; then the content.
        let mut facts = vec![0; 24];
        facts[0] = EMBEDDED;
        facts.extend_from_slice(&size);
        facts.extend_from_slice(&size);
        facts.extend_from_slice(&self.content);
        builder.add(*b"AT", &[0, name, kind, 0], &facts)
    }
}

/// A data group for each group of records.
fn groups(builder: &mut Builder, attached: u64) -> (u64, [Places; GROUPS.len()]) {
    let mut next = 0;
    let mut places = [Places {
        data_at: 0,
        count_at: 0,
    }; GROUPS.len()];
    for (group, place) in GROUPS.iter().zip(&mut places).rev() {
        let channels = channel_group(builder, group, (0, 0), attached);
        next = builder.add(*b"DG", &[next, channels, 0, 0], &[0; 8]);
        *place = Places::of(next, channels);
    }
    (next, places)
}

/// A group of channels; `next` is the next one, `id` what stands before its records.
fn channel_group(
    builder: &mut Builder,
    group: &Group,
    (next, id): (u64, u64),
    attached: u64,
) -> u64 {
    let bus = builder.text("CAN");
    let source = builder.add(*b"SI", &[bus, bus, 0], &[BUS, CAN, 0, 0, 0, 0, 0, 0]);
    let others = Channel::number(OTHERS, 8);
    let others = channel(builder, channel::OTHERS, &others, [0; 4]);
    let frame = frame(builder, group, (source, attached), others);
    let seconds = seconds(builder);
    let unit = builder.text("s");
    let time = Channel {
        kind: MASTER,
        sync: SYNC_TIME,
        data_type: SIGNED,
        ..Channel::number(TIME, 8)
    };
    let time = channel(builder, "time", &time, [frame, 0, seconds, unit]);
    let mut facts = [0; 32];
    facts[..8].copy_from_slice(&id.to_le_bytes());
    facts[16..18].copy_from_slice(&(BUS_EVENT | PLAIN_BUS_EVENT).to_le_bytes());
    facts[18..20].copy_from_slice(&u16::from(b'.').to_le_bytes());
    facts[24..28].copy_from_slice(&(group.width() as u32).to_le_bytes());
    builder.add(*b"CG", &[next, time, bus, source, 0, 0], &facts)
}

/// The channel that is a frame, with its parts inside.
fn frame(builder: &mut Builder, group: &Group, (source, attached): (u64, u64), next: u64) -> u64 {
    let parts = group.parts();
    let mut inside = 0;
    for &(name, at, bytes) in parts.iter().rev() {
        let part = Channel {
            data_type: if name == "DataBytes" { BYTES } else { UNSIGNED },
            flags: CHANNEL_OF_BUS_EVENT,
            ..Channel::number(at, bytes)
        };
        let name = format!("{}.{name}", group.name);
        inside = channel(builder, &name, &part, [inside, 0, 0, 0]);
    }
    let at = super::row::FRAME;
    let whole = Channel {
        data_type: BYTES,
        flags: CHANNEL_OF_BUS_EVENT,
        ..Channel::number(at, group.width() - at)
    };
    let name = builder.text(group.name);
    let links = [next, inside, name, source, 0, 0, 0, 0, attached];
    let mut facts = whole.facts();
    let count = usize::from(attached != 0);
    facts[22] = count as u8;
    builder.add(*b"CN", &links[..8 + count], &facts)
}

/// What a channel is.
struct Channel {
    kind: u8,
    sync: u8,
    data_type: u8,
    at: usize,
    bytes: usize,
    flags: u32,
}

impl Channel {
    fn number(at: usize, bytes: usize) -> Channel {
        Channel {
            kind: VALUE,
            sync: 0,
            data_type: UNSIGNED,
            at,
            bytes,
            flags: 0,
        }
    }

    fn facts(&self) -> [u8; 72] {
        let mut facts = [0; 72];
        facts[..3].copy_from_slice(&[self.kind, self.sync, self.data_type]);
        facts[4..8].copy_from_slice(&(self.at as u32).to_le_bytes());
        facts[8..12].copy_from_slice(&(8 * self.bytes as u32).to_le_bytes());
        facts[12..16].copy_from_slice(&self.flags.to_le_bytes());
        facts
    }
}

/// A channel that the next one, one inside, a conversion and a unit belong to.
fn channel(builder: &mut Builder, name: &str, about: &Channel, links: [u64; 4]) -> u64 {
    let [next, inside, conversion, unit] = links;
    let name = builder.text(name);
    let links = [next, inside, name, 0, conversion, 0, unit, 0];
    builder.add(*b"CN", &links, &about.facts())
}

/// The conversion of nanoseconds to seconds.
fn seconds(builder: &mut Builder) -> u64 {
    let mut facts = [0; 40];
    facts[0] = LINEAR;
    facts[6..8].copy_from_slice(&2_u16.to_le_bytes());
    facts[32..].copy_from_slice(&NANOSECOND.to_le_bytes());
    builder.add(*b"CC", &[0; 4], &facts)
}
