//! Interfaces that are not there, go down, are removed, and come back.

use crate::wire::{PATIENCE, SILENCE, Wire, ip, next, numbered};
use canbus::{Bus, ErrorKind, Filter};
use std::thread;
use std::time::{Duration, Instant};

fn refused(channel: &str, fd: bool) -> canbus::Error {
    let bus = Bus::builder("socketcan")
        .option("channel", channel)
        .option("fd", fd);
    bus.open().map(|_| ()).expect_err("refused")
}

#[test]
fn what_cannot_be_opened_says_why() {
    let unknown = refused("nothing7", false);
    assert_eq!(unknown.kind(), ErrorKind::OpenFailed);
    assert!(
        unknown
            .to_string()
            .contains("no CAN interface is named nothing7; there are"),
        "{unknown}"
    );
    let loopback = refused("lo", false);
    assert!(
        loopback
            .to_string()
            .contains("no CAN interface is named lo"),
        "{loopback}"
    );
    let wire = Wire::new();
    wire.set_up(false);
    let down = refused(&wire.name, false);
    assert_eq!(down.kind(), ErrorKind::OpenFailed);
    assert!(down.to_string().contains("is down"), "{down}");
    ip(&["link", "set", &wire.name, "mtu", "16", "up"]);
    let classic = refused(&wire.name, true);
    assert!(classic.to_string().contains("mtu 72"), "{classic}");
    let bus = wire.open();
    let fd = canbus::Frame::fd(numbered(1).id(), &[1; 12], false, false).expect("valid");
    assert_eq!(
        bus.send(&fd, PATIENCE).expect_err("refused").kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn frames_that_came_before_the_interface_went_are_delivered_and_then_it_is_lost() {
    for remove in [false, true] {
        let wire = Wire::new();
        let (sender, bus) = (wire.open(), wire.open());
        sender.send(&numbered(1), PATIENCE).expect("sent");
        if remove {
            wire.remove();
        } else {
            wire.set_up(false);
        }
        assert_eq!(next(&bus).frame, numbered(1));
        for _ in 0..2 {
            let lost = bus.recv(PATIENCE).expect_err("it has gone");
            assert_eq!(lost.kind(), ErrorKind::DeviceLost, "{lost}");
            assert!(lost.to_string().contains(&wire.name), "{lost}");
        }
        let unsent = sender
            .send(&numbered(2), PATIENCE)
            .expect_err("it has gone");
        assert_eq!(unsent.kind(), ErrorKind::DeviceLost, "{unsent}");
        bus.shutdown().expect("closes");
        assert_eq!(
            bus.recv(PATIENCE).expect_err("closed").kind(),
            ErrorKind::Closed
        );
        if remove {
            wire.add();
        }
    }
}

#[test]
fn every_waiting_thread_is_told_that_the_interface_went() {
    let wire = Wire::new();
    let bus = wire.open();
    thread::scope(|scope| {
        let waiting: Vec<_> = (0..3).map(|_| scope.spawn(|| bus.recv(None))).collect();
        thread::sleep(SILENCE);
        wire.set_up(false);
        for thread in waiting {
            let lost = thread.join().expect("no panic").expect_err("it has gone");
            assert_eq!(lost.kind(), ErrorKind::DeviceLost, "{lost}");
        }
    });
}

#[test]
fn a_bus_that_reconnects_hears_the_interface_that_came_back() {
    let wire = Wire::new();
    let bus = wire
        .builder()
        .option("reconnect", true)
        .filter(Filter::new(0x10, 0x7F0));
    let bus = bus.open().expect("opens");
    thread::scope(|scope| {
        let waiting = scope.spawn(|| [(); 2].map(|()| next(&bus).frame));
        thread::sleep(SILENCE);
        wire.set_up(false);
        thread::sleep(SILENCE);
        wire.set_up(true);
        wire.open().send(&numbered(0x11), PATIENCE).expect("sent");
        thread::sleep(SILENCE);
        wire.remove();
        let unsent = bus.send(&numbered(1), PATIENCE).expect_err("it is away");
        assert_eq!(unsent.kind(), ErrorKind::DeviceLost, "{unsent}");
        wire.add();
        let start = Instant::now();
        while let Err(error) = bus.send(&numbered(1), PATIENCE) {
            assert!(start.elapsed() < PATIENCE, "{error}");
            thread::sleep(Duration::from_millis(10));
        }
        // The filters are those of before.
        let sender = wire.open();
        sender.send(&numbered(0x21), PATIENCE).expect("sent");
        sender.send(&numbered(0x12), PATIENCE).expect("sent");
        assert_eq!(
            waiting.join().expect("no panic"),
            [numbered(0x11), numbered(0x12)]
        );
    });
    bus.shutdown().expect("closes");
    assert_eq!(
        bus.recv(None).expect_err("closed").kind(),
        ErrorKind::Closed
    );
}

#[test]
fn a_closed_bus_leaves_the_interface_to_the_others() {
    let wire = Wire::new();
    let (closing, staying, sender) = (wire.open(), wire.open(), wire.open());
    sender.send(&numbered(1), PATIENCE).expect("sent");
    closing.shutdown().expect("closes");
    sender.send(&numbered(2), PATIENCE).expect("sent");
    // What had come before the close is there, what came after is not.
    assert_eq!(next(&closing).frame, numbered(1));
    assert_eq!(
        closing.recv(None).expect_err("closed").kind(),
        ErrorKind::Closed
    );
    assert_eq!(
        [(); 2].map(|()| next(&staying).frame),
        [numbered(1), numbered(2)]
    );
}

/// An hour of unplugging in a minute: never a hang or a panic, the right error, and back again.
#[test]
fn an_interface_that_is_pulled_a_hundred_times_under_load_ends_no_program() {
    let wire = Wire::new();
    // Small buffers: frames that wait are delivered before the end.
    let small = wire.builder().option("receive_buffer", 20_000);
    let lasting = small.clone().option("reconnect", true).open();
    let lasting = lasting.expect("opens");
    for round in 0..100 {
        let bus = small.clone().open().expect("the interface is up");
        let sender = wire.open();
        thread::scope(|scope| {
            let reader = scope.spawn(|| {
                loop {
                    if let Err(error) = bus.recv(PATIENCE) {
                        return error;
                    }
                }
            });
            let writer = scope.spawn(|| {
                loop {
                    if let Err(error) = sender.send_batch(&[numbered(1); 50], PATIENCE) {
                        return error;
                    }
                    if let Err(error) = lasting.recv(Duration::ZERO) {
                        return error;
                    }
                    // The kernel of the tests has one processor, which others need too.
                    thread::sleep(Duration::from_millis(1));
                }
            });
            thread::sleep(Duration::from_millis(5));
            if round % 2 == 0 {
                wire.remove();
            } else {
                wire.set_up(false);
            }
            for thread in [reader, writer] {
                let error = thread.join().expect("no panic");
                assert_eq!(
                    error.kind(),
                    ErrorKind::DeviceLost,
                    "round {round}: {error}"
                );
            }
        });
        if round % 2 == 0 {
            wire.add();
        } else {
            wire.set_up(true);
        }
    }
    // The one that lasts has come back each time.
    let sender = wire.open();
    while lasting.recv(SILENCE).expect("it is there").is_some() {}
    sender.send(&numbered(0x7A5), PATIENCE).expect("sent");
    assert_eq!(next(&lasting).frame, numbered(0x7A5));
}
