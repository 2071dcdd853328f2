//! GitHub keeps old revisions readable for everybody; maintainers are reminded until a person has deleted them.

use embargod::{domain::operator::Operator, engine::request_undo};
use jiff::SignedDuration;

use crate::kit::{CORA, RAE, REPO, World};

/// Pauses that lead to an hour, a day, three days and a week after the post.
const LOOKS_H: [i64; 4] = [1, 23, 48, 96];

async fn shielded(world: &World) -> u64 {
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    assert!(world.ending(number).await.is_shielded());
    number
}

fn reminders(world: &World) -> usize {
    let advisories = world.github.advisories(REPO).expect("it exists");
    let comments = &advisories[0].comments;
    comments.iter().filter(|comment| comment.body.contains("/acme/framework/issues/1")).count()
}

#[tokio::test]
async fn the_desk_is_reminded_at_each_look_while_old_words_are_readable() {
    let world = World::new().await;
    shielded(&world).await;
    assert_eq!(reminders(&world), 0);
    world.wait(SignedDuration::from_mins(59)).await;
    assert_eq!(reminders(&world), 0, "not before an hour");
    world.wait(SignedDuration::from_mins(1)).await;
    for (look, pause_h) in LOOKS_H.into_iter().enumerate() {
        if look > 0 {
            world.wait(SignedDuration::from_hours(pause_h)).await;
        }
        assert_eq!(reminders(&world), look + 1);
        world.wait(SignedDuration::from_mins(10)).await;
        assert_eq!(reminders(&world), look + 1, "once a look");
    }
    world.wait(SignedDuration::from_hours(1_000)).await;
    assert_eq!(reminders(&world), 4, "then it is enough");
    let alerts = world.alerts().await;
    assert!(alerts.iter().all(|alert| alert.id.starts_with("clock:")), "but for the clocks: {alerts:?}");
    world.finish().await;
}

#[tokio::test]
async fn deleted_revisions_end_the_reminders() {
    let world = World::new().await;
    let number = shielded(&world).await;
    world.wait(SignedDuration::from_hours(1)).await;
    assert_eq!(reminders(&world), 1);
    world.github.delete_revisions(REPO, number, CORA).expect("deleted by hand");
    for pause_h in LOOKS_H {
        world.wait(SignedDuration::from_hours(pause_h)).await;
    }
    assert_eq!(reminders(&world), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_deleted_post_ends_the_reminders() {
    let world = World::new().await;
    let number = shielded(&world).await;
    world.github.add_member("acme", "owner", true).ok();
    world.github.delete_issue(REPO, number, "acme").expect("deleted");
    for pause_h in LOOKS_H {
        world.wait(SignedDuration::from_hours(pause_h)).await;
    }
    assert_eq!(reminders(&world), 0);
    world.finish().await;
}

#[tokio::test]
async fn where_advisories_take_no_comments_the_reminder_is_an_alert() {
    let world = World::new().await;
    world.github.set_capabilities(|can| can.advisory_comments = false);
    shielded(&world).await;
    world.wait(SignedDuration::from_hours(1)).await;
    let alerts = world.alerts().await;
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].id, "history:SEC-2026-1");
    assert!(alerts[0].text.contains("/acme/framework/issues/1"), "{}", alerts[0].text);
    world.finish().await;
}

#[tokio::test]
async fn an_undone_case_is_not_looked_at_any_more() {
    let mut world = World::new().await;
    world.words_restored = true;
    shielded(&world).await;
    let case = world.cases().await[0].id.clone();
    request_undo(world.engine.shop(), &case, &Operator::new(CORA, None)).await.expect("asked for");
    world.settle().await;
    for pause_h in LOOKS_H {
        world.wait(SignedDuration::from_hours(pause_h)).await;
    }
    assert_eq!(reminders(&world), 0);
    assert!(world.alerts().await.is_empty());
    world.finish().await;
}
