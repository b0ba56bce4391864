//! What can be said about many messages in one pass: how often each arbitration ID comes and how
//! evenly, how full each bus is, where time stands still or goes back, what errors there were.
//!
//! Memory grows with the number of arbitration IDs, not with that of messages.

mod cause;
mod gaps;
mod load;
mod periods;

#[cfg(test)]
mod tests;

pub use cause::ErrorCause;
pub use gaps::{Gap, StepBack};
pub use load::Load;
pub use periods::Periods;

use crate::error::{Error, Result};
use crate::frame::{BitRates, Id, Kind};
use crate::listener::Listener;
use crate::message::{Channel, Direction, Message, Timestamp};
use gaps::Longest;
use load::LoadMeter;
use std::collections::{BTreeMap, HashMap};

/// How many gaps and steps back are kept, besides their number.
const KEPT: usize = 20;

/// Collects what can be said about messages, in the order in which they come.
///
/// ```
/// use canbus::statistics::Statistics;
/// use canbus::{Frame, Id, Message, Timestamp};
/// # fn main() -> canbus::Result<()> {
/// let frame = Frame::data(Id::standard(0x123)?, &[1, 2])?;
/// let mut statistics = Statistics::new();
/// for millis in [0, 10, 20, 30] {
///     statistics.add(&Message::received(frame, Timestamp::from_nanos(millis * 1_000_000)));
/// }
/// let ids = statistics.ids();
/// assert_eq!((ids[0].frames, ids[0].periods.mean()), (4, Some(0.010)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Statistics {
    frames: u64,
    kinds: KindCounts,
    causes: BTreeMap<ErrorCause, u64>,
    span: Option<(Timestamp, Timestamp)>,
    last: Timestamp,
    ids: HashMap<(Option<Channel>, Id), IdStatistics>,
    channels: BTreeMap<Option<Channel>, ChannelCounts>,
    bit_rates: Option<BitRates>,
    gap_factor: f64,
    gaps: Longest<Gap>,
    steps_back: Longest<StepBack>,
}

/// How many frames of each kind there were.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KindCounts {
    /// Classic data frames.
    pub data: u64,
    /// Remote frames.
    pub remote: u64,
    /// CAN FD frames.
    pub fd: u64,
    /// CAN FD frames with bit rate switch.
    pub brs: u64,
    /// CAN FD frames with error state indicator.
    pub esi: u64,
    /// Error frames.
    pub error: u64,
}

/// What is known of one arbitration ID on one channel. Error frames have none.
#[derive(Debug, Clone)]
pub struct IdStatistics {
    /// The channel, where the messages tell it.
    pub channel: Option<Channel>,
    /// The arbitration ID.
    pub id: Id,
    /// How many frames there were.
    pub frames: u64,
    /// How many of them were received; the others were sent.
    pub received: u64,
    /// How many of them were remote frames.
    pub remote: u64,
    /// How many of them were CAN FD frames.
    pub fd: u64,
    /// The least and the greatest number of data bytes.
    pub lengths: (usize, usize),
    /// The least and the greatest DLC, as it stands on the wire.
    pub dlcs: (u8, u8),
    /// The times from one frame to the next.
    pub periods: Periods,
    /// How many pauses were longer than so many times the usual.
    pub gaps: u64,
    last: Timestamp,
}

/// What is known of one channel.
#[derive(Debug, Clone)]
pub struct ChannelStatistics {
    /// The channel, where the messages tell it.
    pub channel: Option<Channel>,
    /// How many frames there were, error frames among them.
    pub frames: u64,
    /// How many of them were error frames.
    pub errors: u64,
    /// How full the bus was, where the bit rates are known.
    pub load: Option<Load>,
}

#[derive(Debug, Default)]
struct ChannelCounts {
    frames: u64,
    errors: u64,
    meter: LoadMeter,
}

impl Default for Statistics {
    fn default() -> Statistics {
        Statistics {
            frames: 0,
            kinds: KindCounts::default(),
            causes: BTreeMap::new(),
            span: None,
            last: Timestamp::ZERO,
            ids: HashMap::new(),
            channels: BTreeMap::new(),
            bit_rates: None,
            gap_factor: Statistics::GAP_FACTOR,
            gaps: Longest::new(KEPT),
            steps_back: Longest::new(KEPT),
        }
    }
}

impl Statistics {
    /// A pause is a gap if it is so many times as long as the usual.
    pub const GAP_FACTOR: f64 = 5.0;

    /// Nothing collected yet; no bit rates, and the usual factor for gaps.
    pub fn new() -> Statistics {
        Statistics::default()
    }

    /// Measures the bus load as well. Counting each frame's stuff bits takes longer than all the
    /// rest. The data bit rate is that of CAN FD frames with bit rate switch; where it is not
    /// given, they count as if they had none.
    ///
    /// # Errors
    /// `InvalidInput` for a bit rate of 0.
    pub fn with_bit_rates(mut self, nominal: u32, data: Option<u32>) -> Result<Statistics> {
        let data = data.unwrap_or(nominal);
        if nominal == 0 || data == 0 {
            return Err(Error::invalid("a bit rate is at least 1 bit/s"));
        }
        self.bit_rates = Some(BitRates { nominal, data });
        Ok(self)
    }

    /// Another factor for gaps than [`Statistics::GAP_FACTOR`].
    ///
    /// # Errors
    /// `InvalidInput` unless it is more than 1.
    pub fn with_gap_factor(mut self, factor: f64) -> Result<Statistics> {
        if factor > 1.0 && factor.is_finite() {
            self.gap_factor = factor;
            return Ok(self);
        }
        let text = format!("the factor for gaps is a number above 1, not {factor}");
        Err(Error::invalid(text))
    }

    /// Takes a message.
    pub fn add(&mut self, message: &Message) {
        self.frames += 1;
        let time = message.timestamp;
        let (start, end) = self.span.unwrap_or((time, time));
        self.span = Some((start.min(time), end.max(time)));
        if self.frames > 1 && time < self.last {
            self.steps_back.add(StepBack {
                frame: self.frames,
                from: self.last,
                to: time,
            });
        }
        self.last = time;
        self.count_kind(message);
        let channel = self.channels.entry(message.channel).or_default();
        channel.frames += 1;
        if let Some(rates) = self.bit_rates {
            channel.meter.add(start, message, rates);
        }
        if message.frame.is_error() {
            channel.errors += 1;
            let cause = ErrorCause::of(&message.frame);
            *self.causes.entry(cause).or_default() += 1;
            return;
        }
        self.add_to_id(message);
    }

    fn count_kind(&mut self, message: &Message) {
        match message.frame.kind() {
            Kind::Data => self.kinds.data += 1,
            Kind::Remote => self.kinds.remote += 1,
            Kind::Error => self.kinds.error += 1,
            Kind::Fd { brs, esi } => {
                self.kinds.fd += 1;
                self.kinds.brs += u64::from(brs);
                self.kinds.esi += u64::from(esi);
            }
        }
    }

    fn add_to_id(&mut self, message: &Message) {
        let frame = &message.frame;
        let key = (message.channel, frame.id());
        let known = self.ids.entry(key);
        let one = known.or_insert_with(|| IdStatistics::first(message));
        if one.frames > 0 {
            // Of a step back nothing can be said but that it was.
            let pause = message.timestamp.nanos_since(one.last);
            if let Ok(pause) = u64::try_from(pause) {
                if one.periods.is_gap(pause, self.gap_factor) {
                    one.gaps += 1;
                    self.gaps.add(Gap {
                        channel: message.channel,
                        id: frame.id(),
                        from: one.last,
                        to: message.timestamp,
                    });
                    one.periods.add_gap(pause);
                } else {
                    one.periods.add(pause);
                }
            }
        }
        one.frames += 1;
        one.last = message.timestamp;
        one.received += u64::from(message.direction == Direction::Rx);
        one.remote += u64::from(frame.is_remote());
        one.fd += u64::from(frame.is_fd());
        one.lengths = (
            one.lengths.0.min(frame.len()),
            one.lengths.1.max(frame.len()),
        );
        one.dlcs = (one.dlcs.0.min(frame.dlc()), one.dlcs.1.max(frame.dlc()));
    }

    /// How many frames there were, error frames among them.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// How many of each kind.
    pub fn kinds(&self) -> KindCounts {
        self.kinds
    }

    /// The error frames by cause, as far as it is known.
    pub fn causes(&self) -> &BTreeMap<ErrorCause, u64> {
        &self.causes
    }

    /// The earliest time; none without messages.
    pub fn start(&self) -> Option<Timestamp> {
        self.span.map(|(start, _)| start)
    }

    /// The latest time; none without messages.
    pub fn end(&self) -> Option<Timestamp> {
        self.span.map(|(_, end)| end)
    }

    /// From the earliest to the latest time, in seconds; 0 without messages.
    pub fn seconds(&self) -> f64 {
        self.span
            .map_or(0.0, |(start, end)| end.duration_since(start).as_secs_f64())
    }

    /// How many a second so many are over the whole; none where no time passed.
    pub fn rate(&self, frames: u64) -> Option<f64> {
        let seconds = self.seconds();
        (seconds > 0.0).then(|| frames as f64 / seconds)
    }

    /// Each arbitration ID on each channel, ordered by channel and ID.
    pub fn ids(&self) -> Vec<&IdStatistics> {
        let mut ids: Vec<_> = self.ids.values().collect();
        ids.sort_unstable_by_key(|one| (one.channel.map(order), one.id));
        ids
    }

    /// Each channel, ordered.
    pub fn channels(&self) -> Vec<ChannelStatistics> {
        let seconds = self.seconds();
        let mut channels: Vec<_> = self
            .channels
            .iter()
            .map(|(&channel, counts)| ChannelStatistics {
                channel,
                frames: counts.frames,
                errors: counts.errors,
                load: self.bit_rates.and_then(|_| counts.meter.load(seconds)),
            })
            .collect();
        channels.sort_by_key(|one| one.channel.map(order));
        channels
    }

    /// How many pauses of an arbitration ID were longer than so many times its usual period.
    pub fn gap_count(&self) -> u64 {
        self.gaps.count()
    }

    /// The longest of those pauses, at most 20, the longest first.
    pub fn gaps(&self) -> Vec<Gap> {
        self.gaps.longest()
    }

    /// How often a message had an earlier time than the one before it.
    pub fn step_back_count(&self) -> u64 {
        self.steps_back.count()
    }

    /// The largest of those steps, at most 20, the largest first.
    pub fn steps_back(&self) -> Vec<StepBack> {
        self.steps_back.longest()
    }
}

/// Numbers before names, both in the order that people expect.
fn order(channel: Channel) -> (u32, &'static str) {
    let number = channel.as_number();
    (number.unwrap_or(u32::MAX), channel.name().unwrap_or(""))
}

impl IdStatistics {
    fn first(message: &Message) -> IdStatistics {
        let frame = &message.frame;
        IdStatistics {
            channel: message.channel,
            id: frame.id(),
            frames: 0,
            received: 0,
            remote: 0,
            fd: 0,
            lengths: (frame.len(), frame.len()),
            dlcs: (frame.dlc(), frame.dlc()),
            periods: Periods::default(),
            gaps: 0,
            last: message.timestamp,
        }
    }
}

impl Listener for Statistics {
    fn on_message(&mut self, message: &Message) -> Result<()> {
        self.add(message);
        Ok(())
    }
}
