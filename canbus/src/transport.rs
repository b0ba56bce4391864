//! Ways to bytes that several backends share: sockets and what wakes whoever waits for them; and
//! sleeping and running on time. What differs between operating systems, and what is unsafe, stays
//! in here.

pub(crate) mod alarm;
pub(crate) mod interface;
pub(crate) mod priority;
pub(crate) mod udp;
pub(crate) mod wake;
