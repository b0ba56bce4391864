//! Which frames of a log are wanted, and what was in the log: so that it can be said why frames were
//! not sent.

use super::Args;
use crate::summary;
use canbus::{Channel, Filter, Message, Timestamp};
use std::time::Duration;

/// What a log had, and how many of its frames were not wanted, by the first reason.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) frames: u64,
    /// All channels there were; `None` for frames without one.
    channels: Vec<Option<Channel>>,
    /// The time of the first frame of the log.
    first: Option<Timestamp>,
    /// How far the last of the frames is behind the first, at most.
    span: i64,
    out_of_time: u64,
    of_other_channels: u64,
    filtered: u64,
}

impl Tally {
    /// Begins the log anew.
    pub(super) fn rewind(&mut self) {
        self.first = None;
    }

    /// How far a time of the log is behind its first frame, in nanoseconds.
    pub(super) fn behind_first(&self, time: Timestamp) -> i64 {
        self.first.map_or(0, |first| time.nanos_since(first))
    }

    /// Counts a message, and tells whether it is wanted: by time, then by channel and ID.
    fn look(&mut self, wanted: &Wanted, message: &Message) -> bool {
        let time = message.timestamp;
        let first = *self.first.get_or_insert(time);
        self.span = self.span.max(time.nanos_since(first));
        self.frames += 1;
        if !self.channels.contains(&message.channel) {
            self.channels.push(message.channel);
        }
        let on = |channel: Channel| wanted.channels.contains(&channel);
        let (start, end) = (wanted.args.start, wanted.args.end);
        let reason = if start.is_some_and(|start| time < start.behind(first))
            || end.is_some_and(|end| time >= end.behind(first))
        {
            &mut self.out_of_time
        } else if !wanted.channels.is_empty() && !message.channel.is_some_and(on) {
            &mut self.of_other_channels
        } else if !Filter::pass(&wanted.args.filter.filter, &message.frame) {
            &mut self.filtered
        } else {
            return true;
        };
        *reason += 1;
        false
    }

    /// Whether the log has a channel that is called so.
    pub(super) fn has(&self, name: &str) -> bool {
        let is = |channel: &Channel| channel.to_string() == name;
        self.channels.iter().flatten().any(is)
    }

    /// "its channels are can0, can1"
    pub(super) fn channels(&self) -> String {
        let named: Vec<String> = self
            .channels
            .iter()
            .flatten()
            .map(Channel::to_string)
            .collect();
        match &*named {
            [] => "its frames have no channel".into(),
            [only] => format!("its only channel is {only}"),
            _ => format!("its channels are {}", named.join(", ")),
        }
    }

    /// Why none was sent: each reason with its number of frames.
    pub(super) fn reasons(&self) -> Vec<String> {
        let span = summary::time(Duration::from_nanos(self.span.unsigned_abs()));
        let reasons = [
            (
                self.out_of_time,
                format!("not within --start and --end (the log lasts {span})"),
            ),
            (
                self.of_other_channels,
                format!("not of --log-channel ({})", self.channels()),
            ),
            (self.filtered, "not let through by --filter".into()),
        ];
        let found = reasons.into_iter().filter(|(count, _)| *count > 0);
        found
            .map(|(count, reason)| format!("{count} {reason}"))
            .collect()
    }
}

/// What is wanted of a log.
pub(super) struct Wanted<'a> {
    args: &'a Args,
    channels: Vec<Channel>,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(args: &'a Args) -> Wanted<'a> {
        let channels = args.log_channel.iter().map(|name| Channel::parse(name));
        Wanted {
            args,
            channels: channels.collect(),
        }
    }

    /// Whether a message is wanted, which is counted.
    pub(super) fn has(&self, message: &Message, tally: &mut Tally) -> bool {
        tally.look(self, message)
    }
}
