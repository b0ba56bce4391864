//! Two controllers of another make on one wire: those that QEMU emulates (Kvaser's PCI card, an
//! SJA1000 with the kernel's own driver). They know neither bit errors nor CAN FD.

use crate::conformance::assert_conforms;
use crate::wire::{PATIENCE, next, numbered};
use canbus::conformance::{PairOptions, Subject};
use canbus::link;
use canbus::{
    Bus, Channel, Description, Driver, ErrorState, Filter, Frame, Id, Message, NativeTask, Options,
    PeriodicSpec, Result, backends,
};
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// A driver that owns up to no remote frames: QEMU 7.2 loses its place for good in what one with a
/// DLC over 0 is followed by.
struct WithoutRemoteFrames {
    driver: Box<dyn Driver>,
    description: Description,
}

impl Driver for WithoutRemoteFrames {
    fn describe(&self) -> &Description {
        &self.description
    }

    fn recv(&self, timeout: Option<Duration>) -> Result<Option<Message>> {
        self.driver.recv(timeout)
    }

    fn recv_batch(
        &self,
        out: &mut Vec<Message>,
        max: usize,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        self.driver.recv_batch(out, max, timeout)
    }

    fn send(&self, frame: &Frame, to: Option<Channel>, timeout: Option<Duration>) -> Result<()> {
        self.driver.send(frame, to, timeout)
    }

    fn send_batch(
        &self,
        frames: &[Frame],
        to: Option<Channel>,
        timeout: Option<Duration>,
    ) -> Result<usize> {
        self.driver.send_batch(frames, to, timeout)
    }

    fn close(&self) -> Result<()> {
        self.driver.close()
    }

    fn set_filters(&self, filters: &[Filter]) -> Result<bool> {
        self.driver.set_filters(filters)
    }

    fn send_periodic(&self, task: &PeriodicSpec) -> Result<Option<Box<dyn NativeTask>>> {
        self.driver.send_periodic(task)
    }

    fn dropped(&self) -> u64 {
        self.driver.dropped()
    }

    fn error_state(&self) -> Result<ErrorState> {
        self.driver.error_state()
    }

    fn readiness(&self) -> Option<BorrowedFd<'_>> {
        self.driver.readiness()
    }
}

fn open(channel: &str, options: &[(&str, String)]) -> Result<Bus> {
    let backend = backends::find("socketcan").expect("it is in the table");
    let first = [
        ("channel", channel.to_string()),
        ("bitrate", "500000".to_string()),
    ];
    let given = first.iter().chain(options);
    let given = given.map(|(name, value)| (*name, value.as_str()));
    let driver = (backend.open)(&Options::check(backend.name, backend.options, given)?)?;
    let mut description = driver.describe().clone();
    description.capabilities.remote = false;
    Ok(Bus::from_driver(Box::new(WithoutRemoteFrames {
        driver,
        description,
    })))
}

fn pair(options: &PairOptions) -> Result<(Bus, Bus)> {
    let flag = |name, on: bool| (name, on.to_string());
    let first = [flag("receive_own_messages", options.receive_own_messages)];
    let mut second = Vec::new();
    if let Some(frames) = options.queue {
        // The kernel counts bytes, and about 800 for a frame of this driver.
        second.push(("receive_buffer", (frames * 800).to_string()));
    }
    if options.listen_only {
        // The controller as it is: otherwise it would be taken down.
        let backend = backends::find("socketcan").expect("it is in the table");
        let given = [("channel", "can1"), ("listen_only", "true")];
        let options = Options::check(backend.name, backend.options, given)?;
        return Ok((
            open("can0", &first)?,
            Bus::from_driver((backend.open)(&options)?),
        ));
    }
    Ok((open("can0", &first)?, open("can1", &second)?))
}

#[test]
fn buses_over_two_emulated_pci_cards_conform() {
    assert_conforms(Subject::new("kvaser_pci", pair));
}

#[test]
fn an_emulated_pci_card_tells_its_bit_timing_and_state() {
    let (first, second) = pair(&PairOptions::default()).expect("opens");
    let link = link::find("can0").expect("there");
    let controller = link.controller.expect("a controller");
    let timing = controller.timing.expect("set");
    assert_eq!((timing.bitrate, controller.clock), (500_000, 8_000_000));
    assert_eq!(controller.data_timing, None);
    assert_eq!(first.error_state().expect("known"), ErrorState::Active);
    let id = Id::extended(0x1234_5678).expect("fits");
    for frame in [numbered(7), Frame::data(id, &[1, 2, 3]).expect("valid")] {
        first.send(&frame, PATIENCE).expect("sent");
        assert_eq!(next(&second).frame, frame);
    }
}
