//! What travels on the wire: a frame with its identifier, kind, DLC and data.
//!
//! A [`Frame`] is valid by construction: an identifier fits its width, a classic frame carries at
//! most 8 bytes, a CAN FD frame one of the sixteen lengths of ISO 11898-1, a remote frame a DLC
//! and no data.

mod dlc;
mod id;

pub use dlc::{dlc_to_len, len_to_dlc, padded_fd_len};
pub use id::Id;

use crate::error::{Error, Result};
use std::fmt;

/// The most data bytes of a classic CAN frame.
pub const MAX_CLASSIC_LEN: usize = 8;
/// The most data bytes of a CAN FD frame.
pub const MAX_FD_LEN: usize = 64;

/// What sort of frame it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A classic data frame (ISO 11898-1 CBFF or CEFF).
    Data,
    /// A classic remote frame (RTR): asks for data, carries a DLC and no data.
    Remote,
    /// A CAN FD frame (FDF set).
    Fd {
        /// Bit rate switch (BRS): the data phase ran at the data bit rate.
        brs: bool,
        /// Error state indicator (ESI): the sender was error-passive.
        esi: bool,
    },
    /// An error frame: what a controller reports about the bus. Its identifier and data hold the
    /// cause in the form of Linux's `linux/can/error.h` where the backend or file knows it.
    Error,
}

/// One CAN frame.
///
/// ```
/// use canbus::{Frame, Id, Kind};
/// # fn main() -> canbus::Result<()> {
/// let frame = Frame::data(Id::standard(0x123)?, &[1, 2, 3])?;
/// assert_eq!((frame.dlc(), frame.payload()), (3, &[1, 2, 3][..]));
///
/// let fd = Frame::fd(Id::extended(0x18FF_50E5)?, &[0; 12], true, false)?;
/// assert_eq!((fd.dlc(), fd.len()), (9, 12));
/// assert_eq!(fd.kind(), Kind::Fd { brs: true, esi: false });
///
/// assert!(Frame::data(Id::standard(1)?, &[0; 9]).is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Frame {
    id: Id,
    kind: Kind,
    /// Bytes of `data` in use.
    len: u8,
    /// The 4-bit code as it stands on the wire.
    dlc: u8,
    data: [u8; MAX_FD_LEN],
}

impl Frame {
    /// A classic data frame.
    ///
    /// # Errors
    /// `InvalidInput` for more than 8 bytes.
    pub fn data(id: Id, data: &[u8]) -> Result<Frame> {
        Frame::classic(id, Kind::Data, data)
    }

    /// A remote frame that asks for `dlc` bytes.
    ///
    /// # Errors
    /// `InvalidInput` for a DLC over 8.
    pub fn remote(id: Id, dlc: u8) -> Result<Frame> {
        if usize::from(dlc) > MAX_CLASSIC_LEN {
            return Err(Error::invalid(format!(
                "a remote frame's DLC is 0 to 8, not {dlc}"
            )));
        }
        Ok(Frame {
            dlc,
            ..Frame::new(id, Kind::Remote, &[])
        })
    }

    /// A CAN FD frame; `brs` is the bit rate switch, `esi` the error state indicator.
    ///
    /// # Errors
    /// `InvalidInput` for a length that CAN FD does not have (0–8, 12, 16, 20, 24, 32, 48, 64);
    /// see [`Frame::fd_padded`].
    pub fn fd(id: Id, data: &[u8], brs: bool, esi: bool) -> Result<Frame> {
        let dlc = len_to_dlc(data.len()).ok_or_else(|| {
            Error::invalid(format!(
                "a CAN FD frame has 0-8, 12, 16, 20, 24, 32, 48 or 64 bytes, not {}",
                data.len()
            ))
        })?;
        Ok(Frame {
            dlc,
            ..Frame::new(id, Kind::Fd { brs, esi }, data)
        })
    }

    /// A CAN FD frame whose data is filled up with zero bytes to the next length that CAN FD has.
    ///
    /// # Errors
    /// `InvalidInput` for more than 64 bytes.
    pub fn fd_padded(id: Id, data: &[u8], brs: bool, esi: bool) -> Result<Frame> {
        let len = padded_fd_len(data.len()).ok_or_else(|| {
            Error::invalid(format!(
                "a CAN FD frame has at most 64 bytes, not {}",
                data.len()
            ))
        })?;
        let mut padded = [0; MAX_FD_LEN];
        padded[..data.len()].copy_from_slice(data);
        Frame::fd(id, &padded[..len], brs, esi)
    }

    /// An error frame with up to 8 bytes of cause.
    ///
    /// # Errors
    /// `InvalidInput` for more than 8 bytes.
    pub fn error(id: Id, data: &[u8]) -> Result<Frame> {
        Frame::classic(id, Kind::Error, data)
    }

    /// The same frame with a raw DLC of 9 to 15 and 8 bytes of data.
    ///
    /// Classic CAN allows such codes on the wire and means 8 bytes by each (ISO 11898-1; Linux
    /// calls the code `len8_dlc`).
    ///
    /// # Errors
    /// `InvalidInput` unless it is a classic data frame of 8 bytes or a remote frame of DLC 8, and
    /// `dlc` is 8 to 15.
    pub fn with_raw_dlc(self, dlc: u8) -> Result<Frame> {
        let classic = matches!(self.kind, Kind::Data | Kind::Remote);
        if !classic || usize::from(self.dlc) < MAX_CLASSIC_LEN || !(8..=15).contains(&dlc) {
            return Err(Error::invalid(format!(
                "a raw DLC of {dlc} needs a classic frame of 8 bytes and a code of 8 to 15"
            )));
        }
        Ok(Frame { dlc, ..self })
    }

    /// The same frame under another identifier.
    #[must_use]
    pub fn with_id(self, id: Id) -> Frame {
        Frame { id, ..self }
    }

    fn classic(id: Id, kind: Kind, data: &[u8]) -> Result<Frame> {
        if data.len() > MAX_CLASSIC_LEN {
            return Err(Error::invalid(format!(
                "a classic CAN frame has at most 8 bytes, not {}",
                data.len()
            )));
        }
        Ok(Frame::new(id, kind, data))
    }

    /// A classic frame as the wire carries it: a DLC of 0 to 15, of which 9 to 15 mean 8 bytes too,
    /// and for a data frame as many of the bytes. The upper half of `dlc` is not looked at.
    ///
    /// It has no way to fail, so that readers of logs make frames where they are wanted.
    #[inline]
    pub(crate) fn classic_on_wire(id: Id, remote: bool, dlc: u8, data: [u8; 8]) -> Frame {
        let dlc = dlc & 0x0F;
        let (kind, len) = if remote {
            (Kind::Remote, 0)
        } else {
            (Kind::Data, dlc.min(MAX_CLASSIC_LEN as u8))
        };
        let mut bytes = [0; MAX_FD_LEN];
        bytes[..MAX_CLASSIC_LEN].copy_from_slice(&first_bytes(data, len));
        Frame {
            id,
            kind,
            len,
            dlc,
            data: bytes,
        }
    }

    /// For callers that have checked the length: at most 64.
    fn new(id: Id, kind: Kind, data: &[u8]) -> Frame {
        let mut bytes = [0; MAX_FD_LEN];
        bytes[..data.len()].copy_from_slice(data);
        Frame {
            id,
            kind,
            len: data.len() as u8,
            dlc: data.len() as u8,
            data: bytes,
        }
    }

    /// The arbitration ID.
    pub fn id(&self) -> Id {
        self.id
    }

    /// What sort of frame it is, with the flags of CAN FD.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The data length code as it stands on the wire, 0 to 15.
    pub fn dlc(&self) -> u8 {
        self.dlc
    }

    /// The number of data bytes that the frame carries; 0 for a remote frame.
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// Whether the frame carries no data bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of bytes that the DLC speaks of: that of the data, or for a remote frame that
    /// which it asks for.
    pub fn dlc_len(&self) -> usize {
        match self.kind {
            Kind::Fd { .. } => self.len(),
            _ => usize::from(self.dlc).min(MAX_CLASSIC_LEN),
        }
    }

    /// The data bytes.
    pub fn payload(&self) -> &[u8] {
        &self.data[..usize::from(self.len)]
    }

    /// The data bytes, to change in place; their number stays.
    pub fn payload_mut(&mut self) -> &mut [u8] {
        &mut self.data[..usize::from(self.len)]
    }

    /// Whether it is a remote frame.
    pub fn is_remote(&self) -> bool {
        self.kind == Kind::Remote
    }

    /// Whether it is an error frame.
    pub fn is_error(&self) -> bool {
        self.kind == Kind::Error
    }

    /// Whether it is a CAN FD frame.
    pub fn is_fd(&self) -> bool {
        matches!(self.kind, Kind::Fd { .. })
    }
}

/// The first bytes, at most 8; zeros behind them.
#[inline]
fn first_bytes(data: [u8; 8], len: u8) -> [u8; 8] {
    let mask = u64::MAX.checked_shr(64 - 8 * u32::from(len)).unwrap_or(0);
    (u64::from_le_bytes(data) & mask).to_le_bytes()
}

impl PartialEq for Frame {
    fn eq(&self, other: &Frame) -> bool {
        self.id == other.id
            && self.kind == other.kind
            && self.dlc == other.dlc
            && self.payload() == other.payload()
    }
}

impl Eq for Frame {}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Frame({} {:?} dlc {} {:02x?})",
            self.id,
            self.kind,
            self.dlc,
            self.payload()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> Id {
        Id::standard(0x123).expect("fits")
    }

    #[test]
    fn a_classic_frame_carries_at_most_8_bytes() {
        for len in 0..=8 {
            let frame = Frame::data(id(), &[7; 8][..len]).expect("valid");
            assert_eq!((frame.len(), usize::from(frame.dlc())), (len, len));
            assert_eq!(frame.is_empty(), len == 0);
            assert_eq!(frame.payload(), &[7; 8][..len]);
        }
        assert!(Frame::data(id(), &[0; 9]).is_err());
        assert!(Frame::error(id(), &[0; 9]).is_err());
    }

    #[test]
    fn a_remote_frame_has_a_dlc_and_no_data() {
        let frame = Frame::remote(id(), 5).expect("valid");
        assert_eq!((frame.dlc(), frame.len(), frame.dlc_len()), (5, 0, 5));
        assert!(frame.is_remote() && !frame.is_error() && !frame.is_fd());
        assert!(Frame::remote(id(), 8).is_ok());
        assert!(Frame::remote(id(), 9).is_err());
    }

    #[test]
    fn a_frame_from_the_wire_is_what_the_checked_constructors_make() {
        let data = [1, 2, 3, 4, 5, 6, 7, 8];
        for dlc in 0..=15 {
            let len = dlc.min(8);
            let raw = |frame: Frame| match dlc {
                9.. => frame.with_raw_dlc(dlc).expect("valid"),
                _ => frame,
            };
            let wanted = raw(Frame::data(id(), &data[..usize::from(len)]).expect("valid"));
            let frame = Frame::classic_on_wire(id(), false, dlc, data);
            assert_eq!(frame, wanted);
            // Nothing is left of what does not belong to it.
            assert_eq!(frame.data, wanted.data);
            let wanted = raw(Frame::remote(id(), len).expect("valid"));
            let frame = Frame::classic_on_wire(id(), true, dlc, data);
            assert_eq!((frame, frame.data), (wanted, [0; 64]));
        }
    }

    #[test]
    fn an_fd_frame_has_one_of_sixteen_lengths() {
        let valid: Vec<usize> = (0..=70)
            .filter(|&len| Frame::fd(id(), &[0; 70][..len], false, false).is_ok())
            .collect();
        assert_eq!(
            valid,
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 20, 24, 32, 48, 64]
        );
        let frame = Frame::fd(id(), &[1; 48], true, true).expect("valid");
        assert_eq!((frame.dlc(), frame.dlc_len()), (14, 48));
        assert_eq!(
            frame.kind(),
            Kind::Fd {
                brs: true,
                esi: true
            }
        );
        assert!(frame.is_fd());
    }

    #[test]
    fn padding_fills_with_zeros_to_the_next_fd_length() {
        let frame = Frame::fd_padded(id(), &[9; 13], false, true).expect("valid");
        assert_eq!(frame.len(), 16);
        assert_eq!(&frame.payload()[..13], &[9; 13]);
        assert_eq!(&frame.payload()[13..], &[0; 3]);
        assert!(Frame::fd_padded(id(), &[0; 65], false, false).is_err());
    }

    #[test]
    fn raw_dlcs_above_8_need_a_full_classic_frame() {
        let full = Frame::data(id(), &[1; 8]).expect("valid");
        for dlc in 8..=15 {
            let frame = full.with_raw_dlc(dlc).expect("valid");
            assert_eq!((frame.dlc(), frame.len(), frame.dlc_len()), (dlc, 8, 8));
        }
        assert!(full.with_raw_dlc(16).is_err());
        assert!(full.with_raw_dlc(7).is_err());
        assert!(
            Frame::data(id(), &[1; 7])
                .expect("valid")
                .with_raw_dlc(9)
                .is_err()
        );
        assert!(
            Frame::remote(id(), 8)
                .expect("valid")
                .with_raw_dlc(12)
                .is_ok()
        );
        assert!(
            Frame::fd(id(), &[1; 8], false, false)
                .expect("valid")
                .with_raw_dlc(9)
                .is_err()
        );
        assert!(
            Frame::error(id(), &[1; 8])
                .expect("valid")
                .with_raw_dlc(9)
                .is_err()
        );
    }

    #[test]
    fn equality_looks_at_everything_the_wire_carries() {
        let frame = Frame::data(id(), &[1, 2, 3, 4, 5, 6, 7, 8]).expect("valid");
        assert_eq!(frame, frame);
        assert_ne!(frame, frame.with_raw_dlc(9).expect("valid"));
        assert_ne!(frame, frame.with_id(Id::extended(0x123).expect("fits")));
        assert_ne!(frame, Frame::error(id(), frame.payload()).expect("valid"));
        assert_ne!(
            frame,
            Frame::data(id(), &[1, 2, 3, 4, 5, 6, 7, 9]).expect("valid")
        );
        let mut changed = frame;
        changed.payload_mut()[0] = 9;
        assert_ne!(frame, changed);
    }

    #[test]
    fn debug_shows_id_kind_and_data() {
        let frame = Frame::data(id(), &[0xab]).expect("valid");
        assert_eq!(format!("{frame:?}"), "Frame(123 Data dlc 1 [ab])");
    }

    #[test]
    fn a_frame_stays_small() {
        assert!(size_of::<Frame>() <= 76, "{}", size_of::<Frame>());
    }
}
