//! Text that claims to be a settings file: it is understood, or refused with problems that can be shown.
#![no_main]

use std::path::Path;

use embargod::settings::Settings;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // a file that it names is read, and some devices never end
    if text.contains("/dev") || text.contains("/proc") {
        return;
    }
    if let Err(problems) = Settings::from_text(Path::new("embargod.toml"), text) {
        assert!(!problems.to_string().is_empty());
    }
});
