//! The hostile catalogue against a running door: each request gets an answer that is right for it, none a 5xx, and the
//! door serves good deliveries afterwards.

use embargod::receiver::DoorLimits;

use super::{
    door::{Door, Setup},
    wire,
};
use crate::contract::hostile::{Raw, RawEnd, raw, requests};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_of_the_catalogue_gets_a_right_answer() {
    let door = Door::open().await;
    let mut complaints = Vec::new();
    for case in requests() {
        let answer = door.exchange(case.method, &wire::hostile(&case)).await;
        let status = answer.map(|answer| answer.status);
        if !status.is_some_and(|status| case.expect.contains(&status)) {
            complaints.push(format!("{}: {status:?} instead of {:?}", case.name, case.expect));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(door.serves("afterwards").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_conversation_of_the_catalogue_comes_to_a_right_end() {
    let door = Door::open_with(impatient()).await;
    let mut complaints = Vec::new();
    for conversation in raw() {
        if let Err(complaint) = hold(&door, &conversation).await {
            complaints.push(format!("{}: {complaint}", conversation.name));
        }
        assert!(door.serves(&guid(conversation.name)).await, "after {}", conversation.name);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Plays one conversation to its end, which comes because the door closes what stands idle.
async fn hold(door: &Door, conversation: &Raw) -> Result<(), String> {
    let mut wire = door.connect().await;
    wire.send(&conversation.bytes).await;
    let statuses = wire.statuses_until_close().await;
    let first_is_right = match (statuses.first(), conversation.end) {
        (Some(status), _) => conversation.expect.contains(status),
        (None, end) => end != RawEnd::Answer,
    };
    let none_fails = statuses.iter().all(|status| *status < 500);
    if first_is_right && none_fails && statuses.len() <= conversation.most_answers {
        Ok(())
    } else {
        Err(format!("{statuses:?} instead of {:?}, at most {}", conversation.expect, conversation.most_answers))
    }
}

/// Good deliveries come whole; everybody else is to fail quickly.
fn impatient() -> Setup {
    let limits = DoorLimits { header_timeout_ms: 300, ..DoorLimits::default() };
    Setup { limits, body_timeout_ms: 300, ..Setup::default() }
}

fn guid(name: &str) -> String {
    hex::encode(name)
}
