//! What a writer must know of a file that it continues: its version, its start, its last number.

use super::header::Header;
use super::layout::{Layout, Version};
use super::number::decimal;
use crate::error::{Error, ErrorKind, Result};
use crate::formats::lines::Lines;
use crate::formats::{Output, encoding};
use crate::options::Options;
use jiff::tz::TimeZone;

/// A trace so far.
pub(super) struct Existing {
    pub(super) version: Version,
    /// The start in nanoseconds since the Unix epoch.
    pub(super) start: i64,
    /// The number of the last record.
    pub(super) number: u64,
}

/// Reads what is there. None where there are no records yet, not even a whole header: then the
/// file is begun anew behind it.
///
/// # Errors
/// `Unsupported` for a trace of a kind that is only read, and for what is none; `Io`; `Malformed`.
pub(super) fn existing(
    output: &Output,
    zone: TimeZone,
    options: &Options,
) -> Result<Option<Existing>> {
    let Some(input) = output.existing()? else {
        return Ok(None);
    };
    let mut header = Header::new(zone);
    let (mut number, mut records) = (0, 0_u64);
    let mut lines = Lines::new(encoding::decode(input, options)?);
    while let Some(line) = lines.next()? {
        let text = line.text.trim_ascii();
        match text {
            [] => {}
            [b';', ..] => {
                // What is wrong in a comment the reader of the whole file will say.
                let _ = header.take(text);
            }
            _ => {
                records += 1;
                number = number_of(text).unwrap_or(number + 1);
            }
        }
    }
    let start = match header.version {
        None => header.told_start,
        Some(_) => header.has_start.then_some(header.start),
    };
    let version = header.version.unwrap_or(Version::V1_0);
    let usual = version != Version::V1_2 && header.layout == Layout::of(version);
    match start {
        Some(start) if usual => Ok(Some(Existing {
            version,
            start,
            number,
        })),
        _ if records == 0 => Ok(None),
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            "a .trc file is continued only if its header tells the start time and its columns are \
             those of version 1.0, 1.1, 1.3, 2.0 or 2.1",
        )),
    }
}

/// The number that a record begins with: `12)` or `12`.
fn number_of(text: &[u8]) -> Option<u64> {
    let word = text.split(|&byte| byte == b' ').next()?;
    let digits = word.strip_suffix(b")").unwrap_or(word);
    decimal(digits).map(u64::from)
}
