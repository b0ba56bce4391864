//! Links: what the kernel says of its CAN interfaces, and what it does when told to.

use crate::wire::{PATIENCE, Wire, next, numbered};
use canbus::link::{self, ControllerState, Mode, Setup};
use canbus::{Bus, ErrorKind, ErrorState};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn virtual_interfaces_are_made_set_up_and_removed() {
    link::add_vcan("link0").expect("made");
    let taken = link::add_vcan("link0").expect_err("the name is taken");
    assert!(taken.to_string().contains("the name is taken"), "{taken}");
    let made = link::find("link0").expect("there");
    assert_eq!(
        (made.up, made.fd, made.kind.as_deref()),
        (false, true, Some("vcan"))
    );
    assert_eq!(made.controller, None);
    link::set_up("link0", true).expect("set up");
    assert!(link::find("link0").expect("there").up);
    let bus = Bus::open("socketcan", "link0").expect("opens");
    bus.send(&numbered(1), PATIENCE).expect("sent");
    let counters = link::find("link0").expect("there").counters;
    assert_eq!((counters.sent, counters.received), (1, 1));
    let state = bus.error_state().expect_err("no controller");
    assert_eq!(state.kind(), ErrorKind::Unsupported, "{state}");
    let refused = link::configure("link0", &Setup::bitrate(500_000)).expect_err("no controller");
    assert_eq!(refused.kind(), ErrorKind::Unsupported, "{refused}");
    link::delete("link0").expect("removed");
    let gone = link::find("link0").expect_err("gone");
    assert!(
        gone.to_string().contains("no CAN interface is named link0"),
        "{gone}"
    );
    assert_eq!(
        bus.recv(PATIENCE).expect_err("gone").kind(),
        ErrorKind::DeviceLost
    );
}

#[test]
fn the_two_ends_of_a_vxcan_hear_each_other() {
    link::add_vxcan("end0", "end1").expect("made");
    for end in ["end0", "end1"] {
        link::set_up(end, true).expect("set up");
    }
    let open = |end| {
        Bus::builder("socketcan")
            .option("channel", end)
            .option("fd", true)
            .open()
    };
    let (first, second) = (open("end0").expect("opens"), open("end1").expect("opens"));
    first.send(&numbered(5), PATIENCE).expect("sent");
    assert_eq!(next(&second).frame, numbered(5));
    link::delete("end0").expect("removed");
    assert!(link::find("end1").is_err(), "the other end goes with it");
}

/// A controller of the kernel's own: `slcan` over a terminal, with nobody at the other end.
struct Slcan {
    daemon: Child,
    terminal: Child,
    /// So that the terminal stays open.
    _end: std::fs::File,
}

impl Slcan {
    fn start(name: &str) -> Slcan {
        // A terminal whose other end somebody reads.
        let open = "import os,sys\nm,s=os.openpty()\nprint(os.ttyname(s),flush=True)\nwhile 1: os.read(m,999)";
        let mut terminal = Command::new("python3")
            .args(["-c", open])
            .stdout(Stdio::piped())
            .spawn()
            .expect("Python");
        let mut line = String::new();
        let output = terminal.stdout.take().expect("a pipe");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line)
            .expect("a name");
        let path = line.trim();
        let keep = std::fs::File::options()
            .read(true)
            .write(true)
            .open(path)
            .expect("a terminal");
        let attached = Command::new("slcand").args(["-F", path, name]).spawn();
        let slcan = Slcan {
            daemon: attached.expect("can-utils are there"),
            terminal,
            _end: keep,
        };
        let start = Instant::now();
        while link::find(name).is_err() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "{name} does not come"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        slcan
    }
}

impl Drop for Slcan {
    fn drop(&mut self) {
        for process in [&mut self.daemon, &mut self.terminal] {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// python-can #549: the bit rate is set by the program itself.
#[test]
fn a_controller_gets_its_bit_rate_from_the_bus() {
    let _slcan = Slcan::start("serial0");
    let before = link::find("serial0").expect("there");
    let controller = before.controller.expect("a controller");
    assert_eq!(controller.state, Some(ControllerState::Stopped));
    let open = |bitrate: i64| {
        Bus::builder("socketcan")
            .option("channel", "serial0")
            .option("bitrate", bitrate)
            .open()
    };
    let bus = open(250_000).expect("set up and opened");
    let link = link::find("serial0").expect("there");
    assert!(link.up);
    let controller = link.controller.expect("a controller");
    assert_eq!(
        controller.timing.map(|timing| timing.bitrate),
        Some(250_000)
    );
    assert_eq!(bus.error_state().expect("a controller"), ErrorState::Active);
    assert!(!bus.describe().capabilities.send_error);
    // As it is: nothing is taken down for this one.
    open(250_000).expect("opened");
    assert_eq!(bus.recv(Duration::ZERO).expect("it is still there"), None);
    let wrong = open(123_457)
        .map(|_| ())
        .expect_err("slcan has no such rate");
    assert_eq!(wrong.kind(), ErrorKind::OpenFailed);
    assert!(wrong.to_string().contains("serial0"), "{wrong}");
    let refused = link::configure("serial0", &Setup::default().with(Mode::Fd, true));
    let refused = refused.expect_err("slcan is classic");
    assert!(
        refused.to_string().contains("cannot set serial0 up"),
        "{refused}"
    );
}

#[test]
fn who_may_not_change_an_interface_is_told_what_is_missing() {
    let wire = Wire::new();
    let own = std::env::current_exe().expect("this program");
    // The same program once more, without the administrator's rights, as the helper below.
    let ran = Command::new("setpriv")
        .args(["--bounding-set=-net_admin", "--inh-caps=-net_admin"])
        .arg(own)
        .args([
            "--exact",
            "links::helper_tries_to_take_an_interface_down",
            "--ignored",
            "--nocapture",
        ])
        .env("CANBUS_TEST_LINK", &wire.name)
        .output()
        .expect("setpriv is there");
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(said.contains("CAP_NET_ADMIN"), "{said}");
    assert!(link::find(&wire.name).expect("there").up);
}

#[test]
#[ignore = "run by another test, with fewer rights"]
#[expect(clippy::print_stdout, reason = "read by the other test")]
fn helper_tries_to_take_an_interface_down() {
    let name = std::env::var("CANBUS_TEST_LINK").expect("given by the other test");
    let refused = link::set_up(&name, false).expect_err("no right to");
    println!("{refused}");
}
