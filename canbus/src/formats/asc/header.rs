//! What is no record: header, comments, trigger blocks; and the clock that they set.

use super::date;
use super::fields::{Base, behind_blanks, expected, leading_decimal, word};
use crate::error::Result;
use crate::formats::digits::six_digits;
use jiff::tz::TimeZone;

const NANOS: i64 = 1_000_000_000;

/// What the lines so far said.
pub(super) struct Header {
    pub(super) base: Base,
    /// Whether times count from the line before.
    pub(super) deltas: bool,
    /// What times count from, in nanoseconds since the epoch: the date of the trigger block or of
    /// the file; 0 until there is one, or if none is wanted.
    pub(super) start: i64,
    /// Whether there was a line that says how the file is written.
    pub(super) begun: bool,
    /// Whether there was a date.
    pub(super) dated: bool,
    /// Whether there was one that is not wanted.
    pub(super) date_left_out: bool,
    /// Whether a trigger block was begun and not ended.
    pub(super) in_block: bool,
    /// The sum of the times, where they count from the line before.
    elapsed: i64,
    /// The time zone of dates; `None` where they are not wanted.
    zone: Option<TimeZone>,
}

impl Header {
    pub(super) fn new(base: Base, zone: Option<TimeZone>) -> Header {
        Header {
            base,
            deltas: false,
            start: 0,
            begun: false,
            dated: false,
            date_left_out: false,
            in_block: false,
            elapsed: 0,
            zone,
        }
    }

    /// The time of a line that says `time`, both in nanoseconds.
    #[inline]
    pub(super) fn time(&mut self, time: i64) -> i64 {
        if self.deltas {
            self.elapsed = self.elapsed.saturating_add(time);
            return self.start.saturating_add(self.elapsed);
        }
        self.start.saturating_add(time)
    }

    /// Takes a line without a time.
    ///
    /// # Errors
    /// `Malformed` for a line that is none of those that are known, and for a date that is wanted
    /// and none.
    pub(super) fn take(&mut self, text: &[u8]) -> Result<()> {
        let (first, rest) = word(text);
        let (second, behind) = word(rest);
        let is = |found: &[u8], name: &str| found.eq_ignore_ascii_case(name.as_bytes());
        if first.is_empty() || first.starts_with(b"//") {
            return Ok(());
        }
        if is(first, "date") {
            return self.date(rest);
        }
        if is(first, "base") && (is(second, "hex") || is(second, "dec")) {
            self.base = if is(second, "dec") {
                Base::Dec
            } else {
                Base::Hex
            };
            let (_, behind) = word(behind);
            self.deltas = is(word(behind).0, "relative");
            self.begun = true;
            return Ok(());
        }
        if is(first, "begin") && is(second, "triggerblock") {
            (self.elapsed, self.in_block) = (0, true);
            return self.date(behind);
        }
        if is(first, "end") && is(second, "triggerblock") {
            self.in_block = false;
            return Ok(());
        }
        let events = [first, second, word(behind).0];
        if is(events[0], "internal") || (is(events[0], "no") && is(events[1], "internal")) {
            return Ok(());
        }
        Err(expected("a time, a comment or a line of the header", text))
    }

    fn date(&mut self, text: &[u8]) -> Result<()> {
        let Some(zone) = &self.zone else {
            self.date_left_out |= date::parse(text).is_some();
            return Ok(());
        };
        // Kvaser's programs begin trigger blocks without a date.
        if word(text).0.is_empty() {
            return Ok(());
        }
        let date = date::parse(text);
        let instant = date.and_then(|date| zone.to_timestamp(date).ok());
        let nanos = instant.and_then(|instant| i64::try_from(instant.as_nanosecond()).ok());
        self.start = nanos
            .ok_or_else(|| expected("a date such as Thu Apr 28 10:44:52.480 am 2022", text))?;
        self.dated = true;
        Ok(())
    }
}

/// The time in seconds that a line begins with, as nanoseconds, and what stands behind it and
/// blanks. More than nine decimals are not looked at.
#[inline]
pub(super) fn leading_time(text: &[u8]) -> Option<(i64, &[u8])> {
    let text = behind_blanks(text);
    match usual_time(text) {
        None => any_time(text),
        usual => usual,
    }
}

/// The time as nearly every line has it: up to nine digits, a point, six digits and a blank.
#[inline]
fn usual_time(text: &[u8]) -> Option<(i64, &[u8])> {
    const MOST: usize = 9;
    let (mut seconds, mut len) = (0, 0);
    for &byte in text.iter().take(MOST) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        seconds = seconds * 10 + i64::from(digit);
        len += 1;
    }
    let (fraction, behind) = text[len..].split_first_chunk::<8>()?;
    if len == 0 || (fraction[0], fraction[7]) != (b'.', b' ') {
        return None;
    }
    let micros = six_digits(*fraction[1..].first_chunk()?)?;
    Some((
        seconds * NANOS + micros as i64 * 1000,
        behind_blanks(behind),
    ))
}

#[cold]
#[inline(never)]
fn any_time(text: &[u8]) -> Option<(i64, &[u8])> {
    let (text, sign) = match text {
        [b'-', text @ ..] => (text, -1),
        _ => (text, 1),
    };
    let (seconds, whole_digits, text) = leading_decimal(text);
    let [b'.', text @ ..] = text else {
        return None;
    };
    let (fraction, digits, text) = leading_decimal(text);
    let [b' ' | b'\t', text @ ..] = text else {
        return None;
    };
    if whole_digits == 0 || digits == 0 {
        return None;
    }
    let nanos = match digits {
        0..=9 => fraction * 10_i64.pow(9 - digits as u32),
        _ => fraction / 10_i64.pow(digits as u32 - 9),
    };
    // With the sign before they are added: the earliest time is further from 0 than the latest.
    let seconds = (seconds * sign).checked_mul(NANOS)?;
    let time = seconds.checked_add(nanos * sign)?;
    Some((time, behind_blanks(text)))
}
