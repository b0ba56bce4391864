//! Which frames a bus lets through, and how that is written: `id:mask` and `id~mask`.

use crate::error::{Error, Result};
use crate::frame::{Frame, Id};
use std::fmt;
use std::str::FromStr;

/// One filter: a frame matches if its ID equals [`id`](Filter::id) in every bit of
/// [`mask`](Filter::mask), or for an inverted filter, if it does not.
///
/// A list of filters passes a frame that any of them matches; an empty list passes every frame.
///
/// Written `ID:MASK`, or `ID~MASK` for inverted, in hexadecimal, as can-utils and python-can do;
/// `:x` or `:s` after it restricts the filter to extended or standard IDs.
///
/// ```
/// use canbus::{Filter, Frame, Id};
/// # fn main() -> canbus::Result<()> {
/// let filter: Filter = "100:7F0".parse()?;
/// assert!(filter.matches(&Frame::data(Id::standard(0x10F)?, &[])?));
/// assert!(!filter.matches(&Frame::data(Id::standard(0x110)?, &[])?));
/// let others: Filter = "100~7F0".parse()?;
/// assert!(others.matches(&Frame::data(Id::standard(0x110)?, &[])?));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Filter {
    /// The arbitration ID to compare with.
    pub id: u32,
    /// The bits of it that count.
    pub mask: u32,
    /// `Some(true)`: only extended IDs can match; `Some(false)`: only standard ones.
    pub extended: Option<bool>,
    /// Whether the frames that are *not* equal match. The width in `extended` is not inverted.
    pub inverted: bool,
}

impl Filter {
    /// A filter on the bits of `mask`, for IDs of both widths.
    pub fn new(id: u32, mask: u32) -> Filter {
        Filter {
            id,
            mask,
            extended: None,
            inverted: false,
        }
    }

    /// A filter for exactly this ID.
    pub fn exactly(id: Id) -> Filter {
        let mask = if id.is_extended() {
            Id::MAX_EXTENDED
        } else {
            Id::MAX_STANDARD
        };
        Filter {
            extended: Some(id.is_extended()),
            ..Filter::new(id.raw(), mask)
        }
    }

    /// Whether the frame matches.
    pub fn matches(&self, frame: &Frame) -> bool {
        let id = frame.id();
        if self
            .extended
            .is_some_and(|extended| extended != id.is_extended())
        {
            return false;
        }
        let equal = (self.id ^ id.raw()) & self.mask == 0;
        equal != self.inverted
    }

    /// Whether a list of filters lets the frame pass.
    pub fn pass(filters: &[Filter], frame: &Frame) -> bool {
        filters.is_empty() || filters.iter().any(|filter| filter.matches(frame))
    }
}

impl FromStr for Filter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Filter> {
        let wrong = || {
            Error::invalid(format!(
                "filter {text:?}: expected ID:MASK or ID~MASK in hexadecimal, \
                 with :x or :s for extended or standard IDs only; for example 100:7F0"
            ))
        };
        let hex = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            u32::from_str_radix(digits, 16)
                .ok()
                .filter(|_| plain)
                .ok_or_else(wrong)
        };
        let at = text.find([':', '~']).ok_or_else(wrong)?;
        let (id, rest) = (&text[..at], &text[at + 1..]);
        let (mask, extended) = match rest.split_once(':') {
            None => (rest, None),
            Some((mask, "x" | "X")) => (mask, Some(true)),
            Some((mask, "s" | "S")) => (mask, Some(false)),
            Some(_) => return Err(wrong()),
        };
        Ok(Filter {
            id: hex(id)?,
            mask: hex(mask)?,
            extended,
            inverted: text.as_bytes()[at] == b'~',
        })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.inverted { '~' } else { ':' };
        write!(f, "{:03X}{sign}{:03X}", self.id, self.mask)?;
        match self.extended {
            None => Ok(()),
            Some(true) => f.write_str(":x"),
            Some(false) => f.write_str(":s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(raw: u32, extended: bool) -> Frame {
        Frame::data(Id::new(raw, extended).expect("fits"), &[]).expect("valid")
    }

    #[test]
    fn only_the_masked_bits_count() {
        let filter = Filter::new(0x120, 0x7F0);
        assert!(filter.matches(&frame(0x12F, false)));
        assert!(filter.matches(&frame(0x12F, true)));
        assert!(!filter.matches(&frame(0x130, false)));
        assert!(filter.matches(&frame(0x1000_012F, true)));
        assert!(Filter::new(0x7FF, 0).matches(&frame(0, false)));
    }

    #[test]
    fn the_width_restricts_a_filter_inverted_or_not() {
        let mut filter = Filter::exactly(Id::standard(0x123).expect("fits"));
        assert!(filter.matches(&frame(0x123, false)));
        assert!(!filter.matches(&frame(0x123, true)));
        filter.inverted = true;
        assert!(!filter.matches(&frame(0x123, false)));
        assert!(!filter.matches(&frame(0x124, true)));
        assert!(filter.matches(&frame(0x124, false)));
        let wide = Filter::exactly(Id::extended(0x123).expect("fits"));
        assert!(wide.matches(&frame(0x123, true)));
        assert!(!wide.matches(&frame(0x1000_0123, true)));
        assert!(!wide.matches(&frame(0x123, false)));
    }

    #[test]
    fn a_list_passes_what_any_filter_matches_and_an_empty_list_everything() {
        let filters = [Filter::new(1, 0x7FF), Filter::new(2, 0x7FF)];
        assert!(Filter::pass(&filters, &frame(2, false)));
        assert!(!Filter::pass(&filters, &frame(3, false)));
        assert!(Filter::pass(&[], &frame(3, false)));
    }

    #[test]
    fn the_written_form_goes_both_ways() {
        for text in [
            "100:7F0",
            "001~7FF",
            "18FF50E5:1FFFFFFF:x",
            "100~7FF:s",
            "000:000",
        ] {
            let filter: Filter = text.parse().expect("valid");
            assert_eq!(filter.to_string(), text);
        }
        let filter: Filter = "18ff50e5~1fffff00".parse().expect("valid");
        assert!(filter.inverted);
        assert_eq!((filter.id, filter.mask), (0x18FF_50E5, 0x1FFF_FF00));
        assert_eq!(
            "1:2:X".parse::<Filter>().expect("valid").extended,
            Some(true)
        );
        assert_eq!(
            "1:2:S".parse::<Filter>().expect("valid").extended,
            Some(false)
        );
    }

    #[test]
    fn what_is_not_a_filter_is_refused_and_quoted() {
        for text in [
            "",
            "100",
            "100:",
            ":7FF",
            "xyz:7FF",
            "100:7FF:q",
            "+1:1",
            "1:123456789",
        ] {
            let error = text.parse::<Filter>().expect_err("refused");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
