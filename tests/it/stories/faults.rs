//! GitHub has trouble, refuses, or is silent: each write of a shield goes wrong once in every way, and the end is the same.

use embargod::standin::{Fault, Match};
use jiff::SignedDuration;

use crate::kit::{Ending, MALLORY, RAE, REPO, Setting, World};

/// The writes of a shield.
const WRITES: [(&str, &str, &str); 5] = [
    ("redact", "PATCH", "/issues/1"),
    ("lock", "PUT", "/issues/1/lock"),
    ("desk", "POST", "/security-advisories"),
    ("invite", "PATCH", "/security-advisories/"),
    ("say", "POST", "/issues/1/comments"),
];

/// What goes wrong, and how many requests in a row it hits.
fn troubles() -> Vec<(Fault, usize)> {
    let limit = |status| Fault::SecondaryLimit { status, retry_after_s: 90 };
    vec![
        (Fault::HeaderlessForbidden403, 1),
        (Fault::HeaderlessForbidden403, 2),
        (Fault::BadGateway502, 1),
        (Fault::BadGateway502, 3),
        (Fault::DropAnswerAfterDoing, 1),
        (Fault::DropBeforeDoing, 1),
        (Fault::SlowBy(20), 1),
        (Fault::StallAnswer, 1),
        (Fault::StallBeforeDoing, 1),
        (Fault::Unprocessable422, 1),
        (Fault::GarbageBody, 1),
        // the client itself mints a new token and repeats the request once
        (Fault::Status(401), 1),
        (Fault::Status(401), 2),
        (limit(429), 1),
        (limit(403), 1),
    ]
}

/// A refusal that says what is wrong with the request is believed: another desk, an alert. `desks.rs` tells those stories.
fn is_believed(write: &str, fault: &Fault) -> bool {
    *fault == Fault::Unprocessable422 && matches!(write, "desk" | "invite")
}

/// The exploit is posted, and time passes.
async fn shielded(world: &World) -> (Ending, Vec<String>) {
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle_stalled().await;
    for pause_s in [1, 5, 30, 60, 600] {
        world.clock.advance(SignedDuration::from_secs(pause_s));
        world.settle_stalled().await;
    }
    (world.ending(number).await, world.made())
}

async fn ends_as_if_nothing_had_happened(write: &str) {
    let (name, method, path) = WRITES.into_iter().find(|(name, ..)| *name == write).expect("a write of the table");
    let undisturbed = World::new().await;
    let expected = shielded(&undisturbed).await;
    assert!(expected.0.is_shielded());
    assert_eq!(expected.1.len(), 2, "one desk, one comment: {:?}", expected.1);
    undisturbed.finish().await;
    for (fault, times) in troubles() {
        if is_believed(name, &fault) {
            continue;
        }
        let world = World::new().await;
        let hits = Match::path(path).method(method).times(times);
        world.github.fault(hits, fault.clone());
        assert_eq!(shielded(&world).await, expected, "{name}: {fault:?}, {times} times");
        world.finish().await;
    }
}

#[tokio::test]
async fn the_redaction_survives_every_trouble() {
    ends_as_if_nothing_had_happened("redact").await;
}

#[tokio::test]
async fn the_lock_survives_every_trouble() {
    ends_as_if_nothing_had_happened("lock").await;
}

#[tokio::test]
async fn the_desk_survives_every_trouble() {
    ends_as_if_nothing_had_happened("desk").await;
}

#[tokio::test]
async fn the_invitation_survives_every_trouble() {
    ends_as_if_nothing_had_happened("invite").await;
}

#[tokio::test]
async fn the_comment_survives_every_trouble() {
    ends_as_if_nothing_had_happened("say").await;
}

/// The calls of a shielded discussion and of a shielded comment, by a word of their path or their GraphQL text.
const OTHER_WRITES: [(&str, &str, &str); 6] = [
    ("PATCH", "/issues/comments/", ""),
    ("POST", "/graphql", "minimizeComment"),
    ("POST", "/graphql", "updateDiscussion("),
    ("POST", "/graphql", "closeDiscussion"),
    ("POST", "/graphql", "lockLockable"),
    ("POST", "/graphql", "addDiscussionComment"),
];

/// An exploit in a comment of an issue, and one in a discussion.
async fn comment_and_discussion(world: &World) -> (Ending, Ending, usize) {
    let (title, body) = world.harmless();
    let issue = world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    world.github.comment(REPO, issue, MALLORY, &world.exploit_comment()).expect("posted");
    let (title, body) = world.exploit();
    let discussion = world.github.open_discussion(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    for pause_s in [1, 5, 30, 120] {
        world.wait(SignedDuration::from_secs(pause_s)).await;
    }
    (world.ending(issue).await, world.ending(discussion).await, world.made().len())
}

#[tokio::test]
async fn comments_and_discussions_survive_trouble_too() {
    let undisturbed = World::new().await;
    let expected = comment_and_discussion(&undisturbed).await;
    assert!(expected.1.is_shielded(), "{:?}", expected.1);
    undisturbed.finish().await;
    for (method, path, part) in OTHER_WRITES {
        for fault in
            [Fault::BadGateway502, Fault::HeaderlessForbidden403, Fault::DropAnswerAfterDoing, Fault::GarbageBody]
        {
            let believed =
                part == "minimizeComment" && matches!(fault, Fault::HeaderlessForbidden403 | Fault::GarbageBody);
            if believed {
                continue;
            }
            let world = World::new().await;
            let hits = Match::path(path).method(method).body(part).times(1);
            world.github.fault(hits, fault.clone());
            let ending = comment_and_discussion(&world).await;
            assert_eq!(ending, expected, "{path} {part}: {fault:?}");
            let hit = world
                .github
                .requests()
                .iter()
                .any(|r| !r.answered || r.status >= 400 || r.response["message"] == "garbage");
            assert!(hit, "{path} {part}: the fault hit nothing");
            world.finish().await;
        }
    }
}

#[tokio::test]
async fn an_exhausted_budget_is_waited_for() {
    let mut too_small = 0;
    for budget in 0.. {
        let world = World::new().await;
        world.github.set_budget(budget);
        let (title, body) = world.exploit();
        let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
        world.settle().await;
        let asked = world.github.mark();
        world.wait(SignedDuration::from_mins(50)).await;
        let refused = world.github.requests().iter().any(|r| r.status == 403);
        assert_eq!(world.github.mark(), asked, "the end of the limit is waited for");
        world.github.set_budget(5_000);
        world.wait(SignedDuration::from_mins(11)).await;
        let ending = world.ending(number).await;
        assert!(ending.is_shielded(), "{budget} requests were left: {ending:?}");
        let mut made = world.made();
        made.retain(|path| !path.contains("GHSA"));
        assert_eq!(made.len(), 2, "one desk, one comment: {made:?}");
        world.finish().await;
        if !refused {
            break;
        }
        too_small += 1;
    }
    assert!(too_small >= WRITES.len(), "only {too_small} were too small");
}

#[tokio::test]
async fn a_revoked_token_costs_no_time() {
    let world = World::new().await;
    let (title, body) = world.harmless();
    world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    world.github.revoke_tokens();
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    let thread = world.thread(number);
    assert!(thread.locked && !thread.open && thread.body() != body);
    world.finish().await;
}

/// The pauses of the whole schedule, after which everything is done or given up: about three days.
const WHOLE_SCHEDULE_S: [i64; 19] = [
    1, 5, 30, 120, 600, 3_600, 14_400, 14_400, 14_400, 14_400, 14_400, 14_400, 14_400, 14_400, 14_400, 14_400, 14_400,
    14_400, 14_400,
];

#[tokio::test]
async fn a_permission_that_comes_late_still_protects() {
    let setting = Setting { permissions: vec![("issues", Some("read"))], ..Setting::default() };
    let world = World::with(setting).await;
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    assert_eq!(world.thread(number).body(), body, "the App may not edit it");
    assert_eq!(world.github.advisories(REPO).expect("it exists").len(), 1, "the private side went on meanwhile");
    let alerts = world.alerts().await;
    assert!(
        alerts.iter().any(|alert| alert.text.contains("redact_post does not work yet")),
        "told at once: {alerts:?}"
    );
    for pause_s in &WHOLE_SCHEDULE_S[..10] {
        world.wait(SignedDuration::from_secs(*pause_s)).await;
    }
    let installation = world.github.install_on_all("acme").expect("installed");
    world.github.set_granted_permission(installation, "issues", Some("write")).expect("granted");
    for _ in 0..2 {
        world.wait(SignedDuration::from_hours(4)).await;
    }
    let thread = world.thread(number);
    assert_ne!(thread.body(), body);
    assert!(thread.locked && !thread.open);
    let protecting = |id: &str| id.starts_with("effect:redact:") || id.starts_with("effect:lock:");
    let open = world.alerts().await;
    assert!(!open.iter().any(|alert| protecting(&alert.id)), "what worked after all is no alert any more: {open:?}");
    world.finish().await;
}

#[tokio::test]
async fn a_protection_that_is_given_up_becomes_an_alert_and_holds_nothing_else_up() {
    let mut world = World::new().await;
    world.losses_expected = true;
    world.github.fault(Match::path("/issues/1").method("PATCH"), Fault::HeaderlessForbidden403);
    let (title, body) = world.exploit();
    let stuck = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    let thread = world.thread(stuck);
    assert_eq!(thread.body(), body);
    assert!(thread.locked, "the same lane went on");
    let advisories = world.github.advisories(REPO).expect("it exists");
    assert_eq!(advisories[0].collaborators, [RAE], "other lanes went on");
    assert!(world.said(stuck).is_empty(), "nothing was moved yet");

    let other = world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    assert_ne!(world.thread(other).body(), body, "other threads went on");
    assert!(world.alerts().await.is_empty());

    for pause_s in WHOLE_SCHEDULE_S {
        world.wait(SignedDuration::from_secs(pause_s)).await;
    }
    let tries = world.github.requests().iter().filter(|r| r.method == "PATCH" && r.path.ends_with("/issues/1")).count();
    assert_eq!(tries, 18, "as often as an outage of GitHub is waited for");
    let alerts = world.alerts().await;
    let alert = alerts.iter().find(|alert| alert.id.starts_with("effect:redact:")).expect("an alert");
    assert_eq!(alert.repository.to_string(), REPO);
    assert_eq!(alert.case.as_deref(), Some("SEC-2026-1"));
    assert!(
        alert.text.contains("/acme/framework/issues/1") && alert.text.contains("by hand"),
        "it says where and what: {}",
        alert.text
    );
    assert!(world.said(stuck).is_empty(), "nobody is told that it was moved, because it was not");
    world.finish().await;
}

#[tokio::test]
async fn other_effects_are_given_up_sooner() {
    let mut world = World::new().await;
    world.losses_expected = true;
    world.github.fault(Match::path("/issues/1/comments").method("POST"), Fault::HeaderlessForbidden403);
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    for pause_s in WHOLE_SCHEDULE_S {
        world.wait(SignedDuration::from_secs(pause_s)).await;
    }
    let tries =
        world.github.requests().iter().filter(|r| r.method == "POST" && r.path.ends_with("/issues/1/comments")).count();
    assert!((2..=8).contains(&tries), "{tries} tries");
    let alerts = world.alerts().await;
    assert!(alerts.iter().any(|alert| alert.id.starts_with("effect:say:")));
    world.finish().await;
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_for_days_parks_the_delivery_and_alerts() {
    for fault in [Fault::BadGateway502, Fault::HeaderlessForbidden403] {
        let mut world = World::new().await;
        world.losses_expected = true;
        world.github.fault(Match::path("/contents/").method("GET"), fault);
        let (title, body) = world.exploit();
        let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
        world.settle().await;
        assert!(world.alerts().await.is_empty());
        for pause_s in WHOLE_SCHEDULE_S {
            world.wait(SignedDuration::from_secs(pause_s)).await;
        }
        assert_eq!(world.thread(number).body(), body);
        let alerts = world.alerts().await;
        assert_eq!(alerts.len(), 1);
        assert!(alerts[0].id.starts_with("delivery:"), "{}", alerts[0].id);
        assert_eq!(alerts[0].repository.to_string(), REPO);
        world.finish().await;
    }
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_for_an_hour_costs_an_hour() {
    for fault in [Fault::BadGateway502, Fault::HeaderlessForbidden403, Fault::Status(401), Fault::GarbageBody] {
        let world = World::new().await;
        let hits = Match::path("/contents/").method("GET").times(4);
        world.github.fault(hits, fault.clone());
        let (ending, made) = shielded(&world).await;
        assert!(ending.is_shielded(), "{fault:?}: {ending:?}");
        assert_eq!(made.len(), 2, "{made:?}");
        world.finish().await;
    }
}
