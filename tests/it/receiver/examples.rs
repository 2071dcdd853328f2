//! GitHub's own example payloads are taken, one and all, and understood.

use embargod::github::webhook::events;

use super::door::{Delivery, Door, NOW};
use crate::contract::{available, examples};

#[tokio::test]
async fn every_example_payload_is_taken_and_parsed() {
    if !available() {
        return;
    }
    let door = Door::open().await;
    let mut wire = door.connect().await;
    let mut complaints = Vec::new();
    let examples = examples::all();
    for (event, index, payload) in &examples {
        let body = payload.to_string().into_bytes();
        if let Err(error) = events::parse(event, &body) {
            complaints.push(format!("{event} {index}: {error}"));
        }
        let mut delivery = Delivery::new(&format!("{event}-{index}")).with_body(body);
        delivery.event.clone_from(event);
        let answer = wire.exchange("POST", &delivery.bytes()).await;
        match answer.map(|answer| answer.status) {
            Some(202) => {}
            other => complaints.push(format!("{event} {index}: {other:?}")),
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let now = NOW.parse().expect("an instant");
    let backlog = door.store.backlog(now).await.expect("a database");
    assert_eq!(backlog.deliveries_waiting, examples.len() as u64);
}
