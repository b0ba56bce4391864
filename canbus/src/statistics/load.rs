//! How full a bus is: the time that its frames hold the wire.

use crate::frame::{BitRates, most_wire_bits, wire_bits};
use crate::message::{Message, Timestamp};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

/// How full a bus was, as parts of 1: 0.25 is a quarter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Load {
    /// Over the whole time, stuff bits counted exactly.
    pub average: f64,
    /// The same if every frame had the content that needs the most stuff bits.
    pub most_stuffing: f64,
    /// In the busiest second, counted from the first message on.
    pub busiest_second: f64,
}

/// Adds up the time on the wire.
#[derive(Debug, Default)]
pub(super) struct LoadMeter {
    nanos: u64,
    most_nanos: u64,
    /// The second that is being added up, since the start.
    second: i64,
    in_second: u64,
    busiest: u64,
}

impl LoadMeter {
    pub(super) fn add(&mut self, start: Timestamp, message: &Message, rates: BitRates) {
        let nanos = rates.nanos(wire_bits(&message.frame));
        self.nanos += nanos;
        self.most_nanos += rates.nanos(most_wire_bits(&message.frame));
        let second = message.timestamp.nanos_since(start) / NANOS_PER_SECOND;
        if second > self.second {
            self.second = second;
            self.in_second = 0;
        }
        self.in_second += nanos;
        self.busiest = self.busiest.max(self.in_second);
    }

    /// The load, if it lasted so many seconds; none if no time passed.
    pub(super) fn load(&self, seconds: f64) -> Option<Load> {
        let of = |nanos: u64, seconds: f64| nanos as f64 / NANOS_PER_SECOND as f64 / seconds;
        (seconds > 0.0).then(|| Load {
            average: of(self.nanos, seconds),
            most_stuffing: of(self.most_nanos, seconds),
            busiest_second: of(self.busiest, seconds.min(1.0)),
        })
    }
}
