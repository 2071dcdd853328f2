//! An outsider posts an exploit in public.

use embargod::{
    domain::{case::Desk, intake::texts},
    standin::AdvisoryState,
};

use crate::kit::{MALLORY, RAE, REPO, World};

#[tokio::test]
async fn an_exploit_in_a_public_issue_becomes_a_private_case() {
    let world = World::new().await;
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;

    let thread = world.thread(number);
    assert_eq!(thread.title, texts::NEUTRAL_TITLE);
    assert_eq!(thread.body(), texts::NEUTRAL_BODY);
    assert!(!thread.open && thread.locked);
    assert_eq!(thread.state_reason.as_deref(), Some("not_planned"));
    let said = world.said(number);
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("/acme/framework/security/advisories/new"), "{}", said[0]);

    let advisories = world.github.advisories(REPO).expect("the repository exists");
    assert_eq!(advisories.len(), 1);
    assert_eq!(advisories[0].state, AdvisoryState::Draft);
    assert!(advisories[0].description.contains(&body), "the original text is kept, word for word");
    assert_eq!(advisories[0].collaborators, [RAE]);
    assert_eq!(advisories[0].credits[0].login, RAE);

    let cases = world.cases().await;
    assert_eq!(cases.len(), 1);
    assert_eq!(cases[0].id.to_string(), "SEC-2026-1");
    assert!(matches!(cases[0].desk, Desk::Advisory { .. }));
    world.finish().await;
}

#[tokio::test]
async fn a_disclosing_comment_is_moved_and_its_thread_stays_open() {
    let world = World::new().await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    world.github.comment(REPO, number, MALLORY, &world.exploit_comment()).expect("posted");
    world.settle().await;

    let thread = world.thread(number);
    assert_eq!(thread.title, title, "the thread itself is left alone");
    assert!(thread.open && !thread.locked);
    assert_eq!(thread.comments[0].post.body, texts::NEUTRAL_BODY);
    assert!(thread.comments[0].post.minimised.is_some());
    assert_eq!(world.said(number).len(), 1);
    world.finish().await;
}
