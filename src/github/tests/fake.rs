//! A scripted GitHub: answers what the story says, and remembers what it was asked.

use std::sync::{Arc, Mutex, OnceLock};

use aws_lc_rs::{encoding::AsDer, rsa};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::Response,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use reqwest::Url;
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::{
    clock::ManualClock,
    domain::post::RepoName,
    github::{GitHub, GitHubSettings, Installation},
};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) bearer: String,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) body: Value,
}

/// An answer to be given.
pub(super) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    pub(super) fn new(status: u16, body: Value) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }

    pub(super) fn raw(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub(super) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.to_owned(), value.to_string()));
        self
    }
}

/// The scripted GitHub.
pub(super) struct Fake {
    pub(super) base: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    /// Serves `script` on loopback until the test's runtime ends. Requests for tokens that the script leaves to `None`
    /// are answered with a token that is good for an hour.
    pub(super) async fn start(script: impl Fn(&Seen) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        let script = Arc::new(script);
        let app = Router::new().fallback(move |request: Request| {
            let (log, script) = (log.clone(), script.clone());
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.expect("a body");
                let bearer = parts
                    .headers
                    .get("authorization")
                    .and_then(|value| value.to_str().ok())
                    .and_then(|value| value.strip_prefix("Bearer "))
                    .unwrap_or_default()
                    .to_owned();
                let seen = Seen {
                    method: parts.method.to_string(),
                    path: parts.uri.to_string(),
                    bearer,
                    headers: parts.headers,
                    body: serde_json::from_slice(&body).unwrap_or(Value::Null),
                };
                let reply = script(&seen).unwrap_or_else(|| usual(&seen));
                log.lock().expect("unpoisoned").push(seen);
                let mut response = Response::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(reply.body)).expect("a response")
            }
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { base: Url::parse(&format!("http://{address}")).expect("an address"), seen }
    }

    /// Everything that was asked, in order.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("unpoisoned").clone()
    }

    /// What was asked apart from tokens.
    pub(super) fn work(&self) -> Vec<Seen> {
        let mut seen = self.seen();
        seen.retain(|seen| !seen.is_mint());
        seen
    }

    /// How many tokens were minted.
    pub(super) fn mints(&self) -> usize {
        self.seen().iter().filter(|seen| seen.is_mint()).count()
    }

    pub(super) fn github(&self, clock: &ManualClock) -> GitHub {
        let mut settings = GitHubSettings::new(42, SecretString::from(pkcs8_pem()));
        settings.api_base = self.base.clone();
        GitHub::new(&settings, Arc::new(clock.clone())).expect("good settings")
    }

    pub(super) fn installation(&self) -> Installation {
        self.github(&ManualClock::at(noon())).installation(7)
    }
}

impl Seen {
    pub(super) fn is_mint(&self) -> bool {
        self.path.ends_with("/access_tokens")
    }
}

fn usual(seen: &Seen) -> Reply {
    if seen.is_mint() {
        Reply::new(201, json!({ "token": "ghs_first", "expires_at": "2026-11-21T13:00:00Z" }))
    } else {
        Reply::new(200, json!({}))
    }
}

pub(super) fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("a constant instant")
}

pub(super) fn repo() -> RepoName {
    "acme/web".parse().expect("a constant name")
}

fn pkcs8() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).expect("a key");
        pair.as_der().expect("its DER form").as_ref().to_vec()
    })
}

fn pem(label: &str, der: &[u8]) -> String {
    let packed = STANDARD.encode(der);
    let lines: Vec<_> = packed.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// The test's key as PKCS#8.
pub(super) fn pkcs8_pem() -> String {
    pem("PRIVATE KEY", pkcs8())
}

/// The same key as PKCS#1, as GitHub hands keys out: for RSA-2048 it follows 26 bytes of PKCS#8 wrapping.
pub(super) fn pkcs1_pem() -> String {
    pem("RSA PRIVATE KEY", &pkcs8()[26..])
}

/// The claims of an App token.
pub(super) fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}
