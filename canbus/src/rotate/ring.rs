//! A recorder for what is rare: keeps the last messages in memory, and writes them to a file, with
//! what comes after them, when something happens.

mod builder;

#[cfg(test)]
mod tests;

pub use builder::RingLoggerBuilder;

use super::Result;
use super::names::{self, Names};
use crate::error::ErrorKind;
use crate::formats::{self, LogWriter};
use crate::listener::Listener;
use crate::message::{Message, Timestamp};
use crate::options::Value;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Keeps the last messages in memory, and writes a file when it is triggered: by a message, or by
/// the program through a [`RingTrigger`]. The file holds what was kept, the message that
/// triggered, and what follows it for a while. A trigger in this while prolongs it.
///
/// Each message is written once at most: what stands in one file is not in the next. A file that
/// is complete is named as full files of [`RotatingLogger`](crate::RotatingLogger) are:
/// `crash.blf` becomes `crash_2026-05-31T142500_#000.blf`.
///
/// ```
/// use canbus::{Frame, Id, Listener, Message, RingLogger, Timestamp};
/// use std::time::Duration;
/// # fn main() -> canbus::Result<()> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("crash.log");
/// let mut ring = RingLogger::builder(&path)
///     .last(Duration::from_secs(30))
///     .after(Duration::from_secs(5))
///     .trigger(|message| message.frame.is_error())
///     .start()?;
/// let id = Id::standard(0x123)?;
/// ring.on_message(&Message::received(Frame::data(id, &[1])?, Timestamp::from_nanos(0)))?;
/// assert_eq!(ring.dumps(), 0);
/// ring.on_message(&Message::received(Frame::error(id, &[])?, Timestamp::from_nanos(1)))?;
/// ring.finish()?;
/// assert_eq!((ring.dumps(), ring.written()), (1, 2));
/// # Ok(())
/// # }
/// ```
pub struct RingLogger {
    base: PathBuf,
    options: Vec<(String, Value)>,
    names: Names,
    last: Option<Duration>,
    capacity: usize,
    after: Duration,
    triggers: Vec<Trigger>,
    on_dump: Option<DumpHook>,
    by_hand: RingTrigger,
    /// How many of the program's triggers were obeyed.
    obeyed: u64,
    kept: VecDeque<Message>,
    dump: Option<Dump>,
    newest: Option<Timestamp>,
    dumps: u32,
    written: u64,
    refused: u64,
    /// Whether it is to be told that the memory does not reach for the time.
    tell_cut: bool,
}

/// Says whether a message triggers.
type Trigger = Box<dyn FnMut(&Message) -> bool + Send>;

/// Told of a complete file and the messages in it.
type DumpHook = Box<dyn FnMut(&Path, u64) + Send>;

/// A file that is being written.
struct Dump {
    writer: LogWriter,
    written: u64,
    /// The last moment whose messages belong to it…
    until: Timestamp,
    /// …and when that is over, should no message come.
    ends: Option<Instant>,
}

/// Triggers a [`RingLogger`] from anywhere in the program.
#[derive(Debug, Clone, Default)]
pub struct RingTrigger {
    fired: Arc<AtomicU64>,
}

impl RingTrigger {
    /// Has what is kept written, with the next message that comes or, on a silent bus, the next
    /// flush.
    pub fn fire(&self) {
        self.fired.fetch_add(1, Ordering::Relaxed);
    }
}

impl RingLogger {
    /// Starts to describe a ring whose files have names like this one.
    pub fn builder(path: impl Into<PathBuf>) -> RingLoggerBuilder {
        RingLoggerBuilder::new(path.into())
    }

    /// The handle by which a program triggers it.
    pub fn trigger(&self) -> RingTrigger {
        self.by_hand.clone()
    }

    /// How many files were written or are being written.
    pub fn dumps(&self) -> u32 {
        self.dumps
    }

    /// How many messages were written.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// How many messages the format does not hold.
    pub fn refused(&self) -> u64 {
        self.refused
    }

    /// How many messages are in memory now.
    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    fn keep(&mut self, message: &Message) {
        if let Some(last) = self.last {
            let nanos = i64::try_from(last.as_nanos()).unwrap_or(i64::MAX);
            let oldest = message.timestamp.plus_nanos(-nanos);
            while self
                .kept
                .front()
                .is_some_and(|front| front.timestamp < oldest)
            {
                self.kept.pop_front();
            }
        }
        if self.kept.len() >= self.capacity {
            self.kept.pop_front();
            if std::mem::take(&mut self.tell_cut) {
                log::warn!(
                    "{} messages are all that may be kept in memory, and less than the time asked for",
                    self.capacity
                );
            }
        }
        if self.kept.len() == self.kept.capacity() {
            // Twice as much each time, but never beyond the bound.
            let more = self.kept.len().max(64).min(self.capacity - self.kept.len());
            self.kept.reserve_exact(more);
        }
        self.kept.push_back(*message);
    }

    fn take(&mut self, message: &Message) -> Result<()> {
        self.newest = self.newest.max(Some(message.timestamp));
        // Each is asked, so that those that count see every message.
        let mut fired = self.obey();
        for trigger in &mut self.triggers {
            fired |= trigger(message);
        }
        if !fired
            && self
                .dump
                .as_ref()
                .is_some_and(|dump| message.timestamp > dump.until)
        {
            self.complete()?;
        }
        if let Some(dump) = &mut self.dump {
            if write(dump, message)? {
                self.written += 1;
            } else {
                self.refused += 1;
            }
        } else {
            self.keep(message);
        }
        if fired {
            self.start(message.timestamp)
        } else {
            Ok(())
        }
    }

    /// Whether the program has triggered since this was asked last.
    fn obey(&mut self) -> bool {
        let fired = self.by_hand.fired.load(Ordering::Relaxed);
        std::mem::replace(&mut self.obeyed, fired) != fired
    }

    /// Starts a file with all that is kept, or prolongs the one that is being written.
    fn start(&mut self, moment: Timestamp) -> Result<()> {
        if self.dump.is_none() {
            self.dump = Some(self.dumped(moment)?);
            self.kept.clear();
            self.dumps += 1;
        }
        if let Some(dump) = &mut self.dump {
            let nanos = i64::try_from(self.after.as_nanos()).unwrap_or(i64::MAX);
            dump.until = dump.until.max(moment.plus_nanos(nanos));
            dump.ends = Instant::now().checked_add(self.after);
        }
        Ok(())
    }

    /// A file with all that is kept; where that fails, it stays kept.
    fn dumped(&mut self, moment: Timestamp) -> Result<Dump> {
        // Left by a program that was killed while it wrote it.
        if std::fs::symlink_metadata(&self.base).is_ok() {
            self.names.give(&self.base, self.dumps, names::rename)?;
        }
        let writer = formats::create(&self.base, self.options.clone())?;
        let mut dump = Dump {
            writer,
            written: 0,
            until: moment,
            ends: None,
        };
        let mut refused = 0;
        for message in &self.kept {
            refused += u64::from(!write(&mut dump, message)?);
        }
        // Whatever has happened may end this program, too.
        dump.writer.flush()?;
        self.written += dump.written;
        self.refused += refused;
        Ok(dump)
    }

    /// Completes the file that is being written, and gives it its name.
    fn complete(&mut self) -> Result<()> {
        let Some(mut dump) = self.dump.take() else {
            return Ok(());
        };
        dump.writer.finish()?;
        let count = self.dumps.wrapping_sub(1);
        let (path, _) = self.names.give(&self.base, count, names::rename)?;
        if let Some(hook) = &mut self.on_dump {
            hook(&path, dump.written);
        }
        Ok(())
    }
}

/// Writes a message; false if the format does not hold it.
fn write(dump: &mut Dump, message: &Message) -> Result<bool> {
    match dump.writer.on_message(message) {
        Ok(()) => {
            dump.written += 1;
            Ok(true)
        }
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(false),
        Err(error) => Err(error),
    }
}

impl Listener for RingLogger {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.take(message)
    }

    /// Brings the file that is being written to the disk, ends it if its time is up, and obeys
    /// the program's triggers on a silent bus.
    fn flush(&mut self) -> Result<()> {
        if self.obey() {
            self.start(self.newest.unwrap_or_else(Timestamp::now))?;
        }
        match &mut self.dump {
            Some(dump) if dump.ends.is_some_and(|end| Instant::now() >= end) => self.complete(),
            Some(dump) => dump.writer.flush(),
            None => Ok(()),
        }
    }

    /// Obeys triggers of the program that no message followed, and completes the file that is
    /// being written.
    fn finish(&mut self) -> Result<()> {
        if self.obey() {
            self.start(self.newest.unwrap_or_else(Timestamp::now))?;
        }
        self.complete()
    }
}
