//! The wire: which frame starts when. Every message is due at fixed moments from the start, so
//! that nothing drifts; of those that are due, the one that wins arbitration goes first; and none
//! starts before the one before it has ended.

use super::obd;
use super::payload::fill;
use super::signals::{Moment, mix};
use super::vehicle::{ERROR, ERROR_DATA, Row, Sort, VEHICLE};
use crate::frame::{BitRates, Frame, Id, MAX_FD_LEN, wire_bits};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// What the user chose.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Carry the CAN FD messages as such; otherwise their first 8 bytes go as classic frames.
    pub(super) fd: bool,
    pub(super) rates: BitRates,
    /// Percent of the wire's time; `None` for the periods of the table, as far as they fit.
    pub(super) load: Option<f64>,
    /// Error frames each second.
    pub(super) error_rate: f64,
    /// The vehicle falls silent after so many frames.
    pub(super) frames: Option<u64>,
}

/// The greatest load, in percent: over it, the least urgent messages would hardly come through.
pub(super) const MOST_LOAD: f64 = 90.0;
/// How many answers may wait for the wire.
const MOST_ANSWERS: usize = 16;
/// How much later than its moment a control unit may ask for the wire: a fiftieth of the period,
/// at most this many nanoseconds.
const MOST_JITTER: u64 = 200_000;
/// The state of the vehicle is that of the last full 10 ms.
const STATE_STEP: u64 = 10_000_000;
const NANOS_PER_MILLI: u64 = 1_000_000;
/// Moments over the first minutes of driving at which messages are measured for their length.
const SAMPLES: u64 = 16;
const SAMPLE_STEP: u64 = 7_700_000_000;

/// A message of the vehicle with its times in nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Timed {
    row: &'static Row,
    id: Id,
    period: u64,
    offset: u64,
    jitter: u64,
    rank: u64,
}

/// Who put a frame on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Vehicle,
    User,
}

/// A frame on the wire, in nanoseconds from the start.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) frame: Frame,
    pub(super) sender: Sender,
    /// When it has passed with its intermission, and the next one may start.
    pub(super) end: u64,
}

/// Frames that do not come by the clock: in order, each with the moment from which it is ready.
type Line = VecDeque<(u64, Frame)>;

/// The wire and all that wait for it.
pub(super) struct Schedule {
    plan: Plan,
    timed: Vec<Timed>,
    /// Moment, message, number: what becomes due.
    releases: BinaryHeap<Reverse<(u64, usize, u64)>>,
    /// Rank, message, number: what is due.
    due: BinaryHeap<Reverse<(u64, usize, u64)>>,
    sent: Line,
    answers: Line,
    free_at: u64,
    left: Option<u64>,
    state: (u64, Moment),
}

/// The order in which identifiers win arbitration, the lowest first. A dominant bit, 0, wins: the
/// base identifier, RTR or SRR, IDE, the identifier's extension, RTR.
fn rank(frame: &Frame) -> u64 {
    let (raw, remote) = (u64::from(frame.id().raw()), u64::from(frame.is_remote()));
    if frame.is_error() {
        // Error flags ask nobody.
        0
    } else if frame.id().is_extended() {
        (raw >> 18) << 21 | 0b11 << 19 | (raw & 0x3_FFFF) << 1 | remote
    } else {
        raw << 21 | remote << 20
    }
}

impl Timed {
    fn new(row: &'static Row, plan: &Plan) -> Option<Timed> {
        let id = Id::new(row.id, row.extended).ok()?;
        let mut timed = Timed {
            row,
            id,
            period: u64::from(row.period_ms) * NANOS_PER_MILLI,
            offset: 0,
            jitter: 0,
            rank: 0,
        };
        timed.rank = rank(&timed.frame(plan, 0, &Moment::at(plan.seed, 0))?);
        Some(timed)
    }

    /// Sets the period and what follows from it.
    fn every(self, period: u64, seed: u64) -> Timed {
        let name = u64::from(self.row.id) << 8 | self.row.sort as u64;
        let jitter = match self.row.sort {
            Sort::Error => period,
            _ => (period / 50).min(MOST_JITTER),
        };
        Timed {
            period,
            offset: mix(seed, name, u64::MAX) % period.max(1),
            jitter,
            ..self
        }
    }

    /// The moment of number `count`, without jitter.
    fn moment(&self, count: u64) -> u64 {
        self.offset
            .saturating_add(self.period.saturating_mul(count))
    }

    fn release(&self, count: u64, seed: u64) -> u64 {
        let late = mix(
            seed,
            u64::from(self.row.id) << 32 | self.row.sort as u64,
            count,
        );
        self.moment(count).saturating_add(late % self.jitter.max(1))
    }

    fn frame(&self, plan: &Plan, count: u64, state: &Moment) -> Option<Frame> {
        let row = self.row;
        let fd = row.sort == Sort::Fd && plan.fd;
        let len = usize::from(if fd { row.len } else { row.len.min(8) });
        let mut bytes = [row.unused; MAX_FD_LEN];
        let data = &mut bytes[..len];
        fill(row.fields, state, row.id, data);
        row.guard.protect(count, data);
        let frame = match row.sort {
            Sort::Fd if fd => Frame::fd(self.id, data, true, false),
            Sort::Classic | Sort::Fd => Frame::data(self.id, data),
            Sort::Remote => Frame::remote(self.id, row.len),
            Sort::ObdRequest => Frame::data(self.id, &obd::request(count)),
            Sort::Error => Frame::error(self.id, &ERROR_DATA),
        };
        // The table is tested to make frames only.
        frame.ok()
    }

    /// The part of the wire's time that the message takes at its period, as it is on average.
    fn load(&self, plan: &Plan) -> f64 {
        if self.row.on_change {
            return 0.0;
        }
        let nanos: u64 = (0..SAMPLES)
            .filter_map(|sample| {
                let at = sample * SAMPLE_STEP;
                self.frame(plan, sample, &Moment::at(plan.seed, at))
            })
            .map(|frame| plan.rates.nanos(wire_bits(&frame)))
            .sum();
        nanos as f64 / SAMPLES as f64 / self.period as f64
    }
}

impl Schedule {
    /// The vehicle by this plan, its loads and rates checked.
    pub(super) fn new(plan: Plan) -> Schedule {
        let silent = plan.load.is_some_and(|load| load <= 0.0);
        let rows = VEHICLE.iter().filter(|_| !silent);
        let mut timed: Vec<Timed> = rows.filter_map(|row| Timed::new(row, &plan)).collect();
        let natural: f64 = 100.0 * timed.iter().map(|timed| timed.load(&plan)).sum::<f64>();
        let stretch = natural / plan.load.unwrap_or(natural.min(MOST_LOAD));
        for timed in &mut timed {
            // What is looked at for changes is no load, and keeps its period.
            let stretch = if timed.row.on_change { 1.0 } else { stretch };
            *timed = timed.every((timed.period as f64 * stretch) as u64, plan.seed);
        }
        if plan.error_rate > 0.0 {
            let period = (1e9 / plan.error_rate) as u64;
            timed.extend(Timed::new(&ERROR, &plan).map(|timed| timed.every(period, plan.seed)));
        }
        let releases = timed.iter().enumerate();
        Schedule {
            releases: releases
                .map(|(at, timed)| Reverse((timed.release(0, plan.seed), at, 0)))
                .collect(),
            plan,
            timed,
            due: BinaryHeap::new(),
            sent: Line::new(),
            answers: Line::new(),
            free_at: 0,
            left: plan.frames,
            state: (0, Moment::at(plan.seed, 0)),
        }
    }

    /// Puts a frame of the user's into the line of those that wait for the wire.
    pub(super) fn send(&mut self, frame: Frame, from: u64) {
        self.sent.push_back((from, frame));
    }

    /// Frames of the user's that wait for the wire.
    pub(super) fn sent(&mut self) -> &mut Line {
        &mut self.sent
    }

    /// Adds a frame that the vehicle sends once, from a moment on. With too many of them before
    /// it, it is left out, as by a control unit that is busy.
    pub(super) fn answer(&mut self, frame: Frame, from: u64) {
        if self.answers.len() < MOST_ANSWERS {
            self.answers.push_back((from, frame));
        }
    }

    /// When the next frame starts, if nothing is sent meanwhile; `None`: never.
    pub(super) fn next_start(&self) -> Option<u64> {
        if !self.due.is_empty() {
            return Some(self.free_at);
        }
        let release = self.releases.peek().map(|Reverse((release, ..))| *release);
        let sent = self.sent.front().map(|(from, _)| *from);
        let answer = self.answers.front().map(|(from, _)| *from);
        let first = [release, sent, answer].into_iter().flatten().min();
        first.map(|first| first.max(self.free_at))
    }

    /// The next frame, if it starts by `until`. It then has started: none comes before it any more.
    pub(super) fn next(&mut self, until: u64) -> Option<Slot> {
        loop {
            let start = self.next_start().filter(|&start| start <= until)?;
            self.release(start);
            if let Some((frame, sender)) = self.arbitrate(start) {
                let end = start + self.plan.rates.nanos(wire_bits(&frame));
                self.free_at = end;
                return Some(Slot { frame, sender, end });
            }
        }
    }

    /// Moves what has become due by `now` to what is due.
    fn release(&mut self, now: u64) {
        while let Some(&Reverse((release, at, count))) = self.releases.peek() {
            if release > now {
                break;
            }
            self.releases.pop();
            if self.timed[at].row.on_change && !self.has_changed(at, count) {
                self.release_next(at, count);
            } else {
                self.due.push(Reverse((self.timed[at].rank, at, count)));
            }
        }
    }

    fn release_next(&mut self, at: usize, count: u64) {
        let release = self.timed[at].release(count + 1, self.plan.seed);
        self.releases.push(Reverse((release, at, count + 1)));
    }

    /// Whether a message differs from the last one, but for counter and checksum.
    fn has_changed(&mut self, at: usize, count: u64) -> bool {
        let Timed { row, .. } = self.timed[at];
        let mut content = |count| {
            let state = self.state_at(self.timed[at].moment(count));
            let mut data = [0; MAX_FD_LEN];
            fill(row.fields, &state, row.id, &mut data);
            data
        };
        count > 0 && content(count - 1) != content(count)
    }

    /// Takes the frame that wins the wire among those that are ready.
    fn arbitrate(&mut self, now: u64) -> Option<(Frame, Sender)> {
        let ready = |line: &Line| {
            let first = line.front().filter(|(from, _)| *from <= now);
            first.map_or(u64::MAX, |(_, frame)| rank(frame))
        };
        let (sent, answer) = (ready(&self.sent), ready(&self.answers));
        let due = self
            .due
            .peek()
            .map_or(u64::MAX, |Reverse((rank, ..))| *rank);
        if sent.min(answer).min(due) == u64::MAX {
            None
        } else if sent <= answer.min(due) {
            self.sent
                .pop_front()
                .map(|(_, frame)| (frame, Sender::User))
        } else if answer <= due {
            self.answers
                .pop_front()
                .map(|(_, frame)| (frame, Sender::Vehicle))
        } else {
            let Reverse((_, at, count)) = self.due.pop()?;
            self.release_next(at, count);
            let frame = self.vehicle_frame(at, count)?;
            self.count_down();
            Some((frame, Sender::Vehicle))
        }
    }

    fn vehicle_frame(&mut self, at: usize, count: u64) -> Option<Frame> {
        let state = self.state_at(self.timed[at].moment(count));
        self.timed[at].frame(&self.plan, count, &state)
    }

    /// After the last frame that was asked for, nothing is due any more.
    fn count_down(&mut self) {
        self.left = self.left.map(|left| left.saturating_sub(1));
        if self.left == Some(0) {
            self.releases.clear();
            self.due.clear();
        }
    }

    /// The state of the vehicle: one for many frames, since they come nearly in order.
    pub(super) fn state_at(&mut self, nanos: u64) -> Moment {
        let step = nanos / STATE_STEP;
        if self.state.0 != step {
            self.state = (step, Moment::at(self.plan.seed, step * STATE_STEP));
        }
        self.state.1
    }
}

#[cfg(test)]
mod tests;
