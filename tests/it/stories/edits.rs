//! Posts change: into something else, back again, by their authors and by maintainers, from one repository to another.

use embargod::{
    domain::intake::texts::{NEUTRAL_BODY, NEUTRAL_TITLE},
    standin::{RepositorySpec, Role},
};

use crate::kit::{CORA, MALLORY, RAE, REPO, World, policy};

async fn opened(world: &World, who: &str, (title, body): &(String, String)) -> u64 {
    let number = world.github.open_issue(REPO, who, title, body).expect("posted");
    world.settle().await;
    number
}

/// An exploit that was taken out of sight.
async fn moved(world: &World) -> u64 {
    let number = opened(world, RAE, &world.exploit()).await;
    assert_hidden(world, number);
    number
}

async fn edited(world: &World, number: u64, who: &str, title: Option<&str>, body: Option<&str>) {
    world.github.edit_thread(REPO, number, who, title, body).expect("edited");
    world.settle().await;
}

fn assert_hidden(world: &World, number: u64) {
    let thread = world.thread(number);
    assert_eq!((thread.title.as_str(), thread.body()), (NEUTRAL_TITLE, NEUTRAL_BODY));
    assert!(!thread.open && thread.locked);
    assert_eq!(world.said(number).len(), 1);
}

#[tokio::test]
async fn a_harmless_issue_that_is_edited_into_an_exploit_is_moved() {
    let world = World::new().await;
    let number = opened(&world, RAE, &world.harmless()).await;
    assert!(world.said(number).is_empty());
    let (title, body) = world.exploit();
    edited(&world, number, RAE, Some(&title), Some(&body)).await;

    assert_hidden(&world, number);
    let drafts = world.github.advisories(REPO).expect("the repository");
    assert!(drafts[0].description.contains(&body) && drafts[0].description.contains(&title));
    assert_eq!(drafts[0].collaborators, [RAE]);
    world.finish().await;
}

#[tokio::test]
async fn a_title_alone_can_disclose() {
    let world = World::new().await;
    let post = world.harmless();
    let number = opened(&world, RAE, &post).await;
    let title = format!(
        "SQL injection in order_by of {} lets any unauthenticated attacker dump the user table",
        world.canary.word()
    );
    edited(&world, number, RAE, Some(&title), None).await;
    assert_hidden(&world, number);
    let drafts = world.github.advisories(REPO).expect("the repository");
    assert!(drafts[0].description.contains(&title));
    world.finish().await;
}

#[tokio::test]
async fn a_title_that_its_author_brings_back_is_moved_again() {
    let world = World::new().await;
    let number = moved(&world).await;
    let title = format!(
        "SQL injection in order_by of {} lets any unauthenticated attacker dump the user table",
        world.canary.word()
    );
    edited(&world, number, RAE, Some(&title), None).await;
    assert_hidden(&world, number);
    world.finish().await;
}

#[tokio::test]
async fn whoever_brings_the_exploit_back_finds_it_moved_again_each_time() {
    let world = World::new().await;
    let number = moved(&world).await;
    let (title, body) = world.exploit();
    for round in 1..=3 {
        edited(&world, number, RAE, Some(&title), Some(&body)).await;
        assert_hidden(&world, number);
        let by_bot = world.thread(number).post.revisions.iter().filter(|r| r.body == NEUTRAL_BODY).count();
        assert_eq!(by_bot, round + 1, "it was taken out of sight once more");
    }
    assert_eq!(world.cases().await.len(), 1, "still one case");
    assert_eq!(world.github.advisories(REPO).expect("there").len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn whoever_brings_back_a_comment_finds_it_moved_again() {
    let world = World::new().await;
    let number = opened(&world, RAE, &world.harmless()).await;
    let words = world.exploit_comment();
    let comment = world.github.comment(REPO, number, MALLORY, &words).expect("posted");
    world.settle().await;
    world.github.edit_comment(REPO, comment, MALLORY, &words).expect("edited");
    world.settle().await;

    let thread = world.thread(number);
    assert_eq!(thread.comments[0].post.body, NEUTRAL_BODY);
    assert_eq!(world.said(number).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_moved_issue_that_becomes_harmless_stays_where_it_is() {
    let world = World::new().await;
    let number = moved(&world).await;
    let (title, body) = world.harmless();
    let mark = world.github.mark();
    edited(&world, number, RAE, Some(&title), Some(&body)).await;
    let thread = world.thread(number);
    assert_eq!((&thread.title, thread.body()), (&title, body.as_str()));
    assert!(!thread.open && thread.locked, "opening it again is for maintainers");
    assert!(world.writes_since(mark).is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_maintainer_who_brings_the_words_back_by_hand_is_not_overruled() {
    let mut world = World::new().await;
    let number = moved(&world).await;
    let (title, body) = world.exploit();
    let mark = world.github.mark();
    edited(&world, number, CORA, Some(&title), Some(&body)).await;
    world.github.unlock(REPO, number, CORA).expect("unlocked");
    world.github.reopen(REPO, number, CORA).expect("reopened");
    world.settle().await;

    let thread = world.thread(number);
    assert_eq!((&thread.title, thread.body()), (&title, body.as_str()));
    assert!(thread.open && !thread.locked);
    assert!(world.writes_since(mark).is_empty());
    let (outcome, rules) = world.last_decision_about_a_post_of(CORA).await;
    assert_eq!(outcome, "nothing");
    assert!(rules.contains(&"intake.changed_by_maintainer".to_owned()));
    // The words are in public because a person with the right to do so put them there.
    world.words_restored = true;
    world.finish().await;
}

#[tokio::test]
async fn the_same_text_saved_twice_is_told_once() {
    let world = World::new().await;
    let number = world.github.open_issue(REPO, CORA, "Plans", "Nothing yet.").expect("posted");
    world.settle().await;
    let (_, body) = world.exploit();
    edited(&world, number, CORA, None, Some(&body)).await;
    // A title that changes there and back leaves the words that were judged before.
    edited(&world, number, CORA, Some("Plans!"), None).await;
    let mark = world.github.mark();
    edited(&world, number, CORA, Some("Plans"), None).await;
    edited(&world, number, CORA, Some("Plans!"), None).await;
    let told = world.writes_since(mark).len();
    assert!(told <= 2, "{told} writes for words that were told before");
    assert_eq!(world.cases().await.len(), 1);
    assert_eq!(world.thread(number).body(), body);
    world.finish().await;
}

#[tokio::test]
async fn an_issue_that_its_author_opens_again_is_looked_at_again() {
    // It was written while the project only observed, and closed by its author.
    let world =
        World::with(crate::kit::Setting { policy: Some(policy("observe")), ..crate::kit::Setting::default() }).await;
    let (title, body) = world.exploit();
    let number = opened(&world, RAE, &(title, body.clone())).await;
    world.github.close(REPO, number, RAE, None).expect("closed");
    world.settle().await;
    assert_eq!(world.thread(number).body(), body);

    world.github.set_file(REPO, ".github/embargod.yml", &policy("shield")).expect("a new policy");
    world.wait(jiff::SignedDuration::from_mins(10)).await;
    world.github.reopen(REPO, number, RAE).expect("reopened");
    world.settle().await;
    assert_hidden(&world, number);
    world.finish().await;
}

#[tokio::test]
async fn an_issue_that_a_maintainer_moves_here_is_looked_at_once() {
    let world = World::new().await;
    // Where it comes from, nobody minds: that repository has no policy.
    let elsewhere = "acme/elsewhere";
    world.github.add_repository(&RepositorySpec::public("acme", "elsewhere")).expect("a repository");
    world.github.grant(elsewhere, CORA, Role::Maintain).expect("granted");
    let (title, body) = world.exploit();
    let number = world.github.open_issue(elsewhere, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    assert_eq!(world.github.thread(elsewhere, number).expect("there").body(), body);

    let mark = world.github.mark();
    let number = world.github.transfer(elsewhere, number, CORA, REPO).expect("transferred");
    world.settle().await;
    assert_hidden(&world, number);
    let edits = world
        .writes_since(mark)
        .into_iter()
        .filter(|w| w.method == "PATCH" && w.path.ends_with(&format!("/issues/{number}")))
        .count();
    assert_eq!(edits, 1, "GitHub tells of it twice; it is moved once");
    let drafts = world.github.advisories(REPO).expect("the repository");
    assert_eq!(drafts.len(), 1);
    assert!(drafts[0].comments.is_empty());
    assert_eq!(drafts[0].collaborators, [MALLORY]);
    world.finish().await;
}

#[tokio::test]
async fn a_moved_issue_that_goes_to_another_repository_is_not_answered_there() {
    let world = World::new().await;
    let number = moved(&world).await;
    let spec = RepositorySpec::public("acme", "docs").file(".github/embargod.yml", &policy("shield"));
    world.github.add_repository(&spec).expect("a repository");
    world.github.grant("acme/docs", CORA, Role::Maintain).expect("granted");
    world.github.reopen(REPO, number, CORA).expect("reopened");
    world.settle().await;
    let mark = world.github.mark();
    let there = world.github.transfer(REPO, number, CORA, "acme/docs").expect("transferred");
    world.settle().await;
    let thread = world.github.thread("acme/docs", there).expect("it is there");
    assert_eq!(thread.body(), NEUTRAL_BODY);
    assert!(world.writes_since(mark).is_empty());
    world.finish().await;
}
