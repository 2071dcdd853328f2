//! Work was given up: it is loud, an operator sees why, mends it or takes it off the list, and the audit log knows who.

use std::process::Output;

use embargod::{
    domain::{case::Alert, decision::DecisionRecord, record::Record},
    standin::{Fault, Match},
    store::EffectState,
};
use jiff::SignedDuration;

use crate::kit::{RAE, REPO, World};

/// Days in which something fails again and again, until it is given up.
async fn until_given_up(world: &World) {
    for wait_s in [1, 5, 30, 120, 600, 3_600].into_iter().chain(std::iter::repeat_n(14_400, 20)) {
        let backlog = world.store().backlog(world.now()).await.expect("the store works");
        if backlog.effects_dead + backlog.deliveries_parked > 0 {
            return;
        }
        world.wait(SignedDuration::from_secs(wait_s)).await;
    }
    panic!("nothing was given up");
}

/// An exploit whose `write` fails until it is given up; its effect's key.
async fn dead(world: &mut World, write: Match, fault: Fault) -> (u64, String) {
    world.losses_expected = true;
    world.github.fault(write, fault);
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    until_given_up(world).await;
    let dead = world.effects().await.into_iter().find(|report| report.state == EffectState::Dead);
    (number, dead.expect("an effect is dead").effect.key)
}

/// Exit code, standard output, standard error.
fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

async fn run(world: &World, arguments: &[&str]) -> (Option<i32>, String, String) {
    said(&world.command(arguments).await)
}

/// A reader with 80 columns sees every line whole, but for what must not be cut: keys and addresses.
fn assert_narrow(page: &str) {
    for line in page.lines() {
        let longest = line.split_whitespace().map(str::len).max().unwrap_or(0);
        assert!(line.len() <= 80 || longest > 40, "{} columns: {line}", line.len());
    }
}

async fn entries(world: &World, outcome: &str) -> Vec<DecisionRecord> {
    let decisions = world.decisions().await;
    decisions.into_iter().filter(|decision| decision.outcome == outcome).collect()
}

#[tokio::test]
async fn a_protection_that_was_given_up_is_loud_and_works_when_it_is_tried_again() {
    let mut world = World::new().await;
    let write = Match::path("/issues/1").method("PATCH");
    let (number, key) = dead(&mut world, write, Fault::HeaderlessForbidden403).await;
    assert!(!world.ending(number).await.is_shielded());
    world.live_now();

    let (code, cases, _) = run(&world, &["case", "list"]).await;
    assert_eq!(code, Some(0));
    assert!(cases.contains(&format!("next: embargod effects show {key}")), "{cases}");
    let (_, why, _) = run(&world, &["case", "explain", "SEC-2026-1"]).await;
    assert!(why.contains(&format!("effect  {key}: given up after 18 attempts")), "{why}");
    assert!(why.contains(&format!("embargod effects show {key}")), "{why}");
    let (_, shown, _) = run(&world, &["case", "show", "SEC-2026-1"]).await;
    assert!(shown.contains(&format!("embargod effects show {key}")), "{shown}");

    let (code, list, _) = run(&world, &["effects", "list"]).await;
    assert_eq!(code, Some(0));
    assert!(list.starts_with(&format!("{key}\n  dead since ")), "{list}");
    assert!(list.contains("18 tries, SEC-2026-1, protecting") && list.contains("1 dead effect\n"), "{list}");
    assert_narrow(&list);
    let (_, page, _) = run(&world, &["effects", "show", &key]).await;
    assert!(page.contains(&format!("embargod effects retry {key} --reason TEXT")), "{page}");
    assert!(page.contains("The words can still be read in public"), "what to do by hand: {page}");
    assert_narrow(&page);
    let (_, json, _) = run(&world, &["effects", "list", "--json", "--case", "sec-2026-1"]).await;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json[0]["key"], key.as_str());
    assert_eq!(json[0]["state"], "dead");

    world.github.clear_faults();
    let (code, answer, _) = run(&world, &["effects", "retry", &key, "--reason", "the App may write again"]).await;
    assert_eq!(code, Some(0), "{answer}");
    world.live_now();
    world.settle().await;
    let thread = world.thread(number);
    assert!(thread.body() == embargod::domain::intake::texts::NEUTRAL_BODY && thread.locked && !thread.open);
    let open = world.alerts().await;
    assert!(!open.iter().any(|alert| alert.id.starts_with("effect:")), "{open:?}");

    let retried = entries(&world, "effect_retried").await;
    assert_eq!(retried.len(), 1);
    assert!(retried[0].actor.as_deref().is_some_and(|actor| actor.starts_with("operator:")));
    assert_eq!(retried[0].reasons[0].text, "the App may write again");
    assert_eq!((retried[0].subject.as_str(), retried[0].case.as_deref()), (key.as_str(), Some("SEC-2026-1")));
    assert_eq!(entries(&world, "given_up").await[0].subject, key);
    assert_eq!(entries(&world, "alert_resolved").await[0].subject, key);

    let (code, _, error) = run(&world, &["effects", "retry", &key, "--reason", "once more"]).await;
    assert_eq!(code, Some(1));
    assert!(error.contains("is done since") && error.contains("nothing was changed"), "{error}");
    assert_eq!(entries(&world, "effect_retried").await.len(), 1, "what was refused is no act");
    world.finish().await;
}

#[tokio::test]
async fn what_an_earlier_try_made_is_found_and_not_made_twice() {
    let mut world = World::new().await;
    // The comment was made, its answer was lost, and nobody could look since.
    world.github.fault(Match::path("/issues/1/comments").method("GET"), Fault::BadGateway502);
    let write = Match::path("/issues/1/comments").method("POST").times(1);
    let (number, key) = dead(&mut world, write, Fault::DropAnswerAfterDoing).await;
    assert!(key.starts_with("say:"), "{key}");
    assert_eq!(world.said(number).len(), 1);

    world.github.clear_faults();
    let (code, ..) = run(&world, &["effects", "retry", &key, "--reason", "GitHub is back"]).await;
    assert_eq!(code, Some(0));
    world.live_now();
    world.settle().await;
    let report = world.store().effect(&key).await.expect("the store works").expect("it is known");
    assert_eq!(report.state, EffectState::Done);
    assert_eq!(world.said(number).len(), 1, "it was there already");
    let alerts = world.alerts().await;
    let others: Vec<_> = alerts.iter().filter(|alert| !alert.id.starts_with("clock:")).collect();
    assert!(others.is_empty(), "also the alert about a courtesy resolves: {others:?}");
    world.finish().await;
}

#[tokio::test]
async fn an_effect_that_fails_again_alerts_again() {
    let mut world = World::new().await;
    let write = Match::path("/issues/1/comments").method("POST");
    let (_, key) = dead(&mut world, write, Fault::HeaderlessForbidden403).await;
    let alert = format!("effect:{key}");
    let (code, answer, _) = run(&world, &["case", "dismiss", &alert, "--reason", "seen, waiting for GitHub"]).await;
    assert_eq!(code, Some(0), "{answer}");
    assert!(world.alerts().await.is_empty());
    assert_eq!(entries(&world, "alert_dismissed").await[0].subject, alert);
    let (code, answer, _) = run(&world, &["case", "dismiss", &alert]).await;
    assert_eq!((code, answer.contains("resolved before")), (Some(0), true), "{answer}");

    run(&world, &["effects", "retry", &key, "--reason", "it may work now"]).await;
    world.live_now();
    world.settle().await;
    until_given_up(&world).await;
    assert!(world.alerts().await.iter().any(|open| open.id == alert), "it is open again");
    world.finish().await;
}

#[tokio::test]
async fn whoever_drops_an_effect_says_why_and_its_alert_is_resolved() {
    let mut world = World::new().await;
    let write = Match::path("/issues/1").method("PATCH");
    let (_, key) = dead(&mut world, write, Fault::HeaderlessForbidden403).await;
    let (code, answer, _) = run(&world, &["effects", "drop", &key, "--reason", "edited by hand"]).await;
    assert_eq!(code, Some(0));
    assert!(answer.contains("stays as it is on GitHub") && answer.contains("its alert is resolved"), "{answer}");
    assert!(!world.alerts().await.iter().any(|alert| alert.id == format!("effect:{key}")));
    let dropped = entries(&world, "effect_dropped").await;
    assert_eq!(dropped[0].reasons[0].text, "edited by hand");
    let mark = world.github.mark();
    world.live_now();
    world.settle().await;
    assert!(world.writes_since(mark).iter().all(|write| write.method != "PATCH" || write.path.contains("advisories")));

    // A drop that was broken off between its two steps is finished by repeating it.
    let resolved = world.store().record(Alert::KIND, &format!("effect:{key}")).await.expect("the store works");
    let mut alert: Alert = serde_json::from_value(resolved.expect("it is there").value).expect("readable");
    alert.resolved_at = None;
    let commit = embargod::store::Commit {
        records: vec![embargod::domain::record::RecordWrite::overwriting(&alert)],
        ..Default::default()
    };
    world.store().commit(world.now(), commit).await.expect("the store works");
    let (code, answer, _) = run(&world, &["effects", "drop", &key, "--reason", "edited by hand"]).await;
    assert_eq!(code, Some(0), "{answer}");
    assert!(!world.alerts().await.iter().any(|alert| alert.id == format!("effect:{key}")));
    assert_eq!(entries(&world, "effect_dropped").await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_wrong_key_or_no_reason_changes_nothing_and_says_what_to_do() {
    let mut world = World::new().await;
    let write = Match::path("/issues/1").method("PATCH");
    let (_, key) = dead(&mut world, write, Fault::HeaderlessForbidden403).await;
    let before = world.decisions().await.len();
    let long = "x".repeat(501);
    let typo = key.replace("issue", "isue");
    for (arguments, complaint) in [
        (vec!["effects", "retry", key.as_str()], "--reason <TEXT>"),
        (vec!["effects", "retry", &key, "--reason", "ok"], "3 characters or more"),
        (vec!["effects", "drop", &key, "--reason", &long], "500 characters at most"),
        (vec!["effects", "drop", "--reason", "a good one"], "<KEY>"),
        (vec!["effects", "show", &typo], key.as_str()),
        (vec!["effects", "retry", &typo, "--reason", "a good one"], key.as_str()),
        (vec!["effects", "drop", "nothing like it", "--reason", "a good one"], "`embargod effects list`"),
        (vec!["effects", "list", "--state", "gone"], "possible values: dead, ready, running, done, dropped"),
        (vec!["effects", "list", "--limit", "0"], "1..=100000"),
        (vec!["effects", "list", "--case", "7"], "SEC-YEAR-NUMBER"),
        (vec!["effects", "list", "--case", "SEC-2026-99"], "there is no case SEC-2026-99"),
        (vec!["deliveries", "retry", "no-such-guid", "--reason", "a good one"], "`embargod deliveries list`"),
    ] {
        let (code, _, error) = run(&world, &arguments).await;
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(error.contains(complaint), "{arguments:?}: {error}");
    }
    let (code, empty, _) = run(&world, &["effects", "list", "--state", "running"]).await;
    assert_eq!((code, empty.as_str()), (Some(0), "no running effects\n"));
    assert_eq!(world.decisions().await.len(), before);
    world.finish().await;
}

/// A delivery that was given up because the policy could not be read for days; its issue and its GUID.
async fn parked(world: &mut World) -> (u64, String) {
    world.losses_expected = true;
    world.github.fault(Match::path("/contents/").method("GET"), Fault::BadGateway502);
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    until_given_up(world).await;
    let parked = world.store().parked_deliveries(10).await.expect("the store works");
    (number, parked[0].guid.clone())
}

#[tokio::test]
async fn a_parked_delivery_is_handled_when_it_is_tried_again() {
    let mut world = World::new().await;
    let (number, guid) = parked(&mut world).await;
    assert_eq!(entries(&world, "parked").await[0].subject, guid);
    let (code, list, _) = run(&world, &["deliveries", "list"]).await;
    assert_eq!(code, Some(0));
    assert!(
        list.starts_with(&format!("{guid}\n  issues of acme/framework, ")) && list.contains("1 parked delivery\n"),
        "{list}"
    );
    assert_narrow(&list);
    let (_, cases, _) = run(&world, &["case", "list"]).await;
    assert!(cases.contains(&format!("embargod deliveries retry or drop {guid}")), "{cases}");

    world.github.clear_faults();
    let (code, ..) = run(&world, &["deliveries", "retry", &guid, "--reason", "the policy can be read"]).await;
    assert_eq!(code, Some(0));
    world.live_now();
    world.settle().await;
    assert!(world.ending(number).await.is_shielded());
    assert!(world.alerts().await.is_empty(), "{:?}", world.alerts().await);
    assert_eq!(entries(&world, "delivery_retried").await.len(), 1);
    let (code, list, _) = run(&world, &["deliveries", "list"]).await;
    assert_eq!((code, list.as_str()), (Some(0), "no parked deliveries\n"));
    let (code, _, error) = run(&world, &["deliveries", "drop", &guid, "--reason", "too late"]).await;
    assert_eq!((code, error.contains("was handled")), (Some(1), true), "{error}");
    world.finish().await;
}

#[tokio::test]
async fn a_parked_delivery_can_be_taken_off_the_list() {
    let mut world = World::new().await;
    let (number, guid) = parked(&mut world).await;
    let (code, answer, _) = run(&world, &["deliveries", "drop", &guid, "--reason", "edited by hand"]).await;
    assert_eq!((code, answer.contains("its alert is resolved")), (Some(0), true), "{answer}");
    assert!(world.alerts().await.is_empty());
    assert_eq!(entries(&world, "delivery_dropped").await[0].reasons[0].text, "edited by hand");
    let (code, _, error) = run(&world, &["deliveries", "retry", &guid, "--reason", "after all"]).await;
    assert_eq!((code, error.contains("final")), (Some(1), true), "{error}");
    let (title, _) = world.exploit();
    assert_eq!(world.thread(number).title, title, "nothing was done about it");
    world.finish().await;
}
