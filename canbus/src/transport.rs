//! Ways to bytes that several backends share: sockets and what wakes whoever waits for them.
//! What differs between operating systems, and what is unsafe, stays in here.

pub(crate) mod interface;
pub(crate) mod udp;
pub(crate) mod wake;
