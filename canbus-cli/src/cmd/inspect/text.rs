//! What was found, for people.

use super::Finding;
use crate::summary::{counted, size};
use canbus::statistics::{IdStatistics, Statistics};
use canbus::{Channel, Timestamp};
use std::fmt::Write;

/// How many gaps and steps back are shown.
const SHOWN: usize = 5;

pub(super) fn of(finding: &Finding<'_>) -> String {
    let statistics = &finding.statistics;
    let mut text = format!("{}: {}", finding.path.display(), finding.format);
    if finding.size > 0 {
        text = format!("{text}, {}", size(finding.size));
    }
    text.push('\n');
    put_span(&mut text, statistics);
    put_kinds(&mut text, statistics);
    put_channels(&mut text, statistics);
    put_gaps(&mut text, finding);
    put_damage(&mut text, finding);
    put_ids(&mut text, statistics);
    text
}

fn put(text: &mut String, name: &str, line: &str) {
    let _ = writeln!(text, "  {name:<10} {line}");
}

fn put_span(text: &mut String, statistics: &Statistics) {
    let mut line = counted(statistics.frames(), "frame");
    if let (Some(start), Some(end)) = (statistics.start(), statistics.end()) {
        let _ = write!(line, " in {:.6} s", statistics.seconds());
        if let Some(rate) = statistics.rate(statistics.frames()) {
            let _ = write!(line, " ({rate:.1}/s)");
        }
        let _ = write!(line, ", {} to {}", date(start), date(end));
    }
    put(text, "frames", &line);
}

/// `2021-12-18T14:28:07.062000Z`; times that are none of a calendar in seconds.
fn date(time: Timestamp) -> String {
    let micros = time.as_micros_rounded();
    match jiff::Timestamp::from_microsecond(micros) {
        Ok(time) => format!("{time:.6}"),
        Err(_) => format!("{time:.6}"),
    }
}

fn put_kinds(text: &mut String, statistics: &Statistics) {
    let kinds = statistics.kinds();
    let fd = format!("{} BRS, {} ESI", kinds.brs, kinds.esi);
    let parts = [
        (kinds.data, format!("{} classic", kinds.data)),
        (kinds.fd, format!("{} CAN FD ({fd})", kinds.fd)),
        (kinds.remote, format!("{} remote", kinds.remote)),
        (kinds.error, format!("{} error", kinds.error)),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(count, part)| (count > 0).then_some(part))
        .collect();
    if !parts.is_empty() {
        put(text, "kinds", &parts.join(", "));
    }
    let causes = statistics.causes().iter();
    let causes: Vec<String> = causes
        .map(|(cause, count)| format!("{count} {cause}"))
        .collect();
    if !causes.is_empty() {
        put(text, "errors", &causes.join(", "));
    }
}

fn put_channels(text: &mut String, statistics: &Statistics) {
    for one in statistics.channels() {
        let mut line = format!("{}: {}", name(one.channel), counted(one.frames, "frame"));
        if let Some(load) = one.load {
            let _ = write!(
                line,
                "; load {:.2} %, {:.2} % in the busiest second, {:.2} % with the most stuff bits",
                load.average * 100.0,
                load.busiest_second * 100.0,
                load.most_stuffing * 100.0
            );
        }
        put(text, "channel", &line);
    }
}

fn put_gaps(text: &mut String, finding: &Finding<'_>) {
    let statistics = &finding.statistics;
    let start = statistics.start().unwrap_or_default();
    let count = statistics.gap_count();
    if count > 0 {
        let pauses = counted(count, "pause");
        let line = format!(
            "{pauses} of more than {} times the usual period",
            finding.gap
        );
        put(text, "gaps", &line);
    }
    for gap in statistics.gaps().into_iter().take(SHOWN) {
        let at = gap.from.nanos_since(start) as f64 / 1e9;
        let seconds = gap.seconds();
        let line = format!(
            "{} {}: {seconds:.6} s from {at:.6} s on",
            name(gap.channel),
            gap.id
        );
        put(text, "", &line);
    }
    let count = statistics.step_back_count();
    if count > 0 {
        put(text, "backwards", &counted(count, "step back in time"));
    }
    for step in statistics.steps_back().into_iter().take(SHOWN) {
        let line = format!("{:.6} s at frame {}", step.seconds(), step.frame);
        put(text, "", &line);
    }
}

fn put_damage(text: &mut String, finding: &Finding<'_>) {
    let mut parts = finding.damage.summary();
    if finding.truncated {
        parts.push("the end is cut off".into());
    }
    if finding.passed_over > 0 {
        let records = counted(finding.passed_over, "other record");
        parts.push(format!("{records} passed over"));
    }
    let line = if parts.is_empty() {
        "none".into()
    } else {
        parts.join("; ")
    };
    put(text, "damage", &line);
}

fn put_ids(text: &mut String, statistics: &Statistics) {
    let ids = statistics.ids();
    let widest = ids
        .iter()
        .map(|one| name(one.channel).chars().count())
        .max();
    let Some(widest) = widest.map(|width| width.max(7)) else {
        return;
    };
    let _ = writeln!(
        text,
        "\n  {:<widest$} {:>8} {:>9} {:>9} {:>10} {:>10} {:>10} {:>9} {:>10} {:>5} {:>5} {:>5} {:>5}",
        "channel",
        "ID",
        "frames",
        "1/s",
        "min ms",
        "mean ms",
        "max ms",
        "std dev",
        "p99 ms",
        "DLC",
        "bytes",
        "way",
        "gaps"
    );
    for one in ids {
        let rate = statistics.rate(one.frames);
        let periods = &one.periods;
        let millis = |seconds: Option<f64>| number(seconds.map(|seconds| seconds * 1e3), 3);
        let (least, most) = (usize::from(one.dlcs.0), usize::from(one.dlcs.1));
        let line = format!(
            "  {:<widest$} {:>8} {:>9} {:>9} {:>10} {:>10} {:>10} {:>9} {:>10} {:>5} {:>5} {:>5} {:>5}",
            name(one.channel),
            one.id.to_string(),
            one.frames,
            number(rate, 2),
            millis(periods.min()),
            millis(periods.mean()),
            millis(periods.max()),
            millis(periods.std_dev()),
            millis(periods.percentile(99.0)),
            range((least, most)),
            range(one.lengths),
            way(one),
            one.gaps
        );
        let _ = writeln!(text, "{line}");
    }
}

fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| "-".into(), |value| format!("{value:.decimals$}"))
}

fn range((least, most): (usize, usize)) -> String {
    if least == most {
        return least.to_string();
    }
    format!("{least}-{most}")
}

fn way(one: &IdStatistics) -> &'static str {
    match one.received {
        0 => "Tx",
        all if all == one.frames => "Rx",
        _ => "Rx+Tx",
    }
}

fn name(channel: Option<Channel>) -> String {
    channel.map_or_else(|| "-".into(), |channel| channel.to_string())
}
