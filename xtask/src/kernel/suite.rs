//! The checks that need a kernel with CAN, each group in a boot of its own.

use super::job::Job;
use super::{Kernel, Kind};
use crate::differential::Bench;
use crate::process::{must, run};
use crate::python_package;
use crate::report::{Counts, Outcome, Problem, Report};
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};

/// No boot may take longer, in seconds.
const LIMIT: u64 = 1800;

/// The scripts that run inside.
const SCRIPTS: &[&str] = &["kernel/socketcan"];

/// Runs all of it.
pub(crate) fn steps(workspace: &Workspace, report: &mut Report) {
    let kernel = match Kernel::ready(workspace, Kind::Uml) {
        Ok(kernel) => kernel,
        Err(problem) => return report.step("kernel", || Err(problem)),
    };
    report.step("kernel tests", || tests(workspace, &kernel));
    report.step("python-can's suite", || {
        let words = python_package::kernel_words(workspace)?;
        let (ok, output) = inside(workspace, &kernel, "kernel python-can", words)?;
        let counts = Counts::of_last_line(&output).unwrap_or_default();
        Ok(Outcome::new(counts.checked(ok), output))
    });
    let bench = match Bench::ready(workspace) {
        Ok(bench) => bench,
        Err(problem) => return report.step("kernel scripts", || Err(problem)),
    };
    for script in SCRIPTS {
        report.step(script, || {
            let words = bench.script(script)?;
            let words = words
                .iter()
                .map(|word| word.display().to_string())
                .collect();
            let (ok, output) = inside(workspace, &kernel, script, words)?;
            let counts = Counts::of_last_line(&output).unwrap_or_default();
            Ok(Outcome::new(counts.checked(ok), output))
        });
    }
}

/// The library's own tests that need a kernel.
fn tests(workspace: &Workspace, kernel: &Kernel) -> Result<Outcome, Problem> {
    let log = workspace.log("kernel build");
    let build = [
        "test",
        "-p",
        "canbus",
        "--all-features",
        "--test",
        "kernel",
        "--no-run",
    ];
    let mut build = workspace.cargo(&build);
    let output = must(build.arg("--message-format=json"), &log)?;
    let binary = executable(&output)
        .ok_or_else(|| Problem::Failed("cargo does not say where the tests are".into()))?;
    let words = vec![binary.display().to_string()];
    let (ok, output) = inside(workspace, kernel, "kernel tests", words)?;
    let counts = Counts::of_cargo_test(&output);
    Ok(Outcome::new(counts.checked(ok), output))
}

/// Runs a command inside: whether it ended well, and what it printed.
fn inside(
    workspace: &Workspace,
    kernel: &Kernel,
    name: &str,
    arguments: Vec<String>,
) -> Result<(bool, String), Problem> {
    let job = Job {
        arguments,
        environment: std::env::vars().collect(),
        ..Job::new(LIMIT)
    };
    let log = workspace.log(name);
    let mut boot = kernel.boot(workspace, &job)?;
    let output = run(&mut boot.command, &log)?.output;
    match boot.status() {
        Ok(status) => Ok((status == 0, output)),
        Err(Problem::Failed(why)) => Err(Problem::Failed(format!("{why}\n{output}"))),
        Err(other) => Err(other),
    }
}

/// The test program among what cargo says that it has built: `"executable":"PATH"`.
fn executable(messages: &str) -> Option<PathBuf> {
    let mut found = messages.lines().filter_map(|line| {
        let (_, rest) = line.split_once(r#""executable":""#)?;
        let (path, _) = rest.split_once('"')?;
        Some(PathBuf::from(path))
    });
    found.next_back().filter(|path| Path::new(path).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_program_is_found_among_what_cargo_says() {
        let own = std::env::current_exe().expect("this program");
        let own = own.display();
        let messages = format!(
            "{{\"reason\":\"compiler-artifact\",\"executable\":null}}\n\
             {{\"reason\":\"compiler-artifact\",\"executable\":\"{own}\",\"fresh\":true}}\n"
        );
        assert_eq!(executable(&messages), Some(own.to_string().into()));
        assert_eq!(executable("{}\n"), None);
    }
}
