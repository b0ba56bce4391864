//! A bit as a picture: its segments side by side, in proportion, and where it is sampled.

use canbus::bit_timing::{Phase, Segments};
use std::fmt::Write;

/// How wide a bit is drawn, without the lines between segments.
const WIDTH: u32 = 60;

/// The picture of a bit, indented.
///
/// ```text
///   ┌────┬────────────────────────────────────────────────┬────────┐
///   │ 1  │                       13                       │   2    │
///   └────┴────────────────────────────────────────────────┴────────┘
///    sync  propagation + phase 1                          ▲ phase 2
///                                                         sample point 87.5 %
/// ```
pub(super) fn of(phase: &Phase) -> String {
    let Segments { tseg1, tseg2, .. } = phase.segments;
    let [sync, before, after] = widths(phase);
    let line = |left, middle, right| {
        let parts = [sync, before, after].map(|width| "─".repeat(width));
        format!("  {left}{}{right}\n", parts.join(middle))
    };
    let mut text = line("┌", "┬", "┐");
    let _ = writeln!(text, "  │{:^sync$}│{tseg1:^before$}│{tseg2:^after$}│", 1);
    text += &line("└", "┴", "┘");
    // Under the line between the segments.
    let at = 3 + sync + 1 + before;
    let _ = writeln!(
        text,
        "{:at$}▲ sampled at {}",
        "",
        percent(phase.segments.sample_point())
    );
    text
}

/// A number of percent, with decimals only if it has some.
pub(super) fn percent(number: f64) -> String {
    let text = format!("{number:.2}");
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// How wide the synchronisation segment, what comes before and what comes after the sample point are
/// drawn; nothing is narrower than its number.
fn widths(phase: &Phase) -> [usize; 3] {
    let quanta = phase.segments.quanta();
    let Segments { tseg1, tseg2, .. } = phase.segments;
    [1, tseg1, tseg2].map(|part| {
        let share = f64::from(part) * f64::from(WIDTH) / f64::from(quanta);
        (share.round() as usize).max(part.to_string().len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_as_wide_as_they_are_long() {
        assert_eq!(widths(&Phase::new(1, 11, 3, 1)), [4, 44, 12]);
        assert_eq!(widths(&Phase::new(1, 139, 20, 10)), [1, 52, 8]);
        assert_eq!(widths(&Phase::new(1, 998, 1, 1)), [1, 60, 1]);
        let lines: Vec<String> = of(&Phase::new(1, 13, 2, 1))
            .lines()
            .map(Into::into)
            .collect();
        let position = |line: usize, sign| lines[line].chars().position(|one| one == sign);
        assert_eq!(lines.len(), 4);
        assert!(lines[0].chars().count() == lines[1].chars().count());
        // The arrow is under the second line between segments.
        let columns = lines[0]
            .chars()
            .enumerate()
            .filter(|(_, sign)| *sign == '┬');
        assert_eq!(columns.map(|(at, _)| at).nth(1), position(3, '▲'));
        assert!(lines[3].ends_with("sampled at 87.5 %"), "{}", lines[3]);
    }

    #[test]
    fn percents_have_no_needless_decimals() {
        for (number, text) in [
            (80.0, "80 %"),
            (87.5, "87.5 %"),
            (66.666_7, "66.67 %"),
            (100.0, "100 %"),
        ] {
            assert_eq!(percent(number), text);
        }
    }
}
