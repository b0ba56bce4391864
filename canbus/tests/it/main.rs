//! The integration tests: one binary, so that the library is linked once.

mod conformance;
#[cfg(target_os = "linux")]
mod error_causes;
mod examples;
mod flow;
mod house;
mod peers;
mod recovery;
mod round_trip;
mod slcan;
