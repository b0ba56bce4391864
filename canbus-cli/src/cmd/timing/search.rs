//! What is searched for, and what was found.

use super::{Args, Choose, wrong};
use crate::args;
use canbus::bit_timing::{
    self, CLASSIC_OPTIONS, Controller, DelayCompensation, FD_OPTIONS, Limits, LinuxRule, Phase,
    Solution, Timing, TimingParts,
};
use canbus::{BitTiming, BitTimingFd, OptionKind, OptionSpec, Options, Result};

/// The clock of an SJA1000 with its usual crystal of 16 MHz, for registers without a clock.
const SJA1000_CLOCK: u32 = 8_000_000;

/// Where python-can's `BitTiming.from_sample_point` samples if it is not told, in percent. For CAN FD
/// it must be told.
pub(super) const PYTHON_CAN_POINT: f64 = 69.0;

/// The prescalers that python-can tries for CAN FD.
const FD_PRESCALERS: (u32, u32) = (1, 256);
/// The ranges that ISO 11898-1 demands of every controller, as far as they do not depend on each
/// other: of classic CAN, and of both phases of CAN FD.
const ISO: Limits = Limits::new((1, 16), (1, 8), 4, (1, 32));
const ISO_NOMINAL: Limits = Limits::new((2, 128), (2, 32), 32, FD_PRESCALERS);
const ISO_DATA: Limits = Limits::new((1, 16), (2, 8), 8, FD_PRESCALERS);

/// What is wanted of a phase.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) bitrate: u32,
    pub(super) sample_point: f64,
}

/// A timing: one phase, or with CAN FD two.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) phases: Vec<Solution>,
    /// Oscillator tolerance, in percent.
    pub(super) tolerance: f64,
}

/// The answer to a question.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) f_clock: u32,
    pub(super) controller: Option<&'static Controller>,
    pub(super) wishes: Vec<Wish>,
    /// All that is possible, the best first; empty if a timing was given.
    pub(super) rows: Vec<Row>,
    pub(super) chosen: Row,
    /// Whether the chosen one is in the range of every controller.
    pub(super) is_for_all: bool,
    pub(super) nof_samples: u8,
    /// Whether all sample points were asked for; else some are the usual ones.
    pub(super) points_are_given: bool,
    /// What others choose; with a reason if they choose nothing.
    pub(super) python_can: Option<Result<Row>>,
    /// What python-can chooses if it is not told where to sample.
    pub(super) python_can_untold: Option<Result<Row>>,
    pub(super) linux: Option<Result<Row>>,
    pub(super) delay_compensation: Option<DelayCompensation>,
}

impl Answer {
    pub(super) fn find(args: &Args) -> Result<Answer> {
        let controller = args.controller.as_deref();
        let controller = controller.map(bit_timing::find_controller).transpose()?;
        match args.bitrate {
            Some(bitrate) => Search::new(args, controller, bitrate)?.answer(),
            None => given(args, controller),
        }
    }
}

struct Search<'a> {
    args: &'a Args,
    controller: Option<&'static Controller>,
    f_clock: u32,
    wishes: Vec<Wish>,
}

impl Search<'_> {
    fn new<'a>(
        args: &'a Args,
        controller: Option<&'static Controller>,
        bitrate: u32,
    ) -> Result<Search<'a>> {
        let usual = controller.and_then(|controller| controller.clocks.first().copied());
        let f_clock = args.clock.or(usual).ok_or_else(|| {
            wrong("the controller's clock is needed: --clock 80M, or --controller NAME")
        })?;
        let wish = |bitrate, sample_point: Option<f64>| Wish {
            bitrate,
            sample_point: sample_point.unwrap_or_else(|| bit_timing::cia_sample_point(bitrate)),
        };
        let data = args.data.map(|data| wish(data, args.data_sample_point));
        if args.data.is_some_and(|data| data < bitrate) {
            return Err(wrong("--data is less than the bit rate of arbitration"));
        }
        Ok(Search {
            args,
            controller,
            f_clock,
            wishes: [wish(bitrate, args.sample_point)]
                .into_iter()
                .chain(data)
                .collect(),
        })
    }

    fn limits(&self) -> Result<Vec<Limits>> {
        let Some(controller) = self.controller else {
            let limits: &[Limits] = match self.wishes.len() {
                1 => &[ISO],
                _ => &[ISO_NOMINAL, ISO_DATA],
            };
            return Ok(limits.to_vec());
        };
        let limits: Vec<Limits> = [Some(controller.nominal), controller.data]
            .into_iter()
            .flatten()
            .take(self.wishes.len())
            .collect();
        if limits.len() < self.wishes.len() {
            return Err(wrong(format!("{} has no CAN FD", controller.name)));
        }
        Ok(limits)
    }

    fn answer(self) -> Result<Answer> {
        let rows = self.rows()?;
        let python_can = self.python_can(&self.wishes);
        let points_are_given = self.args.sample_point.is_some()
            && (self.args.data.is_none() || self.args.data_sample_point.is_some());
        let untold = match *self.wishes {
            [Wish { bitrate, .. }] if !points_are_given => {
                let sample_point = PYTHON_CAN_POINT;
                Some(self.python_can(&[Wish {
                    bitrate,
                    sample_point,
                }]))
            }
            _ => None,
        };
        let linux = self.linux();
        let chosen = match self.args.choose {
            Choose::Best => rows.first().cloned(),
            Choose::PythonCan => Some(again(&python_can)?),
            Choose::Linux => Some(again(&linux)?),
        };
        let chosen = chosen.ok_or_else(|| {
            wrong(format!(
                "no timing at {} Hz is in the range of every controller; --controller NAME has \
                 that of one",
                self.f_clock
            ))
        })?;
        Ok(Answer {
            f_clock: self.f_clock,
            controller: self.controller,
            delay_compensation: delay_compensation(self.f_clock, &chosen),
            wishes: self.wishes,
            rows,
            is_for_all: is_for_all(self.f_clock, &chosen.phases),
            chosen,
            nof_samples: 1,
            points_are_given,
            python_can: Some(python_can),
            python_can_untold: untold,
            linux: Some(linux),
        })
    }

    fn rows(&self) -> Result<Vec<Row>> {
        let limits = self.limits()?;
        let wish = |at: usize| (self.wishes[at].bitrate, self.wishes[at].sample_point);
        let found: Vec<Vec<Solution>> = if let [nominal, data] = &*limits {
            let limits = (nominal, data);
            let pairs = bit_timing::fd_solutions(limits, self.f_clock, wish(0), wish(1))?;
            pairs.into_iter().map(Vec::from).collect()
        } else {
            let (bitrate, sample_point) = wish(0);
            let all = limits[0].solutions(self.f_clock, bitrate, sample_point)?;
            all.into_iter().map(|one| vec![one]).collect()
        };
        let rows = found.into_iter().filter(|phases| self.is_allowed(phases));
        Ok(rows
            .map(|phases| row(self.args, self.f_clock, phases))
            .collect())
    }

    /// Without a controller, what ISO 11898 demands of every one beyond the plain limits.
    fn is_allowed(&self, phases: &[Solution]) -> bool {
        match (self.controller, phases) {
            (None, _) => is_for_all(self.f_clock, phases),
            (_, [nominal, data]) => {
                BitTimingFd::new(self.f_clock, nominal.phase, data.phase).is_ok()
            }
            _ => true,
        }
    }

    fn python_can(&self, wishes: &[Wish]) -> Result<Row> {
        let wish = |wish: &Wish| (wish.bitrate, wish.sample_point);
        let phases = if let [nominal, data] = wishes {
            let timing = BitTimingFd::from_sample_point(self.f_clock, wish(nominal), wish(data))?;
            vec![timing.nominal(), timing.data()]
        } else {
            let (bitrate, sample_point) = wish(&wishes[0]);
            let timing = BitTiming::from_sample_point(self.f_clock, bitrate, sample_point)?;
            vec![timing.phase()]
        };
        Ok(self.beside(&phases))
    }

    fn linux(&self) -> Result<Row> {
        let limits = self.limits()?;
        let phases = limits.iter().zip(&self.wishes).map(|(limits, wish)| {
            let point = Some(wish.sample_point);
            limits.linux_choice(self.f_clock, wish.bitrate, point, LinuxRule::Since6_3)
        });
        Ok(self.beside(&phases.collect::<Result<Vec<_>>>()?))
    }

    /// Phases beside what was wanted of them.
    fn beside(&self, phases: &[Phase]) -> Row {
        let solutions = phases.iter().zip(&self.wishes).map(|(phase, wish)| {
            Solution::of(*phase, self.f_clock, wish.bitrate, wish.sample_point)
        });
        row(self.args, self.f_clock, solutions.collect())
    }
}

/// Whether a timing is in the range that ISO 11898 demands of every controller.
fn is_for_all(f_clock: u32, phases: &[Solution]) -> bool {
    match phases {
        [nominal, data] => BitTimingFd::new(f_clock, nominal.phase, data.phase)
            .and_then(BitTimingFd::strict)
            .is_ok(),
        [one, ..] => BitTiming::new(f_clock, one.phase)
            .and_then(BitTiming::strict)
            .is_ok(),
        [] => false,
    }
}

fn again(found: &Result<Row>) -> Result<Row> {
    match found {
        Ok(row) => Ok(row.clone()),
        Err(error) => Err(wrong(error.to_string())),
    }
}

fn row(args: &Args, f_clock: u32, phases: Vec<Solution>) -> Row {
    let (delay, length) = (args.loop_delay, args.bus_length);
    let tolerance = match &*phases {
        [nominal, data] => BitTimingFd::new(f_clock, nominal.phase, data.phase)
            .map_or(0.0, |timing| timing.oscillator_tolerance(delay, length)),
        _ => phases[0].phase.oscillator_tolerance(f_clock, delay, length),
    };
    Row { phases, tolerance }
}

fn delay_compensation(f_clock: u32, row: &Row) -> Option<DelayCompensation> {
    let [nominal, data] = &*row.phases else {
        return None;
    };
    let timing = BitTimingFd::new(f_clock, nominal.phase, data.phase);
    timing.ok()?.delay_compensation()
}

/// Registers or a timing that was given, explained.
fn given(args: &Args, controller: Option<&'static Controller>) -> Result<Answer> {
    let usual = controller.and_then(|controller| controller.clocks.first().copied());
    let clock = args.clock.or(usual);
    let parts = match args.btr {
        Some((btr0, btr1)) => TimingParts {
            f_clock: clock.or(Some(SJA1000_CLOCK)),
            btr0: Some(btr0),
            btr1: Some(btr1),
            ..TimingParts::default()
        },
        None if args.timing.is_empty() => {
            return Err(wrong("a bit rate is needed, or --btr or --timing"));
        }
        None => parts(args)?,
    };
    let f_clock = parts
        .f_clock
        .or(clock)
        .ok_or_else(|| wrong("bit timing needs f_clock too"))?;
    let (phases, nof_samples) = phases(&parts, args.btr.is_some(), f_clock)?;
    check(&phases, controller)?;
    let solutions = phases.iter().map(|phase| {
        let bitrate = phase.bitrate(f_clock).round() as u32;
        Solution::of(*phase, f_clock, bitrate, phase.segments.sample_point())
    });
    let solutions: Vec<Solution> = solutions.collect();
    let wishes = solutions.iter().map(|one| Wish {
        bitrate: one.bitrate.round() as u32,
        sample_point: one.sample_point,
    });
    let wishes = wishes.collect();
    let is_for_all = is_for_all(f_clock, &solutions);
    let chosen = row(args, f_clock, solutions);
    Ok(Answer {
        f_clock,
        controller,
        wishes,
        rows: Vec::new(),
        is_for_all,
        nof_samples,
        points_are_given: true,
        python_can: None,
        python_can_untold: None,
        linux: None,
        delay_compensation: delay_compensation(f_clock, &chosen),
        chosen,
    })
}

/// The phases that were given, and how often a bit is sampled.
fn phases(parts: &TimingParts, by_registers: bool, f_clock: u32) -> Result<(Vec<Phase>, u8)> {
    if parts.nominal.tseg1.or(parts.data.tseg1).is_some() {
        return match parts.timing(Some(f_clock))? {
            Some(Timing::Fd(timing)) => Ok((vec![timing.nominal(), timing.data()], 1)),
            _ => Err(wrong("bit timing is incomplete")),
        };
    }
    if by_registers {
        parts.classic(Some(f_clock))?;
    }
    let samples = parts.btr1.map(|btr1| if btr1 & 0x80 == 0 { 1 } else { 3 });
    let samples = samples.or(parts.nof_samples).unwrap_or(1);
    Ok((vec![parts.phase(Some(f_clock))?], samples))
}

/// Refuses what the controller that was named cannot set, and what none can.
fn check(phases: &[Phase], controller: Option<&Controller>) -> Result<()> {
    for phase in phases {
        let sample_point = phase.segments.sample_point();
        if sample_point < 50.0 {
            return Err(wrong(format!(
                "a bit is sampled at {sample_point:.2} %, but expected at least 50 %"
            )));
        }
    }
    let Some(controller) = controller else {
        return Ok(());
    };
    let limits = [Some(controller.nominal), controller.data];
    for (phase, limits) in phases.iter().zip(limits) {
        let Some(limits) = limits else {
            return Err(wrong(format!("{} has no CAN FD", controller.name)));
        };
        let checked = limits.check(phase);
        checked.map_err(|error| error.context(controller.name))?;
    }
    Ok(())
}

fn parts(args: &Args) -> Result<TimingParts> {
    let rate = OptionKind::Integer {
        min: 1,
        max: i64::from(u32::MAX),
    };
    let rates = ["bitrate", "data_bitrate"].map(|name| OptionSpec::new(name, rate, "bit/s"));
    let takes: Vec<OptionSpec> = [CLASSIC_OPTIONS, FD_OPTIONS, &rates].concat();
    let options = Options::check("--timing", &takes, args::pairs(&args.timing))?;
    Ok(TimingParts::from_options(&options))
}
