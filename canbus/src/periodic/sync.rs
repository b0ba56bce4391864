//! The locks of this room, in one place: the tests put others under the same code, which try out
//! how threads may meet.

pub(super) use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
pub(super) use std::thread::{ThreadId, current};
