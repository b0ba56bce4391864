//! The command `canbus`.
fn main() {}
