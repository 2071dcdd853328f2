//! Timers are effects with an instant: whatever happens to the process or its clock, each is done once, and one whose
//! window was missed is told and not made up.

use embargod::{
    domain::{
        case::Alert,
        effect::Effect,
        intake::actions::{CloseDesk, RaiseAlert},
        post::RepoName,
    },
    store::{Commit, EffectReport, EffectState},
};
use jiff::{SignedDuration, Timestamp, civil::datetime, tz::TimeZone};

use crate::kit::{RAE, REPO, World};

/// A timer whose going off can be seen: an alert.
fn timer(key: &str, at: Timestamp) -> Effect {
    let repository = RepoName { owner: "acme".to_owned(), name: "framework".to_owned() };
    let alert = Alert {
        id: key.to_owned(),
        at,
        repository,
        case: None,
        text: "a timer went off".to_owned(),
        resolved_at: None,
    };
    Effect::new(key, key, &RaiseAlert { alert }).not_before(at)
}

async fn set(world: &World, effects: impl IntoIterator<Item = Effect>) {
    let commit = Commit { effects: effects.into_iter().collect(), ..Commit::default() };
    world.store().commit(world.now(), commit).await.expect("the store works");
}

async fn report(world: &World, key: &str) -> EffectReport {
    world.store().effect(key).await.expect("the store works").expect("it was set")
}

/// Whether it went off, once.
async fn went_off(world: &World, key: &str) -> bool {
    let report = report(world, key).await;
    assert!(report.attempts <= 1, "{key} went off {} times", report.attempts);
    report.state == EffectState::Done
}

#[tokio::test]
async fn a_restart_neither_loses_nor_repeats_it() {
    let mut world = World::new().await;
    set(&world, [timer("t", world.now() + SignedDuration::from_hours(2))]).await;
    world.wait(SignedDuration::from_hours(1)).await;
    world.restart().await;
    world.settle().await;
    assert!(!went_off(&world, "t").await, "too early");
    world.wait(SignedDuration::from_hours(1)).await;
    assert!(went_off(&world, "t").await);
    world.restart().await;
    world.wait(SignedDuration::from_hours(1)).await;
    assert!(went_off(&world, "t").await);
    world.finish().await;
}

#[tokio::test]
async fn a_clock_that_jumps_makes_it_go_off_once_and_never_early() {
    let world = World::new().await;
    let begun = world.now();
    set(
        &world,
        [timer("soon", begun + SignedDuration::from_hours(1)), timer("later", begun + SignedDuration::from_hours(100))],
    )
    .await;
    world.wait(SignedDuration::from_hours(50)).await;
    assert!(went_off(&world, "soon").await);
    world.wait(SignedDuration::from_hours(-50)).await;
    world.wait(SignedDuration::from_hours(2)).await;
    assert!(went_off(&world, "soon").await, "not again");
    assert!(!went_off(&world, "later").await, "not yet");
    world.wait(SignedDuration::from_hours(100)).await;
    assert!(went_off(&world, "later").await);
    world.finish().await;
}

#[tokio::test]
async fn of_two_engines_one_does_it() {
    let world = World::new().await;
    let another = world.another_engine().await;
    let keys: Vec<String> = (0..20).map(|n| format!("t{n}")).collect();
    let due = world.now() + SignedDuration::from_hours(1);
    set(&world, keys.iter().map(|key| timer(key, due))).await;
    world.clock.advance(SignedDuration::from_hours(1));
    let (one, two) = tokio::join!(world.engine.settle(), another.settle());
    assert!(one.is_ok() && two.is_ok(), "the store works");
    for key in &keys {
        assert!(went_off(&world, key).await);
    }
    world.finish().await;
}

#[tokio::test]
async fn on_the_days_on_which_clocks_are_changed_it_goes_off_once() {
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a zone");
    let world = World::new().await;
    // Half past two does not exist on the first of these days, and comes twice on the second.
    for (key, day) in [("spring", datetime(2027, 3, 28, 0, 0, 0, 0)), ("autumn", datetime(2027, 10, 31, 0, 0, 0, 0))] {
        let midnight = berlin.to_timestamp(day).expect("an instant");
        let at = berlin.to_timestamp(day.date().at(2, 30, 0, 0)).expect("an instant");
        set(&world, [timer(key, at)]).await;
        world.clock.advance(midnight.duration_since(world.now()));
        for _ in 0..24 {
            world.wait(SignedDuration::from_mins(15)).await;
            assert_eq!(went_off(&world, key).await, world.now() >= at, "{key} at {}", world.now());
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn a_window_that_was_missed_is_told_and_not_made_up() {
    let mut world = World::new().await;
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    let case = world.cases().await[0].id.to_string();
    let opens = world.now() + SignedDuration::from_hours(1);
    let closes = opens + SignedDuration::from_hours(1);
    let close = CloseDesk { case: case.clone() };
    let effect = Effect::new("window", "window", &close).for_case(&case).not_before(opens).expires_at(closes);
    set(&world, [effect]).await;

    // Nobody runs until the window is over to the instant.
    world.clock.advance(SignedDuration::from_hours(2));
    world.restart().await;
    world.settle().await;
    let missed = report(&world, "window").await;
    assert_eq!(missed.state, EffectState::Dead);
    let alerts = world.alerts().await;
    let told = alerts.iter().find(|alert| alert.case.as_deref() == Some(case.as_str())).expect("maintainers are told");
    assert!(
        told.text.contains("close_desk was not done (") && told.text.contains("missed its window"),
        "{}",
        told.text
    );
    world.losses_expected = true;
    world.finish().await;
}

#[tokio::test]
async fn within_its_window_it_is_done() {
    let world = World::new().await;
    let opens = world.now() + SignedDuration::from_hours(1);
    set(&world, [timer("t", opens).expires_at(opens + SignedDuration::from_hours(1))]).await;
    world.wait(SignedDuration::from_mins(119)).await;
    assert!(went_off(&world, "t").await);
    world.finish().await;
}
