//! A comment at a desk: its commands are understood, or what is wrong is said, and only lines that begin with a slash count.
#![no_main]

use embargod::domain::{
    commands::{MOST_COMMANDS, Parsed, Reading, parse},
    policy::Policy,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let policy = Policy::observing();
    let now = "2025-09-08T09:00:00Z".parse().expect("an instant");
    let parsed = parse(text, &Reading { now, policy: &policy });
    assert!(parsed.len() <= MOST_COMMANDS + 1);
    for line in &parsed {
        if let Parsed::Problem { problem, .. } = line {
            assert!(problem.to_string().len() < 4_000);
        }
        let written = text.lines().nth(line.line() - 1).unwrap_or_default();
        assert!(text.len() > 64 * 1024 || written.trim_start().starts_with('/'));
    }
});
