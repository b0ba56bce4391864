//! Any bytes on a line of the backend `serial` are packets or are passed over: the same whole and in
//! pieces, and a frame is the same after it was written and read again. The first byte says how long
//! the pieces are, the second whether arbitration IDs have flags.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let &[piece, flags, ref bytes @ ..] = input {
        canbus::backends::fuzz_serial(bytes, piece.into(), flags & 1 == 1);
    }
});
