//! Advisories: what is accepted, what is refused, who sees what.

use serde_json::{Value, json};

use super::{REPO, Scene, names, receiver};
use crate::standin::{AdvisoryState, RepositorySpec};

fn list() -> String {
    format!("/repos/{REPO}/security-advisories")
}

fn draft(summary: &str) -> Value {
    json!({
        "summary": summary,
        "description": "How it breaks",
        "severity": "high",
        "vulnerabilities": [{"package": {"ecosystem": "pip", "name": "framework"}}],
        "credits": [{"login": "mallory", "type": "reporter"}],
    })
}

#[tokio::test]
async fn a_draft_is_made_and_its_reporter_invited() {
    let scene = Scene::start().await;
    let made = scene.write("POST", &list(), draft("Overflow")).await;
    assert_eq!((made.status, &made.body["state"]), (201, &json!("draft")));
    let path = format!("{}/{}", list(), made.body["ghsa_id"].as_str().expect("text"));
    let invited = scene.write("PATCH", &path, json!({"collaborating_users": ["mallory"]})).await;
    assert_eq!(invited.body["collaborating_users"][0]["login"], "mallory");
    let replaced = scene.write("PATCH", &path, json!({"collaborating_users": ["tom"]})).await;
    assert_eq!(replaced.body["collaborating_users"].as_array().map(Vec::len), Some(1));
    assert_eq!(replaced.body["summary"], "Overflow");
    let stranger = scene.write("PATCH", &path, json!({"collaborating_users": ["nobody-here"]})).await;
    assert_eq!(stranger.status, 422);
}

#[tokio::test]
async fn malformed_drafts_are_refused_and_leave_nothing_behind() {
    let scene = Scene::start().await;
    for (why, change) in [
        ("both severities", json!({"cvss_vector_string": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"})),
        ("an unknown key", json!({"colour": "red"})),
        ("no summary", json!({"summary": null})),
        ("an unknown severity", json!({"severity": "moderate"})),
        ("an unknown ecosystem", json!({"vulnerabilities": [{"package": {"ecosystem": "cpan"}}]})),
        ("an unknown person", json!({"credits": [{"login": "nobody-here", "type": "reporter"}]})),
        ("a summary without end", json!({"summary": "x".repeat(1025)})),
    ] {
        let mut body = draft("Overflow");
        for (key, value) in change.as_object().expect("an object") {
            body[key] = value.clone();
        }
        assert_eq!(scene.write("POST", &list(), body).await.status, 422, "{why}");
    }
    assert!(scene.github.advisories(REPO).expect("exists").is_empty());
}

#[tokio::test]
async fn advisories_do_not_exist_in_private_repositories() {
    let scene = Scene::start().await;
    let reply = scene.write("POST", "/repos/acme/security/security-advisories", draft("x")).await;
    assert_eq!(reply.status, 404);
    scene.github.set_capabilities(|c| c.advisories = false);
    assert_eq!(scene.write("POST", &list(), draft("x")).await.status, 404);
}

#[tokio::test]
async fn a_private_report_is_told_and_can_be_accepted() {
    let scene = Scene::start().await;
    let (url, received) = receiver(202).await;
    scene.github.set_hook_url(&url);
    let ghsa = scene.github.report_privately(REPO, "mallory", "Overflow", "details").expect("it is on");
    scene.github.deliveries_idle().await;
    assert_eq!(names(&received), ["repository_advisory.reported"]);
    let told = received.lock().expect("no panic")[0].json();
    assert_eq!(told["repository_advisory"]["submission"]["accepted"], false);
    let path = format!("{}/{ghsa}", list());
    let accepted = scene.write("PATCH", &path, json!({"state": "draft"})).await;
    assert_eq!(accepted.body["submission"]["accepted"], true);
    scene.github.publish_advisory(REPO, &ghsa, "mallory").expect_err("reporters do not publish");
    scene.github.publish_advisory(REPO, &ghsa, "cora").expect("owners do");
    scene.github.deliveries_idle().await;
    assert_eq!(names(&received).last().map(String::as_str), Some("repository_advisory.published"));
    scene.github.set_private_reporting(REPO, false).expect("exists");
    let path = format!("{}/reports", list());
    let off = scene.write("POST", &path, json!({"summary": "s", "description": "d"})).await;
    assert_eq!(off.status, 422);
    let enabled = scene.get(&format!("/repos/{REPO}/private-vulnerability-reporting")).await;
    assert_eq!(enabled.body, json!({"enabled": false}));
}

#[tokio::test]
async fn comments_are_polled_by_their_update_and_send_no_webhook() {
    let scene = Scene::start().await;
    let (url, received) = receiver(202).await;
    let ghsa = scene.github.draft_advisory(REPO, "cora", "Overflow", "d").expect("drafts");
    scene.github.set_hook_url(&url);
    let comments = format!("{}/{ghsa}/comments", list());
    let first = scene.write("POST", &comments, json!({"body": "Welcome"})).await;
    assert_eq!(first.status, 201);
    let hers = scene.github.comment_advisory(REPO, &ghsa, "cora", "/triage").expect("she sees it");
    let refused = scene.github.comment_advisory(REPO, &ghsa, "mallory", "?").expect_err("he does not");
    assert_eq!(refused.status, 404);
    scene.advance(jiff::SignedDuration::from_secs(60));
    let since = format!("{comments}?since={}", scene.now());
    assert_eq!(scene.get(&since).await.body, json!([]));
    scene.github.edit_advisory_comment(REPO, &ghsa, hers, "cora", "/accept").expect("edits");
    let edited = scene.get(&since).await.body;
    assert_eq!((edited.as_array().map(Vec::len), &edited[0]["body"]), (Some(1), &json!("/accept")));
    assert_ne!(edited[0]["created_at"], edited[0]["updated_at"]);
    scene.github.deliveries_idle().await;
    assert!(names(&received).is_empty());
    scene.github.set_capabilities(|c| c.advisory_comments = false);
    assert_eq!(scene.get(&comments).await.status, 404);
}

#[tokio::test]
async fn the_organisations_list_goes_on_by_cursor() {
    let scene = Scene::start().await;
    scene.github.add_repository(&RepositorySpec::public("acme", "other")).expect("new");
    for n in 0..3 {
        scene.github.draft_advisory(REPO, "cora", &format!("a{n}"), "d").expect("drafts");
    }
    let closed = scene.github.draft_advisory("acme/other", "cora", "b", "d").expect("drafts");
    scene.github.set_advisory_state("acme/other", &closed, "cora", AdvisoryState::Closed).expect("closes");
    let path = "/orgs/acme/security-advisories?state=draft&direction=asc&per_page=2";
    let page = scene.get(path).await;
    assert_eq!(page.body[0]["summary"], "a0");
    let link = page.headers["link"].to_str().expect("text").to_owned();
    let next = link.split(['<', '>']).nth(1).expect("an address");
    assert!(next.contains("after=") && next.contains("state=draft"), "{next}");
    let rest = scene.get(next).await;
    assert_eq!(rest.body.as_array().map(Vec::len), Some(1));
    assert_eq!(rest.body[0]["summary"], "a2");
    let read = scene.token_with(json!({"permissions": {"repository_advisories": "read"}})).await;
    assert_eq!(scene.send("GET", path, &read, None).await.status, 403);
}
