//! Nothing that is secret or private gets out through `Debug`, errors or redirects of a path.

use serde_json::json;

use super::fake::{Fake, Reply, noon, repo};
use crate::{clock::ManualClock, domain::post::RepoName, github::GitHubError};

#[tokio::test]
async fn handles_show_no_secrets() {
    let fake = Fake::start(|_| None).await;
    let github = fake.github(&ManualClock::at(noon()));
    github.installation(7).file(&repo(), "x").await.unwrap_err();
    let shown = format!("{github:?} {:?} {:?}", github.installation(7), github.app());
    assert!(shown.contains("Installation(7)"));
    assert!(!shown.contains("ghs_first") && !shown.contains("PRIVATE"));
}

#[tokio::test]
async fn an_unreadable_answer_is_not_quoted() {
    let fake = Fake::start(|seen| (!seen.is_mint()).then(|| Reply::new(200, json!({ "number": "CANARY" })))).await;
    let error = fake.installation().issue(&repo(), 1).await.err();
    let error = error.expect("not an issue");
    assert!(matches!(error, GitHubError::Unreadable { .. }));
    assert!(!format!("{error} {error:?}").contains("CANARY"));
}

#[tokio::test]
async fn names_cannot_lead_a_request_elsewhere() {
    let fake = Fake::start(|_| None).await;
    let installation = fake.installation();
    let odd = RepoName { owner: "..".to_owned(), name: "app".to_owned() };
    let not_sent = |error: Option<GitHubError>| matches!(error, Some(GitHubError::NotSent { .. }));
    assert!(not_sent(installation.issue(&odd, 1).await.err()));
    assert!(not_sent(installation.file(&repo(), "../../app").await.err()));
    assert!(not_sent(installation.permission_of(&repo(), "").await.err()));
    assert!(fake.work().is_empty());

    let odd = "a/../../x?y#z";
    installation.permission_of(&repo(), odd).await.ok();
    assert_eq!(fake.work()[0].path, "/repos/acme/web/collaborators/a%2F..%2F..%2Fx%3Fy%23z/permission");
}
