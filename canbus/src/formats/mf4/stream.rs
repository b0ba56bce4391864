//! The data of a chain of blocks as one stream of bytes, a window at a time: inflated, and brought
//! back from columns to rows.

use super::bytes::Bytes;
use super::chain::{Chain, Data, Form};
use super::held::Held;
use crate::error::{Error, Result};
use crate::formats::deflate::{Inflater, State};

/// A compressed piece is read in steps of this size.
const PIECE: usize = 64 << 10;
/// No record is longer.
const MOST_COLUMNS: usize = 64 << 10;

/// The bytes of a record that somebody looks at; the others need not be brought into rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    /// The length of a record.
    pub(super) width: usize,
    /// Bytes, in ascending order.
    pub(super) always: Vec<usize>,
    /// Where the frame's data begin, the most that they have, and the byte that tells how many
    /// there are.
    pub(super) content: Option<(usize, usize, usize)>,
}

/// A stream of data.
pub(super) struct Stream {
    chain: Chain,
    columns: Option<Columns>,
    block: Option<Block>,
    window: Vec<u8>,
    start: usize,
    end: usize,
    /// So many bytes are brought into the window at a time.
    step: usize,
    /// How many bytes of the stream are before the window.
    position: u64,
    /// The block that the window's bytes are from.
    at: u64,
}

/// The block that is being read.
enum Block {
    /// As it stands in the file.
    Plain { at: u64, left: u64 },
    /// Inflated.
    Held { held: Held, next: usize },
    /// Inflated, in columns.
    Columns {
        held: Held,
        columns: usize,
        row: usize,
    },
    /// Inflated on the way.
    Piecewise(Box<Piecewise>),
}

/// A block that is inflated on the way.
struct Piecewise {
    /// Where its next compressed byte is, and how many are left.
    at: u64,
    left: u64,
    /// How many bytes are left of what it inflates to.
    size: u64,
    inflater: Inflater,
}

impl Stream {
    pub(super) fn new(chain: Chain, columns: Option<Columns>, step: usize) -> Stream {
        Stream {
            chain,
            columns,
            block: None,
            window: Vec::new(),
            start: 0,
            end: 0,
            step,
            position: 0,
            at: 0,
        }
    }

    /// Whether records stand without the bits that say what is invalid; known once there are data.
    pub(super) fn is_bare(&self) -> bool {
        self.chain.bare
    }

    /// The bytes in the window.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.window[self.start..self.end]
    }

    /// How many bytes of the stream are before the window.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// The block that the window's bytes are from.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Moves forward, within the window.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.end - self.start);
        self.start += count;
        // Damage may claim any size, and what is behind it counts on from there.
        self.position = self.position.saturating_add(count as u64);
    }

    /// Moves forward over bytes that need not be in the window; false where the stream ends before.
    ///
    /// # Errors
    /// As [`Stream::fill`].
    pub(super) fn skip(&mut self, mut count: u64, bytes: &mut Bytes) -> Result<bool> {
        while count > 0 {
            if self.start == self.end && !self.fill(1, bytes)? {
                return Ok(false);
            }
            let step = count.min((self.end - self.start) as u64);
            self.consume(step as usize);
            count -= step;
        }
        Ok(true)
    }

    /// Widens the window to at least this many bytes; false where the stream has no more. The
    /// caller vouches that the number is small: room is made for it.
    ///
    /// # Errors
    /// `Io`; `Malformed` for damage, behind which the stream goes on: what was in the window is
    /// dropped, and [`Stream::position`] tells where in the stream it goes on.
    pub(super) fn fill(&mut self, wanted: usize, bytes: &mut Bytes) -> Result<bool> {
        while self.end - self.start < wanted {
            if self.block.is_none() && !self.next_block(bytes)? {
                return Ok(false);
            }
            self.more(wanted, bytes)?;
        }
        Ok(true)
    }

    fn next_block(&mut self, bytes: &mut Bytes) -> Result<bool> {
        let Some(data) = self.chain.next(bytes)? else {
            return Ok(false);
        };
        self.at = data.block;
        match data.form {
            Form::Plain => {
                let (at, left) = (data.at, data.stored);
                self.block = Some(Block::Plain { at, left });
            }
            Form::Unknown { method, size } => {
                let what = format!("a data block is compressed by the unknown method {method}");
                return Err(self.lost(size, what, bytes));
            }
            Form::Zipped { columns, size } => {
                self.block = self.zipped(data, columns as usize, size, bytes)?;
            }
        }
        Ok(true)
    }

    fn zipped(
        &mut self,
        data: Data,
        columns: usize,
        size: u64,
        bytes: &mut Bytes,
    ) -> Result<Option<Block>> {
        if columns > MOST_COLUMNS {
            let what = format!("a data block has {columns} columns");
            return Err(self.lost(size, what, bytes));
        }
        match Held::inflate(data, size, columns > 1, bytes)? {
            Some(held) if columns > 1 => Ok(Some(Block::Columns {
                held,
                columns,
                row: 0,
            })),
            Some(held) => Ok(Some(Block::Held { held, next: 0 })),
            None if columns > 1 => {
                // The last bytes of all records stand at the end, so that none of them is whole.
                let records = size / columns as u64;
                let what = format!(
                    "a block of {records} records, compressed by columns, is damaged or cut off"
                );
                Err(self.lost(size, what, bytes))
            }
            None => Ok(Some(Block::Piecewise(Box::new(Piecewise {
                at: data.at,
                left: data.stored,
                size,
                inflater: Inflater::new(),
            })))),
        }
    }

    /// Brings some bytes more into the window.
    fn more(&mut self, wanted: usize, bytes: &mut Bytes) -> Result<()> {
        let step = self.step.max(wanted);
        self.make_room(step);
        match self.block.take() {
            Some(Block::Plain { at, left }) => {
                let count = left.min(step as u64) as usize;
                let read = bytes.data_at(at, &mut self.window[self.end..self.end + count])?;
                self.end += read;
                let (at, left) = (at + read as u64, left - read as u64);
                self.block = (read > 0 && left > 0).then_some(Block::Plain { at, left });
            }
            Some(Block::Held { mut held, next }) => {
                let count = (held.size() - next).min(step);
                held.read(next, &mut self.window[self.end..self.end + count])?;
                self.end += count;
                let next = next + count;
                if next < held.size() {
                    self.block = Some(Block::Held { held, next });
                } else {
                    held.give_back(bytes);
                }
            }
            Some(Block::Columns { held, columns, row }) => {
                self.block = self.rows(held, columns, row, bytes)?;
            }
            Some(Block::Piecewise(block)) => self.block = self.piece(block, bytes)?,
            None => {}
        }
        Ok(())
    }

    /// Brings rows into the window.
    fn rows(
        &mut self,
        mut held: Held,
        columns: usize,
        row: usize,
        bytes: &mut Bytes,
    ) -> Result<Option<Block>> {
        let rows = held.size() / columns;
        if rows == 0 {
            return Ok(Some(Block::Held { held, next: 0 }));
        }
        let count = (self.step / columns).max(1).min(rows - row);
        let empty = self.start == self.end;
        self.make_room((count + 1) * columns);
        let window = &mut self.window[self.end..self.end + count * columns];
        let some = self.columns.as_ref();
        let some = some.filter(|some| {
            some.width == columns && empty && self.position.is_multiple_of(columns as u64)
        });
        match some {
            Some(some) => {
                for &column in &some.always {
                    held.column(column, rows, row, window, columns)?;
                }
                if let Some((first, most, length)) = some.content {
                    let lengths = window.chunks_exact(columns).map(|record| record[length]);
                    let longest = lengths.max().unwrap_or(0);
                    for column in first..first + most.min(longest.into()) {
                        held.column(column, rows, row, window, columns)?;
                    }
                }
            }
            None => {
                for column in 0..columns {
                    held.column(column, rows, row, window, columns)?;
                }
            }
        }
        self.end += count * columns;
        let row = row + count;
        if row < rows {
            return Ok(Some(Block::Columns { held, columns, row }));
        }
        // What fills no whole row stands behind the columns as it is.
        let next = rows * columns;
        if next < held.size() {
            return Ok(Some(Block::Held { held, next }));
        }
        held.give_back(bytes);
        Ok(None)
    }

    /// Inflates the next piece of a block that is large or damaged.
    fn piece(&mut self, mut block: Box<Piecewise>, bytes: &mut Bytes) -> Result<Option<Block>> {
        let count = block.left.min(PIECE as u64) as usize;
        let mut packed = std::mem::take(&mut bytes.packed);
        packed.resize(packed.len().max(PIECE), 0);
        let read = bytes.read_at(block.at, &mut packed[..count]);
        let room = self.step.min(block.size.try_into().unwrap_or(usize::MAX));
        let room = &mut self.window[self.end..self.end + room];
        let piece = read.map(|read| block.inflater.piece(&packed[..read], room));
        bytes.packed = packed;
        let piece = piece?;
        bytes.spend_data(block.at, piece.read as u64)?;
        self.end += piece.written;
        block.at += piece.read as u64;
        block.left -= piece.read as u64;
        block.size -= piece.written as u64;
        if block.size == 0 {
            return Ok(None);
        }
        let goes_on = piece.state == State::Going && piece.read + piece.written > 0;
        if goes_on || piece.written > 0 {
            // What came before damage is whole, and read first.
            return Ok(Some(Block::Piecewise(block)));
        }
        let what = "compressed data are damaged or cut off";
        Err(self.lost(block.size, what, bytes))
    }

    /// So many bytes are lost: says so, and goes on behind them.
    fn lost(&mut self, size: u64, what: impl std::fmt::Display, bytes: &Bytes) -> Error {
        self.position = self.position.saturating_add((self.end - self.start) as u64);
        self.position = self.position.saturating_add(size);
        self.start = self.end;
        bytes.malformed(self.at, what)
    }

    fn make_room(&mut self, step: usize) {
        if self.start > 0 {
            self.window.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let size = self.end + step;
        if self.window.len() < size {
            self.window.resize(size, 0);
        }
    }
}
