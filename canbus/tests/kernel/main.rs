//! The tests of SocketCAN, to be run inside a kernel that has CAN by its administrator:
//! `cargo xtask test kernel`.

#![cfg(target_os = "linux")]

mod conformance;
mod wire;
