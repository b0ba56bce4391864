//! Reading any bytes as a BLF file ends, with no more messages than there is room for.
#![no_main]

use canbus::formats::{self, Input};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

/// An object with a frame has at least a header of 32 bytes and a channel.
const LEAST: usize = 36;
/// What deflate expands at best.
const RATIO: usize = 1032;

fuzz_target!(|bytes: &[u8]| {
    let none: [(&str, &str); 0] = [];
    let input = Input::new("fuzz.blf", Cursor::new(bytes.to_vec()));
    let Ok(log) = formats::read(".blf", input, none) else {
        return;
    };
    let report = log.report();
    let (mut messages, mut errors) = (0, 0);
    for message in log {
        match message {
            Ok(message) => {
                messages += 1;
                let _ = message.to_string();
            }
            Err(error) => {
                errors += 1;
                assert!(error.to_string().starts_with("fuzz.blf: "), "{error}");
            }
        }
    }
    let most = bytes.len() * RATIO / LEAST;
    assert!(
        messages <= most && errors <= bytes.len() * RATIO / 4,
        "{messages}, {errors}"
    );
    assert_eq!(
        report.bytes(),
        bytes.len() as u64,
        "everything was looked at"
    );
});
