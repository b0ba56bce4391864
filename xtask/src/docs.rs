//! The pages of `docs` that are made from the library's own tables.

use crate::process::must;
use crate::report::{Problem, say};
use crate::workspace::Workspace;
use std::fs;
use std::process::{Command, ExitCode};

/// The page, and the example of the library that prints it.
const PAGES: &[(&str, &str)] = &[("docs/formats.md", "format_table")];

/// `cargo xtask docs`.
pub(crate) fn task(workspace: &Workspace, _: &[String]) -> Result<ExitCode, String> {
    for (page, example) in PAGES {
        let build = ["build", "-p", "canbus", "--example", example];
        let log = workspace.log("docs");
        must(&mut workspace.cargo(&build), &log).map_err(told)?;
        let program = workspace.target.join("debug/examples").join(example);
        let text = must(&mut Command::new(program), &log).map_err(told)?;
        fs::write(workspace.root.join(page), text)
            .map_err(|error| format!("cannot write {page}: {error}"))?;
        say(format!("{page} is written"));
    }
    Ok(ExitCode::SUCCESS)
}

fn told(problem: Problem) -> String {
    match problem {
        Problem::Absent(why) | Problem::Failed(why) | Problem::Off(why) => why,
    }
}
