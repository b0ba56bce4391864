//! The terminal at the standard input, whose keys are read one by one.

#[cfg_attr(unix, path = "terminal/unix.rs")]
#[cfg_attr(not(unix), path = "terminal/windows.rs")]
mod system;

pub(crate) use system::Watched;
#[cfg(unix)]
pub(crate) use system::restore;
