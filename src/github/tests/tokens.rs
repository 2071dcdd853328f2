//! One token per installation, however many ask; clocks that are wrong; tokens that end.

use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::{SignedDuration, fmt::rfc2822::DateTimePrinter};
use serde_json::json;

use super::fake::{Fake, Reply, claims, noon, repo};
use crate::{clock::ManualClock, github::GitHubError};

fn a_file() -> Reply {
    Reply::new(200, json!({ "type": "file", "encoding": "base64", "size": 2, "content": "b2s=\n" }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_at_once_mint_one_token() {
    let fake = Fake::start(|seen| (!seen.is_mint()).then(a_file)).await;
    let github = fake.github(&ManualClock::at(noon()));

    let all = (0..50).map(|_| {
        let installation = github.installation(7);
        tokio::spawn(async move { installation.file(&repo(), "x").await })
    });
    for task in futures_util::future::join_all(all).await {
        assert_eq!(task.expect("no panic"), Ok(Some("ok".to_owned())));
    }

    assert_eq!(fake.mints(), 1);
    assert_eq!(fake.work().len(), 50);
    assert!(fake.work().iter().all(|seen| seen.bearer == "ghs_first"));
}

#[tokio::test]
async fn installations_have_tokens_of_their_own() {
    let fake = Fake::start(|seen| (!seen.is_mint()).then(a_file)).await;
    let github = fake.github(&ManualClock::at(noon()));
    for id in [7, 8, 7, 8] {
        let file = github.installation(id).file(&repo(), "x").await;
        assert_eq!(file, Ok(Some("ok".to_owned())));
    }
    let minted: Vec<_> = fake.seen().into_iter().filter(|seen| seen.is_mint()).map(|seen| seen.path).collect();
    assert_eq!(minted, ["/app/installations/7/access_tokens", "/app/installations/8/access_tokens"]);
}

#[tokio::test]
async fn a_token_is_replaced_five_minutes_before_it_ends() {
    let clock = ManualClock::at(noon());
    let fake = Fake::start(|seen| (!seen.is_mint()).then(a_file)).await;
    let installation = fake.github(&clock).installation(7);
    let ask = async |minutes| {
        clock.advance(SignedDuration::from_mins(minutes));
        installation.file(&repo(), "x").await.expect("a file");
        fake.mints()
    };
    assert_eq!(ask(0).await, 1);
    assert_eq!(ask(54).await, 1, "12:54, it ends at 13:00");
    assert_eq!(ask(1).await, 2, "12:55");
}

#[tokio::test]
async fn a_service_that_names_ends_in_the_past_is_not_asked_for_a_token_each_time() {
    let clock = ManualClock::at(noon());
    let fake = Fake::start(|seen| {
        Some(if seen.is_mint() {
            Reply::new(201, json!({ "token": "t", "expires_at": "2016-07-11T22:14:10Z" }))
        } else {
            a_file()
        })
    })
    .await;
    let installation = fake.github(&clock).installation(7);
    for _ in 0..20 {
        installation.file(&repo(), "x").await.expect("a file");
    }
    assert_eq!(fake.mints(), 1);
    clock.advance(SignedDuration::from_secs(60));
    installation.file(&repo(), "x").await.expect("a file");
    assert_eq!(fake.mints(), 2);
}

#[tokio::test]
async fn a_kept_token_that_is_refused_is_replaced_once() {
    let minted = AtomicUsize::new(0);
    let fake = Fake::start(move |seen| {
        Some(if seen.is_mint() {
            let number = minted.fetch_add(1, Ordering::SeqCst);
            Reply::new(201, json!({ "token": format!("t{number}"), "expires_at": "2026-11-21T13:00:00Z" }))
        } else if seen.bearer == "t0" && seen.path.contains("revoked") {
            Reply::new(401, json!({}))
        } else {
            a_file()
        })
    })
    .await;
    let installation = fake.installation();
    installation.file(&repo(), "x").await.expect("a file");
    let after = installation.file(&repo(), "revoked").await;
    assert_eq!(after, Ok(Some("ok".to_owned())));
    assert_eq!(fake.mints(), 2);
    let bearers: Vec<_> = fake.work().into_iter().map(|seen| seen.bearer).collect();
    assert_eq!(bearers, ["t0", "t0", "t1"]);
}

#[tokio::test]
async fn a_fresh_token_that_is_refused_is_an_error_and_not_a_storm() {
    let fake = Fake::start(|seen| (!seen.is_mint()).then(|| Reply::new(401, json!({})))).await;
    let installation = fake.installation();
    let answer = installation.file(&repo(), "x").await;
    assert_eq!(answer, Err(GitHubError::Unauthorized));
    assert_eq!((fake.mints(), fake.work().len()), (1, 1));
}

#[tokio::test]
async fn a_failed_mint_is_told_to_all_who_waited_and_not_kept() {
    let failed = AtomicUsize::new(0);
    let fake = Fake::start(move |seen| {
        if !seen.is_mint() {
            return Some(a_file());
        }
        (failed.fetch_add(1, Ordering::SeqCst) == 0).then(|| Reply::new(502, json!({})))
    })
    .await;
    let installation = fake.installation();
    assert_eq!(installation.file(&repo(), "x").await, Err(GitHubError::ServerTrouble { status: 502 }));
    assert_eq!(installation.file(&repo(), "x").await, Ok(Some("ok".to_owned())));
}

#[tokio::test]
async fn the_app_presents_itself_as_github_asks() {
    let fake = Fake::start(|_| None).await;
    fake.installation().file(&repo(), "x").await.unwrap_err();
    let mint = fake.seen().remove(0);
    let claims = claims(&mint.bearer);
    let now = noon().as_second();
    assert_eq!(claims, json!({ "iss": "42", "iat": now - 60, "exp": now + 540 }));
    let header = |name: &str| mint.headers[name].to_str().expect("text").to_owned();
    assert_eq!(header("accept"), "application/vnd.github+json");
    assert_eq!(header("x-github-api-version"), "2022-11-28");
    assert!(header("user-agent").starts_with("embargod/"));
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_corrected_from_githubs_date() {
    let theirs = noon() + SignedDuration::from_hours(2);
    let fake = Fake::start(move |seen| {
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&theirs).expect("a date");
        let accepted = claims(&seen.bearer)["exp"].as_i64() > Some(theirs.as_second());
        Some(if accepted {
            Reply::new(200, json!({ "id": 42, "slug": "watch" })).header("date", date)
        } else {
            Reply::new(401, json!({})).header("date", date)
        })
    })
    .await;
    let github = fake.github(&ManualClock::at(noon()));
    let app = github.app();

    assert_eq!(app.facts().await.expect("accepted").slug, "watch");
    assert_eq!(fake.seen().len(), 2, "refused once, then with GitHub's time");
    assert_eq!(github.clock_skew(), Some(SignedDuration::from_hours(2)));

    app.facts().await.expect("accepted");
    assert_eq!(fake.seen().len(), 3, "the correction is remembered");
}

#[tokio::test]
async fn a_refusal_that_the_clock_does_not_explain_is_not_repeated() {
    let fake = Fake::start(|_| {
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&noon()).expect("a date");
        Some(Reply::new(401, json!({})).header("date", date))
    })
    .await;
    let answer = fake.github(&ManualClock::at(noon())).app().facts().await;
    assert_eq!(answer, Err(GitHubError::Unauthorized));
    assert_eq!(fake.seen().len(), 1);
}
