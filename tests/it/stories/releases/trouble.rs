//! Restarts, mirrors that cannot be had, permissions that are missing.

use embargod::{
    domain::coverage::Verdict,
    standin::{Fault, Match},
};
use jiff::SignedDuration;

use super::{
    ALL, MENDED, case, check, checks, fixed_by, history, look, release_alerts, verdicts, watched, watched_with,
};
use crate::kit::{Moment, Setting, World, policy};

#[tokio::test]
async fn a_restart_in_the_middle_ends_as_if_there_had_been_none() {
    let upstream = history();
    let mut world = watched(&upstream).await;
    let case = case(&world).await;
    let fix = upstream.commit("main", "src/paths.py", MENDED, "Tightened fetch().");
    fixed_by(&world, &case, "main", &fix).await;
    upstream.commit("stable/5.1.x", "VERSION", "5.1.1", "Bumped version for 5.1.1 release.");
    upstream.tag("5.1.1", "stable/5.1.x");
    upstream.push(&world, &[ALL[0], ALL[2], "refs/tags/5.1.1"]);
    world.settle().await;
    // The check run is made and nobody hears of it: the process dies between GitHub's doing and the answer.
    world.github.fault(Match::path("/check-runs").method("POST").times(1), Fault::DropAnswerAfterDoing);
    world.engine.look_at_releases_once().await.expect("looked");
    world.engine.settle().await.expect("the store works");
    assert_eq!(checks(&world, &upstream, "5.1.1").len(), 1);
    world.restart().await;
    world.clock.advance(SignedDuration::from_mins(10));
    look(&world).await;
    assert_eq!(checks(&world, &upstream, "5.1.1").len(), 1);
    assert_eq!(release_alerts(&world).await.len(), 1);
    // A mirror that was cut in the middle of its first fetch, and a history file of nonsense.
    for entry in std::fs::read_dir(upstream.mirror_folder()).expect("mirrors").flatten() {
        if entry.path().extension().is_some_and(|end| end == "history") {
            std::fs::write(entry.path(), b"nonsense").expect("written");
        }
    }
    world.restart().await;
    upstream.commit("stable/5.1.x", "VERSION", "5.1.2", "Bumped version for 5.1.2 release.");
    upstream.tag("5.1.2", "stable/5.1.x");
    upstream.push(&world, &[ALL[2], "refs/tags/5.1.2"]);
    look(&world).await;
    assert_eq!(check(&world, &upstream, "5.1.2")[0], "neutral");
    let told = release_alerts(&world).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("5.1.2"), "the newest release is what counts: {told:?}");
    world.finish().await;
}

/// A release with a finding, looked at by a process that dies at its `nth` write; whether it came to that.
async fn dies_while_looking(nth: usize, moment: Moment) -> bool {
    let upstream = history();
    let mut world = watched(&upstream).await;
    let case = case(&world).await;
    let fix = upstream.commit("main", "src/paths.py", MENDED, "Tightened fetch().");
    fixed_by(&world, &case, "main", &fix).await;
    upstream.commit("stable/5.1.x", "VERSION", "5.1.1", "Bumped version for 5.1.1 release.");
    upstream.tag("5.1.1", "stable/5.1.x");
    upstream.push(&world, &[ALL[0], ALL[2], "refs/tags/5.1.1"]);
    world.settle().await;
    let death = world.live_until(nth, moment).await;
    // What it says then is of no use to anybody.
    let _ = world.engine.look_at_releases_once().await;
    let _ = world.try_settle().await;
    let died = death.happened();
    world.restart().await;
    world.wait(SignedDuration::from_secs(121)).await;
    look(&world).await;
    assert_eq!(checks(&world, &upstream, "5.1.1").len(), 1, "died {moment:?} write no. {nth}");
    assert_eq!(release_alerts(&world).await.len(), 1, "died {moment:?} write no. {nth}");
    let told = world.effects().await.into_iter().filter(|report| report.effect.key.contains("/release/5.1.1/"));
    assert_eq!(told.count(), 1, "died {moment:?} write no. {nth}");
    world.finish().await;
    died
}

#[tokio::test]
async fn dying_at_any_write_of_a_look_loses_and_doubles_nothing() {
    for moment in [Moment::Before, Moment::After] {
        let mut deaths = 0;
        while dies_while_looking(deaths + 1, moment).await {
            deaths += 1;
        }
        assert!(deaths > 6, "only {deaths} deaths were tried");
    }
}

#[tokio::test]
async fn a_mirror_that_cannot_be_had_makes_everything_unknown_and_is_said() {
    let upstream = history();
    let world = watched(&upstream).await;
    let case = case(&world).await;
    let fix = upstream.commit("main", "src/paths.py", MENDED, "Tightened fetch().");
    fixed_by(&world, &case, "main", &fix).await;
    upstream.push(&world, &[ALL[0]]);
    look(&world).await;
    assert!(verdicts(&world, &case).await.contains(&("5.1".to_owned(), Verdict::Missing)));
    let hidden = upstream.hide();
    upstream.push_as(&world, &["refs/tags/5.1.1"], &hidden);
    look(&world).await;
    let mirror = || async {
        let alerts = world.alerts().await;
        alerts.into_iter().filter(|alert| alert.id.starts_with("mirror:")).map(|alert| alert.text).collect::<Vec<_>>()
    };
    assert_eq!(mirror().await.len(), 1);
    assert!(verdicts(&world, &case).await.iter().all(|(_, verdict)| *verdict == Verdict::Unknown));
    assert_eq!(release_alerts(&world).await, Vec::<String>::new(), "unknown is not missing");
    upstream.show();
    upstream.tag("5.1.1", "stable/5.1.x");
    world.wait(SignedDuration::from_mins(2)).await;
    look(&world).await;
    assert_eq!(mirror().await, Vec::<String>::new());
    assert_eq!(check(&world, &upstream, "5.1.1")[0], "neutral", "the tag was not forgotten");
    world.finish().await;
}

#[tokio::test]
async fn a_mirror_that_is_refused_is_said() {
    let upstream = history();
    let mut mirrors = upstream.mirrors();
    mirrors.git_base = "http://127.0.0.1:1".to_owned();
    let policy = format!("{}series: {{ main: main }}\n", policy("shield"));
    let world = World::with(Setting { policy: Some(policy), mirrors: Some(mirrors), ..Setting::default() }).await;
    upstream.push(&world, &ALL);
    look(&world).await;
    let alerts = world.alerts().await;
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].text.contains("only https://"), "{}", alerts[0].text);
    world.finish().await;
}

#[tokio::test]
async fn without_the_permission_for_checks_maintainers_are_told_and_findings_go_on() {
    let upstream = history();
    let setting = Setting { permissions: vec![("checks", None)], ..Setting::default() };
    let world = watched_with(&upstream, setting).await;
    let case = case(&world).await;
    let fix = upstream.commit("main", "src/paths.py", MENDED, "Tightened fetch().");
    fixed_by(&world, &case, "main", &fix).await;
    upstream.commit("stable/5.1.x", "VERSION", "5.1.1", "Bumped version for 5.1.1 release.");
    upstream.tag("5.1.1", "stable/5.1.x");
    upstream.push(&world, &[ALL[0], ALL[2], "refs/tags/5.1.1"]);
    look(&world).await;
    assert!(checks(&world, &upstream, "5.1.1").is_empty());
    let alerts = world.alerts().await;
    assert!(alerts.iter().any(|alert| alert.text.contains("Checks: write")), "{alerts:?}");
    assert_eq!(release_alerts(&world).await.len(), 1);

    // The permission is granted: the check run that is owed appears, once.
    let installation = world.github.install_on_all("acme").expect("it is installed");
    world.github.accept_permission(installation, "checks", "write").expect("granted");
    look(&world).await;
    assert_eq!(check(&world, &upstream, "5.1.1")[0], "neutral");
    look(&world).await;
    assert_eq!(checks(&world, &upstream, "5.1.1").len(), 1);
    let open = world.alerts().await;
    assert!(!open.iter().any(|alert| alert.text.contains("Checks: write")), "{open:?}");
    world.finish().await;
}

#[tokio::test]
async fn without_the_permission_for_contents_maintainers_are_told() {
    let upstream = history();
    let policy = format!("{}series: {{ main: main }}\n", policy("shield"));
    let setting = Setting {
        policy: None,
        default_policy: Some(policy),
        permissions: vec![("contents", None)],
        mirrors: Some(upstream.mirrors()),
        ..Setting::default()
    };
    let world = World::with(setting).await;
    upstream.push(&world, &ALL);
    look(&world).await;
    let alerts = world.alerts().await;
    assert!(alerts.iter().any(|alert| alert.text.contains("Contents: read")), "{alerts:?}");
    world.finish().await;
}

#[tokio::test]
async fn without_a_folder_nothing_is_mirrored_and_nothing_noted() {
    let upstream = history();
    let policy = format!("{}series: {{ main: main }}\n", policy("shield"));
    let world = World::with(Setting { policy: Some(policy), ..Setting::default() }).await;
    upstream.push(&world, &ALL);
    let before = world.decisions().await.len();
    look(&world).await;
    assert_eq!(world.decisions().await.len(), before);
    assert!(!upstream.mirror_folder().exists());
    world.finish().await;
}
