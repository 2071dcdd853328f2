//! What each operation sends, and what it makes of the answer.

use serde_json::{Value, json};

use super::fake::{Fake, Reply, Seen, noon, repo};
use crate::{
    clock::ManualClock,
    domain::{embargoed::Clearance, post::Permission},
    github::{
        AdvisoryCredit, AdvisoryDraft, AdvisoryEdit, CreditType, DiscussionClose, GitHubError, HideReason, IssueEdit,
        IssueState, LockReason, Reaction, StateReason,
    },
};

async fn answering(body: impl Fn(&Seen) -> Value + Send + Sync + 'static) -> Fake {
    Fake::start(move |seen| (!seen.is_mint()).then(|| Reply::new(200, body(seen)))).await
}

fn sent(fake: &Fake) -> (String, String, Value) {
    let seen = fake.work().pop().expect("a request");
    (seen.method, seen.path, seen.body)
}

fn call(method: &str, path: &str, body: Value) -> (String, String, Value) {
    (method.to_owned(), path.to_owned(), body)
}

#[tokio::test]
async fn a_file_is_read_from_the_default_branch() {
    let fake = answering(
        |_| json!({ "type": "file", "encoding": "base64", "size": 14, "content": "ZXh0ZW5k\nczogbWlu\naQ\n" }),
    )
    .await;
    let file = fake.installation().file(&repo(), ".github/embargod.yml").await;
    assert_eq!(file, Ok(Some("extends: mini".to_owned())));
    assert_eq!(sent(&fake), call("GET", "/repos/acme/web/contents/.github/embargod.yml", Value::Null));
}

#[tokio::test]
async fn files_that_are_none_are_told_apart() {
    let answers = [
        (json!([{ "type": "file" }]), "not a file in base64"),
        (json!({ "type": "symlink", "target": "x" }), "not a file in base64"),
        (json!({ "type": "file", "encoding": "base64", "content": "//79" }), "not UTF-8"),
    ];
    for (answer, what) in answers {
        let fake = answering(move |_| answer.clone()).await;
        let file = fake.installation().file(&repo(), "x").await;
        assert_eq!(file, Err(GitHubError::NotAFile { what }));
    }
    let large = answering(|_| json!({ "type": "file", "encoding": "none", "size": 131_073 })).await;
    assert_eq!(large.installation().file(&repo(), "x").await, Err(GitHubError::TooLarge { limit_bytes: 131_072 }));
    let none = Fake::start(|seen| (!seen.is_mint()).then(|| Reply::new(404, json!({})))).await;
    assert_eq!(none.installation().file(&repo(), "x").await, Ok(None));
}

#[tokio::test]
async fn permissions_are_read_as_finely_as_github_tells_them() {
    let cases = [
        (json!({ "permission": "write", "role_name": "maintain" }), Permission::Maintain),
        (json!({ "permission": "read", "role_name": "triage" }), Permission::Triage),
        (json!({ "permission": "write", "role_name": "our own role" }), Permission::Write),
        (json!({ "permission": "admin" }), Permission::Admin),
        (json!({ "permission": "a new word" }), Permission::None),
        (json!({}), Permission::None),
    ];
    for (answer, expected) in cases {
        let fake = answering(move |_| answer.clone()).await;
        let found = fake.installation().permission_of(&repo(), "mia").await;
        assert_eq!(found, Ok(expected));
    }
    let unknown = Fake::start(|seen| (!seen.is_mint()).then(|| Reply::new(404, json!({})))).await;
    assert_eq!(unknown.installation().permission_of(&repo(), "mia").await, Ok(Permission::None));
}

#[tokio::test]
async fn private_reporting_is_on_off_or_unknown() {
    for (status, body, expected) in [
        (200, json!({ "enabled": true }), Some(true)),
        (200, json!({ "enabled": false }), Some(false)),
        (404, json!({}), None),
        (422, json!({}), None),
    ] {
        let fake = Fake::start(move |seen| (!seen.is_mint()).then(|| Reply::new(status, body.clone()))).await;
        let found = fake.installation().private_reporting(&repo()).await;
        assert_eq!(found, Ok(expected));
    }
}

#[tokio::test]
async fn an_issue_is_neutralised_in_one_call_and_locked_in_another() {
    let fake = answering(|_| json!({})).await;
    let installation = fake.installation();
    let edit = IssueEdit {
        title: Some("T".to_owned()),
        body: Some("B".to_owned()),
        state: Some(IssueState::Closed),
        state_reason: Some(StateReason::NotPlanned),
    };
    installation.edit_issue(&repo(), 3, &edit).await.expect("done");
    assert_eq!(
        sent(&fake),
        call(
            "PATCH",
            "/repos/acme/web/issues/3",
            json!({ "title": "T", "body": "B", "state": "closed", "state_reason": "not_planned" })
        )
    );
    installation.lock(&repo(), 3, Some(LockReason::TooHeated)).await.expect("done");
    assert_eq!(sent(&fake), call("PUT", "/repos/acme/web/issues/3/lock", json!({ "lock_reason": "too heated" })));
    installation.lock(&repo(), 3, None).await.expect("done");
    let length = fake.work().pop().expect("a request").headers["content-length"].clone();
    assert_eq!(length, "0", "GitHub asks for it where there is no body");
    installation.unlock(&repo(), 3).await.expect("done");
    assert_eq!(sent(&fake), call("DELETE", "/repos/acme/web/issues/3/lock", Value::Null));
}

#[tokio::test]
async fn every_surface_has_its_own_way_to_be_edited() {
    let fake = answering(|_| json!({})).await;
    let github = fake.installation();
    let body = json!({ "body": "B" });

    github.edit_pull(&repo(), 1, Some("T"), None).await.expect("done");
    assert_eq!(sent(&fake), call("PATCH", "/repos/acme/web/pulls/1", json!({ "title": "T" })));
    github.edit_issue_comment(&repo(), 2, "B").await.expect("done");
    assert_eq!(sent(&fake), call("PATCH", "/repos/acme/web/issues/comments/2", body.clone()));
    github.edit_review(&repo(), 1, 3, "B").await.expect("done");
    assert_eq!(sent(&fake), call("PUT", "/repos/acme/web/pulls/1/reviews/3", body.clone()));
    github.edit_review_comment(&repo(), 4, "B").await.expect("done");
    assert_eq!(sent(&fake), call("PATCH", "/repos/acme/web/pulls/comments/4", body.clone()));
    github.edit_commit_comment(&repo(), 5, "B").await.expect("done");
    assert_eq!(sent(&fake), call("PATCH", "/repos/acme/web/comments/5", body));
}

#[tokio::test]
async fn reactions_go_where_the_post_is() {
    let fake = answering(|_| json!({})).await;
    let github = fake.installation();
    let eyes = json!({ "content": "eyes" });

    github.react_to_issue(&repo(), 1, Reaction::Eyes).await.expect("done");
    assert_eq!(sent(&fake), call("POST", "/repos/acme/web/issues/1/reactions", eyes.clone()));
    github.react_to_issue_comment(&repo(), 2, Reaction::Eyes).await.expect("done");
    assert_eq!(sent(&fake), call("POST", "/repos/acme/web/issues/comments/2/reactions", eyes.clone()));
    github.react_to_review_comment(&repo(), 3, Reaction::Eyes).await.expect("done");
    assert_eq!(sent(&fake), call("POST", "/repos/acme/web/pulls/comments/3/reactions", eyes));
    github.react_to_commit_comment(&repo(), 4, Reaction::PlusOne).await.expect("done");
    assert_eq!(sent(&fake), call("POST", "/repos/acme/web/comments/4/reactions", json!({ "content": "+1" })));
}

#[tokio::test]
async fn a_draft_advisory_holds_what_github_demands() {
    let fake = answering(|_| {
        json!({
            "ghsa_id": "GHSA-2222-3333-4444", "state": "draft", "summary": "S", "description": "D",
            "html_url": "https://x/GHSA", "collaborating_users": [{ "login": "ann" }], "a_new_field": 1
        })
    })
    .await;
    let draft = AdvisoryDraft {
        summary: "S".to_owned(),
        description: "D".to_owned(),
        credits: vec![AdvisoryCredit { login: "ann".to_owned(), kind: CreditType::Reporter }],
    };
    let made = fake.installation().create_advisory(&repo(), &draft).await;
    let made = made.expect("an advisory");
    assert_eq!(made.ghsa_id, "GHSA-2222-3333-4444");
    assert_eq!(made.collaborating_users, ["ann"]);
    assert_eq!(made.description.open(&Clearance::grant()), "D");
    assert_eq!(
        sent(&fake),
        call(
            "POST",
            "/repos/acme/web/security-advisories",
            json!({
                "summary": "S", "description": "D",
                "vulnerabilities": [{ "package": { "ecosystem": "other", "name": "web" } }],
                "credits": [{ "login": "ann", "type": "reporter" }]
            })
        )
    );
    let edit = AdvisoryEdit { collaborating_users: Some(vec!["ann".to_owned()]), ..AdvisoryEdit::default() };
    let updated = fake.installation().update_advisory(&repo(), "GHSA-2222-3333-4444", &edit).await;
    assert!(updated.is_ok());
    assert_eq!(
        sent(&fake),
        call(
            "PATCH",
            "/repos/acme/web/security-advisories/GHSA-2222-3333-4444",
            json!({ "collaborating_users": ["ann"] })
        )
    );
}

#[tokio::test]
async fn advisory_comments_say_whether_they_were_edited() {
    let fake = answering(|_| {
        json!([
            { "id": 1, "body": "/accept", "user": { "login": "mia", "id": 5, "type": "User" },
              "created_at": "2026-11-21T10:00:00Z", "updated_at": "2026-11-21T10:00:00Z" },
            { "id": 2, "body": "/accept", "user": null,
              "created_at": "2026-11-21T10:00:00Z", "updated_at": "2026-11-21T10:00:09Z" },
        ])
    })
    .await;
    let found = fake.installation().advisory_comments(&repo(), "GHSA-2222-3333-4444", Some(noon())).await;
    let found = found.expect("a list").items;
    assert!(found[0].is_unedited() && !found[1].is_unedited());
    assert_eq!(found[1].author.login, "ghost");
    assert_eq!(
        sent(&fake).1,
        "/repos/acme/web/security-advisories/GHSA-2222-3333-4444/comments\
         ?since=2026-11-21T12%3A00%3A00Z&per_page=100&page=1"
    );
}

#[tokio::test]
async fn discussions_are_changed_by_graphql() {
    let fake = answering(|_| json!({ "data": { "anything": null } })).await;
    let github = fake.installation();
    let mut operations = Vec::new();
    let mut note = |fake: &Fake| {
        let (_, path, body) = sent(fake);
        assert_eq!(path, "/graphql");
        let query = body["query"].as_str().expect("a query").to_owned();
        let name = query.split(['(', ' ']).nth(1).expect("a name").to_owned();
        operations.push((name, body["variables"].clone()));
    };
    github.edit_discussion("D_1", None, Some("B")).await.expect("done");
    note(&fake);
    github.close_discussion("D_1", DiscussionClose::Resolved).await.expect("done");
    note(&fake);
    github.lock_node("D_1", Some(LockReason::OffTopic)).await.expect("done");
    note(&fake);
    github.minimize("DC_1", HideReason::OffTopic).await.expect("done");
    note(&fake);
    github.react_to_node("DC_1", Reaction::PlusOne).await.expect("done");
    note(&fake);
    let expected = [
        ("UpdateDiscussion", json!({ "id": "D_1", "body": "B" })),
        ("CloseDiscussion", json!({ "id": "D_1", "reason": "RESOLVED" })),
        ("LockLockable", json!({ "id": "D_1", "reason": "OFF_TOPIC" })),
        ("MinimizeComment", json!({ "id": "DC_1", "reason": "OFF_TOPIC" })),
        ("AddReaction", json!({ "id": "DC_1", "content": "THUMBS_UP" })),
    ];
    let expected = expected.map(|(name, variables)| (name.to_owned(), variables));
    assert_eq!(operations, expected);
}

#[tokio::test]
async fn edit_history_tells_what_is_still_readable() {
    let fake = answering(|_| {
        json!({ "data": { "node": { "userContentEdits": { "nodes": [
            { "editedAt": "2026-11-21T10:00:02Z", "deletedAt": null, "diff": "neutral" },
            { "editedAt": "2026-11-21T10:00:01Z", "deletedAt": "2026-11-21T11:00:00Z", "diff": null },
            null,
        ] } } } })
    })
    .await;
    let edits = fake.installation().user_content_edits("I_1").await;
    let readable: Vec<_> = edits.expect("a history").iter().map(|edit| edit.is_readable()).collect();
    assert_eq!(readable, [true, false]);
}

#[tokio::test]
async fn graphql_errors_are_errors_although_the_status_is_200() {
    let cases = [
        ("NOT_FOUND", GitHubError::NotFound),
        ("FORBIDDEN", GitHubError::Forbidden { missing_permissions: None }),
        ("RATE_LIMITED", GitHubError::RateLimited { retry_at: None, secondary: true }),
        ("CANARY", GitHubError::Invalid { status: 200, problems: String::new() }),
    ];
    for (kind, expected) in cases {
        let fake = answering(move |_| json!({ "data": null, "errors": [{ "type": kind, "message": "CANARY" }] })).await;
        let answer = fake.installation().reopen_discussion("D_1").await;
        assert_eq!(answer, Err(expected));
    }
}

#[tokio::test]
async fn what_is_left_of_the_hour_is_remembered_per_installation() {
    let fake = Fake::start(|seen| {
        (!seen.is_mint()).then(|| {
            Reply::new(200, json!({}))
                .header("x-ratelimit-limit", 5000)
                .header("x-ratelimit-remaining", 4321)
                .header("x-ratelimit-reset", noon().as_second())
                .header("x-ratelimit-resource", "core")
        })
    })
    .await;
    let github = fake.github(&ManualClock::at(noon()));
    assert_eq!(github.installation(7).budget(), None);
    github.installation(7).unlock(&repo(), 1).await.expect("done");
    let budget = github.installation(7).budget().expect("a budget");
    assert_eq!((budget.remaining, budget.reset_at), (4321, noon()));
    assert_eq!(github.installation(8).budget(), None);
}

#[tokio::test]
async fn missed_deliveries_can_be_found_and_asked_for_again() {
    let fake = answering(|seen| match seen.path.as_str() {
        "/app/hook/deliveries?per_page=100" => json!([
            { "id": 1, "guid": "g1", "delivered_at": "2026-11-21T10:00:00Z", "redelivery": false,
              "status": "timed out", "status_code": 0, "event": "issues", "action": "opened",
              "installation_id": 7, "repository_id": 9, "duration": 10.0, "throttled_at": null },
        ]),
        "/app/hook/deliveries/1" => json!({
            "id": 1, "guid": "g1", "delivered_at": "2026-11-21T10:00:00Z", "status_code": 200, "event": "ping",
            "action": null, "request": { "headers": {}, "payload": { "zen": "x" } },
        }),
        _ => json!({}),
    })
    .await;
    let app = fake.github(&ManualClock::at(noon())).app();
    let page = app.deliveries(None).await.expect("a page");
    assert!(!page.deliveries[0].succeeded());
    assert_eq!(page.next, None);
    let content = app.delivery(1).await.expect("a delivery");
    assert_eq!(content.payload.open(&Clearance::grant())["zen"], "x");
    app.redeliver(1).await.expect("done");
    assert_eq!(sent(&fake), call("POST", "/app/hook/deliveries/1/attempts", Value::Null));
}
