//! Text that claims to be a policy: it is understood, or refused with a report that can be shown.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = embargod::domain::policy::parse_one(".github/embargod.yml", text);
});
