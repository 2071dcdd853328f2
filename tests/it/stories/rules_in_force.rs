//! By which rules a case is judged, and who has a role in it at this very moment.

use embargod::{
    domain::case::{Handling, severity, severity_word},
    standin::Role,
};

use super::at_desk::{replies, settled, the_case, write};
use crate::kit::{CORA, RAE, REPO, Setting, World, code_in, policy};

/// Who decides is a team; a permission on the repository decides nothing.
const BY_TEAM: &str = "roles:\n  coordinator: [\"@acme/security\"]\n  security_team: [\"@acme/security\"]\n  triager: \
                       [\"@acme/security\"]\n  fixer: []\n  release_manager: []\n";

async fn reported(more: &str) -> World {
    let setting = Setting { policy: Some(policy("shield") + more), ..Setting::default() };
    let world = World::with(setting).await;
    for login in [CORA, "sam"] {
        world.github.set_in_team("acme", "security", login, true).expect("a team");
        world.github.grant(REPO, login, Role::Read).expect("a role");
    }
    let (title, body) = world.exploit();
    world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on");
    for _ in 0..3 {
        settled(&world).await;
    }
    world
}

#[tokio::test]
async fn a_team_that_the_policy_names_is_let_in_and_commands() {
    let world = reported(BY_TEAM).await;
    let ghsa = the_case(&world).await.ghsa().expect("an advisory").to_owned();
    assert_eq!(world.github.advisory(REPO, &ghsa).expect("it exists").teams, ["security"]);
    write(&world, CORA, "/ack").await;
    assert_eq!(the_case(&world).await.handling, Handling::Acknowledged);
    // Taken out of the team she still reads along until somebody takes her off, and commands nothing.
    world.github.grant(REPO, CORA, Role::Admin).expect("a role");
    world.github.set_in_team("acme", "security", CORA, false).expect("a team");
    write(&world, CORA, "/check supported yes").await;
    assert!(replies(&world).await[1].starts_with("**`/check`** refused."), "{:?}", replies(&world).await);
    world.finish().await;
}

#[tokio::test]
async fn what_a_removed_member_asked_for_cannot_be_confirmed_any_more() {
    let world = reported(BY_TEAM).await;
    write(&world, CORA, "/ack").await;
    write(&world, CORA, "/leak https://tracker.example.org/1 -- It stands there.").await;
    let waits = replies(&world).await.pop().expect("answered");
    let code = code_in(&waits);
    world.github.set_in_team("acme", "security", CORA, false).expect("a team");
    write(&world, "sam", &format!("/confirm {code}")).await;
    let reply = replies(&world).await.pop().expect("answered");
    assert!(reply.contains("no longer belongs to the project"), "{reply}");
    assert_eq!(the_case(&world).await.exposure.public, None);
    // And who was removed cannot confirm what a member asks for.
    write(&world, "sam", "/leak https://tracker.example.org/1 -- It stands there.").await;
    let code = self::code_in(&replies(&world).await.pop().expect("answered"));
    world.github.grant(REPO, CORA, Role::Admin).expect("reads along");
    write(&world, CORA, &format!("/confirm {code}")).await;
    assert!(replies(&world).await.pop().expect("answered").starts_with("**`/confirm`** refused."));
    assert_eq!(the_case(&world).await.exposure.public, None);
    world.finish().await;
}

#[tokio::test]
async fn without_the_permission_to_see_teams_nobody_has_a_role_by_one() {
    let world = reported(BY_TEAM).await;
    let installation = the_case(&world).await.installation_id;
    world.github.set_granted_permission(installation, "members", None).expect("changed");
    world.engine.shop().github.installation(installation).forget_token().await;
    write(&world, CORA, "/ack").await;
    assert_eq!(the_case(&world).await.handling, Handling::Received);
    assert!(replies(&world).await[0].starts_with("**`/ack`** refused."));
    world.finish().await;
}

#[tokio::test]
async fn a_case_is_judged_by_the_rules_that_it_was_opened_with() {
    let old = policy("shield").replace("django-2026", "django-2024");
    let mut world = World::with(Setting { policy: Some(old.clone()), ..Setting::default() }).await;
    world.github.grant(REPO, CORA, Role::Admin).expect("a role");
    let (title, body) = world.exploit();
    world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on");
    settled(&world).await;
    let opened = the_case(&world).await;
    // The project changes its policy: no denial of service is moderate any more, and cora may do nothing.
    let new = policy("shield") + "roles:\n  triager: []\n";
    world.github.set_file(REPO, ".github/embargod.yml", &new).expect("pushed");
    world.restart().await;
    settled(&world).await;
    write(&world, CORA, "/class denial-of-service").await;
    let case = the_case(&world).await;
    assert_eq!(case.policy_version, opened.policy_version);
    let shop = world.engine.shop();
    let rules = shop.policies.of_case(shop, &case).await.expect("kept");
    assert_eq!(rules.version, opened.policy_version);
    assert_eq!(severity(&case, &rules).level.map(severity_word), Some("moderate"), "as in 2024");
    assert_eq!(rules.roles.triager, Some(Vec::new()), "who may speak is a matter of today");
    // The next case goes by the new rules.
    world.github.report_privately(REPO, "zoe", "Another matter", "Of another day.").expect("the form is on");
    settled(&world).await;
    let cases = world.cases().await;
    let second = cases.iter().find(|other| other.id != case.id).expect("a second case");
    assert_ne!(second.policy_version, case.policy_version);
    let rules = shop.policies.of_case(shop, second).await.expect("kept");
    assert_eq!(rules.severity.classes.get("denial-of-service").copied().map(severity_word), Some("low"));
    // Scripts see the same.
    let kept = embargod::engine::policies::kept_for_case(world.store(), &case).await.expect("the store works");
    assert_eq!(kept.map(|kept| kept.version), Some(opened.policy_version));
    world.finish().await;
}
