use super::*;
use crate::backends::open as open_backend;
use crate::error::ErrorKind;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

const SOON: Option<Duration> = Some(Duration::from_secs(20));

type Given = &'static [(&'static str, &'static str)];

/// A bus and the other end of its line.
fn bus(options: &[(&str, &str)]) -> (Box<dyn Driver>, TcpStream) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let name = format!("socket://{}", server.local_addr().expect("bound"));
    let channel = [("channel", name.as_str())];
    let bus = open_backend("seeedstudio", channel.iter().chain(options).copied()).expect("opens");
    (bus, server.accept().expect("a client").0)
}

fn command(far: &mut TcpStream) -> Command {
    let mut bytes = [0; 20];
    far.read_exact(&mut bytes).expect("a command");
    bytes
}

#[test]
fn opening_sets_the_adapter_up() {
    let (bus, mut far) = bus(&[]);
    assert_eq!(command(&mut far)[2..14], *b"\x12\x03\x01\0\0\0\0\0\0\0\0\0");
    assert!(!bus.describe().listen_only);
    let cases: [(Given, u8, u8, u8, bool); 5] = [
        (
            &[("bitrate", "5000"), ("frame_type", "EXT")],
            12,
            2,
            0,
            false,
        ),
        (&[("operation_mode", "loopback")], 3, 1, 1, false),
        (
            &[("operation_mode", "silent"), ("frame_type", "ext")],
            3,
            2,
            2,
            true,
        ),
        (
            &[("listen_only", "true"), ("bitrate", "1000000")],
            1,
            1,
            2,
            true,
        ),
        (
            &[("listen_only", "true"), ("operation_mode", "loopback")],
            3,
            1,
            3,
            true,
        ),
    ];
    for (options, rate, frame_type, mode, listen_only) in cases {
        let (bus, mut far) = self::bus(options);
        let command = command(&mut far);
        assert_eq!(
            (command[3], command[4], command[13]),
            (rate, frame_type, mode),
            "{options:?}"
        );
        assert_eq!(bus.describe().listen_only, listen_only, "{options:?}");
    }
}

#[test]
fn a_silent_loopback_sends_to_itself() {
    let (bus, mut far) = bus(&[("operation_mode", "loopback_and_silent")]);
    assert_eq!(command(&mut far)[13], 3);
    assert!(!bus.describe().listen_only);
}

#[test]
fn a_bit_rate_that_the_adapter_lacks_is_refused_with_the_nearest() {
    let options = [("channel", "loop://"), ("bitrate", "300000")];
    let error = open_backend("seeedstudio", options).err().expect("refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = error.to_string();
    assert!(
        error.starts_with("seeedstudio: option bitrate is 300000"),
        "{error}"
    );
    assert!(
        error.ends_with("10000, 5000; the nearest is 250000"),
        "{error}"
    );
    for (rate, code) in BIT_RATES {
        assert_eq!(rate_code(rate).expect("known"), code);
    }
}

#[test]
fn one_filter_of_the_right_width_spares_the_line_and_is_taken_back() {
    let (bus, mut far) = bus(&[]);
    command(&mut far);
    let standard: Filter = "123:7FF:s".parse().expect("a filter");
    let refused = ["123:7FF:x", "123:7FF", "123~7FF:s"].map(|text| text.parse().expect("a filter"));
    for filters in [
        &refused[..1],
        &refused[1..2],
        &refused[2..],
        &[standard, refused[0]],
    ] {
        // Nothing is sent; else the command below would be another one.
        assert!(!bus.set_filters(filters).expect("open"));
    }
    assert!(!bus.set_filters(&[standard]).expect("open"));
    assert_eq!(command(&mut far)[5..13], *b"\x23\x01\0\0\xFF\x07\0\0");
    assert!(!bus.set_filters(&[standard]).expect("open"));
    assert!(!bus.set_filters(&[]).expect("open"));
    assert_eq!(command(&mut far)[5..13], [0; 8]);
}

#[test]
fn the_state_is_what_the_adapter_answers() {
    let (bus, mut far) = bus(&[]);
    command(&mut far);
    let adapter: &dyn std::any::Any = &*bus;
    let adapter: &Seeedstudio = adapter.downcast_ref().expect("its own type");
    let none = adapter.status(Some(Duration::from_millis(1)));
    assert_eq!(none.expect("open"), None);
    assert_eq!(command(&mut far)[2], 4);
    let state = *b"\xAA\x55\x04\x01\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x07";
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| adapter.status(SOON));
        command(&mut far);
        far.write_all(&state).expect("written");
        assert_eq!(asked.join().expect("joins").expect("open"), Some(state));
    });
}
