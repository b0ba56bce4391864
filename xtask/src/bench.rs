//! `cargo xtask bench`: how much CPU time, memory and precision the work takes, beside python-can
//! and other peers in the same run.

use crate::kernel::{self, Job, Kind};
use crate::process::must;
use crate::python::Environment;
use crate::report::{Problem, say};
use crate::workspace::Workspace;
use crate::{differential, process, python_package};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

/// How long a benchmark inside a kernel may take, in seconds.
const KERNEL_LIMIT: u64 = 1800;

/// One benchmark as the user calls it.
struct Suite {
    name: &'static str,
    script: &'static str,
    /// The packages that the script needs.
    environment: fn(&Workspace) -> Result<Environment, Problem>,
    prepare: fn(&Workspace) -> Result<Vec<PathBuf>, Problem>,
    /// The kernels inside which it runs, one after the other; none: here.
    kernels: &'static [Kind],
}

/// All benchmarks, whose scripts get what `prepare` built and made. The last writes down what the
/// others found: `docs/performance.md`.
const SUITES: &[Suite] = &[
    Suite {
        name: "convert",
        script: "benches/convert.py",
        environment: Environment::ensure,
        prepare: convert,
        kernels: &[],
    },
    Suite {
        name: "logs",
        script: "benches/logs.py",
        environment: Environment::ensure,
        prepare: logs,
        kernels: &[],
    },
    Suite {
        name: "mf4",
        script: "benches/logs.py",
        environment: |workspace| Environment::ensure_for(workspace, "mf4"),
        prepare: logs,
        kernels: &[],
    },
    Suite {
        name: "periodic",
        script: "benches/periodic.py",
        environment: Environment::ensure,
        prepare: periodic,
        kernels: &[],
    },
    Suite {
        name: "python",
        script: "canbus-python/benches/python.py",
        environment: python_packages,
        prepare: python,
        kernels: &[],
    },
    Suite {
        name: "replay",
        script: "benches/replay.py",
        environment: Environment::ensure,
        prepare: replay,
        kernels: &[],
    },
    Suite {
        name: "socketcan",
        script: "benches/socketcan.py",
        environment: Environment::ensure,
        prepare: socketcan,
        kernels: &[Kind::Uml, Kind::Qemu],
    },
    Suite {
        name: "page",
        script: "benches/page.py",
        environment: Environment::ensure,
        prepare: page,
        kernels: &[],
    },
];

/// `cargo xtask bench [SUITE [ARGUMENT]...]`.
pub(crate) fn task(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    let (name, rest) = match arguments.split_first() {
        None => (None, &[][..]),
        Some((name, rest)) => (Some(name.as_str()), rest),
    };
    let chosen: Vec<&Suite> = SUITES
        .iter()
        .filter(|suite| name.is_none_or(|name| name == suite.name))
        .collect();
    if chosen.is_empty() {
        let names: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        return Err(format!("which benchmark? One of {}", names.join(", ")));
    }
    let mut code = ExitCode::SUCCESS;
    for suite in chosen {
        if !run(workspace, suite, rest).map_err(told)? {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn told(problem: Problem) -> String {
    match problem {
        Problem::Absent(why) | Problem::Failed(why) | Problem::Off(why) => why,
    }
}

fn run(workspace: &Workspace, suite: &Suite, arguments: &[String]) -> Result<bool, Problem> {
    let environment = (suite.environment)(workspace)?;
    let built = (suite.prepare)(workspace)?;
    say(format!("benchmark {}", suite.name));
    let script = workspace.root.join(suite.script);
    if !suite.kernels.is_empty() {
        let words = [environment.python(), script].into_iter().chain(built);
        let words = words.map(|word| word.display().to_string());
        let words: Vec<String> = words.chain(arguments.iter().cloned()).collect();
        let mut good = true;
        for &kind in suite.kernels {
            let job = Job {
                arguments: words.clone(),
                ..Job::new(KERNEL_LIMIT)
            };
            good &= kernel::run(workspace, kind, job)? == 0;
        }
        return Ok(good);
    }
    let mut command = Command::new(environment.python());
    command
        .arg(script)
        .args(built)
        .args(arguments)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    if let Some(folder) = differential::can_utils(workspace)? {
        process::add_to_path(&mut command, &folder);
    }
    let status = command
        .status()
        .map_err(|error| Problem::Failed(format!("cannot run the benchmark: {error}")))?;
    Ok(status.success())
}

fn build(workspace: &Workspace, arguments: &[&str]) -> Result<(), Problem> {
    let all = [&["build", "--release"], arguments].concat();
    must(&mut workspace.cargo(&all), &workspace.log("bench"))?;
    Ok(())
}

fn convert(workspace: &Workspace) -> Result<Vec<PathBuf>, Problem> {
    build(workspace, &["--package", "canbus-cli", "--all-features"])?;
    Ok(vec![
        workspace.target.join("release/canbus"),
        workspace.target.join("bench"),
    ])
}

fn logs(workspace: &Workspace) -> Result<Vec<PathBuf>, Problem> {
    build(
        workspace,
        &[
            "--package",
            "canbus",
            "--example",
            "time_log",
            "--all-features",
        ],
    )?;
    let folder = workspace.target.join("peers");
    let manifest = workspace.root.join("benches/peers/Cargo.toml");
    let mut command = workspace.cargo(&["build", "--release", "--manifest-path"]);
    command.arg(manifest).arg("--target-dir").arg(&folder);
    must(&mut command, &workspace.log("bench peers"))?;
    Ok(vec![
        workspace.target.join("release/examples"),
        folder.join("release/canbus-peers"),
        workspace.target.join("bench"),
    ])
}

fn page(workspace: &Workspace) -> Result<Vec<PathBuf>, Problem> {
    Ok(vec![
        workspace.target.join("bench"),
        workspace.root.join("docs/performance.md"),
    ])
}

fn periodic(workspace: &Workspace) -> Result<Vec<PathBuf>, Problem> {
    build(
        workspace,
        &["--package", "canbus", "--example", "periodic_jitter"],
    )?;
    let example = workspace.target.join("release/examples/periodic_jitter");
    Ok(vec![example, workspace.target.join("bench")])
}

fn socketcan(workspace: &Workspace) -> Result<Vec<PathBuf>, Problem> {
    build(
        workspace,
        &["--package", "canbus", "--example", "drain_bus"],
    )?;
    Ok(vec![workspace.target.join("release/examples/drain_bus")])
}

fn python_packages(workspace: &Workspace) -> Result<Environment, Problem> {
    let list = "canbus-python/benches/requirements.txt".into();
    Environment::with(workspace, "venv-bench-python", &[list])
}

fn python(workspace: &Workspace) -> Result<Vec<PathBuf>, Problem> {
    build(workspace, &["--package", "canbus-cli"])?;
    Ok(vec![
        workspace.target.join("release/canbus"),
        python_package::release(workspace)?,
        workspace.target.join("bench"),
    ])
}

fn replay(workspace: &Workspace) -> Result<Vec<PathBuf>, Problem> {
    build(
        workspace,
        &["--package", "canbus", "--example", "replay_jitter"],
    )?;
    Ok(vec![
        workspace.target.join("release/examples/replay_jitter"),
        workspace.target.join("bench"),
    ])
}
