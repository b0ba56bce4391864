//! The values of a line, between commas and perhaps in quotation marks.

use super::COMMA;
use csv_core::ReadRecordResult;
use memchr::memchr2_iter;

const QUOTATION_MARK: u8 = b'"';

/// Takes lines apart; kept to keep its memory.
#[derive(Default)]
pub(super) struct Fields {
    /// Where each value begins and ends.
    spans: Vec<(usize, usize)>,
    /// A line without its quotation marks.
    plain: Vec<u8>,
}

/// The values of one line.
pub(super) struct Values<'a> {
    text: &'a [u8],
    spans: &'a [(usize, usize)],
    /// Whether the line had quotation marks.
    quoted: bool,
}

impl Fields {
    /// Takes a line apart.
    #[inline]
    pub(super) fn split<'a>(&'a mut self, line: &'a [u8]) -> Values<'a> {
        self.spans.clear();
        let mut start = 0;
        for end in memchr2_iter(COMMA, QUOTATION_MARK, line) {
            if line[end] == QUOTATION_MARK {
                return self.split_quoted(line);
            }
            self.spans.push((start, end));
            start = end + 1;
        }
        self.spans.push((start, line.len()));
        Values {
            text: line,
            spans: &self.spans,
            quoted: false,
        }
    }

    #[cold]
    fn split_quoted(&mut self, line: &[u8]) -> Values<'_> {
        // Without its quotation marks a line has no more bytes, and no more values than bytes.
        self.plain.resize(line.len(), 0);
        let mut ends = vec![0; line.len() + 1];
        let mut reader = csv_core::Reader::new();
        let (mut rest, mut written, mut count) = (line, 0, 0);
        loop {
            let (result, used, put, ended) =
                reader.read_record(rest, &mut self.plain[written..], &mut ends[count..]);
            // What comes behind the first is the end of the input, which ends the record.
            (rest, written, count) = (&rest[used..], written + put, count + ended);
            if !matches!(result, ReadRecordResult::InputEmpty) {
                break;
            }
        }
        self.spans.clear();
        let mut start = 0;
        for &end in &ends[..count] {
            self.spans.push((start, end));
            start = end;
        }
        Values {
            text: &self.plain[..written],
            spans: &self.spans,
            quoted: true,
        }
    }
}

impl<'a> Values<'a> {
    /// How many there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// One of them, without blanks around it; empty where there are not as many.
    #[inline]
    pub(super) fn get(&self, place: usize) -> &'a [u8] {
        let (start, end) = self.spans.get(place).copied().unwrap_or_default();
        self.text[start..end].trim_ascii()
    }

    /// One of them that is a name: in a line with quotation marks blanks around it belong to it.
    #[inline]
    pub(super) fn name(&self, place: usize) -> &'a [u8] {
        match self.spans.get(place) {
            Some(&(start, end)) if self.quoted => &self.text[start..end],
            _ => self.get(place),
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.len()).map(|place| self.get(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> Vec<String> {
        let mut fields = Fields::default();
        let values = fields.split(line.as_bytes());
        values
            .iter()
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    #[test]
    fn values_stand_between_commas_with_or_without_quotation_marks() {
        assert_eq!(split("a,b,,c"), ["a", "b", "", "c"]);
        assert_eq!(split(" a , b"), ["a", "b"]);
        assert_eq!(split(""), [""]);
        assert_eq!(split(","), ["", ""]);
        assert_eq!(split("\"a\",\"b,c\",d"), ["a", "b,c", "d"]);
        assert_eq!(split("a,\"say \"\"b\"\"\""), ["a", "say \"b\""]);
        assert_eq!(split("a,\"\",b"), ["a", "", "b"]);
        assert_eq!(split("a,\""), ["a", ""]);
        assert_eq!(split("a,\"b"), ["a", "b"]);
        let many = ["\"x\""; 300].join(",");
        assert_eq!(split(&many), ["x"; 300]);
    }

    #[test]
    fn a_line_of_any_bytes_is_taken_apart() {
        for line in [
            "\"\"\"\"\"",
            "\"a\"b\"c,d",
            "\r\"\n,\"\r\n\"",
            "\"\r",
            "a\rb,\"c\"",
        ] {
            split(line);
        }
    }
}
