//! A delivery that meets long trouble steps aside: those behind it in its lane do not wait for it. Other
//! lanes never do.

use embargod::{
    domain::intake::texts::NEUTRAL_BODY,
    standin::{Fault, Match},
};
use jiff::SignedDuration;

use crate::kit::{MALLORY, RAE, REPO, World};

#[tokio::test]
async fn an_exploit_behind_a_delivery_in_trouble_is_shielded_within_seconds() {
    let world = World::new().await;
    // Without its policy nothing can be decided about a repository.
    world.github.fault(Match::path("/contents/.github/embargod.yml").times(3), Fault::BadGateway502);
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.github.comment(REPO, number, MALLORY, &world.exploit_comment()).expect("posted");
    let comment = || world.thread(number).comment_texts()[0].1.clone();
    world.settle().await;
    world.wait(SignedDuration::from_secs(1)).await;
    assert_ne!(comment(), NEUTRAL_BODY, "through short trouble the order within a thread is kept");
    world.wait(SignedDuration::from_secs(5)).await;
    assert_eq!(comment(), NEUTRAL_BODY);
    assert_ne!(world.thread(number).body(), NEUTRAL_BODY, "it has its own time");
    world.wait(SignedDuration::from_secs(30)).await;
    assert_eq!(world.thread(number).body(), NEUTRAL_BODY, "and is not forgotten");
    assert!(world.alerts().await.is_empty(), "nobody had to help");
    world.finish().await;
}

#[tokio::test]
async fn an_exploit_beside_a_delivery_in_trouble_does_not_wait_for_it() {
    let world = World::new().await;
    world.github.fault(Match::path("/contents/.github/embargod.yml").times(1), Fault::BadGateway502);
    let (title, body) = world.exploit();
    let first = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    let second = world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    let shielded = [world.ending(first).await.is_shielded(), world.ending(second).await.is_shielded()];
    assert_eq!(shielded.iter().filter(|shielded| **shielded).count(), 1, "one had the trouble, and it waits alone");
    world.wait(SignedDuration::from_secs(5)).await;
    assert!(world.ending(first).await.is_shielded() && world.ending(second).await.is_shielded());
    world.finish().await;
}
