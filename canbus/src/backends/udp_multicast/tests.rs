use super::*;
use crate::backends::taking::PASSED_OVER_AT_MOST;
use crate::frame::Id;
use std::net::UdpSocket;
use std::sync::atomic::AtomicU32;
use std::time::Instant;

/// A group on loopback that no other test and no other process uses.
struct Wire {
    group: String,
}

const PORT: u16 = 41_235;
const SECOND: Option<Duration> = Some(Duration::from_secs(1));
const NOW: Option<Duration> = Some(Duration::ZERO);

impl Wire {
    fn new() -> Wire {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (process, number) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let group = format!(
            "239.{}.{}.{}",
            process / 250 % 250,
            process % 250,
            number + 1
        );
        Wire { group }
    }

    fn open(&self, given: &[(&str, &str)]) -> Box<dyn Driver> {
        let port = PORT.to_string();
        let here = [
            ("channel", self.group.as_str()),
            ("port", port.as_str()),
            ("network_interface", "127.0.0.1"),
        ];
        opened(here.iter().chain(given).copied()).expect("opens")
    }

    /// A socket that sends anything to the group.
    fn stranger(&self) -> socket2::Socket {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("binds");
        let socket = socket2::Socket::from(socket);
        let loopback = std::net::Ipv4Addr::LOCALHOST;
        socket.set_multicast_if_v4(&loopback).expect("loopback");
        let group: IpAddr = self.group.parse().expect("an address");
        let to = std::net::SocketAddr::new(group, PORT);
        socket.connect(&to.into()).expect("connects");
        socket
    }
}

fn opened<'a>(given: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Box<dyn Driver>> {
    open(&Options::check(BACKEND.name, OPTIONS, given)?)
}

fn refusal(given: &[(&str, &str)]) -> String {
    match opened(given.iter().copied()) {
        Ok(_) => panic!("{given:?} was accepted"),
        Err(error) => error.to_string(),
    }
}

fn id() -> Id {
    Id::standard(0x123).expect("fits")
}

fn frame() -> Frame {
    Frame::data(id(), &[1, 2]).expect("valid")
}

fn next(bus: &dyn Driver) -> Message {
    bus.recv(SECOND).expect("open").expect("a message")
}

#[test]
fn the_channel_is_a_multicast_address_and_nothing_else() {
    for wrong in ["127.0.0.1", "::1", "vcan0", "", "224.0.0.1:43113"] {
        let said = refusal(&[("channel", wrong)]);
        let start = format!("udp_multicast: option channel is {wrong}, but expected a multicast");
        assert!(said.starts_with(&start), "{said}");
    }
    let bus = Wire::new();
    let description = bus.open(&[]).describe().clone();
    assert_eq!(description.channels, [Channel::named(&bus.group)]);
}

#[test]
fn a_network_interface_that_is_not_there_is_named() {
    let said = refusal(&[("channel", GROUP_V4), ("network_interface", "can-lo")]);
    let start = "udp_multicast: option network_interface: no network interface is named can-lo";
    assert!(said.starts_with(start), "{said}");
    let error = opened([("channel", GROUP_V4), ("network_interface", "192.0.2.77")]).err();
    assert_eq!(error.expect("refused").kind(), ErrorKind::InvalidInput);
}

#[test]
fn the_defaults_are_those_of_python_can() {
    let options = Options::check(BACKEND.name, OPTIONS, [("", ""); 0]).expect("valid");
    let settings = settings(&options).expect("valid");
    let group = "ff15:7079:7468:6f6e:6465:6d6f:6d63:6173";
    assert_eq!(settings.group.to_string(), group);
    assert_eq!((settings.port, settings.hop_limit), (43113, 1));
    assert_eq!(settings.interface, None);
    assert_eq!(settings.receive_buffer, 32 << 20);
    assert!(!settings.hear_own);
    assert!(options.flag("fd") && !options.flag("listen_only"));
}

#[test]
fn given_options_reach_the_socket() {
    let given = [
        ("channel", "239.74.163.2"),
        ("port", "5000"),
        ("hop_limit", "0"),
        ("network_interface", "127.0.0.1"),
        ("receive_own_messages", "true"),
        ("receive_buffer", "5000"),
        ("bitrate", "500000"),
        ("data_bitrate", "2000000"),
    ];
    let options = Options::check(BACKEND.name, OPTIONS, given).expect("valid");
    let settings = settings(&options).expect("valid");
    assert_eq!((settings.port, settings.hop_limit), (5000, 0));
    assert!(
        settings
            .interface
            .is_some_and(|interface| interface.is_loopback())
    );
    assert!(settings.hear_own);
    assert_eq!(settings.receive_buffer, 5000);
}

#[test]
fn the_bus_says_what_it_is() {
    let wire = Wire::new();
    let description = wire.open(&[]).describe().clone();
    assert_eq!(description.backend, "udp_multicast");
    let interface = Interface::find("127.0.0.1").expect("loopback").name;
    let expected = format!(
        "UDP multicast group {} port {PORT} by network interface {interface}",
        wire.group
    );
    assert_eq!(description.summary, expected);
    let capabilities = Capabilities {
        fd: true,
        esi: true,
        remote: true,
        send_error: true,
        raw_dlc: false,
        own_messages: true,
        counts_dropped: COUNTS_DROPPED,
        ordered: true,
    };
    assert_eq!(description.capabilities, capabilities);
    assert!(!description.listen_only);
    if cfg!(target_os = "linux") {
        assert_eq!(description.timestamps, TimestampSource::Kernel);
    }
    let other = wire.open(&[
        ("listen_only", "1"),
        ("fd", "0"),
        ("preserve_timestamps", "1"),
    ]);
    let other = other.describe().clone();
    assert!(other.listen_only && !other.capabilities.fd);
    assert_eq!(other.timestamps, TimestampSource::Sender);
}

#[test]
fn a_frame_reaches_the_other_buses_of_the_group_with_the_groups_name() {
    let wire = Wire::new();
    let (a, b, c) = (wire.open(&[]), wire.open(&[]), wire.open(&[]));
    a.send(&frame(), None, None).expect("sent");
    for bus in [&b, &c] {
        let message = next(&**bus);
        assert_eq!(message.frame, frame());
        assert_eq!(message.channel, Some(Channel::named(&wire.group)));
        assert_eq!(message.direction, Direction::Rx);
    }
    assert!(a.recv(NOW).expect("open").is_none());
}

#[test]
fn own_frames_come_back_as_sent_where_that_was_asked_for() {
    let wire = Wire::new();
    let own = wire.open(&[("receive_own_messages", "true")]);
    let other = wire.open(&[]);
    own.send(&frame(), None, None).expect("sent");
    assert_eq!(next(&*own).direction, Direction::Tx);
    other.send(&frame(), None, None).expect("sent");
    assert_eq!(next(&*own).direction, Direction::Rx);
}

#[test]
fn a_classic_bus_passes_over_fd_frames_without_calling_them_lost() {
    let wire = Wire::new();
    let (modern, classic) = (wire.open(&[]), wire.open(&[("fd", "false")]));
    let fd = Frame::fd(id(), &[0; 12], true, false).expect("valid");
    modern.send(&fd, None, None).expect("sent");
    modern.send(&frame(), None, None).expect("sent");
    assert_eq!(next(&*classic).frame, frame());
    assert_eq!(classic.dropped(), 0);
}

#[test]
fn what_is_no_frame_is_passed_over_and_counted() {
    let wire = Wire::new();
    let (bus, other) = (wire.open(&[]), wire.open(&[]));
    let stranger = wire.stranger();
    for bytes in [
        &b"hello"[..],
        b"",
        &[0x80; 5000],
        &[0x81, 0xA3, b'd', b'l', b'c', 9],
    ] {
        stranger.send(bytes).expect("sends");
    }
    assert!(bus.recv(NOW).expect("open").is_none());
    assert_eq!(bus.dropped(), 4);
    stranger.send(b"again").expect("sends");
    stranger.send(&[0x80]).expect("sends");
    other.send(&frame(), None, None).expect("sent");
    // An empty map is a frame to python-can.
    assert_eq!(next(&*bus).frame.id(), Id::extended(0).expect("fits"));
    assert_eq!(next(&*bus).frame, frame());
    assert_eq!(bus.dropped(), 5);
}

#[test]
fn a_poll_sees_behind_what_it_passes_over_but_not_without_end() {
    let wire = Wire::new();
    let bus = wire.open(&[]);
    let stranger = wire.stranger();
    let flood = |count: usize| {
        for _ in 0..count {
            stranger.send(b"x").expect("sends");
        }
        stranger.send(&[0x80]).expect("sends");
    };
    flood(100);
    assert!(bus.recv(NOW).expect("open").is_some());
    flood(PASSED_OVER_AT_MOST + 1);
    if bus.dropped() > 100 {
        // The system holds less than that; the count is right all the same.
        return;
    }
    assert!(bus.recv(NOW).expect("open").is_none());
    assert_eq!(bus.dropped(), 100 + PASSED_OVER_AT_MOST as u64 + 1);
    assert!(bus.recv(NOW).expect("open").is_some());
    // One fewer is not too many, and with time there is no limit.
    flood(PASSED_OVER_AT_MOST);
    assert!(bus.recv(NOW).expect("open").is_some());
    flood(PASSED_OVER_AT_MOST + 1);
    assert!(bus.recv(SECOND).expect("open").is_some());
}

#[test]
fn a_batch_takes_what_is_there_and_no_more_than_asked_for() {
    let wire = Wire::new();
    let (from, to) = (wire.open(&[]), wire.open(&[]));
    let frames: Vec<Frame> = (0..200_u8)
        .map(|number| Frame::data(id(), &[number]).expect("valid"))
        .collect();
    assert_eq!(from.send_batch(&frames, None, None).expect("sent"), 200);
    wire.stranger().send(b"x").expect("sends");
    let mut got = Vec::new();
    for (max, expected) in [(0, 0), (1, 1), (64, 64), (100, 100), (50, 35)] {
        let count = to.recv_batch(&mut got, max, SECOND).expect("open");
        assert_eq!(count, expected, "of {max}");
    }
    let got: Vec<Frame> = got.iter().map(|message| message.frame).collect();
    assert_eq!(got, frames);
    assert_eq!(to.recv_batch(&mut Vec::new(), 5, NOW).expect("open"), 0);
    assert_eq!(to.dropped(), 1);
}

#[test]
fn times_are_those_of_arrival_or_where_asked_for_those_of_the_sender() {
    let wire = Wire::new();
    let (from, arrival) = (wire.open(&[]), wire.open(&[]));
    let preserving = wire.open(&[("preserve_timestamps", "true")]);
    let old = Message::received(frame(), Timestamp::from_nanos(42_500_000_000));
    let before = Timestamp::now().plus_nanos(-1_000_000);
    from.forward(&old, None, None).expect("sent");
    from.send(&frame(), None, None).expect("sent");
    wire.stranger().send(&[0x80]).expect("sends");
    assert_eq!(next(&*preserving).timestamp, old.timestamp);
    for bus in [&arrival, &arrival, &arrival, &preserving, &preserving] {
        let time = next(&**bus).timestamp;
        assert!(
            time > before && time < before.plus_nanos(10_000_000_000),
            "{time}"
        );
    }
}

#[test]
fn a_closed_bus_gives_what_had_come_and_then_says_so() {
    let wire = Wire::new();
    let (from, to) = (wire.open(&[]), wire.open(&[]));
    from.send(&frame(), None, None).expect("sent");
    to.close().expect("closes");
    from.send(&frame(), None, None).expect("sent");
    to.close().expect("closes again");
    assert!(to.recv(None).expect("something left").is_some());
    let error = to.recv(None).expect_err("closed");
    assert_eq!(error.to_string(), "udp_multicast: the bus is closed");
    assert_eq!(error.kind(), ErrorKind::Closed);
    let error = to.send(&frame(), None, None).expect_err("closed");
    assert_eq!(error.to_string(), "udp_multicast: the bus is closed");
    assert_eq!(error.kind(), ErrorKind::Closed);
}

#[test]
fn a_waiting_recv_ends_with_the_time_a_message_or_the_bus() {
    let wire = Wire::new();
    let (from, to) = (wire.open(&[]), wire.open(&[]));
    let start = Instant::now();
    assert!(
        to.recv(Some(Duration::from_millis(30)))
            .expect("open")
            .is_none()
    );
    assert!(start.elapsed() >= Duration::from_millis(30));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| (to.recv(None), to.recv(None)));
        std::thread::sleep(Duration::from_millis(20));
        from.send(&frame(), None, None).expect("sent");
        std::thread::sleep(Duration::from_millis(20));
        to.close().expect("closes");
        let (message, closed) = waiting.join().expect("joins");
        assert_eq!(message.expect("open").expect("a message").frame, frame());
        assert_eq!(closed.expect_err("closed").kind(), ErrorKind::Closed);
    });
}

#[cfg(unix)]
#[test]
fn the_descriptor_is_readable_exactly_while_a_message_waits() {
    use crate::transport::wake::{Until, Waited, Wake};
    let wire = Wire::new();
    let (from, to) = (wire.open(&[]), wire.open(&[]));
    let wake = Wake::new().expect("a wake");
    let readable = || {
        let descriptor = to.readiness().expect("a descriptor");
        let waited = wake.wait(&descriptor, Until::Readable, NOW);
        waited.expect("waits") == Waited::Ready
    };
    assert!(!readable());
    for _ in 0..3 {
        from.send(&frame(), None, None).expect("sent");
    }
    for _ in 0..3 {
        assert!(readable());
        next(&*to);
    }
    assert!(!readable());
    to.close().expect("closes");
    assert!(
        readable() || !cfg!(target_os = "linux"),
        "recv would not wait"
    );
}

#[test]
fn the_default_groups_are_found_where_there_is_a_way_to_them() {
    let found = detect(Duration::ZERO).expect("a search");
    let channels: Vec<String> = found.iter().map(ToString::to_string).collect();
    let v4 = "interface=udp_multicast channel=239.74.163.2";
    let v6 = "interface=udp_multicast channel=ff15:7079:7468:6f6e:6465:6d6f:6d63:6173";
    assert!(channels == [v6, v4] || channels == [v4], "{channels:?}");
}
