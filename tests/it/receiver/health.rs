//! What a balancer asks.

use embargod::health::{Condition, Finding};
use serde_json::Value;

use super::{
    door::Door,
    wire::{Answer, request},
};
use crate::contract::hostile::Framing;

async fn get(door: &Door, path: &str) -> Answer {
    let bytes = request("GET", path, &[], b"", Framing::Length);
    door.exchange("GET", &bytes).await.expect("an answer")
}

async fn readiness(door: &Door) -> (u16, Value) {
    let answer = get(door, "/readyz").await;
    (answer.status, serde_json::from_slice(&answer.body).expect("JSON"))
}

#[tokio::test]
async fn an_open_door_is_alive_and_ready() {
    let door = Door::open().await;
    assert_eq!(get(&door, "/healthz").await.status, 200);
    let (status, report) = readiness(&door).await;
    assert_eq!(status, 200);
    assert_eq!(report["ready"], true);
    assert_eq!(report["checks"]["database"]["state"], "ok");
    assert_eq!(report["checks"]["database"]["since"], super::door::NOW);
}

#[tokio::test]
async fn a_draining_door_is_alive_takes_deliveries_and_asks_for_no_more() {
    let door = Door::open().await;
    door.health.draining();
    assert_eq!(get(&door, "/healthz").await.status, 200);
    let (status, report) = readiness(&door).await;
    assert_eq!(status, 503);
    assert_eq!(report["checks"]["draining"]["state"], "failed");
    assert!(door.serves("late").await, "the balancer may be slow to notice");
}

#[tokio::test]
async fn without_its_database_a_door_is_alive_and_not_ready() {
    let door = Door::open().await;
    let database = door.database();
    for suffix in ["", "-wal", "-shm"] {
        let mut file = database.clone().into_os_string();
        file.push(suffix);
        let _ = std::fs::remove_file(file);
    }
    assert_eq!(get(&door, "/healthz").await.status, 200);
    let (status, report) = readiness(&door).await;
    assert_eq!(status, 503);
    assert_eq!(report["checks"]["database"]["state"], "failed");
    assert_eq!(report["checks"]["database"]["detail"], "it does not answer");
}

#[tokio::test]
async fn trouble_elsewhere_is_told_and_deliveries_are_still_wanted() {
    let door = Door::open().await;
    door.health.watch("github", |now| Finding::because(Condition::Failed, format!("no good answer since {now}")));
    let (status, report) = readiness(&door).await;
    assert_eq!(status, 200, "deliveries are durable without GitHub");
    assert_eq!(report["ready"], true);
    assert_eq!(report["checks"]["github"]["state"], "failed");
}
