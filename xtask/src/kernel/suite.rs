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

/// A part of the library's own tests, which has a boot for itself.
struct Part {
    name: &'static str,
    kind: Kind,
    /// What the test program is told: which tests.
    arguments: &'static [&'static str],
}

/// All parts. What a stock kernel lacks is tested in another one, and what would take away the
/// interfaces of other tests, alone.
const PARTS: &[Part] = &[
    Part {
        name: "kernel tests",
        kind: Kind::Uml,
        arguments: &[
            "--skip",
            "controller::",
            "--skip",
            "isotp::",
            "--skip",
            "pci::",
            "--skip",
            "unload::",
        ],
    },
    Part {
        name: "kernel unload",
        kind: Kind::Uml,
        arguments: &["unload::"],
    },
    Part {
        name: "kernel controllers",
        kind: Kind::Own,
        arguments: &["--test-threads=1", "controller::", "isotp::"],
    },
    Part {
        name: "kernel qemu",
        kind: Kind::Qemu,
        arguments: &["--test-threads=1", "changes::", "conformance::", "pci::"],
    },
];

/// Runs all of it.
pub(crate) fn steps(workspace: &Workspace, report: &mut Report) {
    let built = match Built::ready(workspace) {
        Ok(built) => built,
        Err(problem) => return report.step("kernel", || Err(problem)),
    };
    for part in PARTS {
        if part.kind == Kind::Own {
            report.step("kernel own", || build_own(workspace));
        }
        report.step(part.name, || {
            let kernel = Kernel::ready(workspace, part.kind)?;
            built.run(workspace, &kernel, part)
        });
    }
    let kernel = match Kernel::ready(workspace, Kind::Uml) {
        Ok(kernel) => kernel,
        Err(problem) => return report.step("kernel scripts", || Err(problem)),
    };
    report.step("python-can's suite", || {
        let words = python_package::kernel_words(workspace)?;
        let (ok, output) = inside(workspace, &kernel, "kernel python-can", words, Vec::new())?;
        let counts = Counts::of_last_line(&output).unwrap_or_default();
        Ok(Outcome::new(counts.checked(ok), output))
    });
    report.step("python package", || {
        let words = python_package::kernel_tests(workspace)?;
        let (ok, output) = inside(workspace, &kernel, "kernel python", words, Vec::new())?;
        let counts = Counts::of_pytest(&output);
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
            let (ok, output) = inside(workspace, &kernel, script, words, Vec::new())?;
            let counts = Counts::of_last_line(&output).unwrap_or_default();
            Ok(Outcome::new(counts.checked(ok), output))
        });
    }
}

/// That the kernel of our own can be built; a step of its own, so that its time is told.
fn build_own(workspace: &Workspace) -> Result<Outcome, Problem> {
    Kernel::ready(workspace, Kind::Own)?;
    Ok(Outcome::new(Counts::one(true), String::new()))
}

/// What was built of the library and the command.
struct Built {
    tests: PathBuf,
    command: PathBuf,
}

impl Built {
    fn ready(workspace: &Workspace) -> Result<Built, Problem> {
        let log = workspace.log("kernel build");
        let command = ["build", "-p", "canbus-cli"];
        must(&mut workspace.cargo(&command), &log)?;
        let tests = [
            "test",
            "-p",
            "canbus",
            "--all-features",
            "--test",
            "kernel",
            "--no-run",
            "--message-format=json",
        ];
        let output = must(&mut workspace.cargo(&tests), &log)?;
        let tests = executable(&output)
            .ok_or_else(|| Problem::Failed("cargo does not say where the tests are".into()))?;
        Ok(Built {
            tests,
            command: workspace.target.join("debug").join("canbus"),
        })
    }

    fn run(&self, workspace: &Workspace, kernel: &Kernel, part: &Part) -> Result<Outcome, Problem> {
        let mut words = vec![self.tests.display().to_string()];
        words.extend(part.arguments.iter().map(ToString::to_string));
        let command = self.command.display().to_string();
        let environment = vec![("CANBUS_COMMAND".into(), command)];
        let (ok, output) = inside(workspace, kernel, part.name, words, environment)?;
        let counts = Counts::of_cargo_test(&output);
        Ok(Outcome::new(counts.checked(ok), output))
    }
}

/// Runs a command inside: whether it ended well, and what it printed.
fn inside(
    workspace: &Workspace,
    kernel: &Kernel,
    name: &str,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
) -> Result<(bool, String), Problem> {
    let job = Job {
        arguments,
        environment: std::env::vars().chain(environment).collect(),
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
