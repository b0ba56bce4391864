//! Any bytes are a datagram of UDP multicast or are refused; a frame that was read is the same after
//! it was written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|datagram: &[u8]| {
    if let Some((frame, again)) = canbus::backends::fuzz_datagram(datagram) {
        assert_eq!(frame, again);
    }
});
