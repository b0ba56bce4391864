//! The conformance suite over virtual interfaces.

use canbus::conformance::{PairOptions, Subject};
use canbus::{Bus, Result};
use std::time::Duration;

/// The interface of each subject, which every kernel here has.
fn open_pair(channel: &str, fd: bool, options: &PairOptions) -> Result<(Bus, Bus)> {
    let bus = Bus::builder("socketcan")
        .option("channel", channel)
        .option("fd", fd);
    let mut first = bus.clone();
    let mut second = bus;
    if options.receive_own_messages {
        first = first.option("receive_own_messages", true);
    }
    if options.listen_only {
        second = second.option("listen_only", true);
    }
    if let Some(frames) = options.queue {
        // The kernel counts bytes, and about 500 for a frame.
        let bytes = i64::try_from(frames * 500).expect("a small number");
        second = second.option("receive_buffer", bytes);
    }
    Ok((first.open()?, second.open()?))
}

/// Runs the suite, whose report is shown if something fails.
#[expect(clippy::print_stdout, reason = "shows what does not apply, and why")]
pub(crate) fn assert_conforms(subject: Subject) {
    let report = subject.patience(Duration::from_secs(4)).run();
    println!("{report}");
    assert!(report.failed.is_empty(), "{report}");
    assert!(report.passed.len() > 20, "{report}");
}

#[test]
fn buses_on_a_virtual_interface_conform() {
    assert_conforms(Subject::new("vcan with CAN FD", |options| {
        open_pair("vcan0", true, options)
    }));
}

#[test]
fn buses_without_fd_conform() {
    assert_conforms(Subject::new("vcan", |options| {
        open_pair("vcan1", false, options)
    }));
}
