//! `app-manifest.yml` asks for what the bot needs and no more, in words that GitHub knows.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{available, examples};

const TEXT: &str = include_str!("../../../app-manifest.yml");

/// The fields of GitHub's manifest that we use; others are refused, GitHub would drop them silently.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    name: String,
    description: String,
    url: String,
    public: bool,
    hook_attributes: HookAttributes,
    default_permissions: BTreeMap<String, String>,
    default_events: BTreeSet<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HookAttributes {
    url: String,
    active: bool,
}

/// Which permission lets an App subscribe to an event (GitHub, "Webhook events and payloads").
const EVENT_NEEDS: &[(&str, &str)] = &[
    ("issues", "issues"),
    ("issue_comment", "issues"),
    ("pull_request", "pull_requests"),
    ("pull_request_review", "pull_requests"),
    ("pull_request_review_comment", "pull_requests"),
    ("discussion", "discussions"),
    ("discussion_comment", "discussions"),
    ("commit_comment", "contents"),
    ("push", "contents"),
    ("create", "contents"),
    ("release", "contents"),
    ("repository_advisory", "repository_advisories"),
    ("repository", "metadata"),
    ("public", "metadata"),
];

fn manifest() -> Manifest {
    serde_saphyr::from_str(TEXT).expect("app-manifest.yml is a manifest")
}

#[test]
fn it_asks_for_the_least_rights() {
    let asked: Vec<(String, String)> = manifest().default_permissions.into_iter().collect();
    let needed = [
        ("checks", "write"),
        ("contents", "read"),
        ("discussions", "write"),
        ("issues", "write"),
        ("members", "read"),
        ("metadata", "read"),
        ("pull_requests", "write"),
        ("repository_advisories", "write"),
    ]
    .map(|(name, access)| (name.to_owned(), access.to_owned()));
    assert_eq!(asked, needed);
}

#[test]
fn every_permission_says_in_a_comment_what_it_is_for() {
    let lines: Vec<&str> = TEXT.lines().map(str::trim).collect();
    for (name, access) in manifest().default_permissions {
        let line = format!("{name}: {access}");
        let at = lines.iter().position(|known| **known == line).expect("it stands there");
        assert!(lines[at - 1].starts_with('#'), "no reason above `{line}`");
    }
}

#[test]
fn every_event_is_one_that_its_permissions_allow() {
    let manifest = manifest();
    let known: BTreeMap<&str, &str> = EVENT_NEEDS.iter().copied().collect();
    let events: BTreeSet<&str> = manifest.default_events.iter().map(String::as_str).collect();
    assert_eq!(events, known.keys().copied().collect());
    for (event, permission) in known {
        assert!(manifest.default_permissions.contains_key(permission), "{event} needs {permission}");
    }
}

#[test]
fn every_event_is_one_that_github_sends() {
    if !available() {
        return;
    }
    let sent: BTreeSet<String> = examples::all().into_iter().map(|(event, ..)| event).collect();
    // GitHub's collection of examples has none of it; its description of webhooks does
    let without_example = "repository_advisory";
    for event in manifest().default_events {
        assert!(event == without_example || sent.contains(&event), "GitHub has no event {event}");
    }
}

#[test]
fn setup_finds_the_places_that_it_fills_in() {
    let manifest = manifest();
    assert_eq!(manifest.name, "embargod");
    assert!(!manifest.description.is_empty());
    assert!(!manifest.public, "others' organisations are not invited by default");
    assert!(manifest.hook_attributes.active);
    assert_eq!(manifest.hook_attributes.url, format!("{}/webhook", manifest.url));
}
