//! Issues: what people and the bot can do, and what stays readable.

use serde_json::{Value, json};

use super::{REPO, Scene, names, receiver};
use crate::standin::Role;

#[tokio::test]
async fn a_redaction_leaves_the_old_text_in_the_history_until_a_person_deletes_it() {
    let scene = Scene::start().await;
    let number = scene.github.open_issue(REPO, "mallory", "RCE in loader", "curl | sh does it").expect("opens");
    let path = format!("/repos/{REPO}/issues/{number}");
    let change = json!({"title": "Moved", "body": "Moved.", "state": "closed", "state_reason": "not_planned"});
    let done = scene.write("PATCH", &path, change).await;
    assert_eq!((done.status, &done.body["state"]), (200, &json!("closed")));
    let node = done.body["node_id"].clone();
    let query = json!({
        "query": "query($id: ID!) { node(id: $id) { ... on Issue { title body state \
                  userContentEdits(first: 10) { nodes { editedAt deletedAt diff editor { login } } } } } }",
        "variables": {"id": node},
    });
    let before = scene.write("POST", "/graphql", query.clone()).await.body;
    let nodes = &before["data"]["node"]["userContentEdits"]["nodes"];
    assert_eq!(before["data"]["node"]["body"], "Moved.");
    assert_eq!(nodes[0]["editor"]["login"], "embargod");
    assert_eq!((&nodes[1]["diff"], &nodes[1]["deletedAt"]), (&json!("curl | sh does it"), &Value::Null));
    scene.github.delete_revisions(REPO, number, "mallory").expect("authors may");
    let after = scene.write("POST", "/graphql", query).await.body;
    let nodes = &after["data"]["node"]["userContentEdits"]["nodes"];
    assert_eq!(nodes[1]["diff"], Value::Null);
    assert!(nodes[1]["deletedAt"].is_string());
}

#[tokio::test]
async fn a_locked_issue_is_closed_to_strangers_and_open_to_the_bot() {
    let scene = Scene::start().await;
    let number = scene.github.open_issue(REPO, "mallory", "Hello", "").expect("opens");
    let path = format!("/repos/{REPO}/issues/{number}");
    let bad = scene.write("PUT", &format!("{path}/lock"), json!({"lock_reason": "security"})).await;
    assert_eq!(bad.status, 422);
    let locked = scene.write("PUT", &format!("{path}/lock"), json!({"lock_reason": "resolved"})).await;
    assert_eq!(locked.status, 204);
    let refused = scene.github.comment(REPO, number, "mallory", "but").expect_err("it is locked");
    assert_eq!(refused.status, 403);
    scene.github.grant(REPO, "wim", Role::Write).expect("exists");
    scene.github.comment(REPO, number, "wim", "I may").expect("maintainers may");
    let bot = scene.write("POST", &format!("{path}/comments"), json!({"body": "Thanks"})).await;
    assert_eq!((bot.status, &bot.body["user"]["type"]), (201, &json!("Bot")));
    let unlocked = scene.send("DELETE", &format!("{path}/lock"), &scene.token().await, None).await;
    assert_eq!(unlocked.status, 204);
    scene.github.comment(REPO, number, "mallory", "now").expect("it is open again");
}

#[tokio::test]
async fn lists_are_paged_with_links_that_work() {
    let scene = Scene::start().await;
    let number = scene.github.open_issue(REPO, "mallory", "Hello", "").expect("opens");
    for n in 0..5 {
        scene.github.comment(REPO, number, "mallory", &format!("comment {n}")).expect("comments");
    }
    let mut next = Some(format!("/repos/{REPO}/issues/{number}/comments?per_page=2"));
    let mut bodies = Vec::new();
    while let Some(path) = next {
        let page = scene.get(&path).await;
        let comments = page.body.as_array().expect("a list").clone();
        bodies.extend(comments.iter().map(|c| c["body"].as_str().expect("text").to_owned()));
        let links = page.headers.get("link").map(|l| l.to_str().expect("text").to_owned());
        next = links.and_then(|links| {
            let link = links.split(", ").find(|l| l.ends_with("rel=\"next\""))?;
            Some(link.split(['<', '>']).nth(1)?.to_owned())
        });
    }
    assert_eq!(bodies, ["comment 0", "comment 1", "comment 2", "comment 3", "comment 4"]);
}

#[tokio::test]
async fn a_reaction_is_made_once() {
    let scene = Scene::start().await;
    let number = scene.github.open_issue(REPO, "mallory", "Hello", "").expect("opens");
    let path = format!("/repos/{REPO}/issues/{number}/reactions");
    let first = scene.write("POST", &path, json!({"content": "eyes"})).await;
    let again = scene.write("POST", &path, json!({"content": "eyes"})).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.body["id"], again.body["id"]);
    let bad = scene.write("POST", &path, json!({"content": "shrug"})).await;
    assert_eq!(bad.status, 422);
    assert_eq!(scene.get(&path).await.body.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn webhooks_tell_what_happened_with_the_old_texts() {
    let scene = Scene::start().await;
    let (url, received) = receiver(202).await;
    scene.github.set_hook_url(&url);
    let number = scene.github.open_issue(REPO, "mallory", "Crash", "boom").expect("opens");
    scene.github.edit_thread(REPO, number, "mallory", None, Some("boom, and how")).expect("edits");
    let comment = scene.github.comment(REPO, number, "tom", "Which version?").expect("comments");
    scene.github.edit_comment(REPO, comment, "tom", "Which release?").expect("edits");
    scene.github.close(REPO, number, "tom", None).expect("triagers close");
    scene.github.reopen(REPO, number, "mallory").expect("authors reopen");
    scene.github.deliveries_idle().await;
    assert_eq!(
        names(&received),
        [
            "issues.opened",
            "issues.edited",
            "issue_comment.created",
            "issue_comment.edited",
            "issues.closed",
            "issues.reopened"
        ]
    );
    let all = received.lock().expect("no panic").clone();
    let opened = all[0].json();
    assert_eq!(opened["issue"]["author_association"], "NONE");
    assert_eq!(opened["sender"]["login"], "mallory");
    assert_eq!(opened["repository"]["visibility"], "public");
    assert_eq!(opened["organization"]["login"], "acme");
    assert_eq!(opened["installation"]["id"], scene.installation);
    assert_eq!(all[1].json()["changes"], json!({"body": {"from": "boom"}}));
    assert_eq!(all[2].json()["comment"]["author_association"], "COLLABORATOR");
    assert_eq!(all[3].json()["changes"]["body"]["from"], "Which version?");
}

#[tokio::test]
async fn the_bots_own_writes_come_back_as_webhooks_of_a_bot() {
    let scene = Scene::start().await;
    let number = scene.github.open_issue(REPO, "mallory", "Hello", "").expect("opens");
    let (url, received) = receiver(202).await;
    scene.github.set_hook_url(&url);
    let path = format!("/repos/{REPO}/issues/{number}");
    scene.write("PATCH", &path, json!({"title": "Moved", "state": "closed"})).await;
    scene.write("PUT", &format!("{path}/lock"), json!({})).await;
    scene.github.deliveries_idle().await;
    assert_eq!(names(&received), ["issues.edited", "issues.closed", "issues.locked"]);
    let sender = received.lock().expect("no panic")[0].json()["sender"].clone();
    assert_eq!((&sender["login"], &sender["type"]), (&json!("embargod[bot]"), &json!("Bot")));
}

#[tokio::test]
async fn a_transferred_issue_leaves_one_place_and_opens_in_the_other() {
    let scene = Scene::start().await;
    let number = scene.github.open_issue(REPO, "mallory", "Hello", "").expect("opens");
    let (url, received) = receiver(202).await;
    scene.github.set_hook_url(&url);
    let moved = scene.github.transfer(REPO, number, "cora", "acme/security").expect("owners may");
    scene.github.deliveries_idle().await;
    assert_eq!(names(&received), ["issues.transferred", "issues.opened"]);
    assert_eq!(scene.get(&format!("/repos/{REPO}/issues/{number}")).await.status, 404);
    let there = scene.github.issue("acme/security", moved).expect("it is there");
    assert_eq!(there.title, "Hello");
}

#[tokio::test]
async fn the_public_transcript_is_blind_to_private_work() {
    let mut transcripts = Vec::new();
    for with_case in [false, true] {
        let scene = Scene::start().await;
        let number = scene.github.open_issue(REPO, "mallory", "Hello", "").expect("opens");
        if with_case {
            let draft = json!({"summary": "s", "description": "d", "vulnerabilities": []});
            let made = scene.write("POST", &format!("/repos/{REPO}/security-advisories"), draft).await;
            assert_eq!(made.status, 201);
            let private = scene.write("POST", "/repos/acme/security/issues", json!({"title": "case"})).await;
            assert_eq!(private.status, 201);
        }
        let path = format!("/repos/{REPO}/issues/{number}");
        scene.write("POST", &format!("{path}/comments"), json!({"body": "Thanks"})).await;
        scene.write("PATCH", &path, json!({"state": "closed"})).await;
        transcripts.push(scene.github.public_transcript().to_string());
    }
    assert!(transcripts[0].contains("Thanks"));
    assert_eq!(transcripts[0], transcripts[1]);
}
