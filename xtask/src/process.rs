//! Running other programs: output into a log, a missing program told apart from a failing one.

use crate::report::Problem;
use std::env;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a program did.
pub(crate) struct Ran {
    /// Whether it ended with status 0.
    pub(crate) ok: bool,
    /// Both its outputs, as they came.
    pub(crate) output: String,
}

/// Runs a program to its end, without input and with both outputs in the log.
pub(crate) fn run(command: &mut Command, log: &Path) -> Result<Ran, Problem> {
    let file = create(log).map_err(|error| failed("cannot write", &log.display(), &error))?;
    let both = file
        .try_clone()
        .map_err(|error| failed("cannot write", &log.display(), &error))?;
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(both)
        .status()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Problem::Absent(format!("there is no program {name}")),
            _ => failed("cannot run", &name, &error),
        })?;
    let output = fs::read(log).map_err(|error| failed("cannot read", &log.display(), &error))?;
    Ok(Ran {
        ok: status.success(),
        output: String::from_utf8_lossy(&output).into_owned(),
    })
}

/// The same where anything but success ends the step.
pub(crate) fn must(command: &mut Command, log: &Path) -> Result<String, Problem> {
    let ran = run(command, log)?;
    if ran.ok {
        return Ok(ran.output);
    }
    let arguments: Vec<_> = command
        .get_args()
        .map(|one| one.to_string_lossy())
        .collect();
    let name = command.get_program().to_string_lossy();
    Err(Problem::Failed(format!(
        "{name} {} failed:\n{}",
        arguments.join(" "),
        ran.output.trim_end()
    )))
}

/// Lets a program find others in this folder, behind those that it finds already.
pub(crate) fn add_to_path(command: &mut Command, folder: &Path) {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([folder.to_path_buf()]);
    if let Ok(path) = env::join_paths(folders) {
        command.env("PATH", path);
    }
}

/// A failure of the file system or of starting a program.
pub(crate) fn failed(what: &str, whom: &dyn std::fmt::Display, error: &io::Error) -> Problem {
    Problem::Failed(format!("{what} {whom}: {error}"))
}

fn create(log: &Path) -> io::Result<File> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder)?;
    }
    File::create(log)
}

/// Finds a program in `PATH` or in the administrator's folders, which an ordinary user's `PATH`
/// often lacks although the programs there work for anyone.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|folder| folder.join(program))
        .find(|candidate| is_executable(candidate))
}

#[cfg(unix)]
fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(file: &Path) -> bool {
    file.is_file()
}

/// Whether this runs as the system's administrator, who may install packages.
pub(crate) fn is_administrator() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(name: &str) -> PathBuf {
        env::temp_dir().join(format!("xtask-{name}-{}.log", std::process::id()))
    }

    #[test]
    fn both_outputs_are_read_and_the_status_is_kept() {
        let log = log("both");
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo out; echo err >&2; exit 3"]);
        let ran = run(&mut shell, &log).expect("sh starts");
        assert_eq!((ran.ok, ran.output.as_str()), (false, "out\nerr\n"));
        let problem = must(&mut shell, &log).expect_err("status 3");
        let Problem::Failed(text) = problem else {
            panic!("not a failure: {problem:?}");
        };
        assert!(text.starts_with("sh -c ") && text.ends_with("failed:\nout\nerr"));
        assert_eq!(
            must(Command::new("sh").args(["-c", "echo x"]), &log),
            Ok("x\n".into())
        );
        fs::remove_file(log).expect("was written");
    }

    #[test]
    fn a_program_that_does_not_exist_is_absent() {
        let log = log("absent");
        let problem = run(&mut Command::new("canbus-no-such-program"), &log).err();
        let expected = "there is no program canbus-no-such-program".to_string();
        assert_eq!(problem, Some(Problem::Absent(expected)));
        fs::remove_file(log).expect("was written");
    }

    #[test]
    fn only_executable_files_are_found() {
        assert!(find("sh").is_some_and(|path| path.ends_with("sh")));
        assert_eq!(find("canbus-no-such-program"), None);
        assert!(!is_executable(Path::new("/etc/passwd")));
        assert!(!is_executable(Path::new("/")));
    }
}
