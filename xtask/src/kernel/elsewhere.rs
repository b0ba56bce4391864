//! Systems other than Linux boot no kernel.

use std::process::ExitCode;

pub(crate) fn first_process(_arguments: &[String]) -> ExitCode {
    ExitCode::FAILURE
}
