//! Who writes matters: maintainers are never hidden, the bot never talks to itself, private places stay private.

use embargod::{
    domain::case::CaseOrigin,
    standin::{RepositorySpec, Role},
};

use crate::kit::{CASES, CORA, MALLORY, RAE, REPO, Setting, World};

/// Somebody opens the exploit as an issue; its number.
async fn exploit_by(world: &World, who: &str) -> u64 {
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, who, &title, &body).expect("posted");
    world.settle().await;
    number
}

/// Maintainers were told in private, and the public sees what its author wrote.
async fn assert_told_in_private_only(world: &World, number: u64) {
    let (title, body) = world.exploit();
    let thread = world.thread(number);
    assert_eq!((&thread.title, thread.body()), (&title, body.as_str()));
    assert!(thread.open && !thread.locked);
    assert!(world.said(number).is_empty());
    let cases = world.cases().await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].origin, CaseOrigin::MaintainersPost);
    let drafts = world.github.advisories(REPO).expect("the repository");
    assert!(drafts[0].description.contains(&body));
    assert!(drafts[0].collaborators.is_empty());
}

#[tokio::test]
async fn a_maintainer_is_known_by_association() {
    let world = World::new().await;
    let number = exploit_by(&world, CORA).await;
    assert_told_in_private_only(&world, number).await;
    let asked = world.github.requests();
    assert!(!asked.iter().any(|r| r.path.contains("/collaborators/")), "the label tells enough");
    world.finish().await;
}

#[tokio::test]
async fn a_maintainer_whose_membership_is_hidden_is_known_by_permission() {
    let world = World::with(Setting { show_private_members: false, ..Setting::default() }).await;
    world.github.add_member("acme", "zoe", true).expect("an owner of the organisation");
    let number = exploit_by(&world, "zoe").await;
    assert_eq!(world.github.deliveries()[0].payload["issue"]["author_association"], "NONE", "GitHub hides it");
    assert_told_in_private_only(&world, number).await;
    world.finish().await;
}

#[tokio::test]
async fn an_owner_of_the_organisation_is_a_maintainer_by_label_too() {
    let world = World::new().await;
    world.github.add_member("acme", "zoe", true).expect("an owner of the organisation");
    let number = exploit_by(&world, "zoe").await;
    assert_told_in_private_only(&world, number).await;
    world.finish().await;
}

#[tokio::test]
async fn whoever_may_triage_is_a_maintainer() {
    let world = World::new().await;
    world.github.grant(REPO, "finn", Role::Triage).expect("granted");
    let number = exploit_by(&world, "finn").await;
    assert_told_in_private_only(&world, number).await;
    world.finish().await;
}

#[tokio::test]
async fn whoever_contributed_before_is_an_outsider_like_everybody() {
    let world = World::new().await;
    world.github.add_contributor(REPO, RAE).expect("a contributor");
    let number = exploit_by(&world, RAE).await;
    let thread = world.thread(number);
    assert!(!thread.open && thread.locked);
    let (_, body) = world.exploit();
    assert_ne!(thread.body(), body);
    world.finish().await;
}

#[tokio::test]
async fn a_maintainers_question_for_the_channel_is_not_answered() {
    let world = World::new().await;
    let (title, body) = world.question();
    let mark = world.github.mark();
    let number = world.github.open_issue(REPO, CORA, &title, &body).expect("posted");
    world.settle().await;
    assert!(world.said(number).is_empty());
    assert!(world.writes_since(mark).is_empty());
    assert!(world.cases().await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_scanner_that_posts_an_exploit_is_moved_and_thanked_but_not_invited() {
    let world = World::new().await;
    world.github.add_bot("scanner[bot]");
    let number = exploit_by(&world, "scanner[bot]").await;
    let thread = world.thread(number);
    let (_, body) = world.exploit();
    assert_ne!(thread.body(), body);
    assert!(!thread.open && thread.locked);
    assert_eq!(world.said(number).len(), 1);
    let draft = &world.github.advisories(REPO).expect("the repository")[0];
    assert!(draft.collaborators.is_empty() && draft.credits.is_empty());
    assert!(draft.description.contains("scanner[bot]"));
    world.finish().await;
}

#[tokio::test]
async fn the_bot_does_not_answer_itself() {
    let world = World::new().await;
    exploit_by(&world, MALLORY).await;
    let deliveries = world.github.deliveries();
    // The post, and what the bot did to it: edited, closed, locked, commented.
    assert!(deliveries.len() <= 5, "{} deliveries", deliveries.len());
    let bot = world.github.bot_login();
    assert!(
        deliveries.iter().any(|d| d.payload["sender"]["login"] == bot.as_str()),
        "GitHub did tell the bot of its own doing"
    );
    let mark = world.github.mark();
    world.settle().await;
    assert_eq!(world.github.mark(), mark, "and there it ends");
    for decision in world.decisions().await {
        if decision.actor.as_deref() == Some(bot.as_str()) {
            assert_eq!(decision.outcome, "nothing");
            assert_eq!(decision.reasons[0].rule, "intake.own_post");
        }
    }
    world.finish().await;
}

#[tokio::test]
async fn the_bots_own_edits_of_comments_do_not_come_round() {
    let world = World::new().await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    for _ in 0..3 {
        world.github.comment(REPO, number, MALLORY, &world.exploit_comment()).expect("posted");
    }
    world.settle().await;
    // One issue, three comments, three edits by the bot, one comment by it.
    assert_eq!(world.github.deliveries().len(), 8);
    assert_eq!(world.said(number).len(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_post_in_a_private_repository_is_nobodys_business() {
    let world = World::new().await;
    world.github.grant(CASES, RAE, Role::Read).expect("granted");
    let (title, body) = world.exploit();
    let mark = world.github.mark();
    let number = world.github.open_issue(CASES, RAE, &title, &body).expect("posted");
    world.github.comment(CASES, number, RAE, &world.exploit_comment()).expect("posted");
    world.settle().await;
    assert_eq!(world.github.requests_since(mark).len(), 0);
    assert_eq!(world.github.thread(CASES, number).expect("there").body(), body);
    let (outcome, rules) = world.last_decision_about_a_post_of(RAE).await;
    assert_eq!(outcome, "nothing");
    assert!(rules.contains(&"intake.private_repository".to_owned()));
    world.finish().await;
}

#[tokio::test]
async fn a_private_repository_with_a_policy_of_its_own_is_left_alone_as_well() {
    let world = World::new().await;
    let policy = crate::kit::policy("shield");
    let spec = RepositorySpec::private("acme", "inner").file(".github/embargod.yml", &policy);
    world.github.add_repository(&spec).expect("a repository");
    world.github.grant("acme/inner", RAE, Role::Read).expect("granted");
    let mark = world.github.mark();
    let (title, body) = world.exploit();
    world.github.open_issue("acme/inner", RAE, &title, &body).expect("posted");
    world.settle().await;
    assert_eq!(world.github.requests_since(mark).len(), 0);
    world.finish().await;
}

#[tokio::test]
async fn the_post_of_somebody_who_left_is_moved_and_nobody_is_invited() {
    let world = World::new().await;
    // The stand-in shows accounts that it does not know as GitHub shows deleted ones: as `ghost`.
    let number = exploit_by(&world, "somebody-who-left").await;
    assert_eq!(world.github.deliveries()[0].payload["issue"]["user"]["login"], "ghost");
    let thread = world.thread(number);
    assert!(!thread.open && thread.locked);
    assert_eq!(world.said(number).len(), 1);
    let draft = &world.github.advisories(REPO).expect("the repository")[0];
    assert!(draft.collaborators.is_empty(), "{:?}", draft.collaborators);
    assert!(draft.credits.is_empty(), "{:?}", draft.credits);
    assert!(world.alerts().await.is_empty(), "and nobody is asked to invite a ghost");
    world.finish().await;
}
