//! Describes a ring.

use super::{DumpHook, Names, Result, RingLogger, RingTrigger, Trigger};
use crate::error::{Context, Error};
use crate::formats;
use crate::listener::Listener;
use crate::message::Message;
use crate::options::Value;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The memory for messages unless told otherwise, in bytes: a minute of two full buses.
const DEFAULT_MEMORY: usize = 64 << 20;

/// Describes a [`RingLogger`]: how much it keeps, what triggers it, how long it goes on then.
#[must_use]
pub struct RingLoggerBuilder {
    path: PathBuf,
    options: Vec<(String, Value)>,
    last: Option<Duration>,
    memory: usize,
    messages: Option<usize>,
    after: Duration,
    triggers: Vec<Trigger>,
    on_dump: Option<DumpHook>,
}

impl RingLoggerBuilder {
    pub(super) fn new(path: PathBuf) -> RingLoggerBuilder {
        RingLoggerBuilder {
            path,
            options: Vec::new(),
            last: None,
            memory: DEFAULT_MEMORY,
            messages: None,
            after: Duration::from_secs(1),
            triggers: Vec::new(),
            on_dump: None,
        }
    }

    /// Options of the format's writer, besides others.
    pub fn options<N: Into<String>, V: Into<Value>>(
        mut self,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> RingLoggerBuilder {
        let options = options.into_iter();
        let options = options.map(|(name, value)| (name.into(), value.into()));
        self.options.extend(options);
        self
    }

    /// Keeps the messages of so much time, by their timestamps; without it as many as there is
    /// memory for.
    pub fn last(self, time: Duration) -> RingLoggerBuilder {
        RingLoggerBuilder {
            last: Some(time),
            ..self
        }
    }

    /// Keeps at most so many messages, whatever their time.
    pub fn last_messages(self, messages: usize) -> RingLoggerBuilder {
        RingLoggerBuilder {
            messages: Some(messages),
            ..self
        }
    }

    /// Takes at most so many bytes of memory for messages (of less than 100 bytes each), whatever
    /// their time; 64 MiB unless told otherwise.
    pub fn memory(self, bytes: usize) -> RingLoggerBuilder {
        RingLoggerBuilder {
            memory: bytes,
            ..self
        }
    }

    /// How long messages are written after the trigger; a second unless told otherwise. Each
    /// further trigger in that time counts from anew.
    pub fn after(self, time: Duration) -> RingLoggerBuilder {
        RingLoggerBuilder {
            after: time,
            ..self
        }
    }

    /// Triggers at each message of which this is true, besides other triggers.
    pub fn trigger(
        mut self,
        trigger: impl FnMut(&Message) -> bool + Send + 'static,
    ) -> RingLoggerBuilder {
        self.triggers.push(Box::new(trigger));
        self
    }

    /// Calls this with the name of each complete file and the number of messages in it.
    pub fn on_dump(self, hook: impl FnMut(&Path, u64) + Send + 'static) -> RingLoggerBuilder {
        RingLoggerBuilder {
            on_dump: Some(Box::new(hook)),
            ..self
        }
    }

    /// Starts to keep messages. No file is written yet.
    ///
    /// # Errors
    /// `InvalidInput` for the path's suffix, an option's name or value, or where no message could
    /// be kept; `Unsupported` for a format that is only read; `Io` where there is no such folder.
    pub fn start(self) -> Result<RingLogger> {
        let room = self.memory / size_of::<Message>();
        let capacity = self.messages.map_or(room, |most| most.min(room));
        if capacity == 0 {
            return Err(Error::invalid("a ring keeps at least one message"));
        }
        try_to_write(&self.path, &self.options)?;
        Ok(RingLogger {
            names: Names::new(self.path.clone(), None),
            base: self.path,
            options: self.options,
            last: self.last,
            capacity,
            after: self.after,
            triggers: self.triggers,
            on_dump: self.on_dump,
            by_hand: RingTrigger::default(),
            obeyed: 0,
            kept: VecDeque::new(),
            dump: None,
            newest: None,
            dumps: 0,
            written: 0,
            refused: 0,
            tell_cut: self.last.is_some() && capacity == room,
        })
    }
}

/// Writes an empty file beside where files are to be, and removes it: when something happens it is
/// too late to learn that none can be written.
fn try_to_write(path: &Path, options: &[(String, Value)]) -> Result<()> {
    let (format, gzip) = formats::find(path)?;
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let suffix = format!("{}{}", format.extension, if gzip { ".gz" } else { "" });
    let trial = tempfile::Builder::new()
        .prefix(".canbus-")
        .suffix(&suffix)
        .tempfile_in(folder)
        .context(path.display())?;
    formats::create(trial.path(), options.to_vec())?.finish()
}
