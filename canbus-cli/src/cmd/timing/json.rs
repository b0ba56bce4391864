//! The answer for programs.

use super::search::{Answer, Row};
use super::text;
use canbus::Result;
use canbus::bit_timing::Segments;
use serde_json::{Map, Value, json};

/// The whole answer as one object. Rates are in bit/s, points, errors and tolerances in percent,
/// times in nanoseconds.
pub(super) fn object(answer: &Answer) -> Value {
    let wishes = answer.wishes.iter();
    let wishes =
        wishes.map(|wish| json!({"bitrate": wish.bitrate, "sample_point": wish.sample_point}));
    let registers = text::registers(answer);
    let options: Map<String, Value> = text::pairs(answer)
        .into_iter()
        .map(|(name, number)| (name, number.into()))
        .collect();
    let compensation = answer.delay_compensation.map(|found| {
        json!({"offset": found.offset, "offset_ns": found.offset_ns, "needed": found.needed})
    });
    json!({
        "f_clock": answer.f_clock,
        "controller": answer.controller.map(|controller| controller.name),
        "wanted": wishes.collect::<Vec<_>>(),
        "solutions": answer.rows.iter().map(|one| row(answer, one)).collect::<Vec<_>>(),
        "python_can": choice(answer, answer.python_can.as_ref()),
        "python_can_default": choice(answer, answer.python_can_untold.as_ref()),
        "linux": choice(answer, answer.linux.as_ref()),
        "chosen": row(answer, &answer.chosen),
        "registers": registers.map(|(btr0, btr1)| json!({"btr0": btr0, "btr1": btr1})),
        "delay_compensation": compensation,
        "options": options,
    })
}

fn choice(answer: &Answer, choice: Option<&Result<Row>>) -> Option<Value> {
    let found = choice?.as_ref().ok()?;
    Some(row(answer, found))
}

fn row(answer: &Answer, row: &Row) -> Value {
    let phases = row.phases.iter().map(|one| {
        let Segments { tseg1, tseg2, sjw } = one.phase.segments;
        json!({
            "brp": one.phase.brp,
            "tseg1": tseg1,
            "tseg2": tseg2,
            "sjw": sjw,
            "quanta": one.phase.segments.quanta(),
            "quantum_ns": one.phase.tq_ns(answer.f_clock),
            "bitrate": one.bitrate,
            "bitrate_error": one.bitrate_error,
            "sample_point": one.sample_point,
            "sample_point_error": one.sample_point_error,
        })
    });
    json!({
        "phases": phases.collect::<Vec<_>>(),
        "oscillator_tolerance": row.tolerance,
    })
}
