//! Cases about retention, new wrappings, offices and the schema.

use super::*;
use crate::store::{Acceptance, SealedWrite};

async fn run(store: &dyn Store, guid: &str, second: i64, settlement: Settlement) {
    let claimed = claim(store, second).await;
    assert_eq!(claimed.guid, guid);
    assert_eq!(settle(store, &claimed, second, settlement).await, Settled::Committed);
}

/// Deliveries in every state: done at 1, done at 2, parked at 3, discarded at 4, running, waiting.
async fn one_of_each(store: &dyn Store) {
    for guid in ["done 1", "done 2", "parked", "discarded", "running", "waiting"] {
        accept(store, guid, guid).await;
    }
    run(store, "done 1", 1, done()).await;
    run(store, "done 2", 2, done()).await;
    run(store, "parked", 3, given_up()).await;
    run(store, "discarded", 3, given_up()).await;
    store.discard_delivery("discarded", at(4), &decision("discarded", None)).await.expect("it answers");
    claim(store, 5).await;
}

async fn bodies(store: &dyn Store) -> Vec<String> {
    let heads = store.body_heads(0, 99, 4).await.expect("it answers");
    heads.into_iter().map(|head| head.guid).collect()
}

/// Bodies of what was over before an instant go, the oldest first; the deliveries stay known.
pub async fn bodies_go_when_their_time_is_over(place: &dyn Place) {
    let store = place.open().await;
    one_of_each(&*store).await;
    assert_eq!(store.drop_bodies(at(1), 9).await, Ok(0), "over at that instant is not before it");
    assert_eq!(store.drop_bodies(at(2), 9).await, Ok(1));
    assert_eq!(bodies(&*store).await, ["done 2", "parked", "discarded", "running", "waiting"]);
    assert_eq!(store.drop_bodies(at(1_000), 1).await, Ok(1), "at most as many as asked");
    assert_eq!(store.drop_bodies(at(1_000), 9).await, Ok(1));
    assert_eq!(store.drop_bodies(at(1_000), 9).await, Ok(0), "once");
    assert_eq!(bodies(&*store).await, ["parked", "running", "waiting"]);
    assert_eq!(store.accept(delivery("done 1", "l", 9)).await, Ok(Acceptance::Duplicate));
    assert_eq!(store.delivery_state("discarded").await, Ok(Some("dropped".to_owned())));
}

/// What is forgotten is new when it comes again; what waits, runs or is parked is never forgotten.
pub async fn only_what_is_over_is_forgotten(place: &dyn Place) {
    let store = place.open().await;
    one_of_each(&*store).await;
    assert_eq!(store.forget_deliveries(at(1), 9).await, Ok(0));
    assert_eq!(store.drop_bodies(at(2), 9).await, Ok(1));
    assert_eq!(store.forget_deliveries(at(2), 9).await, Ok(1), "without a body");
    assert_eq!(store.forget_deliveries(at(1_000), 1).await, Ok(1), "and with one");
    assert_eq!(store.forget_deliveries(at(1_000), 9).await, Ok(1));
    assert_eq!(store.forget_deliveries(at(1_000), 9).await, Ok(0));
    for (guid, state) in [
        ("done 1", None),
        ("done 2", None),
        ("discarded", None),
        ("parked", Some("parked")),
        ("running", Some("running")),
        ("waiting", Some("ready")),
    ] {
        assert_eq!(store.delivery_state(guid).await.as_ref().map(Option::as_deref), Ok(state), "{guid}");
    }
    assert_eq!(bodies(&*store).await, ["parked", "running", "waiting"]);
    assert_eq!(store.accept(delivery("done 1", "l", 9)).await, Ok(Acceptance::Fresh));
}

/// A parked delivery keeps its body however old it is, so that it can be revived.
pub async fn a_parked_delivery_keeps_its_body(place: &dyn Place) {
    let store = place.open().await;
    accept(&*store, "a", "repo:1").await;
    run(&*store, "a", 1, given_up()).await;
    assert_eq!(store.drop_bodies(at(9_999), 9).await, Ok(0));
    assert_eq!(store.forget_deliveries(at(9_999), 9).await, Ok(0));
    store.revive_delivery("a", at(10_000), &decision("a", None)).await.expect("it answers");
    assert_eq!(claim(&*store, 10_000).await.sealed_body, b"sealed body of a");
}

/// Sealed blobs of one name come in pages, and are replaced only while they are what was read.
pub async fn sealed_blobs_are_rewrapped_page_by_page(place: &dyn Place) {
    let store = place.open().await;
    for owner in ["SEC-1", "SEC-2", "SEC-3"] {
        let blob = |name: &str| SealedWrite {
            owner: owner.to_owned(),
            name: name.to_owned(),
            at: at(0),
            bytes: format!("{name} of {owner}").into_bytes(),
        };
        commit(&*store, 0, Commit { sealed: vec![blob("key"), blob("evidence")], ..Commit::default() }).await;
    }
    let first = store.sealed_page("key", 0, 2).await.expect("it answers");
    assert_eq!(first.iter().map(|blob| blob.owner.as_str()).collect::<Vec<_>>(), ["SEC-1", "SEC-2"]);
    assert!(first.iter().all(|blob| blob.name == "key"));
    let rest = store.sealed_page("key", first[1].id, 2).await.expect("it answers");
    assert_eq!(rest.iter().map(|blob| blob.owner.as_str()).collect::<Vec<_>>(), ["SEC-3"]);
    assert!(store.sealed_page("key", rest[0].id, 2).await.expect("it answers").is_empty());

    let key = &first[0];
    assert_eq!(store.replace_sealed(key.id, &key.bytes, b"new").await, Ok(true));
    assert_eq!(store.replace_sealed(key.id, &key.bytes, b"newer").await, Ok(false), "it is not the old one any more");
    assert_eq!(store.replace_sealed(9_999, &key.bytes, b"newer").await, Ok(false));
    let kept = store.sealed("SEC-1", "key").await.expect("it answers").expect("it is there");
    assert_eq!((kept.bytes.as_slice(), kept.at), (b"new".as_slice(), at(0)));
    let other = store.sealed("SEC-1", "evidence").await.expect("it answers").expect("it is there");
    assert_eq!(other.bytes, b"evidence of SEC-1");
}

/// The heads of bodies come in pages, and are replaced only while they are what was read; the rest of the body stays.
pub async fn heads_of_bodies_are_rewrapped_page_by_page(place: &dyn Place) {
    let store = place.open().await;
    for guid in ["a", "b", "c"] {
        accept(&*store, guid, guid).await;
    }
    let mut large = delivery("large", "large", 0);
    large.sealed_body = (0..700_000u32).map(|n| (n % 251) as u8).collect();
    store.accept(large.clone()).await.expect("it is taken");
    let first = store.body_heads(0, 2, 6).await.expect("it answers");
    assert_eq!(first.iter().map(|head| head.guid.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(first.iter().all(|head| head.head == b"sealed"));
    let rest = store.body_heads(first[1].delivery_id, 9, 1_000).await.expect("it answers");
    assert_eq!(rest.iter().map(|head| head.guid.as_str()).collect::<Vec<_>>(), ["c", "large"]);
    assert!(rest[0].head == b"sealed body of c", "a shorter body comes whole");
    assert!(rest[1].head == large.sealed_body[..1_000]);

    let (a, long) = (first[0].delivery_id, rest[1].delivery_id);
    assert_eq!(store.replace_body_head(a, b"sealed", b"SEALED").await, Ok(true));
    assert_eq!(store.replace_body_head(a, b"sealed", b"sEALED").await, Ok(false), "it is not the old one any more");
    assert_eq!(store.replace_body_head(9_999, b"sealed", b"SEALED").await, Ok(false));
    assert!(store.replace_body_head(a, b"SEALED", b"longer than before").await.is_err());
    assert_eq!(store.replace_body_head(long, &large.sealed_body[..3], b"new").await, Ok(true));
    assert_eq!(claim(&*store, 1).await.sealed_body, b"SEALED body of a");
    for guid in ["b", "c"] {
        assert_eq!(claim(&*store, 1).await.guid, guid);
    }
    large.sealed_body[..3].copy_from_slice(b"new");
    assert!(claim(&*store, 1).await.sealed_body == large.sealed_body);
}

/// Somebody leads, and says so until it gives up; the next one may.
pub async fn an_office_is_held_until_it_is_given_up(place: &dyn Place) {
    let store = place.open().await;
    let mut leader = store.lead("poller").await.expect("it answers").expect("nobody else leads");
    assert!(leader.holds().await);
    let mut other = store.lead("sweeper").await.expect("it answers").expect("another office");
    assert!(other.holds().await && leader.holds().await);
    drop(leader);
    // A backend may need a moment to notice.
    let mut next = None;
    while next.is_none() {
        next = store.lead("poller").await.expect("it answers");
        tokio::task::yield_now().await;
    }
    assert!(next.expect("just found").holds().await);
}

/// An open store has every migration, in order.
pub async fn an_open_store_is_up_to_date(place: &dyn Place) {
    let store = place.open().await;
    let schema = store.schema().await.expect("it answers");
    assert!(schema.is_current(), "{schema:?}");
    assert!(!schema.applied.is_empty() && schema.applied.is_sorted());
}
