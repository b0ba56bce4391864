//! Answers questions about bit timing: each line of standard input is a JSON list of a word and
//! numbers, each line of standard output the answer in JSON, or the error as a text.
//!
//! ```text
//! ["classic", f_clock, brp, tseg1, tseg2, sjw, nof_samples, strict]
//! ["rate", f_clock, bitrate, tseg1, tseg2, sjw, nof_samples, strict]
//! ["registers", f_clock, btr0, btr1]
//! ["point" or "points", f_clock, bitrate, sample point]
//! ["classic again", f_clock, brp, tseg1, tseg2, sjw, nof_samples, another f_clock]
//! ["fd", f_clock, 4 numbers of the nominal phase, 4 of the data phase, strict]
//! ["fd rate", f_clock, bitrate, tseg1, tseg2, sjw, bitrate, tseg1, tseg2, sjw, strict]
//! ["fd point" or "fd points", f_clock, bitrate, sample point, bitrate, sample point]
//! ["fd again", f_clock, 4 numbers, 4 numbers, another f_clock]
//! ["solutions", f_clock, bitrate, sample point, limits…]
//! ["linux", f_clock, bitrate, sample point or 0, 0 for 4.8 or 1 for 6.3, limits…]
//! ```
//!
//! Limits are the eight numbers of `can_bittiming_const`, `tseg1_min` first.

use canbus::bit_timing::{
    BUS_LENGTH_M, Limits, LinuxRule, NODE_LOOP_DELAY_NS, Phase, Segments, Solution,
};
use canbus::{BitTiming, BitTimingFd, Result};
use serde_json::{Value, json};
use std::io::{BufRead, Write};

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let (word, numbers): (String, Vec<f64>) = parse(&line?)?;
        let answer = match answer(&word, &numbers) {
            Some(Ok(answer)) => answer,
            Some(Err(error)) => Value::String(error.to_string()),
            None => return Err(format!("cannot answer {word} {numbers:?}").into()),
        };
        writeln!(out, "{answer}")?;
    }
    Ok(out.flush()?)
}

fn parse(line: &str) -> std::result::Result<(String, Vec<f64>), Box<dyn std::error::Error>> {
    let list: Vec<Value> = serde_json::from_str(line)?;
    let (word, numbers) = list.split_first().ok_or("an empty list")?;
    let numbers = numbers.iter().map(|number| match number {
        Value::Bool(flag) => Ok(f64::from(u8::from(*flag))),
        other => other.as_f64().ok_or("not a number"),
    });
    let word = word.as_str().ok_or("not a word")?;
    Ok((word.into(), numbers.collect::<std::result::Result<_, _>>()?))
}

fn answer(word: &str, numbers: &[f64]) -> Option<Result<Value>> {
    let whole: Vec<u32> = numbers.iter().map(|&number| number as u32).collect();
    Some(match (word, &*whole, numbers) {
        ("classic", &[clock, brp, tseg1, tseg2, sjw, samples, strict], _) => {
            let timing = BitTiming::new(clock, Phase::new(brp, tseg1, tseg2, sjw));
            finished(timing, samples, strict).map(|timing| classic(&timing))
        }
        ("rate", &[clock, bitrate, tseg1, tseg2, sjw, samples, strict], _) => {
            let segments = Segments { tseg1, tseg2, sjw };
            let timing = BitTiming::from_bitrate_and_segments(clock, bitrate, segments);
            finished(timing, samples, strict).map(|timing| classic(&timing))
        }
        ("registers", &[clock, btr0, btr1], _) => {
            let timing = BitTiming::from_registers(clock, btr0 as u8, btr1 as u8);
            timing.map(|timing| classic(&timing))
        }
        ("point", &[clock, bitrate, _], &[.., point]) => {
            BitTiming::from_sample_point(clock, bitrate, point).map(|timing| classic(&timing))
        }
        ("points", &[clock, bitrate, _], &[.., point]) => {
            BitTiming::iterate_from_sample_point(clock, bitrate, point)
                .map(|all| all.map(|timing| classic(&timing)).collect())
        }
        ("classic again", &[clock, brp, tseg1, tseg2, sjw, samples, other], _) => {
            let timing = BitTiming::new(clock, Phase::new(brp, tseg1, tseg2, sjw));
            finished(timing, samples, 0)
                .and_then(|timing| timing.recreate_with_f_clock(other))
                .map(|timing| classic(&timing))
        }
        _ => return fd_answer(word, &whole, numbers).or_else(|| found(word, &whole, numbers)),
    })
}

fn fd_answer(word: &str, whole: &[u32], numbers: &[f64]) -> Option<Result<Value>> {
    let phase = |at: usize| Phase::new(whole[at], whole[at + 1], whole[at + 2], whole[at + 3]);
    let strict = |timing: BitTimingFd| match whole.last() {
        Some(0) => Ok(timing),
        _ => timing.strict(),
    };
    Some(match (word, whole.len(), numbers) {
        ("fd", 10, _) => BitTimingFd::new(whole[0], phase(1), phase(5))
            .and_then(strict)
            .map(|timing| fd(&timing)),
        ("fd rate", 10, _) => {
            let (slow, fast) = (phase(1), phase(5));
            let (slow, fast) = ((slow.brp, slow.segments), (fast.brp, fast.segments));
            BitTimingFd::from_bitrate_and_segments(whole[0], slow, fast)
                .and_then(strict)
                .map(|timing| fd(&timing))
        }
        ("fd point", 5, &[_, _, slow, _, fast]) => {
            let (slow, fast) = ((whole[1], slow), (whole[3], fast));
            BitTimingFd::from_sample_point(whole[0], slow, fast).map(|timing| fd(&timing))
        }
        ("fd points", 5, &[_, _, slow, _, fast]) => {
            let (slow, fast) = ((whole[1], slow), (whole[3], fast));
            BitTimingFd::iterate_from_sample_point(whole[0], slow, fast)
                .map(|all| all.map(|timing| fd(&timing)).collect())
        }
        ("fd again", 10, _) => BitTimingFd::new(whole[0], phase(1), phase(5))
            .and_then(|timing| timing.recreate_with_f_clock(whole[9]))
            .map(|timing| fd(&timing)),
        _ => return None,
    })
}

fn found(word: &str, whole: &[u32], numbers: &[f64]) -> Option<Result<Value>> {
    let limits = |numbers: &[u32]| match *numbers {
        [
            t1_min,
            t1_max,
            t2_min,
            t2_max,
            sjw_max,
            brp_min,
            brp_max,
            brp_inc,
        ] => Some(Limits {
            brp_inc,
            ..Limits::new(
                (t1_min, t1_max),
                (t2_min, t2_max),
                sjw_max,
                (brp_min, brp_max),
            )
        }),
        _ => None,
    };
    let (clock, bitrate, point) = (whole[0], whole[1], numbers[2]);
    Some(match word {
        "solutions" => limits(&whole[3..])?
            .solutions(clock, bitrate, point)
            .map(|all| all.iter().map(solution).collect()),
        "linux" => {
            let rule = if whole[3] == 0 {
                LinuxRule::Since4_8
            } else {
                LinuxRule::Since6_3
            };
            let point = (point != 0.0).then_some(point);
            limits(&whole[4..])?
                .linux_choice(clock, bitrate, point, rule)
                .map(|phase| json!(quanta(&phase)))
        }
        _ => return None,
    })
}

fn finished(timing: Result<BitTiming>, samples: u32, strict: u32) -> Result<BitTiming> {
    let timing = timing?.with_samples(samples as u8)?;
    if strict == 0 {
        Ok(timing)
    } else {
        timing.strict()
    }
}

fn quanta(phase: &Phase) -> [u32; 4] {
    let Segments { tseg1, tseg2, sjw } = phase.segments;
    [phase.brp, tseg1, tseg2, sjw]
}

fn solution(solution: &Solution) -> Value {
    json!({
        "phase": quanta(&solution.phase),
        "bitrate_error": solution.bitrate_error,
        "sample_point_error": solution.sample_point_error,
    })
}

fn classic(timing: &BitTiming) -> Value {
    json!({
        "phase": quanta(&timing.phase()),
        "f_clock": timing.f_clock(),
        "nof_samples": timing.nof_samples(),
        "bitrate": timing.bitrate(),
        "nbt": timing.nbt(),
        "tq": timing.tq(),
        "sample_point": timing.sample_point(),
        "registers": [timing.btr0(), timing.btr1()],
        "tolerance": timing.oscillator_tolerance(NODE_LOOP_DELAY_NS, BUS_LENGTH_M),
        "text": timing.to_string(),
    })
}

fn fd(timing: &BitTimingFd) -> Value {
    json!({
        "phases": [quanta(&timing.nominal()), quanta(&timing.data())],
        "f_clock": timing.f_clock(),
        "bitrates": [timing.nom_bitrate(), timing.data_bitrate()],
        "bit_times": [timing.nbt(), timing.dbt()],
        "tqs": [timing.nom_tq(), timing.data_tq()],
        "sample_points": [timing.nom_sample_point(), timing.data_sample_point()],
        "tolerance": timing.oscillator_tolerance(NODE_LOOP_DELAY_NS, BUS_LENGTH_M),
        "text": timing.to_string(),
    })
}
