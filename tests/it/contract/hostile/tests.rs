//! The catalogue itself: large, without repetition, and right where it says so.

use std::collections::HashSet;

use super::{Body, Hostile, MOST_BYTES, Raw, RawEnd, SECRET, Sign, guid_of, mac, padded, raw, requests};

#[test]
fn the_catalogue_is_large_and_its_names_are_unique() {
    let all = requests();
    assert!(all.len() >= 200, "only {} requests", all.len());
    assert!(raw().len() >= 20, "only {} raw requests", raw().len());
    let names: HashSet<&str> =
        all.iter().map(|request| request.name.as_str()).chain(raw().iter().map(|request| request.name)).collect();
    assert_eq!(names.len(), all.len() + raw().len(), "a name stands there twice");
    for request in &all {
        assert!(!request.expect.is_empty(), "{} expects nothing", request.name);
        assert!(request.expect.iter().all(|status| *status < 500), "{} expects a 5xx", request.name);
    }
}

#[test]
fn only_what_is_signed_rightly_verifies() {
    let verifies = |request: &Hostile| {
        let (headers, body) = request.finished();
        let valid = format!("sha256={}", hex::encode(mac(SECRET, &body)));
        headers.iter().any(|(name, value)| name == "x-hub-signature-256" && value == valid.as_bytes())
    };
    let small = requests().into_iter().filter(|request| matches!(request.body, Body::Bytes(_)));
    for request in small {
        let right = matches!(request.sign, Sign::Valid | Sign::WrongThenValid | Sign::ValidThenWrong);
        assert_eq!(verifies(&request), right, "{}", request.name);
        let may_be_taken = request.expect.contains(&202);
        let nearly_right = matches!(request.sign, Sign::PrefixInCapitals | Sign::DigitsInCapitals);
        assert!(!may_be_taken || right || nearly_right, "{} may be taken without a signature", request.name);
    }
}

#[test]
fn every_request_is_wrong_or_odd_in_a_way_of_its_own() {
    let mut seen = HashSet::new();
    for request in requests() {
        let own_guid = guid_of(&request.name).into_bytes();
        let headers: Vec<_> = request.headers.iter().filter(|(_, value)| *value != own_guid).collect();
        let body = match &request.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::PaddedTo(length) => length.to_be_bytes().to_vec(),
        };
        let whole = format!(
            "{} {} {headers:?} {:?} {:?} {}",
            request.method,
            request.path,
            request.sign,
            request.framing,
            hex::encode(mac(b"body", &body))
        );
        assert!(seen.insert(whole), "{} repeats another request", request.name);
    }
}

#[test]
fn a_connection_that_times_out_may_only_say_so() {
    for conversation in raw() {
        let Raw { name, bytes, end, expect, most_answers } = conversation;
        assert_eq!(end == RawEnd::TimesOut, expect == [408], "{name}");
        assert_eq!(bytes.is_empty(), name == "raw: nothing at all");
        assert!(most_answers >= 1, "{name}");
    }
}

#[test]
fn what_is_signed_rightly_is_signed_as_github_does_it() {
    // the vector of GitHub's documentation ("Validating webhook deliveries")
    let documented = mac(b"It's a Secret to Everybody", b"Hello, World!");
    assert_eq!(hex::encode(documented), "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

#[test]
fn padding_meets_the_cap_to_the_byte() {
    assert_eq!(padded(4_000).len(), 4_000);
    assert_eq!(padded(MOST_BYTES + 1).len(), MOST_BYTES + 1);
}
