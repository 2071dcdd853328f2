//! Discussions and folding away, through GraphQL.

use serde_json::{Value, json};

use super::{REPO, Scene};

const READ: &str = "query($number: Int!, $after: String) {
  repository(owner: \"acme\", name: \"framework\") {
    discussion(number: $number) {
      id title body closed locked
      comments(first: 2, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { id databaseId body author { login } isMinimized replies(first: 5) { nodes { body } } }
      }
    }
  }
}";

async fn ask(scene: &Scene, query: &str, variables: Value) -> Value {
    let body = json!({"query": query, "variables": variables});
    let reply = scene.write("POST", "/graphql", body).await;
    assert_eq!(reply.status, 200);
    reply.body
}

async fn change(scene: &Scene, name: &str, kind: &str, select: &str, input: Value) -> Value {
    let query = format!("mutation($input: {kind}!) {{ {name}(input: $input) {{ {select} }} }}");
    ask(scene, &query, json!({"input": input})).await
}

#[tokio::test]
async fn a_discussion_is_redacted_answered_closed_and_locked() {
    let scene = Scene::start().await;
    let number = scene.github.open_discussion(REPO, "mallory", "RCE?", "steps").expect("opens");
    let first = scene.github.comment_discussion(REPO, number, "mallory", "more steps", None).expect("comments");
    let shown = ask(&scene, READ, json!({"number": number})).await;
    let discussion = &shown["data"]["repository"]["discussion"];
    let id = discussion["id"].clone();
    let comment = discussion["comments"]["nodes"][0].clone();
    assert_eq!((&comment["databaseId"], &comment["author"]["login"]), (&json!(first), &json!("mallory")));
    let input = json!({"discussionId": id, "title": "Moved", "body": "Moved."});
    let done = change(&scene, "updateDiscussion", "UpdateDiscussionInput", "discussion { title }", input).await;
    assert_eq!(done["data"]["updateDiscussion"]["discussion"]["title"], "Moved");
    let input = json!({"commentId": comment["id"], "body": "Moved."});
    change(&scene, "updateDiscussionComment", "UpdateDiscussionCommentInput", "comment { id }", input).await;
    let input = json!({"subjectId": comment["id"], "classifier": "OUTDATED"});
    let folded = change(
        &scene,
        "minimizeComment",
        "MinimizeCommentInput",
        "minimizedComment { isMinimized minimizedReason }",
        input,
    )
    .await;
    assert_eq!(folded["data"]["minimizeComment"]["minimizedComment"]["minimizedReason"], "outdated");
    let input = json!({"discussionId": id, "body": "Thanks", "replyToId": comment["id"]});
    let replied =
        change(&scene, "addDiscussionComment", "AddDiscussionCommentInput", "comment { id body }", input).await;
    assert_eq!(replied["data"]["addDiscussionComment"]["comment"]["body"], "Thanks");
    change(
        &scene,
        "closeDiscussion",
        "CloseDiscussionInput",
        "discussion { closed }",
        json!({"discussionId": id, "reason": "RESOLVED"}),
    )
    .await;
    change(
        &scene,
        "lockLockable",
        "LockLockableInput",
        "lockedRecord { locked }",
        json!({"lockableId": id, "lockReason": "RESOLVED"}),
    )
    .await;
    let thread = scene.github.thread(REPO, number).expect("exists");
    assert_eq!((thread.title.as_str(), thread.body(), thread.open, thread.locked), ("Moved", "Moved.", false, true));
    assert_eq!(thread.comments[0].post.minimised.as_deref(), Some("OUTDATED"));
    let shown = ask(&scene, READ, json!({"number": number})).await;
    let comments = &shown["data"]["repository"]["discussion"]["comments"];
    assert_eq!(comments["nodes"][0]["replies"]["nodes"][0]["body"], "Thanks");
}

#[tokio::test]
async fn comments_come_in_pages() {
    let scene = Scene::start().await;
    let number = scene.github.open_discussion(REPO, "mallory", "Talk", "").expect("opens");
    for n in 0..3 {
        scene.github.comment_discussion(REPO, number, "tom", &format!("c{n}"), None).expect("comments");
    }
    let first = ask(&scene, READ, json!({"number": number})).await;
    let info = &first["data"]["repository"]["discussion"]["comments"]["pageInfo"];
    assert_eq!(info["hasNextPage"], true);
    let rest = ask(&scene, READ, json!({"number": number, "after": info["endCursor"]})).await;
    let comments = &rest["data"]["repository"]["discussion"]["comments"];
    assert_eq!((&comments["nodes"][0]["body"], &comments["pageInfo"]["hasNextPage"]), (&json!("c2"), &json!(false)));
}

#[tokio::test]
async fn errors_are_told_as_github_tells_them() {
    let scene = Scene::start().await;
    let number = scene.github.open_discussion(REPO, "mallory", "Talk", "").expect("opens");
    let wrong = ask(&scene, "query { repository(owner: \"acme\", name: \"framework\") { colour } }", json!({})).await;
    assert!(wrong["errors"][0]["message"].as_str().is_some_and(|m| m.contains("'colour'")));
    let missing = ask(&scene, READ, json!({"number": 999})).await;
    assert_eq!(missing["errors"][0]["type"], "NOT_FOUND");
    let shown = ask(&scene, READ, json!({"number": number})).await;
    let id = &shown["data"]["repository"]["discussion"]["id"];
    scene.github.set_capabilities(|c| c.discussions_by_app = false);
    let input = json!({"discussionId": id, "title": "Moved"});
    let refused = change(&scene, "updateDiscussion", "UpdateDiscussionInput", "discussion { title }", input).await;
    assert_eq!(
        (&refused["errors"][0]["type"], &refused["data"]["updateDiscussion"]),
        (&json!("FORBIDDEN"), &Value::Null)
    );
    assert_eq!(scene.github.thread(REPO, number).expect("exists").title, "Talk");
    scene.github.set_capabilities(|c| c.graphql = false);
    let body = json!({"query": READ, "variables": {"number": number}});
    assert_eq!(scene.write("POST", "/graphql", body).await.status, 404);
}

#[tokio::test]
async fn an_issue_is_not_deleted_by_an_app_unless_switched_on() {
    let scene = Scene::start().await;
    let number = scene.github.open_issue(REPO, "mallory", "Talk", "").expect("opens");
    let issue = scene.get(&format!("/repos/{REPO}/issues/{number}")).await;
    let input = json!({"issueId": issue.body["node_id"]});
    let select = "repository { id }";
    let refused = change(&scene, "deleteIssue", "DeleteIssueInput", select, input.clone()).await;
    assert_eq!(refused["errors"][0]["type"], "FORBIDDEN");
    scene.github.set_capabilities(|c| c.delete_issue_by_app = true);
    let done = change(&scene, "deleteIssue", "DeleteIssueInput", select, input).await;
    assert!(done["errors"].is_null(), "{done}");
    scene.github.issue(REPO, number).expect_err("it is gone");
}
