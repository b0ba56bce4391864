//! Debian packages unpacked into the build folder: programs without installing them, so without
//! being the administrator and without changing the machine.

use crate::process::{failed, find, must, run};
use crate::report::Problem;
use crate::workspace::Workspace;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder in which a package and whatever it needs is unpacked; done once.
pub(crate) fn unpacked(workspace: &Workspace, package: &str) -> Result<PathBuf, Problem> {
    let folder = workspace.target.join("debian").join(package);
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(folder);
    }
    for tool in ["apt-get", "apt-cache", "dpkg", "dpkg-query"] {
        if find(tool).is_none() {
            let why = format!("{package} is not installed, and there is no {tool} to fetch it");
            return Err(Problem::Absent(why));
        }
    }
    let write = |error| failed("cannot write", &folder.display(), &error);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(write)?;
    }
    let archives = folder.join("archives");
    fs::create_dir_all(&archives).map_err(write)?;
    let apt = Apt {
        state: workspace.target.join("debian").join("apt"),
        log: workspace.log(&format!("debian {package}")),
    };
    apt.fetch(package, &archives)?;
    for archive in fs::read_dir(&archives).map_err(write)?.flatten() {
        let mut unpack = Command::new("dpkg");
        unpack.arg("-x").arg(archive.path()).arg(&folder);
        must(&mut unpack, &apt.log)?;
    }
    fs::write(complete, "").map_err(write)?;
    Ok(folder)
}

/// The folders of an unpacked tree that hold shared libraries, as `LD_LIBRARY_PATH` wants them.
pub(crate) fn libraries(folder: &Path) -> String {
    let mut found = Vec::new();
    for parent in ["usr/lib", "lib"].map(|name| folder.join(name)) {
        let inner = fs::read_dir(&parent).into_iter().flatten().flatten();
        // Besides the plain folder the one of the architecture: x86_64-linux-gnu.
        found.extend(
            inner
                .map(|entry| entry.path())
                .filter(|path| path.is_dir() && path.to_string_lossy().contains("-linux-gnu")),
        );
        found.push(parent);
    }
    let names: Vec<_> = found.iter().map(|path| path.to_string_lossy()).collect();
    names.join(":")
}

/// apt, working on package lists of our own where the system's are missing.
struct Apt {
    state: PathBuf,
    log: PathBuf,
}

impl Apt {
    /// Downloads a package and those it needs that the machine lacks.
    fn fetch(&self, package: &str, into: &Path) -> Result<(), Problem> {
        if !self.state.exists() && !self.knows(package)? {
            self.update()?;
        }
        let mut download = self.download(package, into)?;
        if !run(&mut download, &self.log)?.ok {
            // Lists that are older than the archive name versions that are no longer there.
            self.update()?;
            must(&mut self.download(package, into)?, &self.log)?;
        }
        Ok(())
    }

    /// Gets package lists of our own, the newest.
    fn update(&self) -> Result<(), Problem> {
        for folder in ["lists/partial", "cache/archives/partial"] {
            let folder = self.state.join(folder);
            fs::create_dir_all(&folder)
                .map_err(|error| failed("cannot write", &folder.display(), &error))?;
        }
        must(self.command("apt-get").arg("update"), &self.log)?;
        Ok(())
    }

    /// The download of a package and of what it needs, by the lists as they are.
    fn download(&self, package: &str, into: &Path) -> Result<Command, Problem> {
        let mut ask = self.command("apt-cache");
        ask.args(["depends", "--recurse", "--no-recommends", "--no-suggests"])
            .args([
                "--no-conflicts",
                "--no-breaks",
                "--no-replaces",
                "--no-enhances",
            ])
            .arg(package);
        let closure = must(&mut ask, &self.log)?;
        let mut query = Command::new("dpkg-query");
        query.args(["-W", "-f", "${Package} ${db:Status-Status}\\n"]);
        let present = must(&mut query, &self.log)?;
        let mut download = self.command("apt-get");
        download
            .arg("download")
            .args(missing(package, &closure, &present))
            .current_dir(into);
        Ok(download)
    }

    fn knows(&self, package: &str) -> Result<bool, Problem> {
        let mut show = self.command("apt-cache");
        show.args(["show", package]);
        Ok(run(&mut show, &self.log)?.ok)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        if self.state.exists() {
            let lists = self.state.join("lists");
            let cache = self.state.join("cache");
            command
                .arg(format!("-oDir::State::Lists={}", lists.display()))
                .arg(format!("-oDir::Cache={}", cache.display()));
        }
        command
    }
}

/// Which packages to download: the one asked for, and of those it needs, what is not installed.
///
/// `closure` is what `apt-cache depends --recurse` prints: package names at the line's beginning,
/// details indented, names of virtual packages in angle brackets.
fn missing(package: &str, closure: &str, installed: &str) -> BTreeSet<String> {
    let present: BTreeSet<&str> = installed
        .lines()
        .filter_map(|line| line.strip_suffix(" installed"))
        .collect();
    closure
        .lines()
        .filter(|line| line.starts_with(|first: char| first.is_ascii_alphanumeric()))
        .map(|line| line.split(':').next().unwrap_or(line))
        .filter(|name| !present.contains(name))
        .chain([package])
        .map(String::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_or_virtual_is_not_downloaded() {
        let closure = "iproute2\n  Depends: libbpf1\n |Depends: debconf\n  Depends: <debconf-2.0>\n\
            libbpf1\nlibc6\nlibelf1:i386\n<debconf-2.0>\n";
        let installed = "iproute2 installed\nlibc6 installed\nlibbpf1 config-files\n";
        let expected = ["iproute2", "libbpf1", "libelf1"].map(String::from);
        assert_eq!(missing("iproute2", closure, installed), expected.into());
    }

    #[test]
    fn libraries_of_the_architecture_are_found() {
        let folder = std::env::temp_dir().join(format!("xtask-debian-{}", std::process::id()));
        let inner = folder.join("usr/lib/x86_64-linux-gnu");
        fs::create_dir_all(&inner).expect("a temporary folder");
        fs::create_dir_all(folder.join("usr/lib/python3")).expect("a temporary folder");
        let root = folder.to_string_lossy().into_owned();
        let expected = format!("{root}/usr/lib/x86_64-linux-gnu:{root}/usr/lib:{root}/lib");
        assert_eq!(libraries(&folder), expected);
        fs::remove_dir_all(folder).expect("was made");
    }
}
