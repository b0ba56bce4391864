//! Other systems have no such interfaces.

use super::{Link, Setup};
use crate::error::{Error, ErrorKind, Result};

fn unsupported<T>() -> Result<T> {
    Err(Error::new(
        ErrorKind::Unsupported,
        "CAN interfaces are set up by the kernel of Linux only",
    ))
}

pub(super) fn list() -> Result<Vec<Link>> {
    unsupported()
}

pub(super) fn configure(_name: &str, _setup: &Setup) -> Result<()> {
    unsupported()
}

pub(super) fn set_up(_name: &str, _up: bool) -> Result<()> {
    unsupported()
}

pub(super) fn restart(_name: &str) -> Result<()> {
    unsupported()
}

pub(super) fn add(_name: &str, _peer: Option<&str>) -> Result<()> {
    unsupported()
}

pub(super) fn delete(_name: &str) -> Result<()> {
    unsupported()
}
