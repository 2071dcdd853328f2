//! Bodies go, evidence stays, and what was told once is not handled a second time.

use embargod::{
    domain::{operator::Operator, retention::Retention},
    engine::{chores::Cleared, evidence, request_undo},
    standin::{Fault, Match},
};
use jiff::SignedDuration;

use crate::kit::{CORA, MALLORY, RAE, REPO, World};

const RULE: (u32, u32) = (14, 400);

async fn clear_away(world: &World) -> Cleared {
    let rule = Retention::new(RULE.0, RULE.1).expect("within bounds");
    world.engine.clear_away(rule).await.expect("the store works")
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// How many deliveries have a body.
async fn bodies(world: &World) -> usize {
    world.store().body_heads(0, 1_000, 8).await.expect("the store works").len()
}

async fn redeliver_everything(world: &World) {
    for delivery in world.github.deliveries() {
        assert!(world.github.redeliver(delivery.id));
    }
    world.settle().await;
}

#[tokio::test]
async fn bodies_go_after_two_weeks_and_the_case_can_still_be_undone() {
    let mut world = World::new().await;
    world.words_restored = true;
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    assert!(world.ending(number).await.is_shielded());

    world.wait(days(14) - SignedDuration::from_secs(1)).await;
    let (kept, decisions) = (bodies(&world).await, world.decisions().await.len());
    assert!(kept > 0);
    assert_eq!(clear_away(&world).await, Cleared::default());
    assert_eq!(bodies(&world).await, kept, "two weeks are not over");
    world.clock.advance(SignedDuration::from_secs(2));
    let cleared = clear_away(&world).await;
    assert_eq!((cleared.bodies, cleared.deliveries), (u64::try_from(kept).expect("small"), 0));
    assert_eq!(bodies(&world).await, 0);
    let told = world.decisions().await.pop().expect("it was told");
    assert_eq!((told.feature.as_str(), told.outcome.as_str()), ("retention", "cleared"));
    assert_eq!(clear_away(&world).await, Cleared::default(), "and there it ends");
    assert_eq!(world.decisions().await.len(), decisions + 1, "nothing to do is nothing to tell");

    let case = world.cases().await.remove(0);
    let shop = world.engine.shop();
    let name = &case.posts[0].evidence[0];
    let words = evidence::open(&*shop.store, &shop.sealer, &shop.clearance, case.id.as_str(), name).await;
    assert_eq!(words.expect("it opens").body, body, "evidence is the case's and stays");

    let mark = world.github.mark();
    redeliver_everything(&world).await;
    assert_eq!(world.github.mark(), mark, "a GUID outlives its body");
    assert_eq!(bodies(&world).await, 0);

    request_undo(shop, &case.id, &Operator::new(CORA, None)).await.expect("asked for");
    world.settle().await;
    assert_eq!((world.thread(number).title, world.thread(number).open), (title, true));
    world.finish().await;
}

#[tokio::test]
async fn a_forgotten_delivery_is_new_and_still_does_nothing_twice() {
    let world = World::new().await;
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    world.wait(days(401)).await;
    let public = world.thread(number);
    assert!(world.ending(number).await.is_shielded());
    let cleared = clear_away(&world).await;
    assert!(cleared.deliveries > 0);
    assert_eq!(cleared.bodies, cleared.deliveries, "their bodies went before them");
    let guid = &world.github.deliveries()[0].guid;
    assert_eq!(world.store().delivery_state(guid).await.expect("the store works"), None);

    redeliver_everything(&world).await;
    let again = world.thread(number);
    assert_eq!((again.title.as_str(), again.body()), (public.title.as_str(), public.body()));
    assert_eq!(again.comment_texts(), public.comment_texts(), "what was said is known by its effects and records");
    assert_eq!((again.open, again.locked), (false, true));
    assert_eq!(world.cases().await.len(), 1, "it is the same case");
    assert_eq!(world.github.advisories(REPO).expect("it exists").len(), 1, "with the same desk");
    world.finish().await;
}

#[tokio::test]
async fn what_waits_or_is_parked_is_kept_whatever_its_age() {
    let mut world = World::new().await;
    world.losses_expected = true;
    world.github.fault(Match::path("/contents/").method("GET"), Fault::BadGateway502);
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    for _ in 0..24 {
        world.wait(SignedDuration::from_hours(4)).await;
    }
    let parked = world.store().parked_deliveries(10).await.expect("the store works");
    assert_eq!(parked.len(), 1);
    world.clock.advance(days(500));
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    world.clock.advance(days(500));
    assert_eq!(clear_away(&world).await, Cleared::default());
    let still = world.store().parked_deliveries(10).await.expect("the store works");
    assert!(still.iter().any(|delivery| delivery.guid == parked[0].guid && delivery.has_body));

    let guid = parked[0].guid.as_str();
    let output = world.command(&["deliveries", "drop", guid, "--reason", "nobody needs it"]).await;
    assert_eq!(output.status.code(), Some(0));
    let cleared = clear_away(&world).await;
    assert_eq!((cleared.bodies, cleared.deliveries), (1, 1), "once dropped it is over like any other");
    world.github.clear_faults();
    world.wait(SignedDuration::from_hours(4)).await;
    world.finish().await;
}
