//! The differential suites: the scripts of `tests/differential`, each in a network namespace of
//! its own, comparing canbus with the genuine python-can.

use crate::debian;
use crate::namespace::Namespace;
use crate::process::{add_to_path, failed, find, must, run};
use crate::python::Environment;
use crate::report::{Counts, Outcome, Problem, Report, is_strict, say};
use crate::workspace::Workspace;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const FOLDER: &str = "tests/differential";

/// No script may take longer, in seconds; cases have shorter limits of their own.
const LIMIT: &str = "600";

/// `cargo xtask differential [SCRIPT [PATTERN]...]`.
pub(crate) fn task(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    let mut report = Report::new();
    match arguments.split_first() {
        None => steps(workspace, &mut report),
        Some((name, patterns)) => {
            let all = scripts(workspace).unwrap_or_default();
            if !all.contains(name) {
                return Err(format!(
                    "there is no {FOLDER}/{name}.py; there are: {}",
                    all.join(", ")
                ));
            }
            match Bench::ready(workspace) {
                Ok(bench) => report.step(name, || bench.run(name, patterns)),
                Err(problem) => report.step("preparation", || Err(problem)),
            }
        }
    }
    Ok(report.finish())
}

/// Runs every script.
pub(crate) fn steps(workspace: &Workspace, report: &mut Report) {
    let ready = scripts(workspace).and_then(|names| Ok((names, Bench::ready(workspace)?)));
    match ready {
        Ok((names, bench)) => {
            for name in names {
                report.step(&format!("differential {name}"), || bench.run(&name, &[]));
            }
        }
        Err(problem) => report.step("differential", || Err(problem)),
    }
}

/// The scripts' names, without `.py`; what begins with an underscore is shared by them.
fn scripts(workspace: &Workspace) -> Result<Vec<String>, Problem> {
    let folder = workspace.root.join(FOLDER);
    let entries =
        fs::read_dir(&folder).map_err(|error| failed("cannot read", &folder.display(), &error))?;
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|entry| script_name(&entry.file_name().to_string_lossy()))
        .collect();
    names.sort();
    Ok(names)
}

fn script_name(file: &str) -> Option<String> {
    let name = file.strip_suffix(".py")?;
    (!name.starts_with('_')).then(|| name.into())
}

/// Everything a script needs.
pub(crate) struct Bench<'a> {
    workspace: &'a Workspace,
    namespace: Namespace,
    /// Where our command and the examples were built.
    built: PathBuf,
    /// Where can-utils was unpacked, if it is not installed.
    can_utils: Option<PathBuf>,
    /// The source of python-can, with its own tests.
    source: Option<PathBuf>,
}

impl Bench<'_> {
    pub(crate) fn ready(workspace: &Workspace) -> Result<Bench<'_>, Problem> {
        let log = workspace.log("differential");
        let namespace = Namespace::find(workspace)?;
        must(
            &mut workspace.cargo(&["build", "-p", "canbus-cli", "--all-features"]),
            &log,
        )?;
        let examples = ["build", "-p", "canbus", "--examples", "--all-features"];
        must(&mut workspace.cargo(&examples), &log)?;
        let source = source(workspace, &Environment::ensure(workspace)?)?;
        Ok(Bench {
            workspace,
            source,
            namespace,
            built: workspace.target.join("debug"),
            can_utils: can_utils(workspace)?,
        })
    }

    fn run(&self, name: &str, patterns: &[String]) -> Result<Outcome, Problem> {
        let log = self.workspace.log(&format!("differential {name}"));
        let ran = run(&mut self.command(name, patterns)?, &log)?;
        let counts = Counts::of_last_line(&ran.output).unwrap_or_default();
        Ok(Outcome::new(counts.checked(ran.ok), ran.output))
    }

    fn command(&self, name: &str, patterns: &[String]) -> Result<Command, Problem> {
        let mut command = self.namespace.command("timeout".as_ref());
        command
            .args(["--kill-after=10", LIMIT])
            .args(self.script(name)?)
            .args(patterns)
            .current_dir(&self.workspace.root)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(folder) = &self.can_utils {
            add_to_path(&mut command, folder);
        }
        Ok(command)
    }

    /// The words that run a script, whose name may begin with that of a folder.
    pub(crate) fn script(&self, name: &str) -> Result<Vec<PathBuf>, Problem> {
        let examples = self.built.join("examples");
        let example = examples.join(format!("show_{name}"));
        let option = |option: &str, path: &Path| format!("--{option}={}", path.display()).into();
        let mut words = vec![
            Environment::ensure_for(self.workspace, name)?.python(),
            self.workspace.root.join(FOLDER).join(format!("{name}.py")),
            // Each script takes what it knows and ignores the rest.
            option("canbus", &self.built.join("canbus")),
            option("examples", &examples),
            option("canbus-example", &example),
        ];
        words.extend(self.source.iter().map(|path| option("source", path)));
        Ok(words)
    }
}

/// The programs of can-utils, unpacked if they are not installed. Without them their cases are
/// skipped.
pub(crate) fn can_utils(workspace: &Workspace) -> Result<Option<PathBuf>, Problem> {
    if find("log2asc").is_some() {
        return Ok(None);
    }
    match debian::unpacked(workspace, "can-utils") {
        Ok(folder) => Ok(Some(folder.join("usr/bin"))),
        Err(Problem::Absent(why)) if !is_strict() => {
            say(why);
            Ok(None)
        }
        Err(problem) => Err(problem),
    }
}

/// The source of python-can, whose suite some scripts take their cases from. It is fetched here,
/// outside of the namespace. Without it those cases are skipped.
fn source(workspace: &Workspace, environment: &Environment) -> Result<Option<PathBuf>, Problem> {
    let found = environment.source(workspace, "python-can")?;
    let why = "the source of python-can cannot be fetched";
    match found {
        None if is_strict() => Err(Problem::Absent(why.into())),
        None => {
            say(why);
            Ok(None)
        }
        found => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_are_python_files_without_underscore() {
        assert_eq!(script_name("blf.py"), Some("blf".into()));
        assert_eq!(script_name("_harness.py"), None);
        assert_eq!(script_name("requirements.txt"), None);
    }

    #[test]
    fn the_harness_tests_itself() {
        let names = scripts(&Workspace::new()).expect("the folder is there");
        assert!(names.contains(&"harness".to_string()), "{names:?}");
    }
}
