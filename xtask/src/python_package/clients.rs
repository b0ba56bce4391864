//! Libraries that stand on python-can: their own tests, on the genuine package and on canbus.

use super::{FOLDER, Package};
use crate::process::{must, run};
use crate::python::{Environment, REQUIREMENTS};
use crate::report::{Counts, Outcome, Problem, Report};
use crate::workspace::Workspace;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

const LIST: &str = "canbus-python/tests/requirements-clients.txt";

/// A library: its name, the folder of its tests, and which of them.
struct Client {
    name: &'static str,
    /// In its source package; none if that lacks a part of them, and ours stand in.
    folder: Option<&'static str>,
    tests: &'static [&'static str],
}

/// What their source packages carry, and what reaches `can`.
const CLIENTS: &[Client] = &[
    Client {
        name: "canopen",
        folder: Some("test"),
        tests: &["test"],
    },
    Client {
        name: "cantools",
        folder: Some("tests"),
        tests: &[
            "tests/test_tester.py",
            "tests/test_monitor.py",
            "tests/test_command_line.py",
            "tests/test_logreader.py",
            "tests/test_dump.py",
            "tests/test_plot.py",
        ],
    },
    Client {
        name: "can-isotp",
        folder: None,
        tests: &["test"],
    },
];

/// `cargo xtask clients`.
pub(crate) fn task(workspace: &Workspace, _: &[String]) -> Result<ExitCode, String> {
    let mut report = Report::new();
    steps(workspace, &mut report);
    Ok(report.finish())
}

pub(super) fn steps(workspace: &Workspace, report: &mut Report) {
    match Both::ready(workspace) {
        Ok(both) => {
            for client in CLIENTS {
                report.step(&format!("on both: {}", client.name), || both.run(client));
            }
        }
        Err(problem) => report.step("libraries on both", || Err(problem)),
    }
}

/// Two environments that differ in `can` alone.
struct Both<'a> {
    genuine: Environment,
    canbus: Package<'a>,
}

impl Both<'_> {
    fn ready(workspace: &Workspace) -> Result<Both<'_>, Problem> {
        let lists = [REQUIREMENTS.into(), LIST.into()];
        Ok(Both {
            genuine: Environment::with(workspace, "venv-clients-genuine", &lists)?,
            canbus: Package::in_environment(workspace, "venv-clients", LIST)?,
        })
    }

    fn run(&self, client: &Client) -> Result<Outcome, Problem> {
        let workspace = self.canbus.workspace;
        let log = workspace.log(client.name);
        let tests = self.tests(client)?;
        let folder = self.canbus.scratch(client.name)?;
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(tests).arg(&folder);
        must(&mut copy, &log)?;
        let script = workspace.root.join(FOLDER).join("tests/run_client.py");
        let mut command = self.canbus.python();
        command
            .arg(script)
            .arg(&folder)
            .args([self.genuine.python(), self.canbus.environment.python()])
            .args(client.tests)
            .current_dir(&folder);
        let ran = run(&mut command, &log)?;
        let counts = Counts::of_last_line(&ran.output).unwrap_or_default();
        Ok(Outcome::new(counts.checked(ran.ok), ran.output))
    }

    /// Where the library's tests are.
    fn tests(&self, client: &Client) -> Result<PathBuf, Problem> {
        let workspace = self.canbus.workspace;
        let Some(folder) = client.folder else {
            let own = workspace.root.join(FOLDER).join("tests/clients");
            return Ok(own.join(client.name).join("test"));
        };
        let source = self.genuine.source_in(workspace, LIST, client.name)?;
        source.map(|source| source.join(folder)).ok_or_else(|| {
            Problem::Absent(format!("the source of {} cannot be fetched", client.name))
        })
    }
}
