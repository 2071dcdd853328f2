//! Each answer of `POST /webhook`, as operators' scripts know it, and the door's manners as an HTTP server.

use super::{
    door::{Delivery, Door, NOW, OLD_SECRET, sign},
    wire::request,
};
use crate::contract::hostile::{Framing, MOST_BYTES, valid_payload};

const GUID: &str = "11111111-2222-4333-8444-555555555555";

/// The status with which a new door answers one delivery.
async fn answer_to(delivery: &Delivery) -> u16 {
    Door::open().await.status_of(&delivery.bytes()).await
}

/// The status with which a new door answers a delivery that is signed in this way.
async fn answer_to_signature(headers: &[(&str, String)]) -> u16 {
    let mut delivery = Delivery::new(GUID);
    delivery.secret = None;
    let mut all = delivery.headers();
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into_bytes())));
    let bytes = request("POST", "/webhook", &all, &delivery.body, Framing::Length);
    Door::open().await.status_of(&bytes).await
}

#[tokio::test]
async fn a_fresh_delivery_its_duplicate_and_an_unknown_event_are_all_taken() {
    let door = Door::open().await;
    let delivery = Delivery::new(GUID);
    assert_eq!(door.status_of(&delivery.bytes()).await, 202);
    assert_eq!(door.status_of(&delivery.bytes()).await, 202);
    let mut unknown = Delivery::new("11111111-2222-4333-8444-666666666666");
    unknown.event = "an_event_of_the_future".to_owned();
    assert_eq!(door.status_of(&unknown.bytes()).await, 202);
    let backlog = door.store.backlog(NOW.parse().expect("an instant")).await;
    assert_eq!(backlog.expect("a database").deliveries_waiting, 2);
}

#[tokio::test]
async fn chunked_deliveries_are_taken_too() {
    let mut delivery = Delivery::new(GUID).sized(3 * 1024 * 1024);
    delivery.framing = Framing::Chunked;
    assert_eq!(answer_to(&delivery).await, 202);
}

#[tokio::test]
async fn what_is_no_delivery_is_malformed() {
    let delivery = Delivery::new(GUID);
    for body in ["", "{", "[]", "null", "{} {}", "payload=%7B%7D"] {
        let delivery = delivery.clone().with_body(body);
        assert_eq!(answer_to(&delivery).await, 400, "{body:?}");
    }
    for guid in ["", "with space", "with.dot", &"g".repeat(129)] {
        let mut delivery = delivery.clone();
        delivery.guid = guid.to_owned();
        assert_eq!(answer_to(&delivery).await, 400, "delivery id {guid:?}");
    }
    for event in ["", "embargod.poll", &"e".repeat(65)] {
        let mut delivery = delivery.clone();
        delivery.event = event.to_owned();
        assert_eq!(answer_to(&delivery).await, 400, "event {event:?}");
    }
}

#[tokio::test]
async fn nesting_and_names_are_bounded_and_texts_are_not() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!(r#"{{"a":{open}{close}}}"#)
    };
    let in_text = format!(r#"{{"a":"\"{}\\","b":1}}"#, "[{".repeat(500));
    let beside = format!(r#"{{"a":[{}{{}}]}}"#, "{},".repeat(500));
    let named = |length: usize| format!(r#"{{"a":"{0}","{0}":1}}"#, "n".repeat(length));
    let long_text = format!(r#"{{"a":"{}"}}"#, "n".repeat(300_000));
    for (body, expected) in [
        (named(200_000), 202),
        (named(300_000), 400),
        (long_text, 202),
        (nested(128), 202),
        (nested(129), 400),
        (in_text, 202),
        (beside, 202),
    ] {
        let delivery = Delivery::new(GUID).with_body(body);
        assert_eq!(answer_to(&delivery).await, expected);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_delivery_and_leaves_the_door_open() {
    let door = Door::open().await;
    let delivery = Delivery::new("broken-off");
    for sent in [0, 1, delivery.body.len() - 1] {
        let mut wire = door.connect().await;
        wire.send(&delivery.head(delivery.body.len())).await;
        wire.send(&delivery.body[..sent]).await;
        wire.finish().await;
        let answer = wire.answer().await.map(|answer| answer.status);
        assert!(matches!(answer, None | Some(400)), "{answer:?}");
    }
    assert_eq!(door.store.delivery_state("broken-off").await, Ok(None));
    assert!(door.serves(GUID).await);
}

#[tokio::test]
async fn a_client_that_has_said_everything_may_close_its_side() {
    let door = Door::open().await;
    let mut wire = door.connect().await;
    wire.send(&Delivery::new(GUID).bytes()).await;
    wire.finish().await;
    assert_eq!(wire.answer().await.expect("an answer").status, 202);
    assert!(wire.answer().await.is_none(), "and then it is over");
}

#[tokio::test]
async fn either_of_two_secrets_may_have_signed() {
    let mut delivery = Delivery::new(GUID);
    assert_eq!(answer_to(&delivery).await, 202);
    delivery.secret = Some(OLD_SECRET.into());
    assert_eq!(answer_to(&delivery).await, 202);
    delivery.secret = Some(b"a secret of somebody else".to_vec());
    assert_eq!(answer_to(&delivery).await, 401);
}

#[tokio::test]
async fn without_a_sha_256_signature_nothing_is_believed() {
    const NAME: &str = "X-Hub-Signature-256";
    let valid = sign(crate::contract::hostile::SECRET, &Delivery::new(GUID).body);
    let digits = valid.trim_start_matches("sha256=").to_owned();
    assert_eq!(answer_to_signature(&[(NAME, valid.clone())]).await, 202);
    for (what, headers) in [
        ("missing", vec![]),
        ("empty", vec![(NAME, String::new())]),
        ("no digits", vec![(NAME, "sha256=".to_owned())]),
        ("SHA-1 only", vec![("X-Hub-Signature", format!("sha1={}", &digits[..40]))]),
        ("SHA-1 under the new name", vec![(NAME, format!("sha1={}", &digits[..40]))]),
        ("another body's", vec![(NAME, sign(b"x", b"y"))]),
        ("twice", vec![(NAME, valid.clone()), (NAME, valid.clone())]),
    ] {
        assert_eq!(answer_to_signature(&headers).await, 401, "{what}");
    }
}

#[tokio::test]
async fn form_encoded_deliveries_are_signed_as_they_are_sent() {
    let payload = valid_payload().to_string();
    let form: String = form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload).finish();
    let mut delivery = Delivery::new(GUID).with_body(form);
    delivery.content_type = Some("application/x-www-form-urlencoded".to_owned());
    let door = Door::open().await;
    assert_eq!(door.status_of(&delivery.bytes()).await, 202);
    let claimed = super::door::claim(&door.store).await.expect("a delivery");
    assert_eq!(door.opened(&claimed), payload.as_bytes());
    assert_eq!(claimed.lane, "repo:900/7");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_not_mended_into_some() {
    let mut delivery = Delivery::new(GUID).with_body(*b"payload=%7B%22a%22%3A%22%FF%22%7D");
    delivery.content_type = Some("application/x-www-form-urlencoded".to_owned());
    assert_eq!(answer_to(&delivery).await, 400);
}

#[tokio::test]
async fn other_content_types_are_refused() {
    for content_type in [None, Some("text/plain"), Some("multipart/form-data")] {
        let mut delivery = Delivery::new(GUID);
        delivery.content_type = content_type.map(str::to_owned);
        assert_eq!(answer_to(&delivery).await, 415, "{content_type:?}");
    }
}

#[tokio::test]
async fn githubs_cap_is_the_doors_cap() {
    let door = Door::open().await;
    let largest = Delivery::new(GUID).sized(MOST_BYTES);
    assert_eq!(door.status_of(&largest.bytes()).await, 202);
    for framing in [Framing::Length, Framing::Chunked] {
        let mut larger = Delivery::new("larger").sized(MOST_BYTES + 1);
        larger.framing = framing;
        assert_eq!(door.status_of(&larger.bytes()).await, 413, "{framing:?}");
    }
}

#[tokio::test]
async fn other_methods_are_told_which_one_there_is() {
    let door = Door::open().await;
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let headers = Delivery::new(GUID).headers();
        let bytes = request(method, "/webhook", &headers, b"{}", Framing::Length);
        let answer = door.exchange(method, &bytes).await.expect("an answer");
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
    }
}

#[tokio::test]
async fn the_door_has_one_path_whatever_stands_before_or_behind_it() {
    let door = Door::open().await;
    let delivery = Delivery::new(GUID);
    for (target, expected) in [
        ("/webhook?x=1", 202),
        ("http://bot.example/webhook", 202),
        ("http://elsewhere.example/metrics", 404),
        ("/webhook/", 404),
        ("/", 404),
        ("/metrics", 404),
    ] {
        let bytes = request("POST", target, &delivery.headers(), &delivery.body, Framing::Length);
        assert_eq!(door.status_of(&bytes).await, expected, "{target}");
    }
}

#[tokio::test]
async fn a_large_body_on_a_wrong_path_or_method_still_gets_its_answer() {
    let door = Door::open().await;
    let body = vec![b'x'; 8 * 1024 * 1024];
    for (method, target, expected) in [("POST", "/elsewhere", 404), ("PUT", "/webhook", 405)] {
        let mut wire = door.connect().await;
        // All of it is written before the answer is looked at, as most clients do.
        wire.send(&request(method, target, &[], &body, Framing::Length)).await;
        let answer = wire.answer().await.expect("an answer, not a broken pipe");
        assert_eq!(answer.status, expected, "{method} {target}");
    }
}

#[tokio::test]
async fn a_refused_body_does_not_cost_the_connection() {
    let door = Door::open().await;
    let mut wire = door.connect().await;
    let mut unsigned = Delivery::new(GUID).sized(200_000);
    unsigned.secret = None;
    let mut forged = unsigned.clone();
    forged.secret = Some(b"a guess".to_vec());
    for (bytes, expected) in [
        (unsigned.bytes(), 401),
        (forged.bytes(), 401),
        (Delivery::new(GUID).with_body("{").bytes(), 400),
        (Delivery::new(GUID).sized(MOST_BYTES + 1).bytes(), 413),
        (Delivery::new(GUID).bytes(), 202),
    ] {
        let answer = wire.exchange("POST", &bytes).await.expect("an answer");
        assert_eq!(answer.status, expected);
    }
}

#[tokio::test]
async fn requests_sent_at_once_are_answered_in_order() {
    let door = Door::open().await;
    let mut wire = door.connect().await;
    let deliveries = [
        Delivery::new("first").bytes(),
        Delivery::new("second").with_body("{").bytes(),
        Delivery::new("third").bytes(),
    ];
    wire.send(&deliveries.concat()).await;
    for expected in [202, 400, 202] {
        assert_eq!(wire.answer().await.expect("an answer").status, expected);
    }
}

#[tokio::test]
async fn a_client_that_asks_first_is_told_to_go_on_only_where_its_body_is_wanted() {
    let door = Door::open().await;
    let asking = |delivery: &Delivery, length: usize| {
        let head = String::from_utf8(delivery.head(length)).expect("ASCII");
        head.replacen("\r\n", "\r\nExpect: 100-continue\r\n", 1).into_bytes()
    };
    let delivery = Delivery::new(GUID);
    let mut wire = door.connect().await;
    wire.send(&asking(&delivery, delivery.body.len())).await;
    assert_eq!(wire.any_answer().await.expect("an answer").status, 100);
    wire.send(&delivery.body).await;
    assert_eq!(wire.any_answer().await.expect("an answer").status, 202);

    let mut unsigned = delivery.clone();
    unsigned.secret = None;
    for (head, expected) in [(asking(&unsigned, 1000), 401), (asking(&delivery, MOST_BYTES + 1), 413)] {
        let mut wire = door.connect().await;
        wire.send(&head).await;
        assert_eq!(wire.any_answer().await.expect("an answer").status, expected);
    }
}

#[tokio::test]
async fn too_many_or_too_large_headers_are_the_clients_mistake() {
    let door = Door::open().await;
    let mut many = Delivery::new(GUID).headers();
    many.extend((0..500).map(|n| (format!("X-Pad-{n}"), b"1".to_vec())));
    let mut large = Delivery::new(GUID).headers();
    large.push(("X-Pad".to_owned(), vec![b'p'; 200_000]));
    for headers in [many, large] {
        let bytes = request("POST", "/webhook", &headers, b"{}", Framing::Length);
        assert_eq!(door.status_of(&bytes).await, 431);
    }
    assert!(door.serves(GUID).await);
}
