use super::*;
use crate::frame::Id;
use crate::transport::serial::Settings;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

/// A protocol of one byte a packet: digits are frames, letters answers, `-` a loss, the rest garbage.
struct Toy;

impl Parser for Toy {
    type Answer = u8;

    fn take(&mut self, bytes: &[u8], each: &mut dyn FnMut(Heard<u8>)) {
        for &byte in bytes {
            each(match byte {
                b'0'..=b'9' => Heard::Frame(frame(byte)),
                b'a'..=b'z' => Heard::Answer(byte),
                b'A'..=b'Z' => {
                    let time = Timestamp::from_nanos(7);
                    Heard::Message(Message::received(frame(byte), time))
                }
                b'-' => Heard::Lost(5),
                _ => Heard::Garbage(format!("{byte:#04x}")),
            });
        }
    }
}

const SOON: Option<Duration> = Some(Duration::from_secs(20));
const SHORT: Option<Duration> = Some(Duration::from_millis(30));

fn frame(byte: u8) -> Frame {
    Frame::data(Id::standard(byte.into()).expect("fits"), &[byte]).expect("valid")
}

/// A line and its other end.
fn line(queue: usize) -> (Line<u8>, TcpStream) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let name = format!("socket://{}", server.local_addr().expect("bound"));
    let settings = Settings {
        baud_rate: 115_200,
        rtscts: false,
    };
    let port = Port::open(&name, &settings).expect("connects");
    let far = server.accept().expect("a client").0;
    let channel = Channel::named("toy");
    (
        Line::start("toy", port, channel, queue, Toy).expect("starts"),
        far,
    )
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn frames_come_with_channel_and_read_time_unless_they_have_their_own() {
    let (line, mut far) = line(0);
    let before = Timestamp::now();
    far.write_all(b"1B").expect("written");
    let first = line.recv(SOON).expect("open").expect("a frame");
    assert_eq!(first.frame, frame(b'1'));
    assert_eq!(first.channel, Some(Channel::named("toy")));
    assert_eq!(first.direction, Direction::Rx);
    assert!(first.timestamp >= before && first.timestamp <= Timestamp::now());
    let second = line.recv(SOON).expect("open").expect("a message");
    assert_eq!(second.timestamp, Timestamp::from_nanos(7));
    assert_eq!(second.channel, first.channel);
    line.echo(&[frame(b'3')]);
    let own = line.recv(SOON).expect("open").expect("an own frame");
    assert_eq!((own.frame, own.direction), (frame(b'3'), Direction::Tx));
    assert_eq!(line.recv(SHORT).expect("open"), None);
}

#[test]
fn what_is_lost_anywhere_is_counted() {
    let (line, mut far) = line(2);
    far.write_all(b"123?-!z").expect("written");
    // `a` comes behind all the rest.
    let asked = line.ask(b"x", SHORT, |_| Some(())).expect("open");
    if asked.is_none() {
        far.write_all(b"a").expect("written");
        line.ask(b"", SOON, |_| Some(())).expect("open");
    }
    let start = Instant::now();
    while line.dropped() < 8 {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "{}",
            line.dropped()
        );
        std::thread::yield_now();
    }
    assert_eq!(line.dropped(), 1 + 2 + 5);
    let mut out = Vec::new();
    assert_eq!(line.recv_batch(&mut out, 9, SOON).expect("open"), 2);
}

#[test]
fn an_answer_goes_to_who_asked_and_one_that_nobody_asked_for_goes() {
    let (line, mut far) = line(0);
    far.write_all(b"a1").expect("written");
    line.recv(SOON).expect("open").expect("the frame behind it");
    assert_eq!(line.ask(b"?", SHORT, Some).expect("open"), None);
    std::thread::scope(|scope| {
        let asked =
            scope.spawn(|| line.ask(b"?", SOON, |answer| (answer != b'b').then_some(answer)));
        // The command comes first, so that somebody waits for the answer.
        let mut commands = [0; 2];
        std::io::Read::read_exact(&mut far, &mut commands).expect("both commands");
        far.write_all(b"b2cd").expect("written");
        assert_eq!(asked.join().expect("joins").expect("open"), Some(b'c'));
    });
    assert!(line.recv(SOON).expect("open").is_some());
}

#[test]
fn closing_wakes_who_receives_and_who_asks() {
    let (line, _far) = line(0);
    std::thread::scope(|scope| {
        let received = scope.spawn(|| line.recv(None));
        let asked = scope.spawn(|| line.ask(b"?", None, Some));
        std::thread::sleep(Duration::from_millis(30));
        let start = Instant::now();
        line.close();
        line.close();
        assert_eq!(
            kind(received.join().expect("joins")),
            Some(ErrorKind::Closed)
        );
        assert_eq!(kind(asked.join().expect("joins")), Some(ErrorKind::Closed));
        assert!(start.elapsed() < Duration::from_secs(5));
    });
    assert_eq!(kind(line.send(b"x", None)), Some(ErrorKind::Closed));
    assert!(line.is_closed());
}

#[test]
fn a_lost_device_is_told_behind_the_frames_that_came_before() {
    let (line, mut far) = line(0);
    far.write_all(b"1").expect("written");
    drop(far);
    let start = Instant::now();
    while !line.shared.queue.is_closed() {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
    assert!(line.recv(None).expect("what came before").is_some());
    let error = line.recv(None).expect_err("gone");
    assert_eq!(error.kind(), ErrorKind::DeviceLost);
    assert!(error.to_string().starts_with("toy: socket://"), "{error}");
    assert_eq!(kind(line.ask(b"", None, Some)), Some(ErrorKind::DeviceLost));
}
