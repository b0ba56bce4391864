//! Ways to bytes that several backends share: sockets and what wakes whoever waits for them; and
//! sleeping and running on time. What differs between operating systems, and what is unsafe, stays
//! in here.

pub(crate) mod alarm;
#[cfg(target_os = "linux")]
pub(crate) mod can_socket;
#[cfg(target_os = "linux")]
pub(crate) mod datagrams;
pub(crate) mod interface;
pub(crate) mod priority;
pub(crate) mod sending;
pub(crate) mod serial;
pub(crate) mod udp;
pub(crate) mod wake;
