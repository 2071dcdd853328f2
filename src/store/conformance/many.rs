//! Cases about claims of many at once, and about work that is given back untouched.

use std::collections::HashSet;

use super::*;
use crate::store::ClaimOrder;

async fn claim_many(store: &dyn Store, second: i64, most: u32) -> Vec<ClaimedDelivery> {
    store.claim_deliveries(at(second), LEASE_MS, most, ClaimOrder::OldestFirst).await.expect("it answers")
}

async fn claim_many_effects(store: &dyn Store, second: i64, most: u32) -> Vec<ClaimedEffect> {
    store.claim_effects(at(second), LEASE_MS, most, Urgency::Upkeep).await.expect("it answers")
}

fn guids(claimed: &[ClaimedDelivery]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.guid.as_str()).collect()
}

fn keys(claimed: &[ClaimedEffect]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.effect.key.as_str()).collect()
}

fn later(second: i64) -> Settlement {
    Settlement::Later { at: at(second) }
}

/// One claim takes the first of each lane, the oldest first, each with its own body and token.
pub async fn many_deliveries_are_the_first_of_their_lanes(place: &dyn Place) {
    let store = place.open().await;
    for (guid, lane) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("c1", "c"), ("b2", "b")] {
        accept(&*store, guid, lane).await;
    }
    let first = claim_many(&*store, 1, 10).await;
    assert_eq!(guids(&first), ["a1", "b1", "c1"]);
    for claimed in &first {
        assert_eq!(claimed.sealed_body, format!("sealed body of {}", claimed.guid).into_bytes());
        assert_eq!((claimed.attempt, claimed.lease.until), (1, at(61)));
    }
    let tokens: HashSet<_> = first.iter().map(|claimed| &claimed.lease.token).collect();
    assert_eq!(tokens.len(), 3, "one cannot stand for another");
    assert!(claim_many(&*store, 1, 10).await.is_empty());
    for claimed in &first {
        assert_eq!(settle(&*store, claimed, 2, done()).await, Settled::Committed);
    }
    assert_eq!(guids(&claim_many(&*store, 3, 10).await), ["a2", "b2"]);
}

/// No claim takes more than it was asked to; none at all where that is nothing.
pub async fn a_claim_takes_no_more_than_asked(place: &dyn Place) {
    let store = place.open().await;
    for n in 0..5 {
        accept(&*store, &format!("d{n}"), &format!("lane {n}")).await;
        commit(&*store, 0, enqueue([effect(&format!("e{n}"), &format!("lane {n}"))])).await;
    }
    assert!(claim_many(&*store, 1, 0).await.is_empty());
    assert_eq!(guids(&claim_many(&*store, 1, 2).await), ["d0", "d1"]);
    assert_eq!(guids(&claim_many(&*store, 1, 2).await), ["d2", "d3"]);
    assert_eq!(guids(&claim_many(&*store, 1, 2).await), ["d4"]);
    assert!(claim_many_effects(&*store, 1, 0).await.is_empty());
    assert_eq!(keys(&claim_many_effects(&*store, 1, 3).await), ["e0", "e1", "e2"]);
    assert_eq!(keys(&claim_many_effects(&*store, 1, 3).await), ["e3", "e4"]);
}

/// Lanes that wait for a retry are passed over until their instant; a lane whose lease ran out comes again.
pub async fn many_deliveries_mix_with_retries_and_dead_workers(place: &dyn Place) {
    let store = place.open().await;
    for (guid, lane) in [("a1", "a"), ("b1", "b"), ("a2", "a"), ("c1", "c")] {
        accept(&*store, guid, lane).await;
    }
    let first = claim_many(&*store, 1, 2).await;
    assert_eq!(guids(&first), ["a1", "b1"]);
    settle(&*store, &first[0], 2, retry(30)).await;
    assert_eq!(guids(&claim_many(&*store, 29, 10).await), ["c1"], "a waits, b is held");
    let again = claim_many(&*store, 61, 10).await;
    assert_eq!(guids(&again), ["a1", "b1"], "a is due, b's worker is dead");
    assert_eq!(again.iter().map(|claimed| claimed.attempt).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(settle(&*store, &first[1], 62, done()).await, Settled::LeaseLost);
}

/// The most urgent first, one of each lane, and nothing that waits for another.
pub async fn many_effects_are_the_most_urgent_of_their_lanes(place: &dyn Place) {
    let store = place.open().await;
    let urgent = |key: &str, lane: &str| Effect { urgency: Urgency::Protecting, ..effect(key, lane) };
    let held = effect("held", "d").after(["a1".to_owned()]);
    let timer = effect("timer", "e").not_before(at(50));
    let all = [effect("a1", "a"), urgent("a2", "a"), effect("b1", "b"), held, timer, urgent("c1", "c")];
    commit(&*store, 0, enqueue(all)).await;
    let first = claim_many_effects(&*store, 1, 10).await;
    assert_eq!(keys(&first), ["a2", "c1", "b1"]);
    let tokens: HashSet<_> = first.iter().map(|claimed| &claimed.lease.token).collect();
    assert_eq!(tokens.len(), 3);
    for claimed in &first {
        settle_effect(&*store, claimed, 2, done()).await;
    }
    let second = claim_many_effects(&*store, 3, 10).await;
    assert_eq!(keys(&second), ["a1"]);
    settle_effect(&*store, &second[0], 4, done()).await;
    assert_eq!(keys(&claim_many_effects(&*store, 50, 10).await), ["held", "timer"]);
}

/// Bodies may be large: a claim of many stays within memory, and nothing is left behind.
pub async fn large_bodies_come_in_several_claims(place: &dyn Place) {
    const LARGE_BYTES: usize = 6 * 1024 * 1024;
    let store = place.open().await;
    for n in 0..5 {
        let mut large = delivery(&format!("d{n}"), &format!("lane {n}"), 0);
        large.sealed_body = vec![n; LARGE_BYTES];
        store.accept(large).await.expect("it is taken");
    }
    let mut seen = Vec::new();
    loop {
        let claimed = claim_many(&*store, 1, 10).await;
        if claimed.is_empty() {
            break;
        }
        assert!(claimed.len() < 5, "not all at one time");
        for claimed in claimed {
            let body = body_of(&*store, &claimed).await;
            assert!(body == vec![claimed.guid.as_bytes()[1] - b'0'; LARGE_BYTES], "{}", claimed.guid);
            seen.push(claimed.guid);
        }
    }
    assert_eq!(seen, ["d0", "d1", "d2", "d3", "d4"]);
}

/// What is given back comes again at its instant, with as many attempts as before, and keeps its place.
pub async fn given_back_is_no_attempt(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    accept(&*store, "b", "repo:1").await;
    let first = claim(&*store, 1).await;
    settle(&*store, &first, 2, retry(3)).await;
    let second = claim(&*store, 3).await;
    assert_eq!(second.attempt, 2);
    assert_eq!(settle(&*store, &second, 4, later(20)).await, Settled::Committed);
    assert_eq!(store.delivery_state("a").await, Ok(Some("ready".to_owned())));
    assert_eq!(claimable(&*store, 19).await, None, "b waits behind a");
    let third = claim(&*store, 20).await;
    assert_eq!((third.guid.as_str(), third.attempt), ("a", 2));
    assert_eq!(settle(&*store, &third, 21, later(0)).await, Settled::Committed);
    assert_eq!(claim(&*store, 21).await.attempt, 2, "an instant that has passed is at once");

    commit(&*store, 0, enqueue([effect("e", "l"), effect("f", "l")])).await;
    let first = claim_effect(&*store, 1).await;
    assert_eq!(settle_effect(&*store, &first, 2, later(20)).await, Settled::Committed);
    let report = store.effect("e").await.expect("it answers").expect("it is known");
    assert_eq!((report.attempts, report.last_error), (0, None));
    let f = claim_effect(&*store, 3).await;
    assert_eq!(f.effect.key, "f", "others of its lane pass");
    settle_effect(&*store, &f, 3, done()).await;
    assert_eq!(claimable_effect(&*store, 19).await, None);
    let second = claim_effect(&*store, 20).await;
    assert_eq!((second.effect.key.as_str(), second.attempt), ("e", 1));
}

/// Giving back is fenced as every other end is.
pub async fn a_lost_lease_gives_nothing_back(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    commit(&*store, 0, enqueue([effect("e", "l")])).await;
    let (slow, slow_effect) = (claim(&*store, 0).await, claim_effect(&*store, 0).await);
    assert_eq!(settle(&*store, &slow, 60, later(0)).await, Settled::LeaseLost);
    assert_eq!(settle_effect(&*store, &slow_effect, 60, later(0)).await, Settled::LeaseLost);
    let (quick, quick_effect) = (claim(&*store, 60).await, claim_effect(&*store, 60).await);
    assert_eq!((quick.attempt, quick_effect.attempt), (2, 2));
    assert_eq!(settle(&*store, &slow, 61, later(0)).await, Settled::LeaseLost);
    assert_eq!(settle_effect(&*store, &slow_effect, 61, later(0)).await, Settled::LeaseLost);
    assert_eq!(settle(&*store, &quick, 62, done()).await, Settled::Committed);
    assert_eq!(settle_effect(&*store, &quick_effect, 62, done()).await, Settled::Committed);
}

/// What a commit writes with work that is given back is written as well.
pub async fn giving_back_writes_its_commit(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    let a = claim(&*store, 1).await;
    let settled = store.settle_delivery(&a.lease, at(2), later(9), write("x", Some(0), json!(1))).await;
    assert_eq!(settled, Ok(Settled::Committed));
    assert!(matches!(store.record("thing", "x").await, Ok(Some(_))));
}
