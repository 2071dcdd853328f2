//! The advisory says what the case says, and what a hand set there stays.

use embargod::standin::{AdvisoryState, Commit, Role};
use serde_json::{Value, json};

use super::at_desk::{said, settled, the_case, write};
use crate::kit::{CORA, RAE, REPO, Setting, World, policy};

const SERIES: &str = "series:\n  latest: 2\n  lts: { \"4.2\": 2028-04-07 }\n";

async fn reported() -> (World, String) {
    let world = World::with(Setting { policy: Some(policy("shield") + SERIES), ..Setting::default() }).await;
    world.github.grant(REPO, CORA, Role::Admin).expect("a role");
    let tags = [
        ("4.2", "2025-04-03"),
        ("4.2.1", "2025-05-03"),
        ("5.1", "2025-08-07"),
        ("5.2", "2026-04-02"),
        ("5.2.1", "2026-05-07"),
    ];
    let commits = tags.iter().enumerate().map(|(place, (tag, day))| Commit {
        sha: format!("{:040x}", 0xdef0_0000 + place),
        message: format!("Released {tag}"),
        author: "acme".to_owned(),
        at: format!("{day}T12:00:00Z").parse().expect("an instant"),
        parents: Vec::new(),
    });
    let commits: Vec<Commit> = commits.collect();
    let refs: Vec<(String, String)> =
        tags.iter().zip(&commits).map(|((tag, _), commit)| (format!("refs/tags/{tag}"), commit.sha.clone())).collect();
    world.github.take_over(REPO, commits).expect("taken over");
    let refs: Vec<(&str, &str)> = refs.iter().map(|(name, sha)| (name.as_str(), sha.as_str())).collect();
    world.github.push_refs(REPO, "acme", &refs).expect("pushed");
    let (title, body) = world.exploit();
    let ghsa = world.github.report_privately(REPO, RAE, &title, &body).expect("the form is on");
    for _ in 0..2 {
        settled(&world).await;
    }
    (world, ghsa)
}

fn ranges(world: &World, ghsa: &str) -> Vec<Value> {
    let stands = world.github.advisory(REPO, ghsa).expect("it exists").vulnerabilities;
    stands.into_iter().map(|one| json!([one["vulnerable_version_range"], one["patched_versions"]])).collect()
}

#[tokio::test]
async fn affected_versions_come_from_series_and_tags() {
    let (world, ghsa) = reported().await;
    write(&world, CORA, "/affects main 5.2 4.2").await;
    assert_eq!(ranges(&world, &ghsa), [json!([">= 4.2, <= 4.2.1", null]), json!([">= 5.2, <= 5.2.1", null])]);
    // The case learns more: the list follows.
    write(&world, CORA, "/affects main 5.2 5.1 4.2").await;
    assert_eq!(ranges(&world, &ghsa).len(), 3);
    // A hand is not overwritten, and the desk is asked about it, once.
    let by_hand =
        [json!({ "package": { "ecosystem": "pip", "name": "framework" }, "vulnerable_version_range": "< 5.3" })];
    world.github.set_advisory_vulnerabilities(REPO, &ghsa, CORA, &by_hand).expect("set");
    write(&world, CORA, "/affects main 5.2").await;
    write(&world, CORA, "/class sql-injection").await;
    assert_eq!(ranges(&world, &ghsa), [json!(["< 5.3", null])]);
    let told = said(&world).await;
    let asked: Vec<&String> = told.iter().filter(|text| text.contains("`< 5.3`, set by hand")).collect();
    assert_eq!(asked.len(), 1, "{told:?}");
    assert!(asked[0].contains(">= 5.2, <= 5.2.1"), "{}", asked[0]);
    world.finish().await;
}

#[tokio::test]
async fn finders_are_credited_as_they_want_to_be() {
    let (world, ghsa) = reported().await;
    let credits = || -> Vec<String> {
        let stands = world.github.advisory(REPO, &ghsa).expect("it exists").credits;
        stands.into_iter().map(|credit| format!("{} {}", credit.login, credit.kind)).collect()
    };
    write(&world, RAE, "/credit @rae").await;
    assert_eq!(credits(), ["rae reporter"]);
    write(&world, CORA, "/credit @zoe for @zoe").await;
    assert_eq!(credits(), ["rae reporter", "zoe finder"]);
    write(&world, RAE, "/credit anonymous").await;
    assert_eq!(credits(), ["zoe finder"], "who wants no name has none");
    write(&world, CORA, "/credit \"Zoe Z.\" for @zoe").await;
    assert_eq!(credits(), Vec::<String>::new());
    let told = said(&world).await;
    assert!(told.iter().any(|text| text.contains("Zoe Z.") && text.contains("credits accounts alone")), "{told:?}");
    assert_eq!(the_case(&world).await.people.credits.len(), 2, "the case forgets nobody");
    world.finish().await;
}

#[tokio::test]
async fn github_is_asked_for_an_id_only_where_people_ask_github() {
    for (command, asks) in [("/cve request", 1), ("/cve reserve", 0)] {
        let (world, ghsa) = reported().await;
        let checks: String = world_checklist(&world).await;
        write(&world, CORA, &format!("/ack\n{checks}")).await;
        write(&world, CORA, &format!("/class sql-injection\n/affects main 5.2\n/accept\n{command}")).await;
        let path = format!("/security-advisories/{ghsa}/cve");
        let asked = world.github.requests().into_iter().filter(|request| request.path.ends_with(&path)).count();
        assert_eq!(asked, asks, "{command}: {:?}", said(&world).await);
        let state = world.github.advisory(REPO, &ghsa).expect("it exists").state;
        assert_eq!(state, AdvisoryState::Draft, "what is accepted here is accepted there");
        world.finish().await;
    }
}

async fn world_checklist(world: &World) -> String {
    let case = the_case(world).await;
    let shop = world.engine.shop();
    let rules = shop.policies.of_case(shop, &case).await.expect("kept");
    rules.evaluation.checklist.iter().map(|item| format!("/check {} yes\n", item.id)).collect()
}

#[tokio::test]
async fn a_case_that_is_over_closes_its_advisory_and_opens_it_again() {
    let (world, ghsa) = reported().await;
    let state = || world.github.advisory(REPO, &ghsa).expect("it exists").state;
    write(&world, CORA, "/ack").await;
    write(&world, CORA, "/reject invalid -- It does not happen.").await;
    assert_eq!(state(), AdvisoryState::Closed);
    assert!(said(&world).await.iter().all(|said| !said.contains("closed by hand")), "the bot knows its own hand");
    write(&world, CORA, "/reopen -- It does happen on Windows.").await;
    assert_eq!(state(), AdvisoryState::Draft);
    // What a person closes, the bot does not open.
    world.github.set_advisory_state(REPO, &ghsa, CORA, AdvisoryState::Closed).expect("closed");
    write(&world, CORA, "/class sql-injection").await;
    assert_eq!(state(), AdvisoryState::Closed);
    world.finish().await;
}
