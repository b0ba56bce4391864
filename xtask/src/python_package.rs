//! The Python package: built into an environment of its own, tested there, and put in the place of
//! python-can for that one's own test suite and for programs that stand on it.

mod clients;

pub(crate) use clients::task as clients_task;

use crate::namespace::Namespace;
use crate::process::{failed, must, run};
use crate::python::Environment;
use crate::report::{Counts, Outcome, Problem, Report, say};
use crate::workspace::Workspace;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const FOLDER: &str = "canbus-python";
const REQUIREMENTS: &str = "canbus-python/tests/requirements.txt";
/// How long threads are mixed, in seconds. `tests/stress.py 600` is the long one.
const STRESS_SECONDS: &str = "20";

/// No suite may take longer, in seconds; its tests have shorter limits of their own.
const LIMIT: &str = "1200";

/// `cargo xtask python [PATTERN]...`: the suite of python-can, or those of its tests.
pub(crate) fn task(workspace: &Workspace, patterns: &[String]) -> Result<ExitCode, String> {
    let mut report = Report::new();
    match Package::ready(workspace) {
        Ok(package) => report.step("python-can's own suite", || package.suite(patterns)),
        Err(problem) => report.step("python package", || Err(problem)),
    }
    Ok(report.finish())
}

/// `cargo xtask stand-in FOLDER`: the wheel that stands in for the distribution python-can.
pub(crate) fn stand_in_task(
    workspace: &Workspace,
    arguments: &[String],
) -> Result<ExitCode, String> {
    let [folder] = arguments else {
        return Err("stand-in takes the folder to write the wheel to".into());
    };
    let log = workspace.log("stand-in");
    match must(
        &mut stand_in(workspace, "python3".as_ref(), folder.as_ref()),
        &log,
    ) {
        Ok(path) => say(path.trim()),
        Err(problem) => return Err(format!("{problem:?}")),
    }
    Ok(ExitCode::SUCCESS)
}

/// The package as users get it, optimised, in a folder that has nothing else.
pub(crate) fn release(workspace: &Workspace) -> Result<PathBuf, Problem> {
    let tools = Environment::with(workspace, "venv-python", &[REQUIREMENTS.into()])?;
    let log = workspace.log("python release");
    let folder = workspace.target.join("python").join("release");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .map_err(|error| failed("cannot empty", &folder.display(), &error))?;
    }
    let mut build = Command::new(tools.program("maturin"));
    build
        .args(["build", "--release", "--out"])
        .arg(folder.join("wheels"))
        .current_dir(workspace.root.join(FOLDER))
        .env("CARGO_TARGET_DIR", &workspace.target);
    must(&mut build, &log)?;
    let found = fs::read_dir(folder.join("wheels"))
        .map_err(|error| failed("cannot read", &folder.display(), &error))?;
    let mut install = Command::new(tools.python());
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--target",
        ])
        .arg(folder.join("package"))
        .args(found.flatten().map(|entry| entry.path()))
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        // Importing is measured, and is to find what was compiled.
        .env_remove("PYTHONDONTWRITEBYTECODE");
    must(&mut install, &log)?;
    Ok(folder.join("package"))
}

/// What runs those tests of python-can's suite that need a kernel with CAN.
pub(crate) fn kernel_words(workspace: &Workspace) -> Result<Vec<String>, Problem> {
    let words = Package::ready(workspace)?.suite_words("kernel-suite")?;
    let words = words.iter().map(|word| word.display().to_string());
    Ok(words.chain(["--kernel".into()]).collect())
}

/// What runs the package's own tests that need a kernel with CAN.
pub(crate) fn kernel_tests(workspace: &Workspace) -> Result<Vec<String>, Problem> {
    let package = Package::ready(workspace)?;
    let tests = workspace.root.join(FOLDER).join("tests/kernel");
    let python = package.environment.python();
    let words = [python.as_path(), &tests].map(|word| word.display().to_string());
    let [python, tests] = words;
    let options = [
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--timeout=60",
        // Inside a kernel the output is a terminal, whose colours nobody reads.
        "--color=no",
    ];
    let words = std::iter::once(python).chain(options.map(Into::into));
    Ok(words.chain([tests]).collect())
}

/// Runs every test of the package.
pub(crate) fn steps(workspace: &Workspace, report: &mut Report) {
    match Package::ready(workspace) {
        Ok(package) => {
            report.step("python package", || package.own_tests());
            report.step("python types", || package.types());
            report.step("python threads", || package.threads());
            report.step("python-can's own suite", || package.suite(&[]));
        }
        Err(problem) => report.step("python package", || Err(problem)),
    }
    clients::steps(workspace, report);
}

/// The package, installed.
struct Package<'a> {
    workspace: &'a Workspace,
    environment: Environment,
    namespace: Namespace,
}

impl Package<'_> {
    fn ready(workspace: &Workspace) -> Result<Package<'_>, Problem> {
        Package::in_environment(workspace, "venv-python", REQUIREMENTS)
    }

    /// The package, built and installed beside the packages of a list.
    fn in_environment<'a>(
        workspace: &'a Workspace,
        name: &str,
        list: &str,
    ) -> Result<Package<'a>, Problem> {
        let tools = Environment::with(workspace, "venv-python", &[REQUIREMENTS.into()])?;
        let package = Package {
            namespace: Namespace::find(workspace)?,
            environment: Environment::with(workspace, name, &[list.into()])?,
            workspace,
        };
        package.install(&tools)?;
        Ok(package)
    }

    /// Builds the wheel without optimisation, as tests are, and installs it with the stand-in.
    fn install(&self, tools: &Environment) -> Result<(), Problem> {
        let log = self.workspace.log("python build");
        let wheels = self.workspace.target.join("python").join("wheels");
        if wheels.exists() {
            fs::remove_dir_all(&wheels)
                .map_err(|error| failed("cannot empty", &wheels.display(), &error))?;
        }
        let mut build = Command::new(tools.program("maturin"));
        build
            .args(["build", "--profile", "dev", "--out"])
            .arg(&wheels)
            .arg("--interpreter")
            .arg(self.environment.python())
            .current_dir(self.workspace.root.join(FOLDER))
            .env("CARGO_TARGET_DIR", &self.workspace.target);
        must(&mut build, &log)?;
        let python = self.environment.python();
        must(&mut stand_in(self.workspace, &python, &wheels), &log)?;
        let found = fs::read_dir(&wheels)
            .map_err(|error| failed("cannot read", &wheels.display(), &error))?;
        let mut install = Command::new(&python);
        install
            .args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--no-index", "--force-reinstall"])
            .args(found.flatten().map(|entry| entry.path()))
            .env("PIP_DISABLE_PIP_VERSION_CHECK", "1");
        must(&mut install, &log).map(drop)
    }

    /// The tests that stand beside the package.
    fn own_tests(&self) -> Result<Outcome, Problem> {
        let genuine = Environment::ensure(self.workspace)?;
        let mut command = self.python();
        command
            .env("CANBUS_WHEELS", self.workspace.target.join("python/wheels"))
            .env("PYTHON_CAN_PYTHON", genuine.python());
        if let Some(source) = genuine.source(self.workspace, "python-can")? {
            // Its examples are run.
            command.env("PYTHON_CAN_SOURCE", source);
        }
        let tests = self.workspace.root.join(FOLDER).join("tests");
        command
            .args([
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "--timeout=120",
            ])
            // Those are the tests of libraries, for an environment that has them.
            .arg("--ignore")
            .arg(tests.join("clients"))
            // And those need a kernel that has CAN.
            .arg("--ignore")
            .arg(tests.join("kernel"))
            .arg(tests)
            .current_dir(self.scratch("own")?);
        let ran = run(&mut command, &self.workspace.log("python package"))?;
        let counts = Counts::of_pytest(&ran.output);
        Ok(Outcome::new(counts.checked(ran.ok), ran.output))
    }

    /// What type checkers say: of a program, of the package, and of the stubs of its native half.
    fn types(&self) -> Result<Outcome, Problem> {
        let tests = self.workspace.root.join(FOLDER).join("tests");
        let folder = self.scratch("types")?;
        let mut counts = Counts::default();
        let mut output = String::new();
        for words in [
            &["mypy", "--strict", "typed/program.py"][..],
            &["mypy", "--strict", "-p", "canbus"],
            &["mypy.stubtest", "canbus"],
        ] {
            let mut check = Command::new(self.environment.python());
            check
                .arg("-m")
                .args(words)
                .current_dir(&tests)
                .env("MYPY_CACHE_DIR", folder.join("cache"));
            let ran = run(&mut check, &self.workspace.log("python types"))?;
            counts += Counts::one(ran.ok);
            output += &ran.output;
        }
        Ok(Outcome::new(counts, output))
    }

    /// Threads that use the package all at once, in a build without optimisation.
    fn threads(&self) -> Result<Outcome, Problem> {
        let mut command = self.python();
        command
            .arg(self.workspace.root.join(FOLDER).join("tests/stress.py"))
            .arg(STRESS_SECONDS);
        let ran = run(&mut command, &self.workspace.log("python threads"))?;
        let counts = Counts::of_last_line(&ran.output).unwrap_or_default();
        Ok(Outcome::new(counts.checked(ran.ok), ran.output))
    }

    /// The suite of python-can, out of its source package.
    fn suite(&self, patterns: &[String]) -> Result<Outcome, Problem> {
        let words = self.suite_words("suite")?;
        let mut command = self.python();
        command.args(&words[1..]).args(patterns);
        let ran = run(&mut command, &self.workspace.log("python-can's own suite"))?;
        let counts = Counts::of_last_line(&ran.output).unwrap_or_default();
        Ok(Outcome::new(counts.checked(ran.ok), ran.output))
    }

    /// The words that run the suite, after it was copied into a folder of its own: Python first.
    fn suite_words(&self, name: &str) -> Result<Vec<PathBuf>, Problem> {
        let genuine = Environment::ensure(self.workspace)?;
        let source = genuine
            .source(self.workspace, "python-can")?
            .ok_or_else(|| Problem::Absent("the source of python-can cannot be fetched".into()))?;
        // A folder without `can`, for pytest puts it first in the search path.
        let folder = self.scratch(name)?;
        let mut copy = Command::new("cp");
        copy.arg("-r").arg(source.join("test")).arg(&folder);
        must(&mut copy, &self.workspace.log("python-can's own suite"))?;
        Ok(vec![
            self.environment.python(),
            (self.workspace.root.join(FOLDER)).join("tests/run_python_can.py"),
            folder,
        ])
    }

    /// The environment's Python in a network of its own.
    fn python(&self) -> Command {
        let mut command = self.namespace.command("timeout".as_ref());
        command
            .args(["--kill-after=10", LIMIT])
            .arg(self.environment.python())
            .env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    /// An empty folder.
    fn scratch(&self, name: &str) -> Result<PathBuf, Problem> {
        let folder = self.workspace.target.join("python").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .map_err(|error| failed("cannot empty", &folder.display(), &error))?;
        }
        fs::create_dir_all(&folder)
            .map_err(|error| failed("cannot make", &folder.display(), &error))?;
        Ok(folder)
    }
}

fn stand_in(workspace: &Workspace, python: &Path, folder: &Path) -> Command {
    let mut command = Command::new(python);
    command
        .arg(workspace.root.join(FOLDER).join("stand_in.py"))
        .arg(folder);
    command
}
