//! Writes a file: records are gathered by group, and at each flush become data blocks behind
//! everything else, which are linked when they are complete. So the file is finished at any moment.

use super::append;
use super::block::{self, HEAD};
use super::chain::ZIPPED;
use super::row::{self, GROUPS, MOST_CHANNEL};
use super::skeleton::{self, Attachment, Places};
use crate::error::{Context, Error, ErrorKind, Result};
use crate::formats::Output;
use crate::formats::deflate::Deflater;
use crate::listener::Listener;
use crate::message::{Channel, Message};
use crate::options::Options;
use std::fs;
use std::io::{SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

/// So many bytes of a group's records become a block.
pub(super) const BLOCK: usize = 1 << 20;
const MILLISECOND: i64 = 1_000_000;
/// Levels of compression.
const STORED: i64 = 0;
const BY_COLUMNS: i64 = 2;
/// zlib's level, the fastest that makes files as small as those of asammdf.
const ZLIB_LEVEL: u32 = 6;

/// A file being written.
pub(super) struct Writer {
    output: Output,
    /// The channel of messages that name none.
    channel: u8,
    form: Form,
    /// What stands at the beginning of a stream.
    attached: Option<Attachment>,
    /// The start time in nanoseconds; `None` before the first message.
    start: Option<i64>,
    /// How many messages there are in the file, and how many of each group this writer wrote.
    count: u64,
    counts: [u64; GROUPS.len()],
    finished: bool,
}

/// How records get into the output.
enum Form {
    /// A file, whose links are changed as it grows.
    File(Box<Blocks>),
    /// A stream: records one after another, each behind the number of its group.
    Stream(Vec<u8>),
}

impl Writer {
    /// Begins a file, or goes on with one.
    ///
    /// # Errors
    /// `Io`; `Malformed` if the existing file is not an MF4 file that can be continued.
    pub(super) fn create(mut output: Output, options: &Options) -> Result<Writer> {
        let level = options.integer("compression_level").unwrap_or(BY_COLUMNS);
        let channel = options.integer("channel").unwrap_or(0) as u8;
        let mut writer = Writer {
            channel,
            form: Form::Stream(Vec::new()),
            attached: attached(options)?,
            start: None,
            count: 0,
            counts: [0; GROUPS.len()],
            finished: false,
            output: Output::new(std::io::sink()),
        };
        let continues = output.continues();
        if output.storage().is_some() {
            let (places, end) = if continues {
                if writer.attached.is_some() {
                    return Err(Error::invalid(
                        "option database is for a new file, and this one is continued",
                    ));
                }
                let existing = append::continue_file(&mut output)?;
                writer.start = Some(existing.start);
                writer.count = existing.count;
                (existing.places, existing.end)
            } else {
                let (bytes, places) = skeleton::file(0, writer.attached.as_ref());
                begin(&mut output, &bytes)?;
                (places, bytes.len() as u64)
            };
            writer.form = Form::File(Box::new(Blocks::new(level, places, end)));
        } else if continues {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "a compressed MF4 file cannot be continued",
            ));
        }
        writer.output = output;
        Ok(writer)
    }

    /// The time of a message as the file holds it; the first one sets the start time.
    fn offset(&mut self, time: i64) -> Result<i64> {
        if let Some(start) = self.start {
            return Ok(time.saturating_sub(start));
        }
        let start = start_of(time);
        match &mut self.form {
            Form::File(_) => {
                let bytes = (start as u64).to_le_bytes();
                write_at(&mut self.output, skeleton::START_AT, &bytes)?;
            }
            Form::Stream(records) => {
                let attached = self.attached.as_ref();
                records.extend_from_slice(&skeleton::stream(start as u64, attached));
            }
        }
        self.start = Some(start);
        Ok(time.saturating_sub(start))
    }

    /// The number in the file of a message's channel.
    #[inline]
    fn channel_of(&self, message: &Message) -> Result<u8> {
        let Some(number) = message.channel.and_then(Channel::trailing_number) else {
            return Ok(self.channel);
        };
        u8::try_from(number).map_err(|_| {
            let message = format!("MF4 has channels 0 to {MOST_CHANNEL}, not channel {number}");
            Error::new(ErrorKind::Unsupported, message)
        })
    }

    fn write_all(&mut self) -> Result<()> {
        match &mut self.form {
            Form::File(blocks) => {
                (0..GROUPS.len()).try_for_each(|group| blocks.write(group, &mut self.output))
            }
            Form::Stream(records) => {
                self.output.write_all(records)?;
                records.clear();
                Ok(())
            }
        }
    }
}

impl Listener for Writer {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        let channel = self.channel_of(message)?;
        let group = row::group_of(message);
        match &mut self.form {
            Form::File(blocks) if blocks.is_full(group) => blocks.write(group, &mut self.output)?,
            Form::Stream(records) if records.len() >= BLOCK => self.write_all()?,
            _ => {}
        }
        let time = self.offset(message.timestamp.as_nanos())?;
        let out = match &mut self.form {
            Form::File(blocks) => &mut blocks.tracks[group].records,
            Form::Stream(records) => {
                records.push(group as u8 + 1);
                records
            }
        };
        let others = self.count - self.counts[group];
        row::encode(message, channel, time, others, out);
        self.count += 1;
        self.counts[group] += 1;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.write_all()?;
        Ok(self.output.flush()?)
    }

    fn finish(&mut self) -> Result<()> {
        self.finished = true;
        if self.start.is_none() && matches!(self.form, Form::Stream(_)) {
            self.offset(0)?;
        }
        self.write_all()?;
        self.output.finish()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.finished {
            // Nobody is left to tell about an error; `finish` is for those who want to know.
            let _ = self.finish();
        }
    }
}

/// Writes the beginning of a file, the links to what is behind its header last: who is killed
/// before has begun a file without groups, not one whose groups are missing.
fn begin(output: &mut Output, bytes: &[u8]) -> Result<()> {
    let links = [skeleton::ATTACHED_AT, skeleton::FIRST_GROUP_AT];
    let links = links.map(|at| at as usize..at as usize + 8);
    let mut unlinked = bytes.to_vec();
    for link in &links {
        unlinked[link.clone()].fill(0);
    }
    output.write_all(&unlinked)?;
    let link = |link: Range<usize>| write_at(output, link.start as u64, &bytes[link]);
    links.into_iter().try_for_each(link)
}

/// The database that an option names.
fn attached(options: &Options) -> Result<Option<Attachment>> {
    let Some(path) = options.text("database").map(Path::new) else {
        return Ok(None);
    };
    let name = path.file_name().unwrap_or_default();
    Ok(Some(Attachment {
        name: name.to_string_lossy().into_owned(),
        content: fs::read(path).context(format!("option database: {}", path.display()))?,
    }))
}

/// The start time of a file whose first message has this time: one that a header can hold, which
/// other programs understand without loss.
fn start_of(nanos: i64) -> i64 {
    nanos
        .div_euclid(MILLISECOND)
        .saturating_mul(MILLISECOND)
        .max(0)
}

fn write_at(output: &mut Output, at: u64, bytes: &[u8]) -> Result<()> {
    if let Some(file) = output.storage() {
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
    }
    Ok(())
}

/// Data blocks in the making.
struct Blocks {
    tracks: [Track; GROUPS.len()],
    level: i64,
    deflater: Deflater,
    /// Where the next block goes.
    end: u64,
    /// Records by columns, and a block.
    columns: Vec<u8>,
    block: Vec<u8>,
}

/// The records of one group.
struct Track {
    /// Those for the next block.
    records: Vec<u8>,
    /// Where the link to the next list of blocks stands.
    link_at: u64,
    /// Whether there is a list.
    listed: bool,
    count_at: u64,
    /// How many records, and bytes of them, there are in blocks.
    count: u64,
    bytes: u64,
}

impl Blocks {
    fn new(level: i64, places: [Places; GROUPS.len()], end: u64) -> Blocks {
        Blocks {
            tracks: places.map(|place| Track {
                records: Vec::new(),
                link_at: place.data_at,
                listed: false,
                count_at: place.count_at,
                count: 0,
                bytes: 0,
            }),
            level,
            deflater: Deflater::new(ZLIB_LEVEL),
            end,
            columns: Vec::new(),
            block: Vec::new(),
        }
    }

    #[inline]
    fn is_full(&self, group: usize) -> bool {
        self.tracks[group].records.len() >= BLOCK
    }

    /// Writes what was gathered of a group as a block in a list of its own, then the link to it,
    /// then the count: whoever reads the file meanwhile sees one of these states.
    fn write(&mut self, group: usize, output: &mut Output) -> Result<()> {
        let width = GROUPS[group].width();
        if self.tracks[group].records.is_empty() {
            return Ok(());
        }
        self.data(group, width)?;
        let track = &mut self.tracks[group];
        let first = self.end + self.block.len() as u64;
        let mut list_at = first;
        if !track.listed && self.level != STORED {
            list_at = first + HEAD as u64 + 16;
            let method = u8::from(self.level == BY_COLUMNS);
            let about = [0, 0, method, 0, 0, 0, 0, 0];
            block::put(&mut self.block, *b"HL", &[list_at], &about);
        }
        let mut about = [0; 16];
        about[4] = 1;
        about[8..].copy_from_slice(&track.bytes.to_le_bytes());
        block::put(&mut self.block, *b"DL", &[0, self.end], &about);
        if let Some(file) = output.storage() {
            // After a write that failed half-way the next one starts at the same place.
            file.seek(SeekFrom::Start(self.end))?;
        }
        output.write_all(&self.block)?;
        write_at(output, track.link_at, &first.to_le_bytes())?;
        let count = track.count + (track.records.len() / width) as u64;
        self.end += self.block.len() as u64;
        track.link_at = list_at + HEAD as u64;
        track.listed = true;
        track.bytes += track.records.len() as u64;
        track.count = count;
        track.records.clear();
        write_at(output, track.count_at, &count.to_le_bytes())
    }

    /// Makes the data block.
    fn data(&mut self, group: usize, width: usize) -> Result<()> {
        let records = &self.tracks[group].records;
        self.block.clear();
        if self.level == STORED {
            block::put(&mut self.block, *b"DT", &[], records);
            return Ok(());
        }
        let by_columns = self.level == BY_COLUMNS;
        let data = if by_columns {
            row::into_columns(records, width, &mut self.columns);
            &self.columns
        } else {
            records
        };
        let head = HEAD + ZIPPED;
        self.block.resize(head, 0);
        self.deflater.append(data, &mut self.block)?;
        let zipped = self.block.len() - head;
        let mut begin = Vec::with_capacity(head);
        block::head(&mut begin, *b"DZ", self.block.len() as u64, &[]);
        begin.extend_from_slice(b"DT");
        begin.extend_from_slice(&[by_columns.into(), 0]);
        let columns = if by_columns { width as u32 } else { 0 };
        begin.extend_from_slice(&columns.to_le_bytes());
        begin.extend_from_slice(&(records.len() as u64).to_le_bytes());
        begin.extend_from_slice(&(zipped as u64).to_le_bytes());
        self.block[..head].copy_from_slice(&begin);
        self.block.resize(self.block.len().next_multiple_of(8), 0);
        Ok(())
    }
}
