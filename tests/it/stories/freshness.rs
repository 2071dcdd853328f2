//! A change that GitHub tells of holds at once, not only when what was read before has grown old.

use embargod::domain::intake::texts;

use crate::kit::{CASES, MALLORY, RAE, REPO, Setting, World, policy};

const POLICY: &str = ".github/embargod.yml";

async fn posted(world: &World, who: &str) -> u64 {
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, who, &title, &body).expect("posted");
    world.settle().await;
    number
}

fn is_moved(world: &World, number: u64) -> bool {
    world.thread(number).body() == texts::NEUTRAL_BODY
}

#[tokio::test]
async fn a_policy_that_is_pushed_holds_for_the_next_post() {
    let world = World::with(Setting { policy: Some(policy("observe")), ..Setting::default() }).await;
    let before = posted(&world, RAE).await;
    assert!(!is_moved(&world, before));
    world.github.set_file(REPO, POLICY, &policy("shield")).expect("pushed");
    let after = posted(&world, MALLORY).await;
    assert!(is_moved(&world, after));
    assert!(!is_moved(&world, before), "what was decided stays decided");
    world.finish().await;
}

#[tokio::test]
async fn a_push_of_other_files_makes_nobody_read_the_policy_again() {
    let world = World::new().await;
    posted(&world, RAE).await;
    let mark = world.github.mark();
    world.github.set_file(REPO, "README.md", "Hello.").expect("pushed");
    let (title, body) = world.harmless();
    world.github.open_issue(REPO, "zoe", &title, &body).expect("posted");
    world.settle().await;
    let read = world.github.requests_since(mark).into_iter().filter(|request| request.path.contains("/contents/"));
    assert_eq!(read.count(), 0);
    world.finish().await;
}

#[tokio::test]
async fn the_common_policy_of_an_organisation_holds_at_once_as_well() {
    let world = World::with(Setting { policy: None, ..Setting::default() }).await;
    let common = embargod::standin::RepositorySpec::public("acme", ".github").file(POLICY, &policy("observe"));
    world.github.add_repository(&common).expect("a repository");
    let before = posted(&world, RAE).await;
    assert!(!is_moved(&world, before));
    world.github.set_file("acme/.github", POLICY, &policy("shield")).expect("pushed");
    world.settle().await;
    let after = posted(&world, MALLORY).await;
    assert!(is_moved(&world, after));
    world.finish().await;
}

#[tokio::test]
async fn a_permission_that_is_accepted_is_used_at_once() {
    let mut world = World::with(Setting { permissions: vec![("issues", Some("read"))], ..Setting::default() }).await;
    world.losses_expected = true;
    let before = posted(&world, RAE).await;
    assert!(!is_moved(&world, before), "the App may not");
    let minted = |world: &World| {
        let requests = world.github.requests();
        requests.iter().filter(|request| request.path.ends_with("/access_tokens")).count()
    };
    let tokens = minted(&world);
    let installation = world.github.install_on_all("acme").expect("it is installed");
    world.github.accept_permission(installation, "issues", "write").expect("accepted");
    world.settle().await;
    let after = posted(&world, MALLORY).await;
    assert!(is_moved(&world, after));
    assert_eq!(minted(&world), tokens + 1);
    world.finish().await;
}

#[tokio::test]
async fn pushes_elsewhere_are_handled_without_a_word() {
    let world = World::new().await;
    world.github.set_file(CASES, "notes.md", "nothing").expect("pushed");
    world.github.push(REPO, "cora", "other", &["Try something"]).expect("pushed");
    world.settle().await;
    assert!(world.decisions().await.is_empty());
    world.finish().await;
}
