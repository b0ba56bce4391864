//! From one log file to another without a single Python object.

use crate::errors::{OrRaise, exception};
use canbus::formats::{self, LogReader, LogWriter};
use canbus::{Channel, Error, ErrorKind, Kind, Listener, Message};
use pyo3::prelude::*;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

/// How many messages are handed over at once.
const BATCH: usize = 256;
/// How many batches are written between two looks at signals.
const BATCHES: usize = 256;
/// How many damaged places, and how many frames that are refused, are told one by one.
const SHOWN: u64 = 10;

/// Copies the messages of a log file to another; the suffixes tell the formats.
///
/// Damaged places are passed over, and so are frames that the target does not hold: `say` is called
/// with a line about each. Returns how many messages were written, how many places could not be read
/// and how many frames were refused.
#[pyfunction]
#[expect(
    clippy::needless_pass_by_value,
    reason = "PyO3 gives arguments by value"
)]
pub(crate) fn convert_log(
    py: Python<'_>,
    source: PathBuf,
    target: PathBuf,
    say: &Bound<'_, PyAny>,
) -> PyResult<(u64, u64, u64)> {
    let none: [(&str, &str); 0] = [];
    let mut copy = Copy {
        reader: open(&source).or_raise(py)?,
        writer: formats::create(&target, none).or_raise(py)?,
        counts: Counts::default(),
        lines: Vec::new(),
    };
    let mut done = Ok(true);
    while matches!(done, Ok(true)) {
        done = py.detach(|| copy.some());
        for line in copy.lines.drain(..) {
            say.call1((line,))?;
        }
        py.check_signals()?;
    }
    // What came before an error is completed, too.
    let finished = py.detach(|| copy.writer.finish());
    if copy.reader.report().is_truncated() {
        let path = source.display();
        say.call1((format!(
            "note: {path} ends in the middle of a record; what comes before is intact"
        ),))?;
    }
    if let Some(error) = done.err().or(finished.err()) {
        return Err(exception(py, &error));
    }
    let counts = copy.counts;
    Ok((counts.written, counts.damaged, counts.refused))
}

/// Opens a log, which is read beside the conversion where there is a processor for that.
fn open(path: &Path) -> canbus::Result<LogReader> {
    let none: [(&str, &str); 0] = [];
    let log = formats::open(path, none)?;
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    if cores > 1 { log.read_ahead() } else { Ok(log) }
}

#[derive(Default)]
struct Counts {
    written: u64,
    damaged: u64,
    refused: u64,
}

struct Copy {
    reader: LogReader,
    writer: LogWriter,
    counts: Counts,
    /// What is to be told.
    lines: Vec<String>,
}

impl Copy {
    /// Copies some messages; false at the end.
    fn some(&mut self) -> canbus::Result<bool> {
        let mut batch = Vec::with_capacity(BATCH);
        for _ in 0..BATCHES {
            batch.clear();
            let filled = self.fill(&mut batch);
            // What was read before an error is written.
            self.write(&batch)?;
            if !filled? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads until the batch is full; false at the end of the log.
    fn fill(&mut self, batch: &mut Vec<Message>) -> canbus::Result<bool> {
        while batch.len() < BATCH {
            batch.extend_from_slice(self.reader.ready(BATCH - batch.len()));
            if batch.len() == BATCH {
                break;
            }
            match self.reader.next() {
                None => return Ok(false),
                Some(Ok(message)) => batch.push(message),
                Some(Err(error)) => self.pass_over(error)?,
            }
        }
        Ok(true)
    }

    /// Messages that every format holds go together, all others one by one, so that what is refused
    /// is known exactly and costs no other.
    fn write(&mut self, messages: &[Message]) -> canbus::Result<()> {
        let mut rest = messages;
        while !rest.is_empty() {
            let odd = rest.iter().position(|message| !is_plain(message));
            // As a rule this is all.
            let (run, behind) = rest.split_at(odd.unwrap_or(rest.len()));
            if !run.is_empty() {
                self.writer.on_batch(run)?;
                self.counts.written += run.len() as u64;
            }
            let Some((first, behind)) = behind.split_first() else {
                return Ok(());
            };
            self.write_one(first)?;
            rest = behind;
        }
        Ok(())
    }

    fn write_one(&mut self, message: &Message) -> canbus::Result<()> {
        match self.writer.on_message(message) {
            Ok(()) => self.counts.written += 1,
            Err(error) if error.kind() == ErrorKind::Unsupported => {
                self.counts.refused += 1;
                tell(&mut self.lines, self.counts.refused, "not written", &error);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Goes on behind what could not be read; anything but damage ends the work.
    fn pass_over(&mut self, error: Error) -> canbus::Result<()> {
        match error.kind() {
            ErrorKind::Malformed | ErrorKind::Unsupported => {
                self.counts.damaged += 1;
                tell(&mut self.lines, self.counts.damaged, "warning", &error);
                Ok(())
            }
            _ => Err(error),
        }
    }
}

/// Whether every format holds a message: a data frame, at a time and on a channel as they are used.
#[inline]
fn is_plain(message: &Message) -> bool {
    let frame = &message.frame;
    let number = message.channel.and_then(Channel::trailing_number);
    frame.kind() == Kind::Data
        && frame.dlc() <= 8
        && message.timestamp.as_nanos() >= 0
        && number.is_none_or(|number| number < u32::from(u16::MAX))
}

fn tell(lines: &mut Vec<String>, count: u64, what: &str, error: &Error) {
    if count <= SHOWN {
        lines.push(format!("{what}: {error}"));
    } else if count == SHOWN + 1 {
        lines.push(format!("{what}: what follows is only counted"));
    }
}
