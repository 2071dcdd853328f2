//! The process dies, at every moment at which it can die, and another one takes over.

use jiff::SignedDuration;

use crate::kit::{Ending, MALLORY, Moment, RAE, REPO, World};

/// Longer than a lease.
const LEASE_OVER: SignedDuration = SignedDuration::from_secs(121);

/// What an exploit in an issue, and another one in a comment of somebody else's thread, come to.
async fn act(world: &World) -> (u64, u64) {
    let (title, body) = world.exploit();
    let issue = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    let (title, body) = world.harmless();
    let other = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.github.comment(REPO, other, MALLORY, &world.exploit_comment()).expect("posted");
    (issue, other)
}

async fn recovered(world: &World) {
    world.wait(LEASE_OVER).await;
    world.engine.sweep_once().await.expect("GitHub answers");
    world.settle().await;
    world.wait(LEASE_OVER).await;
}

async fn endings(world: &World, (issue, other): (u64, u64)) -> (Ending, Ending, Vec<String>) {
    let endings = (world.ending(issue).await, world.ending(other).await);
    (endings.0, endings.1, world.made())
}

async fn undisturbed() -> (Ending, Ending, Vec<String>) {
    let world = World::new().await;
    let threads = act(&world).await;
    world.settle().await;
    recovered(&world).await;
    let ending = endings(&world, threads).await;
    assert!(ending.0.is_shielded());
    assert_eq!(ending.2.len(), 4, "two desks, two comments: {:?}", ending.2);
    world.finish().await;
    ending
}

async fn dies_everywhere(moment: Moment) {
    let expected = undisturbed().await;
    let mut deaths = 0;
    for nth in 1.. {
        let mut world = World::new().await;
        let death = world.live_until(nth, moment).await;
        let threads = act(&world).await;
        let outcome = world.try_settle().await;
        if !death.happened() {
            outcome.expect("nothing went wrong");
            world.finish().await;
            break;
        }
        world.restart().await;
        recovered(&world).await;
        assert_eq!(endings(&world, threads).await, expected, "the process died {moment:?} its write no. {nth}");
        world.finish().await;
        deaths += 1;
    }
    assert!(deaths > 30, "only {deaths} deaths were tried");
}

#[tokio::test]
async fn dying_before_any_write_loses_and_doubles_nothing() {
    dies_everywhere(Moment::Before).await;
}

#[tokio::test]
async fn dying_after_any_write_loses_and_doubles_nothing() {
    dies_everywhere(Moment::After).await;
}

#[tokio::test]
async fn dying_twice_in_a_row_is_no_worse() {
    let expected = undisturbed().await;
    for (first, second) in [(5, 1), (7, 2), (9, 1), (11, 3), (14, 1), (17, 2)] {
        let mut world = World::new().await;
        let death = world.live_until(first, Moment::Before).await;
        let threads = act(&world).await;
        let _ = world.try_settle().await;
        assert!(death.happened());
        let death = world.live_until(second, Moment::Before).await;
        world.clock.advance(LEASE_OVER);
        let _ = world.try_settle().await;
        assert!(death.happened());
        world.restart().await;
        recovered(&world).await;
        assert_eq!(endings(&world, threads).await, expected, "died at {first}, then at {second}");
        world.finish().await;
    }
}

#[tokio::test]
async fn two_processes_on_one_database_share_the_work() {
    let expected = undisturbed().await;
    let world = World::new().await;
    let (second, third) = (world.another_engine().await, world.another_engine().await);
    let threads = act(&world).await;
    world.github.deliveries_idle().await;
    for _ in 0..6 {
        let (a, b, c) = tokio::join!(world.engine.settle(), second.settle(), third.settle());
        for settled in [a, b, c] {
            settled.expect("the store works");
        }
        world.github.deliveries_idle().await;
    }
    recovered(&world).await;
    assert_eq!(endings(&world, threads).await, expected);
    world.finish().await;
}
