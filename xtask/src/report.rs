//! What came of the steps: counts, one line for each step, the last line and the exit status.

use std::fmt;
use std::io::{self, Write};
use std::ops::AddAssign;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How much of a step's output is shown when it fails; all of it is in its log.
const SHOWN_LINES: usize = 200;

/// How many checks passed, failed, and could not run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    /// A step that is one check.
    pub(crate) fn one(passed: bool) -> Counts {
        Counts {
            passed: u64::from(passed),
            failed: u64::from(!passed),
            skipped: 0,
        }
    }

    /// The sum over every `test result: ok. 3 passed; 0 failed; 1 ignored; …` of `cargo test`.
    pub(crate) fn of_cargo_test(output: &str) -> Counts {
        let mut sum = Counts::default();
        for line in output.lines() {
            let Some((_, counts)) = line
                .strip_prefix("test result: ")
                .and_then(|rest| rest.split_once(". "))
            else {
                continue;
            };
            sum += Counts {
                passed: number_before(counts, "passed").unwrap_or(0),
                failed: number_before(counts, "failed").unwrap_or(0),
                skipped: number_before(counts, "ignored").unwrap_or(0),
            };
        }
        sum
    }

    /// What pytest's last line says: `3 passed, 1 skipped in 0.12s`.
    pub(crate) fn of_pytest(output: &str) -> Counts {
        let line = output.lines().next_back().unwrap_or_default();
        let number = |word| number_before(line, word).unwrap_or(0);
        Counts {
            passed: number("passed"),
            failed: number("failed") + number("error") + number("errors"),
            skipped: number("skipped") + number("xfailed"),
        }
    }

    /// What the last line says, if it is `N passed, N failed, N skipped`.
    pub(crate) fn of_last_line(output: &str) -> Option<Counts> {
        let line = output.lines().next_back()?;
        let counts = Counts {
            passed: number_before(line, "passed")?,
            failed: number_before(line, "failed")?,
            skipped: number_before(line, "skipped")?,
        };
        (counts.to_string() == line).then_some(counts)
    }

    /// Makes a failure visible that the counts do not show: a test program that crashed, or
    /// a step that ended well without having checked anything.
    pub(crate) fn checked(mut self, ended_well: bool) -> Counts {
        if self.failed == 0 && (!ended_well || self == Counts::default()) {
            self.failed = 1;
        }
        self
    }

    /// Whether the whole is a success: nothing failed, and something ran.
    fn good(self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// The number before a word: 3 in `3 passed; 0 failed`.
fn number_before(text: &str, word: &str) -> Option<u64> {
    let mut words = text.split([' ', ';', ',']).filter(|word| !word.is_empty());
    let mut before = words.next()?;
    for next in words {
        if next == word {
            return before.parse().ok();
        }
        before = next;
    }
    None
}

/// Whether what is absent is a failure: in CI, where everything must be there.
pub(crate) fn is_strict() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Why a step has no counts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// What it needs is not on this machine; in CI that is a failure.
    Absent(String),
    /// It was switched off.
    Off(String),
    /// It could not be carried out.
    Failed(String),
}

/// What a step did.
pub(crate) struct Outcome {
    pub(crate) counts: Counts,
    /// A few words for the step's line.
    pub(crate) remark: String,
    /// What the step printed; shown if something failed. Its `skipped: …` lines are always shown.
    pub(crate) output: String,
}

impl Outcome {
    /// An outcome without a remark.
    pub(crate) fn new(counts: Counts, output: String) -> Outcome {
        Outcome {
            counts,
            remark: String::new(),
            output,
        }
    }
}

/// The account of a run, printed step by step.
pub(crate) struct Report {
    total: Counts,
    /// Whether what is absent is a failure: on machines that were set up for this.
    strict: bool,
}

impl Report {
    /// An empty account; strict if the environment says `CI=true`.
    pub(crate) fn new() -> Report {
        Report {
            total: Counts::default(),
            strict: is_strict(),
        }
    }

    /// Runs a step, prints what came of it and adds it to the account.
    pub(crate) fn step(&mut self, name: &str, step: impl FnOnce() -> Result<Outcome, Problem>) {
        let start = Instant::now();
        let outcome = step();
        self.add(name, start.elapsed(), outcome);
    }

    /// The same for a step that has already run.
    pub(crate) fn add(&mut self, name: &str, took: Duration, outcome: Result<Outcome, Problem>) {
        let (counts, lines) = self.account(name, took, outcome);
        self.total += counts;
        say(lines);
    }

    fn account(
        &self,
        name: &str,
        took: Duration,
        outcome: Result<Outcome, Problem>,
    ) -> (Counts, String) {
        let took = took.as_secs_f64();
        let skipped = Counts {
            skipped: 1,
            ..Counts::default()
        };
        let (counts, why) = match outcome {
            Ok(outcome) => return (outcome.counts, ran(name, took, &outcome)),
            Err(Problem::Absent(why)) if !self.strict => (skipped, why),
            Err(Problem::Off(why)) => (skipped, why),
            Err(Problem::Absent(why) | Problem::Failed(why)) => (Counts::one(false), why),
        };
        let word = if counts.failed > 0 {
            "FAILED"
        } else {
            "skipped"
        };
        (counts, format!("{word:<8}{name:<24}{took:>7.1} s  {why}"))
    }

    /// Prints the last line; the status says whether all is well.
    pub(crate) fn finish(self) -> ExitCode {
        say(self.total);
        ExitCode::from(u8::from(!self.total.good()))
    }
}

/// The lines about a step that ran: one, unless something failed or was skipped in it.
fn ran(name: &str, took: f64, outcome: &Outcome) -> String {
    let counts = outcome.counts;
    let word = if counts.failed > 0 { "FAILED" } else { "ok" };
    let mut text = format!("{word:<8}{name:<24}{took:>7.1} s  {counts}");
    if !outcome.remark.is_empty() {
        text = text + " (" + &outcome.remark + ")";
    }
    let lines: Vec<&str> = outcome.output.lines().collect();
    let shown: Vec<&str> = if counts.failed > 0 {
        lines[lines.len().saturating_sub(SHOWN_LINES)..].to_vec()
    } else {
        lines
            .into_iter()
            .filter(|line| line.starts_with("skipped: "))
            .collect()
    };
    for line in shown {
        text = text + "\n    " + line;
    }
    text
}

/// Prints a line; that nobody reads it any more (`| head`) is no reason to stop.
pub(crate) fn say(line: impl fmt::Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn results_of_several_test_programs_are_summed() {
        let output = "running 3 tests\n\
            test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.00s\n\
            test result: FAILED. 10 passed; 2 failed; 4 ignored; 0 measured; 0 filtered out; finished in 1.00s\n\
            a line with 7 passed; 7 failed\n";
        assert_eq!(Counts::of_cargo_test(output), counts(13, 2, 5));
        assert_eq!(
            Counts::of_cargo_test("error: could not compile"),
            counts(0, 0, 0)
        );
    }

    #[test]
    fn only_a_last_line_of_the_exact_form_is_taken() {
        let of = Counts::of_last_line;
        assert_eq!(
            of("x\n12 passed, 3 failed, 4 skipped\n"),
            Some(counts(12, 3, 4))
        );
        assert_eq!(of("1 passed, 0 failed, 0 skipped\nmore"), None);
        assert_eq!(of("about 1 passed, 0 failed, 0 skipped"), None);
        assert_eq!(of("1 passed, 0 failed"), None);
        assert_eq!(of("1 passed; 0 failed; 0 skipped"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn the_last_line_of_pytest_is_read() {
        let of = Counts::of_pytest;
        assert_eq!(of("x\n12 passed, 4 skipped in 1.20s\n"), counts(12, 0, 4));
        let all = "= 2 failed, 3 passed, 1 skipped, 1 xfailed, 1 error in 9.00s =";
        assert_eq!(of(all), counts(3, 3, 2));
        assert_eq!(of(""), counts(0, 0, 0));
    }

    #[test]
    fn a_crash_or_an_empty_run_counts_as_a_failure() {
        assert_eq!(counts(5, 0, 0).checked(true), counts(5, 0, 0));
        assert_eq!(counts(5, 0, 0).checked(false), counts(5, 1, 0));
        assert_eq!(counts(5, 2, 0).checked(false), counts(5, 2, 0));
        assert_eq!(counts(0, 0, 0).checked(true), counts(0, 1, 0));
        assert_eq!(counts(0, 0, 3).checked(true), counts(0, 0, 3));
    }

    #[test]
    fn success_needs_something_that_passed_and_nothing_that_failed() {
        assert!(counts(1, 0, 9).good());
        assert!(!counts(1, 1, 0).good());
        assert!(!counts(0, 0, 9).good());
    }

    #[test]
    fn what_is_absent_is_skipped_but_fails_in_ci() {
        let mut report = Report {
            total: Counts::default(),
            strict: false,
        };
        let absent = || Err(Problem::Absent("no tool".into()));
        let account = report.account("step", Duration::from_secs(2), absent());
        assert_eq!(account.0, counts(0, 0, 1));
        assert_eq!(
            account.1,
            "skipped step                        2.0 s  no tool"
        );
        report.strict = true;
        let account = report.account("step", Duration::ZERO, absent());
        assert_eq!(account.0, counts(0, 1, 0));
        assert!(account.1.starts_with("FAILED  step "));
        let off = Err(Problem::Off("as asked".into()));
        assert_eq!(
            report.account("step", Duration::ZERO, off).0,
            counts(0, 0, 1)
        );
        let failed = Err(Problem::Failed("broken".into()));
        report.strict = false;
        assert_eq!(
            report.account("step", Duration::ZERO, failed).0,
            counts(0, 1, 0)
        );
    }

    #[test]
    fn output_is_shown_on_failure_and_skips_always() {
        let output = "noise\nskipped: a case: no reason".to_string();
        let mut outcome = Outcome::new(counts(1, 0, 1), output);
        outcome.remark = "cov 7".into();
        assert_eq!(
            ran("step", 0.25, &outcome),
            "ok      step                        0.2 s  1 passed, 0 failed, 1 skipped (cov 7)\
             \n    skipped: a case: no reason"
        );
        outcome.counts.failed = 1;
        assert!(ran("step", 0.0, &outcome).contains("\n    noise\n    skipped"));
    }
}
