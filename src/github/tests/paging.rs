//! Lists are read to their end, and never outside of the API base.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::fake::{Fake, Reply, noon, repo};
use crate::{
    clock::ManualClock,
    github::{AdvisoryState, GitHubError, IssueEdit},
};

fn comment(id: usize) -> Value {
    json!({ "id": id, "body": "x", "user": { "login": "ann", "id": 1, "type": "User" } })
}

fn advisory(id: &str) -> Value {
    json!({ "ghsa_id": id, "state": "draft", "summary": "s", "description": null })
}

fn page_of(path: &str) -> usize {
    let (_, page) = path.rsplit_once("&page=").expect("a page number");
    page.parse().expect("a number")
}

#[tokio::test]
async fn pages_are_counted_until_one_is_not_full() {
    let fake = Fake::start(|seen| {
        (!seen.is_mint()).then(|| {
            let page = page_of(&seen.path);
            let count = if page < 3 { 100 } else { 5 };
            let items: Vec<_> = (0..count).map(|i| comment(page * 1000 + i)).collect();
            Reply::new(200, items.into())
        })
    })
    .await;
    let found = fake.installation().issue_comments(&repo(), 4).await;
    let found = found.expect("a list");
    assert_eq!(found.items.len(), 205);
    assert!(found.complete);
    let paths: Vec<_> = fake.work().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths[0], "/repos/acme/web/issues/4/comments?per_page=100&page=1");
    assert_eq!(paths.len(), 3);
}

#[tokio::test]
async fn a_link_elsewhere_does_not_lead_elsewhere() {
    let elsewhere = Fake::start(|_| None).await;
    let lure = elsewhere.base.clone();
    let fake = Fake::start(move |seen| {
        (!seen.is_mint()).then(|| {
            let items = match page_of(&seen.path) {
                1 => json!([comment(1)]),
                _ => json!([]),
            };
            Reply::new(200, items).header("link", format!("<{lure}stolen?page=2>; rel=\"next\""))
        })
    })
    .await;
    let found = fake.installation().issue_comments(&repo(), 4).await;
    assert_eq!(found.expect("a list").items.len(), 1);
    assert!(fake.work()[1].path.ends_with("&page=2"));
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_list_without_end_is_cut_and_says_so() {
    let fake = Fake::start(|seen| (!seen.is_mint()).then(|| Reply::new(200, vec![comment(1); 100].into()))).await;
    let found = fake.installation().issue_comments(&repo(), 4).await;
    let found = found.expect("a list");
    assert_eq!((found.items.len(), found.complete), (5_000, false));
}

#[tokio::test]
async fn cursors_are_taken_from_the_link_and_sent_to_our_own_address() {
    let fake = Fake::start(|seen| {
        (!seen.is_mint()).then(|| match seen.path.contains("after=") {
            false => Reply::new(200, json!([advisory("GHSA-1")])).header(
                "link",
                "</repositories/9/security-advisories?after=Y3Vy%3D%3D&per_page=1>; rel=\"next\", \
                 <https://x.example/>; rel=\"first\"",
            ),
            true => Reply::new(200, json!([advisory("GHSA-2")])),
        })
    })
    .await;
    let found = fake.installation().advisories(&repo(), Some(AdvisoryState::Draft)).await.expect("a list");
    let ids: Vec<_> = found.items.iter().map(|found| &found.ghsa_id).collect();
    assert_eq!(ids, ["GHSA-1", "GHSA-2"]);
    assert!(found.complete);
    assert_eq!(
        fake.work()[1].path,
        "/repos/acme/web/security-advisories?sort=updated&direction=desc&state=draft&per_page=100&after=Y3Vy%3D%3D"
    );
}

#[tokio::test]
async fn a_cursor_from_another_host_is_sent_to_our_own_address() {
    let elsewhere = Fake::start(|_| None).await;
    let lure = elsewhere.base.clone();
    let fake = Fake::start(move |seen| {
        (!seen.is_mint()).then(|| match seen.path.contains("after=") {
            false => {
                Reply::new(200, json!([advisory("GHSA-1")])).header("link", format!("<{lure}x?after=c>; rel=\"next\""))
            }
            true => Reply::new(200, json!([advisory("GHSA-2")])),
        })
    })
    .await;
    let found = fake.installation().advisories(&repo(), None).await;
    assert_eq!(found.expect("a list").items.len(), 2);
    assert!(fake.work()[1].path.ends_with("&after=c"));
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_short_page_that_comes_again_ends_the_list() {
    let fake = Fake::start(|seen| {
        (!seen.is_mint()).then(|| Reply::new(200, json!([comment(1)])).header("link", "</x?page=2>; rel=\"next\""))
    })
    .await;
    let found = fake.installation().issue_comments(&repo(), 4).await;
    let found = found.expect("a list");
    assert_eq!((found.items.len(), found.complete), (1, false));
    assert_eq!(fake.work().len(), 2);
}

#[tokio::test]
async fn a_cursor_that_leads_back_ends_the_list() {
    let fake = Fake::start(|seen| {
        (!seen.is_mint()).then(|| Reply::new(200, json!([advisory("GHSA-1")])).header("link", "</x?after=1>; rel=next"))
    })
    .await;
    let found = fake.installation().advisories(&repo(), None).await;
    assert!(!found.expect("a list").complete);
    assert_eq!(fake.work().len(), 2);
}

#[tokio::test]
async fn a_renamed_repository_is_followed_within_the_base_only() {
    let elsewhere = Fake::start(|_| None).await;
    let lure = elsewhere.base.clone();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let fake = Fake::start(move |seen| {
        let reply = |status, to: String| Some(Reply::new(status, json!({})).header("location", to));
        match seen.path.as_str() {
            "/repos/acme/web/issues/1" => reply(307, "/repositories/9/issues/1".to_owned()),
            "/repos/acme/web/issues/2" => reply(307, format!("{lure}repositories/9")),
            "/repos/acme/web/issues/3" => reply(302, "/repositories/9/issues/3".to_owned()),
            "/repos/acme/web/issues/4" => reply(308, "/repos/acme/web/issues/4".to_owned()),
            "/repositories/9/issues/1" => {
                count.fetch_add(1, Ordering::SeqCst);
                None
            }
            _ => None,
        }
    })
    .await;
    let installation = fake.github(&ManualClock::at(noon())).installation(7);
    let edit = async |number| {
        let edit = IssueEdit { title: Some("t".to_owned()), ..IssueEdit::default() };
        installation.edit_issue(&repo(), number, &edit).await
    };

    assert_eq!(edit(1).await, Ok(()));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let followed = fake.work().pop().expect("the second request");
    assert_eq!((followed.method.as_str(), &followed.body["title"]), ("PATCH", &json!("t")));

    assert_eq!(edit(2).await, Err(GitHubError::Refused { status: 307 }));
    assert!(elsewhere.seen().is_empty(), "the token stays at home");
    assert_eq!(edit(3).await, Err(GitHubError::Refused { status: 302 }), "302 may turn a write into a read");
    assert!(matches!(edit(4).await, Err(GitHubError::Unreadable { .. })));
}
