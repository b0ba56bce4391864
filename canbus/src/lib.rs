//! The CAN-bus toolkit: adapters of many makers behind one documented behaviour, log files, replay.
//!
//! - A [`Bus`] is opened by name and shared between threads; [`backends::all`] lists the kinds and
//!   their options.
//! - A [`Frame`] is what the wire carries, a [`Message`] a frame that somebody saw.
//! - A [`Notifier`] brings messages to [`Listener`]s, a [`MessageStream`] to async programs.
//! - [`formats::open`] reads a log file, [`formats::create`] writes one; [`formats::all`] lists the
//!   formats and what each keeps.
//! - [`Replay`] gives the messages of a log at the pace at which they were recorded.
//! - [`BitTiming`] and [`BitTimingFd`] say how a bit is timed; [`bit_timing`] finds such timings.
//! - [`statistics`] tells how often and how evenly arbitration IDs come, and how full a bus is.
//! - [`config`] finds out which bus to open from files and environment, as python-can does.
//!
//! ```
//! use canbus::{Bus, Frame, Id, Notifier, formats};
//! use std::time::Duration;
//!
//! # fn main() -> canbus::Result<()> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("drive.log");
//! # const NONE: [(&str, &str); 0] = [];
//! let bus = Bus::open("virtual", "my-car")?;
//! let log = formats::create(&path, NONE)?;
//! let notifier = Notifier::builder().bus(bus).listener(log).start()?;
//!
//! let other = Bus::open("virtual", "my-car")?;
//! other.send(&Frame::data(Id::standard(0x123)?, &[1, 2, 3])?, None)?;
//! notifier.stop(Duration::from_secs(5))?;
//!
//! let messages = formats::open(&path, NONE)?.collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(messages[0].frame.payload(), [1, 2, 3]);
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `fast-deflate` (default): whole blocks are compressed by libdeflate, which needs a C compiler.
//! - `sqlite` (default): `.db` files, by an `SQLite` that is built with this crate and needs a C
//!   compiler.
//! - `serial` (default): serial ports of this machine; without it backends over serial lines reach
//!   `socket://` and `rfc2217://` only.
//! - `conformance`: the suite that every backend passes, for backends of other crates.

pub mod backends;
pub mod bit_timing;
mod bus;
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
mod deadline;
mod driver;
mod error;
mod error_cause;
mod filter;
pub mod formats;
mod frame;
pub mod link;
mod listener;
mod merge;
mod message;
pub mod modifier;
mod notifier;
mod options;
mod periodic;
mod queue;
mod replay;
mod rotate;
pub mod statistics;
mod stream;
mod transport;

pub use bit_timing::{BitTiming, BitTimingFd};
pub use bus::{Bus, BusBuilder, RedirectReader};
pub use driver::{
    Capabilities, Description, Driver, ErrorState, NativeTask, PeriodicSpec, Rate, TimestampSource,
};
pub use error::{Error, ErrorKind, Result};
pub use error_cause::ErrorCause;
pub use filter::Filter;
pub use frame::{
    Frame, Id, Kind, MAX_CLASSIC_LEN, MAX_FD_LEN, dlc_to_len, len_to_dlc, padded_fd_len,
};
pub use listener::{BufferedReader, Callback, Listener, Printer, callback};
pub use merge::MergedLogs;
pub use message::{Channel, Direction, Message, Origin, Timestamp};
pub use notifier::{ListenerId, Notifier, NotifierBuilder};
pub use options::{OptionKind, OptionSpec, Options, Value, nearest};
pub use periodic::{Histogram, PeriodicBuilder, PeriodicStats, PeriodicTask, SchedulerSettings};
pub use replay::{Replay, ReplayControl, Schedule};
pub use rotate::{
    RingLogger, RingLoggerBuilder, RingTrigger, RotatingLogger, RotatingLoggerBuilder,
};
pub use stream::MessageStream;
