//! What it costs to listen: 200 open cases in 50 repositories, for an hour.

use std::time::Duration;

use embargod::{
    domain::case::{Case, Desk},
    standin::{CallerKind, RepositorySpec, Role},
};
use jiff::{SignedDuration, Timestamp};

use crate::kit::{CORA, RAE, REPO, Setting, World, policy};

const REPOSITORIES: usize = 50;
const REPORTS_EACH: usize = 4;
/// A third of what one installation may ask in an hour.
const THIRD: usize = 5_000 / 3;
/// As often as the program looks whose turn it is.
const ROUND: SignedDuration = SignedDuration::from_secs(5);

async fn round(world: &World) {
    world.clock.advance(ROUND);
    world.engine.poll_advisories_once(Duration::from_secs(60)).await.expect("GitHub answers");
    world.engine.read_desks_once().await.expect("GitHub answers");
    world.settle().await;
}

/// Rounds until the bot has answered at the advisory, as a time.
async fn answered_after(world: &World, case: &Case, text: &str) -> SignedDuration {
    let Desk::Advisory { ghsa, .. } = &case.desk else { panic!("an advisory was expected") };
    let repository = case.repository.to_string();
    let replies = || {
        let comments = world.github.advisory(&repository, ghsa).expect("it exists").comments;
        comments.into_iter().filter(|comment| comment.body.starts_with("**`/")).count()
    };
    let (before, said_at) = (replies(), world.now());
    world.github.comment_advisory(&repository, ghsa, CORA, text).expect("said");
    while replies() == before {
        assert!(world.now().duration_since(said_at) < SignedDuration::from_mins(5), "no answer");
        round(world).await;
    }
    world.now().duration_since(said_at)
}

#[tokio::test]
async fn an_hour_of_listening_takes_less_than_a_third_of_the_requests() {
    let world = World::with(Setting { policy: Some(policy("shield")), ..Setting::default() }).await;
    let mut names = vec![REPO.to_owned()];
    for number in 1..REPOSITORIES {
        let name = format!("library{number}");
        let spec = RepositorySpec::public("acme", &name).file(".github/embargod.yml", &policy("shield"));
        let spec = RepositorySpec { private_reporting: true, ..spec };
        world.github.add_repository(&spec).expect("a repository");
        names.push(format!("acme/{name}"));
    }
    for name in &names {
        world.github.grant(name, CORA, Role::Admin).expect("a role");
        for number in 0..REPORTS_EACH {
            world.github.report_privately(name, RAE, &format!("Matter {number}"), "It fails.").expect("the form is on");
        }
        world.settle().await;
        // An hour's requests are not for setting up so much at once.
        world.clock.advance(SignedDuration::from_mins(6));
    }
    world.engine.poll_advisories_once(Duration::from_secs(60)).await.expect("GitHub answers");
    for _ in 0..30 {
        round(&world).await;
    }
    // Cards stand, everybody has stopped writing, a new hour of requests has begun.
    world.wait(SignedDuration::from_mins(70)).await;
    round(&world).await;
    let cases = world.cases().await;
    assert_eq!(cases.len(), REPOSITORIES * REPORTS_EACH);

    let (mark, begun_at) = (world.github.mark(), world.now());
    let mut quiet = Vec::new();
    let mut active = Vec::new();
    while world.now() < begun_at + SignedDuration::from_hours(1) {
        // Every five minutes somebody goes to a case that was quiet, and says two things.
        let place = quiet.len() * 16 % cases.len();
        quiet.push(answered_after(&world, &cases[place], "/status").await);
        for _ in 0..3 {
            round(&world).await;
        }
        active.push(answered_after(&world, &cases[place], "/note -- seen").await);
        let until: Timestamp = begun_at + SignedDuration::from_mins(5) * i32::try_from(quiet.len()).expect("few");
        while world.now() < until {
            round(&world).await;
        }
    }
    let asked: Vec<_> = world.github.requests_since(mark);
    let paid: Vec<_> =
        asked.iter().filter(|request| request.status != 304 && request.caller == CallerKind::Installation).collect();
    let listening = paid.iter().filter(|request| request.method == "GET").count();
    let slowest = |times: &[SignedDuration]| times.iter().max().expect("some").as_secs();
    println!(
        "{} cases in {} repositories, {} commands in an hour: {} requests of the budget ({} of them questions) and {} free \
         ones; answered after at most {} s, and {} s in an active thread",
        cases.len(),
        names.len(),
        quiet.len() + active.len(),
        paid.len(),
        listening,
        asked.len() - paid.len(),
        slowest(&quiet),
        slowest(&active),
    );
    assert!(paid.len() < THIRD, "{} requests", paid.len());
    assert!(slowest(&quiet) <= 60, "{quiet:?}");
    assert!(slowest(&active) <= 15, "10 s and a round of 5 s: {active:?}");
    world.finish().await;
}
