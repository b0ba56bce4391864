//! A bus over controllers with bit rates, error states and clocks: the kernel's own driver
//! (`gs_usb`) and two channels of an emulated candleLight on one wire.
//!
//! One test, because there is one adapter; run in the kernel `own`, which has USB:
//! `cargo xtask kernel --kernel own -- TEST_PROGRAM --ignored controller::`.

use crate::candlelight::Fault;
use crate::vhci::{Plugged, is_there};
use crate::wire::{PATIENCE, SILENCE, next, numbered};
use canbus::conformance::{PairOptions, Subject};
use canbus::link::{self, Mode};
use canbus::{
    Bus, Direction, ErrorCause, ErrorKind, ErrorState, Frame, Id, Result, Timestamp,
    TimestampSource,
};
use std::time::{Duration, Instant};

fn builder(channel: &str) -> canbus::BusBuilder {
    Bus::builder("socketcan")
        .option("channel", channel)
        .option("bitrate", 500_000)
}

fn fd(channel: &str) -> canbus::BusBuilder {
    builder(channel)
        .option("data_bitrate", 2_000_000)
        .option("fd", true)
}

fn pair(options: &PairOptions) -> Result<(Bus, Bus)> {
    let (mut first, mut second) = (fd("can0"), fd("can1"));
    if options.receive_own_messages {
        first = first.option("receive_own_messages", true);
    }
    if options.listen_only {
        // Without the controller's own mode: nobody would acknowledge.
        second = Bus::builder("socketcan")
            .option("channel", "can1")
            .option("fd", true)
            .option("listen_only", true);
    }
    if let Some(frames) = options.queue {
        second = second.option(
            "receive_buffer",
            i64::try_from(frames * 500).expect("a small number"),
        );
    }
    Ok((first.open()?, second.open()?))
}

fn wait_for(name: &str) {
    let start = Instant::now();
    while link::find(name).is_err() {
        assert!(
            start.elapsed() < Duration::from_secs(30),
            "{name} does not come"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
#[ignore = "needs USB, which only the kernel `own` has"]
#[expect(clippy::print_stdout, reason = "shows what does not apply, and why")]
fn controllers_with_bit_rates_errors_and_clocks_serve_a_bus() {
    assert!(
        is_there(),
        "this kernel has no place for emulated USB devices"
    );
    let adapter = Plugged::new(0).expect("plugged in");
    wait_for("can1");
    times_are_the_devices();
    errors_are_told(&adapter);
    nobody_acknowledges();
    listening_only();
    let report = Subject::new("candleLight", pair)
        .patience(Duration::from_secs(4))
        .run();
    println!("{report}");
    assert!(report.failed.is_empty(), "{report}");
    assert!(report.passed.len() > 20, "{report}");
    drop(adapter);
}

fn times_are_the_devices() {
    let own = fd("can0")
        .option("receive_own_messages", true)
        .open()
        .expect("opens");
    let other = fd("can1").open().expect("opens");
    assert_eq!(other.describe().timestamps, TimestampSource::Hardware);
    let sent = [(); 5].map(|()| {
        own.send(&numbered(1), PATIENCE).expect("sent");
        (next(&own), next(&other))
    });
    for (echo, received) in sent {
        assert_eq!(
            (echo.direction, received.direction),
            (Direction::Tx, Direction::Rx)
        );
        // The device has one clock of microseconds.
        let apart = received.timestamp.nanos_since(echo.timestamp).abs();
        assert!(apart < 100_000_000, "{apart} ns");
        let late = Timestamp::now().nanos_since(received.timestamp).abs();
        assert!(late < 2_000_000_000, "{late} ns");
    }
}

fn errors_are_told(adapter: &Plugged) {
    let (sender, other) = (
        fd("can0").open().expect("opens"),
        fd("can1").open().expect("opens"),
    );
    assert_eq!(sender.error_state().expect("known"), ErrorState::Active);
    adapter.with(|device| device.fault(0, Fault::Passive));
    sender.send(&numbered(2), PATIENCE).expect("sent");
    let told = next(&sender).frame;
    assert!(
        ErrorCause::of(&told).contains(&ErrorCause::TransmitPassive),
        "{told:?}"
    );
    assert_eq!(next(&other).frame, numbered(2));
    assert_eq!(sender.error_state().expect("known"), ErrorState::Passive);
    adapter.with(|device| device.fault(0, Fault::BusOff));
    sender
        .send(&numbered(3), PATIENCE)
        .expect("the kernel took it");
    let told = next(&sender).frame;
    let words = ErrorCause::describe(&told).expect("an error frame");
    assert!(
        words.contains("bus-off") && words.contains("in the acknowledge slot"),
        "{words}"
    );
    assert_eq!(sender.error_state().expect("known"), ErrorState::BusOff);
    assert_eq!(other.recv(SILENCE).expect("no error"), None);
    adapter.with(|device| device.recover(0));
    let told = next(&sender).frame;
    assert!(
        ErrorCause::of(&told).contains(&ErrorCause::Restarted),
        "{told:?}"
    );
    assert_eq!(sender.error_state().expect("known"), ErrorState::Active);
}

/// What python-can reports as an error at once (#2004, #310).
fn nobody_acknowledges() {
    link::set_up("can1", false).expect("an administrator");
    let sender = fd("can0").open().expect("opens");
    let late = std::iter::repeat_with(|| sender.send(&numbered(4), Duration::from_millis(20)))
        .take(100)
        .find_map(Result::err)
        .expect("the queues are full at some time");
    assert_eq!(late.kind(), ErrorKind::Timeout, "{late}");
    let other = fd("can1").open().expect("set up again");
    sender
        .send(&numbered(5), None)
        .expect("there is room again");
    while next(&other).frame != numbered(5) {}
}

fn listening_only() {
    let other = fd("can1").open().expect("opens");
    let listener = fd("can0")
        .option("listen_only", true)
        .open()
        .expect("set up so");
    let modes = link::find("can0")
        .expect("there")
        .controller
        .expect("a controller")
        .modes;
    assert!(modes.contains(Mode::ListenOnly) && modes.contains(Mode::Fd));
    drop(listener);
    // Whoever does not ask for it is told of it all the same.
    let plain = Bus::open("socketcan", "can0").expect("opens");
    assert!(plain.describe().listen_only);
    let id = Id::standard(1).expect("fits");
    let refused = plain
        .send(&Frame::data(id, &[]).expect("valid"), None)
        .expect_err("refused");
    assert_eq!(refused.kind(), ErrorKind::Unsupported, "{refused}");
    drop(other);
}
