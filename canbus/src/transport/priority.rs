//! The priority of a thread: real time where the system permits it, and wake-ups that are not put
//! off to save power.

#[cfg_attr(windows, path = "priority/windows.rs")]
#[cfg_attr(unix, path = "priority/unix.rs")]
mod system;

pub(crate) use system::{set_realtime, wake_exactly};
