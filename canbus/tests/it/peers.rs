//! The far ends of adapters, emulated: what a device answers and does, without a way to it.

pub(crate) mod candlelight;
pub(crate) mod lawicel;
pub(crate) mod serial_adapters;
