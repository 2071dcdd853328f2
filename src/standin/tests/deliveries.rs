//! Webhook deliveries: signed, ordered, logged, lost, repeated.

use serde_json::{Value, json};

use super::{REPO, SECRET, Scene, names, receiver};
use crate::standin::deliveries::signature;

#[test]
fn the_signature_is_the_one_of_the_documentation() {
    assert_eq!(
        signature(SECRET, b"Hello, World!"),
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    );
}

#[tokio::test]
async fn a_delivery_carries_githubs_headers_over_the_raw_bytes() {
    let scene = Scene::start().await;
    let (url, received) = receiver(202).await;
    scene.github.set_hook_url(&url);
    scene.github.open_issue(REPO, "mallory", "Grüße", "ä").expect("opens");
    scene.github.deliveries_idle().await;
    let one = received.lock().expect("no panic")[0].clone();
    assert_eq!(one.header("x-hub-signature-256"), signature(SECRET, &one.raw));
    assert_eq!(one.header("x-github-event"), "issues");
    assert_eq!(one.header("x-github-hook-installation-target-id"), "4242");
    assert_eq!(one.header("x-github-hook-installation-target-type"), "integration");
    assert!(one.header("user-agent").starts_with("GitHub-Hookshot/"));
    assert_eq!(one.header("x-github-delivery").len(), 36);
}

#[tokio::test]
async fn a_lost_delivery_is_found_in_the_log_and_sent_again_with_the_same_guid() {
    let scene = Scene::start().await;
    let (url, received) = receiver(202).await;
    scene.github.set_hook_url(&url);
    scene.github.drop_next_deliveries(1);
    scene.github.open_issue(REPO, "mallory", "Lost", "").expect("opens");
    scene.github.open_issue(REPO, "mallory", "Kept", "").expect("opens");
    scene.github.deliveries_idle().await;
    assert_eq!(names(&received).len(), 1);
    let jwt = scene.good_jwt();
    let failed = scene.send("GET", "/app/hook/deliveries?status=failure", &jwt, None).await;
    assert_eq!(failed.body.as_array().map(Vec::len), Some(1));
    let (id, guid) = (failed.body[0]["id"].clone(), failed.body[0]["guid"].clone());
    let whole = scene.send("GET", &format!("/app/hook/deliveries/{id}"), &jwt, None).await;
    assert_eq!(whole.body["request"]["payload"]["issue"]["title"], "Lost");
    let again = scene.send("POST", &format!("/app/hook/deliveries/{id}/attempts"), &jwt, None).await;
    assert_eq!(again.status, 202);
    scene.github.deliveries_idle().await;
    let last = received.lock().expect("no panic").last().expect("arrived").clone();
    assert_eq!(last.header("x-github-delivery"), guid);
    let attempts = scene.send("GET", "/app/hook/deliveries?status=success", &jwt, None).await;
    assert_eq!((&attempts.body[0]["guid"], &attempts.body[0]["redelivery"]), (&guid, &json!(true)));
}

#[tokio::test]
async fn the_log_goes_on_by_cursor() {
    let scene = Scene::start().await;
    let (url, _received) = receiver(500).await;
    scene.github.set_hook_url(&url);
    for n in 0..3 {
        scene.github.open_issue(REPO, "mallory", &format!("n{n}"), "").expect("opens");
    }
    scene.github.deliveries_idle().await;
    let jwt = scene.good_jwt();
    let page = scene.send("GET", "/app/hook/deliveries?per_page=2", &jwt, None).await;
    assert_eq!(page.body[0]["status_code"], 500);
    let link = page.headers["link"].to_str().expect("text").to_owned();
    let next = link.split(['<', '>']).nth(1).expect("an address").to_owned();
    let rest = scene.send("GET", &next, &jwt, None).await;
    assert_eq!(rest.body.as_array().map(Vec::len), Some(1));
    assert!(rest.headers.get("link").is_none());
}

#[tokio::test]
async fn deliveries_can_be_held_reordered_stepped_and_repeated() {
    let scene = Scene::start().await;
    let (url, received) = receiver(202).await;
    scene.github.set_hook_url(&url);
    scene.github.hold_deliveries();
    scene.github.repeat_next_delivery(3);
    let number = scene.github.open_issue(REPO, "mallory", "One", "").expect("opens");
    scene.github.comment(REPO, number, "mallory", "Two").expect("comments");
    scene.github.deliveries_idle().await;
    assert!(names(&received).is_empty());
    assert_eq!(scene.github.waiting_deliveries().len(), 4);
    scene.github.reorder_deliveries(|ids| ids.reverse());
    assert!(scene.github.step_delivery().await);
    assert_eq!(names(&received), ["issue_comment.created"]);
    scene.github.release_deliveries();
    scene.github.deliveries_idle().await;
    assert_eq!(names(&received)[1..], ["issues.opened", "issues.opened", "issues.opened"]);
    let received = received.lock().expect("no panic");
    let guids: Vec<&str> = received[1..].iter().map(|r| r.header("x-github-delivery")).collect();
    assert_eq!(guids[0], guids[1]);
    assert_eq!(guids[1], guids[2]);
}

#[tokio::test]
async fn form_encoded_deliveries_hold_the_payload_in_one_field() {
    let scene = Scene::start().await;
    let (url, received) = receiver(202).await;
    scene.github.set_hook_url(&url);
    let jwt = scene.good_jwt();
    let config = json!({"content_type": "form"});
    let changed = scene.send("PATCH", "/app/hook/config", &jwt, Some(config)).await;
    assert_eq!(changed.body["content_type"], "form");
    scene.github.open_issue(REPO, "mallory", "a & b = c", "").expect("opens");
    scene.github.deliveries_idle().await;
    let one = received.lock().expect("no panic")[0].clone();
    assert_eq!(one.header("content-type"), "application/x-www-form-urlencoded");
    assert_eq!(one.header("x-hub-signature-256"), signature(SECRET, &one.raw));
    let (name, payload) = form_urlencoded::parse(&one.raw).next().expect("a field");
    let payload: Value = serde_json::from_str(&payload).expect("JSON");
    assert_eq!((name.as_ref(), &payload["issue"]["title"]), ("payload", &json!("a & b = c")));
}

#[tokio::test]
async fn nothing_is_sent_beyond_loopback_or_without_a_subscription() {
    let scene = Scene::start().await;
    scene.github.set_hook_url("http://192.0.2.1/webhook");
    scene.github.open_issue(REPO, "mallory", "Hello", "").expect("opens");
    scene.github.add_repository(&super::RepositorySpec::public("mallory", "own")).expect("new");
    scene.github.open_issue("mallory/own", "mallory", "Hello", "").expect("opens");
    scene.github.deliveries_idle().await;
    let log = scene.github.deliveries();
    assert_eq!(log.len(), 1);
    assert!(log[0].status.contains("loopback"));
}
