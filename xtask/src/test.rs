//! `cargo xtask test`: every check there is, or some groups of them.

use crate::report::{Counts, Outcome, Problem, Report};
use crate::workspace::Workspace;
use crate::{differential, fuzz, kernel, lint, process, python_package};
use std::process::ExitCode;

/// The groups of checks, in the order in which they run.
const GROUPS: &[&str] = &["lint", "unit", "differential", "python", "kernel", "fuzz"];

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    groups: Vec<&'static str>,
    fuzz_seconds: u64,
}

/// `cargo xtask test [GROUP]... [--fuzz-seconds N]`.
pub(crate) fn task(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    let request = parse(arguments)?;
    let mut report = Report::new();
    for group in request.groups {
        match group {
            "lint" => lint::steps(workspace, &mut report),
            "unit" => report.step("unit tests", || unit(workspace)),
            "differential" => differential::steps(workspace, &mut report),
            "python" => python_package::steps(workspace, &mut report),
            "kernel" => kernel::steps(workspace, &mut report),
            _ => fuzz::steps(workspace, &mut report, request.fuzz_seconds),
        }
    }
    Ok(report.finish())
}

fn parse(arguments: &[String]) -> Result<Request, String> {
    let mut chosen: Vec<&str> = Vec::new();
    let mut fuzz_seconds = fuzz::SECONDS;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--fuzz-seconds" {
            let number = rest.next().and_then(|text| text.parse().ok());
            fuzz_seconds = number.ok_or("--fuzz-seconds needs a number")?;
        } else if GROUPS.contains(&argument.as_str()) {
            chosen.push(argument);
        } else {
            let groups = GROUPS.join(", ");
            return Err(format!("there is no group {argument}; there are: {groups}"));
        }
    }
    let wanted = |group: &&'static str| chosen.is_empty() || chosen.contains(group);
    Ok(Request {
        groups: GROUPS.iter().copied().filter(wanted).collect(),
        fuzz_seconds,
    })
}

/// The tests that need nothing but Rust.
fn unit(workspace: &Workspace) -> Result<Outcome, Problem> {
    let arguments = ["test", "--workspace", "--all-features", "--no-fail-fast"];
    let mut command = workspace.cargo(&arguments);
    let ran = process::run(&mut command, &workspace.log("unit"))?;
    let counts = Counts::of_cargo_test(&ran.output);
    Ok(Outcome::new(counts.checked(ran.ok), ran.output))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Request, String> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        parse(&arguments)
    }

    #[test]
    fn without_arguments_everything_runs() {
        let request = parsed(&[]).expect("valid");
        assert_eq!(request.groups, GROUPS);
        assert_eq!(request.fuzz_seconds, 60);
    }

    #[test]
    fn named_groups_run_in_their_order() {
        let request = parsed(&["fuzz", "--fuzz-seconds", "5", "lint"]).expect("valid");
        assert_eq!(request.groups, ["lint", "fuzz"]);
        assert_eq!(request.fuzz_seconds, 5);
    }

    #[test]
    fn what_is_unknown_is_refused() {
        let error = parsed(&["lints"]).expect_err("refused");
        assert!(error.starts_with("there is no group lints; there are: lint, unit"));
        assert!(parsed(&["--fuzz-seconds"]).is_err());
        assert!(parsed(&["--fuzz-seconds", "x"]).is_err());
    }
}
