use super::*;
use crate::frame::Frame;

const MILLI: i64 = 1_000_000;

fn id(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn message(millis: i64, channel: u32, frame: Result<Frame>) -> Message {
    let time = Timestamp::from_nanos(1_700_000_000_000 * MILLI + millis * MILLI);
    Message::received(frame.expect("valid"), time).on(Channel::number(channel))
}

fn data(raw: u32, data: &[u8]) -> Result<Frame> {
    Frame::data(id(raw), data)
}

fn collected(messages: &[Message]) -> Statistics {
    let mut statistics = Statistics::new();
    statistics.on_batch(messages).expect("taken");
    statistics
}

#[test]
fn nothing_is_known_of_nothing() {
    let statistics = collected(&[]);
    assert_eq!((statistics.frames(), statistics.start()), (0, None));
    assert_eq!((statistics.seconds(), statistics.rate(5)), (0.0, None));
    assert!(statistics.ids().is_empty() && statistics.channels().is_empty());
}

#[test]
fn ids_are_told_apart_by_channel_and_width() {
    let wide = Frame::data(Id::extended(1).expect("fits"), &[]);
    let statistics = collected(&[
        message(0, 1, data(1, &[1])),
        message(0, 0, data(1, &[1])),
        message(5, 0, wide),
        message(10, 0, data(1, &[1, 2])),
        message(20, 0, Frame::remote(id(1), 5)),
        message(30, 0, Frame::fd(id(2), &[0; 12], true, false)),
    ]);
    let ids = statistics.ids();
    let keys: Vec<_> = ids.iter().map(|one| (one.channel, one.id)).collect();
    let channel = |number| Some(Channel::number(number));
    let wide = Id::extended(1).expect("fits");
    assert_eq!(
        keys,
        [
            (channel(0), id(1)),
            (channel(0), id(2)),
            (channel(0), wide),
            (channel(1), id(1))
        ]
    );
    let first = ids[0];
    assert_eq!((first.frames, first.remote, first.fd), (3, 1, 0));
    assert_eq!((first.lengths, first.dlcs), ((0, 2), (1, 5)));
    assert_eq!((ids[1].lengths, ids[1].dlcs), ((12, 12), (9, 9)));
    assert_eq!(first.periods.mean(), Some(0.010));
    assert_eq!(
        (first.periods.std_dev(), first.periods.percentile(99.0)),
        (Some(0.0), Some(0.010))
    );
    assert_eq!(ids[3].periods.mean(), None);
    let counts: Vec<_> = statistics.channels().iter().map(|one| one.frames).collect();
    assert_eq!(counts, [5, 1]);
    assert!((statistics.seconds() - 0.030).abs() < 1e-12);
    assert_eq!(statistics.rate(3), Some(3.0 / 0.030));
}

#[test]
fn kinds_directions_and_causes_are_counted() {
    let sent = Message {
        direction: Direction::Tx,
        ..message(0, 0, data(1, &[]))
    };
    let fd = |brs, esi| Frame::fd(id(2), &[], brs, esi);
    let error = |class| Frame::error(Id::extended(class).expect("fits"), &[]);
    let statistics = collected(&[
        sent,
        message(1, 0, data(1, &[])),
        message(2, 0, fd(true, false)),
        message(3, 0, fd(true, true)),
        message(4, 0, Frame::remote(id(3), 0)),
        message(5, 0, error(0x40)),
        message(6, 0, error(0x40)),
        message(7, 0, error(0)),
    ]);
    let counts = KindCounts {
        data: 2,
        remote: 1,
        fd: 2,
        brs: 2,
        esi: 1,
        error: 3,
    };
    assert_eq!(statistics.kinds(), counts);
    let causes: Vec<_> = statistics
        .causes()
        .iter()
        .map(|(&cause, &n)| (cause, n))
        .collect();
    assert_eq!(causes, [(ErrorCause::BusOff, 2), (ErrorCause::Unknown, 1)]);
    assert_eq!(statistics.channels()[0].errors, 3);
    let ids = statistics.ids();
    assert_eq!((ids.len(), ids[0].frames, ids[0].received), (3, 2, 1));
}

#[test]
fn a_pause_longer_than_so_many_times_the_usual_is_a_gap() {
    let mut messages: Vec<Message> = (0..10).map(|n| message(10 * n, 0, data(1, &[]))).collect();
    messages.push(message(141, 0, data(1, &[])));
    messages.push(message(191, 0, data(1, &[])));
    let statistics = collected(&messages);
    assert_eq!((statistics.gap_count(), statistics.ids()[0].gaps), (1, 1));
    let gap = statistics.gaps()[0];
    assert_eq!(
        (gap.id, gap.from, gap.to),
        (id(1), messages[9].timestamp, messages[10].timestamp)
    );
    assert!((gap.seconds() - 0.051).abs() < 1e-12);
    let mut patient = Statistics::new().with_gap_factor(6.0).expect("above 1");
    patient.on_batch(&messages).expect("taken");
    assert_eq!(patient.gap_count(), 0);
    for wrong in [1.0, 0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(Statistics::new().with_gap_factor(wrong).is_err());
    }
}

#[test]
fn times_that_step_back_are_told_and_count_as_no_period() {
    let statistics = collected(&[
        message(100, 0, data(1, &[])),
        message(110, 0, data(1, &[])),
        message(40, 0, data(1, &[])),
        message(50, 0, data(1, &[])),
    ]);
    assert_eq!(statistics.step_back_count(), 1);
    let step = statistics.steps_back()[0];
    assert_eq!((step.frame, step.seconds()), (3, 0.070));
    let periods = &statistics.ids()[0].periods;
    assert_eq!((periods.count(), periods.mean()), (2, Some(0.010)));
    assert!((statistics.seconds() - 0.070).abs() < 1e-12);
}

/// By can-utils, a frame 123 without data has 48 bits, one of 555 with eight 55 has 112.
#[test]
fn the_load_is_that_of_the_exact_lengths() {
    let mut statistics = Statistics::new()
        .with_bit_rates(100_000, None)
        .expect("not 0");
    for millis in 0..=2000 {
        let frame = if millis < 1000 {
            data(0x123, &[])
        } else {
            data(0x555, &[0x55; 8])
        };
        statistics.add(&message(millis, 0, frame));
    }
    let load = statistics.channels()[0].load.expect("known");
    let average = (1000.0 * 48.0 + 1001.0 * 112.0) / 100_000.0 / 2.0;
    assert!((load.average - average).abs() < 1e-9, "{load:?}");
    let most = (1000.0 * 55.0 + 1001.0 * 135.0) / 100_000.0 / 2.0;
    assert!((load.most_stuffing - most).abs() < 1e-9, "{load:?}");
    assert!((load.busiest_second - 1.12).abs() < 1e-9, "{load:?}");
    assert!(
        collected(&[message(0, 0, data(1, &[]))]).channels()[0]
            .load
            .is_none()
    );
    assert!(Statistics::new().with_bit_rates(0, None).is_err());
    assert!(Statistics::new().with_bit_rates(1, Some(0)).is_err());
}

#[test]
fn memory_grows_with_ids_and_not_with_messages() {
    let mut statistics = Statistics::new();
    for number in 0..200_000_i64 {
        // Periods of every length up to a millisecond, and a step back now and then.
        let time = number * 1_000_000 + number * 7919 % 1_000_003;
        let frame = data(1, &[]).expect("valid");
        statistics.add(&Message::received(frame, Timestamp::from_nanos(time)));
    }
    assert_eq!(statistics.ids.len(), 1);
    assert!(statistics.gaps().len() <= KEPT && statistics.steps_back().len() <= KEPT);
    assert!(statistics.ids()[0].periods.classes() < 3000);
}
