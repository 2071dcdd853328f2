//! The same away from issues and pull requests, where GitHub has other calls and other permissions.

use embargod::{
    domain::intake::texts::{NEUTRAL_BODY, NEUTRAL_TITLE},
    standin::Post,
};

use super::{
    COMMENT_MOVED, THREAD_MOVED, assert_hidden, assert_moved_to_private, assert_said_once, assert_thread_goes_on,
    harmless_discussion, settled, the_only_case,
};
use crate::kit::{MALLORY, RAE, REPO, Setting, World};

#[tokio::test]
async fn a_discussion_is_emptied_closed_and_locked() {
    let world = World::new().await;
    let (title, body) = world.exploit();
    let number = settled(&world, world.github.open_discussion(REPO, MALLORY, &title, &body)).await;

    let thread = world.thread(number);
    assert_eq!((thread.title.as_str(), thread.body()), (NEUTRAL_TITLE, NEUTRAL_BODY));
    assert!(!thread.open && thread.locked);
    assert_said_once(&world, number, THREAD_MOVED);
    assert_moved_to_private(&world, &body, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_discussion_that_is_edited_into_an_exploit_is_emptied_closed_and_locked() {
    let world = World::new().await;
    let number = harmless_discussion(&world).await;
    let (_, body) = world.exploit();
    settled(&world, world.github.edit_thread(REPO, number, RAE, None, Some(&body))).await;

    let thread = world.thread(number);
    assert_eq!((thread.title.as_str(), thread.body()), (NEUTRAL_TITLE, NEUTRAL_BODY));
    assert!(!thread.open && thread.locked);
    assert_said_once(&world, number, THREAD_MOVED);
    assert_moved_to_private(&world, &body, RAE).await;
    world.finish().await;
}

#[tokio::test]
async fn a_comment_in_a_discussion_is_hidden_and_the_discussion_goes_on() {
    let world = World::new().await;
    let number = harmless_discussion(&world).await;
    let words = world.exploit_comment();
    settled(&world, world.github.comment_discussion(REPO, number, MALLORY, &words, None)).await;

    assert_hidden(&world.thread(number).comments[0].post);
    assert_thread_goes_on(&world, number);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_reply_in_a_discussion_is_hidden_and_what_it_answers_stays() {
    let world = World::new().await;
    let number = harmless_discussion(&world).await;
    let answered =
        settled(&world, world.github.comment_discussion(REPO, number, RAE, "The second default is right.", None)).await;
    let words = world.exploit_comment();
    settled(&world, world.github.comment_discussion(REPO, number, MALLORY, &words, Some(answered))).await;

    let thread = world.thread(number);
    assert_eq!(thread.comments[0].post.body, "The second default is right.");
    assert_hidden(&thread.comments[1].post);
    assert_thread_goes_on(&world, number);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_comment_in_a_discussion_that_is_edited_into_an_exploit_is_hidden() {
    let world = World::new().await;
    let number = harmless_discussion(&world).await;
    let comment = settled(&world, world.github.comment_discussion(REPO, number, MALLORY, "Same here.", None)).await;
    let words = world.exploit_comment();
    settled(&world, world.github.edit_comment(REPO, comment, MALLORY, &words)).await;

    assert_hidden(&world.thread(number).comments[0].post);
    assert_said_once(&world, number, COMMENT_MOVED);
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_comment_on_a_commit_is_hidden_where_the_app_may_edit_it() {
    let world = World::with(Setting { permissions: vec![("contents", Some("write"))], ..Setting::default() }).await;
    let words = world.exploit_comment();
    for author in [MALLORY, RAE] {
        world.github.comment_commit(REPO, "main", author, &words).expect("posted");
        world.settle().await;
    }

    let (said, posted) = commit_comments(&world);
    assert_eq!(posted.len(), 2);
    for post in &posted {
        assert_hidden(post);
    }
    let said: Vec<_> = said.iter().map(|c| world.as_read(&c.body)).collect();
    assert_eq!(said, [COMMENT_MOVED], "a commit is answered once, too");
    assert_moved_to_private(&world, &words, MALLORY).await;
    world.finish().await;
}

#[tokio::test]
async fn a_comment_on_a_commit_that_the_app_may_not_edit_is_not_pointed_at() {
    // GitHub lets an App edit comments on commits only if it may write code, which ours may not.
    let mut world = World::new().await;
    world.losses_expected = true;
    let words = world.exploit_comment();
    settled(&world, world.github.comment_commit(REPO, "main", MALLORY, &words)).await;

    let (said, posted) = commit_comments(&world);
    assert_eq!(posted[0].body, words, "GitHub refused the edit");
    assert!(said.is_empty(), "nobody is told that it was moved, or where to look");
    assert_moved_to_private(&world, &words, MALLORY).await;
    let alerts = world.alerts().await;
    assert_eq!(alerts.len(), 1);
    assert!(
        alerts[0].text.contains("#commitcomment-") && alerts[0].text.contains("contents=write"),
        "{}",
        alerts[0].text
    );
    let (_, draft) = the_only_case(&world).await;
    assert_eq!(draft.comments.len(), 1);
    assert!(draft.comments[0].body.contains("can still be read by everybody"));
    world.finish().await;
}

/// What the bot said below commits, and what others did.
fn commit_comments(world: &World) -> (Vec<Post>, Vec<Post>) {
    let bot = world.github.bot_login();
    let comments = world.github.commit_comments(REPO).expect("comments");
    comments.into_iter().partition(|c| c.author == bot)
}
