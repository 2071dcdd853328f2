//! Connections that break, a server that goes and comes back, statements that fail.

use std::{collections::HashSet, time::Duration};

use futures_util::future::join_all;
use temporary_postgres::{Durability, Server, Stop};

use super::*;
use crate::store::{
    ClaimOrder, Upkeep,
    conformance::{accept, at, claim, commit, decision, delivery, done, settle, write},
};

fn unavailable<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(_)))
}

#[tokio::test]
async fn deliveries_that_wait_together_share_one_commit() {
    const DELIVERIES: u64 = 200;
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    accept(&store, "warm", "repo:1").await;
    let before: u64 = place.0.sql("SELECT pg_current_xact_id()::text").expect("it answers").parse().expect("a number");
    let accepted = join_all((0..DELIVERIES).map(|n| store.accept(delivery(&format!("d{n}"), "repo:1", 0)))).await;
    assert!(accepted.iter().all(|accepted| *accepted == Ok(Acceptance::Fresh)));
    let after: u64 = place.0.sql("SELECT pg_current_xact_id()::text").expect("it answers").parse().expect("a number");
    // Each transaction that writes takes a number; some are of the background.
    assert!(after - before < DELIVERIES / 2, "{} transactions", after - before);
}

#[tokio::test]
async fn one_bad_commit_does_not_spoil_its_neighbours() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    // The trigger stands for a statement that fails inside the database, and quotes what it was given.
    place
        .0
        .sql(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN IF NEW.key = 'bad' THEN RAISE EXCEPTION 'canary-3f7a %', NEW.value; END IF; RETURN NEW; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON records FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        .expect("a trigger");
    let write = |key| write(key, None, serde_json::json!("canary-3f7a"));
    let (good, bad, accepted, other) = tokio::join!(
        store.commit(at(0), write("good")),
        store.commit(at(0), write("bad")),
        store.accept(delivery("d", "repo:1", 0)),
        store.commit(at(0), write("other")),
    );
    assert_eq!((good, other), (Ok(Settled::Committed), Ok(Settled::Committed)));
    assert_eq!(accepted, Ok(Acceptance::Fresh));
    let error = bad.expect_err("it is refused");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    assert_eq!(store.record("thing", "bad").await, Ok(None));
    assert!(matches!(store.record("thing", "good").await, Ok(Some(_))));
}

#[tokio::test]
async fn decisions_and_links_can_neither_be_changed_nor_deleted() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    let keep = Commit { decision: Some(decision("post", None)), ..Commit::default() };
    commit(&store, 0, keep).await;
    store.link_audit(9).await.expect("it answers");
    for table in ["decisions", "audit_links"] {
        for tampering in ["UPDATE {} SET decision_id = 0", "DELETE FROM {}", "TRUNCATE {}"] {
            let tampering = tampering
                .replace("{}", table)
                .replace("decision_id", if table == "decisions" { "case_key" } else { "decision_id" });
            let refused = place.0.sql(&tampering);
            assert!(refused.is_err(), "{tampering}");
        }
    }
    assert_eq!(store.audit_page(0, 9).await.map(|all| all.len()), Ok(1));
}

#[tokio::test]
async fn several_processes_may_create_the_schema_at_one_time() {
    let Some(place) = Cluster::bare() else { return };
    let opened = join_all((0..6).map(|_| place.open())).await;
    for (n, store) in opened.iter().enumerate() {
        accept(&**store, &format!("d{n}"), "repo:1").await;
    }
    let backlog = opened[0].backlog(at(0)).await;
    assert_eq!(backlog.map(|all| all.deliveries_waiting), Ok(6));
}

#[tokio::test]
async fn looking_changes_nothing() {
    let Some(place) = Cluster::bare() else { return };
    let seen = crate::store::inspect(&place.0.url(), at(0)).await.expect("it answers");
    assert!(!seen.exists && seen.backlog.is_none() && !seen.schema.pending.is_empty());
    let store = place.store().await;
    accept(&store, "a", "repo:1").await;
    let seen = crate::store::inspect(&place.0.url(), at(0)).await.expect("it answers");
    assert!(seen.exists && seen.schema.is_current());
    assert_eq!(seen.backlog.map(|all| all.deliveries_waiting), Some(1));
}

#[tokio::test]
async fn another_process_is_woken() {
    let Some(place) = Cluster::new() else { return };
    let (door, worker) = (place.store().await, place.store().await);
    // Once it listens, it rings by itself.
    worker.wait_for_work().await;
    accept(&door, "a", "repo:1").await;
    worker.wait_for_work().await;
    assert_eq!(claim(&worker, 1).await.guid, "a");
}

#[tokio::test]
async fn an_office_passes_to_the_other_when_its_connection_is_cut() {
    let Some(place) = Cluster::new() else { return };
    let (first, second) = (place.store().await, place.store().await);
    let mut leader = first.lead("poller").await.expect("it answers").expect("nobody leads");
    assert!(second.lead("poller").await.expect("it answers").is_none());
    assert!(first.lead("poller").await.expect("it answers").is_none(), "not twice through one store either");
    assert!(leader.holds().await);
    place.0.cut_connections().expect("they are cut");
    let mut next = None;
    while next.is_none() {
        next = second.lead("poller").await.expect("it answers");
    }
    assert!(!leader.holds().await, "the first knows that it is over");
    assert!(!leader.holds().await, "for good");
    assert!(next.expect("just found").holds().await);
}

/// Whatever is cut, each call ends, what was acknowledged is there, and nothing is handled twice under one lease.
#[tokio::test]
async fn cut_connections_lose_nothing() {
    let Some(place) = Cluster::new() else { return };
    let store = Arc::new(place.store().await);
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let arriving: Vec<_> = (0..8)
        .map(|door| {
            let (store, stop) = (Arc::clone(&store), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                let mut n = 0;
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    n += 1;
                    let guid = format!("{door}-{n}");
                    match store.accept(delivery(&guid, &format!("lane {door}"), 0)).await {
                        Ok(_) => acknowledged.push(guid),
                        answer => assert!(unavailable(&answer), "{answer:?}"),
                    }
                }
                acknowledged
            })
        })
        .collect();
    for _ in 0..6 {
        let before = store.backlog(at(0)).await;
        let cut = place.0.cut_connections().expect("they are cut");
        assert!(cut > 0);
        // Until something new has come in over new connections.
        while store.backlog(at(0)).await.map(|all| all.deliveries_waiting).unwrap_or(0)
            <= before.as_ref().map_or(0, |all| all.deliveries_waiting)
        {
            tokio::task::yield_now().await;
        }
    }
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    let mut acknowledged = HashSet::new();
    for door in arriving {
        acknowledged.extend(door.await.expect("no panic"));
    }
    let mut handled = HashSet::new();
    loop {
        let claimed = store.claim_deliveries(at(1), 60_000, 32, ClaimOrder::OldestFirst).await.expect("it answers");
        if claimed.is_empty() {
            break;
        }
        for claimed in claimed {
            assert_eq!(settle(&*store, &claimed, 2, done()).await, Settled::Committed);
            assert!(handled.insert(claimed.guid));
        }
    }
    let lost: Vec<_> = acknowledged.difference(&handled).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

/// A server that loses its power and comes back: every call ends, and the store works again without being opened anew.
#[tokio::test]
async fn a_restarted_server_is_found_again() {
    let Some(_) = Server::shared() else { return };
    let server = Server::start(Durability::Fast).expect("it starts");
    let database = server.database();
    let store = PostgresStore::open(&database.url(), StoreOptions::default()).await.expect("it opens");
    accept(&store, "before", "repo:1").await;
    let held = claim(&store, 1).await;
    // What waits for the disk takes along what did not.
    accept(&store, "beside", "repo:3").await;
    let mut leader = store.lead("poller").await.expect("it answers").expect("nobody leads");

    server.stop(Stop::Crash).expect("it stops");
    assert!(unavailable(&store.accept(delivery("down", "repo:1", 0)).await));
    assert!(unavailable(&store.claim_delivery(at(2), 60_000).await));
    assert!(unavailable(&store.settle_delivery(&held.lease, at(2), done(), Commit::default()).await));
    assert!(unavailable(&store.record("thing", "x").await));
    assert!(unavailable(&store.ping().await));
    assert!(unavailable(&store.next_number("case:2026").await));
    assert!(!leader.holds().await);

    server.start_again().expect("it starts");
    assert_eq!(store.ping().await, Ok(()));
    assert_eq!(settle(&store, &held, 3, done()).await, Settled::Committed, "the claim has outlived it");
    assert_eq!(store.accept(delivery("before", "repo:1", 0)).await, Ok(Acceptance::Duplicate));
    accept(&store, "after", "repo:1").await;
    assert_eq!((claim(&store, 4).await.guid, claim(&store, 4).await.guid), ("beside".to_owned(), "after".to_owned()));
    assert!(store.lead("poller").await.expect("it answers").is_some());
    // The listener finds its way back, too; it rings when it does.
    let other = PostgresStore::open(&database.url(), StoreOptions::default()).await.expect("it opens");
    tokio::time::timeout(Duration::from_secs(60), async {
        let mut n = 0;
        loop {
            n += 1;
            accept(&other, &format!("wake {n}"), "repo:2").await;
            tokio::select! {
                _ = store.wait_for_work() => break,
                () = tokio::time::sleep(Duration::from_millis(100)) => {}
            }
        }
    })
    .await
    .expect("it hears of work elsewhere");
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_with_a_remedy() {
    let Some(place) = Cluster::bare() else { return };
    let absent = place.0.url().replace(place.0.name(), "no_such_database");
    for (database, expected) in [
        (absent.as_str(), "createdb"),
        ("postgres://bot:secret@localhost/db?host=/no/such/folder", "check that PostgreSQL runs"),
        ("postgres://bot:secret@db/embargod?sslmod=require", "parameter behind the `?`"),
        ("postgres://bot:secret@db:port/embargod", "write postgres://"),
        ("postgres://bot:secret@db/embargod?sslmode=secret", "write postgres://"),
    ] {
        let error = match crate::store::open(database).await {
            Ok(_) => panic!("{database} must not open"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(error.contains(expected), "{database}: {error}");
        assert!(!error.contains("secret") && !error.contains("bot"), "{error}");
    }
}

#[tokio::test]
async fn the_last_user_gone_ends_the_desks() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    let bell = Arc::downgrade(&store.bell);
    accept(&store, "d", "repo:1").await;
    drop(store);
    // The desks hold it; they let go when they are over.
    while bell.strong_count() > 0 {
        tokio::task::yield_now().await;
    }
}
