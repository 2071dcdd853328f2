//! GitHub's own example payloads, which the receiver must take one and all.

use serde_json::Value;

use super::{available, data_dir};

/// The examples' file within the data folder.
const FILE: &str = "webhook-examples.json";

/// Fewer than this, and the file is not what it was when it was pinned (329 examples of 58 events).
const AT_LEAST: usize = 300;

/// Every example as (event, number within the event, payload); none where the data is not installed.
///
/// # Panics
/// Where the file is not of the form that the package documents.
pub fn all() -> Vec<(String, usize, Value)> {
    let Some(dir) = data_dir() else {
        return Vec::new();
    };
    let path = dir.join(FILE);
    let bytes =
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: run `cargo xtask test`", path.display()));
    let events: Vec<Value> = serde_json::from_slice(&bytes).expect("the package holds a list of events");
    let mut examples = Vec::new();
    for event in events {
        let name = event["name"].as_str().expect("an event has a name");
        let payloads = event["examples"].as_array().expect("an event has examples");
        examples.extend(payloads.iter().enumerate().map(|(index, payload)| (name.to_owned(), index, payload.clone())));
    }
    examples
}

#[test]
fn there_are_as_many_examples_as_were_pinned() {
    if !available() {
        return;
    }
    let examples = all();
    assert!(examples.len() >= AT_LEAST, "only {} examples", examples.len());
    for event in ["issues", "issue_comment", "pull_request", "discussion_comment"] {
        assert!(examples.iter().any(|(name, ..)| name == event), "no example of {event}");
    }
}
