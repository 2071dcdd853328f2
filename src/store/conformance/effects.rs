//! Cases about the outbox.

use super::*;
use crate::store::EffectState;

/// Protecting before private before courtesy before upkeep; within one urgency the oldest.
pub async fn the_most_urgent_goes_first_then_the_oldest(place: &dyn Place) {
    let store = place.open().await;
    let urgent = |key: &str, urgency| Effect { urgency, ..effect(key, key) };
    let enqueued = [
        urgent("upkeep", Urgency::Upkeep),
        urgent("courtesy 1", Urgency::Courtesy),
        urgent("private", Urgency::Private),
        urgent("courtesy 2", Urgency::Courtesy),
    ];
    commit(&*store, 0, enqueue(enqueued)).await;
    commit(&*store, 1, enqueue([urgent("protecting", Urgency::Protecting)])).await;
    for key in ["protecting", "private", "courtesy 1", "courtesy 2", "upkeep"] {
        assert_eq!(claimable_effect(&*store, 2).await.as_deref(), Some(key));
    }
    assert_eq!(claimable_effect(&*store, 2).await, None);
}

/// A claim for what is urgent leaves the rest where it is.
pub async fn a_claim_may_ask_for_the_urgent_alone(place: &dyn Place) {
    let store = place.open().await;
    let urgent = |key: &str, urgency| Effect { urgency, ..effect(key, key) };
    let enqueued = [urgent("upkeep", Urgency::Upkeep), urgent("private", Urgency::Private)];
    commit(&*store, 0, enqueue(enqueued)).await;
    let least = |least| store.claim_effects(at(1), LEASE_MS, 9, least);
    assert!(least(Urgency::Protecting).await.expect("it answers").is_empty());
    let private = least(Urgency::Courtesy).await.expect("it answers");
    assert_eq!(private.iter().map(|one| one.effect.key.as_str()).collect::<Vec<_>>(), ["private"]);
    assert_eq!(claimable_effect(&*store, 1).await.as_deref(), Some("upkeep"));
}

/// Enqueueing a known key changes nothing, even when it is over or was dropped.
pub async fn one_key_is_one_effect_for_ever(place: &dyn Place) {
    let store = place.open().await;
    let twice = [effect("k", "a"), effect("k", "b")];
    assert_eq!(commit(&*store, 0, enqueue(twice)).await, Settled::Committed);
    let only = claim_effect(&*store, 1).await;
    assert_eq!((only.effect.lane.as_str(), only.attempt), ("a", 1));
    assert_eq!(claimable_effect(&*store, 1).await, None);
    settle_effect(&*store, &only, 2, done()).await;
    assert_eq!(commit(&*store, 3, enqueue([effect("k", "c")])).await, Settled::Committed);
    assert_eq!(claimable_effect(&*store, 4).await, None);
}

/// An effect with an instant starts from that instant on, also after a restart.
pub async fn a_timer_waits_for_its_instant(place: &dyn Place) {
    let store = place.open().await;
    let timer = effect("later", "l").not_before(at(100));
    commit(&*store, 0, enqueue([timer.clone(), effect("now", "l")])).await;
    let now = claim_effect(&*store, 1).await;
    assert_eq!(now.effect.key, "now");
    settle_effect(&*store, &now, 1, done()).await;
    assert_eq!(claimable_effect(&*store, 99).await, None);
    drop(store);

    let store = place.open().await;
    assert_eq!(claimable_effect(&*store, 99).await, None);
    let later = claim_effect(&*store, 100).await;
    assert_eq!(later.effect, timer, "it comes back as it was");
    assert_eq!(claimable_effect(&*store, 100).await, None, "and once");
}

/// A timer that was due before the clock was set back waits again; an effect without an instant never does.
pub async fn a_clock_set_back_starts_nothing_early(place: &dyn Place) {
    let store = place.open().await;
    let busy = effect("busy", "l");
    commit(&*store, 0, enqueue([busy])).await;
    let busy = claim_effect(&*store, 90).await;
    let timer = effect("timer", "l").not_before(at(100));
    commit(&*store, 90, enqueue([timer])).await;
    assert_eq!(claimable_effect(&*store, 101).await, None, "the lane is busy");
    settle_effect(&*store, &busy, 101, done()).await;
    commit(&*store, 101, enqueue([effect("at once", "m")])).await;
    assert_eq!(claimable_effect(&*store, 20).await.as_deref(), Some("at once"));
    assert_eq!(claimable_effect(&*store, 20).await, None);
    assert_eq!(claimable_effect(&*store, 100).await.as_deref(), Some("timer"));
}

/// Two effects of one lane are never performed at one time; a more urgent one does not break in.
pub async fn a_lane_is_busy_while_somebody_works_in_it(place: &dyn Place) {
    let store = place.open().await;
    commit(&*store, 0, enqueue([effect("a", "l"), effect("c", "m")])).await;
    let a = claim_effect(&*store, 1).await;
    let urgent = Effect { urgency: Urgency::Protecting, ..effect("b", "l") };
    commit(&*store, 2, enqueue([urgent])).await;
    assert_eq!(claimable_effect(&*store, 3).await.as_deref(), Some("c"));
    assert_eq!(claimable_effect(&*store, 3).await, None);
    settle_effect(&*store, &a, 4, done()).await;
    assert_eq!(claimable_effect(&*store, 4).await.as_deref(), Some("b"));
}

/// Unlike deliveries, effects of a lane have no order of their own: one that waits for its retry holds nobody up.
pub async fn a_retry_lets_others_of_its_lane_pass(place: &dyn Place) {
    let store = place.open().await;
    commit(&*store, 0, enqueue([effect("a", "l"), effect("b", "l")])).await;
    let a = claim_effect(&*store, 1).await;
    assert_eq!(settle_effect(&*store, &a, 2, retry(30)).await, Settled::Committed);
    let b = claim_effect(&*store, 3).await;
    assert_eq!(b.effect.key, "b");
    settle_effect(&*store, &b, 4, done()).await;
    assert_eq!(claimable_effect(&*store, 29).await, None);
    let again = claim_effect(&*store, 30).await;
    assert_eq!((again.effect.key.as_str(), again.attempt), ("a", 2));
}

/// `after` holds an effect until those named are done, dead or dropped, however the commit was ordered.
pub async fn it_waits_until_those_before_it_are_over(place: &dyn Place) {
    let store = place.open().await;
    let keys = ["done", "dead", "dropped"].map(str::to_owned);
    let last = Effect { urgency: Urgency::Protecting, ..effect("last", "x").after(keys) };
    let before = ["done", "dead", "dropped"].map(|key| effect(key, key));
    let [first, second, third] = before;
    commit(&*store, 0, enqueue([last, first, second, third])).await;

    let to_be_done = claim_effect(&*store, 1).await;
    assert_eq!(to_be_done.effect.key, "done");
    settle_effect(&*store, &to_be_done, 2, done()).await;
    let to_die = claim_effect(&*store, 3).await;
    assert_eq!(to_die.effect.key, "dead");
    settle_effect(&*store, &to_die, 4, retry(5)).await;
    let to_die = claim_effect(&*store, 5).await;
    assert_eq!(to_die.effect.key, "dead", "a retry is not over");
    let drop = Commit { dropped_effects: vec!["dropped".to_owned()], ..Commit::default() };
    commit(&*store, 6, drop).await;
    assert_eq!(claimable_effect(&*store, 7).await, None, "one still runs");
    settle_effect(&*store, &to_die, 8, given_up()).await;
    assert_eq!(claimable_effect(&*store, 9).await.as_deref(), Some("last"));
}

/// A predecessor that nobody enqueued counts as over; naming oneself is no deadlock.
pub async fn unknown_and_own_keys_hold_nothing_up(place: &dyn Place) {
    let store = place.open().await;
    let odd = effect("odd", "l").after(["unknown".to_owned(), "odd".to_owned()]);
    commit(&*store, 0, enqueue([odd])).await;
    assert_eq!(claimable_effect(&*store, 1).await.as_deref(), Some("odd"));
}

/// Dropping reaches what has not started: waiting, timed, or waiting for a retry. It never reaches what runs or is over.
pub async fn only_waiting_effects_are_dropped(place: &dyn Place) {
    let store = place.open().await;
    let keys = ["done", "running", "again", "waiting"];
    commit(&*store, 0, enqueue(keys.map(|key| effect(key, key)))).await;
    let timer = effect("timer", "timer").not_before(at(50));
    commit(&*store, 0, enqueue([timer])).await;
    let over = claim_effect(&*store, 1).await;
    settle_effect(&*store, &over, 2, done()).await;
    let running = claim_effect(&*store, 3).await;
    let again = claim_effect(&*store, 3).await;
    settle_effect(&*store, &again, 4, retry(20)).await;

    let drop_all = Commit {
        dropped_effects: ["done", "running", "again", "waiting", "timer", "unknown"].map(str::to_owned).to_vec(),
        ..Commit::default()
    };
    assert_eq!(commit(&*store, 5, drop_all).await, Settled::Committed);
    for (key, expected) in [
        ("done", EffectState::Done),
        ("running", EffectState::Running),
        ("again", EffectState::Dropped),
        ("waiting", EffectState::Dropped),
        ("timer", EffectState::Dropped),
    ] {
        let report = store.effect(key).await.expect("it answers");
        assert_eq!(report.map(|report| report.state), Some(expected), "{key}");
    }
    assert_eq!(claimable_effect(&*store, 55).await, None);
    assert_eq!(settle_effect(&*store, &running, 56, done()).await, Settled::Committed);
}

/// A worker that died loses its effect to the next one, and its late result is refused with all it would have written.
pub async fn an_expired_lease_is_fenced_and_tried_again(place: &dyn Place) {
    let store = place.open().await;
    commit(&*store, 0, enqueue([effect("a", "l")])).await;
    let slow = claim_effect(&*store, 0).await;
    assert_eq!(claimable_effect(&*store, 59).await, None);
    assert_eq!(settle_effect(&*store, &slow, 60, done()).await, Settled::LeaseLost);
    let quick = claim_effect(&*store, 60).await;
    assert_eq!((quick.effect.key.as_str(), quick.attempt), ("a", 2));
    for second in [1, 61] {
        let late = store.settle_effect(&slow.lease, at(second), done(), enqueue([effect("b", "l")])).await;
        assert_eq!(late, Ok(Settled::LeaseLost));
    }
    assert_eq!(store.effect("b").await, Ok(None));
    assert_eq!(settle_effect(&*store, &quick, 62, done()).await, Settled::Committed);
}

/// What follows from an effect is written with its end.
pub async fn settling_writes_the_follow_up(place: &dyn Place) {
    let store = place.open().await;
    commit(&*store, 0, enqueue([effect("a", "l")])).await;
    let a = claim_effect(&*store, 1).await;
    let follow_up = Commit {
        decision: Some(decision("post", Some("SEC-1"))),
        effects: vec![effect("b", "l").after(["a".to_owned()])],
        ..write("x", Some(0), json!({ "advisory": "GHSA" }))
    };
    let settled = store.settle_effect(&a.lease, at(2), done(), follow_up).await;
    assert_eq!(settled, Ok(Settled::Committed));
    let record = store.record("thing", "x").await.expect("it answers");
    assert_eq!(record.map(|record| record.value), Some(json!({ "advisory": "GHSA" })));
    let decisions = store.decisions(Some("SEC-1"), 10).await;
    assert_eq!(decisions, Ok(vec![decision("post", Some("SEC-1"))]));
    assert_eq!(claimable_effect(&*store, 3).await.as_deref(), Some("b"));
}

/// The arrival of the delivery behind an effect stays with it; without one it is the instant of enqueueing.
pub async fn it_remembers_what_caused_it(place: &dyn Place) {
    let store = place.open().await;
    let caused = Commit { caused_at: Some(at(3)), ..enqueue([effect("a", "a")]) };
    commit(&*store, 7, caused).await;
    commit(&*store, 8, enqueue([effect("b", "b")])).await;
    let a = claim_effect(&*store, 9).await;
    assert_eq!((a.caused_at, a.enqueued_at), (at(3), at(7)));
    let b = claim_effect(&*store, 9).await;
    assert_eq!((b.caused_at, b.enqueued_at), (at(8), at(8)));
}

/// Reports come oldest first, the newest kept, of one case or of all.
pub async fn reports_tell_what_became_of_it(place: &dyn Place) {
    let store = place.open().await;
    let ours = |key: &str| effect(key, key).for_case("SEC-1");
    commit(&*store, 0, enqueue([ours("a"), effect("b", "b"), ours("c")])).await;
    let a = claim_effect(&*store, 1).await;
    settle_effect(&*store, &a, 2, retry(3)).await;
    let a = claim_effect(&*store, 3).await;
    let made = Settlement::Done(json!({ "comment": 17 }));
    settle_effect(&*store, &a, 4, made).await;
    let b = claim_effect(&*store, 5).await;
    settle_effect(&*store, &b, 6, given_up()).await;

    let all = store.effects(None, 10).await.expect("it answers");
    let keys: Vec<_> = all.iter().map(|report| report.effect.key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!(all[0].effect, ours("a"));
    assert_eq!((all[0].state, all[0].attempts), (EffectState::Done, 2));
    assert_eq!(all[0].result, json!({ "comment": 17 }));
    assert_eq!(all[0].last_error.as_deref(), Some("502"));
    assert_eq!(all[0].finished_at, Some(at(4)));
    assert_eq!((all[1].state, all[1].attempts), (EffectState::Dead, 1));
    assert_eq!(all[1].last_error.as_deref(), Some("422"));
    assert_eq!((all[2].state, all[2].attempts), (EffectState::Ready, 0));
    assert_eq!((&all[2].result, all[2].finished_at), (&Value::Null, None));
    assert_eq!(all[2].enqueued_at, at(0));

    let of_case = store.effects(Some("SEC-1"), 10).await.expect("it answers");
    assert_eq!(of_case, [all[0].clone(), all[2].clone()]);
    let newest = store.effects(None, 2).await.expect("it answers");
    assert_eq!(newest, [all[1].clone(), all[2].clone()]);
    assert_eq!(store.effect("b").await, Ok(Some(all[1].clone())));
    assert_eq!(store.effect("unknown").await, Ok(None));
}

/// Only what is due counts as waiting; its age counts from when it could have started.
pub async fn waiting_and_dead_effects_are_counted(place: &dyn Place) {
    let store = place.open().await;
    let timer = effect("timer", "t").not_before(at(50));
    commit(&*store, 10, enqueue([effect("a", "a"), effect("b", "b"), timer])).await;
    let soon = store.backlog(at(20)).await.expect("it answers");
    assert_eq!((soon.effects_waiting, soon.oldest_effect_at), (2, Some(at(10))));

    let a = claim_effect(&*store, 20).await;
    let b = claim_effect(&*store, 20).await;
    let running = store.backlog(at(20)).await.expect("it answers");
    assert_eq!(running.effects_waiting, 2);
    settle_effect(&*store, &a, 21, given_up()).await;
    settle_effect(&*store, &b, 21, retry(40)).await;
    let later = store.backlog(at(49)).await.expect("it answers");
    assert_eq!((later.effects_waiting, later.effects_dead), (1, 1));
    assert_eq!(later.oldest_effect_at, Some(at(40)));
    let last = store.backlog(at(50)).await.expect("it answers");
    assert_eq!(last.effects_waiting, 2);
}
