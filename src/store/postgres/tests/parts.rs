use super::Cluster;
use crate::store::{
    Acceptance, Store,
    conformance::{body_of, delivery},
    postgres::parts::PART_BYTES,
};

#[tokio::test]
async fn bodies_of_every_number_of_parts_come_back() {
    let Some(place) = Cluster::new() else { return };
    let store = place.store().await;
    let now = "2026-02-02T00:00:00Z".parse().expect("an instant");
    for size in [0, 1, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES, 5 * PART_BYTES + 7] {
        let name = format!("body-{size}");
        let mut new = delivery(&name, &name, 0);
        new.sealed_body = (0..size).map(|n| (n % 251) as u8).collect();
        assert_eq!(store.accept(new.clone()).await, Ok(Acceptance::Fresh), "{size} bytes");
        assert_eq!(store.accept(new.clone()).await, Ok(Acceptance::Duplicate), "{size} bytes");
        let claimed = store.claim_delivery(now, 60_000).await.expect("it answers");
        let claimed = claimed.expect("one is due");
        let body = body_of(&store, &claimed).await;
        assert!(body == new.sealed_body && claimed.body_bytes == size, "{size} bytes");
    }
    let left = place.0.sql("SELECT COUNT(*) FROM arriving_parts").expect("it answers");
    assert_eq!(left.trim(), "0", "parts are taken away");
}

#[tokio::test]
async fn large_bodies_that_come_twice_at_once_arrive_once() {
    let Some(place) = Cluster::new() else { return };
    let (one, other) = (place.store().await, place.store().await);
    let mut new = delivery("twice", "lane", 0);
    new.sealed_body = vec![7; 3 * PART_BYTES];
    let answers = tokio::join!(one.accept(new.clone()), other.accept(new.clone()), one.accept(new.clone()));
    let answers = [answers.0, answers.1, answers.2].map(|answer| answer.expect("it answers"));
    assert_eq!(answers.iter().filter(|answer| **answer == Acceptance::Fresh).count(), 1, "{answers:?}");
    let now = "2026-02-02T00:00:00Z".parse().expect("an instant");
    let claimed = one.claim_delivery(now, 60_000).await.expect("it answers").expect("one is due");
    assert!(body_of(&one, &claimed).await == new.sealed_body);
    assert_eq!(one.claim_delivery(now, 60_000).await.map(|none| none.is_none()), Ok(true));
}
