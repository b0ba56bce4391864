//! What a log format does not keep of the messages that are written to it: found message by
//! message from the format's `Fidelity`, counted, and put into words.

use crate::summary::{counted, listed};
use canbus::formats::{ChannelFidelity, Fidelity};
use canbus::{Channel, Direction, Frame, Kind, Message, Timestamp};

/// What of a message that is written is not kept. Each is a bit of a set.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Direction,
    Channel,
    ChannelName,
    Time,
    Earlier,
    RemoteDlc,
    RawDlc,
    Cause,
}

/// A set of losses; 0 for none.
pub(crate) type Lost = u8;

const ALL: [Loss; 8] = [
    Loss::Direction,
    Loss::Channel,
    Loss::ChannelName,
    Loss::Time,
    Loss::Earlier,
    Loss::RemoteDlc,
    Loss::RawDlc,
    Loss::Cause,
];

/// Looks at the messages that are written to one file.
#[derive(Debug, Clone)]
pub(crate) struct Watch {
    keeps: Fidelity,
    /// When the file starts, where it cannot hold earlier messages.
    start: Option<Timestamp>,
}

impl Watch {
    pub(crate) fn new(keeps: Fidelity) -> Watch {
        Watch { keeps, start: None }
    }

    /// What is not kept of a message that the format holds.
    #[inline]
    pub(crate) fn look(&mut self, message: &Message) -> Lost {
        let keeps = &self.keeps;
        let sent = message.direction == Direction::Tx;
        let step = i64::from(keeps.resolution.max(1));
        let lost = bit(Loss::Direction, sent && !keeps.direction)
            | channel(keeps.channel, message.channel)
            | bit(Loss::Time, is_between(message.timestamp, step))
            | bit(Loss::Earlier, self.is_too_early(message.timestamp));
        // Of nearly every frame that is all.
        let frame = &message.frame;
        match frame.kind() {
            Kind::Data if frame.dlc() <= 8 => lost,
            _ => lost | self.of_frame(frame),
        }
    }

    /// What is not kept of a frame that has something special about it.
    fn of_frame(&self, frame: &Frame) -> Lost {
        let keeps = &self.keeps;
        let kind = frame.kind();
        let cause = frame.id().raw() != 0 || !frame.is_empty();
        let remote_dlc = kind == Kind::Remote && !keeps.remote_dlc && frame.dlc() > 0;
        let raw_dlc = matches!(kind, Kind::Data | Kind::Remote) && frame.dlc() > 8;
        bit(Loss::RemoteDlc, remote_dlc)
            | bit(Loss::RawDlc, raw_dlc && !keeps.raw_dlc && !remote_dlc)
            | bit(Loss::Cause, frame.is_error() && !keeps.error_cause && cause)
    }

    #[inline]
    fn is_too_early(&mut self, time: Timestamp) -> bool {
        if self.keeps.earlier_than_first {
            return false;
        }
        time < *self.start.get_or_insert_with(|| start_of_file(time))
    }
}

/// Whether a time lies between two steps.
#[inline]
fn is_between(time: Timestamp, step: i64) -> bool {
    let nanos = time.as_nanos();
    // Division by what is known beforehand is a multiplication.
    match step {
        1 => false,
        1000 => nanos % 1000 != 0,
        step => nanos % step != 0,
    }
}

fn bit(loss: Loss, lost: bool) -> Lost {
    Lost::from(lost) << loss as u8
}

#[inline]
fn channel(keeps: ChannelFidelity, channel: Option<Channel>) -> Lost {
    match (keeps, channel) {
        // Where a number is written as a name, it is read back as that.
        (_, None) | (ChannelFidelity::Name | ChannelFidelity::Either, _) => 0,
        (ChannelFidelity::Nothing, Some(_)) => bit(Loss::Channel, true),
        (ChannelFidelity::Number, Some(channel)) => match channel.as_number() {
            Some(_) => 0,
            None => name(channel),
        },
    }
}

/// What is lost of a name of which only a number is kept.
fn name(channel: Channel) -> Lost {
    let name = channel.name();
    // Nearly always it is such a one.
    if let Some([b'c', b'a', b'n', b'0'..=b'9']) = name.map(str::as_bytes) {
        return 0;
    }
    match (name, channel.trailing_number()) {
        (None, _) => 0,
        (Some(_), None) => bit(Loss::Channel, true),
        (Some(name), Some(number)) if is_can(name, number) => 0,
        (Some(_), Some(_)) => bit(Loss::ChannelName, true),
    }
}

/// Whether a name is what other formats make of the number: `can3`.
fn is_can(name: &str, number: u32) -> bool {
    let digits = name.strip_prefix("can");
    digits.is_some_and(|digits| digits.parse() == Ok(number) && !digits.starts_with("00"))
}

/// When a file starts whose first message has this time, as `Fidelity` says.
fn start_of_file(first: Timestamp) -> Timestamp {
    const YEAR_1990: i64 = 631_152_000_000_000_000;
    let nanos = first.as_nanos();
    let is_relative = (0..YEAR_1990).contains(&nanos);
    let start = nanos.div_euclid(1_000_000).saturating_mul(1_000_000);
    Timestamp::from_nanos(if is_relative { 0 } else { start })
}

/// How often what was lost.
#[derive(Debug)]
pub(crate) struct Losses {
    /// How often each set of losses came: counted in one step, whatever is in it.
    sets: [u64; 1 << ALL.len()],
    fd: u64,
    remote: u64,
    error: u64,
    other: u64,
}

impl Default for Losses {
    fn default() -> Losses {
        Losses {
            sets: [0; 1 << ALL.len()],
            fd: 0,
            remote: 0,
            error: 0,
            other: 0,
        }
    }
}

impl Losses {
    /// Counts what a message lost.
    #[inline]
    pub(crate) fn add(&mut self, lost: Lost) {
        self.sets[usize::from(lost)] += 1;
    }

    /// How many messages lost this.
    fn count(&self, loss: Loss) -> u64 {
        let sets = self.sets.iter().enumerate();
        let with = sets.filter(|(set, _)| set >> loss as u8 & 1 == 1);
        with.map(|(_, count)| count).sum()
    }

    /// Counts a message that the format does not hold at all.
    pub(crate) fn refuse(&mut self, message: &Message) {
        match message.frame.kind() {
            Kind::Fd { .. } => self.fd += 1,
            Kind::Remote => self.remote += 1,
            Kind::Error => self.error += 1,
            _ => self.other += 1,
        }
    }

    /// "2 CAN FD frames and 1 error frame"; nothing if all frames were held.
    pub(crate) fn refused(&self) -> Option<String> {
        let kinds = [
            (self.fd, "CAN FD frame"),
            (self.remote, "remote frame"),
            (self.error, "error frame"),
            (self.other, "other frame"),
        ];
        let kinds = kinds.into_iter().filter(|(count, _)| *count > 0);
        let kinds: Vec<String> = kinds.map(|(count, noun)| counted(count, noun)).collect();
        (!kinds.is_empty()).then(|| listed(&kinds))
    }

    /// A line for each thing that was not kept, such as "1200 frames: direction not kept".
    pub(crate) fn lines(&self, keeps: &Fidelity) -> Vec<String> {
        let found = ALL.iter().filter(|loss| self.count(**loss) > 0);
        let line = |loss: &Loss| {
            let frames = counted(self.count(*loss), "frame");
            format!("{frames}: {}", in_words(*loss, keeps))
        };
        found.map(line).collect()
    }
}

/// What a set of losses says, in words.
pub(crate) fn told(lost: Lost, keeps: &Fidelity) -> String {
    let found = ALL.iter().filter(|loss| lost >> **loss as u8 & 1 == 1);
    let words: Vec<String> = found.map(|loss| in_words(*loss, keeps)).collect();
    words.join(", ")
}

fn in_words(loss: Loss, keeps: &Fidelity) -> String {
    match loss {
        Loss::Direction => "direction not kept, sent ones become received ones".into(),
        Loss::Channel => "channel not kept".into(),
        Loss::ChannelName => "of the channel's name only the number kept".into(),
        Loss::Time => format!("time rounded to {}", step(keeps.resolution)),
        Loss::Earlier => "earlier than the start of the file, whose time they get".into(),
        Loss::RemoteDlc => "DLC of remote frames not kept".into(),
        Loss::RawDlc => "raw DLC over 8 not kept".into(),
        Loss::Cause => "cause of error frames not kept".into(),
    }
}

/// "1 µs"
fn step(nanos: u32) -> String {
    match nanos {
        0..1000 => format!("{nanos} ns"),
        1000..1_000_000 => format!("{} µs", nanos / 1000),
        _ => format!("{} ms", nanos / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use canbus::Id;

    const ALL_KEPT: Fidelity = Fidelity {
        fd: true,
        remote: true,
        remote_dlc: true,
        error: true,
        error_cause: true,
        raw_dlc: true,
        direction: true,
        channel: ChannelFidelity::Name,
        resolution: 1,
        negative_time: true,
        earlier_than_first: true,
    };

    fn message(frame: canbus::Result<Frame>) -> Message {
        let time = Timestamp::from_nanos(1_700_000_000_000_000_001);
        Message {
            direction: Direction::Tx,
            ..Message::received(frame.expect("valid"), time).on(Channel::named("bus"))
        }
    }

    fn lost(keeps: Fidelity, message: &Message) -> String {
        told(Watch::new(keeps).look(message), &keeps)
    }

    #[test]
    fn what_a_format_does_not_keep_is_told_where_a_message_has_it() {
        let id = Id::standard(1).expect("fits");
        let data = message(Frame::data(id, &[0; 8]));
        let raw = message(Frame::data(id, &[0; 8]).and_then(|frame| frame.with_raw_dlc(9)));
        let remote = message(Frame::remote(id, 3));
        let error = message(Frame::error(id, &[]));
        for message in [&data, &raw, &remote, &error] {
            assert_eq!(lost(ALL_KEPT, message), "");
        }
        let direction = Fidelity {
            direction: false,
            ..ALL_KEPT
        };
        assert!(lost(direction, &data).starts_with("direction not kept"));
        let received = Message {
            direction: Direction::Rx,
            ..data
        };
        assert_eq!(lost(direction, &received), "");
        let micros = Fidelity {
            resolution: 1000,
            ..ALL_KEPT
        };
        assert_eq!(lost(micros, &data), "time rounded to 1 µs");
        let whole = Message {
            timestamp: Timestamp::from_nanos(1000),
            ..data
        };
        assert_eq!(lost(micros, &whole), "");
        let no_dlc = Fidelity {
            remote_dlc: false,
            raw_dlc: false,
            ..ALL_KEPT
        };
        assert_eq!(lost(no_dlc, &remote), "DLC of remote frames not kept");
        assert_eq!(lost(no_dlc, &raw), "raw DLC over 8 not kept");
        assert_eq!(lost(no_dlc, &data), "");
        let no_cause = Fidelity {
            error_cause: false,
            ..ALL_KEPT
        };
        assert_eq!(lost(no_cause, &error), "cause of error frames not kept");
        let two = Fidelity {
            channel: ChannelFidelity::Nothing,
            ..micros
        };
        assert_eq!(lost(two, &data), "channel not kept, time rounded to 1 µs");
    }

    #[test]
    fn a_channel_that_comes_back_as_it_was_is_no_loss() {
        let data = message(Frame::data(Id::standard(1).expect("fits"), &[]));
        let of = |channel: Channel| {
            let keeps = Fidelity {
                channel: ChannelFidelity::Number,
                ..ALL_KEPT
            };
            lost(keeps, &data.on(channel))
        };
        assert_eq!(of(Channel::number(3)), "");
        assert_eq!(of(Channel::named("can3")), "");
        assert_eq!(of(Channel::named("bus")), "channel not kept");
        for name in ["vcan3", "PCAN_USBBUS1", "can003"] {
            assert!(
                of(Channel::named(name)).contains("only the number"),
                "{name}"
            );
        }
    }

    #[test]
    fn times_before_the_start_of_the_file_are_told() {
        let keeps = Fidelity {
            earlier_than_first: false,
            ..ALL_KEPT
        };
        let mut watch = Watch::new(keeps);
        let first = message(Frame::data(Id::standard(1).expect("fits"), &[]));
        let mut at = |nanos: i64| {
            let timestamp = first.timestamp.plus_nanos(nanos);
            watch.look(&Message { timestamp, ..first }) != 0
        };
        // The file starts at the whole millisecond, which is a nanosecond earlier.
        assert_eq!([0, 5, -1, -2].map(&mut at), [false, false, false, true]);
    }

    #[test]
    fn losses_are_counted_and_put_into_words() {
        let mut losses = Losses::default();
        let keeps = Fidelity {
            resolution: 1_000_000,
            ..ALL_KEPT
        };
        for lost in [0, 1 << Loss::Time as u8, 1 << Loss::Time as u8] {
            losses.add(lost);
        }
        assert_eq!(losses.lines(&keeps), ["2 frames: time rounded to 1 ms"]);
        assert_eq!(losses.refused(), None);
        let id = Id::standard(1).expect("fits");
        losses.refuse(&message(Frame::fd(id, &[], false, false)));
        losses.refuse(&message(Frame::error(id, &[])));
        losses.refuse(&message(Frame::error(id, &[])));
        assert_eq!(
            losses.refused().as_deref(),
            Some("1 CAN FD frame and 2 error frames")
        );
    }
}
