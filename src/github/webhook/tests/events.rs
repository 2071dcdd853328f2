//! Deliveries in our own words.

use serde_json::{Value, json};

use crate::{
    domain::{
        embargoed::Clearance,
        post::{Association, Happening, Post, Surface, ThreadKind},
    },
    github::webhook::{Content, ParseError, events::Delivered, lane_if_json, lane_of, parse},
};

fn envelope(action: &str) -> Value {
    json!({
        "action": action,
        "repository": {
            "id": 12, "name": "web", "full_name": "acme/web", "private": false,
            "html_url": "https://github.com/acme/web", "default_branch": "main",
            "owner": { "login": "acme", "id": 1, "type": "Organization" },
        },
        "installation": { "id": 77, "node_id": "x" },
        "sender": { "login": "mia", "id": 5, "type": "User" },
    })
}

fn post_part(id: u64) -> Value {
    json!({
        "id": id, "node_id": format!("N_{id}"), "html_url": format!("https://github.com/acme/web/{id}"),
        "title": "Title", "body": "Body", "user": { "login": "ann", "id": 9, "type": "User" },
        "author_association": "NONE", "created_at": "2026-11-21T10:00:00Z",
        "number": 3, "state": "open", "locked": false, "comments": 4,
    })
}

fn read(event: &str, payload: &Value) -> Result<Delivered, ParseError> {
    parse(event, payload.to_string().as_bytes())
}

fn post(event: &str, payload: &Value) -> Post {
    match read(event, payload).expect("a payload").content {
        Content::Post(post) => *post,
        _ => panic!("{event} is a post"),
    }
}

fn words(post: &Post) -> (String, String) {
    let text = post.text.open(&Clearance::grant()).clone();
    (text.title, text.body)
}

#[test]
fn a_new_issue_is_a_post_with_all_that_is_public_about_it() {
    let mut payload = envelope("opened");
    payload["issue"] = post_part(1001);
    let post = post("issues", &payload);
    assert_eq!(post.place.post_key(), "repo:12/issue/3");
    assert_eq!(post.place.installation_id, 77);
    assert_eq!(post.place.repository.to_string(), "acme/web");
    assert_eq!(post.place.surface, Surface::Issue);
    assert_eq!((post.place.post_id, post.place.node_id.as_str()), (1001, "N_1001"));
    assert_eq!(post.happening, Happening::Created);
    assert_eq!((post.author.login.as_str(), post.sender.login.as_str()), ("ann", "mia"));
    assert_eq!(post.association, Association::None);
    assert!(post.repository_is_public && post.thread_is_open && !post.thread_is_locked);
    assert_eq!(post.thread_comments, Some(4));
    assert_eq!(post.created_at.to_string(), "2026-11-21T10:00:00Z");
    assert_eq!(words(&post), ("Title".to_owned(), "Body".to_owned()));
}

#[test]
fn the_envelope_is_told_for_every_event() {
    let delivered = read("a_new_event", &envelope("invented")).expect("tolerated");
    assert!(matches!(delivered.content, Content::Other));
    assert_eq!(delivered.action.as_deref(), Some("invented"));
    assert_eq!(delivered.installation_id, Some(77));
    assert_eq!(delivered.sender.expect("a sender").login, "mia");
    let repository = delivered.repository.expect("a repository");
    assert!(repository.owner_is_organisation && !repository.private);
    assert_eq!(repository.default_branch, "main");
}

#[test]
fn every_surface_is_told_apart() {
    let cases = [
        ("issue_comment", "created", "issue", "comment", Surface::IssueComment, "repo:12/issue/3/comment/8"),
        ("pull_request_review", "submitted", "pull_request", "review", Surface::Review, "repo:12/pull/3/review/8"),
        (
            "pull_request_review_comment",
            "created",
            "pull_request",
            "comment",
            Surface::ReviewComment,
            "repo:12/pull/3/review_comment/8",
        ),
        (
            "discussion_comment",
            "created",
            "discussion",
            "comment",
            Surface::DiscussionComment,
            "repo:12/discussion/3/comment/8",
        ),
    ];
    for (event, action, thread, part, surface, key) in cases {
        let mut payload = envelope(action);
        payload[thread] = post_part(1001);
        payload[part] = post_part(8);
        let created = post(event, &payload);
        assert_eq!((created.place.surface, created.place.post_key().as_str()), (surface, key));
        assert_eq!(created.place.thread.node_id.as_deref(), Some("N_1001"));
        assert_eq!(words(&created).0, "", "the thread's title is not the comment's");
        payload["action"] = json!("edited");
        assert_eq!(post(event, &payload).happening, Happening::Edited);
        payload["action"] = json!("deleted");
        assert!(matches!(read(event, &payload).expect("tolerated").content, Content::Other));
    }
    for (event, part, action, surface) in [
        ("pull_request", "pull_request", "opened", Surface::PullRequest),
        ("discussion", "discussion", "created", Surface::Discussion),
    ] {
        let mut payload = envelope(action);
        payload[part] = post_part(1001);
        assert_eq!(post(event, &payload).place.surface, surface);
        payload["action"] = json!("reopened");
        assert_eq!(post(event, &payload).happening, Happening::Reopened);
    }
}

#[test]
fn a_comment_in_a_pull_requests_conversation_is_known_by_its_thread() {
    let mut payload = envelope("created");
    payload["issue"] = post_part(1001);
    payload["issue"]["pull_request"] = json!({ "url": "x" });
    payload["issue"]["state"] = json!("closed");
    payload["issue"]["locked"] = json!(true);
    payload["comment"] = post_part(8);
    let post = post("issue_comment", &payload);
    assert_eq!(post.place.surface, Surface::PullRequestComment);
    assert_eq!(post.place.thread.kind, ThreadKind::PullRequest);
    assert!(!post.thread_is_open && post.thread_is_locked);
}

#[test]
fn a_comment_on_a_commit_stands_under_the_commit() {
    let mut payload = envelope("created");
    payload["comment"] = post_part(8);
    payload["comment"]["commit_id"] = json!("6113728f27ae82c7b1a177c8d03f9e96e0adf246");
    let post = post("commit_comment", &payload);
    assert_eq!(post.place.post_key(), "repo:12/commit/6113728f27ae82c7b1a177c8d03f9e96e0adf246/comment/8");
    payload["comment"]["commit_id"] = json!("../x");
    assert_eq!(read("commit_comment", &payload).err(), Some(ParseError::Missing("commit of the comment")));
}

#[test]
fn a_transferred_thread_is_looked_at_in_its_new_place() {
    for (event, old, new) in [("issues", "issue", "new_issue"), ("discussion", "discussion", "new_discussion")] {
        let mut payload = envelope("transferred");
        payload[old] = post_part(1001);
        let mut moved = post_part(2002);
        moved["number"] = json!(30);
        payload["changes"] = json!({
            new: moved,
            "new_repository": { "id": 13, "full_name": "acme/private", "private": true },
        });
        let post = post(event, &payload);
        assert_eq!(post.happening, Happening::Transferred);
        assert_eq!(post.place.repository_id, 13);
        assert_eq!(post.place.thread.number, 30);
        assert!(!post.repository_is_public);
        payload["changes"] = json!({});
        assert!(matches!(read(event, &payload).expect("tolerated").content, Content::Other));
    }
    let mut arrived = envelope("opened");
    arrived["issue"] = post_part(1001);
    arrived["changes"] = json!({ "old_issue": post_part(1), "old_repository": null });
    assert_eq!(post("issues", &arrived).happening, Happening::Transferred);
}

#[test]
fn odd_and_missing_values_do_not_cost_the_delivery() {
    let mut payload = envelope("opened");
    payload["issue"] = json!({
        "id": 1, "number": 3, "title": null, "body": 5, "user": null, "author_association": "A_NEW_WORD",
        "created_at": "not a time", "locked": "yes", "comments": -1, "labels": [[[{}]]],
    });
    payload["sender"] = json!("nobody");
    payload["repository"]["owner"] = json!([1, 2]);
    let post = post("issues", &payload);
    assert_eq!(words(&post), (String::new(), String::new()));
    assert_eq!((post.author.login.as_str(), post.sender.login.as_str()), ("ghost", "ghost"));
    assert_eq!(post.association, Association::None);
    assert_eq!((post.thread_comments, post.thread_is_locked), (None, false));
}

#[test]
fn bots_are_recognised() {
    for user in [
        json!({ "login": "renovate[bot]", "id": 2, "type": "Bot" }),
        json!({ "login": "renovate[bot]" }),
        json!({ "login": "hubot", "type": "Bot" }),
    ] {
        let mut payload = envelope("opened");
        payload["issue"] = post_part(1);
        payload["issue"]["user"] = user;
        assert!(post("issues", &payload).author.is_bot);
    }
}

#[test]
fn what_is_missing_is_named_without_quoting_anything() {
    let mut payload = envelope("opened");
    payload["canary"] = json!("CANARY");
    let error = read("issues", &payload).err().expect("no issue");
    assert_eq!(error, ParseError::Missing("issue"));
    payload["issue"] = post_part(1);
    payload["repository"]["full_name"] = json!("../CANARY");
    let error = read("issues", &payload).err().expect("no repository");
    assert!(!error.to_string().contains("CANARY"));
    let error = parse("issues", b"{\"issue\": CANARY}").err().expect("no JSON");
    assert_eq!(error.to_string(), "the payload is not the JSON of a webhook (line 1, column 11)");
    assert!(parse("issues", b"[]").is_err() && parse("issues", b"\"x\"").is_err());
}

#[test]
fn installations_repositories_and_advisories_are_told() {
    let mut payload = envelope("added");
    payload["installation"]["account"] = json!({ "login": "acme", "id": 1 });
    payload["repositories_added"] = json!([{ "id": 4 }, { "id": 5 }, null, {}]);
    match read("installation_repositories", &payload).expect("one").content {
        Content::Installation(notice) => {
            assert_eq!((notice.installation_id, notice.account.login.as_str()), (77, "acme"));
            assert_eq!(notice.repositories_added, [4, 5]);
        }
        _ => panic!("an installation"),
    }
    let mut payload = envelope("x");
    payload.as_object_mut().expect("an object").remove("action");
    match read("public", &payload).expect("one").content {
        Content::Repository(notice) => assert_eq!(notice.action, "publicized"),
        _ => panic!("a repository"),
    }
    let mut payload = envelope("reported");
    payload["repository_advisory"] = json!({ "ghsa_id": "GHSA-2222-3333-4444", "state": "triage", "summary": "S" });
    match read("repository_advisory", &payload).expect("one").content {
        Content::Advisory(notice) => {
            assert_eq!(notice.ghsa_id, "GHSA-2222-3333-4444");
            assert_eq!(notice.summary.open(&Clearance::grant()), "S");
        }
        _ => panic!("an advisory"),
    }
}

#[test]
fn lanes_keep_the_deliveries_of_one_thread_in_order() {
    let of = |payload: Value| lane_of(payload.to_string().as_bytes());
    for thread in ["issue", "pull_request", "discussion"] {
        let post = json!({ "repository": { "id": 12 }, thread: { "number": 3 }, "comment": { "number": 5 } });
        assert_eq!(of(post), "repo:12/3", "{thread}");
        assert_eq!(of(json!({ "repository": { "id": 12 }, thread: { "number": "3" } })), "repo:12", "{thread}");
        assert_eq!(of(json!({ thread: { "number": 3 }, "installation": { "id": 7 } })), "installation:7", "{thread}");
    }
    assert_eq!(of(envelope("x")), "repo:12");
    assert_eq!(of(json!({ "repository": null, "installation": { "id": 7 } })), "installation:7");
    assert_eq!(of(json!({ "repository": { "id": "12" } })), "app");
    assert_eq!(of(json!([])), "app");
    assert_eq!(lane_of(b"not JSON"), "app");
    assert_eq!(lane_if_json(b"not JSON"), None);
    assert_eq!(lane_if_json(br#"{"repository":{"id":12}}"#).as_deref(), Some("repo:12"));
    let twice = br#"{"repository":{"id":12},"repository":{"id":13}}"#;
    assert_eq!((lane_of(twice).as_str(), lane_if_json(twice).as_deref()), ("app", Some("app")));
}

#[test]
fn a_text_beyond_all_of_githubs_limits_is_kept_as_far_as_it_may_be_copied() {
    let kept = |body: String| {
        let mut payload = envelope("opened");
        payload["issue"] = post_part(1001);
        payload["issue"]["body"] = body.into();
        words(&post("issues", &payload)).1
    };
    // the longest post, of the longest characters
    let longest = "\u{10ffff}".repeat(65_536);
    assert_eq!(kept(longest.clone()), longest);
    let beyond = format!("a{}", "\u{10ffff}".repeat(1_000_000));
    let cut = kept(beyond.clone());
    assert!(beyond.starts_with(&cut) && (512 * 1024 - 3..=512 * 1024).contains(&cut.len()), "{} bytes", cut.len());
}
