//! Whatever the bytes, reading them ends, and ends without a panic.

use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::github::webhook::{lane_of, parse};

const EVENTS: [&str; 14] = [
    "commit_comment",
    "discussion",
    "discussion_comment",
    "installation",
    "installation_repositories",
    "issue_comment",
    "issues",
    "ping",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "repository",
    "repository_advisory",
];

const NAMES: [&str; 24] = [
    "action",
    "repository",
    "installation",
    "sender",
    "issue",
    "comment",
    "pull_request",
    "review",
    "discussion",
    "changes",
    "new_issue",
    "new_repository",
    "id",
    "number",
    "full_name",
    "name",
    "owner",
    "login",
    "user",
    "title",
    "body",
    "created_at",
    "commit_id",
    "repository_advisory",
];

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec!["opened", "edited", "created", "transferred", "acme/web", "ghost"])
            .prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((prop::sample::select(NAMES.to_vec()), inner), 0..8).prop_map(|entries| {
                let entries = entries.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(entries.collect::<Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn objects_of_all_sorts_are_read_or_refused(payload in anything(), event in prop::sample::select(EVENTS.to_vec())) {
        let body = payload.to_string();
        let result = parse(event, body.as_bytes());
        prop_assert!(payload.is_object() || result.is_err());
        prop_assert!(!lane_of(body.as_bytes()).is_empty());
    }

    #[test]
    fn bytes_of_all_sorts_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for event in EVENTS {
            let _ = parse(event, &bytes);
        }
        prop_assert!(!lane_of(&bytes).is_empty());
    }
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = [b"{\"issue\":".repeat(100_000), b"[".repeat(100_000)].concat();
    assert!(parse("issues", &deep).is_err());
    assert_eq!(lane_of(&deep), "app");
}
