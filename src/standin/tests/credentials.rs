//! Who gets in, and what a token may do.

use jiff::SignedDuration;
use serde_json::json;

use super::{REPO, Scene};

#[tokio::test]
async fn the_app_is_known_by_its_jwt_and_by_nothing_less() {
    let scene = Scene::start().await;
    let now = scene.now().as_second();
    let good = scene.send("GET", "/app", &scene.good_jwt(), None).await;
    assert_eq!((good.status, &good.body["slug"]), (200, &json!("embargod")));
    for (why, claims) in [
        ("expired", json!({"iat": now - 600, "exp": now - 1, "iss": "4242"})),
        ("too long", json!({"iat": now, "exp": now + 601, "iss": "4242"})),
        ("from the future", json!({"iat": now + 5, "exp": now + 60, "iss": "4242"})),
        ("another App", json!({"iat": now, "exp": now + 60, "iss": "1"})),
        ("no issuer", json!({"iat": now, "exp": now + 60})),
    ] {
        let reply = scene.send("GET", "/app", &scene.jwt(&claims), None).await;
        assert_eq!(reply.status, 401, "{why}");
    }
    assert_eq!(scene.send("GET", "/app", "", None).await.status, 401);
    let token = scene.token().await;
    assert_eq!(scene.send("GET", "/app", &token, None).await.status, 401);
}

#[tokio::test]
async fn a_token_lasts_one_hour_by_the_clock() {
    let scene = Scene::start().await;
    let token = scene.token().await;
    let path = format!("/repos/{REPO}");
    scene.advance(SignedDuration::from_secs(3599));
    assert_eq!(scene.send("GET", &path, &token, None).await.status, 200);
    scene.advance(SignedDuration::from_secs(2));
    let late = scene.send("GET", &path, &token, None).await;
    assert_eq!((late.status, &late.body["message"]), (401, &json!("Bad credentials")));
}

#[tokio::test]
async fn a_missing_permission_is_named_in_the_header() {
    let scene = Scene::start().await;
    let number = scene.github.open_issue(REPO, "mallory", "Hello", "there").expect("opens");
    let narrow = scene.token_with(json!({"permissions": {"issues": "read"}})).await;
    let path = format!("/repos/{REPO}/issues/{number}");
    let lock = format!("{path}/lock");
    assert_eq!(scene.send("GET", &path, &narrow, None).await.status, 200);
    let refused = scene.send("PUT", &lock, &narrow, None).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.body["message"], "Resource not accessible by integration");
    let accepted = refused.headers.get("x-accepted-github-permissions").expect("it is named");
    assert!(accepted.to_str().is_ok_and(|a| a.contains("issues=write")));
    assert!(!scene.github.issue(REPO, number).expect("exists").locked);
}

#[tokio::test]
async fn commenting_on_a_pull_request_needs_the_permission_for_pull_requests() {
    let scene = Scene::start().await;
    let pull = scene.github.open_pull_request(REPO, "mallory", "Fix", "it", "fix", "Fix it").expect("opens");
    let issues_only = scene.token_with(json!({"permissions": {"issues": "write"}})).await;
    let path = format!("/repos/{REPO}/issues/{pull}/comments");
    let refused = scene.send("POST", &path, &issues_only, Some(json!({"body": "Hi"}))).await;
    assert_eq!(refused.status, 403);
    let pulls_only = scene.token_with(json!({"permissions": {"pull_requests": "write"}})).await;
    let done = scene.send("POST", &path, &pulls_only, Some(json!({"body": "Hi"}))).await;
    assert_eq!(done.status, 201);
}

#[tokio::test]
async fn private_things_do_not_exist_for_strangers() {
    let scene = Scene::start().await;
    let inside = scene.get("/repos/acme/security").await;
    assert_eq!((inside.status, &inside.body["private"]), (200, &json!(true)));
    let nobody = scene.send("GET", "/repos/acme/security", "", None).await;
    assert_eq!(nobody.status, 404);
    let public = scene.send("GET", &format!("/repos/{REPO}"), "", None).await;
    assert_eq!(public.status, 200);
    let narrowed = scene.token_with(json!({"repositories": ["framework"]})).await;
    let outside = scene.send("GET", "/repos/acme/security", &narrowed, None).await;
    assert_eq!(outside.status, 404);
    let list = scene.send("GET", "/installation/repositories", &narrowed, None).await;
    assert_eq!(list.body["total_count"], 1);
}

#[tokio::test]
async fn a_spent_budget_says_when_it_comes_back() {
    let scene = Scene::start().await;
    let token = scene.token().await;
    scene.github.set_budget(1);
    let path = format!("/repos/{REPO}");
    let first = scene.send("GET", &path, &token, None).await;
    assert_eq!((first.status, &first.headers["x-ratelimit-remaining"]), (200, &"0".parse().expect("a value")));
    let second = scene.send("GET", &path, &token, None).await;
    assert_eq!(second.status, 403);
    let reset: i64 = second.headers["x-ratelimit-reset"].to_str().expect("text").parse().expect("a number");
    assert_eq!(reset, scene.now().as_second() + 3600);
    let free = scene.send("GET", "/rate_limit", &token, None).await;
    assert_eq!((free.status, &free.body["rate"]["remaining"]), (200, &json!(0)));
    scene.advance(SignedDuration::from_secs(3600));
    let fresh = scene.token().await;
    assert_eq!(scene.send("GET", &path, &fresh, None).await.status, 200);
}
