//! The backend `slcan` and adapters of many manners: those that answer, those that do not, those
//! that start when they are opened, and those that refuse.

use crate::peers::lawicel::{Adapters, Manners, joined_adapters};
use canbus::backends::Slcan;
use canbus::{Bus, BusBuilder, Error, ErrorKind, ErrorState, Frame, Id};
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

const SOON: Option<Duration> = Some(Duration::from_secs(20));

fn on(adapters: &Adapters, number: usize) -> BusBuilder {
    Bus::builder("slcan").option("channel", adapters.names[number].clone())
}

fn frame(number: u8) -> Frame {
    let id = Id::standard(number.into()).expect("fits");
    Frame::data(id, &[number]).expect("valid")
}

fn slcan(bus: &Bus) -> &Slcan {
    bus.backend().expect("this backend")
}

/// Sends a frame from one to the other.
fn arrives(from: &Bus, to: &Bus, number: u8) {
    from.send(&frame(number), SOON).expect("sent");
    let message = to.recv(SOON).expect("open").expect("a message");
    assert_eq!(message.frame, frame(number));
}

fn refusal(bus: BusBuilder) -> Error {
    bus.open().err().expect("refused")
}

/// Waits until it holds.
fn becomes(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "never: {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn an_adapter_that_answers_is_set_up_at_once_in_the_order_of_the_manual() {
    let adapters = joined_adapters(Manners::Lawicel);
    let start = Instant::now();
    let first = on(&adapters, 0).option("bitrate", 500_000).open();
    let first = first.expect("opens");
    let second = on(&adapters, 1).option("btr", "011C").open();
    let second = second.expect("opens");
    // Much less than `sleep_after_open`, which is for those that say nothing.
    assert!(
        start.elapsed() < Duration::from_millis(1500),
        "{:?}",
        start.elapsed()
    );
    // It was closed already, which the adapter refuses to do again.
    assert_eq!(adapters.given(0), ["C", "C", "S6", "O"]);
    assert_eq!(adapters.given(1), ["C", "C", "s011C", "O"]);
    arrives(&first, &second, 1);
    arrives(&second, &first, 2);
    assert_eq!((first.dropped(), slcan(&first).refused()), (0, 0));
}

#[test]
fn closing_takes_the_adapter_off_the_bus() {
    let adapters = joined_adapters(Manners::Lawicel);
    let first = on(&adapters, 0).open().expect("opens");
    let second = on(&adapters, 1).open().expect("opens");
    slcan(&second).close_channel().expect("closed");
    first.send(&frame(1), SOON).expect("sent");
    // Its answer comes behind the frame: the frame is on its way then, and meets nobody.
    slcan(&first)
        .version(SOON)
        .expect("open")
        .expect("an answer");
    slcan(&second).open_channel().expect("opened");
    arrives(&first, &second, 2);
    assert_eq!(adapters.given(1), ["C", "C", "O", "C", "O"]);
    first.shutdown().expect("closed");
    // The last command is `C`, and then the adapter forgets all as its port is closed.
    becomes("forgotten", || adapters.given(0).is_empty());
}

#[test]
fn an_adapter_that_answers_nothing_is_waited_for_and_then_used() {
    let adapters = joined_adapters(Manners::Silent);
    let open = |number| {
        let bus = on(&adapters, number).option("bitrate", 250_000);
        bus.option("sleep_after_open", 0.3).open().expect("opens")
    };
    let start = Instant::now();
    let (first, second) = (open(0), open(1));
    assert!(start.elapsed() >= Duration::from_millis(600));
    let given = adapters.given(0);
    assert_eq!(given[given.len() - 2..], ["S5", "O"]);
    arrives(&first, &second, 1);
    let version = slcan(&first).version(Some(Duration::from_millis(50)));
    assert_eq!(version.expect("open"), None);
    let error = first.error_state().expect_err("not told");
    assert_eq!(error.kind(), ErrorKind::Unsupported);
}

#[test]
fn an_adapter_that_starts_when_it_is_opened_is_asked_until_it_answers() {
    let adapters = joined_adapters(Manners::Starting);
    let start = Instant::now();
    let first = on(&adapters, 0).open().expect("opens");
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(700), "{took:?}");
    // What it said while it started is no lost frame.
    assert_eq!(first.dropped(), 0);
    let second = on(&adapters, 1).open().expect("opens");
    arrives(&second, &first, 1);
}

#[test]
fn an_adapter_without_listen_only_is_not_opened_in_silence() {
    let adapters = joined_adapters(Manners::WithoutListenOnly);
    let error = refusal(on(&adapters, 0).option("listen_only", true));
    assert_eq!(error.kind(), ErrorKind::OpenFailed);
    let message = error.to_string();
    assert_eq!(
        message,
        "slcan: the adapter refuses the command L (open listen-only)"
    );
}

#[test]
fn frames_that_the_adapter_refuses_are_counted() {
    let adapters = joined_adapters(Manners::Full);
    let bus = on(&adapters, 0).open().expect("opens");
    for number in 0..3 {
        bus.send(&frame(number), SOON).expect("taken by the line");
    }
    becomes("three refused", || slcan(&bus).refused() == 3);
    assert_eq!(bus.dropped(), 0);
}

#[test]
fn what_only_slcan_can_do_is_done_by_its_driver() {
    let adapters = joined_adapters(Manners::Lawicel);
    let bus = on(&adapters, 0)
        .option("bitrate", 125_000)
        .open()
        .expect("opens");
    let adapter = slcan(&bus);
    assert_eq!(
        adapter.version(SOON).expect("open").as_deref(),
        Some("1013")
    );
    let number = adapter.serial_number(SOON).expect("open");
    assert_eq!(number.as_deref(), Some("A123"));
    assert_eq!(bus.error_state().expect("told"), ErrorState::Passive);
    adapter
        .set_bitrate(1_000_000, Some(2_000_000))
        .expect("set");
    adapter.set_bit_timing_registers(0x01, 0x1C).expect("set");
    let error = adapter.set_bitrate(1, None).expect_err("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let given = adapters.given(0);
    let expected = ["C", "S8", "Y2", "O", "C", "s011C", "O"];
    assert_eq!(given[given.len() - expected.len()..], expected);
    bus.shutdown().expect("closed");
    let error = adapter.version(SOON).expect_err("closed");
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(
        adapter.open_channel().expect_err("closed").kind(),
        ErrorKind::Closed
    );
}

#[test]
fn many_frames_at_once_arrive_in_order() {
    let adapters = joined_adapters(Manners::Lawicel);
    let first = on(&adapters, 0).open().expect("opens");
    let second = on(&adapters, 1).open().expect("opens");
    let frames: Vec<Frame> = (0..2000).map(|number| frame(number as u8)).collect();
    assert_eq!(first.send_batch(&frames, SOON).expect("sent"), 2000);
    for frame in &frames {
        let message = second.recv(SOON).expect("open").expect("a message");
        assert_eq!(message.frame, *frame);
    }
}

#[test]
fn wrong_options_are_told_before_a_port_is_touched() {
    let refusal_of = |name: &str, value: &str| {
        let bus = Bus::builder("slcan").option("channel", "/dev/no-such-port");
        refusal(bus.option(name, value)).to_string()
    };
    assert!(
        refusal_of("bitrate", "1").starts_with("slcan: option bitrate: no command sets 1 bit/s")
    );
    assert!(refusal_of("ttybaudrate", "1").ends_with("did you mean tty_baudrate?"));
    let error = refusal(Bus::builder("slcan"));
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        error
            .to_string()
            .starts_with("slcan: option channel: expected a serial port"),
        "{error}"
    );
    assert!(refusal_of("ttyBaudrate", "9600").contains("cannot open /dev/no-such-port"));
}

#[test]
fn an_adapter_that_goes_away_is_a_lost_device() {
    let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let channel = format!("socket://{}", server.local_addr().expect("bound"));
    let going = std::thread::spawn(move || {
        let (mut client, _) = server.accept().expect("a client");
        for command in [b"C\r", b"O\r"] {
            let mut given = [0; 2];
            client.read_exact(&mut given).expect("a command");
            assert_eq!(&given, command);
            client.write_all(b"\r").expect("answers");
        }
        std::thread::sleep(Duration::from_millis(50));
    });
    let bus = Bus::builder("slcan")
        .option("channel", channel)
        .open()
        .expect("opens");
    going.join().expect("gone");
    let error = bus.recv(SOON).expect_err("gone");
    assert_eq!(error.kind(), ErrorKind::DeviceLost);
    bus.shutdown().expect("nothing is left to be said");
}
