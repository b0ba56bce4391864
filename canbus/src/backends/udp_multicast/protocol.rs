//! Frames as datagrams: one msgpack map each, with the keys and types of python-can 4.6.1.
//!
//! The map's `dlc` counts bytes, in CAN FD frames too, so a raw DLC over 8 is not carried. Times
//! are seconds since the Unix epoch as a double.

mod read;

pub(super) use read::decode;

use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Kind};
use crate::message::{Channel, Timestamp};
use serde::Serialize;

/// The map as python-can sends it, its keys in that order.
#[derive(Serialize)]
struct Map<'a> {
    timestamp: f64,
    arbitration_id: u32,
    is_extended_id: bool,
    is_remote_frame: bool,
    is_error_frame: bool,
    channel: Option<ChannelField>,
    dlc: usize,
    #[serde(with = "serde_bytes")]
    data: &'a [u8],
    is_fd: bool,
    bitrate_switch: bool,
    error_state_indicator: bool,
}

/// A channel is a number or a text.
#[derive(Serialize)]
#[serde(untagged)]
enum ChannelField {
    Number(u32),
    Name(&'static str),
}

/// How long a datagram is, channel names of more than some bytes apart.
const USUAL_LEN: usize = 256;

/// The datagram of a frame, with the time and channel that it is said to come from.
pub(super) fn encode(frame: &Frame, time: Timestamp, channel: Option<Channel>) -> Result<Vec<u8>> {
    let (brs, esi) = match frame.kind() {
        Kind::Fd { brs, esi } => (brs, esi),
        _ => (false, false),
    };
    let channel = channel.and_then(|channel| match channel.name() {
        Some(name) => Some(ChannelField::Name(name)),
        None => channel.as_number().map(ChannelField::Number),
    });
    let map = Map {
        timestamp: time.as_seconds(),
        arbitration_id: frame.id().raw(),
        is_extended_id: frame.id().is_extended(),
        is_remote_frame: frame.is_remote(),
        is_error_frame: frame.is_error(),
        channel,
        dlc: frame.dlc_len(),
        data: frame.payload(),
        is_fd: frame.is_fd(),
        bitrate_switch: brs,
        error_state_indicator: esi,
    };
    let mut bytes = Vec::with_capacity(USUAL_LEN);
    match rmp_serde::encode::write_named(&mut bytes, &map) {
        Ok(()) => Ok(bytes),
        Err(error) => {
            let what = format!("cannot write the frame as msgpack: {error}");
            Err(Error::new(ErrorKind::OperationFailed, what))
        }
    }
}

#[cfg(test)]
mod tests;
