//! The CAN interfaces of the Linux kernel (SocketCAN): controllers with a driver, and virtual ones.
//!
//! The kernel filters, stamps the time and counts what it had no room for; frames are taken and
//! given in batches. The backend stands in the table of every system and says that it needs Linux.

#[cfg(target_os = "linux")]
mod bus;
#[cfg(target_os = "linux")]
mod connection;
#[cfg(target_os = "linux")]
mod controller;
#[cfg(target_os = "linux")]
mod filters;
#[cfg(target_os = "linux")]
mod periodic;
#[cfg(target_os = "linux")]
mod wire;

use crate::backends::{Backend, Detected};
use crate::bit_timing::{CLASSIC_OPTIONS, FD_OPTIONS};
use crate::driver::Driver;
use crate::error::Result;
#[cfg(not(target_os = "linux"))]
use crate::error::{Error, ErrorKind};
use crate::options::{OptionKind, OptionSpec, Options};
use std::time::Duration;

/// The row of the table of backends.
pub(super) const BACKEND: Backend = Backend {
    name: "socketcan",
    summary: "the CAN interfaces of the Linux kernel: can0, vcan0",
    options: OPTIONS,
    open,
    detect: Some(detect),
};

const OPTIONS: &[OptionSpec] = &OptionSpec::joined::<{ OWN.len() + TIMING.len() }>(OWN, TIMING);

const TIMING: &[OptionSpec] = &OptionSpec::joined::<{ CLASSIC_OPTIONS.len() + FD_OPTIONS.len() }>(
    CLASSIC_OPTIONS,
    FD_OPTIONS,
);

const OWN: &[OptionSpec] = &[
    OptionSpec::new(
        "channel",
        OptionKind::Text,
        "network interface (can0, vcan0); empty for all CAN interfaces",
    )
    .or(""),
    OptionSpec::new("fd", OptionKind::Flag, "carry CAN FD frames").or("false"),
    OptionSpec::new(
        "receive_own_messages",
        OptionKind::Flag,
        "deliver sent frames to the sender too",
    )
    .or("false"),
    OptionSpec::new(
        "listen_only",
        OptionKind::Flag,
        "refuse to send; together with bitrate the controller only listens, too",
    )
    .or("false"),
    OptionSpec::new(
        "local_loopback",
        OptionKind::Flag,
        "let other programs on this machine hear what is sent",
    )
    .or("true"),
    OptionSpec::new(
        "ignore_rx_error_frames",
        OptionKind::Flag,
        "leave error frames out",
    )
    .or("false"),
    OptionSpec::new(
        "ignore_local_frames",
        OptionKind::Flag,
        "leave out what other programs on this machine send: deliver what came over the wire",
    )
    .or("false"),
    OptionSpec::new(
        "changes_of",
        OptionKind::Text,
        "arbitration IDs (123,18DAF110); data frames of these alone are delivered, and each only if \
         its length or data differ from the last one's: the kernel compares",
    )
    .or(""),
    OptionSpec::new(
        "receive_buffer",
        OptionKind::Integer {
            min: 4096,
            max: 1 << 30,
        },
        "bytes that the kernel holds for the reader, about 500 for a frame; ordinary users may get \
         less (sysctl net.core.rmem_max)",
    )
    .or("33554432"),
    OptionSpec::new(
        "bitrate",
        OptionKind::Integer {
            min: 1,
            max: u32::MAX as i64,
        },
        "bit/s; sets the controller up unless it is so already, which takes an administrator; no \
         effect on a virtual interface",
    ),
    OptionSpec::new(
        "data_bitrate",
        OptionKind::Integer {
            min: 1,
            max: u32::MAX as i64,
        },
        "bit/s of CAN FD's data phase; goes with bitrate",
    ),
    OptionSpec::new(
        "kernel_periodic",
        OptionKind::Flag,
        "let the kernel keep the time of periodic sending; the frames then come back as received \
         ones, for the kernel does not tell whose they are",
    )
    .or("false"),
    OptionSpec::new(
        "reconnect",
        OptionKind::Flag,
        "go on when the interface comes back that went down or was removed, instead of ending",
    )
    .or("false"),
];

#[cfg(target_os = "linux")]
fn open(options: &Options) -> Result<Box<dyn Driver>> {
    Ok(Box::new(bus::SocketCan::open(options)?))
}

#[cfg(not(target_os = "linux"))]
fn open(_options: &Options) -> Result<Box<dyn Driver>> {
    Err(Error::new(
        ErrorKind::BackendUnavailable,
        "socketcan: this backend needs Linux, whose kernel has the CAN interfaces",
    ))
}

#[cfg(target_os = "linux")]
fn detect(_timeout: Duration) -> Result<Vec<Detected>> {
    bus::detect()
}

/// Nothing to find on this system, which is no failure of the search.
#[cfg(not(target_os = "linux"))]
fn detect(_timeout: Duration) -> Result<Vec<Detected>> {
    Ok(Vec::new())
}
