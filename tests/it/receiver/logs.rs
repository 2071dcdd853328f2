//! Nothing that strangers send, and no secret, is written to the log, however much is logged.

use std::{
    io,
    process::Command,
    sync::{Arc, Mutex, PoisonError},
};

use sqlx::{ConnectOptions, sqlite::SqliteConnectOptions};
use tracing_subscriber::{filter::LevelFilter, fmt::MakeWriter};

use super::{
    door::{Delivery, Door, OLD_SECRET},
    wire::{self, request},
};
use crate::contract::hostile::{Framing, SECRET, raw, requests};

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Captured {
    fn text(&self) -> String {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&all).into_owned()
    }
}

const CANARY: &str = "canary-7f1e";

/// A delivery that sings wherever a stranger can put something, the names that we give it excepted.
fn singing(guid: &str) -> Delivery {
    let body = format!(r#"{{"{CANARY}":"{CANARY}","action":"{CANARY}","repository":{{"id":3}}}}"#);
    Delivery::new(guid).with_body(body)
}

fn on_the_wire(delivery: &Delivery) -> Vec<u8> {
    let mut headers = delivery.headers();
    for name in ["Cookie", "Authorization", "User-Agent", "Referer", "X-Pad"] {
        headers.push((name.to_owned(), CANARY.into()));
    }
    let target = format!("/webhook?{CANARY}={CANARY}");
    request("POST", &target, &headers, &delivery.body, Framing::Length)
}

/// Set in the process that is listened to. It has one test, as a log can be had whole only once in a process.
const IS_ALONE: &str = "EMBARGOD_TEST_IS_ALONE";
const THIS_TEST: &str = "receiver::logs::nothing_of_what_came_in_is_logged";

#[test]
fn nothing_of_what_came_in_is_logged() {
    if std::env::var_os(IS_ALONE).is_some() {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime as the program has it");
        return runtime.block_on(listened_to());
    }
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", THIS_TEST])
        .env(IS_ALONE, "1")
        .output()
        .expect("this program starts again");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "{told}");
}

async fn listened_to() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(captured.clone())
        .with_ansi(false)
        .with_max_level(LevelFilter::TRACE)
        .finish();
    tracing::subscriber::set_global_default(subscriber).expect("nobody else listens");
    let door = Door::open().await;

    let good = singing("good");
    let mut forged = singing("forged");
    forged.secret = Some(b"a guess".to_vec());
    let mut broken = singing("broken");
    broken.body.pop();
    let mut singing_names = singing(&format!("{CANARY}."));
    singing_names.event = format!("{CANARY}.");
    let mut singing_type = singing("type");
    singing_type.content_type = Some(format!("text/{CANARY}"));
    for (delivery, expected) in
        [(&good, 202), (&good, 202), (&forged, 401), (&broken, 400), (&singing_names, 400), (&singing_type, 415)]
    {
        assert_eq!(door.status_of(&on_the_wire(delivery)).await, expected);
    }
    let mut breaker =
        SqliteConnectOptions::new().filename(door.database()).connect().await.expect("the door's database");
    sqlx::query("ALTER TABLE delivery_bodies RENAME TO hidden").execute(&mut breaker).await.expect("renamed");
    assert_eq!(door.status_of(&on_the_wire(&singing("lost"))).await, 503);
    sqlx::query("ALTER TABLE hidden RENAME TO delivery_bodies").execute(&mut breaker).await.expect("renamed");

    let mut forbidden = vec![
        CANARY.to_owned(),
        OLD_SECRET.to_owned(),
        String::from_utf8_lossy(SECRET).into_owned(),
        "squeaks".to_owned(),
        "mona".to_owned(),
    ];
    for delivery in [&good, &forged] {
        forbidden.extend(signatures(&delivery.headers()));
    }
    // bodies of 25 MiB say nothing new here
    for case in requests().into_iter().filter(|case| !case.name.starts_with("size:")) {
        forbidden.extend(signatures(&case.finished().0));
        let answer = door.exchange(case.method, &wire::hostile(&case)).await;
        assert!(answer.is_some(), "{}", case.name);
    }
    for conversation in raw() {
        let mut wire = door.connect().await;
        wire.send(&conversation.bytes).await;
        drop(wire);
    }
    assert!(door.serves("last").await);

    let log = captured.text();
    for said in ["delivery good is durable", "delivery lost could not be made durable"] {
        assert!(log.contains(said), "the log is not listened to: no {said:?}");
    }
    for word in forbidden {
        assert!(!log.contains(&word), "{word:?} is in the log");
    }
}

/// What stands behind `=` in signature headers, where it is long enough to be one.
fn signatures(headers: &[(String, Vec<u8>)]) -> Vec<String> {
    headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-hub-signature-256"))
        .filter_map(|(_, value)| String::from_utf8(value.clone()).ok())
        .map(|value| value.trim_start_matches("sha256=").to_owned())
        .filter(|digits| digits.len() >= 16)
        .collect()
}
