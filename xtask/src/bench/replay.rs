//! `cargo xtask bench replay`: how exactly a log is replayed, beside what the system can do and
//! python-can does.

use crate::process::must;
use crate::python::Environment;
use crate::report::Problem;
use crate::workspace::Workspace;
use std::process::{Command, ExitCode};

/// `cargo xtask bench replay [SECONDS [ROUNDS]]`.
pub(super) fn task(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    let told = |problem| match problem {
        Problem::Absent(why) | Problem::Failed(why) | Problem::Off(why) => why,
    };
    let environment = Environment::ensure(workspace).map_err(told)?;
    let example = [
        "build",
        "--release",
        "-p",
        "canbus",
        "--example",
        "replay_jitter",
    ];
    must(&mut workspace.cargo(&example), &workspace.log("bench")).map_err(told)?;
    let status = Command::new(environment.python())
        .arg(workspace.root.join("benches/replay.py"))
        .arg(workspace.target.join("release/examples/replay_jitter"))
        .arg(workspace.target.join("bench"))
        .args(arguments)
        .status()
        .map_err(|error| format!("cannot run the benchmark: {error}"))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
