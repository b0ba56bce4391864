//! The answer as people read it: the table, the picture of the timing that was chosen, and how other
//! programs are told of it.

use super::picture;
use super::picture::percent;
use super::search::{Answer, PYTHON_CAN_POINT, Row};
use canbus::bit_timing::{Phase, Segments, Solution, Timing};
use canbus::{BitTiming, BitTimingFd, Result};
use std::fmt::Write;

/// The answer, with so many rows of the table.
pub(super) fn shown(answer: &Answer, rows: usize) -> String {
    let mut text = title(answer);
    if !answer.rows.is_empty() {
        table(&mut text, answer, rows);
        others(&mut text, answer);
    }
    detail(&mut text, answer);
    text
}

/// "8 MHz", "33.3333 MHz".
pub(super) fn hertz(hertz: u32) -> String {
    format!("{} MHz", f64::from(hertz) / 1e6)
}

fn title(answer: &Answer) -> String {
    let rates: Vec<String> = answer
        .wishes
        .iter()
        .map(|wish| {
            format!(
                "{} bit/s sampled at {}",
                wish.bitrate,
                percent(wish.sample_point)
            )
        })
        .collect();
    let range = match answer.controller {
        Some(controller) => controller.name,
        None if answer.rows.is_empty() && answer.is_for_all => "as given",
        None if answer.rows.is_empty() => "as given, not in the range of every controller",
        None => "in the range of every controller",
    };
    let rates = rates.join(", data ");
    format!("{rates}; clock {}; {range}\n\n", hertz(answer.f_clock))
}

fn table(text: &mut String, answer: &Answer, rows: usize) {
    let head = "  brp tseg1 tseg2  sjw  bit rate  sampled at";
    let heads = answer.wishes.iter().map(|_| head).collect::<String>();
    let _ = writeln!(text, "    {heads}  tolerance");
    for (row, number) in answer.rows.iter().zip(1..).take(rows) {
        let _ = write!(text, "{number:>4}");
        for (solution, wish) in row.phases.iter().zip(&answer.wishes) {
            let Segments { tseg1, tseg2, sjw } = solution.phase.segments;
            let brp = solution.phase.brp;
            let _ = write!(
                text,
                "{brp:>5} {tseg1:>5} {tseg2:>5} {sjw:>4} {:>9}  {:>10}",
                off(solution.bitrate, wish.bitrate),
                percent(solution.sample_point)
            );
        }
        let _ = writeln!(text, "{:>11}{}", percent(row.tolerance), whose(answer, row));
    }
    if rows < answer.rows.len() {
        let _ = writeln!(
            text,
            "  the first {rows} of {}; --all shows the others",
            answer.rows.len()
        );
    }
    text.push('\n');
}

/// How far a bit rate is off: "exact", "+0.313%".
fn off(bitrate: f64, wanted: u32) -> String {
    let wanted = f64::from(wanted);
    let error = (bitrate - wanted) * 100.0 / wanted;
    if error == 0.0 {
        return "exact".into();
    }
    // What is off is never shown as if it were not.
    format!("{:+.3}%", error.abs().max(0.001).copysign(error))
}

/// Who else chooses a row, but for the width of the jump.
fn whose(answer: &Answer, row: &Row) -> String {
    let same = |other: &Option<Result<Row>>| {
        let key = |solution: &Solution| {
            let segments = solution.phase.segments;
            (solution.phase.brp, segments.tseg1, segments.tseg2)
        };
        let Some(Ok(other)) = other else { return false };
        other.phases.iter().map(key).eq(row.phases.iter().map(key))
    };
    let mut names = String::new();
    for (name, other) in [("python-can", &answer.python_can), ("Linux", &answer.linux)] {
        if same(other) {
            let _ = write!(names, "  {name}");
        }
    }
    names
}

fn others(text: &mut String, answer: &Answer) {
    let asked = if answer.points_are_given {
        "python-can".into()
    } else {
        let points = answer.wishes.iter().map(|wish| percent(wish.sample_point));
        let points: Vec<String> = points.collect();
        format!("python-can, asked for {},", points.join(" and "))
    };
    let untold = format!(
        "python-can, whose default is {},",
        percent(PYTHON_CAN_POINT)
    );
    for (name, other) in [
        (&*asked, &answer.python_can),
        (&*untold, &answer.python_can_untold),
        ("Linux", &answer.linux),
    ] {
        let choice = match other {
            None => continue,
            Some(Ok(row)) => choice(answer, row),
            Some(Err(error)) => format!("nothing ({error})"),
        };
        let _ = writeln!(text, "{name} chooses {choice}");
    }
    text.push('\n');
}

/// The numbers of a choice, and how far its bit rates are off.
fn choice(answer: &Answer, row: &Row) -> String {
    let phases: Vec<String> = row.phases.iter().map(|one| numbers(&one.phase)).collect();
    let mut text = phases.join(", data ");
    for (solution, wish) in row.phases.iter().zip(&answer.wishes) {
        if solution.bitrate_error != 0.0 {
            let off = off(solution.bitrate, wish.bitrate);
            let _ = write!(text, "; its {} bit/s are off by {off}", wish.bitrate);
        }
    }
    text
}

fn numbers(phase: &Phase) -> String {
    let Segments { tseg1, tseg2, sjw } = phase.segments;
    format!("brp {}, tseg1 {tseg1}, tseg2 {tseg2}, sjw {sjw}", phase.brp)
}

fn detail(text: &mut String, answer: &Answer) {
    let names = ["nominal", "data"];
    let one = answer.chosen.phases.len() == 1;
    for (solution, name) in answer.chosen.phases.iter().zip(names) {
        let phase = &solution.phase;
        let quantum = phase.tq_ns(answer.f_clock);
        let quanta = phase.segments.quanta();
        let prefix = if one {
            String::new()
        } else {
            format!("{name}: ")
        };
        let _ = writeln!(
            text,
            "{prefix}{}; a bit of {} is {quanta} quanta of {}",
            numbers(phase),
            time(quantum * f64::from(quanta)),
            time(quantum)
        );
        let _ = writeln!(text, "   sync, propagation + phase 1, phase 2:");
        text.push_str(&picture::of(phase));
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "oscillator tolerance  {}",
        percent(answer.chosen.tolerance)
    );
    if let Some((btr0, btr1)) = registers(answer) {
        let _ = writeln!(text, "BTR0, BTR1            0x{btr0:02X}, 0x{btr1:02X}");
    }
    if answer.chosen.phases.len() == 2 {
        let _ = writeln!(text, "delay compensation    {}", compensation(answer));
    }
    let _ = writeln!(text, "as options            --timing {}", options(answer));
    let _ = writeln!(
        text,
        "for Linux             ip link set can0 type can {}",
        ip_link(answer)
    );
}

/// A time in the unit in which it is easy to read.
fn time(ns: f64) -> String {
    let (number, unit) = if ns < 1000.0 {
        (ns, "ns")
    } else {
        (ns / 1000.0, "µs")
    };
    let text = format!("{number:.3}");
    format!(
        "{} {unit}",
        text.trim_end_matches('0').trim_end_matches('.')
    )
}

fn compensation(answer: &Answer) -> String {
    match answer.delay_compensation {
        None => "impossible: the data prescaler is greater than 2".into(),
        Some(found) => format!(
            "offset {} clock periods ({}); {}",
            found.offset,
            time(found.offset_ns),
            if found.needed {
                "needed: a node's delay of up to 255 ns is longer"
            } else {
                "not needed: a node's delay of up to 255 ns is shorter"
            }
        ),
    }
}

/// The registers of an SJA1000, if it could take the timing.
pub(super) fn registers(answer: &Answer) -> Option<(u8, u8)> {
    let [only] = &*answer.chosen.phases else {
        return None;
    };
    let timing = BitTiming::new(answer.f_clock, only.phase).ok()?;
    let timing = timing.with_samples(answer.nof_samples).ok()?;
    Some((timing.btr0(), timing.btr1()))
}

/// The timing as options of a bus, as other commands take them.
fn options(answer: &Answer) -> String {
    let pairs: Vec<String> = pairs(answer)
        .into_iter()
        .map(|(name, number)| format!("{name}={number}"))
        .collect();
    pairs.join(" ")
}

/// The timing as options of a bus.
pub(super) fn pairs(answer: &Answer) -> Vec<(String, i64)> {
    if let [nominal, data] = &*answer.chosen.phases
        && let Ok(timing) = BitTimingFd::new(answer.f_clock, nominal.phase, data.phase)
    {
        let options = Timing::Fd(timing).options();
        let pairs = options.into_iter().map(|(name, value)| {
            let number = value.to_string().parse().unwrap_or_default();
            (name.to_string(), number)
        });
        return pairs.collect();
    }
    let phase = answer.chosen.phases[0].phase;
    let Segments { tseg1, tseg2, sjw } = phase.segments;
    [
        ("f_clock", answer.f_clock),
        ("brp", phase.brp),
        ("tseg1", tseg1),
        ("tseg2", tseg2),
        ("sjw", sjw),
        ("nof_samples", u32::from(answer.nof_samples)),
    ]
    .map(|(name, number)| (name.to_string(), i64::from(number)))
    .into()
}

fn ip_link(answer: &Answer) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (solution, prefix) in answer.chosen.phases.iter().zip(["", "d"]) {
        let Segments { tseg1, tseg2, sjw } = solution.phase.segments;
        let quantum = solution.phase.tq_ns(answer.f_clock).round();
        // Linux parts what comes before the sample point in halves.
        let (prop, phase1) = (tseg1 / 2, tseg1.div_ceil(2));
        parts.push(format!(
            "{prefix}tq {quantum} {prefix}prop-seg {prop} {prefix}phase-seg1 {phase1} \
             {prefix}phase-seg2 {tseg2} {prefix}sjw {sjw}"
        ));
    }
    if parts.len() == 2 {
        parts.push("fd on".into());
    }
    parts.join(" ")
}
