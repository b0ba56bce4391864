//! The CAN-bus toolkit.

pub mod backends;
mod bus;
pub mod config;
mod deadline;
mod driver;
mod error;
mod filter;
pub mod formats;
mod frame;
mod listener;
mod message;
mod notifier;
mod options;
mod queue;
mod replay;
mod rotate;
mod stream;

pub use bus::{Bus, BusBuilder, RedirectReader};
pub use driver::{Capabilities, Description, Driver, ErrorState, TimestampSource};
pub use error::{Error, ErrorKind, Result};
pub use filter::Filter;
pub use frame::{
    Frame, Id, Kind, MAX_CLASSIC_LEN, MAX_FD_LEN, dlc_to_len, len_to_dlc, padded_fd_len,
};
pub use listener::{BufferedReader, Callback, Listener, Printer, callback};
pub use message::{Channel, Direction, Message, Timestamp};
pub use notifier::{ListenerId, Notifier, NotifierBuilder};
pub use options::{OptionKind, OptionSpec, Options, Value, nearest};
pub use replay::{Replay, ReplayStopper, Schedule};
pub use rotate::RotatingLogger;
pub use stream::MessageStream;
