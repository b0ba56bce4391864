//! What was found, as `docs/inspect.md` describes it.

use super::Finding;
use canbus::statistics::{Gap, IdStatistics, Periods, StepBack};
use canbus::{Channel, Id, Timestamp};
use serde_json::{Map, Value, json};

pub(super) fn of(finding: &Finding<'_>) -> Value {
    let statistics = &finding.statistics;
    let kinds = statistics.kinds();
    let start = statistics.start().unwrap_or_default();
    let causes = statistics.causes().iter();
    let causes: Map<String, Value> = causes
        .map(|(cause, &count)| (cause.name().into(), count.into()))
        .collect();
    let ids = statistics.ids();
    let ids: Vec<Value> = ids
        .iter()
        .map(|one| of_id(one, statistics.rate(one.frames)))
        .collect();
    let channels: Vec<Value> = statistics
        .channels()
        .iter()
        .map(|one| {
            json!({
                "channel": channel(one.channel),
                "frames": one.frames,
                "errors": one.errors,
                "rate": statistics.rate(one.frames),
                "load": one.load.map(|load| json!({
                    "average": load.average,
                    "most_stuffing": load.most_stuffing,
                    "busiest_second": load.busiest_second,
                })),
            })
        })
        .collect();
    let gaps = statistics.gaps();
    let steps = statistics.steps_back();
    json!({
        "file": finding.path.display().to_string(),
        "format": finding.format,
        "bytes": finding.size,
        "frames": statistics.frames(),
        "start_ns": statistics.start().map(Timestamp::as_nanos),
        "end_ns": statistics.end().map(Timestamp::as_nanos),
        "seconds": statistics.seconds(),
        "kinds": {
            "data": kinds.data,
            "remote": kinds.remote,
            "fd": kinds.fd,
            "brs": kinds.brs,
            "esi": kinds.esi,
            "error": kinds.error,
        },
        "errors": causes,
        "channels": channels,
        "ids": ids,
        "gaps": {
            "factor": finding.gap,
            "count": statistics.gap_count(),
            "longest": gaps.iter().map(|gap| of_gap(gap, start)).collect::<Vec<_>>(),
        },
        "steps_back": {
            "count": statistics.step_back_count(),
            "largest": steps.iter().map(of_step).collect::<Vec<_>>(),
        },
        "damage": {
            "places": finding.damage.places(),
            "unsupported": finding.damage.unsupported(),
            "first": finding.damage.first(),
            "truncated": finding.truncated,
        },
        "passed_over": finding.passed_over,
    })
}

fn of_id(one: &IdStatistics, rate: Option<f64>) -> Value {
    json!({
        "channel": channel(one.channel),
        "id": one.id.raw(),
        "extended": one.id.is_extended(),
        "frames": one.frames,
        "rate": rate,
        "received": one.received,
        "sent": one.frames - one.received,
        "remote": one.remote,
        "fd": one.fd,
        "length": [one.lengths.0, one.lengths.1],
        "dlc": [one.dlcs.0, one.dlcs.1],
        "period": of_periods(&one.periods),
        "gaps": one.gaps,
    })
}

fn of_periods(periods: &Periods) -> Value {
    if periods.count() == 0 {
        return Value::Null;
    }
    json!({
        "min": periods.min(),
        "mean": periods.mean(),
        "max": periods.max(),
        "std_dev": periods.std_dev(),
        "p99": periods.percentile(99.0),
    })
}

fn of_gap(gap: &Gap, start: Timestamp) -> Value {
    let Gap {
        channel: on,
        id,
        from,
        ..
    } = *gap;
    json!({
        "channel": channel(on),
        "id": Id::raw(id),
        "extended": id.is_extended(),
        "at": from.nanos_since(start) as f64 / 1e9,
        "seconds": gap.seconds(),
    })
}

fn of_step(step: &StepBack) -> Value {
    json!({ "frame": step.frame, "seconds": step.seconds() })
}

/// A number, a name or null.
fn channel(channel: Option<Channel>) -> Value {
    match channel {
        None => Value::Null,
        Some(channel) => channel
            .as_number()
            .map_or_else(|| json!(channel.name()), |number| json!(number)),
    }
}
