//! Where things are: the sources, the build folder, and what the tasks keep in it.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's folders. Whatever the tasks fetch or write is under `target`.
pub(crate) struct Workspace {
    /// The sources' root.
    pub(crate) root: PathBuf,
    /// Cargo's build folder.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// The folders of the workspace that this program was built from.
    pub(crate) fn new() -> Workspace {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = package.parent().unwrap_or(package).to_path_buf();
        let target = env::var_os("CARGO_TARGET_DIR").map_or("target".into(), PathBuf::from);
        Workspace {
            target: root.join(target),
            root,
        }
    }

    /// Cargo, started in the root, the same one that runs this program.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()));
        command
            .args(arguments)
            .current_dir(&self.root)
            // The output is read, so colours would be in the way.
            .env("CARGO_TERM_COLOR", "never");
        command
    }

    /// Where the output of a step is kept.
    pub(crate) fn log(&self, step: &str) -> PathBuf {
        let name = step.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        self.target.join("xtask").join(name + ".log")
    }
}
