//! Which messages of the input are converted: by ID, channel, direction, kind and time.

use crate::args::instant::Moment;
use canbus::{Channel, Direction, Filter, Kind, Message, Timestamp};
use clap::ValueEnum;

/// Convert only a part.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "What is converted")]
pub(super) struct SelectionArgs {
    /// Only frames of these IDs, in hexadecimal: 100:7F0 is 100 to 10F, 100~7F0 all others; :x or
    /// :s after it for extended or standard IDs only; several are parted by commas
    #[arg(long, value_name = "ID:MASK|ID~MASK,…", value_delimiter = ',')]
    filter: Vec<Filter>,

    /// Only frames of these channels: 0, can0
    #[arg(long, value_name = "CHANNEL,…", value_delimiter = ',')]
    channel: Vec<String>,

    /// Only frames that were received (rx) or sent (tx)
    #[arg(long, value_name = "rx|tx", hide_possible_values = true)]
    direction: Option<Way>,

    /// Only frames of these kinds: data, remote, fd, error
    #[arg(
        long,
        value_name = "KIND,…",
        value_delimiter = ',',
        hide_possible_values = true
    )]
    kind: Vec<Sort>,

    /// Only frames from this time on: 90s, 1.5h behind the first frame, @1600000000.5 in seconds
    /// since 1970, or a date, 2026-05-31T14:25:00 in local time or with Z or +02:00
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    start: Option<Moment>,

    /// Only frames before this time, which is given as for --start
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    end: Option<Moment>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Way {
    Rx,
    Tx,
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Sort {
    Data,
    Remote,
    Fd,
    Error,
}

impl SelectionArgs {
    /// `None` for everything.
    pub(super) fn selection(&self) -> Option<Selection<'_>> {
        let all = self.filter.is_empty()
            && self.channel.is_empty()
            && self.direction.is_none()
            && self.kind.is_empty()
            && self.start.is_none()
            && self.end.is_none();
        (!all).then(|| Selection {
            args: self,
            direction: self.direction.map(|way| match way {
                Way::Rx => Direction::Rx,
                Way::Tx => Direction::Tx,
            }),
            channels: self
                .channel
                .iter()
                .map(|name| Channel::parse(name))
                .collect(),
            span: None,
        })
    }
}

/// What is asked for, made ready.
pub(super) struct Selection<'a> {
    args: &'a SelectionArgs,
    direction: Option<Direction>,
    channels: Vec<Channel>,
    /// From when to when; known with the first message.
    span: Option<(Timestamp, Timestamp)>,
}

impl Selection<'_> {
    /// Whether a message is wanted. The first one that is asked for is what times are behind.
    pub(super) fn wants(&mut self, message: &Message) -> bool {
        let args = self.args;
        let (start, end) = *self.span.get_or_insert_with(|| {
            let first = message.timestamp;
            let start = args.start.map(|moment| moment.behind(first));
            let end = args.end.map(|moment| moment.behind(first));
            (start.unwrap_or(EARLIEST), end.unwrap_or(LATEST))
        });
        let in_time = message.timestamp >= start && (message.timestamp < end || args.end.is_none());
        in_time
            && Filter::pass(&args.filter, &message.frame)
            && self.direction.is_none_or(|way| way == message.direction)
            && (self.channels.is_empty() || self.is_of_channel(message))
            && (args.kind.is_empty() || args.kind.contains(&sort(message.frame.kind())))
    }

    /// A number is also the name that other formats make of it.
    fn is_of_channel(&self, message: &Message) -> bool {
        message.channel.is_some_and(|channel| {
            self.channels.contains(&channel)
                || self
                    .channels
                    .iter()
                    .any(|wanted| is_can(*wanted, channel) || is_can(channel, *wanted))
        })
    }
}

const EARLIEST: Timestamp = Timestamp::from_nanos(i64::MIN);
const LATEST: Timestamp = Timestamp::from_nanos(i64::MAX);

/// Whether one is a number and the other the name `canN` of it.
fn is_can(number: Channel, name: Channel) -> bool {
    let digits = name.name().and_then(|name| name.strip_prefix("can"));
    digits.is_some_and(|digits| number.as_number().is_some_and(|n| n.to_string() == digits))
}

fn sort(kind: Kind) -> Sort {
    match kind {
        Kind::Remote => Sort::Remote,
        Kind::Fd { .. } => Sort::Fd,
        Kind::Error => Sort::Error,
        _ => Sort::Data,
    }
}
