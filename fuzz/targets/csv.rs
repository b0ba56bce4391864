//! Reading any bytes as a `.csv` file ends, and what was read is the same after it was written
//! and read again, in either form that keeps everything.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let messages = text::read("csv", bytes, &[]);
    for columns in ["extended", "packed"] {
        let options = (&[("columns", columns)][..], &[][..]);
        // Names of channels that would break the line.
        let refused = Some("a name without");
        let (expected, again) = text::again("csv", &messages, options, refused);
        assert_eq!(again, expected, "{columns}");
    }
});
