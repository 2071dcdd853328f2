//! What is pushed where everybody can see it may give a secret fix away: maintainers are told, and nobody else.

use embargod::{
    domain::{
        case::{Case, Handling},
        record::RecordWrite,
    },
    store::Commit,
};

use crate::kit::{CORA, MALLORY, REPO, World};

/// A world with a private report that is being mended, if `secret`.
async fn world(secret: bool) -> World {
    let world = World::new().await;
    if secret {
        let (title, body) = world.exploit();
        world.github.report_privately(REPO, MALLORY, &title, &body).expect("the form is on");
        world.settle().await;
        let mut cases: Vec<Case> = world.cases().await;
        let mut case = cases.remove(0);
        assert!(!case.is_exposed());
        case.handling = Handling::Fixing;
        let commit = Commit { records: vec![RecordWrite::overwriting(&case)], ..Commit::default() };
        world.store().commit(world.now(), commit).await.expect("the store works");
    }
    world
}

async fn pushed(world: &World, branch: &str, messages: &[&str]) -> Vec<String> {
    let mark = world.github.mark();
    world.github.push(REPO, CORA, branch, messages).expect("pushed");
    world.settle().await;
    assert!(world.writes_since(mark).is_empty(), "nothing happens on GitHub");
    world.alerts().await.into_iter().map(|alert| alert.text).collect()
}

#[tokio::test]
async fn a_commit_that_reads_like_a_fix_is_told_to_maintainers_while_a_case_is_secret() {
    let world = world(true).await;
    let told = pushed(&world, "main", &["Added a test", "Fixed SQL injection in the report filter"]).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("the commit ") && told[0].contains("reads like a security fix"), "{told:?}");
    assert!(!told[0].contains("SQL"), "an alert quotes nothing");
    let (outcome, rules) = world.last_outcome().await;
    assert_eq!(outcome, "leak_suspected");
    assert!(rules.contains(&"giveaway.names_weakness".to_owned()), "{rules:?}");
    world.finish().await;
}

#[tokio::test]
async fn the_name_of_a_branch_may_tell_as_well() {
    let world = world(true).await;
    let told = pushed(&world, "fix-sql-injection-in-filter", &["Tidied up"]).await;
    assert!(told.iter().all(|text| text.starts_with("the branch fix-sql-injection-in-filter")), "{told:?}");
    assert_eq!(told.len(), 1, "told once, though the branch was made and pushed to");
    world.finish().await;
}

#[tokio::test]
async fn where_nothing_is_secret_or_nothing_is_told_nobody_is_alerted() {
    let calm = world(false).await;
    assert!(pushed(&calm, "main", &["Fixed SQL injection in the report filter"]).await.is_empty());
    calm.finish().await;
    let world = world(true).await;
    assert!(pushed(&world, "main", &["Added a test", "Fixed CVE-2019-1234's release note"]).await.is_empty());
    world.finish().await;
}
