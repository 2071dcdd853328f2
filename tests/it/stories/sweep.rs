//! Deliveries that the server missed are asked for again, because GitHub does not repeat them by itself.

use embargod::standin::{Fault, Match};
use jiff::SignedDuration;

use crate::kit::{MALLORY, RAE, REPO, World};

async fn posted(world: &World, who: &str) -> u64 {
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, who, &title, &body).expect("posted")
}

async fn sweep(world: &World) -> usize {
    let asked = world.engine.sweep_once().await.expect("GitHub answers");
    world.settle().await;
    asked
}

/// The requests for another attempt so far.
fn requests(world: &World) -> Vec<String> {
    let requests = world.github.requests();
    let again = requests.iter().filter(|r| r.method == "POST" && r.path.ends_with("/attempts"));
    again.map(|r| r.path.clone()).collect()
}

#[tokio::test]
async fn a_missed_exploit_is_asked_for_and_shielded() {
    let world = World::new().await;
    world.github.drop_next_deliveries(1);
    let number = posted(&world, RAE).await;
    world.settle().await;
    assert!(world.decisions().await.is_empty(), "nothing arrived");
    world.clock.advance(SignedDuration::from_mins(3));
    assert_eq!(sweep(&world).await, 1);
    assert!(world.ending(number).await.is_shielded());
    assert_eq!(sweep(&world).await, 0, "what arrived is not asked for again");
    assert_eq!(requests(&world).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_server_that_was_down_for_two_days_catches_up() {
    let world = World::new().await;
    assert_eq!(sweep(&world).await, 0);
    world.github.drop_next_deliveries(2);
    let numbers = [posted(&world, RAE).await, posted(&world, MALLORY).await];
    world.clock.advance(SignedDuration::from_hours(48));
    assert_eq!(sweep(&world).await, 2);
    for number in numbers {
        assert!(world.ending(number).await.is_shielded());
    }
    world.finish().await;
}

#[tokio::test]
async fn nothing_is_asked_for_when_all_went_well() {
    let world = World::new().await;
    posted(&world, RAE).await;
    world.settle().await;
    world.clock.advance(SignedDuration::from_mins(3));
    assert_eq!(sweep(&world).await, 0);
    assert!(requests(&world).is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_delivery_that_is_kept_is_not_asked_for_although_its_answer_was_lost() {
    let mut world = World::new().await;
    let death = world.live_until(1, crate::kit::Moment::After).await;
    let number = posted(&world, RAE).await;
    world.github.deliveries_idle().await;
    assert!(death.happened());
    world.restart().await;
    assert!(world.github.deliveries().iter().all(|d| !d.succeeded()), "GitHub believes that it was lost");
    assert_eq!(sweep(&world).await, 0);
    assert!(requests(&world).is_empty());
    assert!(world.ending(number).await.is_shielded());
    world.finish().await;
}

#[tokio::test]
async fn one_delivery_is_asked_for_three_times_at_most() {
    let world = World::new().await;
    world.github.drop_next_deliveries(100);
    posted(&world, RAE).await;
    for _ in 0..8 {
        world.clock.advance(SignedDuration::from_mins(2));
        sweep(&world).await;
    }
    assert_eq!(requests(&world).len(), 3);
    world.github.drop_next_deliveries(0);
    world.finish().await;
}

#[tokio::test]
async fn a_delivery_that_github_will_not_repeat_does_not_hold_the_others_up() {
    let world = World::new().await;
    world.github.drop_next_deliveries(2);
    posted(&world, RAE).await;
    let second = posted(&world, MALLORY).await;
    let refused = world.github.deliveries()[0].id;
    world.github.fault(Match::path(&format!("/deliveries/{refused}/attempts")), Fault::Unprocessable422);
    for _ in 0..6 {
        world.clock.advance(SignedDuration::from_mins(2));
        let _ = world.engine.sweep_once().await;
        world.settle().await;
    }
    assert!(world.ending(second).await.is_shielded());
    let asked = requests(&world);
    let for_refused = asked.iter().filter(|path| path.contains(&refused.to_string()));
    assert_eq!(for_refused.count(), 3, "{asked:?}");
    world.finish().await;
}

#[tokio::test]
async fn deliveries_that_were_asked_for_before_a_failure_are_not_forgotten() {
    let world = World::new().await;
    world.github.drop_next_deliveries(100);
    posted(&world, RAE).await;
    posted(&world, MALLORY).await;
    let second = world.github.deliveries()[1].id;
    world.github.fault(Match::path(&format!("/deliveries/{second}/attempts")), Fault::BadGateway502);
    for _ in 0..6 {
        world.clock.advance(SignedDuration::from_mins(2));
        let _ = world.engine.sweep_once().await;
    }
    world.settle().await;
    let guid = world.github.deliveries()[0].guid.clone();
    let attempts = world.github.deliveries();
    let attempts = attempts.iter().filter(|d| d.guid == guid && d.redelivery);
    assert_eq!(attempts.count(), 3);
    world.github.drop_next_deliveries(0);
    world.finish().await;
}
