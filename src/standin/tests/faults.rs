//! Scripted mischief, and the log that tells what really happened.

use serde_json::{Value, json};

use super::{REPO, Scene};
use crate::standin::{CallerKind, Fault, Match};

#[tokio::test]
async fn a_swallowed_answer_leaves_the_deed_done() {
    let scene = Scene::start().await;
    let number = scene.github.open_issue(REPO, "mallory", "Hello", "").expect("opens");
    let path = format!("/repos/{REPO}/issues/{number}/comments");
    let token = scene.token().await;
    let comments = || scene.github.issue(REPO, number).expect("exists").comments.len();
    scene.github.fault(Match::path("/comments").method("POST").nth(1), Fault::DropAnswerAfterDoing);
    scene.github.fault(Match::path("/comments").method("POST").nth(1), Fault::DropBeforeDoing);
    let body = || Some(json!({"body": "Thanks"}));
    assert!(scene.try_send("POST", &path, &token, body()).await.is_err());
    assert_eq!(comments(), 1);
    assert!(scene.try_send("POST", &path, &token, body()).await.is_err());
    assert_eq!(comments(), 1);
    assert_eq!(scene.send("POST", &path, &token, body()).await.status, 201);
    let logged = scene.github.requests();
    let posts: Vec<bool> = logged.iter().filter(|r| r.path == path).map(|r| r.answered).collect();
    assert_eq!(posts, [false, false, true]);
}

#[tokio::test]
async fn scripted_answers_change_nothing() {
    let scene = Scene::start().await;
    let number = scene.github.open_issue(REPO, "mallory", "Hello", "").expect("opens");
    let path = format!("/repos/{REPO}/issues/{number}/lock");
    let token = scene.token().await;
    let limit = Fault::SecondaryLimit { status: 429, retry_after_s: 7 };
    for (fault, status) in [
        (Fault::HeaderlessForbidden403, 403),
        (Fault::BadGateway502, 502),
        (Fault::Unprocessable422, 422),
        (Fault::NotFound404, 404),
        (Fault::Status(418), 418),
        (Fault::GarbageBody, 200),
        (limit, 429),
    ] {
        scene.github.fault(Match::path("/lock").times(1), fault.clone());
        let reply = scene.send("PUT", &path, &token, None).await;
        assert_eq!(reply.status, status, "{fault:?}");
        let bare = matches!(fault, Fault::HeaderlessForbidden403 | Fault::BadGateway502 | Fault::GarbageBody);
        assert_eq!(reply.headers.get("x-ratelimit-limit").is_none(), bare, "{fault:?}");
        if status == 429 {
            assert_eq!(reply.headers["retry-after"], "7");
        }
        assert!(!scene.github.issue(REPO, number).expect("exists").locked, "{fault:?}");
    }
    assert_eq!(scene.send("PUT", &path, &token, None).await.status, 204);
}

#[tokio::test]
async fn a_stalled_answer_waits_to_be_released() {
    let scene = Scene::start().await;
    let token = scene.token().await;
    scene.github.fault(Match::path("/zen").times(1), Fault::StallAnswer);
    let (reply, ()) = tokio::join!(scene.send("GET", "/zen", &token, None), async {
        // The request is in the log before its answer is held back.
        while scene.github.requests().iter().all(|r| r.path != "/zen") {
            tokio::task::yield_now().await;
        }
        scene.github.release_stalled();
    });
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn the_log_tells_who_asked_what_and_whether_it_changed_anything() {
    let scene = Scene::start().await;
    let token = scene.token().await;
    let mark = scene.github.mark();
    scene.send("GET", &format!("/repos/{REPO}/issues?state=all"), &token, None).await;
    scene.send("POST", &format!("/repos/{REPO}/issues"), &token, Some(json!({"title": "t"}))).await;
    let query = json!({"query": "{ viewer { login } }"});
    scene.send("POST", "/graphql", &token, Some(query)).await;
    let log = scene.github.requests_since(mark);
    let told: Vec<(&str, &str, bool)> = log.iter().map(|r| (r.method.as_str(), r.query.as_str(), r.mutates)).collect();
    assert_eq!(told, [("GET", "state=all", false), ("POST", "", true), ("POST", "", false)]);
    assert!(log.iter().all(|r| r.caller == CallerKind::Installation));
    assert_eq!(log[1].body, json!({"title": "t"}));
    assert_eq!(log[1].response["number"], 1);
    assert!(!log.iter().any(|r| r.headers.contains_key("authorization")));
    assert_eq!(scene.github.requests()[0].caller, CallerKind::App);
    assert_eq!(scene.github.requests()[0].response["message"], Value::Null);
}

#[tokio::test]
async fn too_many_writes_in_a_minute_are_refused() {
    let scene = Scene::start().await;
    let token = scene.token().await;
    scene.github.set_writes_per_minute(Some(1));
    let path = format!("/repos/{REPO}/issues");
    let open = || Some(json!({"title": "t"}));
    assert_eq!(scene.send("POST", &path, &token, open()).await.status, 201);
    let refused = scene.send("POST", &path, &token, open()).await;
    assert_eq!((refused.status, &refused.headers["retry-after"]), (403, &"60".parse().expect("a value")));
    scene.advance(jiff::SignedDuration::from_secs(61));
    assert_eq!(scene.send("POST", &path, &token, open()).await.status, 201);
}
