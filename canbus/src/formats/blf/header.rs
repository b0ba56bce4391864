//! The header of a file: its signature, its counts, and the two times in Windows' `SYSTEMTIME`.

use super::object::field;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The header's size as it is written.
pub(super) const SIZE: usize = 144;
/// The part of it that has a meaning; a reader needs no more.
pub(super) const USED: usize = 72;
/// The part that changes while a file is written lies from here to [`USED`].
pub(super) const STATISTICS: u64 = 16;
/// No header is larger; a size above this is damage.
const MOST: u32 = 1 << 16;
/// What a file begins with.
pub(super) const SIGNATURE: &[u8; 4] = b"LOGG";

/// Numbers of the writing application and of the format: those that python-can writes, whose
/// files Vector's tools are known to open.
const APPLICATION: [u8; 8] = [5, 0, 0, 0, 2, 6, 8, 1];
/// Times before 1990 are no dates but relative times; python-can draws the line here too.
const FIRST_DATE: i64 = 631_152_000 * 1_000_000_000;
const MILLISECOND: i64 = 1_000_000;

/// A `SYSTEMTIME`: year, month, day of the week (Sunday is 0), day, hour, minute, second,
/// millisecond.
type SystemTime = [u16; 8];

/// The fields of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileHeader {
    /// The size of the header itself, in bytes; the first object follows it.
    pub(super) size: u32,
    /// The size of the file in bytes when the header was last written.
    pub(super) file_size: u64,
    /// What the size would be without compression.
    pub(super) uncompressed_size: u64,
    /// The number of objects, those in containers.
    pub(super) objects: u32,
    start: SystemTime,
    stop: SystemTime,
}

impl FileHeader {
    /// The header of a file without objects.
    pub(super) fn new() -> FileHeader {
        FileHeader {
            size: SIZE as u32,
            file_size: SIZE as u64,
            uncompressed_size: SIZE as u64,
            objects: 0,
            start: [0; 8],
            stop: [0; 8],
        }
    }

    /// Reads a header; `None` where the signature is missing.
    pub(super) fn parse(bytes: &[u8; USED]) -> Option<FileHeader> {
        if !bytes.starts_with(SIGNATURE) {
            return None;
        }
        let time =
            |at: usize| std::array::from_fn(|i| u16::from_le_bytes(field(bytes, at + 2 * i)));
        Some(FileHeader {
            size: u32::from_le_bytes(field(bytes, 4)),
            file_size: u64::from_le_bytes(field(bytes, 16)),
            uncompressed_size: u64::from_le_bytes(field(bytes, 24)),
            objects: u32::from_le_bytes(field(bytes, 32)),
            start: time(40),
            stop: time(56),
        })
    }

    /// Whether a header can have this size; else it is damaged.
    pub(super) fn is_plausible(&self) -> bool {
        (USED as u32..=MOST).contains(&self.size)
    }

    /// The header as it stands in a file.
    pub(super) fn to_bytes(self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        bytes[..4].copy_from_slice(SIGNATURE);
        bytes[4..8].copy_from_slice(&self.size.to_le_bytes());
        bytes[8..16].copy_from_slice(&APPLICATION);
        bytes[16..24].copy_from_slice(&self.file_size.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.uncompressed_size.to_le_bytes());
        bytes[32..36].copy_from_slice(&self.objects.to_le_bytes());
        let times = self.start.iter().chain(&self.stop);
        for (place, number) in bytes[40..USED].chunks_exact_mut(2).zip(times) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// The start time, in nanoseconds since the epoch.
    pub(super) fn start(&self, zone: &TimeZone) -> i64 {
        nanoseconds(self.start, zone).unwrap_or_else(|| {
            log::warn!("the start time in a BLF header is no date; times count from 1970");
            0
        })
    }

    /// The time of the last object, in nanoseconds since the epoch.
    pub(super) fn stop(&self, zone: &TimeZone) -> i64 {
        nanoseconds(self.stop, zone).unwrap_or_default()
    }

    /// Sets the start time, which must be one that [`start_of`] gave.
    pub(super) fn set_start(&mut self, nanos: i64, zone: &TimeZone) {
        self.start = system_time(nanos, zone);
    }

    /// Sets the time of the last object, rounded to the millisecond.
    pub(super) fn set_stop(&mut self, nanos: i64, zone: &TimeZone) {
        self.stop = system_time(nanos.saturating_add(MILLISECOND / 2), zone);
    }
}

/// The start time of a file whose first message has this time: one that a header can hold.
pub(super) fn start_of(nanos: i64) -> i64 {
    if (0..FIRST_DATE).contains(&nanos) {
        0
    } else {
        nanos.div_euclid(MILLISECOND).saturating_mul(MILLISECOND)
    }
}

/// `None` for what is no date; zeros, which mean "no date", are the epoch.
fn nanoseconds(time: SystemTime, zone: &TimeZone) -> Option<i64> {
    if time == [0; 8] {
        return Some(0);
    }
    let [year, month, _, day, hour, minute, second, milli] = time;
    let small = |number: u16| i8::try_from(number).ok();
    let date = DateTime::new(
        i16::try_from(year).ok()?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        small(second)?,
        i32::from(milli).saturating_mul(MILLISECOND as i32),
    )
    .ok()?;
    let instant = zone.to_ambiguous_timestamp(date).compatible().ok()?;
    i64::try_from(instant.as_nanosecond()).ok()
}

fn system_time(nanos: i64, zone: &TimeZone) -> SystemTime {
    if (0..FIRST_DATE).contains(&nanos) {
        return [0; 8];
    }
    let Ok(instant) = jiff::Timestamp::from_nanosecond(nanos.into()) else {
        return [0; 8];
    };
    let date = zone.to_datetime(instant);
    [
        date.year() as u16,
        date.month() as u16,
        date.weekday().to_sunday_zero_offset() as u16,
        date.day() as u16,
        date.hour() as u16,
        date.minute() as u16,
        date.second() as u16,
        date.millisecond() as u16,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::zone;

    const SECOND: i64 = 1_000_000_000;

    fn header(start: i64, stop: i64, zone: &TimeZone) -> FileHeader {
        let mut header = FileHeader::new();
        header.set_start(start, zone);
        header.set_stop(stop, zone);
        header
    }

    // The first 72 bytes of a file that python-can 4.6.1 wrote with compression level 0: two
    // messages, at 1700000000.1234567 and one second later.
    const PYTHON: &str = "4c4f4747900000000500000002060801100100000000000010010000000000000200000000000000\
                          e7070b0002000e0016000d0014007b00e7070b0002000e0016000d0015007b00";

    #[test]
    fn a_header_is_written_as_python_can_writes_it() {
        let mut header = header(
            start_of(1_700_000_000_123_456_700),
            1_700_000_001_123_456_700,
            &TimeZone::UTC,
        );
        header.file_size = 272;
        header.uncompressed_size = 272;
        header.objects = 2;
        let shown = faster_hex::hex_string(&header.to_bytes()[..USED]);
        assert_eq!(shown, PYTHON);
        assert_eq!(header.to_bytes()[USED..], [0; SIZE - USED]);
        let read = FileHeader::parse(header.to_bytes().first_chunk().expect("long enough"));
        assert_eq!(read, Some(header));
        assert_eq!(header.start(&TimeZone::UTC), 1_700_000_000_123_000_000);
        assert_eq!(header.stop(&TimeZone::UTC), 1_700_000_001_123_000_000);
    }

    #[test]
    fn a_header_needs_its_signature() {
        let mut bytes = [0; USED];
        assert_eq!(FileHeader::parse(&bytes), None);
        bytes[..4].copy_from_slice(b"LOGG");
        assert!(FileHeader::parse(&bytes).is_some());
    }

    #[test]
    fn a_start_time_is_cut_to_milliseconds_and_none_before_1990() {
        assert_eq!(start_of(FIRST_DATE + 1_999_999), FIRST_DATE + 1_000_000);
        assert_eq!(start_of(FIRST_DATE), FIRST_DATE);
        assert_eq!(start_of(FIRST_DATE - 1), 0);
        assert_eq!(start_of(5 * SECOND), 0);
        assert_eq!(start_of(0), 0);
        assert_eq!(start_of(-1), -1_000_000);
        assert_eq!(start_of(-1_500_000), -2_000_000);
        assert_eq!(
            header(0, FIRST_DATE - MILLISECOND, &TimeZone::UTC),
            FileHeader::new()
        );
    }

    #[test]
    fn times_before_the_epoch_are_dates() {
        let header = header(-1_500 * MILLISECOND, 0, &TimeZone::UTC);
        assert_eq!(header.start, [1969, 12, 3, 31, 23, 59, 58, 500]);
        assert_eq!(header.start(&TimeZone::UTC), -1_500 * MILLISECOND);
    }

    #[test]
    fn the_time_zone_says_what_the_clock_in_the_header_shows() {
        let berlin = zone::named("Europe/Berlin").expect("a time zone");
        let time = 1_700_000_000 * SECOND;
        let header = header(time, time, &berlin);
        // 22:13:20 UTC is 23:13:20 in winter.
        assert_eq!(header.start, [2023, 11, 2, 14, 23, 13, 20, 0]);
        assert_eq!(header.start(&berlin), time);
        assert_eq!(header.start(&TimeZone::UTC), time + 3600 * SECOND);
    }

    #[test]
    fn the_stop_time_is_rounded_to_the_millisecond() {
        let up = header(0, FIRST_DATE + 500_000, &TimeZone::UTC);
        assert_eq!(up.stop(&TimeZone::UTC), FIRST_DATE + MILLISECOND);
        let down = header(0, FIRST_DATE + 499_999, &TimeZone::UTC);
        assert_eq!(down.stop(&TimeZone::UTC), FIRST_DATE);
    }

    #[test]
    fn what_is_no_date_counts_from_the_epoch() {
        for start in [
            [2023, 13, 0, 1, 0, 0, 0, 0],
            [2023, 2, 0, 30, 0, 0, 0, 0],
            [60_000, 1, 0, 1, 0, 0, 0, 0],
            [2023, 1, 0, 300, 0, 0, 0, 0],
            [2023, 1, 0, 1, 0, 0, 0, 60_000],
        ] {
            let header = FileHeader {
                start,
                ..FileHeader::new()
            };
            assert_eq!(header.start(&TimeZone::UTC), 0, "{start:?}");
        }
    }
}
