//! Which column of a record holds what, by version or by `;$COLUMNS=`.

/// The versions of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Version {
    V1_0,
    V1_1,
    V1_2,
    V1_3,
    V2_0,
    V2_1,
}

use Version::{V1_0, V1_1, V1_2, V1_3, V2_0, V2_1};

impl Version {
    /// The version of this name; none for others than PEAK's document has.
    pub(super) fn named(name: &[u8]) -> Option<Version> {
        let all = [V1_0, V1_1, V1_2, V1_3, V2_0, V2_1];
        all.into_iter()
            .find(|version| version.name().as_bytes() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            V1_0 => "1.0",
            V1_1 => "1.1",
            V1_2 => "1.2",
            V1_3 => "1.3",
            V2_0 => "2.0",
            V2_1 => "2.1",
        }
    }

    /// The columns as `;$COLUMNS=` names them, which only versions from 2.0 on do in their header.
    pub(super) fn columns(self) -> &'static str {
        match self {
            V1_0 => "N,O,I,L,D",
            V1_1 => "N,O,T,I,L,D",
            V1_2 => "N,O,B,T,I,L,D",
            V1_3 => "N,O,B,T,I,R,L,D",
            V2_0 => "N,O,T,I,d,l,D",
            V2_1 => "N,O,T,B,I,d,R,L,D",
        }
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// Milliseconds since the start.
    Offset,
    /// The kind of record; in versions 1.x with the direction.
    Kind,
    Bus,
    Id,
    Direction,
    /// The data length code.
    Code,
    /// The number of data bytes.
    Length,
    /// Nothing that is needed: the number of the record, what is reserved, what is not known.
    Other,
}

/// The columns before the data, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    columns: Vec<Column>,
    /// Whether they are those of version 2.1.
    pub(super) is_2_1: bool,
}

impl Layout {
    /// The columns behind `;$COLUMNS=`; none if something is missing without which a record says
    /// nothing.
    pub(super) fn parse(names: &[u8]) -> Option<Layout> {
        /// PEAK's newest version has 14.
        const MOST: usize = 32;
        let mut columns = Vec::new();
        let mut data = false;
        for name in names.split(|&byte| byte == b',') {
            let column = match name.trim_ascii() {
                b"O" => Column::Offset,
                b"T" => Column::Kind,
                b"B" => Column::Bus,
                b"I" => Column::Id,
                b"d" => Column::Direction,
                b"L" => Column::Code,
                b"l" => Column::Length,
                // The data take all that is left of a line.
                b"D" => {
                    data = true;
                    break;
                }
                _ => Column::Other,
            };
            columns.push(column);
        }
        let has = |column| columns.contains(&column);
        let length = has(Column::Code) || has(Column::Length);
        let enough = data && has(Column::Offset) && has(Column::Id) && length;
        let is_2_1 = names == V2_1.columns().as_bytes();
        (enough && columns.len() <= MOST).then_some(Layout { columns, is_2_1 })
    }

    /// The columns of a version.
    pub(super) fn of(version: Version) -> Layout {
        Layout::parse(version.columns().as_bytes()).unwrap_or(Layout {
            columns: Vec::new(),
            is_2_1: false,
        })
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_a_layout_with_all_it_needs() {
        for version in [V1_0, V1_1, V1_2, V1_3, V2_0, V2_1] {
            assert_eq!(Version::named(version.name().as_bytes()), Some(version));
            assert!(Layout::of(version).columns().contains(&Column::Id));
        }
        assert_eq!(Version::named(b"3.0"), None);
    }

    #[test]
    fn columns_that_are_not_known_are_read_over_and_missing_ones_refused() {
        let layout = Layout::parse(b"N,O,T,B,I,d,R,V,S,A,r,s,L,D").expect("3.0's");
        assert_eq!(layout.columns().len(), 13);
        for wrong in [
            &b""[..],
            b"N,O,T,I,d,l",
            b"N,T,I,l,D",
            b"N,O,T,l,D",
            b"O,I,D",
        ] {
            assert_eq!(Layout::parse(wrong), None);
        }
        assert_eq!(Layout::parse(&b"X,".repeat(40)), None);
    }
}
