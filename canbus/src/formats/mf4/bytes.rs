//! The bytes of a file at any place, with limits that hold whatever its links say.

use super::block::{HEAD, Head, LEAST, field};
use crate::error::{Context, Error, Result};
use crate::formats::deflate::Inflater;
use crate::formats::input::OnDisk;
use crate::formats::room::Room;
use crate::formats::{Input, ReadReport};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::sync::Arc;

/// Of a block with facts, no more links and bytes than this are looked at.
const MOST_LINKS: u64 = 4096;
const MOST_DATA: u64 = 64 << 10;
/// Names are short.
const MOST_TEXT: u64 = 4096;
/// One of this size is held in any case.
const SMALL: usize = 16 << 10;

/// A file that is read.
pub(super) struct Bytes {
    /// What is read; `None` for a file that is about to be continued.
    disk: Option<OnDisk>,
    name: String,
    report: Arc<ReadReport>,
    file: File,
    size: u64,
    /// Blocks with facts, and bytes of data, that may still be read: each is in the file once, so
    /// that whoever wants more goes in circles.
    blocks_left: u64,
    data_left: u64,
    held: usize,
    room: Room,
    /// Where blocks begin that were met.
    known: Vec<u64>,
    pub(super) inflater: Inflater,
    /// A compressed block.
    pub(super) packed: Vec<u8>,
    /// Memory of a block that was read, for the next one.
    pub(super) spare: Vec<u8>,
}

/// A block with facts.
pub(super) struct Block {
    pub(super) at: u64,
    pub(super) links: Vec<u64>,
    pub(super) data: Vec<u8>,
}

impl Block {
    /// A link; zero where there is none.
    pub(super) fn link(&self, index: usize) -> u64 {
        self.links.get(index).copied().unwrap_or(0)
    }

    pub(super) fn u8(&self, at: usize) -> u8 {
        self.data.get(at).copied().unwrap_or(0)
    }

    pub(super) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes(field(&self.data, at))
    }

    pub(super) fn u32(&self, at: usize) -> u32 {
        u32::from_le_bytes(field(&self.data, at))
    }

    pub(super) fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(field(&self.data, at))
    }

    pub(super) fn f64(&self, at: usize) -> f64 {
        f64::from_le_bytes(field(&self.data, at))
    }
}

impl Bytes {
    /// An input.
    ///
    /// # Errors
    /// `Io`; `Malformed` for damaged compression.
    pub(super) fn open(input: Input) -> Result<Bytes> {
        let disk = input.on_disk()?;
        let bytes = Bytes::of(disk.open()?, disk.name().to_string())?;
        Ok(Bytes {
            report: disk.report(),
            disk: Some(disk),
            ..bytes
        })
    }

    /// A file that is open; the name is for error messages.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn of(file: File, name: String) -> Result<Bytes> {
        let size = file.metadata().context(&name)?.len();
        Ok(Bytes {
            disk: None,
            name,
            report: Arc::default(),
            file,
            size,
            blocks_left: size / LEAST,
            data_left: size,
            held: 0,
            room: Room::new(),
            known: Vec::new(),
            inflater: Inflater::new(),
            packed: Vec::new(),
            spare: Vec::new(),
        })
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn report(&self) -> Arc<ReadReport> {
        Arc::clone(&self.report)
    }

    /// Tells that the end was reached.
    pub(super) fn count_all(&self) {
        if let Some(disk) = &self.disk {
            disk.count_all();
        }
    }

    /// As much as there is from an offset on.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn read_at(&mut self, at: u64, buffer: &mut [u8]) -> Result<usize> {
        if at >= self.size {
            return Ok(0);
        }
        let name = &self.name;
        self.file.seek(SeekFrom::Start(at)).context(name)?;
        let mut read = 0;
        while read < buffer.len() {
            match self.file.read(&mut buffer[read..]) {
                Ok(0) => break,
                Ok(count) => read += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context(name),
            }
        }
        Ok(read)
    }

    /// As [`Bytes::read_at`] for data, of which each byte is read once.
    ///
    /// # Errors
    /// `Io`; `Malformed` where more is read than there is in the file.
    pub(super) fn data_at(&mut self, at: u64, buffer: &mut [u8]) -> Result<usize> {
        let read = self.read_at(at, buffer)?;
        self.spend_data(at, read as u64)?;
        Ok(read)
    }

    /// Notes that so many bytes of data were read otherwise, compressed ones.
    ///
    /// # Errors
    /// `Malformed` where more is read than there is in the file.
    pub(super) fn spend_data(&mut self, at: u64, bytes: u64) -> Result<()> {
        if let Some(disk) = &self.disk {
            disk.count(bytes);
        }
        self.spend(at, bytes)
    }

    fn spend(&mut self, at: u64, bytes: u64) -> Result<()> {
        let left = self.data_left.checked_sub(bytes);
        self.data_left = left.unwrap_or(0);
        match left {
            Some(_) => Ok(()),
            None => Err(self.malformed(at, "the same data belong to several groups or lists")),
        }
    }

    /// The beginning of a block, if there is one.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn head(&mut self, at: u64) -> Result<Option<Head>> {
        let mut bytes = [0; HEAD];
        let read = self.read_at(at, &mut bytes)?;
        Ok(Head::parse(&bytes).filter(|_| read == HEAD))
    }

    /// A link of a block.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn link(&mut self, at: u64) -> Result<u64> {
        let mut bytes = [0; 8];
        self.read_at(at, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// A block with facts, of the kind that is expected there.
    ///
    /// # Errors
    /// `Io`; `Malformed` where it is missing, another or cut off.
    pub(super) fn block(&mut self, at: u64, id: [u8; 2]) -> Result<Block> {
        let expected = format!("expected a block {}", String::from_utf8_lossy(&id));
        let Some(head) = self.head(at)? else {
            return Err(self.malformed(at, format!("{expected}, found none")));
        };
        if head.id != id {
            return Err(self.malformed(at, format!("{expected}, found {}", head.name())));
        }
        let Some(left) = self.blocks_left.checked_sub(1) else {
            return Err(self.malformed(at, "blocks are linked in a circle"));
        };
        self.blocks_left = left;
        self.known.push(at);
        let links = head.links.min(MOST_LINKS);
        let data_at = HEAD as u64 + 8 * head.links;
        let mut bytes = vec![0; 8 * links as usize];
        let mut data = vec![0; (head.length - data_at).min(MOST_DATA) as usize];
        let read = self.read_at(at + LEAST, &mut bytes)?;
        let whole = read == bytes.len()
            && self.read_at(at.saturating_add(data_at), &mut data)? == data.len();
        if !whole {
            return Err(self.malformed(at, format!("{expected}, and it is cut off")));
        }
        let links = bytes
            .chunks_exact(8)
            .map(|link| u64::from_le_bytes(field(link, 0)));
        Ok(Block {
            at,
            links: links.collect(),
            data,
        })
    }

    /// The text of a block, of one with XML that of its first element; empty where there is none.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn text(&mut self, at: u64) -> Result<String> {
        let Some(head) = self.head(at)?.filter(|_| at != 0) else {
            return Ok(String::new());
        };
        self.known.push(at);
        let data_at = LEAST + 8 * head.links;
        let mut bytes = vec![0; (head.length - data_at).min(MOST_TEXT) as usize];
        let read = self.read_at(at.saturating_add(data_at), &mut bytes)?;
        bytes.truncate(read);
        let end = bytes.iter().position(|&byte| byte == 0);
        bytes.truncate(end.unwrap_or(bytes.len()));
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let inner = text
            .split_once("<TX>")
            .and_then(|(_, rest)| rest.split_once("</TX>"));
        match inner {
            Some((inner, _)) if head.id == *b"MD" => Ok(inner.into()),
            _ => Ok(text),
        }
    }

    /// Where the block behind this offset begins, as far as blocks are known, or the file ends.
    pub(super) fn next_known(&self, at: u64) -> u64 {
        let behind = self.known.iter().copied().filter(|&known| known > at);
        behind.min().unwrap_or(self.size).min(self.size)
    }

    /// Asks for room in memory.
    pub(super) fn hold(&mut self, bytes: usize) -> bool {
        let all = self.held.saturating_add(bytes);
        let fits = self.room.widen(all) || bytes <= SMALL;
        if fits {
            self.held = all;
        }
        fits
    }

    /// Gives such room back.
    pub(super) fn release(&mut self, bytes: usize) {
        self.held -= bytes;
    }

    /// An error that names file and offset.
    pub(super) fn malformed(&self, at: u64, what: impl std::fmt::Display) -> Error {
        Error::malformed(format!("{}: byte {at}: {what}", self.name))
    }
}
