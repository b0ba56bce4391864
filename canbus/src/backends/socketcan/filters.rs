//! Filters in the kernel's form: pairs of ID and mask (`struct can_filter` of `linux/can.h`), of
//! which a frame must match one.
//!
//! The kernel compares the whole field `can_id`, so the width of an ID is one more bit. It can turn
//! the answer of a pair round, that of the width included; a filter that is inverted and restricted
//! to a width is therefore written bit by bit: other in this bit, or in that one.

use super::wire::EXTENDED;
use crate::filter::Filter;
use crate::frame::Id;

/// Turns a pair round (`CAN_INV_FILTER`).
const INVERTED: u32 = 0x2000_0000;

/// Pairs that let through exactly what the filters do, error frames aside; none if nothing can
/// match.
pub(super) fn in_kernel_form(filters: &[Filter]) -> Vec<(u32, u32)> {
    if filters.is_empty() {
        return vec![(0, 0)];
    }
    filters.iter().flat_map(pairs).collect()
}

fn pairs(filter: &Filter) -> Vec<(u32, u32)> {
    let longest = match filter.extended {
        Some(false) => Id::MAX_STANDARD,
        _ => Id::MAX_EXTENDED,
    };
    let (id, mask) = (filter.id & filter.mask, filter.mask & longest);
    let width = match filter.extended {
        None => (0, 0),
        Some(true) => (EXTENDED, EXTENDED),
        Some(false) => (0, EXTENDED),
    };
    // A bit beyond the longest ID that should be set never is.
    let never_equal = id & !longest != 0;
    match (filter.inverted, never_equal) {
        (false, true) => Vec::new(),
        (true, true) => vec![width],
        (false, false) => vec![(id | width.0, mask | width.1)],
        (true, false) if filter.extended.is_none() => {
            // Turned round, a mask of nothing matches nothing, as it should.
            vec![(id | INVERTED, mask)]
        }
        (true, false) => (0..32)
            .map(|place| 1 << place)
            .filter(|bit| mask & bit != 0)
            .map(|bit| ((id ^ bit) & bit | width.0, bit | width.1))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;

    /// What the kernel does (`net/can/af_can.c`).
    fn kernel_passes(pairs: &[(u32, u32)], frame: &Frame) -> bool {
        let word = frame.id().raw()
            | if frame.id().is_extended() {
                EXTENDED
            } else {
                0
            };
        pairs.iter().any(|&(id, mask)| {
            let (inverted, id) = (id & INVERTED != 0, id & !INVERTED);
            // It takes it for granted that a filter for standard IDs has no longer ones in mind.
            let standard = mask & EXTENDED != 0 && id & EXTENDED == 0;
            let mask = mask
                & if standard {
                    EXTENDED | 0x7FF
                } else {
                    !INVERTED
                };
            let id = id & mask;
            (word & mask == id) != inverted
        })
    }

    #[test]
    fn the_kernel_passes_what_the_filters_pass() {
        let ids = [
            0,
            1,
            0x100,
            0x120,
            0x12F,
            0x7FF,
            0x800,
            0x1FFF_FFFF,
            0x2000_0000,
            u32::MAX,
        ];
        let masks = [0, 1, 0x7F0, 0x7FF, 0x1FFF_FFFF, 0x2000_0000, u32::MAX];
        let mut filters = Vec::new();
        for (id, mask) in ids.iter().flat_map(|id| masks.map(|mask| (*id, mask))) {
            for extended in [None, Some(false), Some(true)] {
                for inverted in [false, true] {
                    filters.push(Filter {
                        id,
                        mask,
                        extended,
                        inverted,
                    });
                }
            }
        }
        let raws = [
            0,
            1,
            0x100,
            0x120,
            0x12E,
            0x12F,
            0x7FE,
            0x7FF,
            0x800,
            0x1FFF_FFFE,
            0x1FFF_FFFF,
        ];
        let mut frames = Vec::new();
        for raw in raws {
            frames.extend(Id::standard(raw).and_then(|id| Frame::data(id, &[])).ok());
            frames.extend(Id::extended(raw).and_then(|id| Frame::data(id, &[])).ok());
        }
        let lists = filters
            .windows(3)
            .map(|list| &list[..1])
            .chain(filters.windows(3));
        for list in lists {
            let pairs = in_kernel_form(list);
            for frame in &frames {
                let expected = Filter::pass(list, frame);
                assert_eq!(
                    kernel_passes(&pairs, frame),
                    expected,
                    "{list:?} {frame:?} {pairs:x?}"
                );
            }
        }
    }

    #[test]
    fn no_filter_passes_everything_and_one_that_never_matches_nothing() {
        assert_eq!(in_kernel_form(&[]), [(0, 0)]);
        assert_eq!(in_kernel_form(&[Filter::new(u32::MAX, u32::MAX)]), []);
    }
}
