//! Several engines on one database: whatever they do at the same time is done once.

use embargod::{engine::Engine, store::EffectState};
use futures_util::future::join_all;

use crate::kit::{MALLORY, RAE, REPO, World};

async fn settle_together(world: &World, engines: &[Engine]) {
    world.github.deliveries_idle().await;
    let settled = join_all(engines.iter().map(Engine::settle)).await;
    assert!(settled.into_iter().all(|settled| settled.is_ok()), "the store works");
    world.settle().await;
}

#[tokio::test]
async fn three_engines_at_once_shield_each_exploit_once() {
    let world = World::new().await;
    let engines = [world.engine.clone(), world.another_engine().await, world.another_engine().await];
    let (title, body) = world.exploit();
    let mut numbers = Vec::new();
    for who in [RAE, MALLORY, "zoe", "finn"] {
        numbers.push(world.github.open_issue(REPO, who, &title, &body).expect("posted"));
    }
    settle_together(&world, &engines).await;
    for number in numbers {
        assert!(world.ending(number).await.is_shielded());
    }
    assert_eq!(world.made().len(), 8, "a desk and a comment each: {:?}", world.made());
    let effects = world.effects().await;
    let over = effects.iter().filter(|report| report.state == EffectState::Done);
    assert!(over.clone().count() > 0);
    assert!(over.clone().all(|report| report.attempts == 1), "each was done by one of them alone");
    world.finish().await;
}
