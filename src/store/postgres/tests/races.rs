//! Two transactions about one lane, the second begun before the first has committed. The first is played by hand, with the
//! program's own statements, so that it stays open as long as the story needs.

use sqlx::{Connection, PgConnection};
use tokio::task::JoinHandle;

use super::*;
use crate::store::conformance::{
    accept, at, claim, claim_effect, claimable, claimable_effect, commit, delivery, done, effect, enqueue, settle,
    settle_effect,
};
use crate::store::postgres::desk::Trade;

async fn outsider(place: &Cluster) -> PgConnection {
    let options = address::options(&place.0.url()).expect("an address");
    open::connect(&options).await.expect("it connects")
}

/// Returns when `task` waits for somebody's lock; it must not be over before.
async fn waits<T>(place: &Cluster, task: &JoinHandle<T>) {
    loop {
        let asked = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database()
                     AND wait_event_type = 'Lock'";
        let waiting = place.0.sql(asked).expect("it answers");
        assert!(!task.is_finished(), "it did not wait for the other transaction");
        if waiting != "0" {
            return;
        }
        tokio::task::yield_now().await;
    }
}

fn over(lease: &Lease) -> settle::Job {
    settle::Job { claimed: Some(Claimed::Delivery(lease.clone(), done())), now: at(2), commit: Commit::default() }
}

#[tokio::test]
async fn an_arrival_waits_for_the_end_of_the_one_before_it() {
    let Some(place) = Cluster::new() else { return };
    let store = Arc::new(place.store().await);
    accept(&*store, "a", "repo:1").await;
    let a = claim(&*store, 1).await;
    let mut other = outsider(&place).await;
    let mut ending = other.begin().await.expect("it begins");
    Settling.run(&mut ending, &[over(&a.lease)]).await.map(|_| ()).expect("it is written");

    let arriving = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.accept(delivery("b", "repo:1", 0)).await }
    });
    waits(&place, &arriving).await;
    ending.commit().await.expect("it commits");
    assert_eq!(arriving.await.expect("no panic"), Ok(Acceptance::Fresh));
    assert_eq!(claimable(&*store, 3).await.as_deref(), Some("b"), "its lane is not stuck");
}

#[tokio::test]
async fn an_end_waits_for_the_arrival_of_the_one_behind_it() {
    let Some(place) = Cluster::new() else { return };
    let store = Arc::new(place.store().await);
    accept(&*store, "a", "repo:1").await;
    let a = claim(&*store, 1).await;
    let mut other = outsider(&place).await;
    let mut arriving = other.begin().await.expect("it begins");
    Accepting.run(&mut arriving, &[delivery("b", "repo:1", 0)]).await.map(|_| ()).expect("it is written");

    let ending = tokio::spawn({
        let (store, a) = (Arc::clone(&store), a.clone());
        async move { settle(&*store, &a, 2, done()).await }
    });
    waits(&place, &ending).await;
    arriving.commit().await.expect("it commits");
    assert_eq!(ending.await.expect("no panic"), Settled::Committed);
    assert_eq!(claimable(&*store, 3).await.as_deref(), Some("b"), "its lane is not stuck");
}

#[tokio::test]
async fn of_two_arrivals_in_a_free_lane_one_has_the_turn() {
    let Some(place) = Cluster::new() else { return };
    let store = Arc::new(place.store().await);
    let mut other = outsider(&place).await;
    let mut first = other.begin().await.expect("it begins");
    Accepting.run(&mut first, &[delivery("a", "repo:1", 0)]).await.map(|_| ()).expect("it is written");
    let second = tokio::spawn({
        let store = Arc::clone(&store);
        async move { store.accept(delivery("b", "repo:1", 0)).await }
    });
    waits(&place, &second).await;
    first.commit().await.expect("it commits");
    assert_eq!(second.await.expect("no panic"), Ok(Acceptance::Fresh));
    assert_eq!(claimable(&*store, 3).await.as_deref(), Some("a"));
    assert_eq!(claimable(&*store, 3).await, None, "one at a time");
}

#[tokio::test]
async fn a_claim_passes_over_a_lane_that_somebody_writes_in() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    commit(&store, 0, enqueue([effect("a", "l"), effect("z", "m")])).await;
    let mut other = outsider(&place).await;
    let mut adding = other.begin().await.expect("it begins");
    let job = settle::Job { claimed: None, now: at(0), commit: enqueue([effect("b", "l")]) };
    Settling.run(&mut adding, &[job]).await.map(|_| ()).expect("it is written");
    assert_eq!(claimable_effect(&store, 1).await.as_deref(), Some("z"));
    assert_eq!(claimable_effect(&store, 1).await, None);
    adding.commit().await.expect("it commits");
    let a = claim_effect(&store, 1).await;
    assert_eq!(a.effect.key, "a");
    settle_effect(&store, &a, 2, done()).await;
    assert_eq!(claimable_effect(&store, 3).await.as_deref(), Some("b"));
}

#[tokio::test]
async fn two_claims_never_take_two_effects_of_one_lane() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    commit(&store, 0, enqueue([effect("a", "l"), effect("b", "l")])).await;
    let mut other = outsider(&place).await;
    let mut claiming = other.begin().await.expect("it begins");
    let claimed = effects::claim(&mut claiming, at(1), 60_000, 2).await.expect("it answers");
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimable_effect(&store, 1).await, None, "though nothing of it is committed");
    claiming.commit().await.expect("it commits");
    assert_eq!(claimable_effect(&store, 1).await, None);
    settle_effect(&store, &claimed[0], 2, done()).await;
    assert_eq!(claimable_effect(&store, 3).await.as_deref(), Some("b"));
}

#[tokio::test]
async fn what_waits_for_another_is_not_forgotten_when_that_ends_meanwhile() {
    let Some(place) = Cluster::new() else { return };
    let store = Arc::new(place.store().await);
    commit(&*store, 0, enqueue([effect("before", "l")])).await;
    let before = claim_effect(&*store, 1).await;
    commit(&*store, 1, enqueue([effect("after", "m").after(["before".to_owned()])])).await;
    let mut other = outsider(&place).await;
    let mut ending = other.begin().await.expect("it begins");
    let job = settle::Job {
        claimed: Some(Claimed::Effect(before.lease.clone(), done())),
        now: at(2),
        commit: Commit::default(),
    };
    Settling.run(&mut ending, &[job]).await.map(|_| ()).expect("it is written");
    // It sees the one before as running still, and is about to set the other aside.
    let claiming = tokio::spawn({
        let store = Arc::clone(&store);
        async move { claimable_effect(&*store, 2).await }
    });
    waits(&place, &claiming).await;
    ending.commit().await.expect("it commits");
    let claimed = claiming.await.expect("no panic");
    assert_eq!(claimed.as_deref(), Some("after"));
}
