//! A bus over controllers with bit rates, error states and clocks: the kernel's own driver
//! (`gs_usb`) and two channels of an emulated candleLight on one wire.
//!
//! Run one after the other in a kernel that has USB, because the adapter has one place:
//! `cargo xtask test kernel`.

use crate::candlelight::Fault;
use crate::link_command::{by_ip, expect_no_right_to, link as command, must};
use crate::vhci::Plugged;
use crate::wire::{PATIENCE, SILENCE, next, numbered};
use canbus::conformance::{PairOptions, Subject};
use canbus::link::{self, Mode};
use canbus::{
    Bus, Direction, ErrorCause, ErrorKind, ErrorState, Frame, Id, Result, Timestamp,
    TimestampSource,
};
use std::time::Duration;

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

#[test]
#[expect(clippy::print_stdout, reason = "shows what does not apply, and why")]
fn buses_over_two_controllers_conform() {
    let _adapter = Plugged::new();
    let report = Subject::new("candleLight", pair)
        .patience(Duration::from_secs(4))
        .run();
    println!("{report}");
    assert!(report.failed.is_empty(), "{report}");
    assert!(report.passed.len() > 20, "{report}");
}

#[test]
fn times_of_received_and_of_sent_frames_are_the_devices() {
    let _adapter = Plugged::new();
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

#[test]
fn error_passive_bus_off_and_restart_are_told() {
    let adapter = Plugged::new();
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
#[test]
fn what_nobody_acknowledges_is_a_timeout_and_there_is_room_again_later() {
    let _adapter = Plugged::new();
    // Both are set up, and then one of them is taken away.
    drop((fd("can0").open(), fd("can1").open()));
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

#[test]
fn a_controller_that_only_listens_is_told_from_one_that_sends() {
    let _adapter = Plugged::new();
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

#[test]
fn the_command_sets_a_controller_up_as_ip_sees_it() {
    let _adapter = Plugged::new();
    let set =
        "set can0 --bitrate 500000 --sample-point 0.8 --data-bitrate 2000000 --one-shot on --up";
    must(set);
    expect_no_right_to("set can0 --bitrate 250000");
    let seen = by_ip("can0").expect("there");
    let data = &seen["linkinfo"]["info_data"];
    assert_eq!(seen["mtu"], 72);
    assert_eq!(data["bittiming"]["bitrate"], 500_000);
    assert_eq!(data["bittiming"]["sample_point"], "0.800");
    assert_eq!(data["data_bittiming"]["bitrate"], 2_000_000);
    assert_eq!(data["ctrlmode"], serde_json::json!(["ONE-SHOT", "FD"]));
    assert_eq!(data["state"], "ERROR-ACTIVE");
    let listed = must("list");
    let line = listed.lines().find(|line| line.starts_with("can0 "));
    let line = line.expect("listed");
    assert!(
        line.contains("up") && line.contains("ERROR-ACTIVE 500000 bit/s 2000000 bit/s CAN FD"),
        "{line}"
    );
    let shown = must("show can0");
    for part in [
        "80000000 Hz",
        "sample point 80.0 %",
        "modes       one-shot, fd",
        "stays so until it is restarted",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let detected = canbus::backends::detect(Some(&["socketcan"]), PATIENCE).expect("known");
    let states: Vec<_> = detected
        .found
        .iter()
        .filter_map(|one| one.state.as_deref())
        .collect();
    assert!(
        states.contains(&"up, ERROR-ACTIVE, 500000 bit/s, 2000000 bit/s, CAN FD"),
        "{states:?}"
    );
    must("down can0");
    let refused = command("set can0 --bitrate 99999999");
    assert!(
        !refused.ok && refused.errors.contains("does not take these values"),
        "{}",
        refused.errors
    );
    // Its firmware starts again by itself.
    let refused = command("set can0 --restart-ms 100");
    assert!(
        !refused.ok && refused.errors.contains("the driver cannot do that"),
        "{}",
        refused.errors
    );
    let refused = command("restart can0");
    assert!(
        !refused.ok && refused.errors.contains("restart can0"),
        "{}",
        refused.errors
    );
}

#[test]
fn the_resistor_of_a_channel_is_switched_and_shown() {
    let adapter = Plugged::new();
    let controller = || link::find("can1").expect("there").controller.expect("one");
    assert_eq!(controller().termination, Some(0));
    assert_eq!(controller().terminations, [0, 120]);
    assert_eq!(
        controller().delay_compensation,
        None,
        "this driver tells nothing of it"
    );
    must("set can1 --termination 120");
    assert_eq!(controller().termination, Some(120));
    adapter.with(|device| assert!(device.is_terminated(1) && !device.is_terminated(0)));
    let seen = by_ip("can1").expect("there");
    assert_eq!(seen["linkinfo"]["info_data"]["termination"], 120);
    let shown = must("show can1");
    assert!(
        shown.contains("termination 120 ohms; can be 0, 120"),
        "{shown}"
    );
    let refused = command("set can1 --termination 60");
    assert!(
        !refused.ok && refused.errors.contains("does not take these values"),
        "{}",
        refused.errors
    );
}

#[test]
fn a_timing_given_in_quanta_or_by_its_sample_point_is_the_controllers() {
    let _adapter = Plugged::new();
    let open = |options: &[(&str, i64)]| {
        let bus = Bus::builder("socketcan").option("channel", "can0");
        let given = options
            .iter()
            .fold(bus, |bus, (name, value)| bus.option(*name, *value));
        given.open().map(drop)
    };
    let timing = || {
        let controller = link::find("can0").expect("there").controller.expect("one");
        let timing = controller.timing.expect("set");
        (
            timing.bitrate,
            timing.sample_point,
            timing.prescaler,
            timing.jump,
        )
    };
    open(&[("bitrate", 250_000), ("sample_point", 70)]).expect("set up");
    assert_eq!((timing().0, timing().1), (250_000, 700));
    open(&[("brp", 8), ("tseg1", 15), ("tseg2", 4), ("sjw", 2)]).expect("set up");
    assert_eq!(timing(), (500_000, 800, 8, 2));
    let wrong = open(&[("brp", 8), ("tseg1", 15), ("sjw", 2)]).expect_err("one is missing");
    assert!(wrong.to_string().contains("tseg2"), "{wrong}");
    // The registers of another clock: the quanta are the same.
    open(&[("f_clock", 8_000_000), ("btr0", 0), ("btr1", 0x1C)]).expect("set up");
    assert_eq!(timing(), (500_000, 875, 10, 1));
}

/// The adapter is pulled out of its socket, again and again.
#[test]
fn an_adapter_that_is_pulled_out_under_load_is_lost_and_comes_back() {
    let lasting = {
        let _adapter = Plugged::new();
        drop((fd("can0").open(), fd("can1").open()));
        fd("can1").option("reconnect", true).open().expect("opens")
    };
    for round in 0..20 {
        let adapter = Plugged::new();
        let (sender, bus) = (
            fd("can0").open().expect("opens"),
            fd("can1").open().expect("opens"),
        );
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                loop {
                    if let Err(error) = bus.recv(PATIENCE) {
                        return error;
                    }
                }
            });
            let writer = scope.spawn(|| {
                loop {
                    // Longer than the kernel may take to let go of an adapter that is silent.
                    if let Err(error) = sender.send_batch(&[numbered(1); 50], PATIENCE * 4) {
                        return error;
                    }
                }
            });
            std::thread::sleep(Duration::from_millis(20));
            drop(adapter);
            for thread in [reader, writer] {
                let error = thread.join().expect("no panic");
                assert_eq!(
                    error.kind(),
                    ErrorKind::DeviceLost,
                    "round {round}: {error}"
                );
            }
        });
    }
    let _adapter = Plugged::new();
    let sender = fd("can0").open().expect("opens");
    drop(fd("can1").open());
    while lasting.recv(SILENCE).expect("it is back").is_some() {}
    sender.send(&numbered(0x7A5), PATIENCE).expect("sent");
    assert_eq!(next(&lasting).frame, numbered(0x7A5));
}
