//! How a command ends: 0 done, 1 failed, 2 wrong usage.

use crate::console::{Console, is_broken_pipe};
use canbus::{Error, ErrorKind};
use std::process::ExitCode;

const FAILED: u8 = 1;
const USAGE: u8 = 2;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line asks for something that does not exist.
    Usage(Error),
    /// Something went wrong.
    Failed(Error),
    /// Something went wrong, and it was said already.
    Told,
}

impl Failure {
    /// The failure of something that follows from the command line alone: opening a bus, creating
    /// a file. An option or value that is not allowed is wrong usage.
    pub(crate) fn of_setup(error: Error) -> Failure {
        match error.kind() {
            ErrorKind::InvalidInput => Failure::Usage(error),
            _ => Failure::Failed(error),
        }
    }

    /// The failure of opening or creating a log: besides that, a format may be asked for a
    /// direction that it does not have.
    pub(crate) fn of_log(error: Error) -> Failure {
        match error.kind() {
            ErrorKind::Unsupported => Failure::Usage(error),
            _ => Failure::of_setup(error),
        }
    }

    /// Says it, unless that was done already, and gives the exit code.
    pub(crate) fn report(self, console: Console) -> ExitCode {
        match self {
            Failure::Usage(error) => {
                console.say_error(&error);
                ExitCode::from(USAGE)
            }
            // Whoever read the standard output has seen enough.
            Failure::Failed(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
            Failure::Failed(error) => {
                console.say_error(&error);
                ExitCode::from(FAILED)
            }
            Failure::Told => ExitCode::from(FAILED),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Failed(error)
    }
}

/// Prints what the parser of the command line has to say: help, the version, or what is wrong.
pub(crate) fn of_parsing(error: &clap::Error) -> ExitCode {
    // Nobody there to read it: nothing to be done about it.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(USAGE)
    } else {
        ExitCode::SUCCESS
    }
}
