//! What a bus delivers and to whom: directions, loopback, several interfaces, filters, times.
//!
//! The named complaints are threads of python-can's issue tracker that are answered here.

use crate::wire::{PATIENCE, SILENCE, Wire, next, numbered};
use canbus::link;
use canbus::{
    Bus, BusBuilder, Channel, Direction, ErrorKind, Filter, Frame, Id, Origin, Timestamp,
    TimestampSource,
};
use std::time::{Duration, Instant};

/// python-can #1274: frames of other programs on this machine looked like own ones.
#[test]
fn own_frames_say_tx_and_those_of_other_programs_rx() {
    let wire = Wire::new();
    let own = wire.builder().option("receive_own_messages", true);
    let (own, other) = (own.open().expect("opens"), wire.open());
    own.send(&numbered(1), PATIENCE).expect("sent");
    assert_eq!(next(&own).direction, Direction::Tx);
    assert_eq!(next(&other).direction, Direction::Rx);
    // Another program altogether.
    let sent = std::process::Command::new("cansend")
        .args([&wire.name, "123#01"])
        .status();
    assert!(sent.expect("can-utils are there").success());
    assert_eq!(next(&own).direction, Direction::Rx);
    assert_eq!(next(&other).direction, Direction::Rx);
}

/// The two ends of a cable between two interfaces, which goes with this.
struct Cable(&'static str);

impl Cable {
    fn new(name: &'static str) -> Cable {
        let cable = Cable(name);
        link::add_vxcan(&cable.end(0), &cable.end(1)).expect("an administrator");
        for number in 0..2 {
            link::set_up(&cable.end(number), true).expect("an administrator");
        }
        cable
    }

    fn end(&self, number: u32) -> String {
        format!("{}{number}", self.0)
    }

    fn builder(&self, number: u32) -> BusBuilder {
        Bus::builder("socketcan").option("channel", self.end(number).as_str())
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let gone = link::delete(&self.end(0));
        assert!(gone.is_ok() || std::thread::panicking(), "{gone:?}");
    }
}

/// python-can #1274: of each frame it can be known whether it came over the wire.
#[test]
fn own_frames_those_of_other_programs_and_those_of_the_wire_are_told_apart() {
    let cable = Cable::new("origin");
    let listening = cable.builder(0).option("receive_own_messages", true);
    let listening = listening.open().expect("opens");
    let open = |number| cable.builder(number).open().expect("opens");
    let (here, far) = (open(0), open(1));
    listening
        .set_filters(&[Filter::new(0x100, 0x400)])
        .expect("filters");
    for (bus, origin) in [
        (&listening, Origin::Own),
        (&here, Origin::Local),
        (&far, Origin::Remote),
    ] {
        let filtered = Frame::data(Id::standard(0x500).expect("fits"), &[]).expect("valid");
        bus.send(&filtered, PATIENCE).expect("sent");
        let wanted = Frame::data(Id::standard(0x123).expect("fits"), &[1]).expect("valid");
        bus.send(&wanted, PATIENCE).expect("sent");
        let received = listening.recv_with_origin(PATIENCE).expect("no error");
        let (message, told) = received.expect("in time");
        assert_eq!((message.frame, told), (wanted, origin));
    }
    let nothing = listening.recv_with_origin(SILENCE).expect("no error");
    assert!(nothing.is_none(), "{nothing:?}");
}

/// python-can #1274 once more: the frames of other programs can be left out.
#[test]
fn frames_of_other_programs_on_this_machine_can_be_left_out() {
    let cable = Cable::new("far");
    let open = |number| cable.builder(number);
    let wire_only = open(0)
        .option("ignore_local_frames", true)
        .option("receive_own_messages", true);
    let (wire_only, all) = (
        wire_only.open().expect("opens"),
        open(0).open().expect("opens"),
    );
    let (here, far) = (
        open(0).open().expect("opens"),
        open(1).open().expect("opens"),
    );
    here.send(&numbered(1), PATIENCE).expect("sent");
    far.send(&numbered(2), PATIENCE).expect("sent");
    wire_only.send(&numbered(3), PATIENCE).expect("sent");
    let heard = |bus, count: usize| {
        let messages = std::iter::repeat_with(|| next(bus)).take(count);
        messages
            .map(|one| (one.frame, one.direction))
            .collect::<Vec<_>>()
    };
    let (rx, tx) = (Direction::Rx, Direction::Tx);
    let own = (numbered(3), tx);
    assert_eq!(heard(&wire_only, 2), [(numbered(2), rx), own]);
    assert_eq!(wire_only.recv(SILENCE).expect("no error"), None);
    assert_eq!(
        heard(&all, 3),
        [1, 2, 3].map(|number| (numbered(number), rx))
    );
}

// Loopback as in python-can's test_socketcan_loopback.

#[test]
fn without_own_messages_and_with_loopback_others_hear_and_the_sender_does_not() {
    let wire = Wire::new();
    let (sender, other) = (wire.open(), wire.open());
    sender.send(&numbered(7), PATIENCE).expect("sent");
    assert_eq!(next(&other).frame, numbered(7));
    assert_eq!(sender.recv(SILENCE).expect("no error"), None);
}

#[test]
fn without_local_loopback_nobody_on_this_machine_hears() {
    let wire = Wire::new();
    let quiet = wire
        .builder()
        .option("local_loopback", false)
        .option("receive_own_messages", true);
    let (sender, other) = (quiet.open().expect("opens"), wire.open());
    sender.send(&numbered(7), PATIENCE).expect("sent");
    assert_eq!(other.recv(SILENCE).expect("no error"), None);
    assert_eq!(sender.recv(SILENCE).expect("no error"), None);
}

#[test]
fn a_bus_over_all_interfaces_tells_and_addresses_each() {
    let (first, second) = (Wire::new(), Wire::new());
    let all = Bus::builder("socketcan")
        .option("receive_own_messages", true)
        .open()
        .expect("opens");
    let channels = &all.describe().channels;
    for wire in [&first, &second] {
        let channel = Channel::named(&wire.name);
        assert!(channels.contains(&channel), "{channels:?}");
        let bus = wire.open();
        bus.send(&numbered(5), PATIENCE).expect("sent");
        let heard =
            std::iter::repeat_with(|| next(&all)).find(|message| message.channel == Some(channel));
        assert_eq!(heard.map(|message| message.frame), Some(numbered(5)));
        all.send_to(channel, &numbered(6), PATIENCE).expect("sent");
        assert_eq!(next(&bus).frame, numbered(6));
    }
    // It does not say on which.
    let refused = all
        .send(&numbered(1), PATIENCE)
        .expect_err("there are several");
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    // One that came later is heard, too.
    let third = Wire::new();
    third.open().send(&numbered(9), PATIENCE).expect("sent");
    let channel = Some(Channel::named(&third.name));
    let heard = std::iter::repeat_with(|| next(&all)).find(|message| message.channel == channel);
    assert_eq!(heard.map(|message| message.frame), Some(numbered(9)));
}

#[test]
fn error_frames_can_be_left_out_and_are_filtered_as_other_frames_are() {
    let wire = Wire::new();
    let without = wire
        .builder()
        .option("ignore_rx_error_frames", true)
        .open()
        .expect("opens");
    let filtered = wire
        .builder()
        .filter(Filter::new(0x40, 0x7FF))
        .open()
        .expect("opens");
    let (sender, all) = (wire.open(), wire.open());
    let error = |class| {
        let id = Id::extended(class).expect("fits");
        Frame::error(id, &[0; 8]).expect("valid")
    };
    for frame in [error(0x20), error(0x40), numbered(0x41), numbered(0x40)] {
        sender.send(&frame, PATIENCE).expect("sent");
    }
    let heard = |bus| [(); 2].map(|()| next(bus).frame);
    assert_eq!(heard(&without), [numbered(0x41), numbered(0x40)]);
    assert_eq!(heard(&filtered), [error(0x40), numbered(0x40)]);
    assert_eq!(heard(&all), [error(0x20), error(0x40)]);
    assert_eq!(filtered.recv(SILENCE).expect("no error"), None);
}

#[test]
fn more_filters_than_the_kernel_takes_are_applied_all_the_same() {
    let wire = Wire::new();
    let (sender, bus) = (wire.open(), wire.open());
    let filters: Vec<Filter> = (0..600).map(|id| Filter::new(id, 0x7FF)).collect();
    bus.set_filters(&filters).expect("taken");
    for id in [599, 600, 700, 0] {
        sender.send(&numbered(id), PATIENCE).expect("sent");
    }
    assert_eq!(
        [(); 2].map(|()| next(&bus).frame),
        [numbered(599), numbered(0)]
    );
    assert_eq!(bus.recv(SILENCE).expect("no error"), None);
    // As many as it takes, which is once for each filter that matches.
    bus.set_filters(&[filters[3], filters[3], Filter::new(0, 0)])
        .expect("taken");
    sender.send(&numbered(3), PATIENCE).expect("sent");
    assert_eq!(next(&bus).frame, numbered(3));
    assert_eq!(bus.recv(SILENCE).expect("no error"), None);
}

#[test]
fn what_waits_when_filters_are_set_is_filtered_too() {
    let wire = Wire::new();
    let (sender, bus) = (wire.open(), wire.open());
    for number in [1, 2, 3, 2] {
        sender.send(&numbered(number), PATIENCE).expect("sent");
    }
    bus.set_filters(&[Filter::new(2, 0x7FF)]).expect("taken");
    assert_eq!([(); 2].map(|()| next(&bus).frame), [numbered(2); 2]);
    assert_eq!(bus.recv(SILENCE).expect("no error"), None);
}

#[test]
fn filters_for_one_width_can_be_inverted_in_the_kernel() {
    let wire = Wire::new();
    let (sender, bus) = (wire.open(), wire.open());
    bus.set_filters(&["120~7F0:s".parse().expect("valid")])
        .expect("taken");
    let standard = |raw| Frame::data(Id::standard(raw).expect("fits"), &[]).expect("valid");
    let extended = |raw| Frame::data(Id::extended(raw).expect("fits"), &[]).expect("valid");
    let sent = [
        standard(0x12F),
        extended(0x12F),
        standard(0x130),
        extended(0x130),
        standard(0x020),
    ];
    for frame in sent {
        sender.send(&frame, PATIENCE).expect("sent");
    }
    assert_eq!(
        [(); 2].map(|()| next(&bus).frame),
        [standard(0x130), standard(0x020)]
    );
    assert_eq!(bus.recv(SILENCE).expect("no error"), None);
}

/// python-can #1881: the time of the kernel, not that of reading, and to the nanosecond.
#[test]
fn timestamps_are_those_of_the_kernel_however_late_they_are_read() {
    let wire = Wire::new();
    let (sender, bus) = (wire.open(), wire.open());
    assert_eq!(bus.describe().timestamps, TimestampSource::Kernel);
    let before = Timestamp::now();
    for number in 0..10 {
        sender.send(&numbered(number), PATIENCE).expect("sent");
    }
    let after = Timestamp::now();
    std::thread::sleep(Duration::from_millis(100));
    let times = [(); 10].map(|()| next(&bus).timestamp);
    assert!(times.is_sorted());
    assert!(
        times[0] >= before && times[9] <= after,
        "{before} {times:?} {after}"
    );
    assert!(
        times.iter().any(|time| time.as_nanos() % 1000 != 0),
        "{times:?}"
    );
}

/// python-can #2005 and #2004: a full queue is waited for, and the wait is the caller's.
#[test]
fn a_full_queue_is_waited_for_within_the_timeout() {
    let wire = Wire::new();
    let (sender, bus) = (wire.open(), wire.open());
    // The queueing discipline lets two frames a second pass, and holds one.
    let limit = "qdisc replace dev NAME root tbf rate 512bit burst 80b limit 80b";
    let arguments: Vec<&str> = limit
        .split(' ')
        .map(|word| if word == "NAME" { &wire.name } else { word })
        .collect();
    let ran = std::process::Command::new("tc")
        .args(&arguments)
        .output()
        .expect("tc is there");
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let full = std::iter::repeat_with(|| sender.send(&numbered(1), Duration::ZERO))
        .take(50)
        .find_map(Result::err)
        .expect("the queue is full at some time");
    assert_eq!(full.kind(), ErrorKind::Timeout, "{full}");
    let start = Instant::now();
    let wait = Duration::from_millis(20);
    let late = sender.send(&numbered(2), wait).expect_err("still full");
    assert_eq!(late.kind(), ErrorKind::Timeout, "{late}");
    assert!(start.elapsed() >= wait);
    let before = std::iter::from_fn(|| bus.recv(Duration::ZERO).expect("no error")).count();
    sender
        .send(&numbered(3), None)
        .expect("there is room in the end");
    let heard: Vec<_> = std::iter::from_fn(|| bus.recv(PATIENCE).expect("no error"))
        .take_while(|message| message.frame != numbered(3))
        .collect();
    assert!(
        before + heard.len() > 0 && heard.iter().all(|message| message.frame == numbered(1)),
        "{heard:?}"
    );
}
