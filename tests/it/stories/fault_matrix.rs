//! Every kind of call that a story makes goes wrong once in every way, and the story ends as if nothing had happened.
//!
//! The table is not written by hand: the story is played undisturbed first, and the calls that it makes are its rows. A
//! new feature's calls are in it as soon as the story comes by them.

use std::collections::BTreeSet;

use embargod::standin::{Fault, LoggedRequest, Match};
use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use crate::kit::{CORA, Ending, MALLORY, RAE, REPO, Setting, World};

/// Worlds that are played at one time.
const AT_ONCE: usize = 4;

/// Time that passes after everything has settled, in seconds: retries, later looks at the history.
const PAUSES_S: [i64; 8] = [1, 5, 30, 120, 600, 3_600, 14_400, 14_400];

/// A stall is longer than the client waits.
const IMPATIENT_MS: u64 = 1_000;

/// A kind of call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Call {
    method: String,
    /// The path, with `*` for what chance chose.
    path: String,
    /// The GraphQL operation, as it begins.
    operation: String,
}

impl Call {
    fn of(request: &LoggedRequest) -> Self {
        let is_id = |segment: &str| segment.parse::<u64>().is_ok_and(|number| number >= 1_000);
        let by_chance = |segment: &str| segment.starts_with("GHSA-") || is_id(segment);
        let segments = request.path.split('/').map(|segment| if by_chance(segment) { "*" } else { segment });
        let query = request.body["query"].as_str().unwrap_or_default();
        let operation = query.split(['(', '{']).next().unwrap_or_default().trim().to_owned();
        Self { method: request.method.clone(), path: segments.collect::<Vec<_>>().join("/"), operation }
    }

    fn first(&self) -> Match {
        self.times(1)
    }

    fn times(&self, times: usize) -> Match {
        Match::path_like(&self.path).method(&self.method).body(&self.operation).times(times)
    }
}

/// What is believed when it is said, because asking again could not make it truer: the story then ends otherwise, and
/// stories of their own tell how.
fn is_believed(call: &Call, fault: &Fault) -> bool {
    let _ = (call, fault);
    false
}

/// How everything ended: every thread, and what was made.
#[derive(Debug, PartialEq)]
struct End {
    threads: Vec<Ending>,
    made: Vec<String>,
}

/// Exploits on every surface, a question, an ordinary post, and a maintainer's word that one of them is harmless.
async fn play(world: &World) -> End {
    let (title, body) = world.exploit();
    let github = &world.github;
    let issue = github.open_issue(REPO, RAE, &title, &body).expect("posted");
    let discussion = github.open_discussion(REPO, RAE, &title, &body).expect("posted");
    let (title, body) = world.harmless();
    let harmless = github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    github.comment(REPO, harmless, MALLORY, &world.exploit_comment()).expect("posted");
    let (title, body) = world.question();
    let question = github.open_issue(REPO, "finn", &title, &body).expect("posted");
    let (title, body) = world.exploit();
    let pull = github.open_pull_request(REPO, MALLORY, &title, &body, "fix", "Fix it").expect("posted");
    pass(world).await;
    github.comment(REPO, issue, CORA, "Known, by design.\n\n/not-security").expect("said");
    pass(world).await;
    let mut threads = Vec::new();
    for number in [issue, discussion, harmless, question, pull] {
        threads.push(world.ending(number).await);
    }
    let made = github.requests().into_iter().filter(|request| request.mutates && request.status == 201);
    let mut made: Vec<_> = made.map(|request| Call::of(&request).path).collect();
    made.sort();
    End { threads, made }
}

async fn pass(world: &World) {
    world.settle().await;
    for pause_s in PAUSES_S {
        world.wait(SignedDuration::from_secs(pause_s)).await;
    }
}

async fn world(setting: Setting) -> World {
    let mut world = World::with(setting).await;
    world.words_restored = true;
    world
}

async fn undisturbed() -> (End, BTreeSet<Call>) {
    let world = world(Setting::default()).await;
    let end = play(&world).await;
    let calls = world.github.requests().iter().map(Call::of).collect();
    world.finish().await;
    (end, calls)
}

async fn ends_as_if_nothing_had_happened(faults: &[Fault], request_timeout_ms: u64) {
    let (expected, calls) = undisturbed().await;
    assert!(expected.threads[1].is_shielded(), "{:?}", expected.threads[1]);
    assert!(calls.len() > 20, "the story makes many kinds of calls: {calls:#?}");
    let rows = calls.iter().flat_map(|call| faults.iter().map(move |fault| (call, fault)));
    let rows = rows.filter(|(call, fault)| !is_believed(call, fault));
    let complaints: Vec<Option<String>> = stream::iter(rows)
        .map(|(call, fault)| {
            let expected = &expected;
            async move {
                let world = world(Setting { request_timeout_ms, ..Setting::default() }).await;
                world.github.fault(call.first(), fault.clone());
                let end = play(&world).await;
                if end != *expected {
                    return Some(format!("{call:?} {fault:?}:\n{end:#?}"));
                }
                world.finish().await;
                None
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let complaints: Vec<String> = complaints.into_iter().flatten().collect();
    assert!(
        complaints.is_empty(),
        "expected {expected:#?}\n\n{} rows ended otherwise:\n{}",
        complaints.len(),
        complaints.join("\n\n")
    );
}

#[tokio::test]
async fn refusals_change_nothing_about_the_end() {
    let limit = Fault::SecondaryLimit { status: 429, retry_after_s: 90 };
    ends_as_if_nothing_had_happened(&[Fault::HeaderlessForbidden403, limit, Fault::Status(429)], 10_000).await;
}

#[tokio::test]
async fn trouble_changes_nothing_about_the_end() {
    ends_as_if_nothing_had_happened(&[Fault::Status(500), Fault::BadGateway502], 10_000).await;
}

#[tokio::test]
async fn broken_connections_change_nothing_about_the_end() {
    ends_as_if_nothing_had_happened(&[Fault::DropAnswerAfterDoing, Fault::DropBeforeDoing], 10_000).await;
}

#[tokio::test]
async fn stalls_change_nothing_about_the_end() {
    ends_as_if_nothing_had_happened(&[Fault::StallAnswer, Fault::StallBeforeDoing], IMPATIENT_MS).await;
}

#[tokio::test]
async fn revoked_tokens_change_nothing_about_the_end() {
    ends_as_if_nothing_had_happened(&[Fault::TokensRevoked], 10_000).await;
}
