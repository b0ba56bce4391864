//! Periodic tasks that the kernel carries out (the broadcast manager).
//!
//! They are driven through `Driver`, as the bus does it.

use crate::wire::{PATIENCE, SILENCE, Wire, next, numbered};
use canbus::{Bus, Driver, Frame, Id, NativeTask, PeriodicSpec, Rate, backends};
use std::time::Duration;

const PERIOD: Duration = Duration::from_millis(20);

/// A driver on the wire whose periodic tasks are the kernel's, and a bus that hears it.
fn parts(wire: &Wire) -> (Box<dyn Driver>, Bus) {
    let options = [
        ("channel", wire.name.as_str()),
        ("fd", "true"),
        ("kernel_periodic", "true"),
    ];
    let backend = backends::find("socketcan").expect("it is in the table");
    let options = canbus::Options::check(backend.name, backend.options, options).expect("valid");
    let hearer = wire.builder().option("fd", true).open().expect("opens");
    ((backend.open)(&options).expect("opens"), hearer)
}

fn task(driver: &dyn Driver, spec: &PeriodicSpec) -> Box<dyn NativeTask> {
    driver
        .send_periodic(spec)
        .expect("no error")
        .expect("the kernel can")
}

/// The pauses between the next frames, which must be these, in milliseconds; so much more are
/// taken for a loaded machine's doing.
fn expect_pauses(bus: &Bus, millis: &[i64]) {
    let mut last = next(bus).timestamp;
    for (number, expected) in millis.iter().enumerate() {
        let time = next(bus).timestamp;
        let pause = time.nanos_since(last) / 1_000_000;
        let late = 300;
        assert!(
            pause >= expected - 12 && pause < expected + late,
            "pause {number}: {pause} ms"
        );
        last = time;
    }
}

#[test]
fn a_task_without_end_sends_at_once_and_then_in_its_period_until_it_is_stopped() {
    let wire = Wire::new();
    let (driver, bus) = parts(&wire);
    let task = task(&*driver, &PeriodicSpec::new(&[numbered(7)], PERIOD));
    assert!(!task.is_running());
    assert_eq!(bus.recv(SILENCE).expect("no error"), None);
    for _ in 0..2 {
        task.start().expect("started");
        assert!(task.is_running());
        expect_pauses(&bus, &[20; 8]);
        task.stop().expect("stopped");
        assert!(!task.is_running() && task.error().is_none());
        while bus.recv(Duration::ZERO).expect("no error").is_some() {}
        assert_eq!(bus.recv(SILENCE).expect("no error"), None);
    }
    task.stop().expect("as once");
}

#[test]
fn a_limited_number_is_sent_exactly_and_then_the_task_runs_no_more() {
    let wire = Wire::new();
    let (driver, bus) = parts(&wire);
    for count in [1, 2, 5] {
        let spec = PeriodicSpec {
            count: Some(count),
            ..PeriodicSpec::new(&[numbered(1)], PERIOD)
        };
        let task = task(&*driver, &spec);
        for _ in 0..2 {
            task.start().expect("started");
            for _ in 0..count {
                assert_eq!(next(&bus).frame, numbered(1));
            }
            assert_eq!(
                bus.recv(SILENCE).expect("no error"),
                None,
                "more than {count}"
            );
            assert!(!task.is_running(), "after {count}");
        }
        task.stop().expect("nothing to do");
    }
}

/// What python-can calls `MultiRateCyclicSendTask`.
#[test]
fn two_rates_follow_each_other() {
    let wire = Wire::new();
    let (driver, bus) = parts(&wire);
    let spec = PeriodicSpec {
        first: Some(Rate {
            count: 4,
            period: PERIOD,
        }),
        ..PeriodicSpec::new(&[numbered(1)], Duration::from_millis(100))
    };
    let task = task(&*driver, &spec);
    task.start().expect("started");
    expect_pauses(&bus, &[20, 20, 20, 100, 100]);
    assert!(task.is_running());
}

#[test]
fn several_frames_take_turns_and_can_be_replaced_in_their_turn() {
    let wire = Wire::new();
    let (driver, bus) = parts(&wire);
    let frames = [1, 2, 3].map(numbered);
    let task = task(&*driver, &PeriodicSpec::new(&frames, PERIOD));
    task.start().expect("started");
    for number in [1, 2, 3, 1] {
        assert_eq!(next(&bus).frame, numbered(number));
    }
    let other = frames.map(|mut frame| {
        frame.payload_mut()[0] = 0xEE;
        frame
    });
    task.modify(&other).expect("modified");
    let after: Vec<Frame> = std::iter::repeat_with(|| next(&bus).frame)
        .skip_while(|frame| !other.contains(frame))
        .take(4)
        .collect();
    let first = other
        .iter()
        .position(|frame| *frame == after[0])
        .expect("one of them");
    let expected: Vec<Frame> = (0..4).map(|number| other[(first + number) % 3]).collect();
    assert_eq!(after, expected, "in turn");
    task.stop().expect("stopped");
    while bus.recv(SILENCE).expect("no error").is_some() {}
    // From the first frame, and the modified ones.
    task.start().expect("started");
    assert_eq!(next(&bus).frame, other[0]);
}

#[test]
fn can_fd_frames_are_sent_by_the_kernel_too_and_mixed_ones_are_not() {
    let wire = Wire::new();
    let (driver, bus) = parts(&wire);
    let fd = Frame::fd(Id::extended(9).expect("fits"), &[5; 48], true, false).expect("valid");
    let spec = PeriodicSpec::new(&[fd], PERIOD);
    let task = task(&*driver, &spec);
    task.start().expect("started");
    assert_eq!([(); 2].map(|()| next(&bus).frame), [fd; 2]);
    let mixed = driver.send_periodic(&PeriodicSpec::new(&[fd, numbered(1)], PERIOD));
    assert!(mixed.expect("no error").is_none());
    let many = driver.send_periodic(&PeriodicSpec::new(&vec![numbered(1); 257], PERIOD));
    assert!(many.expect("no error").is_none());
}

#[test]
fn a_task_whose_interface_is_removed_says_so() {
    let wire = Wire::new();
    let (driver, bus) = parts(&wire);
    let task = task(&*driver, &PeriodicSpec::new(&[numbered(1)], PERIOD));
    task.start().expect("started");
    next(&bus);
    wire.remove();
    let error = task.error().expect("it has gone");
    assert_eq!(error.kind(), canbus::ErrorKind::DeviceLost, "{error}");
    assert!(!task.is_running());
    task.stop().expect("nothing is left");
    wire.add();
}

/// Periodic sending on a bus over all interfaces, which python-can gets wrong.
#[test]
fn a_bus_over_all_interfaces_sends_periodically_on_the_one_that_is_named() {
    let (wire, other) = (Wire::new(), Wire::new());
    let backend = backends::find("socketcan").expect("it is in the table");
    let options = [("kernel_periodic", "true")];
    let options = canbus::Options::check(backend.name, backend.options, options).expect("valid");
    let driver = (backend.open)(&options).expect("opens");
    let (hears, silent) = (wire.open(), other.open());
    let spec = PeriodicSpec {
        to: Some(wire.name.as_str().into()),
        ..PeriodicSpec::new(&[numbered(3)], PERIOD)
    };
    let task = task(&*driver, &spec);
    task.start().expect("started");
    assert_eq!(
        hears
            .recv(PATIENCE)
            .expect("no error")
            .map(|message| message.frame),
        Some(numbered(3))
    );
    assert_eq!(silent.recv(SILENCE).expect("no error"), None);
}
