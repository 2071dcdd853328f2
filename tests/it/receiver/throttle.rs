//! Who gets too much wrong is turned away; GitHub never is.

use embargod::receiver::{ClientHeader, Guard, ThrottleLimits, TrustedProxies};
use jiff::SignedDuration;

use super::{
    door::{Delivery, Door, Setup},
    wire::request,
};
use crate::contract::hostile::Framing;

const MALLORY: &str = "203.0.113.5";
const GITHUB: &str = "140.82.115.1";

/// A door that bears five failures at once, and one a second.
async fn strict(trusted_proxies: &[&str]) -> Door {
    let positive = |value: u32| value.try_into().expect("positive");
    let networks = trusted_proxies.iter().map(|network| network.parse().expect("a network")).collect();
    let guard = Guard {
        proxies: TrustedProxies { networks, header: ClientHeader::XForwardedFor },
        limits: ThrottleLimits::new(positive(5), positive(1)),
    };
    Door::open_with(Setup { guard, ..Setup::default() }).await
}

/// A delivery as a proxy passes it on for `client`.
fn passed_on(delivery: &Delivery, client: &str) -> Vec<u8> {
    let mut headers = delivery.headers();
    headers.push(("X-Forwarded-For".to_owned(), client.into()));
    request("POST", "/webhook", &headers, &delivery.body, Framing::Length)
}

fn guess(number: usize) -> Delivery {
    let mut delivery = Delivery::new(&format!("guess-{number}"));
    delivery.secret = Some(format!("secret{number}").into_bytes());
    delivery
}

async fn statuses_of_guesses(door: &Door, client: &str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::new();
    for number in 0..count {
        statuses.push(door.status_of(&passed_on(&guess(number), client)).await);
    }
    statuses
}

#[tokio::test]
async fn guessing_the_secret_ends_after_a_few_guesses() {
    let door = strict(&["127.0.0.0/8"]).await;
    assert_eq!(statuses_of_guesses(&door, MALLORY, 6).await, [401, 401, 401, 401, 401, 429]);
    let right = passed_on(&Delivery::new("the-right-guess"), MALLORY);
    assert_eq!(door.status_of(&right).await, 429, "not even a right guess is looked at now");
    assert_eq!(door.store.delivery_state("the-right-guess").await.expect("a database"), None);
    door.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(statuses_of_guesses(&door, MALLORY, 2).await, [401, 429], "one guess a second");
}

#[tokio::test]
async fn whoever_is_turned_away_learns_when_to_come_back_before_the_body_is_read() {
    let door = strict(&["127.0.0.0/8"]).await;
    statuses_of_guesses(&door, MALLORY, 6).await;
    let mut headers = guess(0).headers();
    headers.push(("X-Forwarded-For".to_owned(), MALLORY.into()));
    headers.push(("Content-Length".to_owned(), "26000000".into()));
    let mut head = b"POST /webhook HTTP/1.1\r\nHost: door\r\n".to_vec();
    for (name, value) in headers {
        head.extend_from_slice(name.as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(&value);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    let answer = door.exchange("POST", &head).await.expect("an answer without a body sent");
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn other_clients_of_the_same_proxy_do_not_notice() {
    let door = strict(&["127.0.0.0/8"]).await;
    statuses_of_guesses(&door, MALLORY, 10).await;
    assert_eq!(door.status_of(&passed_on(&Delivery::new("from-github"), GITHUB)).await, 202);
}

#[tokio::test]
async fn a_client_cannot_pass_for_another_by_what_it_writes() {
    let door = strict(&["127.0.0.0/8"]).await;
    for number in 0..6 {
        // A proxy appends; what stands before is the client's.
        let claim = format!("{GITHUB}, 198.51.100.{number}, {MALLORY}");
        door.status_of(&passed_on(&guess(number), &claim)).await;
    }
    assert_eq!(statuses_of_guesses(&door, MALLORY, 1).await, [429], "all of it was counted as its own");
    assert_eq!(statuses_of_guesses(&door, GITHUB, 1).await, [401], "and none as another's");
}

#[tokio::test]
async fn deliveries_go_on_from_addresses_that_somebody_spoils_with_hooks_of_his_own() {
    let door = strict(&["127.0.0.0/8"]).await;
    assert_eq!(door.status_of(&passed_on(&Delivery::new("one"), GITHUB)).await, 202);
    // Anybody can point a webhook at us, and GitHub sends it from the same addresses.
    let statuses = statuses_of_guesses(&door, GITHUB, 20).await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 15);
    for number in 0..20 {
        let delivery = Delivery::new(&format!("after-{number}"));
        assert_eq!(door.status_of(&passed_on(&delivery, GITHUB)).await, 202);
    }
}

#[tokio::test]
async fn behind_a_proxy_that_nobody_named_an_attacker_cannot_lock_github_out() {
    let door = strict(&[]).await;
    let statuses = statuses_of_guesses(&door, MALLORY, 20).await;
    assert_eq!(statuses[..5], [401; 5]);
    assert_eq!(statuses[5..], [429; 15], "wrong ones are told to wait");
    assert_eq!(door.status_of(&passed_on(&Delivery::new("good"), GITHUB)).await, 202, "and right ones are taken");
    assert!(door.serves("direct").await);
}

#[tokio::test]
async fn right_signatures_use_nothing_up() {
    let door = strict(&["127.0.0.0/8"]).await;
    for number in 0..50 {
        let delivery = Delivery::new(&format!("burst-{number}"));
        assert_eq!(door.status_of(&passed_on(&delivery, GITHUB)).await, 202);
    }
    let broken = Delivery::new("broken").with_body("{");
    for _ in 0..10 {
        assert_eq!(door.status_of(&passed_on(&broken, GITHUB)).await, 400, "it is signed, if broken");
    }
}

#[tokio::test]
async fn wrong_paths_methods_and_types_count_as_well() {
    let door = strict(&["127.0.0.0/8"]).await;
    let from = vec![("X-Forwarded-For".to_owned(), MALLORY.into())];
    let mut statuses = Vec::new();
    for (method, path) in
        [("GET", "/webhook"), ("POST", "/admin"), ("GET", "/.env"), ("POST", "/webhook"), ("GET", "/"), ("GET", "/x")]
    {
        let bytes = request(method, path, &from, b"", Framing::Length);
        statuses.push(door.exchange(method, &bytes).await.expect("an answer").status);
    }
    assert_eq!(statuses, [405, 404, 404, 415, 404, 429]);
    let health = request("GET", "/healthz", &from, b"", Framing::Length);
    assert_eq!(door.exchange("GET", &health).await.expect("an answer").status, 200);
}
