//! Any bytes of a USB-CAN Analyzer are packets or are passed over: the same whole and in pieces, whose
//! length the first byte says, and a frame is the same after it was written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let &[piece, ref bytes @ ..] = input {
        canbus::backends::fuzz_seeedstudio(bytes, piece.into());
    }
});
