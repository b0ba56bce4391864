//! CAN interfaces for tests: each has its own, which is gone when the test ends.

use canbus::{Bus, BusBuilder, Frame, Id, Message, link};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Long enough for what must come, on a loaded machine too.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// Long enough for what must not come.
pub(crate) const SILENCE: Duration = Duration::from_millis(80);

/// A virtual CAN interface.
pub(crate) struct Wire {
    pub(crate) name: String,
}

impl Wire {
    /// One that carries CAN FD, and is up.
    pub(crate) fn new() -> Wire {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let wire = Wire {
            name: format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed)),
        };
        wire.add();
        wire
    }

    /// Adds the interface.
    pub(crate) fn add(&self) {
        link::add_vcan(&self.name).expect("an administrator");
        self.set_up(true);
    }

    /// Removes the interface.
    pub(crate) fn remove(&self) {
        link::delete(&self.name).expect("an administrator");
    }

    /// Sets the interface up or down.
    pub(crate) fn set_up(&self, up: bool) {
        link::set_up(&self.name, up).expect("an administrator");
    }

    /// A bus on it, to be opened.
    pub(crate) fn builder(&self) -> BusBuilder {
        Bus::builder("socketcan").option("channel", self.name.as_str())
    }

    /// A bus on it, all options at their defaults.
    pub(crate) fn open(&self) -> Bus {
        self.builder().open().expect("the interface is up")
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = link::delete(&self.name);
    }
}

/// Runs `ip`, which must succeed.
pub(crate) fn ip(arguments: &[&str]) {
    let ran = Command::new("ip")
        .args(arguments)
        .output()
        .expect("ip is there");
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "ip {arguments:?}: {errors}");
}

/// A frame whose ID and data are this number.
pub(crate) fn numbered(number: u32) -> Frame {
    let id = Id::standard(number & 0x7FF).expect("fits");
    Frame::data(id, &number.to_be_bytes()).expect("valid")
}

/// The next message, which must come.
pub(crate) fn next(bus: &Bus) -> Message {
    bus.recv(PATIENCE).expect("no error").expect("a message")
}
