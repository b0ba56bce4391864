//! Virtual environments, each made when its list of packages changes: those with the genuine
//! python-can, and that of the Python package.

use crate::debian;
use crate::process::{failed, must, run};
use crate::report::Problem;
use crate::workspace::Workspace;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What has to be in every environment, each version pinned.
pub(crate) const REQUIREMENTS: &str = "tests/differential/requirements.txt";

/// A virtual environment.
pub(crate) struct Environment {
    folder: PathBuf,
}

impl Environment {
    /// The environment that nearly all scripts share, made first if it is not there or no longer
    /// what it should be.
    pub(crate) fn ensure(workspace: &Workspace) -> Result<Environment, Problem> {
        Environment::with(workspace, "venv-differential", &[REQUIREMENTS.into()])
    }

    /// The environment of a script: one of its own where a list `requirements-NAME.txt` stands
    /// beside it.
    pub(crate) fn ensure_for(workspace: &Workspace, script: &str) -> Result<Environment, Problem> {
        let own = format!("tests/differential/requirements-{script}.txt");
        if !workspace.root.join(&own).exists() {
            return Environment::ensure(workspace);
        }
        let lists = [REQUIREMENTS.into(), own];
        Environment::with(workspace, &format!("venv-{script}"), &lists)
    }

    /// The environment of this name with the packages of these lists.
    pub(crate) fn with(
        workspace: &Workspace,
        name: &str,
        lists: &[String],
    ) -> Result<Environment, Problem> {
        let log = workspace.log("python");
        let folder = workspace.target.join(name);
        let mut requirements = String::new();
        let mut install = vec!["-m", "pip", "install", "--quiet", "--no-deps"];
        for list in lists {
            let list = workspace.root.join(list);
            let text = fs::read_to_string(&list)
                .map_err(|error| failed("cannot read", &list.display(), &error))?;
            requirements.push_str(&text);
        }
        let version = must(Command::new("python3").arg("-VV"), &log)?;
        let environment = Environment { folder };
        let wanted = stamp(&version, &requirements);
        let stamp_file = environment.folder.join("stamp");
        let found = fs::read_to_string(&stamp_file).ok();
        if found.as_deref() == Some(wanted.as_str()) && environment.python().exists() {
            return Ok(environment);
        }
        environment.make(workspace, &log)?;
        for list in lists {
            install.extend(["-r", list]);
        }
        let mut command = Command::new(environment.python());
        command
            .args(install)
            .current_dir(&workspace.root)
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        must(&mut command, &log)?;
        // Whether the pinned lists lack something; python-can may be brought by what comes later.
        let check = run(
            Command::new(environment.python()).args(["-m", "pip", "check"]),
            &log,
        )?;
        let lacks = |line: &str| !line.contains("requires python-can, which is not installed");
        if !check.ok && check.output.lines().any(lacks) {
            return Err(Problem::Failed(format!(
                "pip check: {}",
                check.output.trim()
            )));
        }
        fs::write(&stamp_file, wanted)
            .map_err(|error| failed("cannot write", &stamp_file.display(), &error))?;
        Ok(environment)
    }

    /// Its Python.
    pub(crate) fn python(&self) -> PathBuf {
        self.program("python")
    }

    /// A program that one of its packages brought.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join("bin").join(name)
    }

    /// The unpacked source of a package in the list, with its tests, which no wheel holds; fetched
    /// once for each version. `None` if that fails, as without a network.
    pub(crate) fn source(
        &self,
        workspace: &Workspace,
        package: &str,
    ) -> Result<Option<PathBuf>, Problem> {
        self.source_in(workspace, REQUIREMENTS, package)
    }

    /// The same for a package of another list.
    pub(crate) fn source_in(
        &self,
        workspace: &Workspace,
        list: &str,
        package: &str,
    ) -> Result<Option<PathBuf>, Problem> {
        let log = workspace.log("python source");
        let file = workspace.root.join(list);
        let requirements = fs::read_to_string(&file)
            .map_err(|error| failed("cannot read", &file.display(), &error))?;
        let wanted = pinned(&requirements, package)
            .ok_or_else(|| Problem::Failed(format!("{package} is not in {list}")))?;
        let folder = workspace.target.join("sources").join(wanted);
        if folder.join("complete").exists() {
            return Ok(Some(folder));
        }
        let mut fetch = Command::new(self.python());
        fetch
            .args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .args(["--no-binary", package, wanted, "--dest"])
            .arg(&folder)
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        if !run(&mut fetch, &log)?.ok {
            return Ok(None);
        }
        for archive in fs::read_dir(&folder)
            .map_err(|error| failed("cannot read", &folder.display(), &error))?
            .flatten()
        {
            let mut unpack = Command::new("tar");
            unpack.args(["--strip-components=1", "-xzf"]);
            must(unpack.arg(archive.path()).current_dir(&folder), &log)?;
        }
        fs::write(folder.join("complete"), "")
            .map_err(|error| failed("cannot write", &folder.display(), &error))?;
        Ok(Some(folder))
    }

    /// Makes the environment anew, with pip in it.
    fn make(&self, workspace: &Workspace, log: &Path) -> Result<(), Problem> {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&self.folder);
        if run(&mut venv, log)?.ok {
            return Ok(());
        }
        // Debian splits ensurepip off. Its pip comes as a wheel that can install itself.
        let mut bare = Command::new("python3");
        bare.args(["-m", "venv", "--clear", "--without-pip"])
            .arg(&self.folder);
        must(&mut bare, log)?;
        let wheel = pip_wheel(&debian::unpacked(workspace, "python3-pip-whl")?)?;
        let mut install = Command::new(self.python());
        install
            .arg(wheel.join("pip"))
            .args(["install", "--quiet", "--no-index"])
            .arg(&wheel);
        must(&mut install, log)?;
        Ok(())
    }
}

fn pip_wheel(package: &Path) -> Result<PathBuf, Problem> {
    let folder = package.join("usr/share/python-wheels");
    let entries =
        fs::read_dir(&folder).map_err(|error| failed("cannot read", &folder.display(), &error))?;
    entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("pip-"))
        })
        .ok_or_else(|| Problem::Failed(format!("no pip in {}", folder.display())))
}

/// What decides whether an environment is still good: the interpreter and the packages, not the
/// comments and blank lines of their list.
fn stamp(version: &str, requirements: &str) -> String {
    let packages = requirements
        .lines()
        .map(|line| line.split('#').next().unwrap_or(line).trim())
        .filter(|line| !line.is_empty());
    let mut text = format!("{}\n", version.trim());
    for package in packages {
        text.push_str(package);
        text.push('\n');
    }
    text
}

/// The line of a list that pins a package.
fn pinned<'a>(requirements: &'a str, package: &str) -> Option<&'a str> {
    requirements.lines().map(str::trim).find(|line| {
        let version = line.strip_prefix(package);
        version.is_some_and(|version| version.starts_with("=="))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_pinned_by_its_whole_name() {
        let list = "# python-can==1\npython-can-isotp==2\n  python-can==3\n";
        assert_eq!(pinned(list, "python-can"), Some("python-can==3"));
        assert_eq!(pinned(list, "can"), None);
    }

    #[test]
    fn the_stamp_changes_with_interpreter_and_packages_but_not_with_comments() {
        let text = stamp("Python 3.11.7\n", "# why\na==1  # this one\n\nb==2\n");
        assert_eq!(text, "Python 3.11.7\na==1\nb==2\n");
        assert_eq!(text, stamp("Python 3.11.7", "a==1\nb==2"));
        assert_ne!(text, stamp("Python 3.12.0", "a==1\nb==2"));
        assert_ne!(text, stamp("Python 3.11.7", "a==1\nb==3"));
    }
}
