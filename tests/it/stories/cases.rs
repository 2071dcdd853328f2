//! Doors in and clocks: a private report becomes one case whoever tells of it, and what is due is told in time, once, and
//! in private.

use std::time::Duration;

use embargod::{
    domain::{
        case::{Alert, Case, CaseOrigin, Desk, Handling},
        clocks::ClockState,
        operator::Operator,
    },
    engine::{evidence, opened_case, request_case},
    standin::AdvisoryState,
};
use jiff::{SignedDuration, Timestamp};

use crate::kit::{RAE, REPO, Setting, World, policy};

/// Owns the repository: publishing takes more than write permission.
const OWNER: &str = "acme";

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// A policy that promises 48 hours.
fn promises_48_hours() -> Setting {
    let policy = policy("shield").replace("django-2026", "minimal") + "acknowledgment:\n  within_hours: 48\n";
    Setting { policy: Some(policy), ..Setting::default() }
}

fn report(world: &World) -> String {
    let (title, body) = world.exploit();
    world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on")
}

async fn poll(world: &World) {
    world.engine.poll_advisories_once(MINUTE).await.expect("GitHub answers");
    world.settle().await;
}

async fn the_case(world: &World) -> Case {
    let mut cases = world.cases().await;
    assert_eq!(cases.len(), 1);
    cases.remove(0)
}

fn due(case: &Case) -> Timestamp {
    case.clock("acknowledgment").expect("the clock").due
}

/// What the bot said at the desk.
fn at_desk(world: &World, ghsa: &str) -> Vec<String> {
    let bot = world.github.bot_login();
    let comments = world.github.advisory(REPO, ghsa).expect("it exists").comments;
    comments.into_iter().filter(|comment| comment.author == bot).map(|comment| comment.body.clone()).collect()
}

async fn clock_alerts(world: &World) -> Vec<Alert> {
    let alerts = world.alerts().await;
    alerts.into_iter().filter(|alert| alert.id.starts_with("clock:SEC-2026-1:acknowledgment")).collect()
}

fn nothing_in_public(world: &World) {
    let changes = world.github.public_transcript()["changes_by_bot"].to_string();
    assert_eq!(changes, "[]");
}

#[tokio::test]
async fn a_private_report_makes_a_case_with_a_clock_of_48_hours() {
    let world = World::with(promises_48_hours()).await;
    let ghsa = report(&world);
    world.settle().await;
    let case = the_case(&world).await;
    assert_eq!((case.origin, case.handling), (CaseOrigin::Reported, Handling::Received));
    assert!(matches!(&case.desk, Desk::Advisory { ghsa: desk, .. } if *desk == ghsa));
    assert_eq!(case.reporter.login, RAE);
    assert_eq!(due(&case), world.now() + 48 * HOUR);
    let shop = world.engine.shop();
    let words = evidence::open(&*shop.store, &shop.sealer, &shop.clearance, case.id.as_str(), evidence::REPORT).await;
    let words = words.expect("the words are kept, sealed");
    assert_eq!((words.title, words.body), world.exploit());
    nothing_in_public(&world);
    world.finish().await;
}

#[tokio::test]
async fn under_a_policy_of_working_days_a_weekend_does_not_count() {
    let world = World::new().await;
    world.clock.advance(4 * 24 * HOUR);
    report(&world);
    world.settle().await;
    let case = the_case(&world).await;
    let took = due(&case).duration_since(world.now());
    assert!(took > 4 * 24 * HOUR && took < 6 * 24 * HOUR, "three working days from a Friday: {took}");
    world.finish().await;
}

#[tokio::test]
async fn a_report_of_which_nobody_told_is_found_with_its_true_age() {
    let world = World::with(promises_48_hours()).await;
    poll(&world).await;
    world.github.drop_next_deliveries(1);
    let ghsa = report(&world);
    let reported_at = world.now();
    world.wait(3 * HOUR).await;
    assert!(world.cases().await.is_empty(), "nobody told");
    poll(&world).await;
    let case = the_case(&world).await;
    assert_eq!((case.opened_at, case.age_since()), (world.now(), reported_at));
    assert_eq!(due(&case), reported_at + 48 * HOUR, "the promise counts from the report");
    assert!(matches!(&case.desk, Desk::Advisory { ghsa: desk, .. } if *desk == ghsa));
    nothing_in_public(&world);
    world.finish().await;
}

#[tokio::test]
async fn what_stood_there_before_the_app_came_is_found() {
    let world = World::with(promises_48_hours()).await;
    for _ in 0..2 {
        world.github.drop_next_deliveries(1);
        report(&world);
    }
    world.github.draft_advisory(REPO, OWNER, "A matter", "that was drafted by hand").expect("drafted");
    world.clock.advance(100 * HOUR);
    poll(&world).await;
    assert_eq!(world.cases().await.len(), 3);
    for case in world.cases().await {
        let clock = case.clock("acknowledgment").expect("the clock");
        assert_eq!(clock.state, ClockState::Breached, "48 of 100 hours are over");
    }
    world.finish().await;
}

#[tokio::test]
async fn told_twice_and_found_as_well_it_is_one_case() {
    let mut world = World::new().await;
    report(&world);
    world.settle().await;
    for delivery in world.github.deliveries() {
        assert!(world.github.redeliver(delivery.id));
    }
    world.settle().await;
    poll(&world).await;
    world.restart().await;
    world.clock.advance(HOUR);
    poll(&world).await;
    the_case(&world).await;
    world.finish().await;
}

#[tokio::test]
async fn a_draft_that_the_bot_made_belongs_to_the_case_of_its_post() {
    let world = World::new().await;
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    poll(&world).await;
    world.clock.advance(HOUR);
    poll(&world).await;
    assert_eq!(the_case(&world).await.origin, CaseOrigin::Shielded);
    world.finish().await;
}

#[tokio::test]
async fn without_a_policy_reports_are_left_alone_until_there_is_one() {
    let world = World::with(Setting { policy: None, ..Setting::default() }).await;
    report(&world);
    world.settle().await;
    poll(&world).await;
    assert!(world.cases().await.is_empty());
    world.github.set_file(REPO, ".github/embargod.yml", &policy("shield")).expect("pushed");
    world.wait(HOUR).await;
    poll(&world).await;
    the_case(&world).await;
    world.finish().await;
}

#[tokio::test]
async fn looking_where_nothing_changes_costs_one_request_at_each_turn() {
    let world = World::new().await;
    report(&world);
    world.settle().await;
    poll(&world).await;
    let mark = world.github.mark();
    for _ in 0..60 {
        world.clock.advance(SignedDuration::from_mins(1));
        world.engine.poll_advisories_once(MINUTE).await.expect("GitHub answers");
        world.engine.poll_advisories_once(MINUTE).await.expect("it is not its turn");
    }
    let lists = world.github.requests_since(mark);
    let lists = lists.iter().filter(|request| request.path.ends_with("/security-advisories")).count();
    assert_eq!(lists, 60);
    world.finish().await;
}

#[tokio::test]
async fn reminders_climb_once_each_through_every_restart() {
    let mut world = World::with(promises_48_hours()).await;
    let ghsa = report(&world);
    world.settle().await;
    let mut said = Vec::new();
    // Half of the time, three quarters, its end, a day more: each told once, a restart between any two.
    for (hours, comments, alerts) in [(23, 0, 0), (1, 1, 0), (12, 2, 0), (12, 3, 1), (23, 3, 1), (1, 4, 1), (5, 4, 1)] {
        world.restart().await;
        world.wait(hours * HOUR).await;
        world.wait(SignedDuration::from_mins(1)).await;
        said = at_desk(&world, &ghsa).into_iter().filter(|text| text.contains("`acknowledgment`")).collect();
        assert_eq!(said.len(), comments, "after {hours} more hours: {said:?}");
        assert_eq!(clock_alerts(&world).await.len(), alerts, "after {hours} more hours");
        world.clock.advance(SignedDuration::from_mins(-1));
    }
    assert!(said[0].contains("a person answers the reporter") && said[0].contains("/ack"), "{}", said[0]);
    let clock = the_case(&world).await;
    assert_eq!(clock.clock("acknowledgment").map(|clock| clock.state), Some(ClockState::Breached));
    nothing_in_public(&world);
    world.finish().await;
}

#[tokio::test]
async fn a_clock_that_jumps_far_ahead_tells_the_highest_rung_alone() {
    let world = World::with(promises_48_hours()).await;
    let ghsa = report(&world);
    world.settle().await;
    world.wait(80 * HOUR).await;
    let told = |text: &String| text.contains("`acknowledgment`");
    assert_eq!(at_desk(&world, &ghsa).iter().filter(|text| told(text)).count(), 1);
    assert_eq!(clock_alerts(&world).await.len(), 1);
    world.wait(-79 * HOUR).await;
    world.wait(79 * HOUR).await;
    assert_eq!(at_desk(&world, &ghsa).iter().filter(|text| told(text)).count(), 1, "not again");
    world.finish().await;
}

#[tokio::test]
async fn a_case_has_one_look_that_waits_and_one_that_lost_it_gets_it_back() {
    let world = World::with(promises_48_hours()).await;
    report(&world);
    world.settle().await;
    world.wait(24 * HOUR).await;
    let waiting = |effects: &[embargod::store::EffectReport]| {
        let waits = |report: &&embargod::store::EffectReport| {
            report.effect.kind == "case_tick" && report.state == embargod::store::EffectState::Ready
        };
        effects.iter().filter(waits).map(|report| report.effect.key.clone()).collect::<Vec<_>>()
    };
    let before = waiting(&world.effects().await);
    assert_eq!(before.len(), 1);
    world.engine.set_clocks().await.expect("the store works");
    assert_eq!(waiting(&world.effects().await), before, "nothing is missing");
    world.finish().await;
}

#[tokio::test]
async fn published_too_early_is_told_as_a_leak() {
    for told in [true, false] {
        let world = World::new().await;
        let ghsa = report(&world);
        world.settle().await;
        world.clock.advance(HOUR);
        if !told {
            world.github.drop_next_deliveries(1);
        }
        world.github.publish_advisory(REPO, &ghsa, OWNER).expect("published");
        world.settle().await;
        poll(&world).await;
        let case = the_case(&world).await;
        assert_eq!(case.exposure.public, Some(world.now()), "told: {told}");
        let alerts = world.alerts().await;
        assert_eq!(alerts.iter().filter(|alert| alert.id == "leak:SEC-2026-1").count(), 1, "{alerts:?}");
        assert!(!alerts.iter().any(|alert| alert.text.contains(&ghsa)));
        nothing_in_public(&world);
        world.finish().await;
    }
}

#[tokio::test]
async fn closed_by_hand_the_desk_is_told_that_its_case_is_open() {
    let world = World::new().await;
    let ghsa = report(&world);
    world.settle().await;
    poll(&world).await;
    world.clock.advance(HOUR);
    world.github.set_advisory_state(REPO, &ghsa, OWNER, AdvisoryState::Closed).expect("closed");
    poll(&world).await;
    let said = at_desk(&world, &ghsa);
    assert_eq!(said.len(), 2, "the receipt, and this: {said:?}");
    assert!(said[1].contains("closed by hand") && said[1].contains("/reject"), "{}", said[1]);
    world.finish().await;
}

#[tokio::test]
async fn an_operator_opens_a_case_with_a_desk_of_its_own_or_a_given_one() {
    let world = World::new().await;
    let shop = world.engine.shop();
    let alice = Operator::new("alice", None);
    let repository = REPO.parse().expect("a name");
    let title = format!("a matter {}", world.canary.word());
    let asked = request_case(shop, &repository, &title, None, &alice).await.expect("asked");
    world.settle().await;
    let first = opened_case(shop, &asked).await.expect("the store works").expect("opened");
    let case = the_case(&world).await;
    assert_eq!((&case.id, case.origin), (&first, CaseOrigin::Opened));
    assert!(matches!(case.desk, Desk::Advisory { .. }), "{:?}", case.desk);
    let opened = world.decisions().await.into_iter().find(|decision| decision.outcome == "case_opened");
    assert_eq!(opened.and_then(|decision| decision.actor).as_deref(), Some("operator:alice"));
    // The same advisory by its number: the case that there is.
    let Desk::Advisory { ghsa, .. } = &case.desk else { unreachable!("seen above") };
    let asked = request_case(shop, &repository, &title, Some(ghsa), &alice).await.expect("asked");
    world.settle().await;
    assert_eq!(opened_case(shop, &asked).await.expect("the store works"), Some(first));
    poll(&world).await;
    the_case(&world).await;
    nothing_in_public(&world);
    world.finish().await;
}
