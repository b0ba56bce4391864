//! What python-can keeps of a message in a row of a table, and what we add to it: shared by the
//! formats whose files are tables.

use super::{ChannelFidelity, Fidelity};
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, Id, Kind, MAX_CLASSIC_LEN};
use crate::message::{Channel, Direction};

/// What python-can's own columns keep of a message; the step of the times is the format's.
pub(crate) const FIDELITY: Fidelity = Fidelity {
    fd: false,
    remote: true,
    remote_dlc: true,
    error: true,
    error_cause: true,
    raw_dlc: false,
    direction: false,
    channel: ChannelFidelity::Nothing,
    resolution: 1,
    negative_time: true,
    earlier_than_first: true,
};

/// The same with what we add.
pub(crate) const EVERYTHING: Fidelity = Fidelity {
    fd: true,
    raw_dlc: true,
    direction: true,
    channel: ChannelFidelity::Either,
    ..FIDELITY
};

/// A row's account of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Row<'a> {
    pub(crate) id: u32,
    pub(crate) extended: bool,
    pub(crate) remote: bool,
    pub(crate) error: bool,
    /// A number of bytes, as python-can has it.
    pub(crate) dlc: usize,
    pub(crate) data: &'a [u8],
}

/// What python-can's columns leave out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extra {
    pub(crate) channel: Option<Channel>,
    pub(crate) direction: Direction,
    pub(crate) fd: bool,
    pub(crate) brs: bool,
    pub(crate) esi: bool,
    pub(crate) raw_dlc: Option<u8>,
}

impl Extra {
    /// What holds where nothing is said.
    pub(crate) const NONE: Extra = Extra {
        channel: None,
        direction: Direction::Rx,
        fd: false,
        brs: false,
        esi: false,
        raw_dlc: None,
    };

    /// What a frame has of it.
    pub(crate) fn of(frame: &Frame, channel: Option<Channel>, direction: Direction) -> Extra {
        let (fd, brs, esi) = match frame.kind() {
            Kind::Fd { brs, esi } => (true, brs, esi),
            _ => (false, false, false),
        };
        let raw = !fd && usize::from(frame.dlc()) > MAX_CLASSIC_LEN;
        Extra {
            channel,
            direction,
            fd,
            brs,
            esi,
            raw_dlc: raw.then_some(frame.dlc()),
        }
    }
}

impl Row<'_> {
    /// The frame that the row and what was added to it speak of.
    ///
    /// # Errors
    /// `Malformed` where they contradict each other or CAN.
    #[inline]
    pub(crate) fn frame(&self, extra: &Extra) -> Result<Frame> {
        let id = self.id()?;
        if self.remote {
            return self.remote_frame(id, extra);
        }
        if self.data.len() != self.dlc {
            return Err(Error::malformed(format!(
                "expected {} bytes of data, as its dlc says, not {}",
                self.dlc,
                self.data.len()
            )));
        }
        if self.error {
            return Frame::error(id, self.data).map_err(malformed);
        }
        // Without the flag, as in python-can's tables, only the length tells what cannot be
        // classic CAN.
        if extra.fd || self.data.len() > MAX_CLASSIC_LEN {
            return Frame::fd_padded(id, self.data, extra.brs, extra.esi).map_err(malformed);
        }
        let frame = Frame::data(id, self.data).map_err(malformed)?;
        match extra.raw_dlc {
            Some(dlc) => frame.with_raw_dlc(dlc).map_err(malformed),
            None => Ok(frame),
        }
    }

    fn id(&self) -> Result<Id> {
        // The cause of an error frame is no ID, whatever its width is said to be.
        let extended = self.extended || (self.error && self.id > Id::MAX_STANDARD);
        Id::new(self.id, extended).map_err(malformed)
    }

    fn remote_frame(&self, id: Id, extra: &Extra) -> Result<Frame> {
        if self.error || extra.fd || !self.data.is_empty() || self.dlc > MAX_CLASSIC_LEN {
            return Err(Error::malformed(
                "expected a remote frame to have a dlc of 0 to 8 and no data, and to be neither \
                 an error frame nor one of CAN FD",
            ));
        }
        let frame = Frame::remote(id, self.dlc as u8)?;
        match extra.raw_dlc {
            Some(dlc) => frame.with_raw_dlc(dlc).map_err(malformed),
            None => Ok(frame),
        }
    }
}

/// Refuses what python-can's own columns cannot say.
///
/// # Errors
/// `Unsupported` for a CAN FD frame.
pub(crate) fn check_standard(frame: &Frame) -> Result<()> {
    if frame.is_fd() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "python-can's columns do not tell a CAN FD frame; the option columns=extended does",
        ));
    }
    Ok(())
}

fn malformed(error: Error) -> Error {
    error.with_kind(ErrorKind::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: Row = Row {
        id: 0x123,
        extended: false,
        remote: false,
        error: false,
        dlc: 2,
        data: &[1, 2],
    };

    fn refused(row: Row<'_>, extra: Extra) -> String {
        let error = row.frame(&extra).expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Malformed);
        error.to_string()
    }

    #[test]
    fn a_frame_becomes_a_row_and_the_same_frame_again() {
        let id = Id::extended(0x18FF_50E5).expect("fits");
        let full = Frame::data(id, &[7; 8]).expect("valid");
        let frames = [
            full,
            full.with_raw_dlc(12).expect("valid"),
            Frame::remote(id, 5).expect("valid"),
            Frame::remote(id, 8)
                .and_then(|frame| frame.with_raw_dlc(15))
                .expect("valid"),
            Frame::error(id, &[1; 8]).expect("valid"),
            Frame::fd(id, &[], false, false).expect("valid"),
            Frame::fd(id, &[3; 64], true, true).expect("valid"),
        ];
        for frame in frames {
            let extra = Extra::of(&frame, None, Direction::Rx);
            let row = Row {
                id: frame.id().raw(),
                extended: frame.id().is_extended(),
                remote: frame.is_remote(),
                error: frame.is_error(),
                dlc: frame.dlc_len(),
                data: frame.payload(),
            };
            assert_eq!(row.frame(&extra).expect("a frame"), frame);
            assert_eq!(check_standard(&frame).is_err(), frame.is_fd());
        }
    }

    #[test]
    fn rows_that_contradict_themselves_are_refused() {
        let told = refused(Row { dlc: 3, ..ROW }, Extra::NONE);
        assert_eq!(told, "expected 3 bytes of data, as its dlc says, not 2");
        let wide = Row { id: 0x800, ..ROW };
        assert!(refused(wide, Extra::NONE).contains("at most 0x7FF"));
        let wide = Row {
            id: 0x2000_0000,
            error: true,
            ..ROW
        };
        assert!(refused(wide, Extra::NONE).contains("at most 0x1FFFFFFF"));
        let remote = Row {
            remote: true,
            data: &[],
            ..ROW
        };
        assert!(remote.frame(&Extra::NONE).is_ok());
        for wrong in [
            Row { dlc: 9, ..remote },
            Row {
                data: &[1],
                ..remote
            },
            Row {
                error: true,
                ..remote
            },
        ] {
            assert!(refused(wrong, Extra::NONE).contains("a remote frame to have"));
        }
        let fd = Extra {
            fd: true,
            ..Extra::NONE
        };
        assert!(refused(remote, fd).contains("nor one of CAN FD"));
        let raw = Extra {
            raw_dlc: Some(9),
            ..Extra::NONE
        };
        assert!(refused(ROW, raw).contains("a raw DLC of 9"));
        assert!(refused(remote, raw).contains("a raw DLC of 9"));
        let long = Row {
            error: true,
            dlc: 9,
            data: &[0; 9],
            ..ROW
        };
        assert!(refused(long, Extra::NONE).contains("at most 8 bytes"));
        let long = Row {
            dlc: 65,
            data: &[0; 65],
            ..ROW
        };
        assert!(refused(long, Extra::NONE).contains("at most 64 bytes"));
    }

    #[test]
    fn the_cause_of_an_error_frame_may_have_more_bits_than_its_width_says() {
        let row = Row {
            id: 0x800,
            error: true,
            ..ROW
        };
        let frame = row.frame(&Extra::NONE).expect("a frame");
        assert_eq!(frame.id(), Id::extended(0x800).expect("fits"));
        let row = Row { id: 0x80, ..row };
        let frame = row.frame(&Extra::NONE).expect("a frame");
        assert_eq!(frame.id(), Id::standard(0x80).expect("fits"));
    }

    #[test]
    fn more_than_eight_bytes_are_can_fd_filled_up_to_a_length_it_has() {
        let row = Row {
            dlc: 9,
            data: &[1; 9],
            ..ROW
        };
        let frame = row.frame(&Extra::NONE).expect("a frame");
        assert_eq!((frame.is_fd(), frame.len()), (true, 12));
    }
}
