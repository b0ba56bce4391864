//! `cargo xtask kernel -- COMMAND`: boots a kernel that has CAN and runs a command inside, as an
//! ordinary user, without a virtual machine and without changing the machine.
//!
//! The kernel sees the machine's files, to be read only; one folder can be written. It finds `lo`,
//! `vcan0` to `vcan3` and the programs of can-utils. This program is its first process, too.

#[cfg_attr(not(target_os = "linux"), path = "kernel/elsewhere.rs")]
mod guest;
mod job;
mod modules;
mod own;
#[cfg_attr(not(unix), path = "kernel/no_qemu.rs")]
mod qemu;
mod suite;
mod uml;

pub(crate) use guest::first_process;
pub(crate) use job::Job;
pub(crate) use suite::steps;

use crate::process::failed;
use crate::report::{Problem, say};
use crate::workspace::Workspace;
use modules::Module;
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

/// The word by which this program knows that it is the first process of a kernel.
pub(crate) const FIRST_PROCESS: &str = "first-process";

/// How long a command may take unless told otherwise, in seconds.
const LIMIT: u64 = 600;

/// Which kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Debian's user-mode-linux as it is packaged: a kernel that is an ordinary program.
    Uml,
    /// The same built from Debian's sources, with USB and ISO-TP.
    Own,
    /// Debian's unmodified kernel, emulated by QEMU.
    Qemu,
}

impl Kind {
    const ALL: [(&'static str, Kind); 3] =
        [("uml", Kind::Uml), ("own", Kind::Own), ("qemu", Kind::Qemu)];

    fn of(name: &str) -> Option<Kind> {
        let found = Kind::ALL.iter().find(|(known, _)| *known == name);
        found.map(|(_, kind)| *kind)
    }

    fn name(self) -> &'static str {
        let found = Kind::ALL.iter().find(|(_, kind)| *kind == self);
        found.map_or("", |(name, _)| name)
    }
}

/// A kernel that is ready to be booted.
pub(crate) struct Kernel {
    kind: Kind,
    image: PathBuf,
    /// What it loads first.
    modules: Vec<Module>,
    /// The computer that it is booted on, unless it is a program itself.
    machine: Option<qemu::Machine>,
}

impl Kernel {
    /// Finds the kernel, or fetches or builds it.
    pub(crate) fn ready(workspace: &Workspace, kind: Kind) -> Result<Kernel, Problem> {
        if !cfg!(target_os = "linux") {
            return Err(Problem::Absent("kernels are booted on Linux only".into()));
        }
        match kind {
            Kind::Uml => uml::stock(workspace),
            Kind::Own => own::ready(workspace),
            Kind::Qemu => qemu::ready(workspace),
        }
    }

    /// Prepares to boot and to run the job inside.
    pub(crate) fn boot(&self, workspace: &Workspace, job: &Job) -> Result<Boot, Problem> {
        let folder = match &job.folder {
            Some(folder) => folder.clone(),
            None => workspace
                .target
                .join("kernel")
                .join(format!("run-{}", std::process::id())),
        };
        let write = |error| failed("cannot write", &folder.display(), &error);
        fs::create_dir_all(&folder).map_err(write)?;
        let folder = folder.canonicalize().map_err(write)?;
        job.write(workspace, self, &folder)?;
        let command = match &self.machine {
            None => uml::command(&self.image, &folder, job.limit),
            Some(machine) => qemu::command(machine, &self.image, &folder, job.limit),
        }?;
        Ok(Boot {
            command,
            folder,
            remove: job.folder.is_none(),
        })
    }
}

/// A kernel about to be booted, or one that was.
pub(crate) struct Boot {
    /// What boots it and ends when it is switched off.
    pub(crate) command: Command,
    folder: PathBuf,
    remove: bool,
}

impl Boot {
    /// The exit status of the job, after the command has ended.
    pub(crate) fn status(self) -> Result<u8, Problem> {
        let answer = job::read_answer(&self.folder);
        if self.remove {
            // Left behind, it does no harm.
            let _ = fs::remove_dir_all(&self.folder);
        }
        answer
    }
}

/// `cargo xtask kernel [--kernel KIND] [--folder DIR] [--limit SECONDS] -- COMMAND [ARGUMENT]...`.
pub(crate) fn task(workspace: &Workspace, arguments: &[String]) -> Result<ExitCode, String> {
    let (kind, job) = parse(arguments)?;
    Ok(match run(workspace, kind, job) {
        Ok(status) => ExitCode::from(status),
        Err(Problem::Absent(why) | Problem::Off(why) | Problem::Failed(why)) => {
            say(why);
            ExitCode::from(2)
        }
    })
}

/// Runs a job inside a kernel, its output where ours goes, and brings back its exit status.
pub(crate) fn run(workspace: &Workspace, kind: Kind, mut job: Job) -> Result<u8, Problem> {
    job.environment.extend(env::vars());
    let kernel = Kernel::ready(workspace, kind)?;
    let mut boot = kernel.boot(workspace, &job)?;
    boot.command.stdin(console());
    let ran = boot.command.status();
    ran.map_err(|error| failed("cannot run", &"the kernel", &error))?;
    boot.status()
}

/// Where the kernel's own messages go: to our errors. It wants a descriptor of its own for them,
/// and the one of its input is free.
fn console() -> Stdio {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        if let Ok(errors) = std::io::stderr().as_fd().try_clone_to_owned() {
            return errors.into();
        }
    }
    Stdio::null()
}

fn parse(arguments: &[String]) -> Result<(Kind, Job), String> {
    const USAGE: &str = "expected [--kernel uml|own|qemu] [--folder DIR] [--limit SECONDS] -- \
                         COMMAND [ARGUMENT]...";
    let mut kind = Kind::Uml;
    let mut job = Job::new(LIMIT);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || {
            let value = rest.next();
            value.ok_or_else(|| format!("{argument} needs a value; {USAGE}"))
        };
        match argument.as_str() {
            "--kernel" => {
                let name = value()?;
                let found = Kind::of(name);
                kind = found.ok_or_else(|| format!("there is no kernel {name}; {USAGE}"))?;
            }
            "--folder" => job.folder = Some(value()?.into()),
            "--limit" => {
                let seconds = value()?.parse().ok().filter(|&seconds| seconds > 0);
                job.limit = seconds.ok_or("--limit needs a number of seconds")?;
            }
            "--" => break,
            other => return Err(format!("there is no option {other}; {USAGE}")),
        }
    }
    job.arguments = rest.cloned().collect();
    if job.arguments.is_empty() {
        return Err(format!("no command is given; {USAGE}"));
    }
    Ok((kind, job))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<(Kind, Job), String> {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        parse(&arguments)
    }

    #[test]
    fn options_end_at_two_dashes_and_the_command_keeps_its_own() {
        let (kind, job) = parsed(&["--", "candump", "--", "-L"]).expect("valid");
        assert_eq!(kind, Kind::Uml);
        assert_eq!(job.arguments, ["candump", "--", "-L"]);
        assert_eq!((job.limit, job.folder), (LIMIT, None));
        let (kind, job) = parsed(&[
            "--kernel", "own", "--limit", "9", "--folder", "x", "--", "y",
        ])
        .expect("valid");
        assert_eq!((kind, job.limit), (Kind::Own, 9));
        assert_eq!(job.folder, Some("x".into()));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for arguments in [
            &[][..],
            &["--"],
            &["true"],
            &["--kernel", "bsd", "--", "true"],
            &["--kernel"],
            &["--limit", "0", "--", "true"],
        ] {
            assert!(parsed(arguments).is_err(), "{arguments:?}");
        }
    }

    #[test]
    fn every_kind_has_a_name() {
        for (name, kind) in Kind::ALL {
            assert_eq!((kind.name(), Kind::of(name)), (name, Some(kind)));
        }
    }
}
