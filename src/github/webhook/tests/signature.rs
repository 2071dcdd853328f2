//! Only GitHub's deliveries are taken.

use aws_lc_rs::hmac;
use proptest::prelude::*;
use secrecy::SecretString;

use crate::github::webhook::{SignatureProblem, WebhookSecrets};

/// The example in GitHub's "Validating webhook deliveries".
const SECRET: &str = "It's a Secret to Everybody";
const BODY: &[u8] = b"Hello, World!";
const SIGNATURE: &[u8] = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

fn secrets(texts: &[&str]) -> WebhookSecrets {
    let texts: Vec<_> = texts.iter().map(|text| SecretString::from((*text).to_owned())).collect();
    WebhookSecrets::new(&texts)
}

#[test]
fn githubs_own_example_is_accepted() {
    assert_eq!(secrets(&[SECRET]).verify(Some(SIGNATURE), BODY), Ok(()));
}

#[test]
fn while_a_secret_is_replaced_both_are_accepted() {
    for order in [["new", SECRET], [SECRET, "new"]] {
        assert_eq!(secrets(&order).verify(Some(SIGNATURE), BODY), Ok(()));
    }
    let after = secrets(&["new"]).verify(Some(SIGNATURE), BODY);
    assert_eq!(after, Err(SignatureProblem::Wrong));
}

#[test]
fn the_older_header_alone_is_a_missing_signature() {
    let secrets = secrets(&[SECRET]);
    assert_eq!(secrets.verify(None, BODY), Err(SignatureProblem::Missing));
    for header in [
        &b"sha1=0123456789abcdef0123456789abcdef01234567"[..],
        b"",
        b"sha256=",
        b"sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        b"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        b"\xff\xfe",
        &[SIGNATURE, b"00"].concat(),
    ] {
        assert_eq!(secrets.verify(Some(header), BODY), Err(SignatureProblem::Malformed));
    }
}

#[test]
fn without_secrets_nothing_is_accepted() {
    let empty = secrets(&[""]);
    assert!(empty.is_empty());
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"");
    let signed = format!("sha256={}", hex::encode(hmac::sign(&key, BODY)));
    assert_eq!(empty.verify(Some(signed.as_bytes()), BODY), Err(SignatureProblem::Wrong));
}

#[test]
fn secrets_are_not_shown() {
    assert_eq!(format!("{:?}", secrets(&[SECRET])), "WebhookSecrets(1)");
}

proptest! {
    #[test]
    fn a_signature_fits_its_body_and_no_other(
        secret in ".{1,80}",
        body in proptest::collection::vec(any::<u8>(), 0..200),
        flip in any::<(prop::sample::Index, u8)>(),
    ) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let header = format!("sha256={}", hex::encode(hmac::sign(&key, &body)));
        let secrets = secrets(&[&secret]);
        prop_assert_eq!(secrets.verify(Some(header.as_bytes()), &body), Ok(()));
        let mut other = body.clone();
        other.push(0);
        let position = flip.0.index(other.len());
        other[position] ^= flip.1;
        prop_assert_eq!(secrets.verify(Some(header.as_bytes()), &other), Err(SignatureProblem::Wrong));
    }
}
