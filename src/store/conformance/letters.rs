//! Cases about what was given up, and what a person makes of it.

use super::*;
use crate::store::{EffectState, Touched};

async fn decided(store: &dyn Store) -> usize {
    store.decisions(None, 99).await.expect("it answers").len()
}

async fn park(store: &dyn Store, guid: &str, second: i64) {
    let claimed = claim(store, second).await;
    assert_eq!(claimed.guid, guid);
    assert_eq!(settle(store, &claimed, second, given_up()).await, Settled::Committed);
}

async fn kill(store: &dyn Store, key: &str, second: i64) {
    let claimed = claim_effect(store, second).await;
    assert_eq!(claimed.effect.key, key);
    assert_eq!(settle_effect(store, &claimed, second, given_up()).await, Settled::Committed);
}

async fn state_of(store: &dyn Store, key: &str) -> Option<EffectState> {
    store.effect(key).await.expect("it answers").map(|report| report.state)
}

/// Effects are listed by state, oldest first, and the oldest where there are too many.
pub async fn effects_are_listed_by_state(place: &dyn Place) {
    let store = place.open().await;
    let keys = ["done", "dead 1", "dead 2", "running", "dropped", "ready"];
    commit(&*store, 0, enqueue(keys.map(|key| effect(key, key)))).await;
    commit(&*store, 0, enqueue([effect("timer", "t").not_before(at(90))])).await;
    let done_one = claim_effect(&*store, 1).await;
    settle_effect(&*store, &done_one, 1, done()).await;
    kill(&*store, "dead 1", 2).await;
    kill(&*store, "dead 2", 3).await;
    claim_effect(&*store, 4).await;
    commit(&*store, 5, Commit { dropped_effects: vec!["dropped".to_owned()], ..Commit::default() }).await;
    for (state, expected) in [
        (EffectState::Done, vec!["done"]),
        (EffectState::Dead, vec!["dead 1", "dead 2"]),
        (EffectState::Running, vec!["running"]),
        (EffectState::Dropped, vec!["dropped"]),
        (EffectState::Ready, vec!["ready", "timer"]),
    ] {
        let found = store.effects_in(state, 9).await.expect("it answers");
        let keys: Vec<_> = found.iter().map(|report| report.effect.key.as_str()).collect();
        assert_eq!(keys, expected, "{state:?}");
        assert!(found.iter().all(|report| report.state == state));
    }
    let first = store.effects_in(EffectState::Dead, 1).await.expect("it answers");
    assert_eq!(first[0].effect.key, "dead 1");
    assert_eq!(first[0].last_error.as_deref(), Some("422"));
}

/// A dead or dropped effect starts anew, with no attempts behind it, and the decision of whoever did it is kept.
pub async fn a_revived_effect_starts_anew(place: &dyn Place) {
    let store = place.open().await;
    commit(&*store, 0, enqueue([effect("dead", "l"), effect("dropped", "m")])).await;
    kill(&*store, "dead", 1).await;
    commit(&*store, 1, Commit { dropped_effects: vec!["dropped".to_owned()], ..Commit::default() }).await;
    let by = decision("dead", Some("SEC-1"));
    for key in ["dead", "dropped"] {
        assert_eq!(store.revive_effect(key, at(9), &by).await, Ok(Touched::Changed), "{key}");
    }
    assert_eq!(store.decisions(Some("SEC-1"), 9).await, Ok(vec![by.clone(), by.clone()]));
    assert_eq!(claimable_effect(&*store, 8).await, None, "not before its instant");
    let again = claim_effect(&*store, 9).await;
    assert_eq!((again.effect.key.as_str(), again.attempt), ("dead", 1));
    let report = store.effect("dead").await.expect("it answers").expect("it is known");
    assert_eq!((report.state, report.attempts, report.finished_at), (EffectState::Running, 1, None));
    assert_eq!(claim_effect(&*store, 9).await.effect.key, "dropped");
    assert_eq!(store.backlog(at(9)).await.map(|all| all.effects_dead), Ok(0));
}

/// A revived effect stands in its lane as any other, and holds up those that come after it, if they have not started.
pub async fn a_revived_effect_keeps_to_its_lane(place: &dyn Place) {
    let store = place.open().await;
    let after = effect("after", "m").after(["first".to_owned()]);
    commit(&*store, 0, enqueue([effect("first", "l"), effect("busy", "l"), after.not_before(at(30))])).await;
    kill(&*store, "first", 1).await;
    let busy = claim_effect(&*store, 2).await;
    store.revive_effect("first", at(3), &decision("first", None)).await.expect("it answers");
    assert_eq!(claimable_effect(&*store, 31).await, None, "its lane is busy, and the other waits for it");
    settle_effect(&*store, &busy, 32, done()).await;
    let first = claim_effect(&*store, 33).await;
    assert_eq!(first.effect.key, "first");
    assert_eq!(claimable_effect(&*store, 33).await, None);
    settle_effect(&*store, &first, 34, done()).await;
    assert_eq!(claimable_effect(&*store, 35).await.as_deref(), Some("after"));
}

/// Only what is dead or dropped is revived; what waits, runs or is done stays, and no decision is kept.
pub async fn only_what_was_given_up_is_revived(place: &dyn Place) {
    let store = place.open().await;
    commit(&*store, 0, enqueue(["done", "running", "ready"].map(|key| effect(key, key)))).await;
    let over = claim_effect(&*store, 1).await;
    settle_effect(&*store, &over, 1, done()).await;
    claim_effect(&*store, 1).await;
    let by = decision("by hand", None);
    for key in ["done", "running", "ready"] {
        assert_eq!(store.revive_effect(key, at(2), &by).await, Ok(Touched::NotInThatState), "{key}");
    }
    assert_eq!(store.revive_effect("unknown", at(2), &by).await, Ok(Touched::Unknown));
    accept(&*store, "d", "repo:1").await;
    assert_eq!(store.revive_delivery("d", at(2), &by).await, Ok(Touched::NotInThatState));
    assert_eq!(store.discard_delivery("d", at(2), &by).await, Ok(Touched::NotInThatState));
    assert_eq!(store.revive_delivery("unknown", at(2), &by).await, Ok(Touched::Unknown));
    assert_eq!(store.discard_delivery("unknown", at(2), &by).await, Ok(Touched::Unknown));
    assert_eq!(decided(&*store).await, 0);
}

/// What waits or is dead is dropped by hand, also where a dead worker still seems to hold it; nothing else is. Those that
/// waited for it go on.
pub async fn a_discarded_effect_holds_nobody_up(place: &dyn Place) {
    let store = place.open().await;
    commit(&*store, 0, enqueue(["dead", "done", "running", "ready"].map(|key| effect(key, key)))).await;
    let after = effect("after", "x").after(["ready".to_owned(), "timer".to_owned()]);
    commit(&*store, 0, enqueue([after, effect("timer", "t").not_before(at(500))])).await;
    kill(&*store, "dead", 1).await;
    let over = claim_effect(&*store, 1).await;
    settle_effect(&*store, &over, 1, done()).await;
    let running = claim_effect(&*store, 1).await;
    let by = decision("by hand", None);
    for (key, expected) in [
        ("dead", Touched::Changed),
        ("ready", Touched::Changed),
        ("timer", Touched::Changed),
        ("done", Touched::NotInThatState),
        ("running", Touched::NotInThatState),
        ("ready", Touched::NotInThatState),
        ("unknown", Touched::Unknown),
    ] {
        assert_eq!(store.discard_effect(key, at(2), &by).await, Ok(expected), "{key}");
    }
    assert_eq!(decided(&*store).await, 3);
    assert_eq!(claimable_effect(&*store, 3).await.as_deref(), Some("after"));
    assert_eq!(store.discard_effect("running", at(61), &by).await, Ok(Touched::Changed), "its lease ran out");
    assert_eq!(settle_effect(&*store, &running, 2, done()).await, Settled::LeaseLost);
    assert_eq!(state_of(&*store, "running").await, Some(EffectState::Dropped));
    assert_eq!(claimable_effect(&*store, 62).await, None);
}

/// Parked deliveries are told with what is known of them.
pub async fn parked_deliveries_are_listed(place: &dyn Place) {
    let store = place.open().await;
    for (guid, lane) in [("a", "1"), ("b", "1"), ("c", "1")] {
        accept(&*store, guid, lane).await;
    }
    park(&*store, "a", 5).await;
    park(&*store, "b", 6).await;
    let parked = store.parked_deliveries(9).await.expect("it answers");
    assert_eq!(parked.iter().map(|it| it.guid.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!((parked[0].event.as_str(), parked[0].lane.as_str(), parked[0].attempts), ("issues", "1", 1));
    assert_eq!((parked[0].received_at, parked[0].finished_at), (at(0), Some(at(5))));
    assert_eq!((parked[0].last_error.as_deref(), parked[0].has_body), (Some("422"), true));
    assert_eq!(store.parked_deliveries(1).await.map(|first| first.len()), Ok(1));
}

/// A revived delivery goes behind what waits in its lane, and runs beside none of it.
pub async fn a_revived_delivery_goes_behind_its_lane(place: &dyn Place) {
    let store = place.open().await;
    for guid in ["a", "b", "c"] {
        accept(&*store, guid, "repo:1").await;
    }
    park(&*store, "a", 1).await;
    let by = decision("a", None);
    assert_eq!(store.revive_delivery("a", at(2), &by).await, Ok(Touched::Changed));
    assert_eq!(decided(&*store).await, 1);
    assert_eq!(store.delivery_state("a").await, Ok(Some("ready".to_owned())));
    assert_eq!(store.backlog(at(2)).await.map(|all| (all.deliveries_waiting, all.deliveries_parked)), Ok((3, 0)));
    accept(&*store, "d", "repo:1").await;
    for guid in ["b", "c", "a", "d"] {
        let next = claim(&*store, 3).await;
        assert_eq!((next.guid.as_str(), next.attempt), (guid, 1));
        assert_eq!(next.sealed_body, format!("sealed body of {guid}").into_bytes());
        assert_eq!(claimable(&*store, 3).await, None, "the lane is busy");
        settle(&*store, &next, 4, done()).await;
    }
    // It is the same delivery still.
    let again = store.accept(delivery("a", "repo:1", 0)).await;
    assert_eq!(again, Ok(crate::store::Acceptance::Duplicate));
}

/// Where its lane is free, a revived delivery has its turn at once; where somebody works in it, afterwards.
pub async fn a_revived_delivery_takes_a_free_lane(place: &dyn Place) {
    let store = place.open().await;
    for guid in ["a", "b"] {
        accept(&*store, guid, "repo:1").await;
    }
    park(&*store, "a", 1).await;
    let b = claim(&*store, 1).await;
    let by = decision("a", None);
    store.revive_delivery("a", at(2), &by).await.expect("it answers");
    assert_eq!(claimable(&*store, 3).await, None, "b runs");
    settle(&*store, &b, 4, done()).await;
    let a = claim(&*store, 5).await;
    assert_eq!(a.guid, "a");
    settle(&*store, &a, 6, given_up()).await;
    store.revive_delivery("a", at(9), &by).await.expect("it answers");
    assert_eq!(claimable(&*store, 8).await, None, "not before its instant");
    drop(store);
    let store = place.open().await;
    assert_eq!(claimable(&*store, 9).await.as_deref(), Some("a"));
}

/// The old lease of a delivery that was parked and revived reaches nothing.
pub async fn a_revived_delivery_is_fenced_anew(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    let old = claim(&*store, 1).await;
    settle(&*store, &old, 2, given_up()).await;
    store.revive_delivery("a", at(3), &decision("a", None)).await.expect("it answers");
    let new = claim(&*store, 4).await;
    assert_eq!(settle(&*store, &old, 5, done()).await, Settled::LeaseLost);
    assert_eq!(settle(&*store, &new, 5, done()).await, Settled::Committed);
}

/// A discarded delivery leaves the list, is over, and stays known.
pub async fn a_discarded_delivery_is_over(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    park(&*store, "a", 1).await;
    let by = decision("a", None);
    assert_eq!(store.discard_delivery("a", at(2), &by).await, Ok(Touched::Changed));
    assert_eq!(store.delivery_state("a").await, Ok(Some("dropped".to_owned())));
    assert_eq!(store.parked_deliveries(9).await, Ok(vec![]));
    assert_eq!(store.backlog(at(2)).await.map(|all| all.deliveries_parked), Ok(0));
    assert_eq!(store.revive_delivery("a", at(3), &by).await, Ok(Touched::NotInThatState));
    assert_eq!(store.accept(delivery("a", "repo:1", 4)).await, Ok(crate::store::Acceptance::Duplicate));
    assert_eq!(claimable(&*store, 5).await, None);
    assert_eq!(decided(&*store).await, 1);
}
