//! Which column stands where: as python-can has them, or as the header of a file says.

use super::expected;
use crate::error::Result;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Timestamp,
    ArbitrationId,
    Extended,
    Remote,
    Error,
    Dlc,
    Data,
    // What follows is in extended files only.
    Channel,
    Direction,
    RawDlc,
    Fd,
    Brs,
    // Never empty, so that its absence tells a line that is cut.
    Esi,
}

/// How many columns python-can's files have.
pub(super) const STANDARD: usize = 7;

/// All columns, in the order in which they are written.
const NAMES: [(Column, &str); 13] = [
    (Column::Timestamp, "timestamp"),
    (Column::ArbitrationId, "arbitration_id"),
    (Column::Extended, "extended"),
    (Column::Remote, "remote"),
    (Column::Error, "error"),
    (Column::Dlc, "dlc"),
    (Column::Data, "data"),
    (Column::Channel, "channel"),
    (Column::Direction, "direction"),
    (Column::RawDlc, "raw_dlc"),
    (Column::Fd, "fd"),
    (Column::Brs, "brs"),
    (Column::Esi, "esi"),
];

/// How many columns extended files have.
pub(super) const EXTENDED: usize = NAMES.len();

/// The header of the first so many columns, without a line end.
pub(super) fn header(count: usize) -> String {
    let names: Vec<&str> = NAMES[..count].iter().map(|&(_, name)| name).collect();
    names.join(",")
}

/// Where each column stands in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    /// For each column the place of its field.
    places: [Option<u8>; EXTENDED],
    /// How many fields a line has, and how many it has at least.
    count: usize,
    least: usize,
    /// Whether any of them is none of python-can's.
    extra: bool,
}

impl Columns {
    /// Without a header: our columns, as many as the line has of them.
    pub(super) fn of_count(fields: usize) -> Columns {
        let count = if fields == EXTENDED {
            EXTENDED
        } else {
            STANDARD
        };
        let mut places = [None; EXTENDED];
        for (index, place) in places[..count].iter_mut().enumerate() {
            *place = Some(index as u8);
        }
        Columns {
            places,
            count,
            least: STANDARD,
            extra: count > STANDARD,
        }
    }

    /// Those that a header names, in any order and case, others among them; `None` if it is no
    /// header, as it does not name what a message needs.
    pub(super) fn of_header<'a>(names: impl Iterator<Item = &'a [u8]>) -> Option<Columns> {
        let mut columns = Columns {
            places: [None; EXTENDED],
            count: 0,
            least: 0,
            extra: false,
        };
        for (index, name) in names.enumerate() {
            columns.count = index + 1;
            let known = NAMES
                .iter()
                .find(|(_, known)| name.trim_ascii().eq_ignore_ascii_case(known.as_bytes()));
            if let Some(&(column, _)) = known {
                columns.places[column as usize] = Some(u8::try_from(index).ok()?);
                if (column as usize) < STANDARD {
                    columns.least = index + 1;
                } else {
                    columns.extra = true;
                }
            }
        }
        let needed = [Column::Timestamp, Column::ArbitrationId, Column::Data];
        let named = |&column: &Column| columns.places[column as usize].is_some();
        needed.iter().all(named).then_some(columns)
    }

    /// Where a column stands, if it is there.
    #[inline]
    pub(super) fn place(&self, column: Column) -> Option<usize> {
        self.places[column as usize].map(usize::from)
    }

    /// Whether there are such as python-can does not have.
    #[inline]
    pub(super) fn have_extra(&self) -> bool {
        self.extra
    }

    /// Checks the number of fields of a line. What we added may be missing from lines that
    /// python-can appended, but not from one that is cut.
    ///
    /// # Errors
    /// `Malformed`.
    #[inline]
    pub(super) fn check(&self, fields: usize, complete: bool, line: &[u8]) -> Result<()> {
        let least = if complete { self.least } else { self.count };
        if (least..=self.count).contains(&fields) {
            return Ok(());
        }
        let wanted = format!("{} values between commas", self.count);
        Err(expected(&wanted, line))
    }
}
