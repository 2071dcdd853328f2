//! Bytes that claim to be a form with a payload.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = embargod::receiver::form::payload(data);
});
