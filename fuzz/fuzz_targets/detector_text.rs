//! Posts: every one gets a judgement, the same each time, with probabilities that are some.
#![no_main]

use embargod::domain::detector::{Detector, builtin};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|post: (&str, &str)| {
    let (title, body) = post;
    let detector = builtin();
    let judgement = detector.judge(title, body);
    let private = judgement.probabilities.belongs_in_private();
    assert!((0.0..=1.0).contains(&private));
    assert_eq!(judgement, detector.judge(title, body));
});
