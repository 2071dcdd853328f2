//! Every kind of call that a story makes goes wrong once in every way, and the story ends as if nothing had happened.
//!
//! The table is not written by hand: the story is played undisturbed first, and the calls that it makes are its rows. A
//! new feature's calls are in it as soon as the story comes by them. Each call meets one fault of every group; with
//! `EMBARGOD_FAULT_MATRIX=full` in the environment it meets all of them.

use std::collections::BTreeSet;

use embargod::standin::{Fault, LoggedRequest, Match};
use futures_util::{StreamExt, stream};
use jiff::SignedDuration;

use crate::kit::{CORA, Ending, MALLORY, RAE, REPO, Setting, World};

/// Worlds that are played at one time.
const AT_ONCE: usize = 4;

/// Time that passes after everything has settled, in seconds: retries, later looks at the history.
const PAUSES_S: [i64; 5] = [1, 40, 600, 14_400, 120];

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

/// What is believed when it is said, because asking again would not make it truer, or because nobody is to wait for it.
/// The story then ends otherwise in a detail, and out of sight all the same.
const BELIEVED: [(&str, &str); 3] = [
    // nobody waits to be told of the private form: the reporter is told the project's other channel
    ("/private-vulnerability-reporting", ""),
    // GitHub does not let every App fold comments: the words are gone already
    ("/graphql", "mutation MinimizeComment"),
    // comments on advisories are in preview: the original words stand in the advisory itself
    ("/security-advisories/*/comments", ""),
];

fn is_believed(call: &Call, fault: &Fault) -> bool {
    let may_be = BELIEVED.iter().any(|(path, operation)| call.path.ends_with(path) && call.operation == *operation);
    may_be && (call.method == "GET" || *fault == Fault::HeaderlessForbidden403)
}

/// How everything ended: every thread, and what was made.
#[derive(Debug, PartialEq)]
struct End {
    threads: Vec<Ending>,
    made: Vec<String>,
}

impl End {
    /// Whether the words are out of sight where they were not put back, and everybody was told once.
    fn is_safe(&self) -> bool {
        let made_for = |part: &str| self.made.iter().filter(|path| path.contains(part)).count();
        self.threads[1].is_shielded() && made_for("/issues/1/comments") == 1
    }
}

/// Exploits on every surface, a question, an ordinary post, and a maintainer's word that one of them is harmless.
async fn play(world: &World, upset: Upset) -> End {
    let (title, body) = world.exploit();
    upset.begin(world);
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
    upset.end(world).await;
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

/// What is wrong while the posts are told of.
#[derive(Clone, Copy, Debug)]
enum Upset {
    None,
    /// The App may only read in this area, and gets its permission back after a minute.
    MayOnlyRead(&'static str),
    /// Every webhook comes twice, its second time when the first one is dealt with.
    Doubled,
    /// The webhooks come after an hour.
    Late,
    /// The last webhook comes first.
    Backwards,
}

impl Upset {
    fn begin(self, world: &World) {
        match self {
            Self::None | Self::Doubled => {}
            Self::MayOnlyRead(area) => permit(world, area, "read"),
            Self::Late | Self::Backwards => world.github.hold_deliveries(),
        }
    }

    async fn end(self, world: &World) {
        match self {
            Self::None => {}
            Self::MayOnlyRead(area) => {
                world.settle().await;
                world.wait(SignedDuration::from_mins(1)).await;
                permit(world, area, "write");
            }
            Self::Doubled => {
                world.settle().await;
                redeliver_everything(world);
            }
            Self::Late => {
                world.clock.advance(SignedDuration::from_hours(1));
                world.github.release_deliveries();
            }
            Self::Backwards => {
                world.github.reorder_deliveries(|waiting| waiting.reverse());
                world.github.release_deliveries();
            }
        }
    }
}

fn permit(world: &World, area: &str, level: &str) {
    let installation = world.github.install_on_all("acme").expect("installed");
    world.github.set_granted_permission(installation, area, Some(level)).expect("granted");
    world.github.revoke_tokens();
}

fn redeliver_everything(world: &World) {
    for delivery in world.github.deliveries() {
        assert!(world.github.redeliver(delivery.id));
    }
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
    let end = play(&world, Upset::None).await;
    let calls = world.github.requests().iter().map(Call::of).collect();
    world.finish().await;
    (end, calls)
}

async fn ends_as_if_nothing_had_happened(faults: &[Fault], request_timeout_ms: u64) {
    let (expected, calls) = undisturbed().await;
    assert!(expected.threads[1].is_shielded(), "{:?}", expected.threads[1]);
    assert!(calls.len() > 20, "the story makes many kinds of calls: {calls:#?}");
    let full = std::env::var("EMBARGOD_FAULT_MATRIX").is_ok_and(|how| how == "full");
    let rows = calls.iter().enumerate().flat_map(|(number, call)| {
        let chosen = move |fault: &usize| full || fault % faults.len() == number % faults.len();
        (0..faults.len()).filter(chosen).map(move |fault| (call, &faults[fault]))
    });
    let complaints: Vec<Option<String>> = stream::iter(rows)
        .map(|(call, fault)| {
            let expected = &expected;
            async move {
                let world = world(Setting { request_timeout_ms, ..Setting::default() }).await;
                world.github.fault(call.first(), fault.clone());
                let end = play(&world, Upset::None).await;
                let fits = if is_believed(call, fault) { end.is_safe() } else { end == *expected };
                if !fits {
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

async fn upset_ends_as_if_nothing_had_happened(upset: Upset) {
    let (expected, _) = undisturbed().await;
    let world = world(Setting::default()).await;
    let end = play(&world, upset).await;
    if let Upset::MayOnlyRead(_) = upset {
        // The desks were told meanwhile, and what folds comments has taken no for an answer.
        let seen = |end: &End| -> Vec<String> { end.threads.iter().map(Ending::in_public).collect() };
        assert_eq!(seen(&end), seen(&expected), "{upset:?}");
    } else {
        assert_eq!(end, expected, "{upset:?}");
    }
    world.finish().await;
}

#[tokio::test]
async fn permissions_that_are_taken_away_and_given_back_change_nothing_about_the_end() {
    for area in ["issues", "pull_requests", "discussions"] {
        upset_ends_as_if_nothing_had_happened(Upset::MayOnlyRead(area)).await;
    }
}

#[tokio::test]
async fn webhooks_that_come_doubled_change_nothing_about_the_end() {
    upset_ends_as_if_nothing_had_happened(Upset::Doubled).await;
}

#[tokio::test]
async fn webhooks_that_come_late_change_nothing_about_the_end() {
    upset_ends_as_if_nothing_had_happened(Upset::Late).await;
}

#[tokio::test]
async fn webhooks_that_come_backwards_change_nothing_about_the_end() {
    upset_ends_as_if_nothing_had_happened(Upset::Backwards).await;
}
