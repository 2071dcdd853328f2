//! A process is told to stop: nothing is lost, nothing is waited for too long, and the next one goes on at once.

use std::time::Duration;

use embargod::{
    engine::Pace,
    standin::{Fault, Match},
    store::EffectState,
};
use tokio_util::sync::CancellationToken;

use crate::kit::{RAE, REPO, World};

async fn is_redacting(world: &World) -> bool {
    let effects = world.effects().await;
    effects.iter().any(|report| report.effect.kind == "redact_post" && report.state == EffectState::Running)
}

/// A redaction that GitHub has been asked for and does not answer.
async fn stopped_while_github_is_silent(fault: Fault) {
    let mut world = World::new().await;
    let engine = world.another_engine_at(Pace { drain: Duration::ZERO, ..Pace::default() }).await;
    world.github.fault(Match::path("/issues/1").method("PATCH").times(1), fault);
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.github.deliveries_idle().await;
    let stop = CancellationToken::new();
    tokio::join!(engine.run(stop.clone()), async {
        while !is_redacting(&world).await {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    });
    let effects = world.effects().await;
    let redaction = effects.iter().find(|report| report.effect.kind == "redact_post").expect("it was decided");
    assert_eq!((redaction.state, redaction.attempts), (EffectState::Ready, 1), "it may have happened, so it counts");
    assert_eq!(redaction.last_error.as_deref(), Some("the process stopped"));

    world.github.release_stalled();
    world.restart().await;
    world.settle().await;
    assert!(world.ending(number).await.is_shielded(), "the next process went on at once");
    assert_eq!(world.made().len(), 2, "one desk, one comment");
    world.finish().await;
}

#[tokio::test]
async fn what_hangs_is_broken_off_and_done_by_the_next_process() {
    stopped_while_github_is_silent(Fault::StallBeforeDoing).await;
    stopped_while_github_is_silent(Fault::StallAnswer).await;
}

#[tokio::test]
async fn what_is_under_way_is_finished_and_nothing_new_is_begun() {
    let mut world = World::new().await;
    let engine = world.another_engine_at(Pace { drain: Duration::from_secs(3_600), ..Pace::default() }).await;
    world.github.fault(Match::path("/issues/1").method("PATCH").times(1), Fault::StallAnswer);
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, RAE, &title, &body).expect("posted");
    world.github.deliveries_idle().await;
    let stop = CancellationToken::new();
    let asked = || world.github.requests().iter().any(|r| r.method == "PATCH" && r.path.ends_with("/issues/1"));
    tokio::join!(engine.run(stop.clone()), async {
        world.until(asked).await;
        stop.cancel();
        world.github.release_stalled();
    });
    let effects = world.effects().await;
    let state = |kind: &str| effects.iter().find(|report| report.effect.kind == kind).map(|report| report.state);
    assert_eq!(state("redact_post"), Some(EffectState::Done));
    assert_eq!(state("say_constant"), Some(EffectState::Ready), "it comes last and was not begun");
    world.restart().await;
    world.settle().await;
    assert!(world.ending(number).await.is_shielded());
    world.finish().await;
}
