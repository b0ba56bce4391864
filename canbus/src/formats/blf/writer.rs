//! Writes a file: messages are gathered into containers, and the header is kept up to date, so
//! that what was flushed can be read whatever happens to this process.

use super::append;
use super::container::Packer;
use super::header::{self, FileHeader, STATISTICS};
use super::object::{LARGEST, encode, encode_marker};
use crate::error::{Error, ErrorKind, Result};
use crate::formats::Output;
use crate::formats::zone;
use crate::listener::Listener;
use crate::message::{Channel, Message, Timestamp};
use crate::options::Options;
use jiff::tz::TimeZone;
use std::io::{SeekFrom, Write};

/// No remark is longer, in bytes.
const LONGEST_REMARK: usize = 32 << 10;

/// A file being written.
pub(super) struct Writer {
    output: Output,
    zone: TimeZone,
    /// The channel, counted from 1, of messages that name none.
    channel: u16,
    /// The most bytes of a container's contents.
    limit: usize,
    packer: Packer,
    /// Objects for the next container.
    objects: Vec<u8>,
    /// How many there are.
    gathered: u32,
    /// A container that is being written.
    packed: Vec<u8>,
    header: FileHeader,
    /// The start time and that of the last message, in nanoseconds; `None` before the first.
    times: Option<Times>,
    /// Whether the clamping of times was warned about.
    warned: bool,
    finished: bool,
}

/// The times in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    pub(super) start: i64,
    pub(super) stop: i64,
}

impl Writer {
    /// Begins a file, or goes on with one.
    ///
    /// # Errors
    /// `Io`; `Malformed` if the existing file is not a BLF file; `InvalidInput` for a time zone.
    pub(super) fn create(mut output: Output, options: &Options) -> Result<Writer> {
        let zone = zone::named(options.text("tz").unwrap_or_default())?;
        let mut packer = Packer::new(options.integer("compression_level").unwrap_or(-1));
        let mut header = FileHeader::new();
        let mut times = None;
        let continues = output.continues();
        if output.storage().is_some() {
            if continues {
                (header, times) = append::continue_file(&mut output, &zone, &mut packer)?;
            } else {
                output.write_all(&header.to_bytes())?;
            }
        }
        let limit = options.count("max_container_size").unwrap_or(128 << 10);
        let channel = options.integer("channel").unwrap_or(1) as u16;
        Ok(Writer {
            output,
            zone,
            channel,
            limit,
            packer,
            objects: Vec::with_capacity(limit.min(128 << 10)),
            gathered: 0,
            packed: Vec::new(),
            header,
            times,
            warned: false,
            finished: false,
        })
    }

    /// The time of a message as the file holds it; the first one sets the start time.
    fn offset(&mut self, time: i64) -> Result<u64> {
        let Some(times) = &mut self.times else {
            let start = header::start_of(time);
            self.times = Some(Times { start, stop: time });
            self.header.set_start(start, &self.zone);
            if let Err(error) = self.begin() {
                self.times = None;
                return Err(error);
            }
            return Ok(start.abs_diff(time));
        };
        times.stop = times.stop.max(time);
        if time >= times.start {
            return Ok(times.start.abs_diff(time));
        }
        if !self.warned {
            self.warned = true;
            log::warn!(
                "a message is {} ns earlier than the start of the BLF file and gets its time",
                times.start.abs_diff(time)
            );
        }
        Ok(0)
    }

    /// The start time is known: brings it into the file, so that it is there for the first
    /// container.
    fn begin(&mut self) -> Result<()> {
        if self.output.storage().is_some() {
            return self.update_header();
        }
        Ok(self.output.write_all(&self.header.to_bytes())?)
    }

    /// The number in the file of a message's channel.
    fn channel_of(&self, message: &Message) -> Result<u16> {
        let number = message.channel.and_then(Channel::trailing_number);
        let Some(number) = number else {
            return Ok(self.channel);
        };
        let counted = number.checked_add(1).and_then(|n| u16::try_from(n).ok());
        counted.ok_or_else(|| {
            let message = format!("BLF has channels 0 to 65534, not channel {number}");
            Error::new(ErrorKind::Unsupported, message)
        })
    }

    /// Writes what was gathered as a container.
    fn write_container(&mut self) -> Result<()> {
        if self.objects.is_empty() {
            return Ok(());
        }
        self.packer.pack(&self.objects, &mut self.packed)?;
        let at = self.header.file_size;
        if let Some(file) = self.output.storage() {
            // After a write that failed half-way the next one starts at the same place.
            file.seek(SeekFrom::Start(at))?;
        }
        self.output.write_all(&self.packed)?;
        self.header.file_size += self.packed.len() as u64;
        self.header.uncompressed_size += append::uncompressed(self.objects.len() as u64);
        self.header.objects = self.header.objects.saturating_add(self.gathered);
        self.objects.clear();
        self.gathered = 0;
        self.update_header()
    }

    /// Writes counts and times into the file's header, where the output allows it.
    fn update_header(&mut self) -> Result<()> {
        if let Some(times) = self.times {
            self.header.set_stop(times.stop, &self.zone);
        }
        let bytes = self.header.to_bytes();
        if let Some(file) = self.output.storage() {
            file.seek(SeekFrom::Start(STATISTICS))?;
            file.write_all(&bytes[STATISTICS as usize..header::USED])?;
            file.seek(SeekFrom::Start(self.header.file_size))?;
        }
        Ok(())
    }
}

impl Listener for Writer {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        let channel = self.channel_of(message)?;
        if self.objects.len() + LARGEST > self.limit {
            self.write_container()?;
        }
        let offset = self.offset(message.timestamp.as_nanos())?;
        encode(message, channel, offset, &mut self.objects);
        self.gathered += 1;
        Ok(())
    }

    fn on_event(&mut self, text: &str, timestamp: Option<Timestamp>) -> Result<()> {
        if text.len() > LONGEST_REMARK {
            return Err(Error::invalid(format!(
                "a remark in a BLF file has at most {LONGEST_REMARK} bytes, not {}",
                text.len()
            )));
        }
        if self.objects.len() + LARGEST + text.len() > self.limit {
            self.write_container()?;
        }
        let last = self.times.map_or(0, |times| times.stop);
        let offset = self.offset(timestamp.map_or(last, Timestamp::as_nanos))?;
        encode_marker(text, offset, &mut self.objects);
        self.gathered += 1;
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.write_container()?;
        Ok(self.output.flush()?)
    }

    fn finish(&mut self) -> Result<()> {
        self.finished = true;
        self.write_container()?;
        if self.times.is_none() && self.output.storage().is_none() {
            self.begin()?;
        }
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

#[cfg(test)]
mod tests;
