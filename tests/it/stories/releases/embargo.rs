//! Fixes that are prepared in a private mirror before anybody may know of them.

use embargod::{
    domain::release_checks::Preparation,
    engine::releases::proof,
    standin::{RepositorySpec, Role},
};

use super::{ALL, MENDED, case, fixed_by, history, in_public, look, release_alerts, watched_by};
use crate::kit::{CORA, Setting, Upstream, World};

const MIRROR: &str = "acme/framework-mirror";
const WITH_MIRROR: &str = "embargo: { mirror: acme/framework-mirror }\n";

/// What the mirror holds of a case's fix, and what is missing, by series.
async fn standing(world: &World, case: &str) -> (Vec<(String, Preparation)>, Vec<String>) {
    let proof = proof(world.store(), case).await.expect("the store works").expect("something is known");
    let prepared = proof.prepared.as_ref().expect("the mirror was looked at");
    let found = prepared.series.iter().map(|(name, series)| (name.clone(), series.found)).collect();
    (found, proof.not_ready().into_iter().map(|missing| missing.series).collect())
}

fn is(name: &str, found: Preparation) -> (String, Preparation) {
    (name.to_owned(), found)
}

async fn with_mirror(upstream: &Upstream) -> (World, Upstream) {
    let world = watched_by(upstream, Setting::default(), WITH_MIRROR).await;
    (world, upstream.copy_to(MIRROR))
}

/// GitHub has the mirror, and shows it to the App.
fn shown(world: &World) {
    world.github.add_repository(&RepositorySpec::private("acme", "framework-mirror")).expect("a repository");
    world.github.grant(MIRROR, CORA, Role::Admin).expect("a role");
}

#[tokio::test]
async fn what_is_prepared_in_the_mirror_is_matched_before_anybody_else_knows() {
    let upstream = history();
    let (world, mirror) = with_mirror(&upstream).await;
    shown(&world);
    let case = case(&world).await;
    let id = case.id.as_str();
    let before = in_public(&world);

    // A fix for main and a backport, neither of them recorded by anybody.
    let branch = |series: &str| format!("sec/{id}-{series}");
    mirror.branch(&branch("main"), "main");
    mirror.commit(&branch("main"), "src/paths.py", MENDED, "Tightened fetch().");
    mirror.branch(&branch("5.1"), "stable/5.1.x");
    let backport = mirror.commit(&branch("5.1"), "src/paths.py", MENDED, "[5.1.x] Tightened fetch().");
    look(&world).await;
    // Somebody has to look at it once; from then on a push is heard of.
    fixed_by(&world, &case, "main", &mirror.sha(&branch("main"))).await;
    look(&world).await;
    let prepared =
        [is("5.0", Preparation::NoBranch), is("5.1", Preparation::Prepared), is("main", Preparation::Prepared)];
    assert_eq!(standing(&world, id).await, (prepared.to_vec(), vec!["5.0".to_owned()]));

    // What stands on the branch for 5.0 is not the fix, until somebody says that it is.
    mirror.branch(&branch("5.0"), "stable/5.0.x");
    let other = mirror.commit(&branch("5.0"), "src/other.py", "import os\n", "Reworked something.");
    mirror.push(&world, &[&format!("refs/heads/{}", branch("5.0"))]);
    look(&world).await;
    let (found, missing) = standing(&world, id).await;
    assert_eq!(
        (&found[0], missing.as_slice()),
        (&is("5.0", Preparation::NotRecognised), ["5.0".to_owned()].as_slice())
    );
    fixed_by(&world, &case, "5.0", &other).await;
    look(&world).await;
    let (found, missing) = standing(&world, id).await;
    assert_eq!((&found[0], missing), (&is("5.0", Preparation::Prepared), Vec::new()));

    // The card at the desk says so, and nobody else learns anything.
    let embargod::domain::case::Desk::Advisory { ghsa, .. } = &case.desk else {
        panic!("the desk is an advisory");
    };
    let advisory = world.github.advisory(crate::kit::REPO, ghsa).expect("the desk");
    let card = advisory.comments.iter().find(|comment| comment.body.contains("**Coverage**")).expect("a card");
    assert!(card.body.contains(&format!("| 5.1 | unknown | – | prepared (`{}`) |", branch("5.1"))), "{}", card.body);
    assert_eq!(in_public(&world), before);

    // The day has come: what is public is proved there, and the mirror no longer matters for it.
    upstream.take(&mirror, &branch("5.1"), "stable/5.1.x");
    assert_eq!(upstream.sha("stable/5.1.x"), backport);
    upstream.push(&world, &[ALL[2]]);
    look(&world).await;
    assert_eq!(standing(&world, id).await.1, Vec::<String>::new());
    assert_eq!(release_alerts(&world).await, Vec::<String>::new());
    world.finish().await;
}

#[tokio::test]
async fn a_mirror_that_the_app_does_not_see_is_told_until_it_does() {
    let upstream = history();
    let (world, mirror) = with_mirror(&upstream).await;
    let case = case(&world).await;
    let id = case.id.as_str();
    mirror.branch(&format!("sec/{id}-main"), "main");
    let fix = mirror.commit(&format!("sec/{id}-main"), "src/paths.py", MENDED, "Tightened fetch().");
    fixed_by(&world, &case, "main", &fix).await;
    look(&world).await;
    let told = || async { world.alerts().await.into_iter().filter(|alert| alert.text.contains(MIRROR)).count() };
    assert_eq!(told().await, 1);
    shown(&world);
    fixed_by(&world, &case, "5.1", &fix).await;
    look(&world).await;
    assert_eq!(told().await, 0);
    assert_eq!(standing(&world, id).await.1, ["5.0", "5.1"], "the commit is not on the branch of 5.1");
    world.finish().await;
}
