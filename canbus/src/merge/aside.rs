//! Messages that wait in a temporary file: of very many logs that run at the same time only some
//! are kept open.

use crate::error::{Context, Result};
use crate::frame::{Frame, Id, Kind, MAX_CLASSIC_LEN};
use crate::message::{Channel, Direction, Message, Timestamp};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// How much is collected before it is written.
const COLLECTED: usize = 64 << 10;
/// So much is read at a time: little, because many are read in turn.
const STEP: usize = 4 << 10;

/// What stands before the data of a message: kind, length, DLC, identifier, channel, time.
const HEAD: usize = 19;

const KIND: u8 = 0b0011;
const DATA: u8 = 0;
const REMOTE: u8 = 1;
const ERROR: u8 = 2;
const FD: u8 = 3;
const BIT_RATE_SWITCH: u8 = 0b0100;
const ERROR_STATE: u8 = 0b1000;
const EXTENDED: u8 = 0b1_0000;
const TRANSMITTED: u8 = 0b10_0000;

const WHAT: &str = "a temporary file";

/// The file, in which one log stands behind the other.
pub(super) struct Aside {
    file: File,
    end: u64,
    /// Messages of the log that is being put aside, which are not in the file yet.
    pending: Vec<u8>,
    /// Where this log begins.
    begin: u64,
}

/// A log in it.
pub(super) struct Part {
    at: u64,
    end: u64,
    /// What follows that is not in the file.
    rest: Vec<u8>,
    buffer: Vec<u8>,
    start: usize,
}

impl Aside {
    /// Makes the file, which is gone with this.
    pub(super) fn new() -> io::Result<Aside> {
        Ok(Aside {
            file: tempfile::tempfile()?,
            end: 0,
            pending: Vec::new(),
            begin: 0,
        })
    }

    /// Puts a message aside.
    ///
    /// # Errors
    /// If the file does not take it; it belongs to the log all the same.
    pub(super) fn push(&mut self, message: &Message) -> io::Result<()> {
        encode(message, &mut self.pending);
        if self.pending.len() < COLLECTED {
            return Ok(());
        }
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        self.file.write_all(&self.pending)?;
        self.end += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }

    /// The log whose messages were put aside.
    pub(super) fn finish(&mut self) -> Part {
        // What the file does not take stays in memory.
        let written = self.write().is_ok();
        let part = Part {
            at: self.begin,
            end: self.end,
            rest: if written {
                Vec::new()
            } else {
                std::mem::take(&mut self.pending)
            },
            buffer: Vec::new(),
            start: 0,
        };
        self.begin = self.end;
        part
    }
}

impl Part {
    /// The next message; `None` at the end, and behind an error.
    ///
    /// # Errors
    /// `Io`.
    pub(super) fn next(&mut self, aside: &mut Aside) -> Option<Result<Message>> {
        let read = self.next_of(aside);
        if read.is_err() {
            (self.at, self.start) = (self.end, self.buffer.len());
            self.rest.clear();
        }
        read.transpose()
    }

    fn next_of(&mut self, aside: &mut Aside) -> Result<Option<Message>> {
        loop {
            if let Some((message, size)) = decode(&self.buffer[self.start..])? {
                self.start += size;
                return Ok(Some(message));
            }
            if self.at < self.end {
                self.fill(&mut aside.file).context(WHAT)?;
            } else if self.rest.is_empty() {
                return Ok(None);
            } else {
                self.buffer = std::mem::take(&mut self.rest);
                self.start = 0;
            }
        }
    }

    fn fill(&mut self, file: &mut File) -> io::Result<()> {
        self.buffer.drain(..self.start);
        self.start = 0;
        let before = self.buffer.len();
        let count = (self.end - self.at).min(STEP as u64) as usize;
        self.buffer.resize(before + count, 0);
        file.seek(SeekFrom::Start(self.at))?;
        file.read_exact(&mut self.buffer[before..])?;
        self.at += count as u64;
        Ok(())
    }
}

fn encode(message: &Message, out: &mut Vec<u8>) {
    let frame = &message.frame;
    let mut kind = match frame.kind() {
        Kind::Data => DATA,
        Kind::Remote => REMOTE,
        Kind::Error => ERROR,
        Kind::Fd { .. } => FD,
    };
    if let Kind::Fd { brs: true, .. } = frame.kind() {
        kind |= BIT_RATE_SWITCH;
    }
    if let Kind::Fd { esi: true, .. } = frame.kind() {
        kind |= ERROR_STATE;
    }
    if frame.id().is_extended() {
        kind |= EXTENDED;
    }
    if message.direction == Direction::Tx {
        kind |= TRANSMITTED;
    }
    let channel = message.channel.map_or(0, Channel::to_bits);
    out.extend([kind, frame.len() as u8, frame.dlc()]);
    out.extend(frame.id().raw().to_ne_bytes());
    out.extend(channel.to_ne_bytes());
    out.extend(message.timestamp.as_nanos().to_ne_bytes());
    out.extend(frame.payload());
}

/// The first message and how many bytes it takes; `None` where it is not whole.
fn decode(bytes: &[u8]) -> Result<Option<(Message, usize)>> {
    let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
        return Ok(None);
    };
    let &[kind, len, dlc, i0, i1, i2, i3, c0, c1, c2, c3, time @ ..] = head;
    let Some(data) = rest.get(..usize::from(len)) else {
        return Ok(None);
    };
    let id = Id::new(u32::from_ne_bytes([i0, i1, i2, i3]), kind & EXTENDED != 0)?;
    let message = Message {
        frame: frame(kind, id, dlc, data)?,
        timestamp: Timestamp::from_nanos(i64::from_ne_bytes(time)),
        channel: Channel::from_bits(u32::from_ne_bytes([c0, c1, c2, c3])),
        direction: if kind & TRANSMITTED == 0 {
            Direction::Rx
        } else {
            Direction::Tx
        },
    };
    Ok(Some((message, HEAD + data.len())))
}

fn frame(kind: u8, id: Id, dlc: u8, data: &[u8]) -> Result<Frame> {
    match kind & KIND {
        sort @ (DATA | REMOTE) => {
            let mut bytes = [0; MAX_CLASSIC_LEN];
            let count = data.len().min(MAX_CLASSIC_LEN);
            bytes[..count].copy_from_slice(&data[..count]);
            Ok(Frame::classic_on_wire(id, sort == REMOTE, dlc, bytes))
        }
        ERROR => Frame::error(id, data),
        _ => {
            let (brs, esi) = (kind & BIT_RATE_SWITCH != 0, kind & ERROR_STATE != 0);
            Frame::fd(id, data, brs, esi)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind of frame, with and without a channel.
    fn messages() -> Vec<Message> {
        let (low, high) = (Id::standard(0x7FF), Id::extended(0x1FFF_FFFF));
        let (low, high) = (low.expect("fits"), high.expect("fits"));
        let frames = [
            Frame::data(low, &[]),
            Frame::data(high, &[1, 2, 3]),
            Frame::data(low, &[9; 8]).and_then(|frame| frame.with_raw_dlc(13)),
            Frame::remote(high, 5),
            Frame::remote(low, 8).and_then(|frame| frame.with_raw_dlc(9)),
            Frame::error(high, &[1, 2, 3, 4, 5, 6, 7, 8]),
            Frame::fd(low, &[], false, false),
            Frame::fd(high, &[7; 64], true, false),
            Frame::fd(low, &[8; 12], false, true),
        ]
        .map(|frame| frame.expect("valid"));
        let channels = [
            None,
            Some(Channel::number(0)),
            Some(Channel::named("aside0")),
            Some(Channel::number(Channel::MAX_NUMBER)),
        ];
        let times = [i64::MIN, -1, 1_700_000_000_123_456_789, i64::MAX];
        let all = (0..4000).map(|number| Message {
            frame: frames[number % frames.len()],
            timestamp: Timestamp::from_nanos(times[number % times.len()]),
            channel: channels[number / 2 % channels.len()],
            direction: [Direction::Rx, Direction::Tx][number / 3 % 2],
        });
        all.collect()
    }

    fn rest(part: &mut Part, aside: &mut Aside) -> Vec<Message> {
        std::iter::from_fn(|| part.next(aside))
            .map(|message| message.expect("whole"))
            .collect()
    }

    #[test]
    fn logs_come_back_as_they_were_put_aside_each_for_itself() {
        let messages = messages();
        let mut aside = Aside::new().expect("a file");
        let mut parts = Vec::new();
        for count in [0, 4000, 1, 0, 3000] {
            for message in &messages[..count] {
                aside.push(message).expect("there is room");
            }
            parts.push((count, aside.finish()));
        }
        for (count, part) in &mut parts {
            let half: Vec<Message> = (0..*count / 2)
                .map(|_| part.next(&mut aside).expect("more").expect("whole"))
                .collect();
            assert_eq!(half, messages[..*count / 2]);
        }
        for (count, part) in &mut parts {
            assert_eq!(rest(part, &mut aside), messages[*count / 2..*count]);
            assert!(part.next(&mut aside).is_none());
        }
    }

    #[test]
    fn what_the_file_does_not_take_is_not_lost() {
        let messages = messages();
        let mut aside = Aside::new().expect("a file");
        messages[..3000]
            .iter()
            .for_each(|message| aside.push(message).expect("there is room"));
        let (mut first, end) = (aside.finish(), aside.end);
        // From here on there is no room in it: a handle that only reads.
        let full = tempfile::NamedTempFile::new().expect("a file");
        let full = File::open(full.path()).expect("there");
        let writable = std::mem::replace(&mut aside.file, full);
        let refused = messages
            .iter()
            .filter(|message| aside.push(message).is_err());
        assert!(refused.count() > 0);
        let mut second = aside.finish();
        assert_eq!(aside.end, end);
        aside.file = writable;
        assert_eq!(rest(&mut second, &mut aside), messages);
        assert_eq!(rest(&mut first, &mut aside), messages[..3000]);
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_and_the_end() {
        let mut aside = Aside::new().expect("a file");
        for message in &messages() {
            aside.push(message).expect("there is room");
        }
        let mut part = aside.finish();
        aside.file.set_len(10).expect("cut");
        let error = part.next(&mut aside).expect("an error").expect_err("cut");
        assert!(error.to_string().contains("a temporary file"), "{error}");
        assert!(part.next(&mut aside).is_none());
    }
}
