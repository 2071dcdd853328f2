//! Where a case is talked about when the first choice is not to be had. The public side is protected in each story.

use embargod::{
    domain::{case::Desk, embargoed::Clearance},
    engine::evidence,
    standin::{Fault, Match, RepositorySpec, Thread},
};
use jiff::SignedDuration;

use crate::kit::{CASES, RAE, REPO, Setting, World, policy};

/// Ways in which GitHub keeps the App from drafting advisories.
const NO_ADVISORIES: [&str; 4] = ["no such feature", "no permission", "invalid", "silent 403"];

async fn world_without_advisories(how: &str, desk: &str) -> World {
    let permissions = match how {
        "no permission" => vec![("repository_advisories", None)],
        _ => Vec::new(),
    };
    let world =
        World::with(Setting { policy: Some(format!("{}{desk}", policy("shield"))), permissions, ..Setting::default() })
            .await;
    let drafting = || Match::path("/security-advisories").method("POST");
    match how {
        "no such feature" => world.github.set_capabilities(|can| can.advisories = false),
        "invalid" => world.github.fault(drafting(), Fault::Unprocessable422),
        "silent 403" => world.github.fault(drafting(), Fault::HeaderlessForbidden403),
        _ => {}
    }
    world
}

/// The exploit is posted; what the public sees is as it should be.
async fn shielded(world: &World) -> u64 {
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.settle().await;
    for pause_s in [1, 5, 30, 120] {
        world.wait(SignedDuration::from_secs(pause_s)).await;
    }
    let ending = world.ending(number).await;
    assert!(ending.is_shielded(), "{ending:?}");
    assert_eq!(world.said(number).len(), 1);
    number
}

async fn evidence_opens(world: &World) {
    let cases = world.cases().await;
    assert_eq!(cases.len(), 1);
    let name = cases[0].posts[0].evidence.first().expect("evidence");
    let shop = world.engine.shop();
    let clearance = Clearance::grant();
    let opened = evidence::open(&*shop.store, &shop.sealer, &clearance, cases[0].id.as_str(), name)
        .await
        .expect("the evidence opens");
    let (title, body) = world.exploit();
    assert_eq!((opened.title, opened.body), (title, body));
}

fn case_issues(world: &World, repository: &str) -> Vec<Thread> {
    world.github.threads(repository).expect("the repository exists")
}

#[tokio::test]
async fn where_advisories_are_not_to_be_had_the_private_repository_is_the_desk() {
    for how in NO_ADVISORIES {
        let world = world_without_advisories(how, "desk:\n  repository: acme/cases\n").await;
        shielded(&world).await;
        let cases = world.cases().await;
        assert!(
            matches!(&cases[0].desk, Desk::Issue { repository, .. } if repository.to_string() == CASES),
            "{how}: {:?}",
            cases[0].desk
        );
        let issues = case_issues(&world, CASES);
        assert_eq!(issues.len(), 1, "{how}");
        assert!(issues[0].body().contains(&world.exploit().1), "{how}");
        assert!(!issues[0].title.contains(world.canary.word()), "titles turn up in lists and mails");
        assert!(world.alerts().await.is_empty(), "{how}");
        evidence_opens(&world).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn where_nothing_is_to_be_had_maintainers_are_alerted() {
    for how in NO_ADVISORIES {
        let world = world_without_advisories(how, "").await;
        shielded(&world).await;
        assert_eq!(world.cases().await[0].desk, Desk::AlertOnly, "{how}");
        let alerts = world.alerts().await;
        assert_eq!(alerts.len(), 1, "{how}: {alerts:?}");
        assert_eq!(alerts[0].id, "desk:SEC-2026-1");
        assert!(alerts[0].text.contains("case show SEC-2026-1"), "{}", alerts[0].text);
        evidence_opens(&world).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn a_reporter_who_cannot_be_credited_does_not_cost_the_advisory() {
    let world = World::new().await;
    let with_credit = Match::path("/security-advisories").method("POST").body("\"reporter\"");
    world.github.fault(with_credit, Fault::Unprocessable422);
    shielded(&world).await;
    let advisories = world.github.advisories(REPO).expect("it exists");
    assert_eq!(advisories.len(), 1);
    assert!(advisories[0].credits.is_empty());
    assert_eq!(advisories[0].collaborators, [RAE]);
    assert!(world.alerts().await.is_empty());
    world.finish().await;
}

#[tokio::test]
async fn a_policy_may_choose_the_repository_first() {
    let desk = "desk:\n  kind: repository\n  repository: acme/cases\n";
    let world = world_without_advisories("they are to be had", desk).await;
    shielded(&world).await;
    assert!(world.github.advisories(REPO).expect("it exists").is_empty());
    assert_eq!(case_issues(&world, CASES).len(), 1);
    evidence_opens(&world).await;
    world.finish().await;
}

#[tokio::test]
async fn nothing_private_is_written_into_a_public_repository() {
    for (how, kind) in [("they are to be had", "  kind: repository\n"), ("no such feature", "")] {
        let desk = format!("desk:\n{kind}  repository: acme/open\n");
        let world = world_without_advisories(how, &desk).await;
        world.github.add_repository(&RepositorySpec::public("acme", "open")).expect("a repository");
        shielded(&world).await;
        assert!(case_issues(&world, "acme/open").is_empty());
        let written = world.github.requests();
        let written = written.iter().filter(|r| r.mutates && r.path.contains("/acme/open/"));
        assert_eq!(written.count(), 0);
        assert_eq!(world.cases().await[0].desk, Desk::AlertOnly);
        let alerts = world.alerts().await;
        assert!(alerts[0].text.contains("public"), "{}", alerts[0].text);
        evidence_opens(&world).await;
        world.finish().await;
    }
}

#[tokio::test]
async fn a_case_repository_that_was_made_public_is_told_of_no_further_post() {
    let desk = "desk:\n  kind: repository\n  repository: acme/cases\n";
    let world = world_without_advisories("they are to be had", desk).await;
    let (title, body) = world.harmless();
    let number = world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    world.github.comment(REPO, number, RAE, &world.exploit_comment()).expect("posted");
    world.settle().await;
    assert_eq!(case_issues(&world, CASES).len(), 1);
    world.github.make_public(CASES).expect("made public");
    world.github.comment(REPO, number, "finn", &world.exploit_comment()).expect("posted");
    world.settle().await;
    assert!(case_issues(&world, CASES)[0].comments.is_empty(), "the second exploit is not quoted there");
    assert!(world.alerts().await.iter().any(|alert| alert.id == "more:SEC-2026-1"));
    world.finish().await;
}

#[tokio::test]
async fn a_refused_invitation_becomes_an_alert() {
    for fault in [Fault::Unprocessable422, Fault::HeaderlessForbidden403] {
        let world = World::new().await;
        let inviting = Match::path("/security-advisories/").method("PATCH");
        world.github.fault(inviting, fault);
        shielded(&world).await;
        let advisories = world.github.advisories(REPO).expect("it exists");
        assert!(advisories[0].collaborators.is_empty());
        let alerts = world.alerts().await;
        assert_eq!(alerts.len(), 1);
        assert_eq!(alerts[0].id, "invite:SEC-2026-1");
        world.finish().await;
    }
}

#[tokio::test]
async fn a_desk_that_was_made_although_its_answer_was_lost_is_found_again() {
    for how in ["advisory", "issue"] {
        let desk = match how {
            "issue" => "desk:\n  kind: repository\n  repository: acme/cases\n",
            _ => "",
        };
        let world = world_without_advisories("they are to be had", desk).await;
        for path in ["/framework/security-advisories", "/acme/cases/issues"] {
            let making = Match::path(path).method("POST").times(1);
            world.github.fault(making, Fault::DropAnswerAfterDoing);
        }
        shielded(&world).await;
        let made = world.github.advisories(REPO).expect("it exists").len() + case_issues(&world, CASES).len();
        assert_eq!(made, 1, "{how}");
        world.finish().await;
    }
}
