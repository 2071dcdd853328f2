//! Cases about records, sealed blobs, numbers and decisions.

use std::{collections::HashSet, sync::Arc};

use super::*;
use crate::store::{Sealed, SealedWrite, StoredRecord};

fn blob(name: &str, second: i64, bytes: &[u8]) -> SealedWrite {
    SealedWrite { owner: "SEC-1".to_owned(), name: name.to_owned(), at: at(second), bytes: bytes.to_vec() }
}

/// A commit with everything in it, whose second record is written at `expected_version`.
fn full(expected_version: i64) -> Commit {
    let mut commit = Commit {
        sealed: vec![blob("evidence", 0, b"ciphertext")],
        effects: vec![effect("new", "l")],
        dropped_effects: vec!["waiting".to_owned()],
        decision: Some(decision("post", None)),
        ..write("first", None, json!(1))
    };
    commit.records.extend(write("guarded", Some(expected_version), json!(2)).records);
    commit
}

async fn nothing_of_full_is_there(store: &dyn Store) {
    assert_eq!(store.record("thing", "first").await, Ok(None));
    assert!(store.sealed("SEC-1", "evidence").await == Ok(None));
    assert_eq!(store.effect("new").await, Ok(None));
    assert_eq!(store.decisions(None, 10).await, Ok(vec![]));
    let waiting = store.effect("waiting").await.expect("it answers");
    let state = waiting.map(|report| report.state);
    assert_eq!(state, Some(crate::store::EffectState::Ready));
}

/// One record that has changed, and no part of the commit is written; the same commit on the right version is.
pub async fn a_conflict_writes_nothing_at_all(place: &dyn Place) {
    let store = place.open().await;
    commit(&*store, 0, enqueue([effect("waiting", "w")])).await;
    commit(&*store, 0, write("guarded", None, json!(0))).await;
    for wrong in [0, 2, -1] {
        assert_eq!(commit(&*store, 1, full(wrong)).await, Settled::Conflict);
        nothing_of_full_is_there(&*store).await;
    }
    assert_eq!(commit(&*store, 1, full(1)).await, Settled::Committed);
    let guarded = store.record("thing", "guarded").await.expect("it answers");
    assert_eq!(guarded.map(|record| record.version), Some(2));
    assert!(matches!(store.sealed("SEC-1", "evidence").await, Ok(Some(_))));
    assert_eq!(store.decisions(None, 10).await.map(|all| all.len()), Ok(1));
}

/// After a conflict the worker still holds its delivery: it reads again and decides anew.
pub async fn a_conflict_leaves_the_claim_to_its_holder(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    accept(&*store, "b", "repo:1").await;
    commit(&*store, 0, enqueue([effect("waiting", "w")])).await;
    let a = claim(&*store, 1).await;
    let settled = store.settle_delivery(&a.lease, at(2), done(), full(4)).await;
    assert_eq!(settled, Ok(Settled::Conflict));
    nothing_of_full_is_there(&*store).await;
    assert_eq!(claimable(&*store, 3).await, None, "the lane is still held");
    let settled = store.settle_delivery(&a.lease, at(4), done(), full(0)).await;
    assert_eq!(settled, Ok(Settled::Committed));
    assert_eq!(claimable(&*store, 5).await.as_deref(), Some("b"));

    let waiting = claim_effect(&*store, 6).await;
    assert_eq!(waiting.effect.key, "new", "the other was dropped");
    let settled = store.settle_effect(&waiting.lease, at(7), done(), full(7)).await;
    assert_eq!(settled, Ok(Settled::Conflict));
    assert_eq!(settle_effect(&*store, &waiting, 8, done()).await, Settled::Committed);
}

/// Versions count from 1; 0 stands for "did not exist"; `None` overwrites whatever is there.
pub async fn records_count_their_versions(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.record("thing", "x").await, Ok(None));
    let steps = [
        (Some(1), Settled::Conflict),
        (Some(0), Settled::Committed),
        (Some(0), Settled::Conflict),
        (Some(1), Settled::Committed),
        (Some(1), Settled::Conflict),
        (None, Settled::Committed),
    ];
    for (step, (expected_version, settled)) in steps.into_iter().enumerate() {
        let write = write("x", expected_version, json!({ "step": step }));
        assert_eq!(commit(&*store, 1, write).await, settled, "step {step}");
    }
    let kept = StoredRecord { key: "x".to_owned(), version: 3, value: json!({ "step": 5 }) };
    assert_eq!(store.record("thing", "x").await, Ok(Some(kept)));
    assert_eq!(store.record("other", "x").await, Ok(None));
}

/// Of two who read the same version, the second is told to read again, also from another process.
pub async fn of_two_writers_one_wins(place: &dyn Place) {
    let stores = [place.open().await, place.open().await];
    let writers: Vec<_> = (0..20)
        .map(|n| {
            let store = Arc::clone(&stores[n % 2]);
            tokio::spawn(async move { commit(&*store, 1, write("x", Some(0), json!(n))).await })
        })
        .collect();
    let mut committed = 0;
    for writer in writers {
        committed += usize::from(writer.await.expect("no panic") == Settled::Committed);
    }
    assert_eq!(committed, 1);
}

/// Records of a kind come by key, and those of other kinds do not.
pub async fn records_of_a_kind_come_by_key(place: &dyn Place) {
    let store = place.open().await;
    for key in ["b", "c", "a"] {
        commit(&*store, 0, write(key, None, json!(key))).await;
    }
    let mut foreign = write("d", None, json!(0));
    foreign.records[0].kind = "other".to_owned();
    commit(&*store, 0, foreign).await;
    let records = store.records("thing").await.expect("it answers");
    let keys: Vec<_> = records.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    assert_eq!(store.records("none").await, Ok(vec![]));
}

/// Each who asks gets what it asked for, however many ask at one time, and what was written just before.
pub async fn records_asked_for_together_come_each_to_its_own(place: &dyn Place) {
    let store = place.open().await;
    for round in 0..3 {
        for n in 0..40 {
            commit(&*store, 0, write(&n.to_string(), None, json!([round, n]))).await;
        }
        // Every second of them is not there, and each is asked for twice.
        let asked = (0..160).map(|n| {
            let (store, key) = (Arc::clone(&store), (n % 80).to_string());
            async move { store.record("thing", &key).await.map(|found| found.map(|found| found.value)) }
        });
        for (n, found) in futures_util::future::join_all(asked).await.into_iter().enumerate() {
            let n = n % 80;
            assert_eq!(found, Ok((n < 40).then(|| json!([round, n]))), "record {n}");
        }
    }
}

/// Evidence is never replaced.
pub async fn a_sealed_name_is_written_once(place: &dyn Place) {
    let store = place.open().await;
    for (second, bytes) in [(1, b"first "), (2, b"second")] {
        let keep = Commit { sealed: vec![blob("body", second, bytes)], ..Commit::default() };
        assert_eq!(commit(&*store, second, keep).await, Settled::Committed);
    }
    let kept = Sealed { name: "body".to_owned(), at: at(1), bytes: b"first ".to_vec() };
    assert!(store.sealed("SEC-1", "body").await == Ok(Some(kept)));
    assert!(store.sealed("SEC-2", "body").await == Ok(None));
}

/// An owner's blobs come by the instant at which they were taken.
pub async fn sealed_blobs_come_oldest_first(place: &dyn Place) {
    let store = place.open().await;
    let mut other = blob("elsewhere", 0, b"x");
    other.owner = "SEC-2".to_owned();
    let keep =
        Commit { sealed: vec![blob("c", 3, b"c"), blob("a", 1, b"a"), blob("b", 1, b"b"), other], ..Commit::default() };
    commit(&*store, 5, keep).await;
    let blobs = store.sealed_of("SEC-1").await.expect("it answers");
    let names: Vec<_> = blobs.iter().map(|blob| blob.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

/// Numbers of a series are handed out once each, by two processes at a time and after a restart.
pub async fn a_number_is_never_handed_out_twice(place: &dyn Place) {
    let stores = [place.open().await, place.open().await];
    let askers: Vec<_> = (0..50)
        .map(|n| {
            let store = Arc::clone(&stores[n % 2]);
            tokio::spawn(async move { store.next_number("case:2026").await })
        })
        .collect();
    let mut numbers = HashSet::new();
    for asker in askers {
        let number = asker.await.expect("no panic").expect("it answers");
        assert!(numbers.insert(number), "{number} was handed out before");
    }
    assert_eq!(numbers, (1..=50).collect());
    drop(stores);
    let store = place.open().await;
    assert_eq!(store.next_number("case:2026").await, Ok(51));
    assert_eq!(store.next_number("case:2027").await, Ok(1));
}

/// Decisions come in the order in which they were taken; where there are too many, the newest.
pub async fn decisions_come_oldest_first_and_newest_kept(place: &dyn Place) {
    let store = place.open().await;
    for n in 0..5 {
        let case = (n % 2 == 0).then_some("SEC-1");
        let keep = Commit { decision: Some(decision(&format!("post {n}"), case)), ..Commit::default() };
        commit(&*store, 0, keep).await;
    }
    let subjects = async |case: Option<&str>, limit| -> Vec<String> {
        let decisions = store.decisions(case, limit).await.expect("it answers");
        decisions.into_iter().map(|found| found.subject).collect()
    };
    assert_eq!(subjects(Some("SEC-1"), 9).await, ["post 0", "post 2", "post 4"]);
    assert_eq!(subjects(None, 3).await, ["post 2", "post 3", "post 4"]);
    assert!(subjects(Some("SEC-2"), 9).await.is_empty());
    let first = store.decisions(Some("SEC-1"), 9).await.expect("it answers");
    assert_eq!(first[0], decision("post 0", Some("SEC-1")));
}

/// What one process has committed, another sees at once.
pub async fn two_processes_see_one_state(place: &dyn Place) {
    let (server, command) = (place.open().await, place.open().await);
    for n in 1..=10 {
        commit(&*server, 0, write("x", Some(n - 1), json!(n))).await;
        let seen = command.record("thing", "x").await.expect("it answers");
        assert_eq!(seen.map(|record| record.version), Some(n));
    }
    commit(&*command, 0, enqueue([effect("by hand", "l")])).await;
    assert_eq!(claimable_effect(&*server, 1).await.as_deref(), Some("by hand"));
    assert_eq!(command.ping().await, Ok(()));
}
