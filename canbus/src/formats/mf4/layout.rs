//! What a record of a channel group says, and the message that it makes.

use super::stream::Columns;
use super::value::{Number, Time, Way};
use crate::frame::{Frame, Id, MAX_CLASSIC_LEN, MAX_FD_LEN, dlc_to_len};
use crate::message::{Channel, Direction, Message, Timestamp};

/// What sort of frames a group holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Data,
    Remote,
    Error,
}

/// Where the data of a frame are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// There are none.
    Missing,
    /// In the record, from a byte on, at most so many.
    Here { at: usize, most: usize },
    /// Elsewhere: the number is an offset in the data that the link names.
    There { offset: Number, link: u64 },
}

/// The places of everything in a record.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layout {
    pub(super) sort: Sort,
    pub(super) time: Time,
    /// How many messages of other groups are before this one, which our writer notes.
    pub(super) others: Option<Number>,
    pub(super) id: Option<Number>,
    /// Whether the identifier has 29 bits.
    pub(super) ide: Option<Number>,
    pub(super) channel: Option<Number>,
    pub(super) dlc: Option<Number>,
    pub(super) length: Option<Number>,
    pub(super) way: Option<Way>,
    /// Whether it is an FD frame, and the flags of one.
    pub(super) edl: Option<Number>,
    pub(super) brs: Option<Number>,
    pub(super) esi: Option<Number>,
    pub(super) content: Content,
}

impl Layout {
    /// A layout of a sort of frames in which only the time has a place.
    pub(super) fn new(sort: Sort, time: Time) -> Layout {
        Layout {
            sort,
            time,
            others: None,
            id: None,
            ide: None,
            channel: None,
            dlc: None,
            length: None,
            way: None,
            edl: None,
            brs: None,
            esi: None,
            content: Content::Missing,
        }
    }

    fn numbers(&self) -> impl Iterator<Item = &Number> {
        let offset = match &self.content {
            Content::There { offset, .. } => Some(offset),
            _ => None,
        };
        let optional = [
            &self.others,
            &self.id,
            &self.ide,
            &self.channel,
            &self.dlc,
            &self.length,
            &self.edl,
            &self.brs,
            &self.esi,
        ];
        let optional = optional.into_iter().filter_map(Option::as_ref);
        optional.chain(self.time.number()).chain(offset)
    }

    /// Whether everything is in a record of this length.
    pub(super) fn fits(&self, width: usize) -> bool {
        let (at, most) = match self.content {
            Content::Here { at, most } => (at, most),
            _ => (0, 0),
        };
        let way = self.way.as_ref().map_or((0, 0), Way::place);
        self.numbers().all(|number| number.fits(width))
            && at.saturating_add(most) <= width
            && way.0.saturating_add(way.1) <= width
    }

    /// The bytes of a record that are looked at.
    pub(super) fn columns(&self, width: usize) -> Columns {
        let mut always = vec![false; width];
        let way = self.way.as_ref().map(Way::place);
        let places = self.numbers().map(|number| (number.at, number.bytes));
        for (at, bytes) in places.chain(way) {
            always[at..at + bytes].fill(true);
        }
        for bit in self.numbers().filter_map(Number::invalid_bit) {
            always[bit / 8] = true;
        }
        let mut content = None;
        if let Content::Here { at, most } = self.content {
            match self.length.filter(Number::is_byte) {
                Some(length) => content = Some((at, most, length.at)),
                None => always[at..at + most].fill(true),
            }
        }
        let always = always.iter().enumerate();
        Columns {
            width,
            always: always
                .filter_map(|(at, &is_it)| is_it.then_some(at))
                .collect(),
            content,
        }
    }

    /// For records that stand without the bits that say what is invalid.
    pub(super) fn forget_invalid(&mut self) {
        // That of the channel alone is looked at.
        self.channel = self.channel.map(Number::always_valid);
    }

    /// Where the data are in the data elsewhere, if that is where they are.
    pub(super) fn offset(&self, record: &[u8]) -> Option<u64> {
        match &self.content {
            Content::There { offset, .. } => Some(offset.bits(record)),
            _ => None,
        }
    }

    /// The message of a record, which may be followed by other bytes; `index` is its number in the
    /// group, `start` the file's start in nanoseconds, `elsewhere` the data that are not in it.
    ///
    /// # Errors
    /// What is wrong with it.
    #[inline]
    pub(super) fn message(
        &self,
        record: &[u8],
        index: u64,
        start: i64,
        elsewhere: &[u8],
    ) -> Result<Message, &'static str> {
        let time = self.time.nanoseconds(record, index);
        let stored = match self.content {
            Content::Here { at, most } => record.get(at..at + most).unwrap_or_default(),
            Content::There { .. } => elsewhere,
            Content::Missing => &[],
        };
        let read = |number: &Option<Number>| number.as_ref().map(|number| number.bits(record));
        let number = self
            .channel
            .as_ref()
            .filter(|number| number.is_valid(record));
        let number = number.map(|number| number.bits(record));
        let number = number.and_then(|number| u32::try_from(number).ok());
        let sent = self.way.as_ref().is_some_and(|way| way.is_sent(record));
        let parts = Parts {
            id: self.identifier(record)?,
            dlc: read(&self.dlc).map(|dlc| dlc.min(255) as u8),
            length: read(&self.length).map(|length| length.min(255) as usize),
            fd: read(&self.edl).map(|bit| bit != 0),
            brs: read(&self.brs).is_some_and(|bit| bit != 0),
            esi: read(&self.esi).is_some_and(|bit| bit != 0),
            stored,
        };
        let frame = match self.sort {
            Sort::Data => parts.data()?,
            Sort::Remote => parts.remote()?,
            Sort::Error => parts.error()?,
        };
        Ok(Message {
            frame,
            timestamp: Timestamp::from_nanos(start.saturating_add(time)),
            channel: number
                .filter(|&number| number <= Channel::MAX_NUMBER)
                .map(Channel::number),
            direction: if sent { Direction::Tx } else { Direction::Rx },
        })
    }

    #[inline]
    fn identifier(&self, record: &[u8]) -> Result<Id, &'static str> {
        let Some(number) = &self.id else {
            return Id::new(0, self.sort == Sort::Error).map_err(|_| "its identifier is wrong");
        };
        let raw = number.bits(record) as u32;
        let value = raw & Id::MAX_EXTENDED;
        let wide = value > Id::MAX_STANDARD;
        let extended = match &self.ide {
            Some(ide) => ide.bits(record) != 0,
            // Some writers have the mark in bit 31.
            None => wide || raw != value,
        };
        // An error frame was cut short, so that its width may be wrong where its bits are not.
        let extended = extended || wide && self.sort == Sort::Error;
        Id::new(value, extended).map_err(|_| "its standard identifier has more than 11 bits")
    }
}

/// What a record says of a frame.
struct Parts<'a> {
    id: Id,
    dlc: Option<u8>,
    length: Option<usize>,
    fd: Option<bool>,
    brs: bool,
    esi: bool,
    /// The data, with whatever follows them.
    stored: &'a [u8],
}

impl Parts<'_> {
    /// How many data bytes there are.
    #[inline]
    fn len(&self) -> usize {
        let by_dlc = || {
            let dlc = self.dlc?;
            if self.fd == Some(false) {
                return Some(usize::from(dlc).min(MAX_CLASSIC_LEN));
            }
            dlc_to_len(dlc)
        };
        let len = self.length.or_else(by_dlc);
        len.unwrap_or(self.stored.len()).min(self.stored.len())
    }

    #[inline]
    fn data(&self) -> Result<Frame, &'static str> {
        let data = &self.stored[..self.len()];
        if self.fd.unwrap_or(data.len() > MAX_CLASSIC_LEN) {
            return self.fd_frame(data);
        }
        let frame = Frame::data(self.id, data);
        let frame = frame.map_err(|_| "it is a classic frame with more than 8 bytes")?;
        self.with_raw_dlc(frame)
    }

    fn fd_frame(&self, data: &[u8]) -> Result<Frame, &'static str> {
        // Data that the DLC speaks of and that are not stored are zero.
        let mut padded = [0; MAX_FD_LEN];
        let len = self.dlc.and_then(dlc_to_len).unwrap_or(0).max(data.len());
        let padded = padded.get_mut(..len).ok_or("it has more than 64 bytes")?;
        padded[..data.len()].copy_from_slice(data);
        Frame::fd_padded(self.id, padded, self.brs, self.esi).map_err(|_| "it is too long")
    }

    fn remote(&self) -> Result<Frame, &'static str> {
        let dlc = self
            .dlc
            .or(self.length.map(|length| length as u8))
            .unwrap_or(0);
        let frame = Frame::remote(self.id, dlc.min(MAX_CLASSIC_LEN as u8));
        self.with_raw_dlc(frame.map_err(|_| "its DLC is over 15")?)
    }

    /// What there is of the frame that was hit; of the data of an FD frame the first 8 bytes fit.
    fn error(&self) -> Result<Frame, &'static str> {
        let data = &self.stored[..self.len().min(MAX_CLASSIC_LEN)];
        Frame::error(self.id, data).map_err(|_| "its data are too long")
    }

    #[inline]
    fn with_raw_dlc(&self, frame: Frame) -> Result<Frame, &'static str> {
        match self.dlc {
            // Where the length says less than the DLC, the length is right.
            Some(dlc) if dlc > MAX_CLASSIC_LEN as u8 && frame.dlc() == MAX_CLASSIC_LEN as u8 => {
                frame.with_raw_dlc(dlc).map_err(|_| "its DLC is over 15")
            }
            _ => Ok(frame),
        }
    }
}

#[cfg(test)]
mod tests;
