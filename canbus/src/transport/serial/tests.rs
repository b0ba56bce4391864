use super::*;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Instant;

const SETTINGS: Settings = Settings {
    baud_rate: 115_200,
    rtscts: false,
};
const SOON: Option<Duration> = Some(Duration::from_secs(20));
const ZERO: Option<Duration> = Some(Duration::ZERO);

/// A port and the other end of its line.
fn tcp() -> (Port, TcpStream) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let address = server.local_addr().expect("bound");
    let port = Port::open(&format!("socket://{address}"), &SETTINGS).expect("connects");
    (port, server.accept().expect("a client").0)
}

fn open_loop() -> Port {
    Port::open("loop://", &SETTINGS).expect("opens")
}

fn read(port: &Port, timeout: Option<Duration>) -> Result<Vec<u8>> {
    let mut buffer = [0; 100];
    let count = port.read(&mut buffer, timeout)?;
    Ok(buffer[..count].to_vec())
}

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn what_is_written_arrives_and_reading_takes_whatever_is_there() {
    let (port, mut far) = tcp();
    port.write(b"hello", SOON).expect("written");
    let mut came = [0; 5];
    far.read_exact(&mut came).expect("arrives");
    assert_eq!(&came, b"hello");
    assert_eq!(read(&port, ZERO).expect("looks"), b"");
    far.write_all(b"there").expect("written");
    let mut got = Vec::new();
    while got.len() < 5 {
        got.extend(read(&port, SOON).expect("reads"));
    }
    assert_eq!(got, b"there");
    let start = Instant::now();
    let wait = Duration::from_millis(30);
    assert_eq!(read(&port, Some(wait)).expect("waits"), b"");
    assert!(start.elapsed() >= wait);
}

#[test]
fn a_loop_gives_back_what_was_written_as_far_as_it_has_room() {
    let port = open_loop();
    port.write(b"ab", ZERO).expect("room");
    assert_eq!(read(&port, ZERO).expect("reads"), b"ab");
    // 4096 bytes fit: 40 packets, and a part of one more, which is sent all the same.
    let (bytes, ends) = (
        vec![7; 10_000],
        (1..=100).map(|n| n * 100).collect::<Vec<_>>(),
    );
    let taken = port.write_packets(&bytes, &ends, ZERO).expect("some");
    assert_eq!(taken, 41);
    assert_eq!(kind(port.write(b"z", ZERO)), Some(ErrorKind::Timeout));
    let mut came = 0;
    while came < 4100 {
        came += read(&port, SOON).expect("reads").len();
    }
    assert_eq!(came, 4100);
    assert_eq!(
        read(&port, Some(Duration::from_millis(50))).expect("waits"),
        b""
    );
    port.write(b"z", SOON).expect("room again");
    assert_eq!(read(&port, SOON).expect("reads"), b"z");
}

#[test]
fn packets_of_several_writers_never_mix() {
    let port = open_loop();
    let (writers, each) = (4, 200);
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let port = &port;
            scope.spawn(move || {
                for _ in 0..each {
                    port.write(&[writer; 93], None).expect("written");
                }
            });
        }
        let mut came = Vec::new();
        while came.len() < usize::from(writers) * each * 93 {
            came.extend(read(&port, SOON).expect("reads"));
        }
        for packet in came.chunks(93) {
            assert!(packet.iter().all(|byte| *byte == packet[0]));
        }
    });
}

#[test]
fn closing_wakes_who_reads_and_who_writes() {
    for port in [tcp().0, open_loop()] {
        // The other end of the connection has gone; what matters is which end is told of.
        port.close();
        assert_eq!(kind(read(&port, None)), Some(ErrorKind::Closed));
        assert_eq!(kind(port.write(b"x", None)), Some(ErrorKind::Closed));
    }
    let (over_tcp, _far) = tcp();
    for port in [over_tcp, open_loop()] {
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| read(&port, None));
            std::thread::sleep(Duration::from_millis(20));
            let start = Instant::now();
            port.close();
            assert_eq!(kind(reader.join().expect("joins")), Some(ErrorKind::Closed));
            assert!(start.elapsed() < Duration::from_secs(5));
        });
    }
    let port = open_loop();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| port.write(&[0; 10_000], None));
        std::thread::sleep(Duration::from_millis(20));
        port.close();
        // A part had gone out, so it counts as sent.
        assert_eq!(kind(writer.join().expect("joins")), None);
    });
}

#[test]
fn an_other_end_that_hangs_up_is_a_lost_device_behind_what_it_said() {
    let (port, mut far) = tcp();
    far.write_all(b"last").expect("written");
    drop(far);
    assert_eq!(read(&port, SOON).expect("reads"), b"last");
    assert_eq!(kind(read(&port, SOON)), Some(ErrorKind::DeviceLost));
    let start = Instant::now();
    while port.write(b"x", ZERO).is_ok() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "it takes bytes for ever"
        );
    }
    assert_eq!(kind(port.write(b"x", ZERO)), Some(ErrorKind::DeviceLost));
}

#[test]
fn what_was_written_arrives_although_the_line_is_closed_with_bytes_unread() {
    let (port, mut far) = tcp();
    far.write_all(&[1; 1000]).expect("written");
    port.write(&[2; 50_000], SOON).expect("written");
    std::thread::scope(|scope| {
        scope.spawn(|| port.close());
        // Even while the server still speaks.
        far.write_all(&[1; 1000]).expect("written");
        let mut came = Vec::new();
        far.read_to_end(&mut came).expect("an end in order");
        assert_eq!(came, [2; 50_000]);
        drop(far);
    });
}

#[test]
fn a_line_that_cannot_be_opened_says_which_and_why() {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let name = format!("socket://{}", server.local_addr().expect("bound"));
    drop(server);
    let refused = Port::open(&name, &SETTINGS).err().expect("refused");
    assert_eq!(refused.kind(), ErrorKind::OpenFailed);
    assert!(refused.to_string().contains(&name), "{refused}");
    let missing = Port::open("/dev/no-such-port", &SETTINGS)
        .err()
        .expect("missing");
    assert!(
        missing.to_string().contains("/dev/no-such-port"),
        "{missing}"
    );
    let expected = match cfg!(feature = "serial") {
        true => ErrorKind::OpenFailed,
        false => ErrorKind::BackendUnavailable,
    };
    assert_eq!(missing.kind(), expected);
}

/// A server of RFC 2217 that answers to every command with what `answer` makes of it.
fn serve(answer: fn(u8, &[u8]) -> Vec<u8>) -> (String, std::thread::JoinHandle<TcpStream>) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port on loopback");
    let name = format!(
        "rfc2217://{}?timeout=20",
        server.local_addr().expect("bound")
    );
    let serving = std::thread::spawn(move || {
        let (mut client, _) = server.accept().expect("a client");
        let mut greeting = [0; 15];
        client.read_exact(&mut greeting).expect("a greeting");
        client.write_all(&[255, 253, 44]).expect("agrees");
        loop {
            // IAC SB 44 command value… IAC SE
            let mut head = [0; 4];
            client.read_exact(&mut head).expect("a command");
            let mut value = Vec::new();
            while !value.ends_with(&[255, 240]) {
                let mut byte = [0];
                client.read_exact(&mut byte).expect("a value");
                value.push(byte[0]);
            }
            value.truncate(value.len() - 2);
            let value = answer(head[3], &value);
            client
                .write_all(&[&[255, 250, 44, head[3] + 100][..], &value, &[255, 240]].concat())
                .expect("answers");
            if head[3] == 12 {
                return client;
            }
        }
    });
    (name, serving)
}

#[test]
fn a_remote_port_is_set_and_carries_every_byte() {
    let (name, serving) = serve(|_, value| value.to_vec());
    let port = Port::open(&name, &SETTINGS).expect("opens");
    let mut far = serving.join().expect("served");
    let every: Vec<u8> = (0..=255).collect();
    port.write(&every, SOON).expect("written");
    let mut came = [0; 257];
    far.read_exact(&mut came).expect("arrives");
    assert_eq!(came[..256], every);
    assert_eq!(came[255..], [255, 255]);
    far.write_all(&came).expect("written");
    let mut got = Vec::new();
    while got.len() < 256 {
        got.extend(read(&port, SOON).expect("reads"));
    }
    assert_eq!(got, every);
}

#[test]
fn a_remote_port_that_takes_another_baud_rate_is_refused() {
    let (name, serving) = serve(|command, value| match command {
        1 => 9600_u32.to_be_bytes().to_vec(),
        _ => value.to_vec(),
    });
    let error = Port::open(&name, &SETTINGS).err().expect("refused");
    assert!(
        error
            .to_string()
            .ends_with("the server does not take the baud rate"),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::OpenFailed);
    drop(serving);
}

#[cfg(all(feature = "serial", target_os = "linux"))]
mod pseudo_terminal {
    use super::*;
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    use std::fs::File;

    fn pty() -> (File, String) {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
        grantpt(&controller).expect("granted");
        unlockpt(&controller).expect("unlocked");
        let name = ptsname(&controller, Vec::new()).expect("a name");
        (controller.into(), name.into_string().expect("a path"))
    }

    #[test]
    fn every_byte_passes_a_device_unchanged_both_ways() {
        let (mut far, name) = pty();
        for rtscts in [false, true] {
            let port = Port::open(&name, &Settings { rtscts, ..SETTINGS }).expect("opens");
            let every: Vec<u8> = (0..=255).collect();
            port.write(&every, SOON).expect("written");
            let mut came = [0; 256];
            far.read_exact(&mut came).expect("arrives");
            assert_eq!(came.as_slice(), every);
            far.write_all(&every).expect("written");
            let mut got = Vec::new();
            while got.len() < 256 {
                got.extend(read(&port, SOON).expect("reads"));
            }
            assert_eq!(got, every);
        }
    }

    #[test]
    fn a_device_is_opened_by_one_at_a_time() {
        let (_far, name) = pty();
        let first = Port::open(&name, &SETTINGS).expect("opens");
        let error = Port::open(&name, &SETTINGS).err().expect("taken");
        assert_eq!(error.kind(), ErrorKind::OpenFailed);
        assert!(error.to_string().contains("has it open"), "{error}");
        // Closing is enough, whoever may hold the port still.
        first.close();
        let second = Port::open(&name, &SETTINGS).expect("free again");
        drop(second);
        Port::open(&name, &SETTINGS).expect("free once more");
    }

    #[test]
    fn a_device_that_vanishes_is_lost_and_closing_wakes_who_waits() {
        let (far, name) = pty();
        let port = Port::open(&name, &SETTINGS).expect("opens");
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| read(&port, None));
            std::thread::sleep(Duration::from_millis(20));
            drop(far);
            assert_eq!(
                kind(reader.join().expect("joins")),
                Some(ErrorKind::DeviceLost)
            );
        });
        let (_far, name) = pty();
        let port = Port::open(&name, &SETTINGS).expect("opens");
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| read(&port, None));
            std::thread::sleep(Duration::from_millis(20));
            port.close();
            assert_eq!(kind(reader.join().expect("joins")), Some(ErrorKind::Closed));
        });
    }

    #[test]
    fn a_file_is_no_serial_port() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let name = file.path().to_str().expect("a path");
        let error = Port::open(name, &SETTINGS).err().expect("refused");
        assert_eq!(error.kind(), ErrorKind::OpenFailed);
    }
}
