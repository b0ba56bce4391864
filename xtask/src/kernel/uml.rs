//! User-mode-linux: a kernel that is an ordinary program and needs no rights.

use super::{FIRST_PROCESS, Kernel, Kind, modules};
use crate::debian;
use crate::process::failed;
use crate::report::Problem;
use crate::workspace::Workspace;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the kernel has; it takes no more than it uses.
const MEMORY: &str = "mem=512M";

/// The kernel as Debian packages it.
pub(super) fn stock(workspace: &Workspace) -> Result<Kernel, Problem> {
    let folder = debian::unpacked(workspace, "user-mode-linux")?;
    let image = folder.join("usr/bin/linux.uml");
    if !image.is_file() {
        let why = "the package user-mode-linux holds no usr/bin/linux.uml";
        return Err(Problem::Failed(why.into()));
    }
    let versions = folder.join("usr/lib/uml/modules");
    let version = fs::read_dir(&versions)
        .map_err(|error| failed("cannot read", &versions.display(), &error))?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.join("modules.dep").is_file())
        .ok_or_else(|| Problem::Failed(format!("no modules in {}", versions.display())))?;
    Ok(Kernel {
        kind: Kind::Uml,
        image,
        modules: modules::needed(&version, &[])?,
        machine: None,
    })
}

/// The command that boots it, ended after so many seconds.
///
/// The job's output and errors are two serial lines. The kernel's own messages, which are few, go to
/// the descriptor of its input, because each line needs one of its own.
pub(super) fn command(image: &Path, folder: &Path, limit: u64) -> Result<Command, Problem> {
    let own = env::current_exe()
        .map_err(|error| failed("cannot tell", &"the path of this program", &error))?;
    let mut command = Command::new("timeout");
    command
        .arg("--kill-after=10")
        .arg(limit.to_string())
        .arg(image)
        .args([
            MEMORY,
            "root=/dev/root",
            "rootfstype=hostfs",
            "rootflags=/",
            "ro",
        ])
        .arg(format!("init={}", without_blanks(&own)?))
        .args([
            "con=null",
            "con0=null,fd:0",
            "ssl0=null,fd:1",
            "ssl1=null,fd:2",
        ])
        .arg(format!("uml_dir={}", without_blanks(folder)?))
        .args(["quiet", "loglevel=1", "panic=-1", "--", FIRST_PROCESS])
        .arg(folder);
    Ok(command)
}

/// A kernel's arguments are one line of words.
pub(super) fn without_blanks(path: &Path) -> Result<String, Problem> {
    let text = PathBuf::from(path).display().to_string();
    if text.contains(char::is_whitespace) {
        let why = format!("a kernel cannot be given a path with blanks: {text}");
        return Err(Problem::Absent(why));
    }
    Ok(text)
}
