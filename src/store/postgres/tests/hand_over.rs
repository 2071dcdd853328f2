//! What is handed to the database as one statement, and what may happen to it on the way.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use temporary_postgres::{Durability, Server, Stop};

use super::*;
use crate::store::{
    ClaimOrder,
    conformance::{
        LEASE_MS, accept, at, claim, claim_effect, commit, decision, delivery, done, effect, enqueue, settle,
    },
    postgres::desk::{Desk, Trade, Verdict},
};

/// A desk beside those of `store`, in hand.
pub(super) fn in_hand<T: Trade>(place: &Cluster, store: &PostgresStore, trade: T) -> Desk<T> {
    let options = address::by_index(&address::options(&place.0.url()).expect("an address"));
    Desk { trade, options, gather: Duration::ZERO, bell: Arc::clone(&store.bell), connection: None }
}

pub(super) fn long_ago() -> Instant {
    Instant::now().checked_sub(Duration::from_secs(60)).expect("the machine runs for longer")
}

fn ask() -> claims::Job {
    claims::Job { what: What::OldestDeliveries, now: at(1), lease_ms: LEASE_MS, most: 1 }
}

/// GUIDs that one claim gets.
fn got(verdict: Result<Verdict<claims::Share>, Failed>) -> Vec<String> {
    match verdict {
        Ok(Verdict::Keep(shares)) => {
            shares.into_iter().flat_map(|share| share.deliveries).map(|claimed| claimed.guid).collect()
        }
        Ok(Verdict::Undo(_)) => panic!("a claim is not undone"),
        Err(failed) => panic!("{failed:?}"),
    }
}

#[tokio::test]
async fn what_broke_while_nobody_looked_is_replaced_unseen() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    let mut claiming = in_hand(&place, &store, Claiming);
    assert!(got(claiming.done(&[ask()]).await).is_empty());
    accept(&store, "a", "repo:1").await;
    place.0.cut_connections().expect("they are cut");
    claiming.connection.as_mut().expect("it is kept").planned = long_ago();
    assert_eq!(got(claiming.done(&[ask()]).await), ["a"]);
}

#[tokio::test]
async fn a_claim_that_is_cut_is_in_doubt_and_an_arrival_comes_again() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    let (mut claiming, mut accepting) = (in_hand(&place, &store, Claiming), in_hand(&place, &store, Accepting));
    assert!(got(claiming.done(&[ask()]).await).is_empty());
    accepting.done(&[delivery("a", "repo:1", 0)]).await.map(|_| ()).expect("it is durable");
    place.0.cut_connections().expect("they are cut");

    // Both have heard from the server just now, and send without asking.
    claiming.connection.as_mut().expect("it is kept").planned = Instant::now() + Duration::from_secs(60);
    accepting.connection.as_mut().expect("it is kept").planned = Instant::now() + Duration::from_secs(60);
    assert!(matches!(claiming.done(&[ask()]).await, Err(Failed::InDoubt)), "nobody knows who holds it");
    let again = accepting.done(&[delivery("b", "repo:2", 0)]).await;
    assert!(matches!(again, Ok(Verdict::Keep(answers)) if answers == [Acceptance::Fresh]));
    assert_eq!(got(claiming.done(&[claims::Job { most: 9, ..ask() }]).await), ["a", "b"], "it had not taken place");
}

#[tokio::test]
async fn what_cannot_be_read_is_held_by_nobody() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    commit(&store, 0, enqueue([effect("a", "l"), effect("b", "m")])).await;
    let effect = place.0.sql("SELECT effect FROM effects WHERE key = 'a'").expect("it answers");
    place.0.sql("UPDATE effects SET effect = '{}' WHERE key = 'a'").expect("it is written");
    for _ in 0..2 {
        let claimed = store.claim_effects(at(1), LEASE_MS, 2, Urgency::Upkeep).await;
        assert!(matches!(claimed, Err(StoreError::Corrupt(_))), "{claimed:?}");
    }
    place.0.sql(&format!("UPDATE effects SET effect = '{effect}' WHERE key = 'a'")).expect("it is mended");
    for key in ["a", "b"] {
        let claimed = claim_effect(&store, 1).await;
        assert_eq!((claimed.effect.key.as_str(), claimed.attempt), (key, 1), "nobody has tried");
    }

    accept(&store, "d", "repo:1").await;
    place.0.sql("UPDATE deliveries SET received_at = 9223372036854775807").expect("it is written");
    assert!(matches!(store.claim_delivery(at(1), LEASE_MS).await, Err(StoreError::Corrupt(_))));
    place.0.sql("UPDATE deliveries SET received_at = 0").expect("it is mended");
    assert_eq!(claim(&store, 1).await.attempt, 1);
}

#[tokio::test]
async fn claims_of_every_sort_wait_in_one_queue() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    for n in 0..4 {
        accept(&store, &format!("d{n}"), &format!("lane {n}")).await;
    }
    commit(&store, 0, enqueue([effect("e", "l"), effect("f", "m")])).await;
    let deliveries = |second, order| store.claim_deliveries(at(second), LEASE_MS, 1, order);
    let (oldest, newest, late, effects, urgent) = tokio::join!(
        deliveries(1, ClaimOrder::OldestFirst),
        deliveries(1, ClaimOrder::NewestFirst),
        deliveries(9, ClaimOrder::OldestFirst),
        store.claim_effects(at(1), LEASE_MS, 9, Urgency::Upkeep),
        store.claim_effects(at(1), LEASE_MS, 9, Urgency::Protecting),
    );
    let told = [oldest, newest, late].map(|claimed| {
        let claimed = claimed.expect("it answers").pop().expect("one is there");
        (claimed.guid, claimed.lease.until)
    });
    assert_eq!(told, [("d0".to_owned(), at(61)), ("d3".to_owned(), at(61)), ("d1".to_owned(), at(69))]);
    assert_eq!(effects.expect("it answers").len(), 2);
    assert!(urgent.expect("it answers").is_empty());
}

#[tokio::test]
async fn decisions_are_appended_as_they_came_and_none_of_who_was_too_slow() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    for guid in ["a", "b", "c"] {
        accept(&store, guid, guid).await;
    }
    let slow = claim(&store, 0).await;
    let held = store.claim_deliveries(at(60), LEASE_MS, 3, ClaimOrder::OldestFirst).await.expect("it answers");
    let end = |lease: &Lease, subject: &str| settle::Job {
        claimed: Some(Claimed::Delivery(lease.clone(), done())),
        now: at(61),
        commit: Commit { decision: Some(decision(subject, None)), ..Commit::default() },
    };
    let mut jobs: Vec<_> = held.iter().rev().map(|claimed| end(&claimed.lease, &claimed.guid)).collect();
    jobs.retain(|job| !matches!(&job.claimed, Some(Claimed::Delivery(lease, _)) if lease.id == slow.lease.id));
    jobs.insert(1, end(&slow.lease, "slow"));
    assert!(Settling.is_one_statement(&jobs));
    let mut settling = in_hand(&place, &store, Settling);
    let settled = settling.done(&jobs).await;
    let expected = [Settled::Committed, Settled::LeaseLost, Settled::Committed];
    assert!(matches!(settled, Ok(Verdict::Keep(answers)) if answers == expected));
    let decisions = store.decisions(None, 9).await.expect("it answers");
    assert_eq!(decisions.iter().map(|one| one.subject.as_str()).collect::<Vec<_>>(), ["c", "b"]);

    // With anything beside it, or twice in one commit, it goes the longer way.
    jobs.push(settle::Job { claimed: None, now: at(61), commit: Commit::default() });
    assert!(!Settling.is_one_statement(&jobs));
    let twice = [end(&held[0].lease, "once"), end(&held[0].lease, "twice")];
    assert!(!Settling.is_one_statement(&twice));
}

/// Claims of deliveries do not wait for the disk. Whether or not one has survived, its delivery is handled once.
#[tokio::test]
async fn a_claim_that_died_with_the_server_is_nobodys() {
    let Some(_) = Server::shared() else { return };
    let server = Server::start(Durability::Fast).expect("it starts");
    let database = server.database();
    // So long does the server keep to itself what need not be durable.
    database.sql("ALTER SYSTEM SET wal_writer_delay = '10s'").expect("it is set");
    database.sql("SELECT pg_reload_conf()").expect("it is read");
    let store = PostgresStore::open(&database.url(), StoreOptions::default()).await.expect("it opens");
    accept(&store, "a", "repo:1").await;
    let before = claim(&store, 1).await;
    server.stop(Stop::Crash).expect("it stops");
    server.start_again().expect("it starts");
    // The desk finds out that its connection is gone.
    let mut next = store.claim_delivery(at(2), LEASE_MS).await;
    while next.is_err() {
        next = store.claim_delivery(at(2), LEASE_MS).await;
    }
    let ends = |claimed: ClaimedDelivery| {
        let store = &store;
        async move { settle(store, &claimed, 3, done()).await }
    };
    match next.expect("it answers") {
        Some(again) => {
            assert_ne!(again.lease.token, before.lease.token);
            assert_eq!(join_all([ends(before), ends(again)]).await, [Settled::LeaseLost, Settled::Committed]);
        }
        None => assert_eq!(ends(before).await, Settled::Committed),
    }
    assert_eq!(store.delivery_state("a").await, Ok(Some("done".to_owned())));
}
