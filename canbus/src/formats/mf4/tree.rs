//! What a file says about itself before its data: identification, start time, and the groups with
//! their channels, of which those of bus events on CAN become [`Layout`]s.

use super::block::{
    FINISHED, HEADER_AT, IDENTIFICATION, LEAST, REMOTE_MASTER, UNFINISHED, VARIABLE, field,
};
use super::bytes::{Block, Bytes};
use super::channel::Channels;
use super::layout::Layout;
use crate::error::{Error, ErrorKind, Result};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A record is never longer than this.
const MOST_WIDTH: u64 = 64 << 10;
/// Flag of the start time: it is that of a clock on the wall.
const LOCAL: u8 = 1;

/// What a file says about itself.
pub(super) struct Tree {
    /// The start time in nanoseconds since the epoch.
    pub(super) start: i64,
    /// What the writer left undone.
    pub(super) unfinished: u16,
    pub(super) groups: Vec<DataGroup>,
    /// Where the next data group would be named.
    pub(super) next_at: u64,
    /// What could not be read of all that.
    pub(super) errors: Vec<Error>,
}

/// Groups of channels whose records lie in the same data.
pub(super) struct DataGroup {
    /// Where its block is.
    pub(super) at: u64,
    /// The first data block.
    pub(super) data: u64,
    /// How many bytes before each record say whose it is.
    pub(super) id_size: usize,
    pub(super) channels: Vec<ChannelGroup>,
}

/// A group of channels: one kind of record.
pub(super) struct ChannelGroup {
    /// Where its block is; data of variable length are found by it.
    pub(super) at: u64,
    /// What stands before its records.
    pub(super) id: u64,
    /// How many records there are.
    pub(super) count: u64,
    /// The length of a record, and of it without the bits that say what is invalid.
    pub(super) width: usize,
    pub(super) data_width: usize,
    /// Its records are data of variable length.
    pub(super) variable: bool,
    /// For frames.
    pub(super) layout: Option<Layout>,
}

impl Tree {
    /// Reads it.
    ///
    /// # Errors
    /// `Io`; `Malformed` for what is no file of version 4, `Unsupported` for other versions.
    pub(super) fn read(bytes: &mut Bytes, zone: &TimeZone) -> Result<Tree> {
        let unfinished = identify(bytes)?;
        let header = bytes.block(HEADER_AT, *b"HD")?;
        let mut tree = Tree {
            start: start(&header, zone),
            unfinished,
            groups: Vec::new(),
            next_at: HEADER_AT + LEAST,
            errors: Vec::new(),
        };
        let mut at = header.link(0);
        while at != 0 {
            let block = match bytes.block(at, *b"DG") {
                Ok(block) => block,
                Err(error) => {
                    tree.errors.push(error);
                    break;
                }
            };
            tree.next_at = at + LEAST;
            at = block.link(0);
            let group = tree.group(&block, bytes);
            tree.groups.push(group);
        }
        Ok(tree)
    }

    fn group(&mut self, block: &Block, bytes: &mut Bytes) -> DataGroup {
        let mut group = DataGroup {
            at: block.at,
            data: block.link(2),
            id_size: block.u8(0).into(),
            channels: Vec::new(),
        };
        let mut at = block.link(1);
        while at != 0 {
            let read = bytes.block(at, *b"CG").and_then(|block| {
                at = block.link(0);
                channel_group(&block, bytes)
            });
            match read {
                Ok(channels) => group.channels.push(channels),
                Err(error) => {
                    self.errors.push(error);
                    break;
                }
            }
        }
        if !matches!(group.id_size, 0 | 1 | 2 | 4 | 8) {
            let what = format!("record identifiers of {} bytes", group.id_size);
            self.errors.push(bytes.malformed(block.at, what));
            group.channels.clear();
        }
        group
    }
}

/// What is undone in a file of version 4.
fn identify(bytes: &mut Bytes) -> Result<u16> {
    let mut found = [0; IDENTIFICATION];
    let read = bytes.read_at(0, &mut found)?;
    if read < IDENTIFICATION && found.starts_with(b"MDF ") {
        return Err(bytes.malformed(0, "the file ends in the middle of its beginning"));
    }
    let unfinished = match &field(&found, 0) {
        FINISHED => 0,
        UNFINISHED => u16::from_le_bytes(field(&found, 60)),
        _ => {
            let what = format!(
                "not an MDF file: it begins with {:02x?} instead of MDF",
                &found[..read.min(8)]
            );
            return Err(bytes.malformed(0, what));
        }
    };
    let version = u16::from_le_bytes(field(&found, 28));
    if !(400..500).contains(&version) {
        let what = format!(
            "an MDF file of version {}.{:02}, but only version 4 can be read",
            version / 100,
            version % 100
        );
        let error = bytes.malformed(0, what).with_kind(ErrorKind::Unsupported);
        return Err(error);
    }
    Ok(unfinished)
}

/// The start time, in nanoseconds since the epoch.
fn start(header: &Block, zone: &TimeZone) -> i64 {
    let nanos = i64::try_from(header.u64(0)).unwrap_or(i64::MAX);
    if header.u8(12) & LOCAL == 0 {
        return nanos;
    }
    // The time of a clock on the wall, as if that were one in Greenwich.
    let Ok(time) = Timestamp::from_nanosecond(nanos.into()) else {
        return nanos;
    };
    let date = TimeZone::UTC.to_datetime(time);
    let time = zone.to_ambiguous_timestamp(date).compatible();
    let nanos_there = time
        .ok()
        .and_then(|time| i64::try_from(time.as_nanosecond()).ok());
    nanos_there.unwrap_or(nanos)
}

fn channel_group(block: &Block, bytes: &mut Bytes) -> Result<ChannelGroup> {
    let flags = block.u16(16);
    let variable = flags & VARIABLE != 0;
    let (data, invalid) = (u64::from(block.u32(24)), u64::from(block.u32(28)));
    let mut group = ChannelGroup {
        at: block.at,
        id: block.u64(0),
        count: block.u64(8),
        width: 0,
        data_width: 0,
        variable,
        layout: None,
    };
    if variable {
        return Ok(group);
    }
    if data + invalid > MOST_WIDTH {
        // No bus has such; but how far its records go must be known.
        group.width = (data + invalid) as usize;
        return Ok(group);
    }
    group.width = (data + invalid) as usize;
    group.data_width = data as usize;
    if flags & REMOTE_MASTER != 0 {
        return Ok(group);
    }
    let acquisition = bytes.text(block.link(2))?;
    let channels = Channels::read(block.link(1), &acquisition, group.data_width, bytes)?;
    if let Some(layout) = channels.layout() {
        if !layout.fits(group.width) {
            let what = format!("a channel is outside of records of {} bytes", group.width);
            return Err(bytes.malformed(block.at, what));
        }
        group.layout = Some(layout);
    }
    Ok(group)
}
