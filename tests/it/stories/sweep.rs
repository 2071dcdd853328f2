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

/// Requests for one delivery become rarer, and there are so many of them.
const MOST_REQUESTS: usize = 5;

#[tokio::test]
async fn one_delivery_is_asked_for_a_few_times_at_most() {
    let world = World::new().await;
    world.github.drop_next_deliveries(100);
    posted(&world, RAE).await;
    for _ in 0..6 {
        sweep(&world).await;
        world.clock.advance(SignedDuration::from_mins(1));
    }
    assert_eq!(requests(&world).len(), 1, "not every minute");
    for _ in 0..60 {
        world.clock.advance(SignedDuration::from_hours(2));
        sweep(&world).await;
    }
    assert_eq!(requests(&world).len(), MOST_REQUESTS);
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
    for _ in 0..40 {
        let _ = world.engine.sweep_once().await;
        world.settle().await;
        world.clock.advance(SignedDuration::from_hours(2));
    }
    assert!(world.ending(second).await.is_shielded());
    let asked = requests(&world);
    let for_refused = asked.iter().filter(|path| path.contains(&refused.to_string()));
    assert_eq!(for_refused.count(), MOST_REQUESTS, "{asked:?}");
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
    for _ in 0..40 {
        let _ = world.engine.sweep_once().await;
        world.clock.advance(SignedDuration::from_hours(2));
    }
    world.settle().await;
    let guid = world.github.deliveries()[0].guid.clone();
    let attempts = world.github.deliveries();
    let attempts = attempts.iter().filter(|d| d.guid == guid && d.redelivery);
    assert_eq!(attempts.count(), MOST_REQUESTS);
    world.github.drop_next_deliveries(0);
    world.finish().await;
}

#[tokio::test]
async fn a_delivery_that_was_given_up_here_is_not_asked_for() {
    let mut world = World::new().await;
    world.losses_expected = true;
    // It arrives and is durable, its answer is lost, and it cannot be handled.
    let death = world.live_until(1, crate::kit::Moment::After).await;
    posted(&world, RAE).await;
    world.github.deliveries_idle().await;
    assert!(death.happened());
    world.restart().await;
    world.github.fault(Match::path("/contents/"), Fault::GarbageBody);
    for _ in 0..40 {
        world.wait(SignedDuration::from_hours(4)).await;
    }
    assert_eq!(world.store().backlog(world.now()).await.expect("the store works").deliveries_parked, 1);
    assert_eq!(sweep(&world).await, 0);
    assert!(requests(&world).is_empty());
    world.finish().await;
}

#[tokio::test]
async fn what_somebody_else_answered_in_our_place_is_asked_for() {
    let world = World::new().await;
    assert_eq!(sweep(&world).await, 0);
    let elsewhere = axum::Router::new().fallback(|| async { "maintenance" });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let ours = world.github.hook_url().expect("it is set");
    world.github.set_hook_url(&format!("http://{address}/webhook"));
    let proxy = tokio::spawn(async move { axum::serve(listener, elsewhere).await });
    let number = posted(&world, RAE).await;
    world.settle().await;
    assert!(world.github.deliveries().iter().all(|d| d.succeeded()), "GitHub believes that all is well");
    proxy.abort();
    world.github.set_hook_url(&ours);
    world.clock.advance(SignedDuration::from_mins(3));
    assert_eq!(sweep(&world).await, 1);
    assert!(world.ending(number).await.is_shielded());
    assert_eq!(sweep(&world).await, 0);
    world.finish().await;
}

#[tokio::test]
async fn a_list_too_long_for_one_sweep_is_gone_on_with() {
    let world = World::new().await;
    assert_eq!(sweep(&world).await, 0);
    world.github.drop_next_deliveries(3_000);
    let (title, body) = world.harmless();
    let number = posted(&world, RAE).await;
    for index in 0..2_099 {
        world.github.open_issue(REPO, "zoe", &format!("{title} {index}"), &body).expect("posted");
    }
    world.github.drop_next_deliveries(0);
    world.clock.advance(SignedDuration::from_mins(3));
    // Sixty a sweep, and the exploit is the oldest of all: it comes when the end of the list was reached.
    let mut sweeps = 0;
    while !world.ending(number).await.is_shielded() {
        sweeps += 1;
        assert!(sweeps < 40, "it was never found");
        let asked = sweep(&world).await;
        assert!(asked <= 60, "{asked}");
        world.clock.advance(SignedDuration::from_mins(1));
    }
    world.finish().await;
}

#[tokio::test]
async fn a_server_without_a_list_of_deliveries_is_mentioned_once() {
    let world = World::new().await;
    world.github.fault(Match::path("/app/hook/deliveries"), Fault::NotFound404);
    let said = |world: &World| {
        let log = String::from_utf8(world.logged()).expect("text");
        log.matches("keeps no list of deliveries").count()
    };
    let before = said(&world);
    for _ in 0..5 {
        assert_eq!(sweep(&world).await, 0);
    }
    // Other stories log into the same place, each at most once.
    assert!(said(&world) > before);
    assert!(said(&world) - before < 5);
    world.finish().await;
}
