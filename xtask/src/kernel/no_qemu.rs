//! Systems other than those of the Unix family boot no kernel in QEMU.

use super::Kernel;
use crate::report::Problem;
use crate::workspace::Workspace;
use std::path::Path;
use std::process::Command;

/// There is none.
pub(super) enum Machine {}

pub(super) fn ready(_workspace: &Workspace) -> Result<Kernel, Problem> {
    Err(Problem::Absent("kernels are booted on Linux only".into()))
}

pub(super) fn command(
    machine: &Machine,
    _image: &Path,
    _folder: &Path,
    _limit: u64,
) -> Result<Command, Problem> {
    match *machine {}
}
