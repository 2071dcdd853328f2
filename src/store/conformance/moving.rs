//! Cases about moving house: everything out of one store, into another.

use std::{collections::VecDeque, sync::Arc};

use super::*;
use crate::store::{
    EffectState, SealedWrite, StoreError, link_hash,
    portable::{PortableRow, RowSink, RowSource},
};

#[derive(Default)]
struct Boxes(VecDeque<PortableRow>);

#[async_trait]
impl RowSink for Boxes {
    async fn take(&mut self, row: PortableRow) -> Result<(), StoreError> {
        // Through the form in which a backup keeps it.
        let written = serde_json::to_string(&row).expect("rows can be written");
        self.0.push_back(serde_json::from_str(&written).expect("and read again"));
        Ok(())
    }
}

#[async_trait]
impl RowSource for Boxes {
    async fn next(&mut self) -> Result<Option<PortableRow>, StoreError> {
        Ok(self.0.pop_front())
    }
}

async fn packed(store: &dyn Store) -> Boxes {
    let mut boxes = Boxes::default();
    store.export(&mut boxes).await.expect("it goes out");
    boxes
}

/// A store with something of everything in it.
async fn furnished(place: &dyn Place) -> SharedStore {
    let store = place.open().await;
    for (guid, lane) in [("done", "a"), ("parked", "b"), ("discarded", "c"), ("running", "d"), ("behind", "d")] {
        accept(&*store, guid, lane).await;
    }
    for (second, settlement) in [(1, done()), (2, given_up()), (3, given_up())] {
        let claimed = claim(&*store, second).await;
        settle(&*store, &claimed, second, settlement).await;
    }
    store.discard_delivery("discarded", at(4), &decision("discarded", None)).await.expect("it answers");
    assert_eq!(claim(&*store, 5).await.guid, "running");
    let mut large = delivery("large", "e", 5);
    large.sealed_body = (0..600_000u32).map(|n| (n % 251) as u8).collect();
    store.accept(large).await.expect("it is taken");
    accept(&*store, "later", "f").await;
    store.drop_bodies(at(2), 9).await.expect("it answers");

    let made = ["e-done", "e-dead", "e-dropped", "e-running"].map(|key| effect(key, key).for_case("SEC-1"));
    let keep = Commit {
        decision: Some(decision("post", Some("SEC-1"))),
        sealed: vec![SealedWrite { owner: "SEC-1".into(), name: "key".into(), at: at(6), bytes: vec![0, 255, 7] }],
        caused_at: Some(at(2)),
        ..enqueue(made)
    };
    commit(&*store, 6, keep).await;
    let timer = effect("timer", "t").not_before(at(90));
    commit(&*store, 6, enqueue([timer, effect("after", "u").after(["timer".to_owned(), "none".to_owned()])])).await;
    commit(&*store, 6, write("x", None, json!({ "a": [1, 2.5, null, "ü"] }))).await;
    commit(&*store, 6, write("x", Some(1), json!({ "b": true }))).await;
    let first = claim_effect(&*store, 7).await;
    settle_effect(&*store, &first, 7, Settlement::Done(json!({ "comment": 17 }))).await;
    let second = claim_effect(&*store, 8).await;
    settle_effect(&*store, &second, 8, given_up()).await;
    commit(&*store, 8, Commit { dropped_effects: vec!["e-dropped".to_owned()], ..Commit::default() }).await;
    assert_eq!(claim_effect(&*store, 9).await.effect.key, "e-running");
    for _ in 0..3 {
        store.next_number("case:2026").await.expect("a number");
    }
    store.link_audit(1).await.expect("it answers");
    store
}

/// What goes out of one store goes into another, and out of that as the same rows.
pub async fn everything_moves_house(place: &dyn Place) {
    let old = furnished(place).await;
    let elsewhere = place.elsewhere().await;
    let new = elsewhere.open().await;
    let mut boxes = packed(&*old).await;
    let rows = boxes.0.clone();
    assert_eq!(new.import(&mut boxes).await, Ok(rows.len() as u64));
    assert!(packed(&*new).await.0 == rows, "the same rows come out again");
    let (ours, theirs) = (old.backlog(at(100)).await, new.backlog(at(100)).await);
    assert_eq!(ours, theirs);
    assert_eq!(ours.map(|all| (all.deliveries_waiting, all.deliveries_parked)), Ok((4, 1)));
}

/// The new house works on where the old one stopped: leases are gone, attempts are not, nothing that is known is new.
pub async fn work_goes_on_after_moving(place: &dyn Place) {
    let old = furnished(place).await;
    let elsewhere = place.elsewhere().await;
    let new = elsewhere.open().await;
    new.import(&mut packed(&*old).await).await.expect("it goes in");

    assert_eq!(new.accept(delivery("done", "a", 9)).await, Ok(crate::store::Acceptance::Duplicate));
    let running = claim(&*new, 10).await;
    assert_eq!((running.guid.as_str(), running.attempt), ("running", 2), "its lease stayed behind");
    let large = claim(&*new, 10).await;
    assert!(large.guid == "large" && large.sealed_body.len() == 600_000 && large.sealed_body[250] == 250);
    assert_eq!(claim(&*new, 10).await.guid, "later");
    assert_eq!(claimable(&*new, 10).await, None, "the lane is busy");
    settle(&*new, &running, 11, done()).await;
    assert_eq!(claimable(&*new, 12).await.as_deref(), Some("behind"));
    accept(&*new, "fresh", "g").await;
    assert_eq!(claim(&*new, 13).await.sealed_body, b"sealed body of fresh");
    let parked = new.parked_deliveries(9).await.expect("it answers");
    assert_eq!(parked.iter().map(|it| (it.guid.as_str(), it.has_body)).collect::<Vec<_>>(), [("parked", true)]);

    let running = claim_effect(&*new, 10).await;
    assert_eq!((running.effect.key.as_str(), running.attempt), ("e-running", 2));
    assert_eq!((running.enqueued_at, running.caused_at), (at(6), at(2)));
    assert_eq!(claimable_effect(&*new, 89).await.as_deref(), Some("e-running"), "nothing else before the timer");
    let timer = loop {
        let claimed = claim_effect(&*new, 90).await;
        if claimed.effect.key == "timer" {
            break claimed;
        }
    };
    assert_eq!(claimable_effect(&*new, 91).await, None, "one waits for the timer");
    settle_effect(&*new, &timer, 92, done()).await;
    assert_eq!(claimable_effect(&*new, 93).await.as_deref(), Some("after"));
    let done = new.effect("e-done").await.expect("it answers").expect("it is known");
    assert_eq!((done.state, done.result), (EffectState::Done, json!({ "comment": 17 })));
    assert_eq!(commit(&*new, 94, enqueue([effect("e-done", "z")])).await, Settled::Committed);
    assert_eq!(new.effect("e-done").await, old.effect("e-done").await, "its key is known");

    let record = new.record("thing", "x").await.expect("it answers").expect("it is known");
    assert_eq!((record.version, record.value), (2, json!({ "b": true })));
    assert_eq!(new.next_number("case:2026").await, Ok(4));
}

/// The audit chain is the same, and goes on.
pub async fn the_chain_goes_on_after_moving(place: &dyn Place) {
    let old = furnished(place).await;
    let elsewhere = place.elsewhere().await;
    let new = elsewhere.open().await;
    new.import(&mut packed(&*old).await).await.expect("it goes in");
    assert_eq!(new.audit_page(0, 9).await, old.audit_page(0, 9).await);
    assert_eq!(new.audit_unlinked().await, Ok(1));
    assert_eq!(new.link_audit(9).await, Ok(1));
    let links = new.audit_page(0, 9).await.expect("it answers");
    let mut previous = [0; 32];
    for link in &links {
        assert_eq!(link.previous, previous);
        assert_eq!(link.hash, link_hash(&previous, link.position, &link.entry));
        previous = link.hash;
    }
    assert_eq!(links.len(), 2);
}

/// A store that holds anything takes in nothing.
pub async fn a_furnished_house_takes_nothing_in(place: &dyn Place) {
    let old = furnished(place).await;
    let elsewhere = place.elsewhere().await;
    let new = elsewhere.open().await;
    new.next_number("case:2026").await.expect("a number");
    let refused = new.import(&mut packed(&*old).await).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(new.delivery_state("done").await, Ok(None));
    assert_eq!(new.next_number("case:2026").await, Ok(2), "it works on");
}

/// Rows that break off leave nothing behind, and the store is as empty as before.
pub async fn a_move_that_breaks_off_leaves_nothing(place: &dyn Place) {
    struct BreaksOff(Boxes);
    #[async_trait]
    impl RowSource for BreaksOff {
        async fn next(&mut self) -> Result<Option<PortableRow>, StoreError> {
            match self.0.next().await? {
                Some(row) if self.0.0.len() > 3 => Ok(Some(row)),
                _ => Err(StoreError::Unavailable("the van broke down".to_owned())),
            }
        }
    }
    let old = furnished(place).await;
    let elsewhere = place.elsewhere().await;
    let new = elsewhere.open().await;
    let refused = new.import(&mut BreaksOff(packed(&*old).await)).await;
    assert_eq!(refused, Err(StoreError::Unavailable("the van broke down".to_owned())));
    assert!(packed(&*new).await.0.is_empty());
    assert!(new.import(&mut packed(&*old).await).await.is_ok());
}

/// What goes out is of one instant, though others write meanwhile.
pub async fn what_moves_is_of_one_instant(place: &dyn Place) {
    /// Commits a record each time it is handed something.
    struct Busy {
        store: SharedStore,
        seen: Vec<PortableRow>,
    }
    #[async_trait]
    impl RowSink for Busy {
        async fn take(&mut self, row: PortableRow) -> Result<(), StoreError> {
            let n = self.seen.len();
            commit(&*self.store, 50, write(&format!("new {n}"), None, json!(n))).await;
            self.seen.push(row);
            Ok(())
        }
    }
    let store = furnished(place).await;
    let before = packed(&*store).await.0;
    let mut busy = Busy { store: Arc::clone(&store), seen: Vec::new() };
    store.export(&mut busy).await.expect("it goes out");
    assert!(before == busy.seen);
}
