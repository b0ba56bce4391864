//! The CAN-bus toolkit.

pub mod config;
mod error;
mod filter;
mod frame;
mod message;
mod options;

pub use error::{Error, ErrorKind, Result};
pub use filter::Filter;
pub use frame::{
    Frame, Id, Kind, MAX_CLASSIC_LEN, MAX_FD_LEN, dlc_to_len, len_to_dlc, padded_fd_len,
};
pub use message::{Channel, Direction, Message, Timestamp};
pub use options::{OptionKind, OptionSpec, Options, Value};
