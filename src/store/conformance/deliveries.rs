//! Cases about the inbox.

use std::{collections::HashSet, sync::Arc};

use super::*;
use crate::store::{Acceptance, CLAIMED_BYTES, ClaimOrder};

/// What was accepted is there after a restart, body and all.
pub async fn accepted_is_durable_after_reopening(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    drop(store);

    let store = place.open().await;
    let found = claim(&*store, 5).await;
    assert_eq!(found.guid, "a");
    assert_eq!(found.event, "issues");
    assert_eq!(found.lane, "repo:1");
    assert_eq!(found.received_at, at(0));
    assert_eq!(found.sealed_body, b"sealed body of a");
    assert_eq!(found.attempt, 1);
    assert_eq!(found.lease.until, at(65));
}

/// However many copies arrive together, one is fresh and the rest are duplicates.
pub async fn a_hundred_copies_at_once_are_one(place: &dyn Place) {
    let store = place.open().await;
    let copies: Vec<_> = (0..100)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.accept(delivery("same", "repo:1", 0)).await })
        })
        .collect();
    let mut fresh = 0;
    for copy in copies {
        match copy.await.expect("no panic").expect("it answers") {
            Acceptance::Fresh => fresh += 1,
            Acceptance::Duplicate => {}
        }
    }
    assert_eq!(fresh, 1);
    let only = claim(&*store, 1).await;
    assert_eq!(settle(&*store, &only, 2, done()).await, Settled::Committed);
    assert_eq!(claimable(&*store, 3).await, None);
}

/// A duplicate, also of something that is long over, changes nothing and runs nothing.
pub async fn a_known_delivery_keeps_its_first_content(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    let mut copy = delivery("a", "repo:2", 9);
    copy.sealed_body = b"something else".to_vec();
    assert_eq!(store.accept(copy.clone()).await, Ok(Acceptance::Duplicate));

    let first = claim(&*store, 10).await;
    assert_eq!(first.lane, "repo:1");
    assert_eq!(first.sealed_body, b"sealed body of a");
    settle(&*store, &first, 11, done()).await;
    assert_eq!(store.accept(copy).await, Ok(Acceptance::Duplicate));
    assert_eq!(claimable(&*store, 12).await, None);
    assert_eq!(state(&*store, "a").await.as_deref(), Some("done"));
}

/// GitHub sends bodies of up to 25 MiB; neighbours of one in the same commit are safe as well.
pub async fn a_large_body_comes_back_whole(place: &dyn Place) {
    let store = place.open().await;
    let mut large = delivery("large", "repo:1", 0);
    large.sealed_body = (0..25 * 1024 * 1024u32).map(|n| (n % 251) as u8).collect();
    let (one, two) = tokio::join!(store.accept(large.clone()), store.accept(delivery("small", "repo:2", 0)));
    assert_eq!((one, two), (Ok(Acceptance::Fresh), Ok(Acceptance::Fresh)));
    let back = claim(&*store, 1).await;
    assert_eq!(back.guid, "large");
    assert!(body_of(&*store, &back).await == large.sealed_body, "it comes back whole");
    assert_eq!(claim(&*store, 1).await.guid, "small");
}

/// Within a lane the next one starts only when the one before it is over.
pub async fn a_lane_is_served_in_order_and_one_at_a_time(place: &dyn Place) {
    let store = place.open().await;
    for guid in ["a", "b", "c"] {
        accept(&*store, guid, "repo:1").await;
    }
    for guid in ["a", "b", "c"] {
        let next = claim(&*store, 1).await;
        assert_eq!(next.guid, guid);
        assert_eq!(state(&*store, guid).await.as_deref(), Some("running"));
        assert_eq!(claimable(&*store, 1).await, None, "the lane is busy");
        assert_eq!(settle(&*store, &next, 2, done()).await, Settled::Committed);
        assert_eq!(state(&*store, guid).await.as_deref(), Some("done"));
    }
    assert_eq!(claimable(&*store, 3).await, None);
    assert_eq!(state(&*store, "never seen").await, None);
}

/// Lanes run side by side; the oldest that may run goes first.
pub async fn lanes_do_not_wait_for_each_other(place: &dyn Place) {
    let store = place.open().await;
    for (guid, lane) in [("a1", "a"), ("a2", "a"), ("b1", "b"), ("c1", "c")] {
        accept(&*store, guid, lane).await;
    }
    let a1 = claim(&*store, 1).await;
    assert_eq!(a1.guid, "a1");
    assert_eq!(claimable(&*store, 1).await.as_deref(), Some("b1"));
    settle(&*store, &a1, 1, done()).await;
    assert_eq!(claimable(&*store, 1).await.as_deref(), Some("a2"));
    assert_eq!(claimable(&*store, 1).await.as_deref(), Some("c1"));
    assert_eq!(claimable(&*store, 1).await, None);
}

/// Newest first, the lane whose next delivery arrived last is served first; each lane keeps its own order, and a lane that
/// somebody works in is passed over.
pub async fn a_quiet_lane_overtakes_a_backlog(place: &dyn Place) {
    let store = place.open().await;
    for (guid, lane) in [("a1", "a"), ("b1", "b"), ("a2", "a"), ("b2", "b"), ("c1", "c"), ("a3", "a")] {
        accept(&*store, guid, lane).await;
    }
    let newest = store.claim_deliveries(at(1), LEASE_MS, 1, ClaimOrder::NewestFirst).await.expect("it answers");
    let guids = |claimed: &[ClaimedDelivery]| claimed.iter().map(|one| one.guid.clone()).collect::<Vec<_>>();
    assert_eq!(guids(&newest), ["c1"]);
    let two = store.claim_deliveries(at(1), LEASE_MS, 2, ClaimOrder::NewestFirst).await.expect("it answers");
    assert_eq!(guids(&two), ["b1", "a1"], "the heads of their lanes");
    settle(&*store, &two[1], 2, done()).await;
    let next = store.claim_deliveries(at(2), LEASE_MS, 9, ClaimOrder::OldestFirst).await.expect("it answers");
    assert_eq!(guids(&next), ["a2"], "others work in b and c");
}

/// Large bodies are claimed a few at a time, however many were asked for; small ones are not held back for long.
pub async fn a_claim_takes_no_more_than_memory_allows(place: &dyn Place) {
    let store = place.open().await;
    for lane in ["a", "b", "c"] {
        let mut large = delivery(lane, lane, 0);
        large.sealed_body = vec![7; CLAIMED_BYTES / 2 + 1];
        assert_eq!(store.accept(large).await, Ok(Acceptance::Fresh));
    }
    accept(&*store, "small", "d").await;
    let claim = || store.claim_deliveries(at(1), LEASE_MS, 9, ClaimOrder::OldestFirst);
    assert_eq!(claim().await.expect("it answers").len(), 2, "two reach the limit");
    assert_eq!(claim().await.expect("it answers").len(), 2);
    assert_eq!(claim().await.expect("it answers").len(), 0);
}

/// What is set aside leaves its lane, which goes on without it, and comes back alone at its instant, tried again and with
/// its body.
pub async fn what_is_set_aside_frees_its_lane(place: &dyn Place) {
    let store = place.open().await;
    for guid in ["a", "b", "c"] {
        accept(&*store, guid, "repo:1").await;
    }
    let first = claim(&*store, 1).await;
    let aside = Settlement::Aside { at: at(30), error: "502".to_owned() };
    assert_eq!(settle(&*store, &first, 2, aside.clone()).await, Settled::Committed);
    assert_eq!(settle(&*store, &first, 2, aside).await, Settled::LeaseLost);
    assert_eq!(state(&*store, "a").await.as_deref(), Some("ready"));
    let second = claim(&*store, 2).await;
    assert_eq!(second.guid, "b");
    assert_eq!(claimable(&*store, 29).await, None, "c waits for b, a for its instant");
    let again = claim(&*store, 30).await;
    assert_eq!((again.guid.as_str(), again.attempt), ("a", 2), "beside b");
    assert_eq!(again.sealed_body, first.sealed_body);
    assert_ne!(again.lane, "repo:1");
    settle(&*store, &again, 31, done()).await;
    assert_eq!(claimable(&*store, 31).await, None, "b is still at work");
    settle(&*store, &second, 32, done()).await;
    assert_eq!(claimable(&*store, 32).await.as_deref(), Some("c"));
}

/// A delivery that waits for its retry keeps the younger ones of its lane waiting, and comes back no earlier than asked.
pub async fn a_retry_holds_its_lane_and_its_instant(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    accept(&*store, "b", "repo:1").await;
    let first = claim(&*store, 1).await;
    assert_eq!(settle(&*store, &first, 2, retry(30)).await, Settled::Committed);
    assert_eq!(state(&*store, "a").await.as_deref(), Some("ready"));
    assert_eq!(claimable(&*store, 29).await, None, "b waits behind a");
    let again = claim(&*store, 30).await;
    assert_eq!((again.guid.as_str(), again.attempt), ("a", 2));
    settle(&*store, &again, 31, done()).await;
    assert_eq!(claimable(&*store, 31).await.as_deref(), Some("b"));
}

/// A delivery that was given up never blocks its lane.
pub async fn a_parked_delivery_frees_its_lane(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    accept(&*store, "b", "repo:1").await;
    let poisoned = claim(&*store, 1).await;
    assert_eq!(settle(&*store, &poisoned, 2, given_up()).await, Settled::Committed);
    assert_eq!(state(&*store, "a").await.as_deref(), Some("parked"));
    assert_eq!(claimable(&*store, 3).await.as_deref(), Some("b"));
}

/// A worker that dies holds its lane until its lease runs out; then another does the work.
pub async fn a_crash_between_claim_and_settling_repeats_the_work(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    accept(&*store, "b", "repo:1").await;
    claim(&*store, 0).await;
    drop(store);

    let store = place.open().await;
    assert_eq!(claimable(&*store, 59).await, None, "the lease still stands");
    let again = claim(&*store, 60).await;
    assert_eq!((again.guid.as_str(), again.attempt), ("a", 2));
    assert_eq!(again.sealed_body, b"sealed body of a");
    settle(&*store, &again, 61, done()).await;
    assert_eq!(claimable(&*store, 61).await.as_deref(), Some("b"));
}

/// The result of a worker whose lease ran out is refused, whether or not another has taken over.
pub async fn an_expired_lease_writes_nothing(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    let slow = claim(&*store, 0).await;
    let late = store.settle_delivery(&slow.lease, at(60), done(), write("x", None, json!(1))).await;
    assert_eq!(late, Ok(Settled::LeaseLost), "a lease ends at its instant");

    let other = claim(&*store, 61).await;
    let later = store.settle_delivery(&slow.lease, at(62), done(), write("x", None, json!(2))).await;
    assert_eq!(later, Ok(Settled::LeaseLost));
    // Not even a clock that was set back brings the old lease to life.
    let earlier = store.settle_delivery(&slow.lease, at(1), done(), write("x", None, json!(3))).await;
    assert_eq!(earlier, Ok(Settled::LeaseLost));
    assert_eq!(store.record("thing", "x").await, Ok(None));
    assert_eq!(state(&*store, "a").await.as_deref(), Some("running"));
    assert_eq!(settle(&*store, &other, 63, done()).await, Settled::Committed);
}

/// Knowing the row is not enough: the token counts.
pub async fn a_foreign_token_writes_nothing(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    accept(&*store, "b", "repo:2").await;
    let mut a = claim(&*store, 0).await;
    let b = claim(&*store, 0).await;
    assert_ne!(a.lease.token, b.lease.token);
    a.lease.token = b.lease.token.clone();
    assert_eq!(settle(&*store, &a, 1, done()).await, Settled::LeaseLost);
    assert_eq!(state(&*store, "a").await.as_deref(), Some("running"));
}

/// A lease settles once.
pub async fn a_settled_lease_is_over(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    let a = claim(&*store, 0).await;
    assert_eq!(settle(&*store, &a, 1, done()).await, Settled::Committed);
    assert_eq!(settle(&*store, &a, 1, given_up()).await, Settled::LeaseLost);
    assert_eq!(state(&*store, "a").await.as_deref(), Some("done"));
}

/// Many workers, also of two processes, never hold the same delivery.
pub async fn workers_never_share_a_delivery(place: &dyn Place) {
    let stores = [place.open().await, place.open().await];
    for n in 0..60 {
        accept(&*stores[0], &format!("d{n}"), &format!("repo:{}", n % 20)).await;
    }
    let workers: Vec<_> = (0..8)
        .map(|n| {
            let store = Arc::clone(&stores[n % 2]);
            tokio::spawn(async move {
                let mut handled = Vec::new();
                let mut idle = 0;
                while idle < 3 {
                    let claimed = store.claim_delivery(at(1), LEASE_MS).await;
                    let Some(claimed) = claimed.expect("it answers") else {
                        idle += 1;
                        tokio::task::yield_now().await;
                        continue;
                    };
                    idle = 0;
                    assert_eq!(claimed.attempt, 1);
                    assert_eq!(settle(&*store, &claimed, 2, done()).await, Settled::Committed);
                    handled.push(claimed.guid);
                }
                handled
            })
        })
        .collect();
    let mut all = Vec::new();
    for worker in workers {
        all.extend(worker.await.expect("no panic"));
    }
    // Workers may have stopped while others still held the lanes of the rest.
    while let Some(guid) = {
        let claimed = stores[1].claim_delivery(at(3), LEASE_MS).await;
        match claimed.expect("it answers") {
            None => None,
            Some(claimed) => {
                settle(&*stores[1], &claimed, 3, done()).await;
                Some(claimed.guid)
            }
        }
    } {
        all.push(guid);
    }
    let different: HashSet<_> = all.iter().collect();
    assert_eq!((all.len(), different.len()), (60, 60));
}

/// A worker that waits is woken by a delivery, and told what there is; one that came before it waited counts as well.
pub async fn waiting_ends_when_work_arrives(place: &dyn Place) {
    let store = place.open().await;
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.wait_for_work().await }
    });
    accept(&*store, "a", "repo:1").await;
    assert!(waiting.await.expect("it is woken").has_deliveries());

    accept(&*store, "b", "repo:2").await;
    assert!(store.wait_for_work().await.has_deliveries());
    commit(&*store, 0, enqueue([effect("e", "l")])).await;
    assert!(store.wait_for_work().await.has_effects());
    let claimed = claim(&*store, 0).await;
    assert!(store.wait_for_work().await.has_deliveries(), "another may find something, too");
    let both = Commit { dropped_effects: vec!["e".to_owned()], ..Commit::default() };
    let settled = store.settle_delivery(&claimed.lease, at(1), done(), both).await;
    assert_eq!(settled, Ok(Settled::Committed));
    let work = store.wait_for_work().await;
    assert!(work.has_deliveries() && work.has_effects(), "one that is dropped frees those that waited for it");
}

/// A worker that was too slow and the one that took over end the same delivery at one time: who holds the lease is believed,
/// whoever comes first.
pub async fn who_took_over_is_believed_beside_who_was_too_slow(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    let slow = claim(&*store, 0).await;
    let heir = claim(&*store, 100).await;
    let decided = || Commit { decision: Some(decision("post", None)), ..Commit::default() };
    let (late, right, again) = tokio::join!(
        store.settle_delivery(&slow.lease, at(101), done(), decided()),
        store.settle_delivery(&heir.lease, at(101), done(), decided()),
        store.settle_delivery(&heir.lease, at(101), done(), decided()),
    );
    assert_eq!((late, right, again), (Ok(Settled::LeaseLost), Ok(Settled::Committed), Ok(Settled::LeaseLost)));
    assert_eq!(store.decisions(None, 9).await.map(|all| all.len()), Ok(1));
}

/// Deliveries that wait or run, the oldest of them, and the parked ones.
pub async fn waiting_and_parked_deliveries_are_counted(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.backlog(at(0)).await, Ok(crate::store::Backlog::default()));
    for (guid, lane, second) in [("a", "1", 1), ("b", "1", 2), ("c", "2", 3), ("d", "3", 4)] {
        let accepted = store.accept(delivery(guid, lane, second)).await;
        assert_eq!(accepted, Ok(Acceptance::Fresh));
    }
    let a = claim(&*store, 5).await;
    let c = claim(&*store, 5).await;
    let d = claim(&*store, 5).await;
    let all = store.backlog(at(5)).await.expect("it answers");
    assert_eq!((all.deliveries_waiting, all.deliveries_parked), (4, 0));
    assert_eq!(all.oldest_delivery_at, Some(at(1)));

    settle(&*store, &a, 6, done()).await;
    settle(&*store, &c, 6, retry(100)).await;
    settle(&*store, &d, 6, given_up()).await;
    let rest = store.backlog(at(6)).await.expect("it answers");
    assert_eq!((rest.deliveries_waiting, rest.deliveries_parked), (2, 1));
    assert_eq!(rest.oldest_delivery_at, Some(at(2)));
}

async fn state(store: &dyn Store, guid: &str) -> Option<String> {
    store.delivery_state(guid).await.expect("it answers")
}
