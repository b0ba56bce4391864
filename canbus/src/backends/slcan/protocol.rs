//! The lines of slcan: frames to lines and back, answers, reports of errors. No ports here.
//!
//! A line ends with CR; BEL, which says that a command was refused, ends one too. The letters `t T r
//! R` are LAWICEL's (CAN232 manual), `x` is another `T` of the `CANdapter`, `d D b B` are the CAN FD
//! frames of the `CANable` 2 (without and with BRS), `e` and `s` the reports that Linux's slcan
//! driver reads.

mod report;

use crate::backends::serial_line::{Heard, Parser};
use crate::driver::ErrorState;
use crate::frame::{Frame, Id, Kind, dlc_to_len};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// Carriage return: the end of a line, and by itself the answer "done".
pub(super) const CR: u8 = b'\r';
/// Bell: "refused".
const BEL: u8 = 7;

/// The longest line: a CAN FD frame of 64 bytes with a 32-bit time, and some room.
const LONGEST: usize = 200;

/// The most digits behind a frame: its time, of 16 bits (LAWICEL) or 32 (others).
const MOST_TIME_DIGITS: usize = 8;

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// What an adapter answers to a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// Done, or a frame was taken.
    Done,
    /// Refused.
    Refused,
    /// `V`: what stands behind it.
    Version(String),
    /// `N`: the serial number.
    SerialNumber(String),
    /// `F`: the flags.
    Flags(u8),
    /// Any other text.
    Text(String),
}

/// What the adapter tells without being asked, for whoever wants to know.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// How often it refused something.
    refused: AtomicU64,
    /// A number of [`report::State`], or 0 as long as it reported none.
    state: AtomicU8,
}

impl Reports {
    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Begins to count anew.
    pub(super) fn forget_refused(&self) {
        self.refused.store(0, Ordering::Relaxed);
    }

    /// The state that was reported last.
    pub(super) fn state(&self) -> Option<ErrorState> {
        report::State::numbered(self.state.load(Ordering::Relaxed)).map(report::State::for_driver)
    }
}

/// Puts lines together and takes them apart.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    /// Whether more of it came than a line holds.
    too_long: bool,
    reports: Arc<Reports>,
}

impl Lines {
    pub(super) fn new(reports: Arc<Reports>) -> Lines {
        Lines {
            reports,
            ..Lines::default()
        }
    }
}

impl Parser for Lines {
    type Answer = Answer;

    fn take(&mut self, bytes: &[u8], each: &mut dyn FnMut(Heard<Answer>)) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr2(CR, BEL, rest) {
            let (line, refused) = (&rest[..end], rest[end] == BEL);
            rest = &rest[end + 1..];
            if self.begun.is_empty() && !self.too_long && line.len() <= LONGEST {
                self.line(line, refused, each);
            } else {
                self.keep(line);
                let begun = std::mem::take(&mut self.begun);
                if std::mem::take(&mut self.too_long) {
                    let start = String::from_utf8_lossy(&begun[..20]);
                    each(Heard::Garbage(format!("{start}… is longer than any line")));
                } else {
                    self.line(&begun, refused, each);
                }
                // Its room serves the next one.
                self.begun = begun;
                self.begun.clear();
            }
            if refused {
                self.reports.refused.fetch_add(1, Ordering::Relaxed);
                each(Heard::Answer(Answer::Refused));
            }
        }
        self.keep(rest);
    }
}

impl Lines {
    fn keep(&mut self, part: &[u8]) {
        let room = LONGEST - self.begun.len();
        self.begun.extend_from_slice(&part[..part.len().min(room)]);
        self.too_long |= part.len() > room;
    }

    fn line(&self, line: &[u8], refused: bool, each: &mut dyn FnMut(Heard<Answer>)) {
        // Some end a line with LF too, which then begins the next one.
        let line = line.trim_ascii_start();
        let Some((&letter, rest)) = line.split_first() else {
            if !refused {
                each(Heard::Answer(Answer::Done));
            }
            return;
        };
        match letter {
            b't' | b'T' | b'x' | b'r' | b'R' | b'd' | b'D' | b'b' | b'B' => {
                each(match parse_frame(letter, rest) {
                    Ok(frame) => Heard::Frame(frame),
                    Err(why) => garbage(line, why),
                });
            }
            // A frame was taken; LAWICEL's `A` says that there are no more.
            b'z' | b'Z' | b'A' if rest.is_empty() => each(Heard::Answer(Answer::Done)),
            b'V' => each(Heard::Answer(Answer::Version(text(rest)))),
            b'N' => each(Heard::Answer(Answer::SerialNumber(text(rest)))),
            b'F' if rest.len() == 2 && hex(rest).is_some() => {
                let flags = hex(rest).unwrap_or_default() as u8;
                each(Heard::Answer(Answer::Flags(flags)));
            }
            b'e' | b's' => self.report(line, each),
            _ if is_text(line) => each(Heard::Answer(Answer::Text(text(line)))),
            _ => each(garbage(line, "no known line")),
        }
    }

    fn report(&self, line: &[u8], each: &mut dyn FnMut(Heard<Answer>)) {
        let before = self.reports.state.load(Ordering::Relaxed);
        match report::parse(line) {
            Some(report::Report::Errors { frame, lost }) => {
                each(Heard::Frame(frame));
                if lost > 0 {
                    each(Heard::Lost(lost));
                }
            }
            Some(report::Report::State { state, .. }) if state as u8 == before => {}
            Some(report::Report::State { state, frame }) => {
                self.reports.state.store(state as u8, Ordering::Relaxed);
                // That all is well is news only after something was wrong.
                if before != 0 || state != report::State::Active {
                    each(Heard::Frame(frame));
                }
            }
            None => each(garbage(line, "no known report")),
        }
    }
}

fn garbage(line: &[u8], why: &str) -> Heard<Answer> {
    Heard::Garbage(format!("{}: {why}", line.escape_ascii()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_string()
}

/// Whether this is a word of the adapter's, and not what is left of a frame.
fn is_text(line: &[u8]) -> bool {
    let of_frame = |byte: &u8| byte.is_ascii_hexdigit() || b"tTrRx".contains(byte);
    let printable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    line.iter().all(printable) && !line.iter().all(of_frame)
}

/// The number that these hexadecimal digits stand for; at most eight.
fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, &digit| {
        let value = char::from(digit).to_digit(16)?;
        Some(number << 4 | value)
    })
}

/// The frame of a line without its letter.
fn parse_frame(letter: u8, rest: &[u8]) -> Result<Frame, &'static str> {
    let extended = matches!(letter, b'T' | b'x' | b'R' | b'D' | b'B');
    let id_len = if extended { 8 } else { 3 };
    let (id, rest) = rest.split_at_checked(id_len).ok_or("it is cut off")?;
    let (&dlc, rest) = rest.split_first().ok_or("it is cut off")?;
    let id = hex(id).ok_or("its arbitration ID is no hexadecimal number")?;
    let id = Id::new(id, extended).map_err(|_| "its arbitration ID is too great")?;
    let dlc = hex(&[dlc]).ok_or("its DLC is no digit")? as u8;
    let fd = matches!(letter, b'd' | b'D' | b'b' | b'B');
    if dlc > 8 && !fd {
        return Err("its DLC is over 8");
    }
    let remote = matches!(letter, b'r' | b'R');
    let len = if remote {
        0
    } else {
        dlc_to_len(dlc).unwrap_or_default()
    };
    let (digits, time) = rest.split_at_checked(2 * len).ok_or("it is cut off")?;
    // Whose clock it is by is not said, and how often it went round in between neither. can-utils'
    // `slcanpty` sends as many bytes with a remote frame as its DLC says, which mean nothing.
    let most = MOST_TIME_DIGITS + if remote { 2 * usize::from(dlc) } else { 0 };
    if time.len() > most || !time.iter().all(u8::is_ascii_hexdigit) {
        return Err("something else follows the frame");
    }
    let mut data = [0; 64];
    faster_hex::hex_decode(digits, &mut data[..len]).map_err(|_| "its data is not hexadecimal")?;
    let data = &data[..len];
    let frame = match letter {
        b'r' | b'R' => Frame::remote(id, dlc),
        b'd' | b'D' => Frame::fd(id, data, false, false),
        b'b' | b'B' => Frame::fd(id, data, true, false),
        _ => Frame::data(id, data),
    };
    frame.map_err(|_| "it is no valid frame")
}

/// Appends the line that sends a frame. Error frames have none; the bus has refused them, as it has
/// frames with the flag ESI or a raw DLC.
pub(super) fn write(frame: &Frame, out: &mut Vec<u8>) {
    let letter = match frame.kind() {
        Kind::Data | Kind::Error => b't',
        Kind::Remote => b'r',
        Kind::Fd { brs: false, .. } => b'd',
        Kind::Fd { brs: true, .. } => b'b',
    };
    let (id, dlc) = (frame.id().raw(), frame.dlc());
    if frame.id().is_extended() {
        out.push(letter.to_ascii_uppercase());
        write_hex(&id.to_be_bytes(), out);
    } else {
        out.push(letter);
        out.push(DIGITS[(id >> 8 & 15) as usize]);
        write_hex(&[id as u8], out);
    }
    out.push(DIGITS[usize::from(dlc & 15)]);
    write_hex(frame.payload(), out);
    out.push(CR);
}

fn write_hex(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// The frames in these bytes; what is read of the lines that are written of them, split at every
/// `split` bytes; and how often garbage was told. For the fuzzer.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8], split: usize) -> (Vec<Frame>, Vec<Frame>, u64) {
    fn frames(bytes: &[u8], split: usize) -> (Vec<Frame>, u64) {
        let (mut frames, mut garbage) = (Vec::new(), 0);
        let mut lines = Lines::default();
        for part in bytes.chunks(split.max(1)) {
            lines.take(part, &mut |heard| match heard {
                Heard::Frame(frame) => frames.push(frame),
                Heard::Garbage(_) => garbage += 1,
                _ => {}
            });
        }
        (frames, garbage)
    }
    let whole = frames(bytes, usize::MAX);
    assert_eq!(whole, frames(bytes, split), "in pieces of {split}");
    let mut written = Vec::new();
    let carried = whole.0.iter().filter(|frame| !frame.is_error());
    carried.clone().for_each(|frame| write(frame, &mut written));
    let (again, garbage) = frames(&written, split);
    assert_eq!(garbage, 0, "what was written is understood");
    (carried.copied().collect(), again, whole.1)
}

#[cfg(test)]
mod tests;
