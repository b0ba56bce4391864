//! Against the kernel's own ISO-TP (ISO 15765-2), by can-utils: it takes what we send apart, and we
//! what it sends. canbus has no ISO-TP; the frames of it are plain ones, in strict order and time.

use crate::wire::{PATIENCE, Wire, next};
use canbus::{Bus, Frame, Id};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The two addresses: the kernel sends with the first one and hears the second one.
const ITS: u32 = 0x123;
const OURS: u32 = 0x321;
/// Clear to send: all of it, without pauses.
const GO_ON: [u8; 3] = [0x30, 0, 0];

fn payload(len: usize) -> Vec<u8> {
    (0..len).map(|number| (number % 251) as u8).collect()
}

fn hex(bytes: &[u8]) -> String {
    let text = bytes.iter().map(|byte| format!("{byte:02X} "));
    text.collect::<String>().trim_end().to_string()
}

fn start(program: &str, wire: &Wire) -> Child {
    Command::new(program)
        .args(["-s", "123", "-d", "321", &wire.name])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("can-utils are there")
}

fn send(bus: &Bus, data: &[u8]) {
    let id = Id::standard(OURS).expect("fits");
    let frame = Frame::data(id, data).expect("valid");
    bus.send(&frame, PATIENCE).expect("sent");
}

/// The data of the kernel's next frame.
fn heard(bus: &Bus) -> Vec<u8> {
    let frame = next(bus).frame;
    assert_eq!(frame.id().raw(), ITS);
    frame.payload().to_vec()
}

#[test]
fn what_the_kernel_sends_in_segments_is_heard_whole() {
    for len in [1, 7, 8, 62, 500, 4095] {
        let wire = Wire::new();
        let bus = wire.open();
        let mut sender = start("isotpsend", &wire);
        let expected = payload(len);
        let input = sender.stdin.take();
        let mut input = input.expect("a pipe");
        writeln!(input, "{}", hex(&expected)).expect("it reads");
        drop(input);
        let first = heard(&bus);
        let mut got = first[1..].to_vec();
        if len > 7 {
            assert_eq!(first[0] >> 4, 1, "a first frame");
            got = first[2..].to_vec();
            send(&bus, &GO_ON);
            for number in (0_u8..16).cycle().skip(1) {
                let consecutive = heard(&bus);
                assert_eq!(consecutive[0], 0x20 | number, "in sequence");
                got.extend(&consecutive[1..]);
                if got.len() >= len {
                    break;
                }
            }
        }
        assert_eq!(got[..len], expected, "{len} bytes");
        assert!(sender.wait().expect("it ends").success());
    }
}

#[test]
fn what_we_send_in_segments_the_kernel_puts_together() {
    for len in [1, 7, 8, 62, 500, 4095] {
        let wire = Wire::new();
        let bus = wire.open();
        let expected = payload(len);
        let mut receiver = start("isotprecv", &wire);
        // It listens when the kernel has an entry for what it hears.
        while !std::fs::read_to_string("/proc/net/can/rcvlist_sff")
            .is_ok_and(|list| list.contains("isotp"))
        {
            std::thread::sleep(Duration::from_millis(10));
        }
        if len <= 7 {
            send(&bus, &[&[len as u8], &expected[..]].concat());
        } else {
            let head = [0x10 | (len >> 8) as u8, len as u8];
            send(&bus, &[&head[..], &expected[..6]].concat());
            assert_eq!(heard(&bus)[0], 0x30, "clear to send");
            for (number, part) in (0_u8..16).cycle().skip(1).zip(expected[6..].chunks(7)) {
                send(&bus, &[&[0x20 | number], part].concat());
            }
        }
        let mut line = String::new();
        let output = receiver.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("text");
        assert_eq!(line.trim(), hex(&expected), "{len} bytes");
        assert!(receiver.wait().expect("it ends").success());
    }
}
