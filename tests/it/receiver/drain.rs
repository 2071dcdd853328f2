//! The end: what is under way is finished, nothing new is begun, and nobody can prevent it.

use embargod::receiver::DoorLimits;
use tokio::{net::TcpStream, time::timeout};

use super::{
    GUARD,
    door::{Delivery, Door, Setup},
    wire::Wire,
};

/// A client whose body the door has begun to wait for.
async fn client_under_way(door: &Door, delivery: &Delivery) -> Wire {
    let head = String::from_utf8(delivery.head(delivery.body.len())).expect("ASCII");
    let head = head.replacen("\r\n", "\r\nExpect: 100-continue\r\n", 1);
    let mut wire = door.connect().await;
    wire.send(head.as_bytes()).await;
    assert_eq!(wire.any_answer().await.expect("an answer").status, 100);
    wire
}

async fn refuses_connections(door: &Door) {
    let address = door.address;
    let refused = async { while TcpStream::connect(address).await.is_ok() {} };
    timeout(GUARD, refused).await.expect("a door that was asked to stop listens no more");
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_no_new_one_is_heard() {
    let door = Door::open().await;
    let delivery = Delivery::new("under-way");
    let mut wire = client_under_way(&door, &delivery).await;
    door.stop.cancel();
    refuses_connections(&door).await;
    wire.send(&delivery.body).await;
    assert_eq!(wire.answer().await.expect("an answer").status, 202);
    assert!(wire.answer().await.is_none(), "the connection is closed");
    let state = door.store.delivery_state("under-way").await;
    assert_eq!(state.expect("a database").as_deref(), Some("ready"));
    door.ended().await;
}

#[tokio::test]
async fn idle_connections_do_not_hold_it_up() {
    let door = Door::open_with(patient_with_heads()).await;
    let mut used = door.connect().await;
    let answer = used.exchange("POST", &Delivery::new("one").bytes()).await;
    assert_eq!(answer.expect("an answer").status, 202);
    let _unused = door.connect().await;
    door.stop.cancel();
    assert!(used.answer().await.is_none(), "closed without a word");
    door.ended().await;
}

#[tokio::test]
async fn a_full_house_does_not_hold_it_up() {
    let mut setup = patient_with_heads();
    setup.limits.most_connections = 1;
    let door = Door::open_with(setup).await;
    let mut only = door.connect().await;
    let answer = only.exchange("POST", &Delivery::new("one").bytes()).await;
    assert_eq!(answer.expect("an answer").status, 202);
    door.stop.cancel();
    door.ended().await;
}

#[tokio::test]
async fn a_dawdler_is_cut_off_when_the_time_for_draining_is_over() {
    let mut setup = Setup { body_timeout_ms: 3_600_000, ..Setup::default() };
    setup.limits.drain_ms = 50;
    let door = Door::open_with(setup).await;
    let delivery = Delivery::new("slow");
    let mut wire = client_under_way(&door, &delivery).await;
    door.stop.cancel();
    assert!(wire.answer().await.is_none(), "cut off");
    door.ended().await;
}

/// Nothing ends because of a time-out here.
fn patient_with_heads() -> Setup {
    Setup {
        limits: DoorLimits { header_timeout_ms: 3_600_000, drain_ms: 3_600_000, ..DoorLimits::default() },
        ..Setup::default()
    }
}
