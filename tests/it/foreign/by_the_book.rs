//! The real binary against GitHub's own examples.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    examples::{Asked, Examples, Links},
    payloads::{exploit, issue_opened, issue_opened_now, ordinary},
    program::{Operator, Program},
};
use crate::contract;
use embargod::domain::intake::texts;

const ISSUE: &str = "/repos/acme/framework/issues/7";

/// Calls that a redirect shares with all others of its repository.
fn is_shared(line: &str) -> bool {
    line.contains("/access_tokens")
        || line.contains("/contents/")
        || line.starts_with("GET /app")
        || line.ends_with("/private-vulnerability-reporting")
}

/// Looking by the clock for reports that nobody told of; the lists of these examples lead anywhere, and are followed.
fn is_looking(line: &str) -> bool {
    let desk = line.contains("/security-advisories/") && line.contains("/comments");
    let list = line.split('?').next().is_some_and(|path| path.ends_with("/security-advisories"));
    line.starts_with("GET ") && (desk || list || line.contains("/installation") || line.contains("/advisories"))
}

async fn redirected(github: &Examples, mark: usize) {
    let text = |asked: &Asked, part: &str| {
        let body = asked.body.as_ref().and_then(|body| body[part].as_str());
        body.unwrap_or_default().to_owned()
    };
    let patch = github.wait_for("neutral text", mark, |a| a.line() == format!("PATCH {ISSUE}")).await;
    assert_eq!(text(&patch, "title"), texts::NEUTRAL_TITLE);
    assert_eq!(text(&patch, "body"), texts::NEUTRAL_BODY);
    assert_eq!(text(&patch, "state"), "closed");
    github.wait_for("lock", mark, |a| a.line() == format!("PUT {ISSUE}/lock")).await;
    let advisory =
        github.wait_for("advisory", mark, |a| a.line() == "POST /repos/acme/framework/security-advisories").await;
    assert!(text(&advisory, "description").contains("UNION%20SELECT"));
    github.wait_for("invitation", mark, |a| a.method == "PATCH" && a.path.contains("/security-advisories/")).await;
    let comment = github.wait_for("comment", mark, |a| a.line() == format!("POST {ISSUE}/comments")).await;
    let page = "https://github.com/acme/framework/security/advisories/new";
    assert!(text(&comment, "body").contains(page));
}

async fn quiet(program: &Program) {
    program.digested().await;
    // the looks at the edit history are not due yet
    program.wait_for("embargod_effects_waiting", |waiting| waiting == 0.0).await;
}

async fn a_redirect(links: Links, opened: fn(u64, &str, &str) -> Value) {
    if !contract::available() {
        return;
    }
    let (title, body) = exploit("report");
    let payload = &opened(7, &title, &body);
    let github = Examples::start(links).await;
    let program = Operator::new(&github.base).serve();
    github.wait_for("first sweep", 0, |a| a.path == "/app/hook/deliveries").await;
    github.wait_for("own name", 0, |a| a.path == "/app").await;
    let mark = github.asked().len();

    let sent = Instant::now();
    assert_eq!(program.deliver("issues", "guid-1", payload).await, 202);
    redirected(&github, mark).await;
    quiet(&program).await;
    let asked = github.asked();
    let first = asked[mark..].iter().find(|a| a.method == "PATCH");
    let exposed = first.expect("seen above").at.duration_since(sent);
    println!("{links:?}: first protecting call after {exposed:?} (cold)");
    let mut lines = github.lines_since(mark);
    println!("{lines:#?}");
    lines.retain(|line| !is_looking(line));
    let own = lines.iter().filter(|line| !is_shared(line)).count();
    assert!(own < 10, "{own} requests for one redirect: {lines:#?}");
    assert!(lines.len() < 16, "{lines:#?}");

    // the same delivery again changes nothing
    let mark = github.asked().len();
    assert_eq!(program.deliver("issues", "guid-1", payload).await, 202);
    quiet(&program).await;
    assert_eq!(program.metric("embargod_deliveries_duplicate_total").await, 1.0);
    let asked_again: Vec<_> = github.lines_since(mark).into_iter().filter(|line| !is_looking(line)).collect();
    assert_eq!(asked_again, Vec::<String>::new());

    // an ordinary issue costs nothing, once the policy is known
    let (title, body) = ordinary();
    let harmless = issue_opened(8, title, body);
    assert_eq!(program.deliver("issues", "guid-2", &harmless).await, 202);
    let decided = "embargod_decisions_total{outcome=\"nothing\"}";
    program.wait_for(decided, |count| count == 1.0).await;
    let asked_again: Vec<_> = github.lines_since(mark).into_iter().filter(|line| !is_looking(line)).collect();
    assert_eq!(asked_again, Vec::<String>::new());

    assert_eq!(program.metric("embargod_deliveries_parked").await, 0.0);
    assert_eq!(program.metric("embargod_effects_dead").await, 0.0);
    assert_eq!(github.complaints(), Vec::<String>::new());
    let stopped = program.stop();
    assert_eq!(stopped.status.code(), Some(0));
    assert!(stopped.took < Duration::from_secs(5), "{:?}", stopped.took);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_post_is_moved() {
    a_redirect(Links::Absent, issue_opened_now).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_post_is_moved_although_lists_point_elsewhere() {
    a_redirect(Links::Elsewhere, issue_opened).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_post_is_moved_although_lists_lead_back() {
    a_redirect(Links::Loop, issue_opened).await;
}

/// All of GitHub's example payloads, as they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_example_payload_is_taken_and_digested() {
    if !contract::available() {
        return;
    }
    let github = Examples::start(Links::Absent).await;
    let program = Operator::new(&github.base).serve();
    let examples = contract::examples::all();
    for (event, index, payload) in &examples {
        let guid = format!("{event}-{index}");
        let status = program.deliver(event, &guid, payload).await;
        assert_eq!(status, 202, "{guid}");
    }
    program.digested().await;
    program.is_healthy().await;
    let log = String::from_utf8_lossy(&program.logged()).into_owned();
    let parked: Vec<_> = log.lines().filter(|l| l.contains("is parked")).collect();
    assert_eq!(program.metric("embargod_deliveries_parked").await, 0.0, "{parked:#?}");
    let metrics = program.metrics().await;
    let taken = format!("embargod_deliveries_total{{answer=\"202\"}} {}", examples.len());
    assert!(metrics.contains(&taken), "{metrics}");
    assert_eq!(github.complaints(), Vec::<String>::new());
    let stopped = program.stop();
    assert_eq!(stopped.status.code(), Some(0));
}
