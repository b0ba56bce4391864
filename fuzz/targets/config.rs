//! Reading any text as a configuration file, or as the JSON of `CAN_CONFIG`, ends without a panic,
//! and an error of a file names it.
#![no_main]

use canbus::config::{environment, ini};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match ini::parse(text) {
        Ok(file) => {
            for section in ["default", "HS", "a"] {
                if let Err(error) = file.section(section) {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
        Err(error) => assert!(error.to_string().contains("line"), "{error}"),
    }
    let _ = environment::parse(text);
});
