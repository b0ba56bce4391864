//! A filter that can be read is written in a form that reads as the same filter.
#![no_main]

use canbus::Filter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(filter) = text.parse::<Filter>() {
        let written = filter.to_string();
        let again: Filter = written.parse().expect("what was written can be read");
        assert_eq!(again, filter, "{text:?} was written as {written:?}");
    }
});
