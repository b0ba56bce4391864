//! The integration tests: one binary, so that the library is linked once.

mod conformance;
mod flow;
mod house;
mod round_trip;
