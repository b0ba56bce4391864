//! `Message`: the mutable record that Python programs hold.
//!
//! It is permissive, as in python-can: each attribute takes any value, and what is not a frame
//! shows when the message is sent, written, or checked. It stores Python objects, so that reading an
//! attribute costs what a slot of a Python class costs, and `data` is the very bytearray that was
//! given.

mod check;
#[expect(
    unsafe_code,
    reason = "a class made by hand: its methods are called by the interpreter"
)]
mod ffi;
mod make;
mod text;

pub(crate) use ffi::{Field, class, copy_bytes, create, get, is_message};
pub(crate) use ffi::{bytes_of, flag, float, is_none, whole};
