//! What nobody told of is found in GitHub's own lists, once, and is then judged like any post.

use embargod::{
    domain::intake::texts,
    engine::recovery::Reconciled,
    standin::{Fault, Match, RepositorySpec},
};
use jiff::SignedDuration;

use crate::kit::{CORA, MALLORY, RAE, REPO, World};

/// Longer than a webhook may take.
const LATER: SignedDuration = SignedDuration::from_mins(10);

/// A world in which looking has begun.
async fn watched() -> World {
    let world = World::new().await;
    assert_eq!(reconcile(&world).await, 0);
    world
}

async fn round(world: &World) -> Reconciled {
    let round = world.engine.reconcile_once().await.expect("GitHub and the store answer");
    world.settle().await;
    round
}

/// How many posts a round finds of which nobody had told.
async fn reconcile(world: &World) -> usize {
    round(world).await.found
}

async fn reconcile_later(world: &World) -> usize {
    world.wait(LATER).await;
    reconcile(world).await
}

fn posted(world: &World, who: &str) -> u64 {
    let (title, body) = world.exploit();
    world.github.open_issue(REPO, who, &title, &body).expect("posted")
}

/// What was asked of the lists so far: path and status.
fn looks(world: &World) -> Vec<(String, u16)> {
    let lists = ["/issues", "/issues/comments", "/pulls/comments"].map(|list| format!("/repos/{REPO}{list}"));
    let requests = world.github.requests();
    let looks = requests.iter().filter(|r| r.method == "GET" && lists.contains(&r.path));
    looks.map(|r| (r.path.clone(), r.status)).collect()
}

#[tokio::test]
async fn a_lost_exploit_is_found_and_shielded_once() {
    let world = watched().await;
    world.github.drop_next_deliveries(1);
    let number = posted(&world, RAE);
    assert_eq!(reconcile(&world).await, 0, "its webhook may still come");
    assert_eq!(reconcile_later(&world).await, 1);
    let ending = world.ending(number).await;
    assert!(ending.is_shielded());
    for _ in 0..3 {
        assert_eq!(reconcile_later(&world).await, 0);
    }
    assert_eq!(world.ending(number).await, ending);
    world.finish().await;
}

#[tokio::test]
async fn lost_words_are_found_wherever_they_stand() {
    let world = watched().await;
    let (title, body) = world.harmless();
    let issue = world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    let pull = world.github.open_pull_request(REPO, "zoe", &title, &body, "feature", "main").expect("posted");
    world.settle().await;
    world.github.drop_next_deliveries(3);
    let words = world.exploit_comment();
    world.github.comment(REPO, issue, RAE, &words).expect("posted");
    world.github.comment(REPO, pull, RAE, &words).expect("posted");
    world.github.review_comment(REPO, pull, MALLORY, "src/a.py", &words).expect("posted");
    assert_eq!(reconcile_later(&world).await, 3);
    assert_eq!(world.thread(issue).comments[0].post.body, texts::NEUTRAL_BODY);
    let thread = world.thread(pull);
    assert_eq!(thread.comments[0].post.body, texts::NEUTRAL_BODY);
    assert_eq!(thread.pull().expect("a pull request").review_comments[0].post.body, texts::NEUTRAL_BODY);
    assert_eq!(reconcile_later(&world).await, 0);
    world.finish().await;
}

#[tokio::test]
async fn lost_words_in_discussions_are_found() {
    let world = watched().await;
    let (title, body) = world.harmless();
    let number = world.github.open_discussion(REPO, "zoe", &title, &body).expect("posted");
    let comment = world.github.comment_discussion(REPO, number, "zoe", &body, None).expect("posted");
    assert_eq!(reconcile_later(&world).await, 0);
    world.github.drop_next_deliveries(3);
    let (title, body) = world.exploit();
    let lost = world.github.open_discussion(REPO, RAE, &title, &body).expect("posted");
    let words = world.exploit_comment();
    world.github.comment_discussion(REPO, number, RAE, &words, None).expect("posted");
    world.github.comment_discussion(REPO, number, MALLORY, &words, Some(comment)).expect("posted");
    assert_eq!(reconcile(&world).await, 0, "their webhooks may still come");
    assert_eq!(reconcile_later(&world).await, 3);
    assert_eq!(world.thread(lost).body(), texts::NEUTRAL_BODY);
    let comments = world.thread(number).comments;
    let moved = comments.iter().filter(|comment| comment.post.body == texts::NEUTRAL_BODY);
    assert_eq!(moved.count(), 2);
    for _ in 0..2 {
        assert_eq!(reconcile_later(&world).await, 0);
    }
    world.finish().await;
}

#[tokio::test]
async fn many_discussions_are_read_page_by_page() {
    let world = watched().await;
    world.github.drop_next_deliveries(25);
    let (title, body) = world.harmless();
    for index in 0..25 {
        world.github.open_discussion(REPO, "zoe", &format!("{title} {index}"), &body).expect("posted");
    }
    assert_eq!(reconcile_later(&world).await, 25);
    assert_eq!(reconcile_later(&world).await, 0);
    world.finish().await;
}

#[tokio::test]
async fn a_day_without_loss_needs_no_repair() {
    let mut world = watched().await;
    world.words_restored = true;
    let number = posted(&world, RAE);
    let (title, body) = world.harmless();
    let harmless = world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    let pull = world.github.open_pull_request(REPO, "zoe", &title, &body, "feature", "main").expect("posted");
    world.github.comment(REPO, harmless, MALLORY, &world.exploit_comment()).expect("posted");
    world.github.review_comment(REPO, pull, "zoe", "src/a.py", "Why not `None`?").expect("posted");
    assert_eq!(reconcile_later(&world).await, 0);
    world.github.edit_thread(REPO, harmless, "zoe", None, Some("The page about timeouts.")).expect("edited");
    world.github.comment(REPO, number, CORA, "/not-security").expect("said");
    assert_eq!(reconcile_later(&world).await, 0);
    world.github.close(REPO, harmless, CORA, None).expect("closed");
    world.github.edit_thread(REPO, harmless, CORA, Some("Docs: timeouts"), None).expect("edited");
    world.github.label(REPO, harmless, CORA, "docs").expect("labelled");
    for _ in 0..3 {
        assert_eq!(reconcile_later(&world).await, 0);
    }
    world.finish().await;
}

#[tokio::test]
async fn a_webhook_that_comes_after_all_changes_nothing() {
    let world = watched().await;
    world.github.hold_deliveries();
    let number = posted(&world, RAE);
    world.github.comment(REPO, number, MALLORY, &world.exploit_comment()).expect("posted");
    assert_eq!(reconcile_later(&world).await, 2);
    world.github.release_deliveries();
    world.settle().await;
    let ending = world.ending(number).await;
    assert!(ending.is_shielded());
    assert_eq!(world.said(number).len(), 1);
    let cases = world.cases().await;
    assert_eq!(cases.len(), 1);
    assert!(cases[0].posts.iter().all(|post| post.evidence.len() == 1), "nothing was taken in twice");
    assert_eq!(reconcile_later(&world).await, 0);
    world.finish().await;
}

#[tokio::test]
async fn a_webhook_that_overtakes_what_was_found_wins() {
    let world = watched().await;
    world.github.hold_deliveries();
    let number = posted(&world, RAE);
    world.wait(LATER).await;
    // Found, but not handled yet.
    let round = world.engine.reconcile_once().await.expect("GitHub answers");
    assert_eq!(round.found, 1);
    world.github.release_deliveries();
    world.settle().await;
    assert!(world.ending(number).await.is_shielded());
    let about = format!("issue/{number}");
    let decisions = world.decisions().await;
    let acted = decisions.iter().filter(|d| d.subject.ends_with(&about) && !d.effects.is_empty());
    assert_eq!(acted.count(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_lost_edit_is_found() {
    let world = watched().await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    let comment = world.github.comment(REPO, number, MALLORY, "Same here.").expect("posted");
    world.settle().await;
    world.wait(LATER).await;
    world.github.drop_next_deliveries(2);
    world.github.edit_thread(REPO, number, RAE, None, Some(&world.exploit().1)).expect("edited");
    world.github.edit_comment(REPO, comment, MALLORY, &world.exploit_comment()).expect("edited");
    assert_eq!(reconcile_later(&world).await, 2);
    let thread = world.thread(number);
    assert_eq!(thread.body(), texts::NEUTRAL_BODY);
    assert_eq!(thread.comments[0].post.body, texts::NEUTRAL_BODY);
    assert_eq!(reconcile_later(&world).await, 0);
    world.finish().await;
}

#[tokio::test]
async fn words_that_the_author_brings_back_unheard_are_moved_again() {
    let world = watched().await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    let comment = world.github.comment(REPO, number, RAE, &world.exploit_comment()).expect("posted");
    world.wait(LATER).await;
    assert_eq!(world.thread(number).comments[0].post.body, texts::NEUTRAL_BODY);
    world.github.drop_next_deliveries(1);
    world.github.edit_comment(REPO, comment, RAE, &world.exploit_comment()).expect("edited");
    assert_eq!(reconcile_later(&world).await, 1);
    assert_eq!(world.thread(number).comments[0].post.body, texts::NEUTRAL_BODY);
    assert_eq!(reconcile_later(&world).await, 0);
    assert_eq!(world.said(number).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_maintainer_who_puts_words_back_is_not_overruled_by_looking() {
    let mut world = watched().await;
    world.words_restored = true;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    let comment = world.github.comment(REPO, number, RAE, &world.exploit_comment()).expect("posted");
    world.wait(LATER).await;
    for lost in [0, 1] {
        world.github.drop_next_deliveries(lost);
        world.github.edit_comment(REPO, comment, CORA, &world.exploit_comment()).expect("edited");
        assert_eq!(reconcile_later(&world).await, 0);
        assert_eq!(reconcile_later(&world).await, 0);
        assert_eq!(world.thread(number).comments[0].post.body, world.exploit_comment());
    }
    world.finish().await;
}

#[tokio::test]
async fn what_was_lost_while_the_server_was_down_is_found_at_its_next_start() {
    let mut world = watched().await;
    world.github.drop_next_deliveries(2);
    let numbers = [posted(&world, RAE), posted(&world, MALLORY)];
    // Longer than GitHub keeps deliveries.
    world.clock.advance(SignedDuration::from_hours(24 * 9));
    world.restart().await;
    world.github.fault(Match::path("/app/hook/deliveries"), Fault::NotFound404);
    assert_eq!(world.engine.sweep_once().await.expect("no list is no failure"), 0);
    assert_eq!(reconcile(&world).await, 2);
    for number in numbers {
        assert!(world.ending(number).await.is_shielded());
    }
    assert_eq!(reconcile_later(&world).await, 0);
    world.finish().await;
}

#[tokio::test]
async fn sweep_and_reconciling_together_handle_everything_once() {
    let world = watched().await;
    assert_eq!(world.engine.sweep_once().await.expect("GitHub answers"), 0);
    world.github.set_webhook_secret("somebody mistyped it");
    let numbers = [posted(&world, RAE), posted(&world, MALLORY)];
    world.settle().await;
    assert!(world.decisions().await.is_empty(), "nothing was believed");
    for _ in 0..6 {
        world.wait(LATER).await;
        world.engine.sweep_once().await.expect("GitHub answers");
        world.settle().await;
    }
    world.github.set_webhook_secret(crate::kit::SECRET);
    world.clock.advance(SignedDuration::from_hours(1));
    world.engine.sweep_once().await.expect("GitHub answers");
    reconcile(&world).await;
    for number in numbers {
        assert!(world.ending(number).await.is_shielded());
    }
    assert_eq!(world.cases().await.len(), 2);
    let decided = world.decisions().await.len();
    for _ in 0..3 {
        world.engine.sweep_once().await.expect("GitHub answers");
        assert_eq!(reconcile_later(&world).await, 0);
    }
    let later = world.decisions().await;
    assert!(later[decided..].iter().all(|decision| decision.effects.is_empty()));
    world.finish().await;
}

#[tokio::test]
async fn github_being_down_moves_no_mark() {
    let world = watched().await;
    world.github.drop_next_deliveries(1);
    let number = posted(&world, RAE);
    world.wait(LATER).await;
    for fault in [Fault::BadGateway502, Fault::DropBeforeDoing, Fault::GarbageBody, Fault::HeaderlessForbidden403] {
        let list = format!("/repos/{REPO}/issues");
        world.github.fault(Match::path(&list).method("GET"), fault.clone());
        if let Ok(round) = world.engine.reconcile_once().await {
            assert_eq!((round.found, round.put_off), (0, 1), "{fault:?}");
        }
        world.github.clear_faults();
    }
    assert_eq!(reconcile(&world).await, 1);
    assert!(world.ending(number).await.is_shielded());
    world.finish().await;
}

#[tokio::test]
async fn posts_from_before_the_watch_are_left_alone() {
    let world = World::new().await;
    world.github.drop_next_deliveries(1);
    let number = posted(&world, RAE);
    world.wait(LATER).await;
    assert_eq!(reconcile(&world).await, 0, "the watch begins now");
    world.github.comment(REPO, number, "zoe", "Any news?").expect("posted");
    assert_eq!(reconcile_later(&world).await, 0, "its thread has moved, but not its words");
    assert!(!world.ending(number).await.is_shielded());
    world.finish().await;
}

#[tokio::test]
async fn a_repository_that_was_added_between_two_rounds_is_watched_from_the_first() {
    let world = watched().await;
    world.wait(SignedDuration::from_mins(30)).await;
    let spec = RepositorySpec::public("acme", "plugins").file(".github/embargod.yml", &crate::kit::policy("shield"));
    world.github.add_repository(&spec).expect("a repository");
    world.github.drop_next_deliveries(1);
    let (title, body) = world.exploit();
    let number = world.github.open_issue("acme/plugins", RAE, &title, &body).expect("posted");
    world.wait(SignedDuration::from_hours(1)).await;
    assert_eq!(reconcile(&world).await, 1);
    let thread = world.github.thread("acme/plugins", number).expect("it exists");
    assert_eq!(thread.body(), texts::NEUTRAL_BODY);
    world.finish().await;
}

#[tokio::test]
async fn threads_that_are_gone_or_moved_are_no_trouble() {
    let world = watched().await;
    let spec = RepositorySpec::public("acme", "plugins").file(".github/embargod.yml", &crate::kit::policy("shield"));
    world.github.add_repository(&spec).expect("a repository");
    world.wait(SignedDuration::from_hours(2)).await;
    assert_eq!(reconcile(&world).await, 0);
    world.github.drop_next_deliveries(100);
    let deleted = posted(&world, RAE);
    world.github.delete_issue(REPO, deleted, CORA).or_else(|_| world.github.close(REPO, deleted, CORA, None)).ok();
    let closed = posted(&world, MALLORY);
    world.github.close(REPO, closed, MALLORY, None).expect("closed");
    world.github.drop_next_deliveries(0);
    assert!(reconcile_later(&world).await >= 1);
    assert_eq!(world.thread(closed).body(), texts::NEUTRAL_BODY, "closed is not hidden");
    assert_eq!(reconcile_later(&world).await, 0);
    world.finish().await;
}

#[tokio::test]
async fn a_quiet_repository_costs_nothing() {
    let world = watched().await;
    let (title, body) = world.harmless();
    world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    assert_eq!(reconcile_later(&world).await, 0);
    assert_eq!(reconcile_later(&world).await, 0);
    let before = looks(&world).len();
    assert_eq!(reconcile_later(&world).await, 0);
    let looks = looks(&world);
    assert_eq!(looks.len() - before, 3);
    assert!(looks[before..].iter().all(|(_, status)| *status == 304), "{looks:?}");
    world.finish().await;
}

#[tokio::test]
async fn looking_stops_where_requests_are_scarce() {
    let world = watched().await;
    world.github.drop_next_deliveries(1);
    let number = posted(&world, RAE);
    world.wait(LATER).await;
    // A first answer tells how little is left.
    world.github.set_budget(5_000);
    let mut rounds = 0;
    world.github.set_budget(12);
    for _ in 0..12 {
        round(&world).await;
        rounds += 1;
        if world.ending(number).await.is_shielded() {
            break;
        }
    }
    let asked = looks(&world).iter().filter(|(_, status)| *status == 403).count();
    assert_eq!(asked, 0, "the limit was never run into, in {rounds} rounds");
    world.clock.advance(SignedDuration::from_hours(1));
    world.github.set_budget(5_000);
    round(&world).await;
    assert!(world.ending(number).await.is_shielded());
    world.finish().await;
}

#[tokio::test]
async fn a_long_list_is_read_to_its_end_and_nothing_in_it_is_skipped() {
    let world = watched().await;
    world.github.drop_next_deliveries(10_000);
    let (title, body) = world.harmless();
    for index in 0..250 {
        // More than a page within one second, then more over time.
        if index > 130 {
            world.clock.advance(SignedDuration::from_secs(1));
        }
        world.github.open_issue(REPO, "zoe", &format!("{title} {index}"), &body).expect("posted");
    }
    world.github.drop_next_deliveries(0);
    assert_eq!(reconcile_later(&world).await, 250);
    assert_eq!(reconcile_later(&world).await, 0);
    let decisions = world.decisions().await;
    assert_eq!(decisions.iter().filter(|decision| decision.feature == "redirect").count(), 250, "each once");
    world.finish().await;
}

#[tokio::test]
async fn a_clock_that_jumps_loses_nothing() {
    let world = watched().await;
    world.github.drop_next_deliveries(1);
    let number = posted(&world, RAE);
    world.clock.advance(SignedDuration::from_hours(24 * 400));
    assert_eq!(reconcile(&world).await, 1);
    assert!(world.ending(number).await.is_shielded());
    world.clock.advance(-SignedDuration::from_hours(24 * 400));
    assert_eq!(reconcile(&world).await, 0);
    world.clock.advance(SignedDuration::from_hours(24 * 401));
    assert_eq!(reconcile(&world).await, 0);
    world.finish().await;
}

#[tokio::test]
async fn two_processes_that_look_at_the_same_time_find_one_thing() {
    let world = watched().await;
    let another = world.another_engine().await;
    world.github.drop_next_deliveries(1);
    let number = posted(&world, RAE);
    world.wait(LATER).await;
    let (one, two) = tokio::join!(world.engine.reconcile_once(), another.reconcile_once());
    assert_eq!(one.expect("GitHub answers").found + two.expect("GitHub answers").found, 1);
    world.settle().await;
    assert!(world.ending(number).await.is_shielded());
    assert_eq!(world.cases().await.len(), 1);
    world.finish().await;
}
