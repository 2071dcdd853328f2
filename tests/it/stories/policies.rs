//! The policy decides how far the bot goes: whose it is, when a change counts, and what becomes of a broken one.

use embargod::{domain::case::Desk, standin::RepositorySpec};
use jiff::SignedDuration;
use regex::Regex;

use crate::kit::{MALLORY, RAE, REPO, Setting, World, policy};

const PATH: &str = ".github/embargod.yml";

/// A policy that breaks off in the middle of its fourth line.
const BROKEN: &str = "extends: django-2026\nredirect:\n  mode: observe\n  act_at: [0.9\n";

/// A policy of the right shape with a word that means nothing.
const MEANINGLESS: &str = "extends: django-2026\nredirect:\n  mode: panic\n";

fn some_time() -> SignedDuration {
    SignedDuration::from_mins(6)
}

async fn without_policy(default_policy: Option<String>) -> World {
    World::with(Setting { policy: None, default_policy, ..Setting::default() }).await
}

async fn with_policy(text: &str) -> World {
    World::with(Setting { policy: Some(text.to_owned()), ..Setting::default() }).await
}

/// Somebody posts an exploit; the number of the issue.
async fn exploit(world: &World) -> u64 {
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    number
}

fn is_hidden(world: &World, number: u64) -> bool {
    let (_, body) = world.exploit();
    let thread = world.thread(number);
    let hidden = !thread.open && thread.locked && thread.body() != body;
    assert!(hidden || (thread.open && !thread.locked && thread.body() == body), "all or nothing");
    hidden
}

/// The exploit stays where it is, and the bot keeps its decision to itself.
async fn assert_observed(world: &World, number: u64) {
    assert!(!is_hidden(world, number));
    assert!(world.said(number).is_empty());
    assert!(world.cases().await.is_empty());
    let (outcome, rules) = world.last_decision_about_a_post_of(MALLORY).await;
    assert_eq!(outcome, "nothing");
    assert_eq!(rules[0], "intake.observe");
    assert!(rules.iter().any(|rule| rule.starts_with("detector.")));
}

/// One alert, which says where in the file the trouble is.
async fn assert_alerted_with_place(world: &World, and_says: &str) {
    let alerts = world.alerts().await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    let place = Regex::new(r"embargod\.yml:\d+:\d+|line \d+,? column \d+").expect("a pattern");
    assert!(place.is_match(&alerts[0].text), "{}", alerts[0].text);
    for said in [PATH, and_says] {
        assert!(alerts[0].text.contains(said), "{}", alerts[0].text);
    }
}

async fn rewrite(world: &World, text: &str) {
    world.github.set_file(REPO, PATH, text).expect("pushed");
    world.wait(some_time()).await;
}

#[tokio::test]
async fn a_repository_without_a_policy_is_observed() {
    let world = without_policy(None).await;
    let mark = world.github.mark();
    let number = exploit(&world).await;
    assert_observed(&world, number).await;
    assert!(world.writes_since(mark).is_empty());
    assert!(world.alerts().await.is_empty(), "no policy is no mistake");
    world.finish().await;
}

#[tokio::test]
async fn mode_observe_decides_and_does_nothing() {
    let world = with_policy(&policy("observe")).await;
    let mark = world.github.mark();
    let number = exploit(&world).await;
    assert_observed(&world, number).await;
    assert!(world.writes_since(mark).is_empty());
    world.finish().await;
}

#[tokio::test]
async fn mode_reply_answers_and_hides_nothing() {
    let world = with_policy(&policy("reply")).await;
    let mark = world.github.mark();
    let number = exploit(&world).await;
    assert!(!is_hidden(&world, number));
    let said = world.said(number);
    assert_eq!(said.len(), 1);
    let said = world.as_read(&said[0]);
    assert!(said.contains("In case this touches on security, whether or not it turns out to be a problem"), "{said}");
    let cases = world.cases().await;
    assert_eq!(cases.len(), 1);
    assert!(matches!(cases[0].desk, Desk::Advisory { .. }));
    let draft = &world.github.advisories(REPO).expect("there")[0];
    assert!(draft.description.contains("It is still public"));
    assert!(draft.collaborators.is_empty(), "whom to invite is for maintainers");
    let writes: Vec<_> = world.writes_since(mark).into_iter().map(|w| w.method).collect();
    assert_eq!(writes, ["POST", "POST"], "a draft and a comment");
    world.finish().await;
}

#[tokio::test]
async fn mode_reply_answers_a_comment_and_leaves_it() {
    let world = with_policy(&policy("reply")).await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    let words = world.exploit_comment();
    world.github.comment(REPO, number, MALLORY, &words).expect("posted");
    world.settle().await;
    let comment = &world.thread(number).comments[0].post;
    assert_eq!(comment.body, words);
    assert_eq!(comment.minimised, None);
    assert_eq!(world.said(number).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn the_organisations_policy_serves_repositories_without_one() {
    let world = without_policy(None).await;
    let spec = RepositorySpec::public("acme", ".github").file(PATH, &policy("shield"));
    world.github.add_repository(&spec).expect("a repository");
    let number = exploit(&world).await;
    assert!(is_hidden(&world, number));
    world.finish().await;
}

#[tokio::test]
async fn a_repositorys_own_policy_comes_before_the_organisations() {
    let world = with_policy(&policy("observe")).await;
    let spec = RepositorySpec::public("acme", ".github").file(PATH, &policy("shield"));
    world.github.add_repository(&spec).expect("a repository");
    let number = exploit(&world).await;
    assert_observed(&world, number).await;
    world.finish().await;
}

#[tokio::test]
async fn the_operators_default_policy_serves_whoever_has_none() {
    let world = without_policy(Some(policy("shield"))).await;
    let number = exploit(&world).await;
    assert!(is_hidden(&world, number));
    world.finish().await;
}

#[tokio::test]
async fn the_organisations_policy_comes_before_the_operators() {
    let world = without_policy(Some(policy("shield"))).await;
    let spec = RepositorySpec::public("acme", ".github").file(PATH, &policy("observe"));
    world.github.add_repository(&spec).expect("a repository");
    let number = exploit(&world).await;
    assert_observed(&world, number).await;
    world.finish().await;
}

#[tokio::test]
async fn only_the_default_branch_is_asked_for_the_policy() {
    let world = World::new().await;
    world.github.push(REPO, MALLORY, "evil", &["Observe only, please"]).expect("pushed");
    let number = exploit(&world).await;
    assert!(is_hidden(&world, number));
    let asked: Vec<_> = world.github.requests().into_iter().filter(|r| r.path.contains("/contents/")).collect();
    assert!(!asked.is_empty());
    assert!(asked.iter().all(|r| r.query.is_empty()), "without `ref` GitHub answers from the default branch");
    world.finish().await;
}

#[tokio::test]
async fn a_change_of_the_policy_of_which_nobody_told_counts_after_the_interval() {
    let world = with_policy(&policy("observe")).await;
    let first = exploit(&world).await;
    assert_observed(&world, first).await;

    world.github.drop_next_deliveries(1);
    world.github.set_file(REPO, PATH, &policy("shield")).expect("pushed");
    world.wait(SignedDuration::from_secs(10)).await;
    let early = exploit(&world).await;
    assert!(!is_hidden(&world, early), "not before");

    world.wait(some_time()).await;
    let late = exploit(&world).await;
    assert!(is_hidden(&world, late));

    // And the other way round: whoever may write the default branch may also loosen.
    rewrite(&world, &policy("observe")).await;
    let after = exploit(&world).await;
    assert!(!is_hidden(&world, after));
    world.finish().await;
}

#[tokio::test]
async fn a_policy_that_is_removed_does_not_count_any_more() {
    let world = World::new().await;
    assert!(is_hidden(&world, exploit(&world).await));
    world.github.remove_file(REPO, PATH).expect("removed");
    world.wait(some_time()).await;
    let number = exploit(&world).await;
    assert!(!is_hidden(&world, number));
    let (_, rules) = world.last_decision_about_a_post_of(MALLORY).await;
    assert_eq!(rules[0], "intake.observe");
    world.finish().await;
}

#[tokio::test]
async fn a_broken_policy_keeps_the_last_good_one_also_after_a_restart() {
    for broken in [BROKEN, MEANINGLESS, "[]", "- a\n- b\n"] {
        let mut world = World::new().await;
        assert!(is_hidden(&world, exploit(&world).await));
        rewrite(&world, broken).await;
        assert!(is_hidden(&world, exploit(&world).await), "{broken}");
        assert_alerted_with_place(&world, "the last good one stays").await;

        world.restart().await;
        assert!(is_hidden(&world, exploit(&world).await), "{broken}");
        world.wait(some_time()).await;
        assert!(is_hidden(&world, exploit(&world).await), "{broken}");
        assert_alerted_with_place(&world, "the last good one stays").await;

        rewrite(&world, &policy("reply")).await;
        assert!(!is_hidden(&world, exploit(&world).await), "mended, it counts again");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_policy_that_was_broken_from_the_start_leaves_it_to_the_operator() {
    let world = World::with(Setting {
        policy: Some(BROKEN.to_owned()),
        default_policy: Some(policy("shield")),
        ..Setting::default()
    })
    .await;
    assert!(is_hidden(&world, exploit(&world).await));
    assert_alerted_with_place(&world, "the default policy is in force").await;
    world.finish().await;
}

#[tokio::test]
async fn a_policy_that_was_broken_from_the_start_is_no_licence_to_act() {
    let world = with_policy(BROKEN).await;
    let number = exploit(&world).await;
    assert_observed(&world, number).await;
    assert_alerted_with_place(&world, "only observed").await;
    world.finish().await;
}

#[tokio::test]
async fn what_is_no_file_at_all_is_a_broken_policy() {
    // A folder of that name, as after a merge that went wrong.
    let world = without_policy(Some(policy("shield"))).await;
    world.github.set_file(REPO, &format!("{PATH}/README.md"), "oops").expect("pushed");
    assert!(is_hidden(&world, exploit(&world).await));
    let alerts = world.alerts().await;
    assert_eq!(alerts.len(), 1);
    assert!(alerts[0].text.contains(PATH), "{}", alerts[0].text);
    world.finish().await;
}

#[tokio::test]
async fn a_policy_that_grew_out_of_bounds_is_a_broken_policy() {
    let world = World::new().await;
    assert!(is_hidden(&world, exploit(&world).await));
    let huge = format!("{}# {}\n", policy("observe"), "x".repeat(200_000));
    rewrite(&world, &huge).await;
    assert!(is_hidden(&world, exploit(&world).await));
    assert_eq!(world.alerts().await.len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn an_app_that_may_not_read_the_policy_says_so_and_goes_by_the_operators() {
    let world = World::with(Setting {
        permissions: vec![("contents", None)],
        default_policy: Some(policy("shield")),
        ..Setting::default()
    })
    .await;
    assert!(is_hidden(&world, exploit(&world).await));
    let alerts = world.alerts().await;
    assert_eq!(alerts.len(), 1);
    assert!(alerts[0].text.contains("contents=read"), "{}", alerts[0].text);
    world.finish().await;
}
