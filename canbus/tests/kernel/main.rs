//! The tests of `socketcan`, to be run inside a kernel that has CAN, by its administrator:
//! `cargo xtask test kernel`.

#![cfg(target_os = "linux")]

#[path = "../it/peers/candlelight.rs"]
mod candlelight;
mod conformance;
mod controller;
mod delivery;
mod ends;
mod links;
mod peers;
mod periodic;
mod vhci;
mod wire;
