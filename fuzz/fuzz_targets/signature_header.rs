//! A header that claims to be a signature: nothing verifies that does not hold the right digits.
#![no_main]

use embargod::github::webhook::WebhookSecrets;
use libfuzzer_sys::fuzz_target;
use secrecy::SecretString;

/// The right answer for this body under this secret (GitHub's documentation).
const SECRET: &str = "It's a Secret to Everybody";
const BODY: &[u8] = b"Hello, World!";
const DIGITS: &str = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

fuzz_target!(|header: &[u8]| {
    let secrets = WebhookSecrets::new([&SecretString::from(SECRET)]);
    if secrets.verify(Some(header), BODY).is_ok() {
        let text = String::from_utf8_lossy(header).to_ascii_lowercase();
        assert!(text.contains(DIGITS), "verified without the right digits");
    }
});
