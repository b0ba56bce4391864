//! Messages as columns: gathered until there are enough for a row group.

use crate::formats::table::Extra;
use crate::message::{Channel, Direction, Message};
use parquet::column::writer::{ColumnWriter, ColumnWriterImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::errors::{ParquetError, Result};

/// Rows of a row group: many enough that columns compress well, few enough for little memory.
pub(super) const MOST: usize = 1 << 15;

/// How many values are made at a time that are made only to be written.
const SOME: usize = 1 << 12;

/// How many channels are remembered.
const KNOWN: usize = 32;

/// The columns, some of them in the form in which they are handed over.
#[derive(Default)]
pub(super) struct Rows {
    times: Vec<i64>,
    ids: Vec<i32>,
    dlcs: Vec<i32>,
    /// All data, one behind the other, and where each ends.
    data: Vec<u8>,
    ends: Vec<usize>,
    channels: Vec<Option<Channel>>,
    sent: Vec<bool>,
    raw_dlcs: Vec<i32>,
    /// 1 where there is one, 0 where there is none.
    has_raw_dlc: Vec<i16>,
    /// Extended, remote, error, FD, BRS, ESI.
    flags: [Vec<bool>; 6],
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    pub(super) fn clear(&mut self) {
        self.times.clear();
        self.ids.clear();
        self.dlcs.clear();
        self.data.clear();
        self.ends.clear();
        self.channels.clear();
        self.sent.clear();
        self.raw_dlcs.clear();
        self.has_raw_dlc.clear();
        self.flags.iter_mut().for_each(Vec::clear);
    }

    /// Adds a message.
    pub(super) fn push(&mut self, message: &Message) {
        let frame = &message.frame;
        let extra = Extra::of(frame, message.channel, message.direction);
        self.times.push(message.timestamp.as_nanos());
        self.ids.push(frame.id().raw() as i32);
        self.dlcs.push(frame.dlc_len() as i32);
        self.data.extend_from_slice(frame.payload());
        self.ends.push(self.data.len());
        self.channels.push(message.channel);
        self.sent.push(message.direction == Direction::Tx);
        self.has_raw_dlc.push(extra.raw_dlc.is_some().into());
        self.raw_dlcs.extend(extra.raw_dlc.map(i32::from));
        let flags = [
            frame.id().is_extended(),
            frame.is_remote(),
            frame.is_error(),
            extra.fd,
            extra.brs,
            extra.esi,
        ];
        for (column, flag) in self.flags.iter_mut().zip(flags) {
            column.push(flag);
        }
    }

    /// Hands over the column at this place of the schema.
    pub(super) fn put(&mut self, place: usize, column: &mut ColumnWriter<'_>) -> Result<()> {
        let flags = |place: usize| &self.flags[place];
        match (place, column) {
            (0, ColumnWriter::Int64ColumnWriter(column)) => write(column, &self.times, None),
            (1, ColumnWriter::Int32ColumnWriter(column)) => write(column, &self.ids, None),
            (2..=4, ColumnWriter::BoolColumnWriter(column)) => {
                write(column, flags(place - 2), None)
            }
            (5, ColumnWriter::Int32ColumnWriter(column)) => write(column, &self.dlcs, None),
            (6, ColumnWriter::ByteArrayColumnWriter(column)) => {
                // Cut out of the whole, which nothing is copied for.
                let all = ByteArray::from(std::mem::take(&mut self.data));
                let mut start = 0;
                let cut = |&end: &usize| {
                    let from = std::mem::replace(&mut start, end);
                    all.slice(from, end - from)
                };
                write_some(column, self.ends.iter().map(cut))
            }
            (7, ColumnWriter::ByteArrayColumnWriter(column)) => {
                let mut texts = Texts::default();
                for channels in self.channels.chunks(SOME) {
                    let present: Vec<i16> =
                        channels.iter().map(|one| one.is_some().into()).collect();
                    let some = channels.iter().flatten();
                    let names: Vec<ByteArray> = some.map(|&channel| texts.of(channel)).collect();
                    write(column, &names, Some(&present))?;
                }
                Ok(())
            }
            (8, ColumnWriter::ByteArrayColumnWriter(column)) => {
                let words = [&b"Rx"[..], b"Tx"].map(|word| ByteArray::from(word.to_vec()));
                let word = |&sent: &bool| words[usize::from(sent)].clone();
                write_some(column, self.sent.iter().map(word))
            }
            (9, ColumnWriter::Int32ColumnWriter(column)) => {
                write(column, &self.raw_dlcs, Some(&self.has_raw_dlc))
            }
            (10..=12, ColumnWriter::BoolColumnWriter(column)) => {
                write(column, flags(place - 7), None)
            }
            _ => Err(ParquetError::General(format!("there is no column {place}"))),
        }
    }
}

/// Channels as text: made once, and shared by all rows.
#[derive(Default)]
struct Texts(Vec<(Channel, ByteArray)>);

impl Texts {
    fn of(&mut self, channel: Channel) -> ByteArray {
        if let Some((_, text)) = self.0.iter().find(|(known, _)| *known == channel) {
            return text.clone();
        }
        let text = ByteArray::from(channel.to_string().into_bytes());
        if self.0.len() == KNOWN {
            self.0.clear();
        }
        self.0.push((channel, text.clone()));
        text
    }
}

/// Writes values that are made for it, some at a time.
fn write_some<T: DataType>(
    column: &mut ColumnWriterImpl<'_, T>,
    mut values: impl Iterator<Item = T::T>,
) -> Result<()> {
    let mut some = Vec::with_capacity(SOME);
    loop {
        some.clear();
        some.extend(values.by_ref().take(SOME));
        if some.is_empty() {
            return Ok(());
        }
        write(column, &some, None)?;
    }
}

/// Writes values; `present` says which rows have one.
fn write<T: DataType>(
    column: &mut ColumnWriterImpl<'_, T>,
    values: &[T::T],
    present: Option<&[i16]>,
) -> Result<()> {
    column.write_batch(values, present, None).map(drop)
}
