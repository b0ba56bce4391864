//! Reading a datagram: tolerant of who wrote it (any order of keys, keys missing or unknown,
//! `str` or `bin`, whole numbers for times), strict about what is a CAN frame.

use crate::error::{Error, Result};
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN, MAX_FD_LEN};
use crate::message::Timestamp;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// What a datagram says. The sender's channel is not read: it names something on the sender's
/// side.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::backends::udp_multicast) struct Received {
    /// The frame.
    pub(in crate::backends::udp_multicast) frame: Frame,
    /// The sender's time, where it gave one.
    pub(in crate::backends::udp_multicast) time: Option<Timestamp>,
}

/// How deep lists and maps under unknown keys may be nested.
const MAX_DEPTH: usize = 32;

/// Reads a datagram.
///
/// CAN FD data of a length that CAN FD does not have is filled up with zero bytes to the next one,
/// as a controller does it; python-can lets such frames through.
///
/// # Errors
/// `Malformed` for what is no msgpack map, or none that describes a CAN frame.
pub(in crate::backends::udp_multicast) fn decode(datagram: &[u8]) -> Result<Received> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(datagram);
    reader.set_max_depth(MAX_DEPTH);
    let fields = Fields::deserialize(&mut reader)
        .map_err(|error| Error::malformed(format!("not a msgpack map of a CAN frame: {error}")))?;
    // The reader does not tell where it is; only at the end there is no marker to read.
    let end = <()>::deserialize(&mut reader);
    if !matches!(end, Err(rmp_serde::decode::Error::InvalidMarkerRead(_))) {
        return Err(Error::malformed("more bytes after the msgpack map"));
    }
    Ok(Received {
        frame: fields.frame()?,
        time: fields.timestamp.map(Timestamp::from_seconds),
    })
}

/// The values, where nothing is said those of python-can's `Message`.
struct Fields {
    timestamp: Option<f64>,
    arbitration_id: u32,
    extended: bool,
    remote: bool,
    error: bool,
    dlc: Option<u64>,
    data: Data,
    fd: bool,
    brs: bool,
    esi: bool,
}

impl Default for Fields {
    fn default() -> Fields {
        Fields {
            timestamp: None,
            arbitration_id: 0,
            extended: true,
            remote: false,
            error: false,
            dlc: None,
            data: Data::default(),
            fd: false,
            brs: false,
            esi: false,
        }
    }
}

impl Fields {
    fn frame(&self) -> Result<Frame> {
        self.check()?;
        let id = Id::new(self.arbitration_id, self.extended);
        let id = id.map_err(|error| Error::malformed(error.message().to_string()))?;
        let data = self.data.bytes();
        let frame = if self.error {
            Frame::error(id, data)
        } else if self.remote {
            // At most 8, as was checked.
            Frame::remote(id, self.dlc.unwrap_or(0) as u8)
        } else if self.fd {
            Frame::fd_padded(id, data, self.brs, self.esi)
        } else {
            Frame::data(id, data)
        };
        frame.map_err(|error| Error::malformed(error.message().to_string()))
    }

    /// That the fields do not contradict each other.
    fn check(&self) -> Result<()> {
        if self.remote && (self.error || self.fd) {
            let other = if self.error { "an error" } else { "a CAN FD" };
            return Err(Error::malformed(format!(
                "a frame cannot be a remote and {other} frame"
            )));
        }
        if !self.fd && (self.brs || self.esi) {
            return Err(Error::malformed(
                "bit rate switch or error state indicator on a frame that is not CAN FD",
            ));
        }
        let most = if self.fd { MAX_FD_LEN } else { MAX_CLASSIC_LEN };
        let len = self.data.bytes().len();
        match self.dlc {
            Some(dlc) if dlc > most as u64 => Err(Error::malformed(format!(
                "dlc {dlc}, but expected at most {most}"
            ))),
            Some(dlc) if !self.remote && dlc != len as u64 => Err(Error::malformed(format!(
                "dlc {dlc}, but {len} bytes of data"
            ))),
            _ => Ok(()),
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        deserializer.deserialize_any(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "timestamp" => fields.timestamp = map.next_value::<Option<Seconds>>()?.map(|s| s.0),
                "arbitration_id" => fields.arbitration_id = map.next_value()?,
                "is_extended_id" => fields.extended = map.next_value::<Flag>()?.0,
                "is_remote_frame" => fields.remote = map.next_value::<Flag>()?.0,
                "is_error_frame" => fields.error = map.next_value::<Flag>()?.0,
                "dlc" => fields.dlc = map.next_value()?,
                "data" => fields.data = map.next_value()?,
                "is_fd" => fields.fd = map.next_value::<Flag>()?.0,
                "bitrate_switch" => fields.brs = map.next_value::<Flag>()?.0,
                "error_state_indicator" => fields.esi = map.next_value::<Flag>()?.0,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(fields)
    }
}

/// A time, as a double or a whole number.
struct Seconds(f64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seconds, D::Error> {
        f64::deserialize(deserializer).map(Seconds)
    }
}

/// Yes or no, which some write as a number, and nothing for no.
struct Flag(bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Flag, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

struct FlagVisitor;

impl Visitor<'_> for FlagVisitor {
    type Value = Flag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
        Ok(Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Flag, E> {
        Ok(Flag(number != 0))
    }

    fn visit_unit<E>(self) -> Result<Flag, E> {
        Ok(Flag(false))
    }
}

/// Up to 64 bytes.
#[derive(Clone, Copy)]
struct Data {
    bytes: [u8; MAX_FD_LEN],
    len: usize,
}

impl Default for Data {
    fn default() -> Data {
        Data {
            bytes: [0; MAX_FD_LEN],
            len: 0,
        }
    }
}

impl Data {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn copied<E: de::Error>(bytes: &[u8]) -> Result<Data, E> {
        let mut data = Data::default();
        let room = data.bytes.get_mut(..bytes.len());
        let room = room.ok_or_else(|| E::custom(too_long(bytes.len())))?;
        room.copy_from_slice(bytes);
        data.len = bytes.len();
        Ok(data)
    }
}

fn too_long(len: usize) -> String {
    format!("{len} bytes of data, but expected at most {MAX_FD_LEN}")
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Data, D::Error> {
        deserializer.deserialize_any(DataVisitor)
    }
}

struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Data;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Data, E> {
        Data::copied(bytes)
    }

    /// From before msgpack had `bin`.
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Data, E> {
        Data::copied(text.as_bytes())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Data, A::Error> {
        let mut data = Data::default();
        while let Some(byte) = list.next_element::<u8>()? {
            let room = data.bytes.get_mut(data.len);
            *room.ok_or_else(|| de::Error::custom(too_long(data.len + 1)))? = byte;
            data.len += 1;
        }
        Ok(data)
    }

    fn visit_unit<E>(self) -> Result<Data, E> {
        Ok(Data::default())
    }
}
