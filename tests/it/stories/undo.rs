//! A maintainer says that it is no security matter: the public side comes back as it was.

use embargod::standin::{AdvisoryState, Fault, Match};
use jiff::SignedDuration;

use crate::kit::{CORA, MALLORY, RAE, REPO, World};

async fn world() -> World {
    let mut world = World::new().await;
    world.words_restored = true;
    world
}

async fn shielded(world: &World) -> u64 {
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    assert!(world.ending(number).await.is_shielded());
    number
}

/// Somebody comments; the comment's place among the thread's comments.
async fn says(world: &World, number: u64, who: &str, text: &str) -> usize {
    world.clock.advance(SignedDuration::from_mins(1));
    let id = if world.thread(number).is_discussion() {
        world.github.comment_discussion(REPO, number, who, text, None)
    } else {
        world.github.comment(REPO, number, who, text)
    }
    .expect("said");
    world.settle().await;
    let thread = world.thread(number);
    let comments = &thread.comments;
    comments.iter().position(|comment| comment.post.id == id).expect("it is there")
}

fn is_acknowledged(world: &World, number: u64, comment: usize) -> bool {
    let bot = world.github.bot_login();
    let thread = world.thread(number);
    let mut reactions = thread.comments[comment].post.reactions.iter();
    reactions.any(|reaction| reaction.user == bot && reaction.content == "+1")
}

fn is_restored(world: &World, number: u64) -> bool {
    let (title, body) = world.exploit();
    let thread = world.thread(number);
    thread.title == title && thread.body() == body && thread.open && !thread.locked
}

fn advisory_state(world: &World) -> AdvisoryState {
    world.github.advisories(REPO).expect("it exists")[0].state
}

#[tokio::test]
async fn a_maintainers_word_brings_everything_back_and_is_answered_by_a_reaction_alone() {
    let world = world().await;
    let number = shielded(&world).await;
    let comment = says(&world, number, CORA, "Known, by design.\n\n/not-security").await;
    assert!(is_restored(&world, number));
    assert!(is_acknowledged(&world, number, comment));
    assert_eq!(world.said(number).len(), 1, "no further word");
    assert_eq!(advisory_state(&world), AdvisoryState::Closed);
    assert_eq!(world.last_outcome().await.0, "nothing", "echoes are ignored");
    let again = says(&world, number, CORA, "/not-security").await;
    assert!(is_restored(&world, number));
    assert!(is_acknowledged(&world, number, again));
    assert_eq!(world.made().iter().filter(|p| p.ends_with("/comments") && p.contains("issues")).count(), 1);
    world.finish().await;
}

#[tokio::test]
async fn words_that_are_no_command_of_a_maintainer_do_nothing() {
    let world = World::new().await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.github.comment(REPO, number, MALLORY, &world.exploit_comment()).expect("posted");
    world.settle().await;
    let ending = world.ending(number).await;
    assert_eq!(world.said(number).len(), 1);
    let mark = world.github.mark();
    for (who, text) in [
        (MALLORY, "/not-security"),
        (RAE, "/not-security, I promise"),
        (CORA, "> /not-security"),
        (CORA, "    /not-security"),
        (CORA, "```\n/not-security\n```"),
        (CORA, "say `/not-security` to undo"),
        (CORA, "please do not say /not-security yet"),
        (CORA, "<!--\n/not-security\n-->"),
    ] {
        let comment = says(&world, number, who, text).await;
        assert!(!is_acknowledged(&world, number, comment), "{who}: {text}");
    }
    let innocent = world.github.comment(REPO, number, CORA, "Let me look.").expect("posted");
    world.settle().await;
    for who in [CORA, "acme"] {
        world.github.edit_comment(REPO, innocent, who, &format!("/not-security\n\n{who}")).expect("edited");
        world.settle().await;
    }
    assert!(world.writes_since(mark).is_empty(), "nothing was written");
    assert_eq!(advisory_state(&world), AdvisoryState::Draft);
    let still = world.ending(number).await;
    assert_ne!(still, ending, "the thread went on");
    assert!(world.thread(number).comments[0].post.minimised.is_some());
    world.finish().await;
}

#[tokio::test]
async fn an_undo_overtakes_what_was_not_done_yet() {
    let world = world().await;
    for (method, path) in [("PATCH", "/issues/1"), ("PUT", "/issues/1/lock"), ("POST", "/security-advisories")] {
        let hits = Match::path(path).method(method).times(2);
        world.github.fault(hits, Fault::BadGateway502);
    }
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    assert!(is_restored(&world, number), "nothing could be done yet");
    let comment = world.github.comment(REPO, number, CORA, "/not-security").expect("said");
    world.settle().await;
    for pause_s in [1, 5, 30, 120, 600] {
        world.wait(SignedDuration::from_secs(pause_s)).await;
    }
    assert!(is_restored(&world, number), "nothing happens any more");
    let thread = world.thread(number);
    assert!(thread.renames.is_empty() && thread.post.revisions.is_empty());
    assert!(world.said(number).is_empty(), "nothing was moved");
    assert!(thread.comments.iter().any(|c| c.post.id == comment));
    for advisory in world.github.advisories(REPO).expect("it exists") {
        assert_eq!(advisory.state, AdvisoryState::Closed, "a desk that was made late is closed as well");
    }
    world.finish().await;
}

#[tokio::test]
async fn a_post_that_was_changed_by_hand_is_left_alone_and_that_is_said() {
    let world = world().await;
    let number = shielded(&world).await;
    world.github.edit_thread(REPO, number, CORA, None, Some("Edited by cora.")).expect("edited");
    world.settle().await;
    says(&world, number, CORA, "/not-security").await;
    let thread = world.thread(number);
    assert_eq!(thread.body(), "Edited by cora.");
    assert!(!thread.locked, "the lock was the bot's");
    let effects = world.effects().await;
    let restore = effects.iter().find(|report| report.effect.kind == "restore_post").expect("it was to be restored");
    assert!(restore.result["left_alone"].as_str().is_some_and(|why| why.contains("changed")), "{}", restore.result);
    world.finish().await;
}

#[tokio::test]
async fn a_title_that_was_changed_by_hand_stays() {
    let world = world().await;
    let number = shielded(&world).await;
    world.github.edit_thread(REPO, number, CORA, Some("Ordering, question"), None).expect("edited");
    world.settle().await;
    says(&world, number, CORA, "/not-security").await;
    let thread = world.thread(number);
    assert_eq!(thread.title, "Ordering, question");
    assert_eq!(thread.body(), world.exploit().1);
    world.finish().await;
}

#[tokio::test]
async fn a_locked_or_closed_thread_stays_what_it_was_before() {
    let world = world().await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.github.close(REPO, number, CORA, None).expect("closed");
    let (title, body) = world.exploit();
    world.github.edit_thread(REPO, number, RAE, Some(&title), Some(&body)).expect("edited");
    world.settle().await;
    assert!(world.ending(number).await.is_shielded());
    says(&world, number, CORA, "/not-security").await;
    let thread = world.thread(number);
    assert_eq!(thread.body(), body);
    assert!(!thread.open, "it was closed before");
    assert!(!thread.locked, "it was not locked before");
    world.finish().await;
}

#[tokio::test]
async fn a_comment_and_a_discussion_come_back_too() {
    let world = world().await;
    let (title, body) = world.harmless();
    let issue = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    let moved = says(&world, issue, MALLORY, &world.exploit_comment()).await;
    assert!(world.thread(issue).comments[moved].post.minimised.is_some());
    says(&world, issue, CORA, "/not-security").await;
    let comment = &world.thread(issue).comments[moved].post;
    assert_eq!(comment.body, world.exploit_comment());
    assert!(comment.minimised.is_none());

    let (title, body) = world.exploit();
    let discussion = world.github.open_discussion(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    let thread = world.thread(discussion);
    assert!(thread.body() != body && thread.locked && !thread.open);
    // Giving the words back and opening again are two calls: the second fails once.
    let reopening = Match::path("/graphql").body("reopenDiscussion").times(1);
    world.github.fault(reopening, Fault::BadGateway502);
    let comment = says(&world, discussion, CORA, "/not-security").await;
    world.wait(SignedDuration::from_secs(1)).await;
    assert!(is_acknowledged(&world, discussion, comment));
    assert!(is_restored(&world, discussion));
    world.finish().await;
}

#[tokio::test]
async fn the_same_words_are_cleared_and_new_ones_are_a_new_case() {
    let world = world().await;
    let number = shielded(&world).await;
    says(&world, number, CORA, "/not-security").await;
    let (title, body) = world.exploit();
    world
        .github
        .close(REPO, number, RAE, None)
        .and_then(|()| world.github.reopen(REPO, number, RAE))
        .expect("reopened");
    world.settle().await;
    assert_eq!(world.cases().await.len(), 1, "these words were cleared");
    assert!(world.thread(number).title == title && world.thread(number).body() == body);

    let comment = says(&world, number, MALLORY, &world.exploit_comment()).await;
    assert_ne!(world.thread(number).comments[comment].post.body, world.exploit_comment());
    let cases = world.cases().await;
    assert_eq!(cases.len(), 2);
    assert_eq!(world.said(number).len(), 1, "a thread is answered once");
    assert!(is_restored(&world, number), "the first post stays");
    world.finish().await;
}

#[tokio::test]
async fn a_comment_that_is_changed_into_another_exploit_is_folded_again() {
    let world = world().await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    let at = says(&world, number, MALLORY, &world.exploit_comment()).await;
    says(&world, number, CORA, "/not-security").await;
    let id = world.thread(number).comments[at].post.id;
    let other = format!("{}\n\nAlso with `X-Original-URL`.", world.exploit_comment());
    world.github.edit_comment(REPO, id, MALLORY, &other).expect("edited");
    world.settle().await;
    let comment = &world.thread(number).comments[at].post;
    assert_ne!(comment.body, other);
    assert!(comment.minimised.is_some(), "folded again");
    world.finish().await;
}

#[tokio::test]
async fn an_operator_undoes_a_case_on_the_command_line() {
    let world = world().await;
    world.live_now();
    let number = shielded(&world).await;
    let case = world.cases().await[0].id.to_string();

    let done = world.command(&["undo", &case.to_lowercase()]).await;
    let shown = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(0), "{shown}");
    assert!(shown.contains("done: restore:") && shown.contains("done: unlock:"), "{shown}");
    assert!(shown.contains("note: "), "what nobody can take back: {shown}");
    assert!(is_restored(&world, number));
    assert_eq!(advisory_state(&world), AdvisoryState::Closed);

    let again = world.command(&["undo", &case]).await;
    assert_eq!(again.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&again.stdout).contains("undone before"));

    let unknown = world.command(&["undo", "SEC-2020-9"]).await;
    assert_eq!(unknown.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("there is no case SEC-2020-9"));
    let nonsense = world.command(&["undo", "everything"]).await;
    assert_eq!(nonsense.status.code(), Some(2));
    world.finish().await;
}

#[tokio::test]
async fn the_command_says_what_it_left_alone() {
    let world = world().await;
    world.live_now();
    let number = shielded(&world).await;
    world.github.edit_thread(REPO, number, CORA, None, Some("Edited by cora.")).expect("edited");
    world.settle().await;
    let case = world.cases().await[0].id.to_string();
    let done = world.command(&["undo", &case]).await;
    let shown = String::from_utf8_lossy(&done.stdout).into_owned();
    assert_eq!(done.status.code(), Some(0), "{shown}");
    assert!(shown.contains("left alone: restore:"), "{shown}");
    assert_eq!(world.thread(number).body(), "Edited by cora.");
    world.finish().await;
}
