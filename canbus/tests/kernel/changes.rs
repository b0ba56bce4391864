//! Reception of changes alone (`changes_of`), for which the kernel compares (the broadcast manager).

use crate::wire::{PATIENCE, SILENCE, Wire, next};
use canbus::{Bus, ErrorKind, Filter, Frame, Id, Timestamp};

fn frame(id: Id, data: &[u8]) -> Frame {
    Frame::data(id, data).expect("valid")
}

fn fd(id: Id, data: &[u8]) -> Frame {
    Frame::fd(id, data, false, false).expect("valid")
}

fn standard() -> Id {
    Id::standard(0x123).expect("fits")
}

fn extended() -> Id {
    Id::extended(0x123).expect("fits")
}

fn hears(wire: &Wire) -> canbus::BusBuilder {
    wire.builder()
        .option("fd", true)
        .option("changes_of", "123,00000123")
}

fn expect(bus: &Bus, frames: &[Frame]) {
    for expected in frames {
        assert_eq!(next(bus).frame, *expected);
    }
    assert_eq!(bus.recv(SILENCE).expect("no error"), None);
}

#[test]
fn of_the_chosen_ids_what_differs_from_the_last_one_is_delivered_and_nothing_else() {
    let wire = Wire::new();
    let bus = hears(&wire).open().expect("opens");
    let sender = wire.builder().option("fd", true).open().expect("opens");
    let other = Id::standard(0x124).expect("fits");
    let long = |last| fd(standard(), &[&[7; 47][..], &[last]].concat());
    let sent = [
        (frame(standard(), &[1, 2]), true),
        (frame(standard(), &[1, 2]), false),
        (frame(extended(), &[1, 2]), true),
        (frame(other, &[1]), false),
        (frame(standard(), &[1, 3]), true),
        (frame(standard(), &[1, 3]), false),
        (frame(extended(), &[1, 2]), false),
        // Another length, the same bytes.
        (frame(standard(), &[1, 3, 0]), true),
        (Frame::remote(standard(), 3).expect("valid"), false),
        (long(1), true),
        (long(1), false),
        (long(2), true),
        (frame(standard(), &[1, 3, 0]), false),
        (frame(standard(), &[]), true),
    ];
    let before = Timestamp::now();
    for (frame, _) in &sent {
        sender.send(frame, PATIENCE).expect("sent");
    }
    let first = next(&bus);
    assert!(first.timestamp >= before && first.timestamp <= Timestamp::now());
    assert_eq!(first.channel, Some(wire.name.as_str().into()));
    let changed: Vec<Frame> = sent.iter().filter(|one| one.1).map(|one| one.0).collect();
    assert_eq!(first.frame, changed[0]);
    expect(&bus, &changed[1..]);
    assert_eq!(bus.dropped(), 0);
}

#[test]
fn it_sends_and_filters_as_every_bus_does() {
    let wire = Wire::new();
    let (bus, other) = (hears(&wire).open().expect("opens"), wire.open());
    bus.send(&frame(standard(), &[9]), PATIENCE).expect("sent");
    assert_eq!(next(&other).frame, frame(standard(), &[9]));
    while bus.recv(SILENCE).expect("no error").is_some() {}
    bus.set_filters(&["123:7FF:x".parse::<Filter>().expect("valid")])
        .expect("taken");
    other
        .send(&frame(standard(), &[1]), PATIENCE)
        .expect("sent");
    other
        .send(&frame(extended(), &[2]), PATIENCE)
        .expect("sent");
    expect(&bus, &[frame(extended(), &[2])]);
}

#[test]
fn it_ends_with_its_interface_and_comes_back_with_it() {
    let wire = Wire::new();
    let lost = hears(&wire).open().expect("opens");
    let lasting = hears(&wire)
        .option("reconnect", true)
        .open()
        .expect("opens");
    wire.remove();
    let error = lost.recv(PATIENCE).expect_err("it has gone");
    assert_eq!(error.kind(), ErrorKind::DeviceLost, "{error}");
    assert_eq!(lasting.recv(SILENCE).expect("it waits"), None);
    wire.add();
    assert_eq!(lasting.recv(SILENCE).expect("it is back"), None);
    let sender = wire.open();
    sender
        .send(&frame(standard(), &[1]), PATIENCE)
        .expect("sent");
    sender
        .send(&frame(standard(), &[1]), PATIENCE)
        .expect("sent");
    expect(&lasting, &[frame(standard(), &[1])]);
    lasting.shutdown().expect("closes");
    let closed = lasting.recv(None).expect_err("closed");
    assert_eq!(closed.kind(), ErrorKind::Closed, "{closed}");
}
