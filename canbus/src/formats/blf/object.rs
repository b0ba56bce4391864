//! Objects: the bytes of one to a message and back. Pure; no I/O and no state.
//!
//! All numbers are little-endian. An object begins with a header of 32 bytes (version 1) or 40
//! (version 2): signature, header size and version (u16 each), size of the object and type (u32
//! each), flags (u32), and at byte 24 the time (u64) since the file's start time.

use crate::frame::{Frame, Id, Kind, MAX_CLASSIC_LEN, MAX_FD_LEN, dlc_to_len};
use crate::message::{Channel, Direction, Message, Timestamp};

/// What an object begins with.
pub(super) const SIGNATURE: &[u8; 4] = b"LOBJ";
/// The part of the header that every object has: signature, sizes, version, type.
pub(super) const BASE_SIZE: usize = 16;
/// The largest object that [`encode`] makes.
pub(super) const LARGEST: usize = HEADER_SIZE + FD_HEAD + MAX_FD_LEN;
/// A container of other objects.
pub(super) const CONTAINER: u32 = 10;

pub(super) const CAN_MESSAGE: u32 = 1;
const CAN_ERROR: u32 = 2;
pub(super) const CAN_ERROR_EXT: u32 = 73;
pub(super) const CAN_MESSAGE2: u32 = 86;
pub(super) const CAN_FD_MESSAGE: u32 = 100;
pub(super) const CAN_FD_MESSAGE_64: u32 = 101;
const CAN_FD_ERROR_64: u32 = 104;
const GLOBAL_MARKER: u32 = 96;

/// The header in versions 1 and 3, which differ only in fields that nobody needs here.
const HEADER_SIZE: usize = 32;
/// The header in version 2.
const HEADER_SIZE_2: usize = 40;
/// No object with a frame is larger: 64 bytes of data, 40 of header, some bit timings.
const MOST_FRAME: u32 = 4096;
/// No other object is larger, or its size is taken for damage: those with text or video frames
/// have kilobytes, at most a few megabytes.
const MOST: u32 = 64 << 20;
/// Bytes before the data, by type.
const FD_HEAD: usize = 20;
const FD_64_HEAD: usize = 40;
const FD_ERROR_HEAD: usize = 44;
const ERROR_HEAD: usize = 24;
const MARKER_HEAD: usize = 40;

/// Flags of an object's header: the unit of its time is 10 µs, or 1 ns.
const TEN_MICROSECONDS: u32 = 1;
const ONE_NANOSECOND: u32 = 2;
/// Of an identifier: it has 29 bits.
const EXTENDED: u32 = 1 << 31;
/// Of the types 1, 86 and 100.
const TX: u8 = 0x01;
const REMOTE: u8 = 0x80;
/// Of the FD flags of type 100.
const FDF: u8 = 1;
const BRS: u8 = 2;
const ESI: u8 = 4;
/// Of the flags of type 101.
const REMOTE_64: u32 = 0x10;
const FDF_64: u32 = 0x1000;
const BRS_64: u32 = 0x2000;
const ESI_64: u32 = 0x4000;
/// Of the extended error code of types 73 and 104: the node was sending. Nobody else reads it
/// unless another flag says that the code is valid, so it does no harm where it is alone.
const ERROR_TX: u16 = 0x1000;

/// The beginning of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) header_size: u16,
    pub(super) header_version: u16,
    pub(super) size: u32,
    pub(super) kind: u32,
}

impl Base {
    /// Reads it; `None` where the signature is missing.
    #[inline]
    pub(super) fn parse(bytes: &[u8; BASE_SIZE]) -> Option<Base> {
        bytes.starts_with(SIGNATURE).then(|| Base {
            header_size: u16::from_le_bytes(field(bytes, 4)),
            header_version: u16::from_le_bytes(field(bytes, 6)),
            size: u32::from_le_bytes(field(bytes, 8)),
            kind: u32::from_le_bytes(field(bytes, 12)),
        })
    }

    /// Whether the object holds a frame, in a form that is known.
    #[inline]
    pub(super) fn has_frame(self) -> bool {
        let frame = matches!(
            self.kind,
            CAN_MESSAGE
                | CAN_MESSAGE2
                | CAN_FD_MESSAGE
                | CAN_FD_MESSAGE_64
                | CAN_ERROR_EXT
                | CAN_ERROR
                | CAN_FD_ERROR_64
        );
        frame && matches!(self.header_version, 1..=3)
    }

    /// Whether an object can be so; else the numbers are damaged. A container's size is not
    /// looked at but for its least.
    #[inline]
    pub(super) fn is_plausible(self) -> bool {
        let least = if self.has_frame() {
            self.least_header() as u32
        } else {
            BASE_SIZE as u32
        };
        let most = match self.kind {
            CONTAINER => u32::MAX,
            _ if self.has_frame() => MOST_FRAME,
            _ => MOST,
        };
        let header = u32::from(self.header_size);
        least <= header && header <= self.size && self.size <= most
    }

    fn least_header(self) -> usize {
        match self.header_version {
            2 => HEADER_SIZE_2,
            _ => HEADER_SIZE,
        }
    }
}

/// `N` bytes from `at` on; zeros where they are missing.
#[inline]
pub(super) fn field<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    found.copied().unwrap_or([0; N])
}

/// The message in an object that [has a frame](Base::has_frame); `start` is the file's start
/// time in nanoseconds.
///
/// # Errors
/// What is wrong with it.
#[inline]
pub(super) fn decode(object: &[u8], base: Base, start: i64) -> Result<Message, &'static str> {
    let body = object
        .get(usize::from(base.header_size)..)
        .unwrap_or_default();
    let timestamp = timestamp(object, start);
    if matches!(base.kind, CAN_MESSAGE | CAN_MESSAGE2) {
        return classic(body, timestamp);
    }
    rare(object, body, base, timestamp)
}

/// The message in an object of another type than that of most.
fn rare(
    object: &[u8],
    body: Body<'_>,
    base: Base,
    timestamp: Timestamp,
) -> Result<Message, &'static str> {
    let parts = match base.kind {
        CAN_FD_MESSAGE => fd(body),
        CAN_FD_MESSAGE_64 => fd_64(object, body),
        CAN_ERROR_EXT => error_ext(body),
        CAN_FD_ERROR_64 => fd_error_64(object, body),
        _ => error(body),
    };
    let Parts {
        channel,
        direction,
        frame,
    } = parts?;
    Ok(Message {
        frame,
        timestamp,
        channel: counted_channel(channel),
        direction,
    })
}

/// Channels are counted from 1 in the file; 0 is "unknown".
#[inline]
fn counted_channel(channel: u16) -> Option<Channel> {
    channel.checked_sub(1).map(|n| Channel::number(n.into()))
}

/// What an object says but the time.
struct Parts {
    channel: u16,
    direction: Direction,
    frame: Frame,
}

type Body<'a> = &'a [u8];
const SHORT: &str = "it is too short for its type";
const DLC: &str = "its DLC is over 15";
const MOST_DLC: u8 = 15;

#[inline]
pub(super) fn timestamp(object: &[u8], start: i64) -> Timestamp {
    let flags = u32::from_le_bytes(field(object, 16));
    let time = u64::from_le_bytes(field(object, 24));
    let ten_microseconds = flags & (TEN_MICROSECONDS | ONE_NANOSECOND) == TEN_MICROSECONDS;
    let nanos = if ten_microseconds {
        time.saturating_mul(10_000)
    } else {
        time
    };
    Timestamp::from_nanos(start.saturating_add_unsigned(nanos))
}

/// Channel (u16), flags, DLC, identifier, 8 bytes; type 86 has more behind them.
#[inline]
fn classic(body: Body<'_>, timestamp: Timestamp) -> Result<Message, &'static str> {
    let &[
        c0,
        c1,
        flags,
        dlc,
        i0,
        i1,
        i2,
        i3,
        d0,
        d1,
        d2,
        d3,
        d4,
        d5,
        d6,
        d7,
    ] = body.first_chunk::<16>().ok_or(SHORT)?;
    let id = id(u32::from_le_bytes([i0, i1, i2, i3]))?;
    if dlc > MOST_DLC {
        return Err(DLC);
    }
    // Made where it is wanted: to copy a message takes as long as to read it.
    Ok(Message {
        frame: Frame::classic_on_wire(
            id,
            flags & REMOTE != 0,
            dlc,
            [d0, d1, d2, d3, d4, d5, d6, d7],
        ),
        timestamp,
        channel: counted_channel(u16::from_le_bytes([c0, c1])),
        direction: direction(flags & TX != 0),
    })
}

/// Channel (u16), flags, DLC, identifier, duration (u32), bit count, FD flags, valid bytes, 5
/// reserved, 64 bytes.
fn fd(body: Body<'_>) -> Result<Parts, &'static str> {
    let (head, data) = body.split_first_chunk::<FD_HEAD>().ok_or(SHORT)?;
    let (flags, fd_flags) = (head[2], head[13]);
    let kind = Flags {
        fd: fd_flags & FDF != 0,
        brs: fd_flags & BRS != 0,
        esi: fd_flags & ESI != 0,
        remote: flags & REMOTE != 0,
    };
    let id = id(u32::from_le_bytes(field(head, 4)))?;
    Ok(Parts {
        channel: u16::from_le_bytes(field(head, 0)),
        direction: direction(flags & TX != 0),
        frame: any_frame(id, kind, head[3], stored(data, head[14]))?,
    })
}

/// Channel (u8), DLC, valid bytes, attempts, identifier, duration (u32), flags (u32), four times
/// and rates (u32), bit count (u16), direction, offset of further data, CRC (u32), the valid
/// bytes.
fn fd_64(object: &[u8], body: Body<'_>) -> Result<Parts, &'static str> {
    let head = body.first_chunk::<FD_64_HEAD>().ok_or(SHORT)?;
    let flags = u32::from_le_bytes(field(head, 12));
    let kind = Flags {
        fd: flags & FDF_64 != 0,
        brs: flags & BRS_64 != 0,
        esi: flags & ESI_64 != 0,
        remote: flags & REMOTE_64 != 0,
    };
    let id = id(u32::from_le_bytes(field(head, 4)))?;
    let data = stored(
        before_extension(object, body, FD_64_HEAD, head[35]),
        head[2],
    );
    Ok(Parts {
        channel: head[0].into(),
        // 1 is sent, 2 is asked to be sent.
        direction: direction(head[34] != 0),
        frame: any_frame(id, kind, head[1], data)?,
    })
}

/// Channel (u16), length (u16). It says no more than that there was an error.
fn error(body: Body<'_>) -> Result<Parts, &'static str> {
    let &[c0, c1, ..] = body.first_chunk::<4>().ok_or(SHORT)?;
    error_parts(u16::from_le_bytes([c0, c1]), 0, 0, &[])
}

/// Channel (u16), length (u16), flags (u32), error code, position, DLC, reserved, duration
/// (u32), identifier, extended error code (u16), reserved (u16), 8 bytes.
fn error_ext(body: Body<'_>) -> Result<Parts, &'static str> {
    let (head, data) = body.split_first_chunk::<ERROR_HEAD>().ok_or(SHORT)?;
    error_parts(
        u16::from_le_bytes(field(head, 0)),
        u32::from_le_bytes(field(head, 16)),
        u16::from_le_bytes(field(head, 20)),
        // The upper half of the byte is reserved.
        stored(data, head[10] & 0x0F),
    )
}

/// Channel (u8), DLC, valid bytes, error code, flags (u16), extended error code (u16), FD flags
/// (u16), offset of further data, reserved, identifier, and times up to byte 44; the valid
/// bytes.
fn fd_error_64(object: &[u8], body: Body<'_>) -> Result<Parts, &'static str> {
    let head = body.first_chunk::<FD_ERROR_HEAD>().ok_or(SHORT)?;
    error_parts(
        head[0].into(),
        u32::from_le_bytes(field(head, 12)),
        u16::from_le_bytes(field(head, 6)),
        stored(
            before_extension(object, body, FD_ERROR_HEAD, head[10]),
            head[2],
        ),
    )
}

/// An error frame with what is known of the frame that it hit. Of the data of an FD frame the
/// first 8 bytes fit.
fn error_parts(channel: u16, raw: u32, code: u16, data: &[u8]) -> Result<Parts, &'static str> {
    let value = raw & Id::MAX_EXTENDED;
    // The frame was cut short, so that its width may be wrong where its bits are not.
    let extended = raw & EXTENDED != 0 || value > Id::MAX_STANDARD;
    let id = Id::new(value, extended).map_err(|_| "its identifier is out of range")?;
    let data = &data[..data.len().min(MAX_CLASSIC_LEN)];
    Ok(Parts {
        channel,
        direction: direction(code & ERROR_TX != 0),
        frame: Frame::error(id, data).map_err(|_| "its data are too long")?,
    })
}

/// The data between a head and the further data, whose offset counts from the object's
/// beginning and is 0 where there are none.
fn before_extension<'a>(object: &[u8], body: Body<'a>, head: usize, offset: u8) -> &'a [u8] {
    let before = object.len() - body.len() + head;
    let end = match usize::from(offset) {
        0 => body.len(),
        offset => body.len().min(head + offset.saturating_sub(before)),
    };
    body.get(head..end).unwrap_or_default()
}

/// As many data bytes as are valid and there.
fn stored(data: &[u8], valid: u8) -> &[u8] {
    &data[..data.len().min(valid.into())]
}

#[inline]
fn direction(tx: bool) -> Direction {
    if tx { Direction::Tx } else { Direction::Rx }
}

#[inline]
fn id(raw: u32) -> Result<Id, &'static str> {
    Id::new(raw & Id::MAX_EXTENDED, raw & EXTENDED != 0)
        .map_err(|_| "its standard identifier has more than 11 bits")
}

#[derive(Clone, Copy)]
struct Flags {
    fd: bool,
    brs: bool,
    esi: bool,
    remote: bool,
}

/// A frame of any kind; data that the DLC speaks of and that are not stored are zero.
fn any_frame(id: Id, flags: Flags, dlc: u8, stored: &[u8]) -> Result<Frame, &'static str> {
    let mut data = [0; MAX_FD_LEN];
    let count = stored.len().min(MAX_FD_LEN);
    data[..count].copy_from_slice(&stored[..count]);
    if dlc > MOST_DLC {
        return Err(DLC);
    }
    if !flags.fd {
        return Ok(Frame::classic_on_wire(
            id,
            flags.remote,
            dlc,
            field(&data, 0),
        ));
    }
    let len = dlc_to_len(dlc).ok_or(DLC)?;
    Frame::fd(id, &data[..len], flags.brs, flags.esi).map_err(|_| "its length is invalid")
}

/// Appends the object of a message; `channel` counts from 1, `time` is in nanoseconds since the
/// file's start time.
#[inline]
pub(super) fn encode(message: &Message, channel: u16, time: u64, out: &mut Vec<u8>) {
    let frame = &message.frame;
    let tx = message.direction == Direction::Tx;
    let id = frame.id().raw()
        | if frame.id().is_extended() {
            EXTENDED
        } else {
            0
        };
    let mut flags = if tx { TX } else { 0 };
    match frame.kind() {
        Kind::Fd { brs, esi } => {
            let mut body = [0; FD_HEAD + MAX_FD_LEN];
            body[..2].copy_from_slice(&channel.to_le_bytes());
            body[2] = flags;
            body[3] = frame.dlc();
            body[4..8].copy_from_slice(&id.to_le_bytes());
            body[13] = FDF | if brs { BRS } else { 0 } | if esi { ESI } else { 0 };
            body[14] = frame.len() as u8;
            body[FD_HEAD..][..frame.len()].copy_from_slice(frame.payload());
            put(CAN_FD_MESSAGE, time, &body, out);
        }
        Kind::Error => {
            let mut body = [0; ERROR_HEAD + MAX_CLASSIC_LEN];
            body[..2].copy_from_slice(&channel.to_le_bytes());
            body[10] = frame.dlc();
            body[16..20].copy_from_slice(&id.to_le_bytes());
            let code = if tx { ERROR_TX } else { 0 };
            body[20..22].copy_from_slice(&code.to_le_bytes());
            body[ERROR_HEAD..][..frame.len()].copy_from_slice(frame.payload());
            put(CAN_ERROR_EXT, time, &body, out);
        }
        kind => {
            if kind == Kind::Remote {
                flags |= REMOTE;
            }
            let mut body = [0; 16];
            body[..2].copy_from_slice(&channel.to_le_bytes());
            body[2] = flags;
            body[3] = frame.dlc();
            body[4..8].copy_from_slice(&id.to_le_bytes());
            body[8..][..frame.len()].copy_from_slice(frame.payload());
            put(CAN_MESSAGE, time, &body, out);
        }
    }
}

/// Appends a remark as a global marker: type of the event that it comments (u32, none), colour of
/// text and background (u32 each), whether it can be moved, reserved (3), the lengths of the
/// group's name, of the marker's and of the description (u32 each), reserved (12), and the three
/// texts. Vector's tools show the marker's name.
pub(super) fn encode_marker(text: &str, time: u64, out: &mut Vec<u8>) {
    const GROUP: &[u8] = b"canbus";
    const BLACK: u32 = 0;
    const WHITE: u32 = 0x00FF_FFFF;
    let mut body = vec![0; MARKER_HEAD];
    body[4..8].copy_from_slice(&BLACK.to_le_bytes());
    body[8..12].copy_from_slice(&WHITE.to_le_bytes());
    body[16..20].copy_from_slice(&(GROUP.len() as u32).to_le_bytes());
    body[20..24].copy_from_slice(&(text.len() as u32).to_le_bytes());
    body.extend_from_slice(GROUP);
    body.extend_from_slice(text.as_bytes());
    put(GLOBAL_MARKER, time, &body, out);
    let padding = padding((HEADER_SIZE + body.len()) as u32);
    out.resize(out.len() + padding, 0);
}

/// The zero bytes behind an object of this size. An odd rule, but the one by which files are
/// written and read: not up to the next multiple of 4, but the remainder.
pub(super) fn padding(size: u32) -> usize {
    (size % 4) as usize
}

/// Appends an object with a header of version 1. The bodies of all frames here are multiples of 4 bytes long,
/// so that no padding follows.
#[inline]
fn put(kind: u32, time: u64, body: &[u8], out: &mut Vec<u8>) {
    let mut header = [0; HEADER_SIZE];
    header[..4].copy_from_slice(SIGNATURE);
    header[4..6].copy_from_slice(&(HEADER_SIZE as u16).to_le_bytes());
    header[6..8].copy_from_slice(&1_u16.to_le_bytes());
    header[8..12].copy_from_slice(&((HEADER_SIZE + body.len()) as u32).to_le_bytes());
    header[12..16].copy_from_slice(&kind.to_le_bytes());
    header[16..20].copy_from_slice(&ONE_NANOSECOND.to_le_bytes());
    header[24..32].copy_from_slice(&time.to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(body);
}

#[cfg(test)]
mod tests;
