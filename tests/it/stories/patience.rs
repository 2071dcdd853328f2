//! A delivery that meets long trouble steps aside: those behind it in its lane do not wait for it.

use embargod::standin::{Fault, Match};
use jiff::SignedDuration;

use crate::kit::{MALLORY, RAE, REPO, World};

#[tokio::test]
async fn an_exploit_behind_a_delivery_in_trouble_is_shielded_within_seconds() {
    let world = World::new().await;
    // Without its policy nothing can be decided about a repository.
    world.github.fault(Match::path("/contents/.github/embargod.yml").times(3), Fault::BadGateway502);
    let (title, body) = world.exploit();
    let first = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    let second = world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    world.wait(SignedDuration::from_secs(1)).await;
    assert!(!world.thread(second).locked, "through short trouble the order is kept");
    world.wait(SignedDuration::from_secs(5)).await;
    assert!(world.ending(second).await.is_shielded());
    assert!(!world.thread(first).locked, "it has its own time");
    world.wait(SignedDuration::from_secs(30)).await;
    assert!(world.ending(first).await.is_shielded(), "and is not forgotten");
    assert!(world.alerts().await.is_empty(), "nobody had to help");
    world.finish().await;
}
