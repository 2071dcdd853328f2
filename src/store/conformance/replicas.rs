//! Cases about two processes that work on one database, and claim at the very same moment.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::store::{ClaimOrder, StoreError};

/// Workers, half of them in each process.
const WORKERS: usize = 8;

/// What happened in the lanes, as the workers saw it.
#[derive(Default)]
struct Watch {
    busy: Mutex<HashMap<String, String>>,
    handled: Mutex<Vec<(String, String)>>,
}

impl Watch {
    /// Called while the claim is held.
    fn enter(&self, lane: &str, name: &str) {
        let before = self.busy.lock().expect("no panic").insert(lane.to_owned(), name.to_owned());
        assert_eq!(before, None, "{name} started while another of lane {lane} ran");
    }

    fn leave(&self, lane: &str, name: &str) {
        self.busy.lock().expect("no panic").remove(lane);
        self.handled.lock().expect("no panic").push((lane.to_owned(), name.to_owned()));
    }

    fn handled(&self) -> Vec<(String, String)> {
        self.handled.lock().expect("no panic").clone()
    }
}

/// Longer than this no machine takes for what is asked here: a lane is stuck.
const STUCK: Duration = Duration::from_secs(300);

async fn two(place: &dyn Place) -> [SharedStore; 2] {
    [place.open().await, place.open().await]
}

/// Lets many tasks, of both processes in turn, run until each is over.
async fn all<F: Future<Output = ()> + Send + 'static>(
    stores: &[SharedStore; 2],
    task: impl Fn(usize, SharedStore) -> F,
) {
    let tasks: Vec<_> = (0..WORKERS).map(|n| tokio::spawn(task(n, Arc::clone(&stores[n % 2])))).collect();
    for task in tasks {
        tokio::time::timeout(STUCK, task).await.expect("no lane is stuck").expect("no panic");
    }
}

/// Deliveries arrive in one lane while both processes work in it: never two at once, in the order of arrival, each once.
pub async fn a_lane_is_one_lane_for_all(place: &dyn Place) {
    const DELIVERIES: usize = 60;
    let stores = two(place).await;
    let watch = Arc::new(Watch::default());
    let left = Arc::new(AtomicUsize::new(DELIVERIES));
    let arriving = tokio::spawn({
        let stores = stores.clone();
        async move {
            for n in 0..DELIVERIES {
                accept(&*stores[n % 2], &format!("d{n:03}"), "repo:1").await;
            }
        }
    });
    all(&stores, |_, store| {
        let (watch, left) = (Arc::clone(&watch), Arc::clone(&left));
        async move {
            while left.load(Ordering::SeqCst) > 0 {
                let claimed = match store.claim_delivery(at(1), LEASE_MS).await {
                    Ok(claimed) => claimed,
                    // The other one held the database for long, as it may on a busy machine: nothing was written.
                    Err(StoreError::Unavailable(_)) => None,
                    Err(error) => panic!("{error}"),
                };
                let Some(claimed) = claimed else {
                    tokio::task::yield_now().await;
                    continue;
                };
                watch.enter(&claimed.lane, &claimed.guid);
                tokio::task::yield_now().await;
                watch.leave(&claimed.lane, &claimed.guid);
                assert_eq!(settle(&*store, &claimed, 2, done()).await, Settled::Committed);
                left.fetch_sub(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    arriving.await.expect("no panic");
    let order: Vec<String> = watch.handled().into_iter().map(|(_, guid)| guid).collect();
    let arrived: Vec<String> = (0..DELIVERIES).map(|n| format!("d{n:03}")).collect();
    assert_eq!(order, arrived);
}

/// Both processes take in deliveries of few lanes at one time, while both work: a lane that was empty a moment ago does
/// not get stuck, and none is worked in twice.
pub async fn arrivals_and_ends_of_a_lane_may_cross(place: &dyn Place) {
    const EACH: usize = 12;
    let stores = two(place).await;
    let watch = Arc::new(Watch::default());
    let left = Arc::new(AtomicUsize::new(EACH * WORKERS));
    all(&stores, |worker, store| {
        let (watch, left) = (Arc::clone(&watch), Arc::clone(&left));
        async move {
            let mut to_come = EACH;
            while left.load(Ordering::SeqCst) > 0 {
                if to_come > 0 {
                    to_come -= 1;
                    accept(&*store, &format!("{worker}-{to_come}"), &format!("lane {}", to_come % 2)).await;
                }
                let claimed =
                    store.claim_deliveries(at(1), LEASE_MS, 2, ClaimOrder::OldestFirst).await.expect("it answers");
                for claimed in &claimed {
                    watch.enter(&claimed.lane, &claimed.guid);
                }
                tokio::task::yield_now().await;
                for claimed in claimed {
                    watch.leave(&claimed.lane, &claimed.guid);
                    assert_eq!(claimed.attempt, 1);
                    assert_eq!(settle(&*store, &claimed, 2, done()).await, Settled::Committed);
                    left.fetch_sub(1, Ordering::SeqCst);
                }
            }
        }
    })
    .await;
    let mut guids: Vec<_> = watch.handled().into_iter().map(|(_, guid)| guid).collect();
    guids.sort();
    guids.dedup();
    assert_eq!(guids.len(), EACH * WORKERS);
    assert_eq!(stores[0].backlog(at(3)).await.map(|backlog| backlog.deliveries_waiting), Ok(0));
}

/// Effects are enqueued, some behind others, retried and performed by both processes: never two of one lane at once, none
/// before those it waits for, and none is left behind.
pub async fn effects_of_a_lane_never_overlap(place: &dyn Place) {
    const EACH: usize = 12;
    let stores = two(place).await;
    let watch = Arc::new(Watch::default());
    let left = Arc::new(AtomicUsize::new(EACH * WORKERS));
    all(&stores, |worker, store| {
        let (watch, left) = (Arc::clone(&watch), Arc::clone(&left));
        async move {
            let urgencies = [Urgency::Courtesy, Urgency::Protecting, Urgency::Upkeep];
            let mut next = 0;
            while left.load(Ordering::SeqCst) > 0 {
                if next < EACH {
                    let mut new = effect(&format!("{worker}-{next}"), &format!("lane {}", (worker + next) % 3));
                    new.urgency = urgencies[next % 3];
                    // Behind one that was enqueued before, and one of another worker that may come later.
                    let before = [next.checked_sub(1).map(|before| (worker, before)), Some((0, next))];
                    let before = before.into_iter().flatten().filter(|before| *before != (worker, next));
                    new.after = before.map(|(worker, n)| format!("{worker}-{n}")).collect();
                    commit(&*store, 0, enqueue([new])).await;
                    next += 1;
                }
                let claimed = store.claim_effects(at(1), LEASE_MS, 2, Urgency::Upkeep).await.expect("it answers");
                for claimed in &claimed {
                    watch.enter(&claimed.effect.lane, &claimed.effect.key);
                }
                tokio::task::yield_now().await;
                for claimed in claimed {
                    let first = claimed.attempt == 1 && claimed.effect.key.ends_with('5');
                    watch.leave(&claimed.effect.lane, &claimed.effect.key);
                    let end = if first { retry(1) } else { done() };
                    assert_eq!(settle_effect(&*store, &claimed, 1, end).await, Settled::Committed);
                    if !first {
                        left.fetch_sub(1, Ordering::SeqCst);
                    }
                }
            }
        }
    })
    .await;
    let order: Vec<String> = watch.handled().into_iter().map(|(_, key)| key).collect();
    for (lane_worker, n) in (0..WORKERS).flat_map(|worker| (1..EACH).map(move |n| (worker, n))) {
        let place_of = |key: String| order.iter().rposition(|known| *known == key).expect("it was performed");
        let (before, after) = (place_of(format!("{lane_worker}-{}", n - 1)), place_of(format!("{lane_worker}-{n}")));
        assert!(before < after, "{lane_worker}-{n} came before the one it waits for");
    }
    assert_eq!(stores[1].backlog(at(3)).await.map(|backlog| backlog.effects_waiting), Ok(0));
}

/// A worker of a dead process loses its lane to the other process, whose result alone counts.
pub async fn the_other_process_takes_over(place: &dyn Place) {
    let [dead, alive] = two(place).await;
    accept(&*dead, "a", "repo:1").await;
    accept(&*dead, "b", "repo:1").await;
    commit(&*dead, 0, enqueue([effect("e", "l"), effect("f", "l")])).await;
    let (slow, slow_effect) = (claim(&*dead, 0).await, claim_effect(&*dead, 0).await);
    assert_eq!(claimable(&*alive, 59).await, None);
    assert_eq!(claimable_effect(&*alive, 59).await, None);
    let (taken, taken_effect) = (claim(&*alive, 60).await, claim_effect(&*alive, 60).await);
    assert_eq!((taken.guid.as_str(), taken.attempt), ("a", 2));
    assert_eq!((taken_effect.effect.key.as_str(), taken_effect.attempt), ("e", 2));
    let late = dead.settle_delivery(&slow.lease, at(61), done(), write("x", None, json!("late"))).await;
    assert_eq!(late, Ok(Settled::LeaseLost));
    let late = dead.settle_effect(&slow_effect.lease, at(61), done(), write("x", None, json!("late"))).await;
    assert_eq!(late, Ok(Settled::LeaseLost));
    assert_eq!(alive.record("thing", "x").await, Ok(None));
    assert_eq!(settle(&*alive, &taken, 61, done()).await, Settled::Committed);
    assert_eq!(settle_effect(&*alive, &taken_effect, 61, done()).await, Settled::Committed);
    assert_eq!(claimable(&*dead, 62).await.as_deref(), Some("b"));
    assert_eq!(claimable_effect(&*dead, 62).await.as_deref(), Some("f"));
}

/// One delivery that reaches both processes at one time is one delivery, whatever lane each of them thinks it is of; and
/// what came with it is not stuck.
pub async fn one_delivery_at_two_doors_is_one(place: &dyn Place) {
    let stores = two(place).await;
    let doors: Vec<_> = (0..40)
        .map(|n| {
            let store = Arc::clone(&stores[n % 2]);
            let (shared, own) =
                (delivery(&format!("shared {}", n / 2), &format!("lane {}", n % 2), 0), format!("own {n}"));
            tokio::spawn(async move {
                let own = delivery(&own, &format!("lane {}", n % 2), 0);
                let (shared, own) = tokio::join!(store.accept(shared), store.accept(own));
                assert_eq!(own, Ok(super::super::Acceptance::Fresh));
                usize::from(shared.expect("it answers") == super::super::Acceptance::Fresh)
            })
        })
        .collect();
    let mut fresh = 0;
    for door in doors {
        fresh += door.await.expect("no panic");
    }
    assert_eq!(fresh, 20);
    let mut handled = 0;
    while let Some(claimed) = stores[0].claim_delivery(at(1), LEASE_MS).await.expect("it answers") {
        settle(&*stores[0], &claimed, 2, done()).await;
        handled += 1;
    }
    assert_eq!(handled, 60);
}

/// Follow-ups of both processes that touch the same records, lanes and keys in opposite orders are all written.
pub async fn commits_that_cross_are_all_written(place: &dyn Place) {
    let stores = two(place).await;
    all(&stores, |worker, store| async move {
        for n in 0..6 {
            let mut names = ["x", "y", "z"];
            if worker % 2 == 0 {
                names.reverse();
            }
            let mut both = Commit::default();
            for name in names {
                both.records.extend(write(name, None, json!([worker, n])).records);
                both.effects.push(effect(&format!("{name}-{n}"), name));
                both.effects.push(effect(&format!("{name}-{worker}-{n}"), name));
            }
            both.dropped_effects.push(format!("y-{}", n + 100));
            both.decision = Some(decision(&format!("{worker}-{n}"), Some("SEC-1")));
            assert_eq!(commit(&*store, 0, both).await, Settled::Committed);
        }
    })
    .await;
    for name in ["x", "y", "z"] {
        let record = stores[0].record("thing", name).await.expect("it answers");
        assert_eq!(record.map(|record| record.version), Some(6 * WORKERS as i64), "{name}");
    }
    let decisions = stores[0].decisions(Some("SEC-1"), 99).await.expect("it answers");
    assert_eq!(decisions.len(), 6 * WORKERS);
    let mut performed = 0;
    while let Some(claimed) = stores[1].claim_effect(at(1), LEASE_MS).await.expect("it answers") {
        settle_effect(&*stores[1], &claimed, 1, done()).await;
        performed += 1;
    }
    assert_eq!(performed, 3 * 6 * (1 + WORKERS));
}
