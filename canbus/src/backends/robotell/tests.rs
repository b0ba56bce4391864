use super::*;
use crate::backends::open as open_backend;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Instant;

/// What the adapter was sent, packet by packet: ID, data, length and type.
type Commands = Vec<(u32, [u8; 8], u8, u8)>;

/// An adapter that confirms every packet of the settings' channel with the same one; with
/// `answers` false it is mute. It ends with its line.
fn adapter(answers: bool) -> (String, JoinHandle<Commands>) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let name = format!("socket://{}", server.local_addr().expect("bound"));
    let thread = std::thread::spawn(move || serve(server.accept().expect("a client").0, answers));
    (name, thread)
}

fn serve(mut far: TcpStream, answers: bool) -> Commands {
    let (mut commands, mut byte, mut body, mut escaped) = (Vec::new(), [0], Vec::new(), false);
    while far.read(&mut byte).is_ok_and(|count| count == 1) {
        match (byte[0], escaped) {
            (0xA5, false) => escaped = true,
            (0xAA | 0x55, false) => {}
            (byte, _) => {
                body.push(byte);
                escaped = false;
            }
        }
        if body.len() == 17 && byte[0] == 0x55 && !escaped {
            let id = u32::from_le_bytes(body[..4].try_into().expect("four"));
            let data: [u8; 8] = body[4..12].try_into().expect("eight");
            // The first byte of the tail says that the packet is whole; of the second one nothing
            // is left to see.
            let whole = far.read(&mut byte).is_ok_and(|count| count == 1) && byte[0] == 0x55;
            assert!(whole, "a tail of two");
            if answers {
                let packet = protocol::answer_for_tests(id, data);
                far.write_all(&packet).expect("written");
            }
            commands.push((id, data, body[12], body[15]));
            body.clear();
        }
    }
    commands
}

fn open_on(name: &str, options: &[(&str, &str)]) -> Result<Box<dyn Driver>> {
    let channel = [("channel", name)];
    open_backend("robotell", channel.iter().chain(options).copied())
}

fn as_robotell(bus: &dyn Driver) -> &Robotell {
    let bus: &dyn std::any::Any = bus;
    bus.downcast_ref().expect("its own type")
}

#[test]
fn opening_resets_the_adapter_and_sets_the_bit_rate() {
    let (name, commands) = adapter(true);
    let bus = open_on(&name, &[("bitrate", "250000"), ("tty_baudrate", "9600")]).expect("opens");
    assert_eq!(
        bus.describe().summary,
        format!("Robotell USB-CAN s/n 0000-0000-0000-0000-0000-0000 on {name}")
    );
    bus.close().expect("closes");
    drop(bus);
    let commands = commands.join().expect("joins");
    let rate = 250_000_u64.to_le_bytes();
    let expected = [
        (0x01FF_FEC0, [0; 8], 8, 0),
        (0x01FF_FED0, rate, 4, 0),
        (0x01FF_FFF0, [0; 8], 8, 1),
        (0x01FF_FFF1, [0; 8], 8, 1),
    ];
    assert_eq!(commands, expected);
}

#[test]
fn every_setting_is_sent_and_confirmed() {
    let (name, commands) = adapter(true);
    let bus = open_on(&name, &[]).expect("opens");
    let adapter = as_robotell(&*bus);
    adapter.set_auto_retransmit(true).expect("confirmed");
    adapter.set_auto_bus_management(false).expect("confirmed");
    adapter.set_serial_rate(0x55AA).expect("sent");
    let id = Id::standard(0x1F0).expect("fits");
    adapter
        .set_hw_filter(14, false, id, 0x7FF)
        .expect("confirmed");
    adapter.set_bitrate(1_000_000).expect("confirmed");
    let error = adapter.set_bitrate(1_000_001).expect_err("too much");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    for number in [0, 15] {
        let error = adapter
            .set_hw_filter(number, true, id, 0)
            .expect_err("no such filter");
        assert!(error.to_string().contains("1 to 14"), "{error}");
    }
    bus.close().expect("closes");
    drop(bus);
    let commands = commands.join().expect("joins");
    let data = |number: u64| number.to_le_bytes();
    let expected = [
        (0x01FF_FEA0, data(1), 1, 0),
        (0x01FF_FEB0, data(0), 1, 0),
        (0x01FF_FE90, data(0x55AA), 4, 0),
        (0x01FF_FEED, data(0x7FF << 32 | 0x1F0), 8, 0),
        (0x01FF_FED0, data(1_000_000), 4, 0),
    ];
    assert_eq!(commands[3..], expected);
}

#[test]
fn a_mute_adapter_is_opened_but_not_with_a_bit_rate_that_nobody_confirmed() {
    let start = Instant::now();
    let (name, commands) = adapter(false);
    let bus = open_on(&name, &[]).expect("opens");
    assert!(bus.describe().summary.contains("s/n unknown"));
    let adapter = as_robotell(&*bus);
    assert_eq!(
        adapter.serial_number(Some(Duration::ZERO)).expect("open"),
        None
    );
    let error = adapter
        .set_auto_retransmit(true)
        .expect_err("not confirmed");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    drop(bus);
    commands.join().expect("joins");
    let (name, _commands) = self::adapter(false);
    let error = open_on(&name, &[("bitrate", "500000")])
        .err()
        .expect("refused");
    assert_eq!(error.kind(), ErrorKind::OpenFailed);
    assert!(
        error.to_string().contains("the bit rate of 500000 bit/s"),
        "{error}"
    );
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[test]
fn the_channel_may_say_the_lines_bit_rate_and_must_be_there() {
    let (name, _commands) = adapter(true);
    let bus = open_on(&format!("{name}@9600"), &[("ttyBaudrate", "1")]).expect("opens");
    assert_eq!(bus.describe().channels, [Channel::named(&name)]);
    let error = open_on("", &[]).err().expect("refused");
    assert!(
        error
            .to_string()
            .starts_with("robotell: expected a serial port"),
        "{error}"
    );
    let error = open_on(&name, &[("bitrate", "1000001")])
        .err()
        .expect("refused");
    assert!(error.to_string().contains("from 1 to 1000000"), "{error}");
}
