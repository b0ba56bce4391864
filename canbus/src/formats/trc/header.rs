//! The header: the three lines that programs read, and what people read.

use super::error_frame::{self, Told};
use super::layout::{Layout, Version};
use crate::error::{Error, Result};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use std::fmt::Write;

/// From 1899-12-30, from which the start time counts, to 1970-01-01.
const DAYS_TO_EPOCH: i64 = 25_569;
const NANOS_PER_DAY: i128 = 86_400_000_000_000;
const MILLIS_PER_DAY: i64 = 86_400_000;

/// What the header lines so far say.
#[derive(Debug)]
pub(super) struct Header {
    zone: TimeZone,
    pub(super) version: Option<Version>,
    pub(super) layout: Layout,
    /// The start in nanoseconds since the Unix epoch; 0 where the file tells none.
    pub(super) start: i64,
    pub(super) has_start: bool,
    /// The start that the header tells to people only.
    pub(super) told_start: Option<i64>,
    /// What a comment told of the error frame in the next line.
    pub(super) cause: Option<Told>,
}

impl Header {
    pub(super) fn new(zone: TimeZone) -> Header {
        Header {
            zone,
            version: None,
            layout: Layout::of(Version::V1_0),
            start: 0,
            has_start: false,
            told_start: None,
            cause: None,
        }
    }

    /// Takes a line that begins with `;`. They count wherever they stand, so that files that were
    /// joined are read.
    ///
    /// # Errors
    /// `Malformed`; reading goes on with what was known before.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<()> {
        let Some(keyword) = line.strip_prefix(b";$") else {
            self.cause = error_frame::of_comment(line);
            self.told_start = told_start(line, &self.zone).or(self.told_start);
            return Ok(());
        };
        let (name, value) = match keyword.iter().position(|&byte| byte == b'=') {
            Some(at) => (&keyword[..at], keyword[at + 1..].trim_ascii()),
            None => return Ok(()),
        };
        // PCAN-Explorer 5 ends some lines with a semicolon.
        let value = value.strip_suffix(b";").unwrap_or(value);
        match name.trim_ascii() {
            b"FILEVERSION" => self.take_version(value),
            b"STARTTIME" => {
                self.start = start_time(value, &self.zone)
                    .ok_or_else(|| expected("days since 1899-12-30", value))?;
                self.has_start = true;
            }
            b"COLUMNS" => {
                self.layout = Layout::parse(value)
                    .ok_or_else(|| expected("columns with O, I, L or l, and D", value))?;
            }
            _ => {}
        }
        Ok(())
    }

    fn take_version(&mut self, value: &[u8]) {
        self.version = Version::named(value);
        // Of later versions than are known here the columns tell.
        let newer = value.first().is_some_and(u8::is_ascii_digit) && value > b"2".as_slice();
        let assumed = if newer { Version::V2_1 } else { Version::V1_0 };
        self.layout = Layout::of(self.version.unwrap_or(assumed));
    }
}

/// The start time in nanoseconds since the Unix epoch, to the nearest microsecond: the text is
/// seldom exact to more. A double, by which other programs read it, would lose a third of one.
fn start_time(text: &[u8], zone: &TimeZone) -> Option<i64> {
    /// Sixty times as far as any time that can be told.
    const MOST_DAYS: i128 = 10_000_000;
    let (digits, sign) = match text {
        [b'-', rest @ ..] => (rest, -1),
        _ => (text, 1),
    };
    let at = digits.iter().position(|byte| matches!(byte, b'.' | b','));
    let (whole, fraction) = match at {
        Some(at) => (&digits[..at], &digits[at + 1..]),
        None => (digits, &[][..]),
    };
    let fraction = fraction.get(..18).unwrap_or(fraction);
    let number = |text: &[u8]| {
        text.iter().try_fold(0_i128, |number, byte| {
            let digit = byte.is_ascii_digit().then(|| byte - b'0')?;
            Some(number.saturating_mul(10).saturating_add(i128::from(digit)))
        })
    };
    let (days, parts) = (number(whole)?, number(fraction)?);
    if whole.len() + fraction.len() == 0 || days > MOST_DAYS {
        return None;
    }
    let scale = 10_i128.pow(fraction.len() as u32);
    let nanos = sign * (days * NANOS_PER_DAY + parts * NANOS_PER_DAY / scale);
    let nanos = (nanos + 500).div_euclid(1000) * 1000;
    let civil = nanos - i128::from(DAYS_TO_EPOCH) * NANOS_PER_DAY;
    if *zone == TimeZone::UTC {
        return i64::try_from(civil).ok();
    }
    let civil = jiff::Timestamp::from_nanosecond(civil).ok()?;
    unix(TimeZone::UTC.to_datetime(civil), zone)
}

fn unix(civil: DateTime, zone: &TimeZone) -> Option<i64> {
    let time = zone.to_timestamp(civil).ok()?;
    i64::try_from(time.as_nanosecond()).ok()
}

/// The start in a comment `;   Start time: 18.12.2021 14:28:07.062.1`; the last figure is a tenth
/// of a millisecond.
fn told_start(comment: &[u8], zone: &TimeZone) -> Option<i64> {
    let text = str::from_utf8(comment).ok()?;
    let text = text.trim_start_matches([';', ' ']);
    let told = text.strip_prefix("Start time:")?.trim();
    let (time, tenths) = match told.match_indices('.').nth(3) {
        Some((at, _)) => (&told[..at], told[at + 1..].parse::<u8>().ok()?),
        None => (told, 0),
    };
    let civil = DateTime::strptime("%d.%m.%Y %H:%M:%S%.f", time).ok()?;
    let tenths = i64::from(tenths).min(9) * 100_000;
    unix(civil, zone)?.checked_add(tenths)
}

/// The civil time of a start in milliseconds since the Unix epoch, in the same unit.
fn civil_millis(start: i64, zone: &TimeZone) -> i64 {
    match jiff::Timestamp::from_millisecond(start) {
        Ok(time) => start + i64::from(zone.to_offset(time).seconds()) * 1000,
        Err(_) => start,
    }
}

/// The value of `;$STARTTIME=`. Twelve decimals are a tenth of a microsecond.
fn days(civil: i64) -> String {
    const PARTS: i128 = 1_000_000_000_000;
    let millis = civil + DAYS_TO_EPOCH * MILLIS_PER_DAY;
    let (size, per_day) = (
        i128::from(millis.unsigned_abs()),
        i128::from(MILLIS_PER_DAY),
    );
    let parts = (size * PARTS * 2 + per_day) / (per_day * 2);
    let sign = if millis < 0 { "-" } else { "" };
    format!("{sign}{}.{:012}", parts / PARTS, parts % PARTS)
}

/// The header that begins a file, with the start in milliseconds since the Unix epoch, laid out
/// as PEAK's tools do it.
pub(super) fn text(version: Version, start: i64, zone: &TimeZone) -> String {
    let civil = civil_millis(start, zone);
    let mut lines = String::new();
    if version >= Version::V1_1 {
        let _ = writeln!(lines, ";$FILEVERSION={}", version.name());
        let _ = writeln!(lines, ";$STARTTIME={}", days(civil));
    } else {
        let _ = writeln!(lines, ";{}", "#".repeat(74));
    }
    if version >= Version::V2_0 {
        let _ = writeln!(lines, ";$COLUMNS={}", version.columns());
    }
    let _ = writeln!(lines, ";\n;   Start time: {}", shown(civil));
    let _ = writeln!(
        lines,
        ";   Generated by canbus {}",
        env!("CARGO_PKG_VERSION")
    );
    lines.push_str(match version {
        Version::V1_0 => V1_0,
        Version::V1_1 => V1_1,
        Version::V1_2 | Version::V1_3 => V1_3,
        Version::V2_0 => V2_0,
        Version::V2_1 => V2_1,
    });
    lines.replace('\n', "\r\n")
}

/// `18.12.2021 14:28:07.062.0`, the last figure being a tenth of a millisecond.
fn shown(civil: i64) -> String {
    let Ok(time) = jiff::Timestamp::from_millisecond(civil) else {
        return "unknown".into();
    };
    let time = TimeZone::UTC.to_datetime(time);
    let millis = civil.rem_euclid(1000);
    format!("{}.{millis:03}.0", time.strftime("%d.%m.%Y %H:%M:%S"))
}

fn expected(what: &str, found: &[u8]) -> Error {
    Error::malformed(format!(
        "expected {what}, not {}",
        super::read::shown(found)
    ))
}

const V1_0: &str = "\
;
;    Columns description:
;    ~~~~~~~~~~~~~~~~~~~~~
;    +-current number in actual sample
;    |       +time offset of message (ms)
;    |       |         +ID of message (hex)
;    |       |         |     +data length code
;    |       |         |     |   +data bytes (hex) ...
;    |       |         |     |   |
;----+-   ---+---  ----+---  +  -+ -- -- ...
";

const V1_1: &str = "\
;
;   Message Number
;   |         Time Offset (ms)
;   |         |        Type
;   |         |        |        ID (hex)
;   |         |        |        |     Data Length Code
;   |         |        |        |     |   Data Bytes (hex) ...
;   |         |        |        |     |   |
;---+--   ----+----  --+--  ----+---  +  -+ -- -- -- -- -- -- --
";

const V1_3: &str = "\
;-------------------------------------------------------------------------------
;   Bus  Name  Connection  Protocol
;   N/A  N/A   N/A         CAN
;-------------------------------------------------------------------------------
;   Message Number
;   |         Time Offset (ms)
;   |         |       Bus
;   |         |       |    Type
;   |         |       |    |       ID (hex)
;   |         |       |    |       |    Reserved
;   |         |       |    |       |    |   Data Length Code
;   |         |       |    |       |    |   |    Data Bytes (hex) ...
;   |         |       |    |       |    |   |    |
;---+-- ------+------ +- --+-- ----+--- +- -+-- -+ -- -- -- -- -- -- --
";

const V2_0: &str = "\
;-------------------------------------------------------------------------------
;   Connection                 Bit rate
;   N/A                        N/A
;-------------------------------------------------------------------------------
;   Message   Time    Type ID     Rx/Tx
;   Number    Offset  |    [hex]  |  Data Length
;   |         [ms]    |    |      |  |  Data [hex] ...
;   |         |       |    |      |  |  |
;---+-- ------+------ +- --+----- +- +- +- -- -- -- -- -- -- --
";

const V2_1: &str = "\
;-------------------------------------------------------------------------------
;   Bus   Name            Connection               Protocol
;   N/A   N/A             N/A                      N/A
;-------------------------------------------------------------------------------
;   Message   Time    Type    ID     Rx/Tx
;   Number    Offset  |  Bus  [hex]  |  Reserved
;   |         [ms]    |  |    |      |  |  Data Length Code
;   |         |       |  |    |      |  |  |    Data [hex] ...
;   |         |       |  |    |      |  |  |    |
;---+-- ------+------ +- +- --+----- +- +- +--- +- -- -- -- -- -- -- --
";

#[cfg(test)]
mod tests {
    use super::*;

    fn start(text: &str) -> Option<i64> {
        start_time(text.as_bytes(), &TimeZone::UTC)
    }

    #[test]
    fn a_start_told_to_people_is_understood_where_it_is_as_peak_writes_it() {
        let told = |text: &str| told_start(text.as_bytes(), &TimeZone::UTC);
        let start = 1_639_837_687_062_000_000;
        assert_eq!(
            told(";    Start time: 18.12.2021 14:28:07.062"),
            Some(start)
        );
        assert_eq!(
            told(";   Start time: 18.12.2021 14:28:07.062.1"),
            Some(start + 100_000)
        );
        assert_eq!(told(";   Start time: 12/13/2025 12:00:00.000.0"), None);
        assert_eq!(told(";   Start time: unknown"), None);
    }

    /// The same numbers by python-can's reader: 1506809173.191 and 1639837687.062.
    #[test]
    fn start_times_are_exact_to_the_microsecond() {
        assert_eq!(start("43008.920986006946"), Some(1_506_809_173_191_000_000));
        assert_eq!(start("44548.6028595139"), Some(1_639_837_687_062_001_000));
        assert_eq!(start("25569"), Some(0));
        assert_eq!(start("25569,5"), Some(43_200_000_000_000));
        assert_eq!(start("0.0"), Some(-2_209_161_600_000_000_000));
        assert_eq!(start("-1"), Some(-2_209_248_000_000_000_000));
        let wrongs = [
            "", ".", "-", "x", "1.2.3", "1e5", "+1", "99999999", "999999",
        ];
        for wrong in wrongs.into_iter().chain(["12345678901234567890123"]) {
            assert_eq!(start(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_millisecond_comes_back_whatever_the_day() {
        for day in [-30_000, -1, 0, 1, 9_000, 20_000, 60_000] {
            for part in [0, 1, 43_199_999, 86_399_999, 12_345_678] {
                let millis: i64 = day * MILLIS_PER_DAY + part;
                let text = days(millis);
                assert_eq!(start(&text), Some(millis * 1_000_000), "{text}");
                // As python-can computes it, in microseconds of a double.
                let double: f64 = text.parse().expect("a number");
                let micros = ((double - 25569.0) * 86_400e6).round() as i64;
                assert!((micros - millis * 1000).abs() <= 1, "{text}: {micros}");
            }
        }
    }

    #[test]
    fn a_zone_says_when_the_civil_time_was() {
        let zone = TimeZone::get("Europe/Berlin").expect("in the database");
        let utc = 1_639_837_687_062_i64;
        let civil = civil_millis(utc, &zone);
        assert_eq!(civil - utc, 3_600_000);
        let text = days(civil);
        assert_eq!(start_time(text.as_bytes(), &zone), Some(utc * 1_000_000));
        assert_eq!(shown(civil), "18.12.2021 15:28:07.062.0");
    }

    #[test]
    fn the_header_of_2_1_is_laid_out_as_by_peak() {
        let text = text(Version::V2_1, 1_639_837_687_062, &TimeZone::UTC);
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(
            lines[..5],
            [
                ";$FILEVERSION=2.1",
                ";$STARTTIME=44548.602859513889",
                ";$COLUMNS=N,O,T,B,I,d,R,L,D",
                ";",
                ";   Start time: 18.12.2021 14:28:07.062.0",
            ]
        );
        assert!(!text.replace("\r\n", "").contains('\n'));
        assert!(
            lines[..lines.len() - 1]
                .iter()
                .all(|line| line.starts_with(';'))
        );
    }
}
