//! The checks that don't run our code: format, lints, documentation, licences, spelling.

use crate::process::{find, must, run};
use crate::python::Environment;
use crate::report::{Counts, Outcome, Problem, Report};
use crate::workspace::Workspace;
use std::path::PathBuf;
use std::process::Command;

/// The version of cargo-deny that is installed where none is there, and the least that will do.
const DENY: Version = Version(0, 20, 2);
const OLDEST_DENY: Version = Version(0, 18, 0);

/// Runs all of them.
pub(crate) fn steps(workspace: &Workspace, report: &mut Report) {
    let cargo = |name: &str, arguments: &[&str]| {
        let mut command = workspace.cargo(arguments);
        command
            .env("RUSTDOCFLAGS", "-Dwarnings")
            // Of interest is what is wrong, not what was compiled on the way.
            .env("CARGO_TERM_QUIET", "true");
        check(workspace, name, &mut command)
    };
    report.step("format", || cargo("format", &["fmt", "--all", "--check"]));
    report.step("format of fuzz", || {
        let manifest = ["--manifest-path", "fuzz/Cargo.toml"];
        cargo(
            "format of fuzz",
            &["fmt", manifest[0], manifest[1], "--check"],
        )
    });
    report.step("clippy", || {
        let all = ["clippy", "--workspace", "--all-targets", "--all-features"];
        cargo("clippy", &[&all[..], &["--", "-D", "warnings"]].concat())
    });
    report.step("documentation", || {
        cargo(
            "documentation",
            &["doc", "--workspace", "--all-features", "--no-deps"],
        )
    });
    report.step("without features", || {
        let bare = ["check", "-p", "canbus", "--no-default-features"];
        cargo("without features", &bare)
    });
    report.step("licences and sources", || deny(workspace));
    report.step("spelling", || {
        let typos = Environment::ensure(workspace)?.program("typos");
        let mut command = Command::new(typos);
        check(workspace, "spelling", command.current_dir(&workspace.root))
    });
}

/// A check that is nothing but one program's exit status.
fn check(workspace: &Workspace, name: &str, command: &mut Command) -> Result<Outcome, Problem> {
    let ran = run(command, &workspace.log(name))?;
    Ok(Outcome::new(Counts::one(ran.ok), ran.output))
}

fn deny(workspace: &Workspace) -> Result<Outcome, Problem> {
    let mut command = Command::new(find_deny(workspace)?);
    command
        .args(["--workspace", "--all-features", "check"])
        .args(["licenses", "bans", "sources"])
        .current_dir(&workspace.root);
    check(workspace, "licences", &mut command)
}

/// cargo-deny from `PATH` if it is new enough, else one of our own, built once.
fn find_deny(workspace: &Workspace) -> Result<PathBuf, Problem> {
    let log = workspace.log("cargo-deny");
    let tools = workspace.target.join("tools");
    let own = tools.join("bin/cargo-deny");
    let candidates = [find("cargo-deny"), own.is_file().then(|| own.clone())];
    for candidate in candidates.into_iter().flatten() {
        let ran = run(Command::new(&candidate).arg("--version"), &log)?;
        if Version::in_text(&ran.output).is_some_and(|version| version >= OLDEST_DENY) {
            return Ok(candidate);
        }
    }
    let Version(major, minor, patch) = DENY;
    let version = format!("{major}.{minor}.{patch}");
    let root = tools.to_string_lossy();
    // Unoptimised: it is fast enough for this and builds in half the time.
    let install = ["install", "--locked", "--debug", "--force", "cargo-deny"];
    let which = ["--version", &version, "--root", &root];
    must(&mut workspace.cargo(&[&install[..], &which].concat()), &log)?;
    Ok(own)
}

/// Three numbers, compared from the left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version(u32, u32, u32);

impl Version {
    /// The version in what a program says about itself: `cargo-deny 0.20.2`.
    fn in_text(text: &str) -> Option<Version> {
        text.split_whitespace().find_map(|word| {
            let mut numbers = word.split('.').map(str::parse);
            match (
                numbers.next(),
                numbers.next(),
                numbers.next(),
                numbers.next(),
            ) {
                (Some(Ok(major)), Some(Ok(minor)), Some(Ok(patch)), None) => {
                    Some(Version(major, minor, patch))
                }
                _ => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_text_and_compared_number_by_number() {
        let version = Version::in_text;
        assert_eq!(version("cargo-deny 0.20.2\n"), Some(DENY));
        assert_eq!(version("cargo-deny 0.20"), None);
        assert_eq!(version("cargo-deny 0.20.2.1"), None);
        assert_eq!(version("error: no such command"), None);
        assert!(version("x 0.9.99") < Some(OLDEST_DENY));
        assert!(version("x 0.18.0") >= Some(OLDEST_DENY));
        assert!(version("x 1.0.0") > Some(DENY));
    }
}
