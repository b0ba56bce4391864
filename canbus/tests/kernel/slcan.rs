//! The backend `slcan` against what can-utils and the kernel have of the same protocol: `slcanpty`
//! as an adapter, and the kernel's own driver, which `slcand` sets on a line, as the other end.

use crate::wire::{PATIENCE, Wire, next};
use canbus::backends::Slcan;
use canbus::{Bus, Frame, Id, link};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Frames of every width and kind that both sides carry.
fn frames(most_remote_dlc: u8) -> Vec<Frame> {
    let (low, high) = (Id::standard(0), Id::standard(Id::MAX_STANDARD));
    let (wide, top) = (Id::extended(0x123), Id::extended(Id::MAX_EXTENDED));
    let mut frames = Vec::new();
    for id in [low, high, wide, top].map(|id| id.expect("fits")) {
        for len in 0..=8 {
            let data: Vec<u8> = (0..len).map(|at| at ^ 0xA5).collect();
            frames.push(Frame::data(id, &data).expect("valid"));
        }
        for dlc in 0..=most_remote_dlc {
            frames.push(Frame::remote(id, dlc).expect("valid"));
        }
    }
    frames
}

/// Each frame of one arrives at the other.
fn arrive(from: &Bus, to: &Bus, frames: &[Frame]) {
    for frame in frames {
        from.send(frame, PATIENCE).expect("sent");
        assert_eq!(next(to).frame, *frame);
    }
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A terminal held open, so that its other side does not end when the last client goes.
fn hold(name: &str) -> File {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options.open(name).expect("a terminal")
}

#[test]
fn slcanpty_is_an_adapter() {
    let wire = Wire::new();
    let mut slcanpty = Command::new("stdbuf")
        .args(["-oL", "slcanpty", "/dev/ptmx", &wire.name])
        .stdout(Stdio::piped())
        .spawn()
        .expect("can-utils are there");
    let said = slcanpty.stdout.take().expect("a pipe");
    let _running = Running(slcanpty);
    // Held, so that it can go on talking.
    let mut said = BufReader::new(said).lines();
    let line = said.next().expect("a line");
    let line = line.expect("text");
    let name = line
        .split_whitespace()
        .find(|word| word.starts_with("/dev/pts/"));
    let name = name.unwrap_or_else(|| panic!("no terminal in {line:?}"));
    let _held = hold(name);
    let bus = Bus::builder("slcan")
        .option("channel", name)
        .option("bitrate", 500_000)
        .open()
        .expect("opens");
    let adapter: &Slcan = bus.backend().expect("slcan");
    let number = adapter.serial_number(Some(PATIENCE)).expect("open");
    assert_eq!(number.as_deref(), Some("4242"));
    let version = adapter.version(Some(PATIENCE)).expect("open");
    assert_eq!(version.as_deref(), Some("1013"));
    let socket = wire.open();
    arrive(&socket, &bus, &frames(8));
    // slcanpty of 2020, which Debian 12 has, reads a remote frame's DLC as 0 and the rest as a line.
    arrive(&bus, &socket, &frames(0));
    assert_eq!((bus.dropped(), adapter.refused()), (0, 0));
}

/// Two terminals of which each gives what the other one takes; their names.
fn joined_terminals() -> [String; 2] {
    let ends = [(); 2].map(|()| {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&controller).expect("granted");
        unlockpt(&controller).expect("unlocked");
        let name = ptsname(&controller, Vec::new()).expect("a name");
        (File::from(controller), name.into_string().expect("a path"))
    });
    for (from, to) in [(0, 1), (1, 0)] {
        let mut from = ends[from].0.try_clone().expect("a file");
        let mut to = ends[to].0.try_clone().expect("a file");
        // Ends with the process.
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                match from.read(&mut buffer) {
                    Ok(count) => to.write_all(&buffer[..count]).expect("the other terminal"),
                    // Nobody has it open just now.
                    Err(_) => std::thread::sleep(Duration::from_millis(10)),
                }
            }
        });
    }
    ends.map(|(_, name)| name)
}

#[test]
fn the_kernels_driver_understands_us_and_we_it() {
    let [ours, kernels] = joined_terminals();
    let interface = "slcan-peer0";
    let slcand = Command::new("slcand")
        .args(["-F", "-o", "-c", "-s6", &kernels, interface])
        .stdout(Stdio::null())
        .spawn()
        .expect("can-utils are there");
    let _running = Running(slcand);
    let start = Instant::now();
    while link::set_up(interface, true).is_err() {
        assert!(start.elapsed() < PATIENCE, "slcand makes no interface");
        std::thread::sleep(Duration::from_millis(20));
    }
    let bus = Bus::builder("slcan")
        .option("channel", ours)
        // The kernel does not answer to commands.
        .option("sleep_after_open", 0)
        .open()
        .expect("opens");
    let socket = Bus::open("socketcan", interface).expect("opens");
    arrive(&bus, &socket, &frames(8));
    arrive(&socket, &bus, &frames(8));
    assert_eq!(bus.dropped(), 0);
}
