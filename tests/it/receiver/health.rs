//! What a balancer asks.

use super::{
    door::Door,
    wire::{Answer, request},
};
use crate::contract::hostile::Framing;

async fn get(door: &Door, path: &str) -> Answer {
    let bytes = request("GET", path, &[], b"", Framing::Length);
    door.exchange("GET", &bytes).await.expect("an answer")
}

#[tokio::test]
async fn an_open_door_is_alive_and_ready() {
    let door = Door::open().await;
    assert_eq!(get(&door, "/healthz").await.status, 200);
    assert_eq!(get(&door, "/readyz").await.status, 200);
}

#[tokio::test]
async fn a_draining_door_is_alive_takes_deliveries_and_asks_for_no_more() {
    let door = Door::open().await;
    door.readiness.draining();
    assert_eq!(get(&door, "/healthz").await.status, 200);
    let answer = get(&door, "/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, b"draining\n");
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
    let answer = get(&door, "/readyz").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.body, b"the database does not answer\n");
}
