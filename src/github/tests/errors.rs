//! Every refusal becomes a typed error that says whether to try again, and that quotes nothing.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;
use tokio::{io::AsyncReadExt, net::TcpListener};

use super::fake::{Fake, Reply, noon, repo};
use crate::github::{ATTEMPTS_MAX, GitHubError, IssueEdit, PAUSES_S, Retry};

async fn error_of(reply: impl Fn() -> Reply + Send + Sync + 'static) -> GitHubError {
    let fake = Fake::start(move |seen| (!seen.is_mint()).then(&reply)).await;
    let error =
        fake.installation().edit_issue(&repo(), 1, &IssueEdit::default()).await.expect_err("the reply is a refusal");
    assert_eq!(fake.work().len(), 1, "nothing is repeated in here");
    error
}

fn in_seconds(seconds: i64) -> Timestamp {
    noon() + SignedDuration::from_secs(seconds)
}

#[tokio::test]
async fn a_stated_pause_is_kept() {
    let error = error_of(|| Reply::new(403, json!({})).header("retry-after", 77)).await;
    assert_eq!(error, GitHubError::RateLimited { retry_at: Some(in_seconds(77)), secondary: true });
    assert_eq!(error.retry(noon(), 1), Retry::At(in_seconds(77)));
}

#[tokio::test]
async fn an_exhausted_hour_is_waited_for() {
    let error = error_of(|| {
        Reply::new(403, json!({}))
            .header("x-ratelimit-remaining", 0)
            .header("x-ratelimit-reset", in_seconds(600).as_second())
    })
    .await;
    assert_eq!(error, GitHubError::RateLimited { retry_at: Some(in_seconds(600)), secondary: false });
}

#[tokio::test]
async fn an_absurd_pause_is_cut() {
    let error = error_of(|| Reply::new(429, json!({})).header("retry-after", u32::MAX)).await;
    assert_eq!(error.retry(noon(), 1), Retry::At(in_seconds(7_200)));
}

#[tokio::test]
async fn a_limit_without_headers_is_known_by_its_words_and_waited_for_ever_longer() {
    let words = "You have exceeded a secondary rate limit. Please wait.";
    let error = error_of(move || Reply::new(403, json!({ "message": words }))).await;
    let unstated = GitHubError::RateLimited { retry_at: None, secondary: true };
    assert_eq!(error, unstated);
    let pauses: Vec<_> = (1..=9).map(|attempt| error.retry(noon(), attempt)).collect();
    let expected = [60, 120, 240, 480, 960, 1_920, 3_600, 3_600, 3_600];
    assert_eq!(pauses, expected.map(|s| Retry::At(in_seconds(s))));
    assert_eq!(error_of(|| Reply::raw(429, "<html>")).await, unstated);
}

#[tokio::test]
async fn a_missing_permission_is_named() {
    let error = error_of(|| {
        Reply::new(403, json!({ "message": "Resource not accessible by integration" }))
            .header("x-accepted-github-permissions", "issues=write; pull_requests=write")
    })
    .await;
    assert_eq!(
        error,
        GitHubError::Forbidden { missing_permissions: Some("issues=write; pull_requests=write".to_owned()) }
    );
    assert!(error.to_string().contains("needs issues=write"));
    assert_eq!(error.retry(noon(), 1), Retry::Never);
}

#[tokio::test]
async fn an_invalid_request_is_told_by_fields_and_codes_without_values() {
    let error = error_of(|| {
        Reply::new(
            422,
            json!({
                "message": "CANARY in the message",
                "errors": [
                    { "resource": "Issue", "field": "title", "code": "missing_field", "message": "CANARY" },
                    { "field": "CANARY as a sentence", "code": "custom" },
                    "CANARY as a string",
                ]
            }),
        )
    })
    .await;
    assert_eq!(error, GitHubError::Invalid { status: 422, problems: "title missing_field, custom".to_owned() });
    assert!(!format!("{error} {error:?}").contains("CANARY"));
}

#[tokio::test]
async fn other_statuses_have_names_of_their_own() {
    let cases = [
        (400, GitHubError::Invalid { status: 400, problems: String::new() }),
        (401, GitHubError::Unauthorized),
        (404, GitHubError::NotFound),
        (409, GitHubError::Refused { status: 409 }),
        (410, GitHubError::Gone),
        (451, GitHubError::Refused { status: 451 }),
        (500, GitHubError::ServerTrouble { status: 500 }),
        (502, GitHubError::ServerTrouble { status: 502 }),
    ];
    for (status, expected) in cases {
        assert_eq!(error_of(move || Reply::raw(status, "CANARY")).await, expected);
    }
}

#[tokio::test]
async fn a_dropped_answer_may_have_been_done() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("an address");
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let mut buffer = [0; 1024];
        stream.read(&mut buffer).await.expect("a request")
        // and the line goes dead
    });
    let mut fake = Fake::start(|_| None).await;
    fake.base = format!("http://{address}").parse().expect("an address");
    let error =
        fake.github(&crate::clock::ManualClock::at(noon())).app().redeliver(5).await.expect_err("no answer came");
    assert!(matches!(error, GitHubError::Unreachable { .. }), "{error}");
    assert!(error.may_have_been_done());
    assert_eq!(error.retry(noon(), 1), Retry::At(in_seconds(1)));
    assert!(server.await.expect("served") > 0, "the request had been sent");
}

#[tokio::test]
async fn an_answer_that_never_ends_is_cut_off() {
    let fake = Fake::start(|seen| (!seen.is_mint()).then(|| Reply::raw(200, &" ".repeat(10 * 1024 * 1024 + 1)))).await;
    assert_eq!(
        fake.installation().file(&repo(), "x").await,
        Err(GitHubError::TooLarge { limit_bytes: 10 * 1024 * 1024 })
    );
}

#[test]
fn an_outage_is_tried_through_for_about_a_day() {
    let trouble = GitHubError::ServerTrouble { status: 502 };
    let mut waited = 0;
    for attempt in 1..ATTEMPTS_MAX {
        let Retry::At(at) = trouble.retry(noon(), attempt) else {
            panic!("given up after attempt {attempt}");
        };
        waited += at.duration_since(noon()).as_secs();
    }
    assert!((20..=30).contains(&(waited / 3_600)), "{waited} s");
    assert_eq!(trouble.retry(noon(), ATTEMPTS_MAX), Retry::Never);
}

proptest! {
    #[test]
    fn a_retry_never_lies_in_the_past(attempt in 0_u32..=u32::MAX, reset in -100_000_i64..100_000, kind in 0..4) {
        let error = match kind {
            0 => GitHubError::RateLimited { retry_at: Some(in_seconds(reset)), secondary: false },
            1 => GitHubError::RateLimited { retry_at: None, secondary: true },
            2 => GitHubError::Unreachable { what: "timed out" },
            _ => GitHubError::ServerTrouble { status: 500 },
        };
        if let Retry::At(at) = error.retry(noon(), attempt) {
            prop_assert!(at >= noon());
            prop_assert!(at <= in_seconds(100_000.max(*PAUSES_S.last().expect("pauses"))));
        } else {
            prop_assert!(attempt >= ATTEMPTS_MAX && kind >= 2);
        }
    }
}
