use super::*;
use crate::frame::Id;

fn driver(given: &[(&str, &str)]) -> Box<dyn Driver> {
    let options = Options::check("virtual", OPTIONS, given.iter().copied()).expect("valid");
    open(&options).expect("opens")
}

fn frame() -> Frame {
    Frame::data(Id::standard(1).expect("fits"), &[1]).expect("valid")
}

const NOW: Option<Duration> = Some(Duration::ZERO);

#[test]
fn channels_are_told_apart_and_shared_by_name() {
    let a = driver(&[("channel", "virtual-a")]);
    let also_a = driver(&[("channel", "virtual-a")]);
    let third_a = driver(&[("channel", "virtual-a")]);
    let b = driver(&[("channel", "virtual-b")]);
    a.send(&frame(), None, None).expect("sent");
    for receiver in [&also_a, &third_a] {
        let message = receiver.recv(NOW).expect("open").expect("a message");
        assert_eq!(message.channel, Some(Channel::named("virtual-a")));
    }
    assert!(b.recv(NOW).expect("open").is_none());
    assert!(a.recv(NOW).expect("open").is_none());
}

#[test]
fn a_number_is_a_channel_too() {
    let bus = driver(&[("channel", "7531")]);
    assert_eq!(bus.describe().channels, [Channel::number(7531)]);
}

#[test]
fn forwarded_messages_keep_their_time_where_it_was_asked_for() {
    let keeps = driver(&[("channel", "virtual-time"), ("preserve_timestamps", "true")]);
    let renews = driver(&[("channel", "virtual-time")]);
    let message = Message::received(frame(), Timestamp::from_nanos(42));
    keeps.forward(&message, None, None).expect("sent");
    let got = renews.recv(NOW).expect("open").expect("a message");
    assert_eq!(got.timestamp, Timestamp::from_nanos(42));
    renews.forward(&message, None, None).expect("sent");
    let got = keeps.recv(NOW).expect("open").expect("a message");
    assert!(got.timestamp > Timestamp::from_nanos(1_000_000_000_000));
    // A plain send has the time of sending in any case.
    keeps.send(&frame(), None, None).expect("sent");
    let got = renews.recv(NOW).expect("open").expect("a message");
    assert!(got.timestamp > Timestamp::from_nanos(1_000_000_000_000));
}

#[test]
fn a_classic_bus_does_not_hear_fd_frames() {
    let classic = driver(&[("channel", "virtual-fd"), ("fd", "false")]);
    let modern = driver(&[("channel", "virtual-fd")]);
    let also_modern = driver(&[("channel", "virtual-fd")]);
    let fd = Frame::fd(Id::standard(1).expect("fits"), &[0; 12], false, false).expect("valid");
    modern.send(&fd, None, None).expect("sent");
    modern.send(&frame(), None, None).expect("sent");
    assert_eq!(
        also_modern
            .recv(NOW)
            .expect("open")
            .expect("a message")
            .frame,
        fd
    );
    assert_eq!(
        classic.recv(NOW).expect("open").expect("a message").frame,
        frame()
    );
    assert!(!classic.describe().capabilities.fd && modern.describe().capabilities.fd);
}

#[test]
fn nothing_waits_to_be_sent_and_the_bus_is_never_in_error() {
    let bus = driver(&[("channel", "virtual-state"), ("bitrate", "500000")]);
    assert!(bus.flush_tx().is_ok());
    assert_eq!(bus.error_state().expect("known"), ErrorState::Active);
    assert_eq!(bus.describe().timestamps, TimestampSource::Sender);
}

#[test]
fn detection_finds_the_open_channels_and_a_free_one() {
    let channels = || -> Vec<String> {
        let found = detect(Duration::ZERO).expect("found");
        found.iter().map(ToString::to_string).collect()
    };
    let open = "interface=virtual channel=virtual-detect".to_string();
    let bus = driver(&[("channel", "virtual-detect")]);
    assert!(channels().contains(&open));
    let free = channels()
        .iter()
        .filter(|found| found.starts_with("interface=virtual channel=channel-"))
        .count();
    assert!(free >= 1);
    bus.close().expect("closes");
    assert!(!channels().contains(&open));
}

#[test]
fn the_free_channel_is_not_one_in_use() {
    let _zero = driver(&[]);
    let found = detect(Duration::ZERO).expect("found");
    let names: Vec<String> = found.iter().map(ToString::to_string).collect();
    let mut unique = names.clone();
    unique.dedup();
    assert_eq!(names, unique);
    assert!(names.iter().any(|name| name.ends_with("=channel-0")));
    assert!(names.iter().any(|name| name.ends_with("=channel-1")));
}

#[test]
fn what_finds_no_room_at_a_slow_reader_is_counted_there() {
    let slow = driver(&[("channel", "virtual-slow"), ("rx_queue_size", "3")]);
    let fast = driver(&[("channel", "virtual-slow")]);
    let sender = driver(&[("channel", "virtual-slow")]);
    for _ in 0..10 {
        sender.send(&frame(), None, None).expect("sent");
    }
    assert_eq!(
        (slow.dropped(), fast.dropped(), sender.dropped()),
        (7, 0, 0)
    );
    let mut out = Vec::new();
    assert_eq!(slow.recv_batch(&mut out, 100, NOW).expect("open"), 3);
    assert_eq!(slow.recv_batch(&mut out, 100, NOW).expect("open"), 0);
    assert_eq!(fast.recv_batch(&mut out, 4, NOW).expect("open"), 4);
}
