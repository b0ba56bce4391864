//! Reading any bytes as a `.db` file ends, with no more rows than bytes.
#![no_main]

use canbus::formats::{self, Input};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

const NO_OPTIONS: [(&str, &str); 0] = [];

fuzz_target!(|bytes: &[u8]| {
    // A stream is copied to a file, as SQLite reads no other.
    let input = Input::new("fuzz.db", Cursor::new(bytes.to_vec()));
    let log = match formats::read("sqlite", input, NO_OPTIONS) {
        Ok(log) => log,
        Err(error) => {
            let told = error.to_string();
            assert!(told.starts_with("fuzz.db: "), "{told}");
            return;
        }
    };
    let mut rows = 0;
    for message in log {
        rows += 1;
        if let Err(error) = message {
            let told = error.to_string();
            assert!(told.starts_with("fuzz.db, table \"messages\", "), "{told}");
        }
        // A damaged tree may lead to a page twice.
        if rows > 4 * bytes.len() {
            return;
        }
    }
});
