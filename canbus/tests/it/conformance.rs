//! The conformance suite over every backend of the table that can be opened as a pair.

use crate::peers::lawicel::{Manners, joined_adapters};
use crate::peers::serial_adapters::{Adapter, Analyzer, NullModem, Robotell, joined};
use canbus::conformance::{PairOptions, Subject};
use canbus::{Bus, BusBuilder, Result, backends};
use std::sync::atomic::{AtomicU32, Ordering};

/// Backends that do not appear below, each with the reason.
const WITHOUT_A_PAIR: &[(&str, &str)] = &[
    (
        "simulated",
        "each bus is a vehicle of its own that never falls silent; its tests stand beside it",
    ),
    (
        "socketcan",
        "needs a kernel with CAN: `cargo xtask test kernel` boots one for tests/kernel",
    ),
];

/// The backends that are tested here.
const PAIRS: &[&str] = &[
    "robotell",
    "seeedstudio",
    "serial",
    "slcan",
    "udp_multicast",
    "virtual",
];

/// A number that no other pair of this process has.
fn unique() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Opens both ends of a pair over `bus` as the suite wants them.
fn open_both(bus: &BusBuilder, options: &PairOptions, queue_option: &str) -> Result<(Bus, Bus)> {
    open_both_ends([bus.clone(), bus.clone()], options, queue_option)
}

/// The same where the ends have different names.
fn open_both_ends(
    [mut first, mut second]: [BusBuilder; 2],
    options: &PairOptions,
    queue_option: &str,
) -> Result<(Bus, Bus)> {
    if options.receive_own_messages {
        first = first.option("receive_own_messages", true);
    }
    if options.listen_only {
        second = second.option("listen_only", true);
    }
    if let Some(frames) = options.queue {
        second = second.option(queue_option, i64::try_from(frames).expect("a small number"));
    }
    Ok((first.open()?, second.open()?))
}

#[expect(clippy::print_stdout, reason = "shows what does not apply, and why")]
fn assert_conforms(subject: &Subject) {
    let report = subject.run();
    println!("{report}");
    assert!(report.failed.is_empty(), "{report}");
    assert!(report.passed.len() > 20, "{report}");
}

fn virtual_pair(options: &PairOptions) -> Result<(Bus, Bus)> {
    let bus = Bus::builder("virtual").option("channel", format!("conformance-{}", unique()));
    open_both(&bus, options, "rx_queue_size")
}

#[test]
fn virtual_buses_conform() {
    assert_conforms(&Subject::new("virtual", virtual_pair));
}

#[test]
fn virtual_buses_without_fd_conform() {
    fn pair(options: &PairOptions) -> Result<(Bus, Bus)> {
        let bus = Bus::builder("virtual")
            .option("channel", format!("conformance-{}", unique()))
            .option("fd", false);
        open_both(&bus, options, "rx_queue_size")
    }
    assert_conforms(&Subject::new("virtual without CAN FD", pair));
}

/// On loopback, each pair in a group of its own, so that no other test and no other process hears
/// it.
fn udp_multicast_pair(options: &PairOptions) -> Result<(Bus, Bus)> {
    let number = unique();
    let process = std::process::id();
    let group = format!(
        "239.{}.{}.{}",
        1 + process % 250,
        process / 250 % 250,
        number % 250
    );
    let bus = Bus::builder("udp_multicast")
        .option("channel", group)
        .option("port", i64::from(20_000 + process % 10_000))
        .option("network_interface", "127.0.0.1");
    // The system counts bytes, and about a thousand for a frame.
    let mut options_in_bytes = *options;
    options_in_bytes.queue = options.queue.map(|frames| frames * 1_000);
    open_both(&bus, &options_in_bytes, "receive_buffer")
}

#[test]
fn udp_multicast_buses_conform() {
    assert_conforms(&Subject::new("udp_multicast", udp_multicast_pair));
}

/// Two buses of this backend, each with an adapter on a line of its own.
fn lines(
    backend: &str,
    adapters: [Box<dyn Adapter>; 2],
    options: &PairOptions,
) -> Result<(Bus, Bus)> {
    let ends = joined(adapters).map(|name| Bus::builder(backend).option("channel", name));
    open_both_ends(ends, options, "rx_queue_size")
}

fn serial_pair(options: &PairOptions) -> Result<(Bus, Bus)> {
    lines(
        "serial",
        [Box::new(NullModem), Box::new(NullModem)],
        options,
    )
}

#[test]
fn serial_buses_conform() {
    assert_conforms(&Subject::new("serial", serial_pair));
}

fn robotell_pair(options: &PairOptions) -> Result<(Bus, Bus)> {
    let adapters: [Box<dyn Adapter>; 2] = [Box::<Robotell>::default(), Box::<Robotell>::default()];
    lines("robotell", adapters, options)
}

#[test]
fn robotell_buses_conform() {
    assert_conforms(&Subject::new("robotell", robotell_pair));
}

fn seeedstudio_pair(options: &PairOptions) -> Result<(Bus, Bus)> {
    let adapters: [Box<dyn Adapter>; 2] = [Box::<Analyzer>::default(), Box::<Analyzer>::default()];
    lines("seeedstudio", adapters, options)
}

#[test]
fn seeedstudio_buses_conform() {
    assert_conforms(&Subject::new("seeedstudio", seeedstudio_pair));
}

fn slcan_pair(options: &PairOptions, fd: bool) -> Result<(Bus, Bus)> {
    let [first, second] = joined_adapters(Manners::Lawicel).names.map(|channel| {
        Bus::builder("slcan")
            .option("channel", channel)
            .option("bitrate", 500_000)
            .option("fd", fd)
    });
    open_both_ends([first, second], options, "rx_queue_size")
}

#[test]
fn slcan_buses_conform() {
    assert_conforms(&Subject::new("slcan", |options| slcan_pair(options, false)));
}

#[test]
fn slcan_buses_with_fd_conform() {
    assert_conforms(&Subject::new("slcan with CAN FD", |options| {
        slcan_pair(options, true)
    }));
}

#[test]
fn every_backend_has_a_pair_or_a_reason() {
    for backend in backends::all() {
        let paired = PAIRS.contains(&backend.name);
        let excused = WITHOUT_A_PAIR.iter().any(|(name, _)| *name == backend.name);
        assert!(
            paired != excused,
            "{}: a pair, or a reason for none",
            backend.name
        );
    }
}
