//! Pull requests, reviews, commits.

use serde_json::json;

use super::{REPO, Scene, names, receiver};

#[tokio::test]
async fn reviews_and_their_comments_can_be_read_and_rewritten() {
    let scene = Scene::start().await;
    let (url, received) = receiver(202).await;
    scene.github.set_hook_url(&url);
    let number =
        scene.github.open_pull_request(REPO, "mallory", "Fix", "it", "fix-overflow", "Fix overflow").expect("opens");
    let review = scene.github.review(REPO, number, "mallory", "COMMENTED", "exploit: ...").expect("reviews");
    let comment = scene.github.review_comment(REPO, number, "mallory", "src/a.py", "here").expect("comments");
    scene.github.push_to_pull_request(REPO, number, "mallory", "More").expect("pushes");
    scene.github.deliveries_idle().await;
    assert_eq!(
        names(&received),
        [
            "pull_request.opened",
            "pull_request_review.submitted",
            "pull_request_review_comment.created",
            "pull_request.synchronize"
        ]
    );
    assert_eq!(received.lock().expect("no panic")[1].json()["review"]["state"], "commented");
    let path = format!("/repos/{REPO}/pulls/{number}");
    let put = scene.write("PUT", &format!("{path}/reviews/{review}"), json!({"body": "Moved."})).await;
    assert_eq!((put.status, &put.body["body"]), (200, &json!("Moved.")));
    let patch = format!("/repos/{REPO}/pulls/comments/{comment}");
    assert_eq!(scene.write("PATCH", &patch, json!({"body": "Moved."})).await.status, 200);
    let reply = scene.write("POST", &format!("{path}/comments/{comment}/replies"), json!({"body": "Thanks"})).await;
    assert_eq!((reply.status, &reply.body["in_reply_to_id"]), (201, &json!(comment)));
    assert_eq!(scene.get(&format!("{path}/comments")).await.body.as_array().map(Vec::len), Some(2));
    assert_eq!(scene.get(&format!("{path}/commits")).await.body.as_array().map(Vec::len), Some(2));
    let delete = scene.send("DELETE", &patch, &scene.token().await, None).await;
    assert_eq!(delete.status, 204);
}

#[tokio::test]
async fn history_is_compared_by_ancestry() {
    let scene = Scene::start().await;
    let shas = scene.github.push(REPO, "cora", "main", &["one", "two"]).expect("pushes");
    scene.github.create_tag(REPO, "cora", "1.0", "main").expect("tags");
    scene.github.push(REPO, "cora", "stable/1.0.x", &["backport"]).expect("pushes");
    let compare = |base: &str, head: &str| format!("/repos/{REPO}/compare/{base}...{head}");
    let ahead = scene.get(&compare(&shas[0], "1.0")).await;
    assert_eq!((&ahead.body["status"], &ahead.body["ahead_by"]), (&json!("ahead"), &json!(1)));
    let behind = scene.get(&compare("stable%2F1.0.x", &shas[1])).await;
    assert_eq!((&behind.body["status"], &behind.body["behind_by"]), (&json!("behind"), &json!(1)));
    let same = scene.get(&compare("main", "1.0")).await;
    assert_eq!(same.body["status"], "identical");
    let refs = scene.get(&format!("/repos/{REPO}/git/matching-refs/tags/1.")).await;
    assert_eq!(refs.body[0]["ref"], "refs/tags/1.0");
    let branches = scene.get(&format!("/repos/{REPO}/branches")).await;
    assert_eq!(branches.body.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn commit_comments_need_contents_write_to_be_changed() {
    let scene = Scene::start().await;
    let id = scene.github.comment_commit(REPO, "main", "mallory", "this is exploitable").expect("comments");
    let path = format!("/repos/{REPO}/comments/{id}");
    assert_eq!(scene.get(&path).await.body["body"], "this is exploitable");
    assert_eq!(scene.write("PATCH", &path, json!({"body": "Moved."})).await.status, 403);
    scene.github.set_granted_permission(scene.installation, "contents", Some("write")).expect("exists");
    assert_eq!(scene.write("PATCH", &path, json!({"body": "Moved."})).await.status, 200);
}

#[tokio::test]
async fn files_are_served_as_base64_and_missing_ones_are_404() {
    use base64::Engine as _;
    let scene = Scene::start().await;
    let file = scene.get(&format!("/repos/{REPO}/contents/.github/embargod.yml")).await;
    let content = file.body["content"].as_str().expect("text").replace('\n', "");
    let text = base64::engine::general_purpose::STANDARD.decode(content).expect("base64");
    assert_eq!(text, b"extends: django-2026\n");
    assert_eq!(scene.get(&format!("/repos/{REPO}/contents/nothing.md")).await.status, 404);
    let folder = scene.get(&format!("/repos/{REPO}/contents/.github")).await;
    assert_eq!(folder.body[0]["name"], "embargod.yml");
}

#[tokio::test]
async fn check_runs_are_made_changed_and_listed() {
    let scene = Scene::start().await;
    let sha = scene.github.push(REPO, "cora", "main", &["one"]).expect("pushes").remove(0);
    let path = format!("/repos/{REPO}/check-runs");
    let unfinished = json!({"name": "embargo", "head_sha": sha, "status": "completed"});
    assert_eq!(scene.write("POST", &path, unfinished).await.status, 422);
    let made = scene.write("POST", &path, json!({"name": "embargo", "head_sha": sha})).await;
    assert_eq!((made.status, &made.body["status"]), (201, &json!("queued")));
    let done = json!({"conclusion": "success", "output": {"title": "Fine", "summary": "All is well"}});
    let done = scene.write("PATCH", &format!("{path}/{}", made.body["id"]), done).await;
    assert_eq!((done.status, &done.body["status"]), (200, &json!("completed")));
    let list = scene.get(&format!("/repos/{REPO}/commits/main/check-runs")).await;
    assert_eq!(list.body["check_runs"][0]["output"]["title"], "Fine");
}
