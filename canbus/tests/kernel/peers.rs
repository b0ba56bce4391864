//! Against can-utils in the same kernel, both ways: what they print of what we send, and what we
//! hear of what they send.

use crate::wire::{PATIENCE, Wire, next, numbered};
use canbus::{Bus, Frame, Id, Kind, Message};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

fn standard(raw: u32) -> Id {
    Id::standard(raw).expect("fits")
}

fn extended(raw: u32) -> Id {
    Id::extended(raw).expect("fits")
}

/// Frames and how can-utils write them. Raw DLCs over 8 are not among them: the programs of 2020,
/// which Debian 12 has, do not know them.
fn frames() -> Vec<(Frame, &'static str)> {
    let data = |id, data: &[u8]| Frame::data(id, data).expect("valid");
    let remote = |id, dlc| Frame::remote(id, dlc).expect("valid");
    let fd = |id, data: &[u8], brs, esi| Frame::fd(id, data, brs, esi).expect("valid");

    vec![
        (data(standard(0x123), &[0xDE, 0xAD]), "123#DEAD"),
        (data(standard(0), &[]), "000#"),
        (data(extended(0x1FFF_FFFF), &[0]), "1FFFFFFF#00"),
        (data(extended(0x123), &[1]), "00000123#01"),
        (
            data(standard(0x7FF), &[1, 2, 3, 4, 5, 6, 7, 8]),
            "7FF#0102030405060708",
        ),
        (remote(standard(0x321), 0), "321#R"),
        (remote(extended(0x321), 5), "00000321#R5"),
        (remote(standard(0x321), 8), "321#R8"),
        (
            fd(standard(0x45), &[9; 12], false, false),
            "045##0090909090909090909090909",
        ),
        (fd(extended(0x45), &[7], true, false), "00000045##107"),
        (fd(standard(0x45), &[], false, true), "045##2"),
        (
            fd(standard(0x45), &[1; 16], true, true),
            "045##301010101010101010101010101010101",
        ),
    ]
}

fn open(wire: &Wire) -> Bus {
    wire.builder()
        .option("fd", true)
        .open()
        .expect("the interface carries CAN FD")
}

fn run(program: &str, arguments: &[&str]) {
    let ran = Command::new(program)
        .args(arguments)
        .output()
        .expect("can-utils are there");
    assert!(
        ran.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[test]
fn what_cansend_sends_is_heard() {
    let wire = Wire::new();
    let bus = open(&wire);
    for (frame, text) in frames() {
        run("cansend", &[&wire.name, text]);
        assert_eq!(next(&bus).frame, frame, "{text}");
    }
}

/// candump hearing the interface.
struct Candump {
    process: Child,
    lines: Receiver<String>,
}

impl Candump {
    /// Begins, and returns once it hears: it has heard what we sent it to find out.
    fn start(wire: &Wire) -> Candump {
        let mut process = Command::new("candump")
            .arg("-L")
            .arg(format!("{},0:0,#FFFFFFFF", wire.name))
            .stdout(Stdio::piped())
            .spawn()
            .expect("can-utils are there");
        let output = process.stdout.take().expect("a pipe");
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines();
            lines
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        let bus = wire.open();
        while lines.recv_timeout(Duration::from_millis(20)).is_err() {
            bus.send(&numbered(0x555), PATIENCE).expect("sent");
        }
        Candump { process, lines }
    }

    /// The next frame that it prints, past those of the beginning.
    fn next(&mut self) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("a line");
            let frame = line.split(' ').nth(2).expect("a frame");
            if !frame.starts_with("555#") {
                return without_fdf(frame);
            }
        }
    }
}

/// Since Linux 6.1 the flags of a CAN FD frame say that it is one, which the candump of 2020 prints
/// with the others.
fn without_fdf(frame: &str) -> String {
    match frame.split_once("##") {
        Some((id, rest)) => {
            let flags = rest[..1]
                .chars()
                .next()
                .and_then(|flags| flags.to_digit(16));
            format!("{id}##{}{}", flags.expect("a digit") & !4, &rest[1..])
        }
        None => frame.into(),
    }
}

/// A frame as can-utils write it.
fn written(frame: &Frame) -> String {
    let id = frame.id().to_string().to_uppercase();
    let data: String = frame
        .payload()
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02X}"));
    match frame.kind() {
        Kind::Remote if frame.dlc() == 0 => format!("{id}#R"),
        Kind::Remote => format!("{id}#R{}", frame.dlc()),
        Kind::Fd { brs, esi } => format!("{id}##{}{data}", u8::from(brs) + 2 * u8::from(esi)),
        _ => format!("{id}#{data}"),
    }
}

impl Drop for Candump {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn what_we_send_candump_prints() {
    let wire = Wire::new();
    let mut candump = Candump::start(&wire);
    let bus = open(&wire);
    let error = Frame::error(extended(0x4), &[0, 0x30, 0, 0, 0, 0, 128, 127]).expect("valid");
    let error = (error, "20000004#003000000000807F");
    for (frame, text) in frames().into_iter().chain([error]) {
        bus.send(&frame, PATIENCE).expect("sent");
        assert_eq!(candump.next(), text, "{frame:?}");
    }
}

/// The numbers that cangen or cansequence count up are all there, in order.
fn count(bus: &Bus, count: u32, number: fn(&Message) -> u32) {
    for expected in 0..count {
        assert_eq!(number(&next(bus)), expected);
    }
}

#[test]
fn cangen_counts_up_and_nothing_is_missing() {
    let wire = Wire::new();
    let bus = wire.open();
    run(
        "cangen",
        &[
            &wire.name, "-g", "0", "-n", "2000", "-I", "42", "-L", "8", "-D", "i", "-p", "10",
        ],
    );
    count(&bus, 2000, |message| {
        let bytes = message.frame.payload().first_chunk().expect("8 bytes");
        u32::from_le_bytes(*bytes)
    });
    assert_eq!(bus.dropped(), 0);
}

#[test]
fn cangen_of_every_kind_is_heard_as_it_is_printed() {
    let wire = Wire::new();
    for kind in ["-f", "-R", "-e", "-m", "-b"] {
        let mut candump = Candump::start(&wire);
        let bus = open(&wire);
        run("cangen", &[&wire.name, "-g", "1", "-n", "30", kind]);
        for _ in 0..30 {
            assert_eq!(written(&next(&bus).frame), candump.next(), "cangen {kind}");
        }
    }
}

#[test]
fn cansequence_finds_our_frames_in_sequence_and_we_its() {
    let wire = Wire::new();
    let bus = wire.open();
    let mut hears = Command::new("cansequence");
    let hears = hears
        .args([&wire.name, "-r", "-q", "--verbose"])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped());
    let mut process = hears.spawn().expect("can-utils are there");
    std::thread::sleep(Duration::from_millis(500));
    for number in 0..600_u32 {
        let frame = Frame::data(standard(2), &[number as u8]).expect("valid");
        bus.send(&frame, PATIENCE).expect("sent");
    }
    std::thread::sleep(Duration::from_millis(300));
    // It ends by itself with the first gap.
    assert_eq!(
        process.try_wait().expect("no error"),
        None,
        "cansequence saw a gap"
    );
    process.kill().expect("killed");
    process.wait().expect("ended");
    let mut sends = Command::new("cansequence");
    let sent = sends
        .args([&wire.name, "--loop=300"])
        .status()
        .expect("can-utils are there");
    assert!(sent.success());
    for number in 0..300_u32 {
        let message = next(&bus);
        assert_eq!(message.frame.payload(), [number as u8], "frame {number}");
    }
}

#[test]
fn canplayer_plays_what_we_hear_in_its_order() {
    let wire = Wire::new();
    let bus = open(&wire);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let log = folder.path().join("play.log");
    let mut lines = String::new();
    for (number, (_, text)) in frames().into_iter().take(12).enumerate() {
        lines.push_str(&["(0.", &format!("{number:06}"), ") any ", text, "\n"].concat());
    }
    std::fs::write(&log, lines).expect("written");
    let map = format!("{}=any", wire.name);
    run("canplayer", &["-I", log.to_str().expect("text"), &map]);
    for (frame, text) in frames().into_iter().take(12) {
        assert_eq!(next(&bus).frame, frame, "{text}");
    }
}
