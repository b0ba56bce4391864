//! Lines of text files, for every format that consists of them: found fast, numbered, in bounded
//! memory whatever the file holds.

#[cfg(test)]
mod tests;

use super::Input;
use crate::error::{Error, Result};
use crate::message::Message;
use memchr::{memchr, memmem};

/// How much is read at once.
const CAPACITY: usize = 1 << 18;

/// The longest line that is taken for one; formats have none of a tenth of it.
const MAX_LINE: usize = 1 << 16;

/// So many zero bytes in a line are a hole, as a power failure leaves it in a file: its length had
/// been written, but not what was in it.
const HOLE: [u8; 8] = [0; 8];

/// The mark that some editors put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The lines of an input.
pub(crate) struct Lines {
    input: Input,
    buffer: Box<[u8]>,
    /// What of the buffer is still to be given out.
    start: usize,
    end: usize,
    /// The number of the last line given out, from 1 on.
    number: u64,
    ended: bool,
    /// Whether zero bytes were read, which text has none of.
    zeros: bool,
}

/// A line without its end.
pub(crate) struct Line<'a> {
    /// The text, without carriage return and line feed.
    pub(crate) text: &'a [u8],
    /// Whether a line feed ended it; only the last line of a file may lack that.
    pub(crate) complete: bool,
    /// Whether there is a hole in it.
    has_hole: bool,
}

impl Lines {
    pub(crate) fn new(input: Input) -> Lines {
        Lines {
            input,
            buffer: vec![0; CAPACITY].into_boxed_slice(),
            start: 0,
            end: 0,
            number: 0,
            ended: false,
            zeros: false,
        }
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// `Malformed` for a line that is too long, after which the lines behind it can be read;
    /// `Io`, after which there are none.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>> {
        let from = self.start;
        match memchr(b'\n', &self.buffer[from..self.end]) {
            Some(found) if found <= MAX_LINE => {
                self.start = from + found + 1;
                Ok(Some(self.line(from, from + found, true)))
            }
            _ => self.next_of_more(),
        }
    }

    /// The next line, where it is not whole in the buffer or too long.
    #[cold]
    #[inline(never)]
    fn next_of_more(&mut self) -> Result<Option<Line<'_>>> {
        let mut searched = self.start;
        loop {
            if let Some(found) = memchr(b'\n', &self.buffer[searched..self.end]) {
                let to = searched + found;
                let from = std::mem::replace(&mut self.start, to + 1);
                if to - from > MAX_LINE {
                    self.number += 1;
                    return Err(self.too_long());
                }
                return Ok(Some(self.line(from, to, true)));
            }
            if self.end - self.start > MAX_LINE {
                self.number += 1;
                self.skip_line()?;
                return Err(self.too_long());
            }
            searched = self.end - self.start;
            if self.fill()? == 0 {
                return Ok(self.last_line());
            }
        }
    }

    #[inline]
    fn line(&mut self, from: usize, to: usize, complete: bool) -> Line<'_> {
        self.number += 1;
        let mut text = &self.buffer[from..to];
        if self.number == 1 {
            text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        }
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let has_hole = self.zeros && memmem::find(text, &HOLE).is_some();
        Line {
            text,
            complete,
            has_hole,
        }
    }

    /// What stands behind the last line feed.
    fn last_line(&mut self) -> Option<Line<'_>> {
        let (from, to) = (self.start, self.end);
        self.start = self.end;
        // Of an input known to be cut, half a line could pass for a whole one.
        let cut = self.input.report().is_truncated();
        (from < to && !cut).then(|| self.line(from, to, false))
    }

    /// Moves what is left to the front and reads behind it; 0 at the end.
    fn fill(&mut self) -> Result<usize> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.ended {
            return Ok(0);
        }
        // Whatever goes wrong, reading ends with it.
        self.ended = true;
        let count = match self.input.fill(&mut self.buffer[self.end..]) {
            Ok(count) => count,
            Err(error) => {
                // Half a line could pass for a whole one.
                self.start = self.end;
                return Err(error);
            }
        };
        self.zeros |= memchr(0, &self.buffer[self.end..self.end + count]).is_some();
        self.end += count;
        self.ended = count == 0;
        Ok(count)
    }

    /// Leaves out everything up to the next line feed.
    fn skip_line(&mut self) -> Result<()> {
        loop {
            if let Some(found) = memchr(b'\n', &self.buffer[self.start..self.end]) {
                self.start += found + 1;
                return Ok(());
            }
            self.start = self.end;
            if self.fill()? == 0 {
                return Ok(());
            }
        }
    }

    fn too_long(&self) -> Error {
        self.blame(Error::malformed(format!(
            "the line is longer than {MAX_LINE} bytes"
        )))
    }

    /// The error with the name of the file and the number of the last line.
    pub(crate) fn blame(&self, error: Error) -> Error {
        error.context(format_args!("{}, line {}", self.input.name(), self.number))
    }

    /// The messages that `parse` makes of the lines; `None` from it passes over a line.
    ///
    /// Its errors get the name of the file and the number of the line. A last line that is cut
    /// and has no sense is a damaged tail: reported, but no error. So is a hole in the file, where
    /// lines end in nothing, if it is the last; else it is an error behind what stands before it.
    pub(crate) fn messages<P>(
        mut self,
        mut parse: P,
    ) -> impl Iterator<Item = Result<Message>> + Send
    where
        P: FnMut(Line<'_>) -> Option<Result<Message>> + Send,
    {
        let mut hole = None;
        std::iter::from_fn(move || {
            if let Some(hole) = hole.take() {
                return Some(Err(hole));
            }
            loop {
                let line = match self.next() {
                    Ok(Some(line)) => line,
                    Ok(None) => return None,
                    Err(error) => return Some(Err(error)),
                };
                let complete = line.complete;
                let has_hole = line.has_hole;
                match parse(line) {
                    message @ (None | Some(Ok(_))) if has_hole => {
                        if complete {
                            hole = Some(self.blame(Error::malformed(
                                "a hole of zero bytes, as a power failure leaves it",
                            )));
                        } else {
                            self.input.report().note_truncated();
                        }
                        return message.or_else(|| hole.take().map(Err));
                    }
                    None => {}
                    Some(Err(error)) if complete => return Some(Err(self.blame(error))),
                    Some(Err(_)) => {
                        self.input.report().note_truncated();
                        return None;
                    }
                    message => return message,
                }
            }
        })
    }
}
