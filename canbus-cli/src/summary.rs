//! Numbers as the summaries show them: counts, rates, times, sizes.

use crate::recorder::Counts;
use std::path::Path;
use std::time::Duration;

/// "1 frame", "2 frames".
pub(crate) fn counted(count: u64, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// "1200 frames in 10.0 s (120/s)"
pub(crate) fn frames(count: u64, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    let frames = counted(count, "frame");
    if count == 0 || seconds <= 0.0 {
        return format!("{frames} in {seconds:.1} s");
    }
    let rate = count as f64 / seconds;
    let decimals = usize::from(rate < 10.0);
    format!("{frames} in {seconds:.1} s ({rate:.decimals$}/s)")
}

/// A short time: "57.2 µs", "1.2 ms", "3.4 s".
pub(crate) fn time(time: Duration) -> String {
    let nanos = time.as_secs_f64() * 1e9;
    match nanos {
        ..999_950.0 => format!("{:.1} µs", nanos / 1e3),
        ..999_950_000.0 => format!("{:.1} ms", nanos / 1e6),
        _ => format!("{:.1} s", nanos / 1e9),
    }
}

/// A size in bytes: "812 bytes", "45.6 kB", "1.2 GB"; a thousand of one is one of the next.
pub(crate) fn size(bytes: u64) -> String {
    let mut value = bytes as f64 / 1e3;
    if bytes < 1000 {
        return counted(bytes, "byte");
    }
    for unit in ["kB", "MB", "GB"] {
        // What would be rounded to 1000.0 belongs to the next unit.
        if value < 999.95 {
            return format!("{value:.1} {unit}");
        }
        value /= 1e3;
    }
    format!("{value:.1} TB")
}

/// "a, b and c"
pub(crate) fn listed(parts: &[String]) -> String {
    match parts {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => parts.concat(),
    }
}

/// The name and size of a file that was written.
pub(crate) fn file(path: &Path) -> String {
    match path.metadata() {
        Ok(found) if found.is_file() => format!("{}: {}", path.display(), size(found.len())),
        _ => path.display().to_string(),
    }
}

/// How many files are full, and how many of them were deleted.
pub(crate) fn full_files(counts: &Counts) -> Vec<String> {
    let (full, deleted) = (u64::from(counts.rollovers()), counts.deleted());
    let full = (full > 0).then(|| format!("{} before it", counted(full, "full file")));
    let deleted = (deleted > 0).then(|| format!("{} deleted", counted(deleted, "old file")));
    full.into_iter().chain(deleted).collect()
}

/// What to say of frames that a format does not hold; nothing if there were none.
pub(crate) fn refused(counts: &Counts) -> Option<String> {
    let frames = counts.refused();
    let kinds = counts.losses().refused();
    let kinds = kinds.map(|kinds| format!(" ({kinds})")).unwrap_or_default();
    (frames > 0).then(|| format!("{} not held by the format{kinds}", counted(frames, "frame")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_a_unit_that_fits() {
        for (nanos, text) in [
            (1, "0.0 µs"),
            (57_249, "57.2 µs"),
            (999_949, "999.9 µs"),
            (999_950, "1.0 ms"),
            (1_250_000_000, "1.2 s"),
            (999_960_000, "1.0 s"),
        ] {
            assert_eq!(time(Duration::from_nanos(nanos)), text);
        }
    }

    #[test]
    fn sizes_have_the_unit_that_keeps_them_short() {
        let shown = [
            (0, "0 bytes"),
            (1, "1 byte"),
            (999, "999 bytes"),
            (1000, "1.0 kB"),
            (45_678, "45.7 kB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (1_230_000_000, "1.2 GB"),
            (5_000_000_000_000, "5.0 TB"),
        ];
        for (bytes, text) in shown {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn rates_have_a_decimal_only_where_it_says_something() {
        let shown = |count, millis| frames(count, Duration::from_millis(millis));
        assert_eq!(shown(1200, 10_000), "1200 frames in 10.0 s (120/s)");
        assert_eq!(shown(1, 2000), "1 frame in 2.0 s (0.5/s)");
        assert_eq!(shown(20, 2000), "20 frames in 2.0 s (10/s)");
        assert_eq!(shown(0, 2000), "0 frames in 2.0 s");
        assert_eq!(shown(5, 0), "5 frames in 0.0 s");
    }
}
