//! Clients that take their time cost nobody else theirs.

use embargod::receiver::DoorLimits;

use super::door::{Delivery, Door, Setup};
use crate::contract::hostile::{Framing, MOST_BYTES};

/// Longer than any test may take.
const FOR_EVER_MS: u64 = 3_600_000;

#[tokio::test]
async fn a_body_that_does_not_come_times_out() {
    let door = Door::open_with(Setup { body_timeout_ms: 50, ..Setup::default() }).await;
    let delivery = Delivery::new("slow");
    for sent in [0, 1, delivery.body.len() - 1] {
        let mut wire = door.connect().await;
        wire.send(&delivery.head(delivery.body.len())).await;
        wire.send(&delivery.body[..sent]).await;
        let answer = wire.answer().await.expect("an answer");
        assert_eq!(answer.status, 408, "after {sent} bytes");
    }
    assert!(door.serves("good").await);
}

#[tokio::test]
async fn a_body_that_grows_too_large_is_told_so_even_if_it_never_ends() {
    let door = Door::open_with(Setup { body_timeout_ms: 5_000, ..Setup::default() }).await;
    let mut delivery = Delivery::new("endless").sized(MOST_BYTES + 100_000);
    delivery.framing = Framing::Chunked;
    let mut bytes = delivery.bytes();
    bytes.truncate(bytes.len() - 5);
    let mut wire = door.connect().await;
    wire.send(&bytes).await;
    assert_eq!(wire.answer().await.expect("an answer").status, 413);
}

#[tokio::test]
async fn a_head_that_does_not_come_times_out_and_so_does_an_idle_connection() {
    let limits = DoorLimits { header_timeout_ms: 50, ..DoorLimits::default() };
    let door = Door::open_with(Setup { limits, ..Setup::default() }).await;
    let head = Delivery::new("slow").head(2);
    for sent in [0, 1, head.len() - 1] {
        let mut wire = door.connect().await;
        wire.send(&head[..sent]).await;
        if let Some(answer) = wire.answer().await {
            assert_eq!(answer.status, 408, "after {sent} bytes");
        }
    }
    let mut wire = door.connect().await;
    let answer = wire.exchange("POST", &Delivery::new("good").bytes()).await;
    assert_eq!(answer.expect("an answer").status, 202);
    assert!(wire.answer().await.is_none(), "closed when it stood idle");
}

#[tokio::test]
async fn a_connection_comes_of_age_and_ends_after_the_answer_under_way() {
    let limits = DoorLimits { header_timeout_ms: FOR_EVER_MS, connection_ms: 50, ..DoorLimits::default() };
    let door = Door::open_with(Setup { limits, ..Setup::default() }).await;
    let mut idle = door.connect().await;
    assert!(idle.answer().await.is_none(), "closed at its age");
}

#[tokio::test]
async fn a_hundred_who_promise_a_large_body_and_send_nothing_keep_nobody_waiting() {
    for promised in [1_000_000, MOST_BYTES] {
        let door = Door::open_with(Setup { body_timeout_ms: FOR_EVER_MS, ..Setup::default() }).await;
        let mut dawdlers = Vec::new();
        for n in 0..100 {
            let mut wire = door.connect().await;
            let head = Delivery::new(&format!("dawdler-{n}")).head(promised);
            let head = String::from_utf8(head).expect("ASCII");
            let head = head.replacen("\r\n", "\r\nExpect: 100-continue\r\n", 1);
            wire.send(head.as_bytes()).await;
            dawdlers.push(wire);
        }
        let mut waited_for = 0;
        for wire in &mut dawdlers {
            // the door is at their body
            let status = wire.any_answer().await.expect("an answer").status;
            assert_eq!(status, 100);
            waited_for += 1;
        }
        assert_eq!(waited_for, 100);
        assert!(door.serves("small").await, "{promised} bytes promised");
        let large = Delivery::new("large").sized(promised);
        assert_eq!(door.status_of(&large.bytes()).await, 202);
    }
}
