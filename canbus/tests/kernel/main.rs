//! The tests of `socketcan`, to be run inside a kernel that has CAN, by its administrator:
//! `cargo xtask test kernel`.

#![cfg(target_os = "linux")]

#[path = "../it/peers/candlelight.rs"]
mod candlelight;
mod changes;
mod conformance;
mod controller;
mod delivery;
mod ends;
mod isotp;
mod link_command;
mod links;
mod pci;
mod peers;
mod periodic;
mod unload;
mod vhci;
mod wire;
