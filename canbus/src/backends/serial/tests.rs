use super::*;
use crate::backends::open as open_backend;
use crate::frame::Id;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const SOON: Option<Duration> = Some(Duration::from_secs(20));
const NOW: Option<Duration> = Some(Duration::ZERO);

/// A bus and the other end of its line.
fn bus(options: &[(&str, &str)]) -> (Box<dyn Driver>, TcpStream) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let name = format!("socket://{}", server.local_addr().expect("bound"));
    let channel = [("channel", name.as_str())];
    let bus = open_backend("serial", channel.iter().chain(options).copied()).expect("opens");
    (bus, server.accept().expect("a client").0)
}

fn frame(raw: u32) -> Frame {
    Frame::data(Id::extended(raw).expect("fits"), &[1]).expect("valid")
}

fn refusal(options: &[(&str, &str)]) -> Error {
    open_backend("serial", options.iter().copied())
        .err()
        .expect("refused")
}

fn receive<const LEN: usize>(far: &mut TcpStream) -> [u8; LEN] {
    let mut bytes = [0; LEN];
    far.read_exact(&mut bytes).expect("so many bytes");
    bytes
}

#[test]
fn a_missing_line_and_a_bit_rate_of_can_are_refused_with_what_there_is() {
    let error = refusal(&[]);
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        error
            .to_string()
            .starts_with("serial: expected a serial port"),
        "{error}"
    );
    let error = refusal(&[("channel", "loop://"), ("bitrate", "500000")]).to_string();
    assert!(
        error.starts_with("serial has no option bitrate; it takes channel, baudrate,"),
        "{error}"
    );
}

#[test]
fn what_python_can_takes_is_taken() {
    let python = [
        ("baudrate", "9600"),
        ("timeout", "0.5"),
        ("rtscts", "false"),
    ];
    let (bus, _far) = bus(&python);
    let description = bus.describe();
    assert!(
        description
            .summary
            .starts_with("Serial interface: socket://")
    );
    assert_eq!(description.timestamps, TimestampSource::ReadTime);
}

#[test]
fn frames_get_the_time_of_reading_and_the_line_as_channel() {
    let (bus, mut far) = bus(&[]);
    let before = Timestamp::now();
    far.write_all(b"\xAA\x01\0\0\0\x01\x23\0\0\x80\x01\xBB")
        .expect("written");
    let message = bus.recv(SOON).expect("open").expect("a frame");
    assert_eq!(message.frame, frame(0x23));
    assert!(message.timestamp >= before && message.timestamp <= Timestamp::now());
    assert_eq!(message.channel, Some(bus.describe().channels[0]));
}

#[test]
fn packets_tell_the_milliseconds_since_the_bus_was_opened() {
    let (bus, mut far) = bus(&[]);
    std::thread::sleep(Duration::from_millis(20));
    bus.send(&frame(1), None, SOON).expect("sent");
    let packet: [u8; 12] = receive(&mut far);
    let time = u32::from_le_bytes(packet[1..5].try_into().expect("four"));
    assert!((20..60_000).contains(&time), "{time}");
}

#[test]
fn a_senders_time_is_preserved_if_that_was_asked_for() {
    let (bus, mut far) = bus(&[("preserve_timestamps", "true")]);
    assert_eq!(bus.describe().timestamps, TimestampSource::Sender);
    for (seconds, milliseconds) in [(0.0, 0), (1.25, 1250), (4_294_967.295, u32::MAX)] {
        let message = Message::received(frame(1), Timestamp::from_seconds(seconds));
        bus.forward(&message, None, SOON).expect("sent");
        let packet: [u8; 12] = receive(&mut far);
        assert_eq!(packet[1..5], milliseconds.to_le_bytes());
        far.write_all(&packet).expect("written");
        let back = bus.recv(SOON).expect("open").expect("a frame");
        assert_eq!(
            back.timestamp.as_nanos(),
            i64::from(milliseconds) * 1_000_000
        );
    }
    for seconds in [-1.0, 4_294_968.0, 1_700_000_000.0] {
        let message = Message::received(frame(1), Timestamp::from_seconds(seconds));
        let error = bus.forward(&message, None, SOON).expect_err("no 32 bits");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("0 to 4294967.295 s"), "{error}");
    }
}

#[test]
fn without_flags_what_is_not_carried_is_refused() {
    let (bus, mut far) = bus(&[("id_flags", "false")]);
    let capabilities = bus.describe().capabilities;
    assert!(!capabilities.remote && !capabilities.send_error);
    let standard = Frame::data(Id::standard(1).expect("fits"), &[]).expect("valid");
    let error = bus.send(&standard, None, SOON).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let error = bus.send_batch(&[frame(2), standard], None, SOON);
    assert_eq!(error.expect_err("refused").kind(), ErrorKind::Unsupported);
    bus.send(&frame(0x23), None, SOON).expect("sent");
    let packet: [u8; 12] = receive(&mut far);
    assert_eq!(packet[5..], *b"\x01\x23\0\0\0\x01\xBB");
}

#[test]
fn a_batch_goes_out_in_order_and_comes_back_as_own_messages() {
    let (bus, mut far) = bus(&[("receive_own_messages", "true")]);
    let frames: Vec<Frame> = (0..100).map(frame).collect();
    let mut sent = 0;
    while sent < frames.len() {
        sent += bus.send_batch(&frames[sent..], None, SOON).expect("sent");
    }
    let bytes: [u8; 1200] = receive(&mut far);
    assert!(
        bytes
            .chunks(12)
            .zip(0..)
            .all(|(packet, number)| packet[6] == number)
    );
    let mut own = Vec::new();
    while own.len() < frames.len() {
        bus.recv_batch(&mut own, 200, SOON).expect("open");
    }
    assert!(own.iter().map(|message| message.frame).eq(frames));
    assert_eq!(bus.recv(NOW).expect("open"), None);
}

#[test]
fn garbage_counts_as_dropped_and_stops_nothing() {
    let (bus, mut far) = bus(&[]);
    far.write_all(b"garbage\xAA\x01\0\0\0\x01\x23\0\0\x80\x01\xBB")
        .expect("written");
    let message = bus.recv(SOON).expect("open").expect("a frame");
    assert_eq!(message.frame, frame(0x23));
    assert_eq!(bus.dropped(), 1);
}

#[test]
fn a_line_that_hangs_up_is_a_lost_device() {
    let (bus, far) = bus(&[]);
    drop(far);
    let error = bus.recv(SOON).expect_err("gone");
    assert_eq!(error.kind(), ErrorKind::DeviceLost);
}
