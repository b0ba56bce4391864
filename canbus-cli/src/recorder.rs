//! Where recorded frames go: a log file, a sequence of them, a ring in memory, a stream, or the
//! screen. Counts what was written, and what the format does not hold or keep.

mod target;
mod wanted;

#[cfg(test)]
mod tests;

pub(crate) use target::Target;
pub(crate) use wanted::Wanted;

use crate::losses::{self, Losses, Watch};
use canbus::formats::{ChannelFidelity, Fidelity};
use canbus::{Channel, Error, ErrorKind, Kind, Listener, Message, Result};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many frames that the format cannot hold are shown; the rest is counted.
const SHOWN: u64 = 10;

/// A listener in front of a log or the screen.
pub(crate) struct Recorder {
    target: Target,
    /// What the format keeps; `None` for everything.
    keeps: Option<Fidelity>,
    watch: Option<Watch>,
    /// What is not kept or held is an error.
    strict: bool,
    wanted: Option<Wanted>,
    counts: Arc<Counts>,
}

/// What recorders have done, readable while they work and afterwards.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    taken: AtomicU64,
    written: AtomicU64,
    refused: AtomicU64,
    rollovers: AtomicU32,
    deleted: AtomicU64,
    dumps: AtomicU32,
    failed: AtomicBool,
    losses: Mutex<Losses>,
}

impl Counts {
    /// Frames that came.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Frames that were written.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Frames that the format cannot hold.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Whether writing failed, so that of what was counted not all is in the file.
    pub(crate) fn failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// Files that were full and renamed.
    pub(crate) fn rollovers(&self) -> u32 {
        self.rollovers.load(Ordering::Relaxed)
    }

    /// Files that were deleted, because no more were to be kept.
    pub(crate) fn deleted(&self) -> u64 {
        self.deleted.load(Ordering::Relaxed)
    }

    /// Files that a ring has written.
    pub(crate) fn dumps(&self) -> u32 {
        self.dumps.load(Ordering::Relaxed)
    }

    /// What the format did not hold or keep.
    pub(crate) fn losses(&self) -> MutexGuard<'_, Losses> {
        self.losses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recorder {
    pub(crate) fn new(target: Target) -> Recorder {
        let keeps = target.keeps();
        Recorder {
            target,
            keeps,
            watch: keeps.map(Watch::new),
            strict: false,
            wanted: None,
            counts: Arc::default(),
        }
    }

    /// What the format keeps; `None` for everything.
    pub(crate) fn keeps(&self) -> Option<Fidelity> {
        self.keeps
    }

    /// Does not count it as a loss that times are rounded to microseconds: who records a bus did not
    /// ask for more, as who converts a log may have.
    pub(crate) fn in_microseconds(self) -> Recorder {
        let watched = self.keeps.map(|keeps| Fidelity {
            resolution: if keeps.resolution <= 1000 {
                1
            } else {
                keeps.resolution
            },
            ..keeps
        });
        let watch = watched.map(Watch::new);
        Recorder { watch, ..self }
    }

    /// Takes only a part of what comes.
    pub(crate) fn only(self, wanted: Wanted) -> Recorder {
        Recorder {
            wanted: Some(wanted),
            ..self
        }
    }

    /// Whether the first frame that is not held, or of which something is not kept, is an error.
    pub(crate) fn strict(self, strict: bool) -> Recorder {
        Recorder { strict, ..self }
    }

    /// Counts together with other recorders.
    pub(crate) fn counting(self, counts: Arc<Counts>) -> Recorder {
        Recorder { counts, ..self }
    }

    /// The counts, to look at while the recorder is elsewhere.
    pub(crate) fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.counts)
    }

    /// Notes whether writing failed.
    fn noting(&self, done: Result<()>) -> Result<()> {
        if done.is_err() {
            self.counts.failed.store(true, Ordering::Relaxed);
        }
        done
    }

    /// Messages that the format holds go in batches. Those that it should not hold go one by one,
    /// so that what it refuses is known exactly and costs no other message.
    fn write(&mut self, messages: &[Message]) -> Result<()> {
        let keeps = self.keeps;
        let odd = |message: &Message| keeps.is_some_and(|keeps| !holds(&keeps, message));
        let mut rest = messages;
        while !rest.is_empty() && !self.strict {
            // As a rule this is all.
            let (run, behind) = rest.split_at(rest.iter().position(odd).unwrap_or(rest.len()));
            if !run.is_empty() {
                self.target.listener().on_batch(run)?;
                self.count(run);
            }
            let Some((first, behind)) = behind.split_first() else {
                return Ok(());
            };
            self.write_one(first)?;
            rest = behind;
        }
        rest.iter().try_for_each(|message| self.write_one(message))
    }

    fn write_one(&mut self, message: &Message) -> Result<()> {
        if self.strict {
            self.refuse_losses(message)?;
        }
        match self.target.listener().on_message(message) {
            Ok(()) => self.count(std::slice::from_ref(message)),
            Err(error) if error.kind() == ErrorKind::Unsupported && !self.strict => {
                self.counts.losses().refuse(message);
                let before = self.counts.refused.fetch_add(1, Ordering::Relaxed);
                if before < SHOWN {
                    log::warn!("not written: {error}");
                } else if before == SHOWN {
                    log::warn!("not written: what follows is only counted");
                }
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Counts messages that were written, and what of them is not kept.
    fn count(&mut self, written: &[Message]) {
        // A ring has only taken them.
        if matches!(self.target, Target::Ring(..)) {
            return;
        }
        let count = written.len() as u64;
        self.counts.written.fetch_add(count, Ordering::Relaxed);
        if let Some(watch) = &mut self.watch {
            let mut losses = self.counts.losses();
            for message in written {
                losses.add(watch.look(message));
            }
        }
    }

    fn refuse_losses(&self, message: &Message) -> Result<()> {
        let Some(keeps) = self.keeps else {
            return Ok(());
        };
        // What the format does not hold at all, it refuses itself.
        let lost = match &self.watch {
            Some(watch) if holds(&keeps, message) => watch.clone().look(message),
            _ => 0,
        };
        if lost == 0 {
            return Ok(());
        }
        let what = losses::told(lost, &keeps);
        Err(Error::new(
            ErrorKind::Unsupported,
            format!("{what}: {message}"),
        ))
    }

    /// Takes over the numbers that the target itself knows.
    fn look_at_target(&self) {
        if let Target::Ring(ring, _) = &self.target {
            let counts = &self.counts;
            counts.written.store(ring.written(), Ordering::Relaxed);
            counts.refused.store(ring.refused(), Ordering::Relaxed);
            counts.dumps.store(ring.dumps(), Ordering::Relaxed);
        }
    }

    fn take(&mut self, messages: &[Message]) -> Result<()> {
        let count = messages.len() as u64;
        self.counts.taken.fetch_add(count, Ordering::Relaxed);
        let mut written = self.write(messages);
        if matches!(self.target, Target::Screen(_)) && written.is_ok() {
            written = self.target.listener().flush();
        }
        self.look_at_target();
        self.noting(written)
    }
}

/// Whether a format that keeps this much can hold the message at all.
#[inline]
fn holds(keeps: &Fidelity, message: &Message) -> bool {
    let frame = &message.frame;
    let kind = match frame.kind() {
        Kind::Data => true,
        Kind::Remote => keeps.remote,
        Kind::Fd { .. } => keeps.fd,
        Kind::Error => keeps.error,
        // A kind that is not known here is offered by itself.
        _ => false,
    };
    let dlc = keeps.raw_dlc || matches!(frame.kind(), Kind::Fd { .. }) || frame.dlc() <= 8;
    // Numbers beyond 16 bits, and the last of them, are offered by themselves: some formats count
    // channels from 1.
    let small = |number: u32| number < u32::from(u16::MAX);
    let channel = keeps.channel != ChannelFidelity::Number
        || message
            .channel
            .and_then(Channel::trailing_number)
            .is_none_or(small);
    // So are names that would end a word or a line.
    let word = keeps.channel != ChannelFidelity::Name
        || message.channel.and_then(Channel::name).is_none_or(is_word);
    kind && dlc && channel && word && (keeps.negative_time || message.timestamp.as_nanos() >= 0)
}

fn is_word(name: &str) -> bool {
    let breaks = |byte: u8| byte <= b' ' || byte >= 0x7F;
    !name.is_empty() && !name.bytes().any(breaks)
}

impl Listener for Recorder {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.on_batch(std::slice::from_ref(message))
    }

    fn on_batch(&mut self, messages: &[Message]) -> Result<()> {
        let Some(wanted) = &mut self.wanted else {
            return self.take(messages);
        };
        let part = wanted.part(messages);
        self.take(&messages[part.clone()])?;
        if let Some(wanted) = &mut self.wanted {
            wanted.done(part.len());
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let flushed = self.target.listener().flush();
        self.look_at_target();
        self.noting(flushed)
    }

    fn finish(&mut self) -> Result<()> {
        let finished = self.target.listener().finish();
        if let Target::Files(files, _) = &self.target {
            let (counts, rollovers) = (&self.counts, files.rollovers());
            counts.rollovers.fetch_add(rollovers, Ordering::Relaxed);
            counts.deleted.fetch_add(files.deleted(), Ordering::Relaxed);
        }
        self.look_at_target();
        self.noting(finished)
    }
}
