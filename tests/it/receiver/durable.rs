//! Taken means durable: what was answered with 202 is in the file, once, and opens to the bytes that were sent.

use std::{sync::Arc, time::Duration};

use embargod::store::SharedStore;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tokio::{task::JoinSet, time::timeout};

use super::{
    GUARD,
    door::{Delivery, Door, NOW, claim},
};

async fn waiting(store: &SharedStore) -> u64 {
    let now = NOW.parse().expect("an instant");
    store.backlog(now).await.expect("a database").deliveries_waiting
}

#[tokio::test]
async fn after_202_another_process_finds_the_very_bytes() {
    let door = Door::open().await;
    let odd = "{\"repository\":{\"id\":12}, \"text\": \"ü\\u0000 \u{1f512}\"}\r\n";
    let delivery = Delivery::new("a-guid").with_body(odd);
    assert_eq!(door.status_of(&delivery.bytes()).await, 202);

    let other = door.second_handle().await;
    let state = other.delivery_state("a-guid").await.expect("a database");
    assert_eq!(state.as_deref(), Some("ready"));
    let claimed = claim(&other).await.expect("a delivery");
    assert_eq!(claimed.event, "issues");
    assert_eq!(claimed.lane, "repo:12");
    assert_eq!(claimed.received_at.to_string(), NOW);
    assert_eq!(door.opened(&claimed), odd.as_bytes());
}

#[tokio::test]
async fn what_was_refused_leaves_no_trace() {
    let door = Door::open().await;
    let mut forged = Delivery::new("a-guid");
    forged.secret = Some(b"a guess".to_vec());
    assert_eq!(door.status_of(&forged.bytes()).await, 401);
    let other = door.second_handle().await;
    assert_eq!(other.delivery_state("a-guid").await, Ok(None));
    // and a forged delivery does not take the place of the real one
    assert!(door.serves("a-guid").await);
    assert_eq!(waiting(&other).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_at_once_with_one_guid_count_once() {
    let door = Arc::new(Door::open().await);
    let mut clients = JoinSet::new();
    for _ in 0..50 {
        let door = Arc::clone(&door);
        clients.spawn(async move { door.status_of(&Delivery::new("same").bytes()).await });
    }
    while let Some(status) = clients.join_next().await {
        assert_eq!(status.expect("no panic"), 202);
    }
    assert_eq!(waiting(&door.second_handle().await).await, 1);
    assert!(door.serves("another").await);
    assert_eq!(waiting(&door.second_handle().await).await, 2);
}

#[tokio::test]
async fn a_failing_database_is_never_hidden_behind_a_202() {
    let door = Door::open().await;
    let mut breaker =
        SqliteConnectOptions::new().filename(door.database()).connect().await.expect("the door's database");
    // so that the change is certain to reach the door's connection, it has been used before
    assert!(door.serves("before").await);
    rename(&mut breaker, "deliveries", "hidden").await;
    for attempt in 0..3 {
        let status = door.status_of(&Delivery::new("during").bytes()).await;
        assert_eq!(status, 503, "attempt {attempt}");
    }
    rename(&mut breaker, "hidden", "deliveries").await;
    let state = door.store.delivery_state("during").await;
    assert_eq!(state, Ok(None));
    assert!(door.serves("during").await, "GitHub's redelivery is taken");
    breaker.close().await.expect("closed");
}

async fn rename(connection: &mut sqlx::SqliteConnection, from: &str, to: &str) {
    let statement = format!("ALTER TABLE {from} RENAME TO {to}");
    sqlx::query(sqlx::AssertSqlSafe(statement)).execute(connection).await.expect("renamed");
}

#[tokio::test]
async fn a_client_that_hangs_up_after_its_last_byte_was_heard_all_the_same() {
    let door = Door::open().await;
    for n in 0..20 {
        let mut wire = door.connect().await;
        wire.send(&Delivery::new(&format!("hasty-{n}")).bytes()).await;
        drop(wire);
    }
    let all_there = async {
        while waiting(&door.store).await < 20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(GUARD, all_there).await.expect("a delivery that arrived whole becomes durable");
}
