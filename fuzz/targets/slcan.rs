//! Any bytes of a line end as frames or as garbage, the same in any split; and the lines that are
//! written of the frames are read as the same frames. The first byte says how to split.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&split, bytes)) = bytes.split_first() else {
        return;
    };
    let (frames, again, _garbage) = canbus::backends::fuzz_slcan(bytes, split.into());
    assert_eq!(again, frames);
});
