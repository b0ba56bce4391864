//! The fuzz targets: libFuzzer on stable Rust, without cargo-fuzz.

use crate::process::{failed, find, is_administrator, must, run};
use crate::report::{Counts, Outcome, Problem, Report, say};
use crate::workspace::Workspace;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::thread;
use std::time::{Duration, Instant};

/// How long each target runs where nothing else is said.
pub(crate) const SECONDS: u64 = 60;

/// How many targets run at the same time.
const AT_ONCE: usize = 2;

/// What libFuzzer needs to see: which edges of the code ran, and what was compared with what.
/// Comparisons of short byte strings stay calls of `memcmp`, which it intercepts: that is how it
/// learns a format's magic words, within a second instead of never.
const INSTRUMENTATION: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-max-loads-per-memcmp=0",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
    "--cfg=fuzzing",
];

/// Limits for a target: memory beyond this or an input that takes longer is a finding.
const LIMITS: &[&str] = &["-rss_limit_mb=1024", "-timeout=10", "-max_len=65536"];

/// `cargo xtask fuzz TARGET|all [SECONDS]`.
pub(crate) fn task(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    let all = targets(workspace).map_err(|problem| format!("{problem:?}"))?;
    let usage = || format!("which target? all, or one of: {}", all.join(", "));
    let name = arguments.first().ok_or_else(usage)?;
    let seconds = match arguments.get(1) {
        None => SECONDS,
        Some(text) => text.parse().map_err(|_| format!("{text} is no number"))?,
    };
    let chosen: Vec<String> = all
        .iter()
        .filter(|target| name == "all" || name == *target)
        .cloned()
        .collect();
    if chosen.is_empty() {
        return Err(usage());
    }
    let mut report = Report::new();
    report_on(workspace, &mut report, &chosen, seconds);
    Ok(report.finish())
}

/// Runs every target for so many seconds; with 0 each is skipped.
pub(crate) fn steps(workspace: &Workspace, report: &mut Report, seconds: u64) {
    match targets(workspace) {
        Ok(names) if seconds == 0 => {
            for name in names {
                let off = Problem::Off("switched off by --fuzz-seconds 0".into());
                report.step(&format!("fuzz {name}"), || Err(off));
            }
        }
        Ok(names) => report_on(workspace, report, &names, seconds),
        Err(problem) => report.step("fuzz", || Err(problem)),
    }
}

fn report_on(workspace: &Workspace, report: &mut Report, names: &[String], seconds: u64) {
    let built = match build(workspace) {
        Ok(built) => built,
        Err(problem) => return report.step("fuzz", || Err(problem)),
    };
    for together in names.chunks(AT_ONCE) {
        let outcomes: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = together
                .iter()
                .map(|name| scope.spawn(|| timed(workspace, &built, name, seconds)))
                .collect();
            running
                .into_iter()
                .map(thread::ScopedJoinHandle::join)
                .collect()
        });
        for (name, outcome) in together.iter().zip(outcomes) {
            let (took, outcome) = outcome.unwrap_or_else(|_| {
                let why = "the thread that watched it panicked";
                (Duration::ZERO, Err(Problem::Failed(why.into())))
            });
            report.add(&format!("fuzz {name}"), took, outcome);
        }
    }
}

fn timed(
    workspace: &Workspace,
    built: &Path,
    name: &str,
    seconds: u64,
) -> (Duration, Result<Outcome, Problem>) {
    let start = Instant::now();
    let outcome = feed(workspace, built, name, seconds);
    (start.elapsed(), outcome)
}

/// Runs one target. The corpus stays, so that each run begins where the last one ended.
fn feed(workspace: &Workspace, built: &Path, name: &str, seconds: u64) -> Result<Outcome, Problem> {
    let corpus = workspace.target.join("fuzz-corpus").join(name);
    let findings = workspace.target.join("fuzz-findings").join(name);
    for folder in [&corpus, &findings] {
        fs::create_dir_all(folder)
            .map_err(|error| failed("cannot write", &folder.display(), &error))?;
    }
    let seeds = workspace.root.join("fuzz/seeds").join(name);
    let mut command = Command::new(built.join(name));
    command
        .arg(format!("-max_total_time={seconds}"))
        .args(LIMITS)
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .arg("-print_final_stats=1")
        .arg(&corpus);
    if seeds.is_dir() {
        command.arg(&seeds);
    }
    let ran = run(&mut command, &workspace.log(&format!("fuzz {name}")))?;
    let inputs = executed(&ran.output);
    let counts = Counts::one(ran.ok && inputs > 0);
    let mut outcome = Outcome::new(counts, ran.output);
    outcome.remark = match input_written(&outcome.output) {
        Some(path) => format!("the input is in {path}"),
        None => format!("{inputs} inputs"),
    };
    Ok(outcome)
}

/// Builds all targets; the folder they are in.
fn build(workspace: &Workspace) -> Result<PathBuf, Problem> {
    need_compiler(workspace)?;
    let log = workspace.log("fuzz build");
    let about = must(Command::new("rustc").arg("-vV"), &log)?;
    let host = host(&about).ok_or_else(|| Problem::Failed("rustc names no host".into()))?;
    let folder = workspace.target.join("fuzz");
    let mut command = workspace.cargo(&["build", "--release", "--target", host]);
    // With --target the flags are for the targets only, not for build scripts.
    command
        .args(["--manifest-path", "fuzz/Cargo.toml", "--target-dir"])
        .arg(&folder)
        .env("CARGO_ENCODED_RUSTFLAGS", INSTRUMENTATION.join("\x1f"));
    must(&mut command, &log)?;
    Ok(folder.join(host).join("release"))
}

/// libFuzzer is C++. Its compiler is too large to be unpacked somewhere; an administrator gets it
/// installed, everybody else does without.
fn need_compiler(workspace: &Workspace) -> Result<(), Problem> {
    if find("c++").is_some() {
        return Ok(());
    }
    let absent = |why: &str| {
        let why = format!("libFuzzer needs a C++ compiler, apt-get install g++{why}");
        Problem::Absent(why)
    };
    if !is_administrator() || find("apt-get").is_none() {
        return Err(absent(""));
    }
    say("installing g++ for libFuzzer");
    let log = workspace.log("fuzz compiler");
    for arguments in [&["update"][..], &["install", "-y", "g++"]] {
        let mut command = Command::new("apt-get");
        command
            .args(arguments)
            .env("DEBIAN_FRONTEND", "noninteractive");
        if !run(&mut command, &log)?.ok {
            return Err(absent(&format!(", which failed: {}", log.display())));
        }
    }
    Ok(())
}

/// The targets that `fuzz/Cargo.toml` lists.
fn targets(workspace: &Workspace) -> Result<Vec<String>, Problem> {
    let manifest = workspace.root.join("fuzz/Cargo.toml");
    let text = fs::read_to_string(&manifest)
        .map_err(|error| failed("cannot read", &manifest.display(), &error))?;
    Ok(bins(&text))
}

/// The names in the `[[bin]]` sections of a manifest.
fn bins(manifest: &str) -> Vec<String> {
    let mut section = "";
    let mut names = Vec::new();
    for line in manifest.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        }
        match line.split_once('=') {
            Some((key, value)) if section == "[[bin]]" && key.trim() == "name" => {
                names.push(value.trim().trim_matches('"').into());
            }
            _ => {}
        }
    }
    names
}

/// The host in what `rustc -vV` says.
fn host(about: &str) -> Option<&str> {
    about.lines().find_map(|line| line.strip_prefix("host: "))
}

/// How many inputs libFuzzer tried.
fn executed(output: &str) -> u64 {
    let line = |line: &str| {
        line.strip_prefix("stat::number_of_executed_units:")?
            .trim()
            .parse()
            .ok()
    };
    output.lines().find_map(line).unwrap_or(0)
}

/// Where libFuzzer put the input that crashed the target.
fn input_written(output: &str) -> Option<&str> {
    output
        .lines()
        .find_map(|line| Some(line.split_once("Test unit written to ")?.1.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_the_bins_of_the_manifest() {
        let manifest = "[package]\nname = \"fuzz\"\n[[bin]]\nname = \"blf\"\npath = \"x.rs\"\n\
            \n[[bin]]\npath = \"y.rs\"\nname=\"asc\"\n[dependencies]\nname = \"no\"\n";
        assert_eq!(bins(manifest), ["blf", "asc"]);
    }

    #[test]
    fn every_target_of_the_manifest_has_its_file() {
        let workspace = Workspace::new();
        let names = targets(&workspace).expect("the manifest is there");
        assert!(!names.is_empty());
        for name in names {
            let file = workspace.root.join(format!("fuzz/targets/{name}.rs"));
            assert!(file.is_file(), "{}", file.display());
        }
    }

    #[test]
    fn what_libfuzzer_says_is_understood() {
        let good = "#2 INITED cov: 5\nDone 12 runs\nstat::number_of_executed_units: 123456\n";
        assert_eq!((executed(good), input_written(good)), (123_456, None));
        let bad = "artifact_prefix='/x/'; Test unit written to /x/crash-da39a3\nBase64: Cg==\n";
        assert_eq!(
            (executed(bad), input_written(bad)),
            (0, Some("/x/crash-da39a3"))
        );
    }

    #[test]
    fn the_host_is_read_from_rustc() {
        let about = "rustc 1.95.0\nhost: x86_64-unknown-linux-gnu\nrelease: 1.95.0\n";
        assert_eq!(host(about), Some("x86_64-unknown-linux-gnu"));
        assert_eq!(host("rustc 1.95.0"), None);
    }
}
