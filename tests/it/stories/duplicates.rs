//! The same thing is told more than once, late, or in the wrong order.

use embargod::domain::intake::texts;
use jiff::SignedDuration;

use crate::kit::{MALLORY, RAE, REPO, World};

async fn posted(world: &World) -> u64 {
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, RAE, &title, &body).expect("posted")
}

/// Sends every delivery that GitHub knows of once more.
async fn redeliver_everything(world: &World) {
    for delivery in world.github.deliveries() {
        assert!(world.github.redeliver(delivery.id));
    }
    world.settle().await;
}

#[tokio::test]
async fn a_delivery_that_comes_three_times_counts_once() {
    let world = World::new().await;
    world.github.repeat_next_delivery(3);
    let number = posted(&world).await;
    world.settle().await;
    let ending = world.ending(number).await;
    assert!(ending.is_shielded());
    let decisions = world.decisions().await.len();
    let mark = world.github.mark();

    world.wait(SignedDuration::from_mins(30)).await;
    redeliver_everything(&world).await;
    assert_eq!(world.ending(number).await, ending);
    assert_eq!(world.decisions().await.len(), decisions);
    assert_eq!(world.github.mark(), mark, "GitHub was not even asked");
    world.finish().await;
}

#[tokio::test]
async fn a_lost_database_does_not_make_the_bot_repeat_itself() {
    let mut world = World::new().await;
    let number = posted(&world).await;
    world.settle().await;
    let ending = world.ending(number).await;
    let made = world.made();
    world.lose_database().await;
    assert!(world.cases().await.is_empty(), "it is really lost");

    world.clock.advance(SignedDuration::from_mins(2));
    redeliver_everything(&world).await;
    assert_eq!(world.ending(number).await, ending);
    assert_eq!(world.made(), made, "no second desk, no second comment");
    assert_eq!(world.cases().await.len(), 1, "the case is known again");
    world.finish().await;
}

#[tokio::test]
async fn an_edit_that_is_told_before_its_post_changes_nothing_about_the_end() {
    let world = World::new().await;
    world.github.hold_deliveries();
    let number = posted(&world).await;
    let edited = format!("{}\n\nEdit: version 4.2.", world.exploit().1);
    world.github.edit_thread(REPO, number, RAE, None, Some(&edited)).expect("edited");
    world.github.reorder_deliveries(|ids| ids.reverse());
    world.github.release_deliveries();
    world.settle().await;
    let ending = world.ending(number).await;
    assert!(ending.is_shielded());
    assert_eq!(world.made().iter().filter(|p| !p.contains("GHSA")).count(), 2);
    assert_eq!(world.cases().await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn an_undo_after_a_late_post_restores_the_newest_words() {
    let mut world = World::new().await;
    world.words_restored = true;
    world.github.hold_deliveries();
    let number = posted(&world).await;
    let edited = format!("{}\n\nEdit: version 4.2.", world.exploit().1);
    world.github.edit_thread(REPO, number, RAE, None, Some(&edited)).expect("edited");
    world.github.reorder_deliveries(|ids| ids.reverse());
    world.github.release_deliveries();
    world.settle().await;
    world.github.comment(REPO, number, "cora", "/not-security").expect("said");
    world.settle().await;
    assert_eq!(world.thread(number).body(), edited);
    world.finish().await;
}

#[tokio::test]
async fn two_strangers_at_once_in_one_thread_share_a_case_and_an_answer() {
    let world = World::new().await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    for who in [RAE, MALLORY] {
        world.github.comment(REPO, number, who, &world.exploit_comment()).expect("posted");
    }
    world.settle().await;
    let thread = world.thread(number);
    assert!(thread.open && !thread.locked && thread.body() == body);
    for comment in &thread.comments[..2] {
        assert_eq!(comment.post.body, texts::NEUTRAL_BODY);
        assert!(comment.post.minimised.is_some());
    }
    assert_eq!(world.said(number).len(), 1);
    let cases = world.cases().await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].posts.len(), 2);
    let advisories = world.github.advisories(REPO).expect("it exists");
    assert_eq!(advisories.len(), 1);
    let told: Vec<_> = advisories[0].comments.iter().collect();
    assert_eq!(told.len(), 1, "the desk learns of the second");
    assert!(told[0].body.contains(&world.exploit_comment()));
    world.finish().await;
}

#[tokio::test]
async fn an_author_who_brings_the_words_back_is_moved_again_but_not_answered_again() {
    let world = World::new().await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    let comment = world.github.comment(REPO, number, RAE, &world.exploit_comment()).expect("posted");
    world.settle().await;
    for _ in 0..2 {
        world.clock.advance(SignedDuration::from_mins(5));
        world.github.edit_comment(REPO, comment, RAE, &world.exploit_comment()).expect("edited");
        world.settle().await;
        assert_eq!(world.thread(number).comments[0].post.body, texts::NEUTRAL_BODY);
    }
    assert_eq!(world.said(number).len(), 1);
    assert_eq!(world.cases().await.len(), 1);
    world.finish().await;
}
