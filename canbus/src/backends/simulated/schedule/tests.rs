use super::super::payload::{Guard, crc_8, xor};
use super::*;
use std::collections::BTreeMap;

const SECOND: u64 = 1_000_000_000;

const PLAN: Plan = Plan {
    seed: 1,
    fd: true,
    rates: BitRates {
        nominal: 500_000,
        data: 2_000_000,
    },
    load: None,
    error_rate: 0.0,
    frames: None,
};

fn slots(plan: Plan, until: u64) -> Vec<Slot> {
    let mut schedule = Schedule::new(plan);
    std::iter::from_fn(|| schedule.next(until)).collect()
}

/// The part of the wire's time that was taken, in percent.
fn load(plan: Plan) -> f64 {
    let time = 10 * SECOND;
    let nanos = |slot: &Slot| plan.rates.nanos(wire_bits(&slot.frame));
    let taken: u64 = slots(plan, time).iter().map(nanos).sum();
    taken as f64 / time as f64 * 100.0
}

fn frame(raw: u32, extended: bool) -> Frame {
    Frame::data(Id::new(raw, extended).expect("fits"), &[]).expect("valid")
}

/// When the frame of this slot started.
fn start(slot: &Slot) -> u64 {
    slot.end - PLAN.rates.nanos(wire_bits(&slot.frame))
}

/// FNV-1a, over everything that a reader sees.
fn hash(slots: &[Slot]) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325_u64;
    let mut add = |bytes: &[u8]| {
        for &byte in bytes {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3);
        }
    };
    for slot in slots {
        add(&slot.end.to_le_bytes());
        add(&slot.frame.id().raw().to_le_bytes());
        add(&[
            u8::from(slot.frame.id().is_extended()),
            slot.frame.dlc(),
            u8::from(slot.frame.is_fd()),
        ]);
        add(slot.frame.payload());
    }
    hash
}

#[test]
fn the_same_seed_gives_the_same_frames_at_the_same_times() {
    let first = |seed| {
        let mut schedule = Schedule::new(Plan { seed, ..PLAN });
        let slots = std::iter::from_fn(|| schedule.next(u64::MAX));
        hash(&slots.take(10_000).collect::<Vec<_>>())
    };
    // Any change of the vehicle changes it; a change of the machine must not.
    assert_eq!(first(1), 18_213_710_196_289_731_491);
    assert_ne!(first(2), first(1));
}

#[test]
fn frames_never_overlap_and_times_only_grow() {
    for load in [None, Some(90.0)] {
        let slots = slots(Plan { load, ..PLAN }, 3 * SECOND);
        for pair in slots.windows(2) {
            assert!(start(&pair[1]) >= pair[0].end, "{pair:?}");
            assert!(pair[0].end > start(&pair[0]));
        }
        let exact = PLAN.rates.nanos(wire_bits(&slots[0].frame));
        assert_eq!(slots[0].end - start(&slots[0]), exact);
    }
}

#[test]
fn every_message_comes_as_often_as_the_table_says_for_ever() {
    let mut counts: BTreeMap<(u32, bool), u64> = BTreeMap::new();
    // A third of a minute, an hour after the start: nothing may have drifted.
    let (from, to) = (3600 * SECOND, 3620 * SECOND);
    let mut schedule = Schedule::new(PLAN);
    for at in 0..schedule.timed.len() {
        let timed = schedule.timed[at];
        let count = (from - timed.offset).div_ceil(timed.period);
        schedule
            .releases
            .retain(|Reverse((_, other, _))| *other != at);
        schedule
            .releases
            .push(Reverse((timed.release(count, 1), at, count)));
    }
    while let Some(slot) = schedule.next(to) {
        *counts
            .entry((slot.frame.id().raw(), slot.frame.is_remote()))
            .or_default() += 1;
    }
    for row in VEHICLE.iter().filter(|row| !row.on_change) {
        let expected = 20_000 / u64::from(row.period_ms);
        let found = counts[&(row.id, row.sort == Sort::Remote)];
        // One may wait at either end.
        assert!(found.abs_diff(expected) <= 1, "{:x}: {found}", row.id);
    }
}

#[test]
fn a_message_is_late_by_its_jitter_and_the_wire_only() {
    let mut schedule = Schedule::new(PLAN);
    let timed = schedule.timed[0];
    assert_eq!(
        (timed.row.id, timed.period, timed.jitter),
        (0x025, 10_000_000, 200_000)
    );
    let mut starts = Vec::new();
    while let Some(slot) = schedule.next(5 * SECOND) {
        if slot.frame.id().raw() == 0x025 {
            starts.push(start(&slot));
        }
    }
    // It is the most urgent: jitter below 200 µs, then at most one frame ahead of it.
    let late = starts
        .iter()
        .zip(0..)
        .map(|(start, count)| start - timed.moment(count));
    let late: Vec<u64> = late.collect();
    assert!(
        late.iter().all(|&late| late < 200_000 + 600_000),
        "{late:?}"
    );
    assert!(late.iter().min() < Some(&20_000) && late.iter().max() > Some(&180_000));
}

#[test]
fn the_load_is_what_was_asked_for() {
    for (asked, fd) in [(5.0, true), (40.0, false), (90.0, true)] {
        let found = load(Plan {
            load: Some(asked),
            fd,
            ..PLAN
        });
        assert!((found - asked).abs() / asked < 0.02, "{asked}: {found}");
    }
}

#[test]
fn the_table_as_it_stands_loads_the_wire_by_about_two_fifths() {
    let found = load(PLAN);
    assert!((40.9..41.2).contains(&found), "{found}");
    let frames = slots(PLAN, 10 * SECOND).len();
    assert!((18_000..18_100).contains(&frames), "{frames}");
}

#[test]
fn on_a_slow_wire_the_periods_are_stretched() {
    let rates = BitRates {
        nominal: 50_000,
        data: 50_000,
    };
    let found = load(Plan { rates, ..PLAN });
    assert!((found - 90.0).abs() < 1.8, "{found}");
}

#[test]
fn without_load_the_wire_is_silent() {
    let plan = Plan {
        load: Some(0.0),
        ..PLAN
    };
    let mut schedule = Schedule::new(plan);
    assert_eq!(schedule.next_start(), None);
    assert!(schedule.next(u64::MAX).is_none());
}

fn counter_of(guard: Guard, data: &[u8]) -> Option<u8> {
    let at = match guard {
        Guard::None => return None,
        Guard::Counter => data.len() - 1,
        Guard::Xor => data.len() - 2,
        Guard::Crc => 1,
    };
    Some(data[at] & 0x0F)
}

#[test]
fn counters_count_and_checksums_are_right() {
    for fd in [true, false] {
        let mut counters: BTreeMap<u32, u8> = BTreeMap::new();
        let mut checked = 0;
        for slot in slots(Plan { fd, ..PLAN }, 5 * SECOND) {
            let (id, data) = (slot.frame.id().raw(), slot.frame.payload());
            let Some(row) = VEHICLE
                .iter()
                .find(|row| row.id == id && !slot.frame.is_remote())
            else {
                continue;
            };
            match row.guard {
                Guard::Xor => assert_eq!(xor(data), 0, "{id:x}"),
                Guard::Crc => assert_eq!(crc_8(&data[1..]), data[0], "{id:x}"),
                Guard::None | Guard::Counter => {}
            }
            if let Some(counter) = counter_of(row.guard, data) {
                let expected = counters.get(&id).map_or(0, |last| (last + 1) % 16);
                assert_eq!(counter, expected, "{id:x}");
                counters.insert(id, counter);
                checked += 1;
            }
        }
        assert!(checked > 4_000, "{checked}");
    }
}

#[test]
fn without_fd_the_same_messages_come_as_classic_frames() {
    let slots = slots(Plan { fd: false, ..PLAN }, 2 * SECOND);
    assert!(slots.iter().all(|slot| !slot.frame.is_fd()));
    let radar = slots.iter().find(|slot| slot.frame.id().raw() == 0x1D0);
    assert_eq!(radar.expect("sent").frame.len(), 8);
    let fd = self::slots(PLAN, 2 * SECOND);
    let radar = fd
        .iter()
        .find(|slot| slot.frame.id().raw() == 0x1D0)
        .expect("sent");
    assert_eq!((radar.frame.len(), radar.frame.is_fd()), (64, true));
}

/// J1939-71: engine speed in bytes 4 and 5, 0.125 rpm per bit; unused bytes 0xFF.
#[test]
fn eec1_carries_the_engine_speed() {
    let slots = slots(PLAN, SECOND);
    let eec1 = slots
        .iter()
        .find(|slot| slot.frame.id().raw() == 0x0CF0_0400)
        .expect("sent");
    let data = eec1.frame.payload();
    assert_eq!(
        (data[0], data[1], data[5], data[6], data[7]),
        (0xFF, 0xFF, 0xFF, 0xFF, 0xFF)
    );
    let rpm = f64::from(u16::from_le_bytes([data[3], data[4]])) * 0.125;
    assert!((780.0..820.0).contains(&rpm), "{rpm}");
}

#[test]
fn identifiers_win_in_the_order_of_their_bits_on_the_wire() {
    let id = |raw, extended| Id::new(raw, extended).expect("fits");
    let remote = |raw, extended| Frame::remote(id(raw, extended), 0).expect("valid");
    let order = [
        frame(0x000, false),
        frame(0x122, false),
        frame(0x122 << 18 | 0x3_FFFF, true),
        frame(0x123, false),
        remote(0x123, false),
        frame(0x123 << 18, true),
        remote(0x123 << 18, true),
        frame(0x123 << 18 | 1, true),
        frame(0x124, false),
        frame(0x7FF, false),
        frame(0x1FFF_FFFF, true),
    ];
    for pair in order.windows(2) {
        assert!(rank(&pair[0]) < rank(&pair[1]), "{pair:?}");
    }
    assert_eq!(rank(&Frame::error(id(0x88, false), &[]).expect("valid")), 0);
}

/// Nothing but these frames, all there from the start.
fn contest(sent: &[Frame], answers: &[Frame]) -> Vec<(u32, Sender)> {
    let mut schedule = Schedule::new(Plan {
        load: Some(0.0),
        ..PLAN
    });
    for &frame in sent {
        schedule.send(frame, 0);
    }
    for &frame in answers {
        schedule.answer(frame, 0);
    }
    std::iter::from_fn(|| schedule.next(u64::MAX))
        .map(|slot| (slot.frame.id().raw(), slot.sender))
        .collect()
}

#[test]
fn the_lower_identifier_goes_first_but_one_sender_keeps_its_order() {
    use Sender::{User, Vehicle};
    let sent = [frame(5, false), frame(1, false), frame(9, false)];
    let answers = [frame(7, false), frame(2, false), frame(9, false)];
    assert_eq!(
        contest(&sent, &answers),
        [
            (5, User),
            (1, User),
            (7, Vehicle),
            (2, Vehicle),
            (9, User),
            (9, Vehicle)
        ]
    );
}

#[test]
fn a_busy_control_unit_leaves_answers_out() {
    let answers = [frame(7, false); MOST_ANSWERS + 5];
    assert_eq!(contest(&[], &answers).len(), MOST_ANSWERS);
    assert_eq!(contest(&[], &answers[1..9]).len(), 8);
}

#[test]
fn a_frame_of_the_users_waits_for_the_wire_and_for_what_is_more_urgent() {
    let mut schedule = Schedule::new(PLAN);
    let first = schedule.next(SECOND).expect("a frame");
    schedule.send(frame(0, false), start(&first) + 1);
    assert_eq!(schedule.sent().len(), 1);
    assert!(schedule.next_start() >= Some(first.end));
    let next = schedule.next(SECOND).expect("a frame");
    assert_eq!((next.sender, start(&next)), (Sender::User, first.end));
    assert_eq!(next.end - start(&next), 53 * 2000);
    schedule.send(frame(0x7FF, false), next.end);
    let mut ahead = 0;
    while schedule.next(SECOND).expect("a frame").sender == Sender::Vehicle {
        ahead += 1;
    }
    assert!(ahead > 0 || schedule.free_at > next.end);
}

#[test]
fn a_frame_starts_not_before_it_is_sent_nor_after_the_limit() {
    let mut schedule = Schedule::new(Plan {
        load: Some(0.0),
        ..PLAN
    });
    schedule.send(frame(1, false), 5000);
    assert_eq!(schedule.next_start(), Some(5000));
    assert!(schedule.next(4999).is_none());
    assert_eq!(schedule.next(5000).map(|slot| start(&slot)), Some(5000));
}

#[test]
fn doors_and_lamps_are_sent_when_they_change() {
    let slots = slots(PLAN, 4 * SECOND);
    let events = |id| {
        let mut of: Vec<(u64, u8)> = Vec::new();
        for slot in slots.iter().filter(|slot| slot.frame.id().raw() == id) {
            of.push((start(slot) / (SECOND / 10), slot.frame.payload()[0]));
        }
        of
    };
    // The driver's door closes at 0.8 s; the left lamps flash from 1 s on, 1.5 times a second.
    assert_eq!(events(0x0F8), [(8, 0)]);
    let lamps: Vec<u8> = events(0x1F0).iter().map(|(_, lamp)| *lamp).collect();
    assert_eq!(lamps, [1, 0, 1, 0, 1, 0, 1, 0, 1]);
}

#[test]
fn error_frames_come_as_often_as_asked() {
    let plan = Plan {
        error_rate: 20.0,
        load: Some(0.0),
        ..PLAN
    };
    let errors: Vec<Slot> = slots(plan, 50 * SECOND)
        .into_iter()
        .filter(|slot| slot.frame.is_error())
        .collect();
    assert!(errors.len().abs_diff(1000) <= 1, "{}", errors.len());
    assert_eq!(errors[0].frame.id(), Id::standard(0x088).expect("fits"));
    assert_eq!(errors[0].frame.payload(), [0, 0, 4, 8, 0, 0, 0, 0]);
    assert_eq!(errors[0].end - start(&errors[0]), 46_000);
    // Not like clockwork.
    let gaps = errors
        .windows(2)
        .map(|pair| start(&pair[1]) - start(&pair[0]));
    assert!(gaps.clone().min() < Some(SECOND / 40) && gaps.max() > Some(SECOND / 13));
    assert!(!slots(PLAN, SECOND).iter().any(|slot| slot.frame.is_error()));
}

#[test]
fn after_so_many_frames_the_vehicle_is_silent() {
    for frames in [1, 1234] {
        let plan = Plan {
            frames: Some(frames),
            ..PLAN
        };
        let mut schedule = Schedule::new(plan);
        let count = std::iter::from_fn(|| schedule.next(u64::MAX)).count();
        assert_eq!(count as u64, frames);
        schedule.send(frame(1, false), 0);
        assert!(schedule.next(u64::MAX).is_some());
    }
}

#[test]
fn the_state_of_the_vehicle_is_that_of_the_last_ten_milliseconds() {
    let mut schedule = Schedule::new(PLAN);
    let clock = |moment: Moment| moment.value(super::super::signals::Signal::Odometer, 0);
    let at = |nanos| Moment::at(1, nanos);
    let same = |one: f64, other: f64| one.to_bits() == other.to_bits();
    assert!(same(
        clock(schedule.state_at(70 * SECOND + 9_999_999)),
        clock(at(70 * SECOND))
    ));
    assert!(same(
        clock(schedule.state_at(70 * SECOND + 10_000_000)),
        clock(at(70 * SECOND + 10_000_000))
    ));
    assert!(same(clock(schedule.state_at(0)), clock(at(0))));
}
