//! Bytes that claim to be an event: parsing answers, whatever they are, and a lane is always found.
#![no_main]

use embargod::github::webhook::{events, lane_if_json, lane_of};
use libfuzzer_sys::fuzz_target;

/// Events with a parser of their own; the first byte chooses.
const EVENTS: [&str; 12] = [
    "issues",
    "issue_comment",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "discussion",
    "discussion_comment",
    "commit_comment",
    "repository_advisory",
    "repository",
    "installation",
    "an_event_of_the_future",
];

fuzz_target!(|data: &[u8]| {
    let Some((choice, body)) = data.split_first() else {
        return;
    };
    let event = EVENTS[usize::from(*choice) % EVENTS.len()];
    let _ = events::parse(event, body);
    assert!(!lane_of(body).is_empty());
    assert!(lane_if_json(body).is_none_or(|lane| lane == lane_of(body)));
});
