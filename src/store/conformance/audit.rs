//! Cases about the audit chain.

use super::*;
use crate::store::link_hash;

async fn decide(store: &dyn Store, subjects: impl IntoIterator<Item = String>) {
    for subject in subjects {
        commit(store, 0, Commit { decision: Some(decision(&subject, None)), ..Commit::default() }).await;
    }
}

/// Positions at which the chain does not hold; every link of the chain is read, two at a time.
async fn broken_links(store: &dyn Store) -> Vec<u64> {
    let (mut last, mut position, mut broken) = ([0; 32], 0, Vec::new());
    loop {
        let page = store.audit_page(position, 2).await.expect("it answers");
        if page.is_empty() {
            return broken;
        }
        for link in page {
            assert_eq!(link.position, position + 1, "without gaps");
            position = link.position;
            if link.previous != last || link.hash != link_hash(&link.previous, link.position, &link.entry) {
                broken.push(position);
            }
            last = link.hash;
        }
    }
}

/// Every decision is linked once, in order, however many are linked at a time; an unbroken chain says so.
pub async fn decisions_are_linked_in_order(place: &dyn Place) {
    let store = place.open().await;
    assert_eq!(store.link_audit(9).await, Ok(0));
    assert_eq!(store.audit_page(0, 9).await, Ok(vec![]));
    decide(&*store, (0..5).map(|n| format!("post {n}"))).await;
    assert_eq!(store.audit_unlinked().await, Ok(5));
    assert_eq!(store.link_audit(2).await, Ok(2));
    assert_eq!(store.audit_unlinked().await, Ok(3));
    assert_eq!(store.link_audit(9).await, Ok(3));
    assert_eq!(store.link_audit(9).await, Ok(0));
    decide(&*store, ["post 5".to_owned()]).await;
    drop(store);

    let store = place.open().await;
    assert_eq!(store.link_audit(9).await, Ok(1));
    assert_eq!(store.audit_unlinked().await, Ok(0));
    assert_eq!(broken_links(&*store).await, [0_u64; 0]);
    let links = store.audit_page(0, 9).await.expect("it answers");
    assert_eq!(links.iter().map(|link| link.position).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(links[0].previous, [0; 32]);
    for (n, link) in links.iter().enumerate() {
        let entry: DecisionRecord = serde_json::from_str(&link.entry).expect("an entry is a decision");
        assert_eq!(entry, decision(&format!("post {n}"), None));
    }
    assert_eq!(store.audit_page(4, 1).await.expect("it answers"), [links[4].clone()]);
}

/// An entry that was changed behind the store's back does not fit its hash; the links around it do.
pub async fn a_changed_decision_breaks_its_link(place: &dyn Place) {
    let store = place.open().await;
    decide(&*store, (0..4).map(|n| format!("post {n}"))).await;
    store.link_audit(9).await.expect("it answers");
    place.falsify_decision(2, Some(r#"{"subject":"something else"}"#)).await;
    assert_eq!(broken_links(&*store).await, [2]);
}

/// An entry that was removed by force leaves a link without words, which does not fit either.
pub async fn a_removed_decision_leaves_its_link(place: &dyn Place) {
    let store = place.open().await;
    decide(&*store, (0..4).map(|n| format!("post {n}"))).await;
    store.link_audit(9).await.expect("it answers");
    place.falsify_decision(3, None).await;
    let links = store.audit_page(2, 1).await.expect("it answers");
    assert_eq!((links[0].position, links[0].entry.as_str()), (3, ""));
    assert_eq!(broken_links(&*store).await, [3]);
    // What comes after is linked all the same.
    decide(&*store, ["post 4".to_owned()]).await;
    assert_eq!(store.link_audit(9).await, Ok(1));
    assert_eq!(broken_links(&*store).await, [3]);
}
