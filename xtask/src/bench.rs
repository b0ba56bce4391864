//! `cargo xtask bench`: against python-can on the same work in the same run. Whole conversions of
//! files, or the timing of periodic sending.

use crate::process::must;
use crate::python::Environment;
use crate::report::{Problem, say};
use crate::workspace::Workspace;
use std::process::{Command, ExitCode};

/// `cargo xtask bench [FRAMES [RUNS]]` or `cargo xtask bench periodic [SECONDS [ROUNDS]]`.
pub(crate) fn task(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    match arguments.split_first() {
        Some((which, rest)) if which == "periodic" => periodic(workspace, rest),
        _ => convert(workspace, arguments),
    }
}

fn convert(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    let mut script = script(workspace, "convert.py", &["--package", "canbus-cli"])?;
    say("frames are made by python-can; CPU time is user + system of each whole process");
    script
        .arg(workspace.target.join("release/canbus"))
        .arg(workspace.target.join("bench"));
    run(script.args(arguments))
}

fn periodic(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    let example = ["--package", "canbus", "--example", "periodic_jitter"];
    let mut script = script(workspace, "periodic.py", &example)?;
    script.arg(workspace.target.join("release/examples/periodic_jitter"));
    run(script.args(arguments))
}

/// A script of `benches/` in the environment of python-can, with what it measures built.
fn script(workspace: &Workspace, name: &str, what: &[&str]) -> Result<Command, String> {
    let told = |problem| match problem {
        Problem::Absent(why) | Problem::Failed(why) | Problem::Off(why) => why,
    };
    let environment = Environment::ensure(workspace).map_err(told)?;
    let build = [&["build", "--release"], what].concat();
    must(&mut workspace.cargo(&build), &workspace.log("bench")).map_err(told)?;
    let mut script = Command::new(environment.python());
    script.arg(workspace.root.join("benches").join(name));
    Ok(script)
}

fn run(script: &mut Command) -> Result<ExitCode, String> {
    let status = script
        .status()
        .map_err(|error| format!("cannot run the benchmark: {error}"))?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
