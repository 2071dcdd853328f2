//! A catalogue of requests that wish the receiver ill, as data.
//!
//! What flows out: [`requests`] (whole HTTP requests, signed well or badly) and [`raw`] (bytes for a bare socket), each
//! with the answers that are right for it. The receiver's test drives them all against a running server and holds it to
//! three things: an answer from the list, no 5xx, still well afterwards. What it must never do: send anything itself.
//!
//! Where two answers stand in a list, both keep the contract and the difference does not matter (a request that is
//! wrong twice may be refused for either reason). A valid signature over odd but valid JSON is always 202: GitHub adds
//! events and fields, and a delivery that was refused is lost.

use aws_lc_rs::hmac;
use serde_json::{Value, json};

mod bodies;
mod fields;
mod headers;
mod raw;
mod tests;

pub use raw::{Raw, RawEnd, raw};

/// The secret under which [`Sign::Valid`] signs; the receiver under test must have it, beside others.
pub const SECRET: &[u8] = b"hostile-catalogue-secret";

/// GitHub's cap, and the receiver's.
pub const MOST_BYTES: usize = 25 * 1024 * 1024;

/// Durable.
const TAKEN: &[u16] = &[202];
/// Not a delivery.
const MALFORMED: &[u16] = &[400];
/// No valid signature.
const UNSIGNED: &[u16] = &[401];
/// Valid under one reading of the standard, not under another.
const TAKEN_OR_MALFORMED: &[u16] = &[202, 400];

/// How a request is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// `X-Hub-Signature-256` over the raw body, as GitHub does it.
    Valid,
    /// A well-formed signature under another secret.
    WrongSecret,
    /// Signed rightly, then the body's last byte was changed.
    OtherBody,
    /// Only the old `X-Hub-Signature: sha1=…`.
    Sha1Only,
    /// The SHA-256 value under the name of the old header.
    WrongHeader,
    /// No signature at all.
    None,
    /// The right value with the prefix in capitals.
    PrefixInCapitals,
    /// The right value with its digits in capitals.
    DigitsInCapitals,
    /// The right value without its last digit.
    Truncated,
    /// The right value with two digits more.
    Longer,
    /// The right value without `sha256=`.
    NoPrefix,
    /// `sha256=` and nothing.
    Empty,
    /// 64 letters that are no digits.
    NotHex,
    /// 64 zeros.
    Zeros,
    /// The right value in base64.
    Base64,
    /// Twice: a wrong one, then the right one.
    WrongThenValid,
    /// Twice: the right one, then a wrong one.
    ValidThenWrong,
    /// Bytes above 127 in the value.
    NotAscii,
    /// 8 KiB of digits.
    VeryLong,
}

/// How the body's length is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// `Content-Length`.
    Length,
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

/// One request.
#[derive(Clone)]
pub struct Hostile {
    /// Unique, for complaints.
    pub name: String,
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// Headers without signature and framing; names may stand there twice, values may be any bytes that HTTP allows.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body before [`Sign::OtherBody`] spoils it.
    pub body: Body,
    /// See [`Sign`].
    pub sign: Sign,
    /// See [`Framing`].
    pub framing: Framing,
    /// The answers that are right.
    pub expect: &'static [u16],
}

/// A body, or how to make one that is too large to keep.
#[derive(Clone)]
pub enum Body {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A valid payload, padded in a string to exactly so many bytes.
    PaddedTo(usize),
}

impl Hostile {
    /// A delivery as GitHub sends it, to be spoilt in one point. Its GUID belongs to it alone.
    fn delivery(name: impl Into<String>, body: impl Into<Vec<u8>>) -> Self {
        let name = name.into();
        let guid = guid_of(&name);
        Self {
            method: "POST",
            path: "/webhook".to_owned(),
            headers: vec![
                ("content-type".to_owned(), b"application/json".to_vec()),
                ("x-github-event".to_owned(), b"issues".to_vec()),
                ("x-github-delivery".to_owned(), guid.into_bytes()),
                ("user-agent".to_owned(), b"GitHub-Hookshot/0000000".to_vec()),
            ],
            body: Body::Bytes(body.into()),
            sign: Sign::Valid,
            framing: Framing::Length,
            expect: TAKEN,
            name,
        }
    }

    fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn second_header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self
    }

    fn signed(mut self, sign: Sign) -> Self {
        self.sign = sign;
        self
    }

    fn expecting(mut self, answers: &'static [u16]) -> Self {
        self.expect = answers;
        self
    }

    /// The body and all headers but those of framing, as they are to go out.
    pub fn finished(&self) -> (Vec<(String, Vec<u8>)>, Vec<u8>) {
        let mut body = match &self.body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::PaddedTo(length) => padded(*length),
        };
        let mut headers = self.headers.clone();
        headers.extend(signatures(self.sign, &body).into_iter().map(|(name, value)| (name.to_owned(), value)));
        if self.sign == Sign::OtherBody
            && let Some(last) = body.last_mut()
        {
            *last ^= 1;
        }
        (headers, body)
    }
}

/// All requests.
pub fn requests() -> Vec<Hostile> {
    let mut all = bodies::requests();
    all.extend(headers::requests());
    all.extend(fields::requests());
    all
}

/// An `issues` event with every field that the bot reads, harmless in content.
pub fn valid_payload() -> Value {
    json!({
        "action": "opened",
        "issue": {
            "id": 4_001, "node_id": "I_kwDOAAAAAc4AAAAB", "number": 7, "title": "The wheel squeaks",
            "body": "It squeaks when it turns.", "state": "open", "locked": false,
            "html_url": "https://github.com/acme/rocket/issues/7",
            "user": { "id": 501, "login": "mona", "type": "User" },
            "author_association": "NONE", "labels": [],
            "created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-01T10:00:00Z"
        },
        "repository": {
            "id": 900, "node_id": "R_kgDOAAAAAQ", "name": "rocket", "full_name": "acme/rocket",
            "private": false, "visibility": "public", "default_branch": "main",
            "html_url": "https://github.com/acme/rocket",
            "owner": { "id": 300, "login": "acme", "type": "Organization" }
        },
        "organization": { "id": 300, "login": "acme" },
        "sender": { "id": 501, "login": "mona", "type": "User" },
        "installation": { "id": 70, "node_id": "MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uNzA=" }
    })
}

fn valid_body() -> Vec<u8> {
    valid_payload().to_string().into_bytes()
}

fn padded(length: usize) -> Vec<u8> {
    let mut payload = valid_payload();
    payload["padding"] = json!("");
    let bare = payload.to_string();
    let fill = length.checked_sub(bare.len()).expect("room for a payload");
    payload["padding"] = Value::String("a".repeat(fill));
    payload.to_string().into_bytes()
}

/// A GUID of GitHub's form that depends on the name alone.
fn guid_of(name: &str) -> String {
    uuid::Uuid::from_slice(&mac(b"guid", name.as_bytes())[..16]).expect("16 bytes").to_string()
}

fn mac(secret: &[u8], body: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), body).as_ref().to_vec()
}

fn signatures(sign: Sign, body: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    const NAME: &str = "x-hub-signature-256";
    let right = mac(SECRET, body);
    let digits = hex::encode(&right);
    let valid = format!("sha256={digits}");
    let wrong = format!("sha256={}", hex::encode(mac(b"another secret", body)));
    let one = |value: String| vec![(NAME, value.into_bytes())];
    match sign {
        Sign::Valid | Sign::OtherBody => one(valid),
        Sign::WrongSecret => one(wrong),
        Sign::Sha1Only => {
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, SECRET);
            let value = format!("sha1={}", hex::encode(hmac::sign(&key, body)));
            vec![("x-hub-signature", value.into_bytes())]
        }
        Sign::WrongHeader => vec![("x-hub-signature", valid.into_bytes())],
        Sign::None => Vec::new(),
        Sign::PrefixInCapitals => one(format!("SHA256={digits}")),
        Sign::DigitsInCapitals => one(format!("sha256={}", digits.to_ascii_uppercase())),
        Sign::Truncated => one(valid[..valid.len() - 1].to_owned()),
        Sign::Longer => one(format!("{valid}00")),
        Sign::NoPrefix => one(digits),
        Sign::Empty => one("sha256=".to_owned()),
        Sign::NotHex => one(format!("sha256={}", "z".repeat(64))),
        Sign::Zeros => one(format!("sha256={}", "0".repeat(64))),
        Sign::Base64 => {
            use base64::{Engine, engine::general_purpose::STANDARD};
            one(format!("sha256={}", STANDARD.encode(&right)))
        }
        Sign::WrongThenValid => [one(wrong), one(valid)].concat(),
        Sign::ValidThenWrong => [one(valid), one(wrong)].concat(),
        Sign::NotAscii => vec![(NAME, [b"sha256=".as_slice(), &[0xe4; 64]].concat())],
        Sign::VeryLong => one(format!("sha256={}", "a".repeat(8 * 1024))),
    }
}
