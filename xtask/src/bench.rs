//! `cargo xtask bench`: whole conversions against python-can on the same files in the same run.

mod replay;

use crate::process::must;
use crate::python::Environment;
use crate::report::{Problem, say};
use crate::workspace::Workspace;
use std::process::{Command, ExitCode};

/// `cargo xtask bench [FRAMES [RUNS]]` or `cargo xtask bench replay [SECONDS [ROUNDS]]`.
pub(crate) fn task(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    match arguments.split_first() {
        Some((which, rest)) if which == "replay" => replay::task(workspace, rest),
        _ => convert(workspace, arguments),
    }
}

fn convert(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    let told = |problem| match problem {
        Problem::Absent(why) | Problem::Failed(why) | Problem::Off(why) => why,
    };
    let environment = Environment::ensure(workspace).map_err(told)?;
    let build = ["build", "--release", "--package", "canbus-cli"];
    must(&mut workspace.cargo(&build), &workspace.log("bench")).map_err(told)?;
    say("frames are made by python-can; CPU time is user + system of each whole process");
    let status = Command::new(environment.python())
        .arg(workspace.root.join("benches/convert.py"))
        .arg(workspace.target.join("release/canbus"))
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
