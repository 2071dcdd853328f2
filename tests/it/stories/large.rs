//! Deliveries of several megabytes: GitHub sends up to 25 MiB. Their bodies wait in the database for a turn of their own.

use aws_lc_rs::hmac;
use embargod::domain::intake::texts::NEUTRAL_BODY;
use serde_json::Value;

use crate::kit::{MALLORY, REPO, SECRET, World};

/// Hands in `payload` with 3 MiB on top, signed as GitHub does.
async fn deliver_padded(world: &World, event: &str, guid: &str, payload: &Value) {
    let mut padded = payload.clone();
    padded["padding"] = "a".repeat(3 * 1024 * 1024).into();
    let body = padded.to_string();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), body.as_bytes());
    let answer = reqwest::Client::new()
        .post(world.github.hook_url().expect("the bot's door"))
        .header("Content-Type", "application/json")
        .header("X-GitHub-Event", event)
        .header("X-GitHub-Delivery", guid)
        .header("X-Hub-Signature-256", format!("sha256={}", hex::encode(tag)))
        .body(body)
        .send()
        .await;
    assert_eq!(answer.expect("an answer").status(), 202);
}

/// What GitHub would have told of an exploit that mallory has posted, and the number of its thread.
async fn lost_exploit(world: &World) -> (u64, Value) {
    world.github.drop_next_deliveries(1);
    let (title, body) = world.exploit();
    let number = world.github.open_issue(REPO, MALLORY, &title, &body).expect("posted");
    world.settle().await;
    let lost = world.github.deliveries().pop().expect("it was tried");
    assert_eq!(lost.event, "issues");
    (number, lost.payload)
}

#[tokio::test]
async fn an_exploit_in_a_large_delivery_is_shielded_like_any_other() {
    let world = World::new().await;
    let (number, payload) = lost_exploit(&world).await;
    deliver_padded(&world, "issues", "a-large-delivery", &payload).await;
    world.settle().await;
    assert_eq!(world.thread(number).body(), NEUTRAL_BODY);
    assert!(world.ending(number).await.is_shielded());
    world.finish().await;
}

#[tokio::test]
async fn a_large_delivery_that_cannot_be_read_is_told_with_its_repository() {
    let mut world = World::new().await;
    world.losses_expected = true;
    let (_, mut payload) = lost_exploit(&world).await;
    payload["issue"] = "not what an issue looks like".into();
    deliver_padded(&world, "issues", "a-large-riddle", &payload).await;
    world.settle().await;
    let alerts = world.alerts().await;
    let alert = alerts.iter().find(|alert| alert.id == "delivery:a-large-riddle").expect("somebody is told");
    assert_eq!(alert.repository.to_string(), REPO);
    world.finish().await;
}
