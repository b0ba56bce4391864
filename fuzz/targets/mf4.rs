//! Reading any bytes as an MF4 file ends, with no more messages than there is room for.
#![no_main]

use canbus::formats::{self, Input};
use libfuzzer_sys::fuzz_target;
use std::io::Cursor;

/// What deflate expands at best.
const RATIO: usize = 1032;

fuzz_target!(|bytes: &[u8]| {
    let input = Input::new("fuzz.mf4", Cursor::new(bytes.to_vec()));
    let Ok(log) = formats::read(".mf4", input, [("tz", "utc")]) else {
        return;
    };
    let report = log.report();
    let (mut messages, mut errors) = (0, 0);
    for message in log {
        match message {
            Ok(message) => {
                messages += 1;
                // Small files can hold millions of records.
                if messages < 1000 {
                    let _ = message.to_string();
                }
            }
            Err(error) => {
                errors += 1;
                assert!(error.to_string().starts_with("fuzz.mf4: "), "{error}");
            }
        }
    }
    // A record is at least a byte, and no byte of data is read for two groups.
    let most = bytes.len() * RATIO;
    assert!(messages <= most && errors <= most, "{messages}, {errors}");
    assert_eq!(
        report.bytes(),
        bytes.len() as u64,
        "everything was looked at"
    );
});
