//! What is read: one log or several in the order of time, files, pipes and the standard input.

use crate::exit::Failure;
use canbus::formats::{self, Input, LogReader, ReadReport};
use canbus::{Channel, Error, ErrorKind, MergedLogs, Message, Result, Timestamp};
use std::fs::File;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The standard input or output as the name of a file.
pub(super) const STANDARD: &str = "-";

/// How the logs are read; shared by those that are opened when they are due.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The format of all logs, whatever their names.
    pub(super) from: Option<String>,
    /// The options of each log's reader.
    pub(super) options: Vec<Vec<(String, String)>>,
    /// What is added to the times of each log, in nanoseconds.
    pub(super) offsets: Vec<i64>,
    /// Which channels get others, and in which logs.
    pub(super) channels: Vec<Numbered<ChannelPair>>,
    pub(super) reports: Mutex<Vec<Report>>,
    /// Set when no more is to be read.
    pub(super) interrupted: Arc<AtomicBool>,
}

/// A log that was opened.
pub(super) type Report = (PathBuf, Arc<ReadReport>);

impl Plan {
    /// The logs that were opened so far.
    pub(super) fn reports(&self) -> MutexGuard<'_, Vec<Report>> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many bytes were read of all logs.
    pub(super) fn bytes(&self) -> u64 {
        self.reports()
            .iter()
            .map(|(_, report)| report.bytes())
            .sum()
    }

    fn open(&self, at: usize, path: &Path) -> Result<LogReader> {
        let options = self.options.get(at).cloned().unwrap_or_default();
        let is_standard = path == Path::new(STANDARD);
        let Some(format) = &self.from else {
            return formats::open(path, options);
        };
        let input = if is_standard {
            Input::new("standard input", std::io::stdin())
        } else {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| Error::from(error).context(&name))?;
            Input::new(name, file)
        };
        formats::read(format, input, options)
    }

    /// The same, from its beginning, and told of at the end.
    fn start(&self, at: usize, path: &Path) -> Result<LogReader> {
        let log = self.open(at, path)?;
        self.reports().push((path.to_path_buf(), log.report()));
        Ok(log)
    }

    /// Whether messages of this log come out as they are.
    fn changes_nothing(&self, at: usize) -> bool {
        self.offsets.get(at).is_none_or(|&offset| offset == 0)
            && !self.channels.iter().any(|pair| pair.is_for(at))
    }

    fn change(&self, at: usize, message: Message) -> Message {
        let offset = self.offsets.get(at).copied().unwrap_or(0);
        let is_it = |pair: &&Numbered<ChannelPair>| {
            pair.is_for(at) && message.channel == Some(pair.value.from)
        };
        let pair = self.channels.iter().find(is_it);
        Message {
            timestamp: message.timestamp.plus_nanos(offset),
            channel: pair.map(|pair| pair.value.to).or(message.channel),
            ..message
        }
    }
}

/// Something that is meant for one of the logs, counted from 1, or for all of them: `2:VALUE`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Numbered<T> {
    log: Option<usize>,
    pub(super) value: T,
}

impl<T> Numbered<T> {
    /// Whether it is meant for the log at this place, counted from 0.
    pub(super) fn is_for(&self, at: usize) -> bool {
        self.log.is_none_or(|log| log == at + 1)
    }

    /// The number of the log that it is meant for, if there are fewer.
    pub(super) fn missing(&self, logs: usize) -> Option<usize> {
        self.log.filter(|&log| log > logs)
    }
}

impl<T: FromStr<Err = String>> FromStr for Numbered<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Numbered<T>, String> {
        let number = text.split_once(':').and_then(|(number, rest)| {
            let number = number.parse().ok().filter(|&number: &usize| number > 0)?;
            Some((number, rest))
        });
        Ok(match number {
            Some((number, rest)) => Numbered {
                log: Some(number),
                value: rest.parse()?,
            },
            None => Numbered {
                log: None,
                value: text.parse()?,
            },
        })
    }
}

/// A channel and the one that it becomes: `0=can3`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ChannelPair {
    from: Channel,
    to: Channel,
}

impl FromStr for ChannelPair {
    type Err = String;

    fn from_str(text: &str) -> Result<ChannelPair, String> {
        match text.split_once('=') {
            Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok(ChannelPair {
                from: Channel::parse(from),
                to: Channel::parse(to),
            }),
            _ => Err("expected CHANNEL=CHANNEL, such as 0=can3".into()),
        }
    }
}

/// A difference of time, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Offset(pub(super) i64);

impl FromStr for Offset {
    type Err = String;

    fn from_str(text: &str) -> Result<Offset, String> {
        let seconds = text
            .parse::<f64>()
            .ok()
            .filter(|seconds| seconds.is_finite());
        seconds
            .map(|seconds| Offset(Timestamp::from_seconds(seconds).as_nanos()))
            .ok_or_else(|| "expected seconds, such as 0.5 or -3600".into())
    }
}

/// The messages of all logs.
pub(super) enum Sources {
    /// Those of one log, as they are.
    One(LogReader),
    /// Those of several, or changed.
    Several(MergedLogs<Source>),
}

impl Sources {
    /// Opens the logs. Of several files each is opened to see when it begins, and then closed
    /// until it is due.
    pub(super) fn open(plan: &Arc<Plan>, paths: &[PathBuf]) -> Result<Sources, Failure> {
        if let [path] = paths
            && plan.changes_nothing(0)
        {
            let log = plan.start(0, path).and_then(|log| {
                let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
                if cores > 1 { log.read_ahead() } else { Ok(log) }
            });
            return log.map(Sources::One).map_err(Failure::of_log);
        }
        let mut logs = MergedLogs::new([]);
        let mut dated = Dated::default();
        for (at, path) in paths.iter().enumerate() {
            let mut source = Source {
                plan: Arc::clone(plan),
                at,
                path: path.clone(),
                state: State::Closed,
            };
            let mut begins = None;
            if paths.len() > 1 && is_file(path) {
                let log = plan.open(at, path).map_err(Failure::of_log)?;
                // Errors are told when it is read.
                let first = log.flatten().next();
                begins = first.map(|first| plan.change(at, first).timestamp);
                dated.note(path, begins);
            } else {
                let log = plan.start(at, path).map_err(Failure::of_log)?;
                source.state = State::Open(Box::new(log));
            }
            logs.add(source, begins);
        }
        dated.tell();
        Ok(Sources::Several(logs))
    }
}

impl Sources {
    /// Messages that are at hand, at most so many; where there are none, `next` knows more.
    #[inline]
    pub(super) fn ready(&mut self, most: usize) -> &[Message] {
        match self {
            Sources::One(log) => log.ready(most),
            Sources::Several(_) => &[],
        }
    }
}

impl Iterator for Sources {
    type Item = Result<Message>;

    #[inline]
    fn next(&mut self) -> Option<Result<Message>> {
        match self {
            Sources::One(log) => log.next(),
            Sources::Several(logs) => logs.next(),
        }
    }
}

/// Whether there are logs with and without a date, which have no order in common.
#[derive(Default)]
struct Dated<'a> {
    with: bool,
    without: Option<&'a Path>,
}

impl<'a> Dated<'a> {
    fn note(&mut self, path: &'a Path, begins: Option<Timestamp>) {
        /// Earlier times are those of logs that count from 0.
        const YEAR_1990: i64 = 631_152_000_000_000_000;
        match begins.map(Timestamp::as_nanos) {
            Some(0..YEAR_1990) => self.without = self.without.or(Some(path)),
            Some(_) => self.with = true,
            None => {}
        }
    }

    fn tell(&self) {
        if let (true, Some(path)) = (self.with, self.without) {
            log::warn!(
                "{}: its times count from 0, those of other logs have dates, so that they are in no \
                 order; --offset N:SECONDS moves those of the Nth log, and where its file has a date \
                 --reader relative_timestamp=false (.asc) or absolute=true (.trc) takes it",
                path.display()
            );
        }
    }
}

/// Whether it can be read a second time.
pub(super) fn is_file(path: &Path) -> bool {
    path != Path::new(STANDARD) && path.metadata().is_ok_and(|about| about.is_file())
}

/// A log that is opened when its first message is asked for.
pub(super) struct Source {
    plan: Arc<Plan>,
    at: usize,
    path: PathBuf,
    state: State,
}

enum State {
    Closed,
    Open(Box<LogReader>),
    Ended,
}

impl Iterator for Source {
    type Item = Result<Message>;

    fn next(&mut self) -> Option<Result<Message>> {
        // One of very many logs is read at once, as a whole, which takes its time.
        if self.plan.interrupted.load(Ordering::Relaxed) {
            return None;
        }
        if let State::Closed = self.state {
            match self.plan.start(self.at, &self.path) {
                Ok(log) => self.state = State::Open(Box::new(log)),
                Err(error) => {
                    self.state = State::Ended;
                    // It could be opened before: this is no damage that one goes on behind.
                    return Some(Err(error.with_kind(ErrorKind::Io)));
                }
            }
        }
        let State::Open(log) = &mut self.state else {
            return None;
        };
        let next = log.next()?;
        Some(next.map(|message| self.plan.change(self.at, message)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_for_one_log_has_its_number_before_it() {
        let offset = |text: &str| text.parse::<Numbered<Offset>>();
        let two = offset("2:-0.5").expect("valid");
        assert_eq!(two.value, Offset(-500_000_000));
        assert_eq!([0, 1, 2].map(|at| two.is_for(at)), [false, true, false]);
        assert_eq!((two.missing(2), two.missing(1)), (None, Some(2)));
        let all = offset("3600").expect("valid");
        assert!(all.is_for(0) && all.is_for(7) && all.missing(1).is_none());
        for wrong in ["", "0:1", "x:1", "1:", "inf"] {
            assert!(offset(wrong).is_err(), "{wrong}");
        }
        let pair = "1:0=can3".parse::<Numbered<ChannelPair>>().expect("valid");
        assert_eq!(pair.value.from, Channel::number(0));
        assert_eq!(pair.value.to, Channel::named("can3"));
        assert!("0".parse::<ChannelPair>().is_err() && "=1".parse::<ChannelPair>().is_err());
    }
}
