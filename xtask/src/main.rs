//! The project's tasks: `cargo xtask TASK`. Each task is a file; this one only finds it.

mod bench;
mod debian;
mod differential;
mod docs;
mod fuzz;
mod kernel;
mod lint;
mod namespace;
mod process;
mod python;
mod python_package;
mod report;
mod test;
mod workspace;

use report::say;
use std::process::ExitCode;
use workspace::Workspace;

/// One task as the user calls it.
struct Task {
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    run: fn(&Workspace, &[String]) -> Result<ExitCode, String>,
}

/// All tasks. A new one is a file and a line here.
const TASKS: &[Task] = &[
    Task {
        name: "test",
        arguments: "[lint|unit|differential|python|kernel|fuzz]... [--fuzz-seconds N]",
        help: "run every check there is, or those named; N seconds for each fuzz target (60)",
        run: test::task,
    },
    Task {
        name: "differential",
        arguments: "[SCRIPT [PATTERN]...]",
        help: "compare canbus with python-can: all of tests/differential, or one script's cases",
        run: differential::task,
    },
    Task {
        name: "fuzz",
        arguments: "TARGET|all [SECONDS]",
        help: "feed one fuzz target, or all, with random input for so long (60)",
        run: fuzz::task,
    },
    Task {
        name: "docs",
        arguments: "",
        help: "write the pages of docs that are made from the library: formats.md",
        run: docs::task,
    },
    Task {
        name: "python",
        arguments: "[PATTERN]...",
        help: "run python-can's own test suite on the Python package, or its tests of such names",
        run: python_package::task,
    },
    Task {
        name: "clients",
        arguments: "",
        help: "run the tests of libraries that stand on python-can, on it and on the Python package",
        run: python_package::clients_task,
    },
    Task {
        name: "stand-in",
        arguments: "FOLDER",
        help: "build the wheel that puts the Python package in the place of python-can; for \
               environments whose packages require that one, never to be published",
        run: python_package::stand_in_task,
    },
    Task {
        name: "kernel",
        arguments: "[--kernel uml|own|qemu] [--folder DIR] [--limit SECONDS] -- COMMAND [ARGUMENT]...",
        help: "boot a kernel with CAN, run the command inside as its administrator, bring back its \
               output and exit status; the machine's files are there to read, those of DIR to write",
        run: kernel::task,
    },
    Task {
        name: "bench",
        arguments: "[convert|logs [FRAMES [RUNS [PATTERN]]]] | [periodic|replay [SECONDS [ROUNDS]]]",
        help: "beside python-can and others in the same run: CPU time of whole conversions and of \
               reading and writing each format; precision and CPU time of periodic sending; \
               precision of replay",
        run: bench::task,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        None => ("help", &[][..]),
        Some((name, rest)) => (name.as_str(), rest),
    };
    if matches!(name, "help" | "-h" | "--help") {
        say(help());
        return ExitCode::SUCCESS;
    }
    // A kernel that was booted starts this program as its first process.
    if name == kernel::FIRST_PROCESS {
        return kernel::first_process(rest);
    }
    let outcome = match TASKS.iter().find(|task| task.name == name) {
        Some(task) => (task.run)(&Workspace::new(), rest),
        None => Err(format!("there is no task {name}\n\n{}", help())),
    };
    outcome.unwrap_or_else(|wrong| {
        say(wrong);
        ExitCode::from(2)
    })
}

fn help() -> String {
    let lines = TASKS.iter().map(|task| {
        format!(
            "\n  cargo xtask {} {}\n      {}",
            task.name, task.arguments, task.help
        )
    });
    format!("The project's tasks:\n{}", lines.collect::<String>())
}
