//! What a kernel is to do and what came of it: files in the folder that both sides can write.

use super::Kernel;
use crate::differential;
use crate::namespace;
use crate::process::failed;
use crate::report::Problem;
use crate::workspace::Workspace;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The files of a job, in its folder. Lists are separated by zero bytes.
const ARGUMENTS: &str = "job-arguments";
const ENVIRONMENT: &str = "job-environment";
const DIRECTORY: &str = "job-directory";
const MODULES: &str = "job-modules";
const IP: &str = "job-ip";
/// The files of its answer: one or the other.
const STATUS: &str = "job-status";
const PROBLEM: &str = "job-problem";

/// A command to be run inside a kernel.
#[derive(Debug)]
pub(crate) struct Job {
    /// The program and its arguments.
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    /// What can be written; `None` for a folder that is there for this job only.
    pub(crate) folder: Option<PathBuf>,
    /// When to end it, in seconds.
    pub(crate) limit: u64,
}

impl Job {
    /// Nothing to do yet.
    pub(crate) fn new(limit: u64) -> Job {
        Job {
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            limit,
        }
    }

    /// Writes it down for the kernel.
    pub(super) fn write(
        &self,
        workspace: &Workspace,
        kernel: &Kernel,
        folder: &Path,
    ) -> Result<(), Problem> {
        let put = |name: &str, lines: &[String]| {
            let file = folder.join(name);
            let text: String = lines
                .iter()
                .flat_map(|line| [line.as_str(), "\0"])
                .collect();
            fs::write(&file, text).map_err(|error| failed("cannot write", &file.display(), &error))
        };
        for answer in [STATUS, PROBLEM] {
            match fs::remove_file(folder.join(answer)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(failed("cannot remove", &answer, &error));
                }
                _ => {}
            }
        }
        put(ARGUMENTS, &self.arguments)?;
        let mut environment: Vec<String> = self
            .environment
            .iter()
            .filter(|(name, _)| name != "PATH" && name != "TMPDIR")
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        environment.push(format!("PATH={}", path(workspace)?));
        environment.push(format!("CANBUS_KERNEL={}", kernel.kind.name()));
        environment.push(format!("CANBUS_KERNEL_FOLDER={}", folder.display()));
        // For whoever wants to load it again.
        let vcan = kernel.modules.iter().find(|module| module.is("vcan"));
        environment.extend(vcan.map(|module| format!("CANBUS_KERNEL_VCAN={module}")));
        put(ENVIRONMENT, &environment)?;
        let directory = env::current_dir()
            .map_err(|error| failed("cannot tell", &"the current directory", &error))?;
        put(DIRECTORY, &[directory.display().to_string()])?;
        let modules: Vec<String> = kernel.modules.iter().map(ToString::to_string).collect();
        put(MODULES, &modules)?;
        let (ip, libraries) = namespace::find_ip(workspace)?;
        put(IP, &[ip.display().to_string(), libraries])
    }
}

/// `PATH` inside: as outside, the administrator's folders, and can-utils.
fn path(workspace: &Workspace) -> Result<String, Problem> {
    let outside = env::var("PATH").unwrap_or_default();
    let mut folders = vec![outside, "/usr/sbin:/usr/bin:/sbin:/bin".into()];
    if let Some(folder) = differential::can_utils(workspace)? {
        folders.push(folder.display().to_string());
    }
    Ok(folders.join(":"))
}

/// A job as the kernel reads it.
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "read in a kernel")
)]
pub(super) struct Orders {
    pub(super) arguments: Vec<String>,
    pub(super) environment: Vec<(String, String)>,
    pub(super) directory: String,
    pub(super) modules: Vec<String>,
    /// The program `ip` and the folders of its libraries.
    pub(super) ip: (String, String),
}

#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "read in a kernel")
)]
impl Orders {
    pub(super) fn read(folder: &Path) -> Result<Orders, String> {
        let list = |name: &str| {
            let file = folder.join(name);
            let text = fs::read_to_string(&file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            let lines = text.split_terminator('\0').map(String::from);
            Ok::<Vec<String>, String>(lines.collect())
        };
        let environment = list(ENVIRONMENT)?;
        let environment = environment.iter().filter_map(|line| line.split_once('='));
        let mut ip = list(IP)?.into_iter();
        Ok(Orders {
            arguments: list(ARGUMENTS)?,
            environment: environment
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            directory: list(DIRECTORY)?.into_iter().next().unwrap_or_default(),
            modules: list(MODULES)?,
            ip: (ip.next().unwrap_or_default(), ip.next().unwrap_or_default()),
        })
    }
}

/// Writes down what became of the job: its exit status, or why it could not run.
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "written in a kernel")
)]
pub(super) fn write_answer(folder: &Path, answer: &Result<u8, String>) -> io::Result<()> {
    match answer {
        Ok(status) => fs::write(folder.join(STATUS), status.to_string()),
        Err(problem) => fs::write(folder.join(PROBLEM), problem),
    }
}

/// What the kernel wrote down.
pub(super) fn read_answer(folder: &Path) -> Result<u8, Problem> {
    if let Ok(problem) = fs::read_to_string(folder.join(PROBLEM)) {
        return Err(Problem::Failed(format!("inside the kernel: {problem}")));
    }
    let status = fs::read_to_string(folder.join(STATUS)).ok();
    let status = status.and_then(|text| text.parse().ok());
    status.ok_or_else(|| {
        Problem::Failed(
            "the kernel gave no answer: it did not boot, crashed, or took too long".into(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_status_or_a_reason_and_none_is_a_failure() {
        let folder = env::temp_dir().join(format!("xtask-job-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a temporary folder");
        assert!(matches!(read_answer(&folder), Err(Problem::Failed(_))));
        write_answer(&folder, &Ok(101)).expect("written");
        assert_eq!(read_answer(&folder), Ok(101));
        write_answer(&folder, &Err("no module can".into())).expect("written");
        let expected = Problem::Failed("inside the kernel: no module can".into());
        assert_eq!(read_answer(&folder), Err(expected));
        fs::remove_dir_all(folder).expect("was made");
    }
}
