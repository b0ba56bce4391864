//! The integration tests: one binary, so that the library is linked once.

mod conformance;
mod examples;
mod flow;
mod house;
mod recovery;
mod round_trip;
