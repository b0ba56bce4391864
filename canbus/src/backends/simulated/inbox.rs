//! What the reader of the bus has before it: frames that have passed on the wire, made only when
//! somebody looks, at most so many; the oldest give way and are counted.

use super::obd;
use super::schedule::{Schedule, Sender, Slot};
use crate::frame::{Frame, Id, Kind};
use crate::message::{Channel, Direction, Message, Timestamp};
use std::collections::VecDeque;

/// Frames that are made at one go, so that after a long time without a reader nobody holds the
/// lock for seconds; a few milliseconds' work.
pub(super) const AT_ONE_GO: usize = 16_384;
/// After a request the engine control unit thinks for 2 ms.
const ANSWER_AFTER: u64 = 2_000_000;

/// The wire as seen by the bus that is open.
pub(super) struct Inbox {
    pub(super) schedule: Schedule,
    /// Has started, and not ended yet.
    on_wire: Option<Slot>,
    pub(super) ready: VecDeque<Message>,
    pub(super) dropped: u64,
    view: View,
}

/// What becomes of frames on their way to the reader.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) channel: Channel,
    /// The time of the wire's start.
    pub(super) epoch: Timestamp,
    pub(super) capacity: usize,
    pub(super) receive_own_messages: bool,
}

impl Inbox {
    pub(super) fn new(schedule: Schedule, view: View) -> Inbox {
        Inbox {
            schedule,
            on_wire: None,
            ready: VecDeque::new(),
            dropped: 0,
            view,
        }
    }

    /// Takes in the frames that have ended by `until`, until `want` messages are ready or it is
    /// enough for one go.
    pub(super) fn fill(&mut self, until: u64, want: usize) {
        for _ in 0..AT_ONE_GO {
            if self.ready.len() >= want || !self.step(until) {
                return;
            }
        }
    }

    /// Takes in one frame. `false`: none has ended by `until`.
    pub(super) fn step(&mut self, until: u64) -> bool {
        let slot = self.on_wire.take();
        let Some(slot) = slot.or_else(|| self.schedule.next(until)) else {
            return false;
        };
        if slot.end > until {
            self.on_wire = Some(slot);
            return false;
        }
        self.react(&slot);
        if slot.sender == Sender::Vehicle || self.view.receive_own_messages {
            self.deliver(&slot);
        }
        true
    }

    /// How many messages can be ready.
    pub(super) fn capacity(&self) -> usize {
        self.view.capacity
    }

    /// When there may be more, in nanoseconds from the start; `None`: only after a frame is sent.
    pub(super) fn next_moment(&self) -> Option<u64> {
        match self.on_wire {
            Some(slot) => Some(slot.end),
            None => self.schedule.next_start(),
        }
    }

    fn deliver(&mut self, slot: &Slot) {
        if self.ready.len() >= self.view.capacity {
            self.ready.pop_front();
            self.dropped += 1;
        }
        self.ready.push_back(Message {
            frame: slot.frame,
            timestamp: self.view.epoch.plus_nanos(slot.end as i64),
            channel: Some(self.view.channel),
            direction: match slot.sender {
                Sender::Vehicle => Direction::Rx,
                Sender::User => Direction::Tx,
            },
        });
    }

    /// The vehicle answers diagnostic requests, its own tester's as well as the user's.
    fn react(&mut self, slot: &Slot) {
        let frame = &slot.frame;
        if frame.kind() != Kind::Data || frame.id().is_extended() {
            return;
        }
        let state = self.schedule.state_at(slot.end);
        let answer = obd::answer(frame.id().raw(), frame.payload(), &state);
        let answer = answer.zip(Id::standard(obd::ANSWER).ok());
        if let Some(Ok(frame)) = answer.map(|(data, id)| Frame::data(id, &data)) {
            self.schedule.answer(frame, slot.end + ANSWER_AFTER);
        }
    }
}
