//! A message from a row of the database.

use crate::error::{Error, Result};
use crate::formats::table::{Extra, Row};
use crate::frame::MAX_FD_LEN;
use crate::message::{Channel, Direction, Message, Timestamp};
use rusqlite::types::ValueRef;

/// The message of a row: its number, python-can's columns, and if it is `extended`, those of ours.
///
/// # Errors
/// `Malformed` for values that no message has.
#[inline]
pub(super) fn message(row: &rusqlite::Row<'_>, extended: bool) -> Result<Message> {
    let columns = Columns(row);
    // A row that python-can appended has nothing in our table.
    let (nanos, extra) = if extended && columns.value(8)? != ValueRef::Null {
        columns.extra()?
    } else {
        (None, Extra::NONE)
    };
    let timestamp = match nanos {
        Some(nanos) => Timestamp::from_nanos(nanos),
        None => columns.time()?,
    };
    Ok(Message {
        frame: columns.row()?.frame(&extra)?,
        timestamp,
        channel: extra.channel,
        direction: extra.direction,
    })
}

/// The values of a row, by their place in our statement.
struct Columns<'a>(&'a rusqlite::Row<'a>);

impl<'a> Columns<'a> {
    fn value(&self, place: usize) -> Result<ValueRef<'a>> {
        self.0.get_ref(place).map_err(super::database::failed)
    }

    fn row(&self) -> Result<Row<'a>> {
        let id = self.integer(2, "arbitration_id")?;
        let dlc = self.integer(6, "dlc")?;
        let data = match self.value(7)? {
            ValueRef::Blob(data) | ValueRef::Text(data) => data,
            ValueRef::Null => &[],
            other => return Err(wrong("data", "bytes", other)),
        };
        Ok(Row {
            id: u32::try_from(id).map_err(|_| out_of_range("arbitration_id", id))?,
            extended: self.flag(3, "extended")?,
            remote: self.flag(4, "remote")?,
            error: self.flag(5, "error")?,
            dlc: usize::try_from(dlc)
                .ok()
                .filter(|&dlc| dlc <= MAX_FD_LEN)
                .ok_or_else(|| out_of_range("dlc", dlc))?,
            data,
        })
    }

    fn time(&self) -> Result<Timestamp> {
        let time = match self.value(1)? {
            ValueRef::Real(seconds) => time_of(seconds),
            ValueRef::Integer(seconds) => time_of(seconds as f64),
            _ => None,
        };
        time.ok_or_else(|| {
            let found = self.0.get_ref_unwrap(1);
            wrong("ts", "a number of seconds within 292 years", found)
        })
    }

    /// What python-can leaves out: the exact time, and the rest.
    fn extra(&self) -> Result<(Option<i64>, Extra)> {
        let channel = match self.value(10)? {
            ValueRef::Null => None,
            ValueRef::Integer(number) => Some(channel_number(number)?),
            ValueRef::Text(name) => {
                let name = str::from_utf8(name);
                let name = name.map_err(|_| Error::malformed("the channel's name is no text"))?;
                Some(Channel::named(name))
            }
            other => return Err(wrong("channel", "a number or a name", other)),
        };
        let received = self.flag(11, "is_rx")?;
        let raw_dlc = match self.value(15)? {
            ValueRef::Null => None,
            ValueRef::Integer(dlc @ 9..=15) => Some(dlc as u8),
            other => return Err(wrong("raw_dlc", "9 to 15", other)),
        };
        let nanos = match self.value(9)? {
            ValueRef::Null => None,
            ValueRef::Integer(nanos) => Some(nanos),
            other => return Err(wrong("timestamp_ns", "a whole number", other)),
        };
        let extra = Extra {
            channel,
            direction: if received {
                Direction::Rx
            } else {
                Direction::Tx
            },
            fd: self.flag(12, "is_fd")?,
            brs: self.flag(13, "bitrate_switch")?,
            esi: self.flag(14, "error_state_indicator")?,
            raw_dlc,
        };
        Ok((nanos, extra))
    }

    fn integer(&self, place: usize, name: &str) -> Result<i64> {
        match self.value(place)? {
            ValueRef::Integer(number) => Ok(number),
            other => Err(wrong(name, "a whole number", other)),
        }
    }

    fn flag(&self, place: usize, name: &str) -> Result<bool> {
        match self.value(place)? {
            ValueRef::Integer(number) => Ok(number != 0),
            ValueRef::Null => Ok(false),
            other => Err(wrong(name, "0 or 1", other)),
        }
    }
}

/// The time of a number of seconds; `None` beyond all times.
#[inline]
pub(super) fn time_of(seconds: f64) -> Option<Timestamp> {
    /// The first double that is beyond the time.
    const END: f64 = 9_223_372_036.854_776;
    (seconds.abs() < END).then(|| nearest(seconds))
}

/// The time that a double stands for: whole microseconds where it is the nearest double to them,
/// as it can tell no more of today's times, else the nearest nanosecond.
fn nearest(seconds: f64) -> Timestamp {
    let nanos = Timestamp::from_seconds(seconds);
    if nanos.as_nanos().unsigned_abs() < 1 << f64::MANTISSA_DIGITS {
        return nanos;
    }
    let micros = nanos.as_micros_rounded().saturating_mul(1000);
    let micros = Timestamp::from_nanos(micros);
    // To the bit, or it is another time.
    if micros.as_seconds().to_bits() == seconds.to_bits() {
        micros
    } else {
        nanos
    }
}

fn channel_number(number: i64) -> Result<Channel> {
    let small = u32::try_from(number).ok();
    small
        .filter(|&number| number <= Channel::MAX_NUMBER)
        .map(Channel::number)
        .ok_or_else(|| out_of_range("channel", number))
}

fn out_of_range(name: &str, number: i64) -> Error {
    Error::malformed(format!("{name} is {number}, which no frame has"))
}

fn wrong(name: &str, expected: &str, found: ValueRef<'_>) -> Error {
    let found = match found {
        ValueRef::Null => "NULL".to_string(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => {
            let text = String::from_utf8_lossy(text);
            format!("{:?}", text.chars().take(60).collect::<String>())
        }
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    };
    Error::malformed(format!("expected {name} to be {expected}, not {found}"))
}
