//! Desks that move, and cases that people open where they are.

use embargod::{
    domain::case::{CaseOrigin, Desk, Handling},
    standin::Role,
};

use super::at_desk::{ISSUE_DESK, replies, said, settled, the_case, write};
use crate::kit::{CASES, CORA, MALLORY, RAE, REPO, Setting, World, policy};

const FALL_BACK: &str = "desk:\n  repository: acme/cases\n";

#[tokio::test]
async fn where_github_refuses_comments_the_desk_moves_to_the_private_repository_and_says_why() {
    let setting = Setting { policy: Some(policy("shield") + FALL_BACK), ..Setting::default() };
    let mut world = World::with(setting).await;
    world.github.grant(REPO, CORA, Role::Admin).expect("a role");
    world.github.grant(CASES, CORA, Role::Write).expect("a role");
    world.github.set_capabilities(|can| can.advisory_comments = false);
    let (title, body) = world.exploit();
    let ghsa = world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on");
    for _ in 0..3 {
        settled(&world).await;
        world.restart().await;
    }
    let case = the_case(&world).await;
    let Desk::Issue { number, .. } = case.desk else {
        panic!("it moved: {:?}", case.desk);
    };
    assert_eq!(case.ghsa(), Some(ghsa.as_str()), "the advisory still belongs to the case");
    let issues = world.github.threads(CASES).expect("the repository");
    assert_eq!(issues.len(), 1, "once");
    let opening = world.github.issue(CASES, number).expect("it exists").body().to_owned();
    assert!(
        opening.contains("does not let the App read or write the comments") && opening.contains(&body),
        "{opening}"
    );
    assert_eq!(world.decisions().await.iter().filter(|decision| decision.outcome == "desk_moves").count(), 1);
    assert!(world.alerts().await.iter().all(|alert| !alert.id.starts_with("silent:")), "nobody needs to be alerted");
    // The card is there, and commands work.
    let cards = said(&world).await;
    assert_eq!(cards.iter().filter(|text| text.contains("**Next**")).count(), 1, "{cards:?}");
    write(&world, CORA, "/ack").await;
    assert_eq!(the_case(&world).await.handling, Handling::Acknowledged);
    // What is for the reporter is put into people's hands.
    assert!(said(&world).await.iter().any(|text| text.starts_with("The reporter (`rae`) does not read along")));
    world.finish().await;
}

#[tokio::test]
async fn a_private_repository_that_cannot_be_had_leaves_the_desk_where_it_is() {
    let setting = Setting { policy: Some(policy("shield") + FALL_BACK), ..Setting::default() };
    let mut world = World::with(setting).await;
    world.losses_expected = true;
    world.github.make_public(CASES).expect("its owner may");
    world.github.set_capabilities(|can| can.advisory_comments = false);
    let (title, body) = world.exploit();
    world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on");
    for _ in 0..3 {
        settled(&world).await;
    }
    assert!(matches!(the_case(&world).await.desk, Desk::Advisory { .. }));
    assert!(world.github.threads(CASES).expect("the repository").is_empty(), "nothing private goes there");
    assert_eq!(world.alerts().await.iter().filter(|alert| alert.id == "silent:SEC-2026-1").count(), 1);
    world.finish().await;
}

#[tokio::test]
async fn a_private_report_is_talked_about_where_the_policy_says_and_its_reporter_reads_the_advisory() {
    let setting = Setting { policy: Some(policy("shield") + ISSUE_DESK), ..Setting::default() };
    let world = World::with(setting).await;
    world.github.grant(REPO, CORA, Role::Admin).expect("a role");
    world.github.grant(CASES, CORA, Role::Write).expect("a role");
    let (title, body) = world.exploit();
    let ghsa = world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on");
    for _ in 0..3 {
        settled(&world).await;
    }
    assert!(matches!(the_case(&world).await.desk, Desk::Issue { .. }));
    write(&world, CORA, "/need info -- Which version?").await;
    let in_advisory = || world.github.advisory(REPO, &ghsa).expect("it exists").comments;
    assert!(in_advisory().iter().any(|comment| comment.body.contains("Which version?")));
    assert!(in_advisory().iter().all(|comment| !comment.body.contains("**Next**")), "the card is not the reporter's");
    assert!(the_case(&world).await.people.asked_reporter_at.is_some());
    world.github.comment_advisory(REPO, &ghsa, RAE, "5.2.1").expect("they may");
    for _ in 0..6 {
        settled(&world).await;
    }
    assert_eq!(the_case(&world).await.people.asked_reporter_at, None, "the answer was heard");
    world.finish().await;
}

#[tokio::test]
async fn a_case_is_opened_by_a_comment_in_the_private_repository() {
    let setting = Setting { policy: Some(policy("shield") + FALL_BACK), ..Setting::default() };
    let mut world = World::with(setting).await;
    world.github.grant(REPO, CORA, Role::Admin).expect("a role");
    for login in [CORA, MALLORY] {
        world.github.grant(CASES, login, Role::Write).expect("a role");
    }
    let word = world.canary.word().to_owned();
    let issue =
        world.github.open_issue(CASES, CORA, "Came by mail", &format!("The {word} parser again.")).expect("opened");
    world.github.comment(CASES, issue, MALLORY, "/case open").expect("said");
    settled(&world).await;
    assert!(world.cases().await.is_empty(), "who has no role in the project opens none");
    world.github.comment(CASES, issue, CORA, "/case open other/repository").expect("said");
    settled(&world).await;
    assert!(world.cases().await.is_empty());
    world.github.comment(CASES, issue, CORA, "It is real.\n\n/case open").expect("said");
    settled(&world).await;
    world.restart().await;
    for delivery in world.github.deliveries() {
        world.github.redeliver(delivery.id);
    }
    for _ in 0..2 {
        settled(&world).await;
    }
    let case = the_case(&world).await;
    assert_eq!((case.origin, case.handling), (CaseOrigin::Opened, Handling::Received));
    assert_eq!(case.repository.to_string(), REPO);
    assert!(matches!(case.desk, Desk::Issue { number, .. } if number == issue));
    assert!(case.people.credits.is_empty(), "nobody is credited who was not named");
    let told = said(&world).await;
    assert_eq!(told.iter().filter(|text| text.starts_with("**`/case`** refused.")).count(), 2, "{told:?}");
    assert_eq!(told.iter().filter(|text| text.contains("**Next**")).count(), 1, "{told:?}");
    write(&world, CORA, "/ack").await;
    assert_eq!(the_case(&world).await.handling, Handling::Acknowledged);
    write(&world, CORA, "/case open").await;
    assert!(replies(&world).await.pop().expect("answered").contains("desk of SEC-2026-1 already"));
    world.finish().await;
}
