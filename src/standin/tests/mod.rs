//! The stand-in driven over HTTP, as the bot and the receiver of webhooks would.

mod advisories;
mod credentials;
mod deliveries;
mod discussions;
mod faults;
mod issues;
mod pulls;
mod register;
mod schema;

use std::sync::{Arc, Mutex, OnceLock};

use axum::body::Bytes;
use axum::http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{AppRegistration, Options, RepositorySpec, Role, Standin, manifest};

const SECRET: &str = "It's a Secret to Everybody";
const REPO: &str = "acme/framework";

/// One key pair for all tests: making them is slow.
fn key() -> &'static (String, String) {
    static KEY: OnceLock<(String, String)> = OnceLock::new();
    KEY.get_or_init(|| manifest::generate_key().expect("the machine makes keys"))
}

fn registration() -> AppRegistration {
    let write = ["issues", "pull_requests", "discussions", "checks", "repository_advisories"];
    let mut permissions: std::collections::BTreeMap<String, String> =
        write.iter().map(|a| ((*a).to_owned(), "write".to_owned())).collect();
    permissions.insert("contents".into(), "read".into());
    permissions.insert("metadata".into(), "read".into());
    let events = [
        "issues",
        "issue_comment",
        "pull_request",
        "pull_request_review",
        "pull_request_review_comment",
        "discussion",
        "discussion_comment",
        "commit_comment",
        "repository_advisory",
        "push",
        "create",
    ];
    AppRegistration {
        id: 4242,
        slug: "embargod".into(),
        public_key_pem: key().1.clone(),
        webhook_secret: SECRET.into(),
        permissions,
        events: events.iter().map(|e| (*e).to_owned()).collect(),
    }
}

/// A clock, a GitHub with one organisation, and the bot's way to it.
struct Scene {
    github: Standin,
    clock: Arc<Mutex<Timestamp>>,
    client: reqwest::Client,
    installation: u64,
}

/// An answer of the API.
struct Reply {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Scene {
    async fn start() -> Self {
        let start: Timestamp = "2026-11-21T09:00:00.75Z".parse().expect("an instant");
        let clock = Arc::new(Mutex::new(start));
        let hands = clock.clone();
        let now = Arc::new(move || *hands.lock().expect("no test panics while holding the clock"));
        let github = Standin::start(Options::new(Some(registration()), now)).await.expect("loopback has free ports");
        github.add_organisation("acme");
        github.add_user("mallory");
        github.add_member("acme", "cora", true).expect("acme exists");
        let framework = RepositorySpec::public("acme", "framework")
            .file("SECURITY.md", "Write to us.")
            .file(".github/embargod.yml", "extends: django-2026\n");
        github.add_repository(&framework).expect("it is new");
        github.add_repository(&RepositorySpec::private("acme", "security")).expect("it is new");
        github.grant(REPO, "tom", Role::Triage).expect("it exists");
        let installation = github.install_on_all("acme").expect("acme exists");
        Self { github, clock, client: reqwest::Client::new(), installation }
    }

    fn now(&self) -> Timestamp {
        *self.clock.lock().expect("no test panics while holding the clock")
    }

    fn advance(&self, by: SignedDuration) {
        *self.clock.lock().expect("no test panics while holding the clock") += by;
    }

    fn jwt(&self, claims: &Value) -> String {
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(key().0.as_bytes()).expect("a PEM key");
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        jsonwebtoken::encode(&header, claims, &key).expect("it signs")
    }

    fn good_jwt(&self) -> String {
        let now = self.now().as_second();
        self.jwt(&json!({"iat": now - 60, "exp": now + 540, "iss": "4242"}))
    }

    async fn token(&self) -> String {
        self.token_with(json!({})).await
    }

    async fn token_with(&self, body: Value) -> String {
        let path = format!("/app/installations/{}/access_tokens", self.installation);
        let reply = self.send("POST", &path, &self.good_jwt(), Some(body)).await;
        assert_eq!(reply.status, 201, "{}", reply.body);
        reply.body["token"].as_str().expect("a token").to_owned()
    }

    async fn try_send(
        &self,
        method: &str,
        path: &str,
        credential: &str,
        body: Option<Value>,
    ) -> reqwest::Result<Reply> {
        let method = method.parse().expect("a method");
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.github.base_url()) };
        let mut request = self.client.request(method, url);
        if !credential.is_empty() {
            request = request.header("authorization", format!("Bearer {credential}"));
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await?;
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Ok(Reply { status, headers, body })
    }

    async fn send(&self, method: &str, path: &str, credential: &str, body: Option<Value>) -> Reply {
        let reply = self.try_send(method, path, credential, body).await;
        reply.expect("the stand-in answers")
    }

    async fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &self.token().await, None).await
    }

    async fn write(&self, method: &str, path: &str, body: Value) -> Reply {
        self.send(method, path, &self.token().await, Some(body)).await
    }
}

/// A webhook as it arrived.
#[derive(Clone)]
struct Received {
    headers: HeaderMap,
    raw: Bytes,
}

impl Received {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).expect("the header is there");
        value.to_str().expect("the header is text")
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.raw).expect("the payload is JSON")
    }

    /// `event.action`.
    fn name(&self) -> String {
        let action = self.json()["action"].as_str().map(str::to_owned);
        match action {
            Some(action) => format!("{}.{action}", self.header("x-github-event")),
            None => self.header("x-github-event").to_owned(),
        }
    }
}

/// A receiver of webhooks that answers with `status`.
async fn receiver(status: u16) -> (String, Arc<Mutex<Vec<Received>>>) {
    let received = Arc::new(Mutex::new(Vec::new()));
    let mailbox = received.clone();
    let router = axum::Router::new().fallback(move |headers: HeaderMap, raw: Bytes| {
        let mailbox = mailbox.clone();
        async move {
            let mut mailbox = mailbox.lock().expect("no test panics while holding it");
            mailbox.push(Received { headers, raw });
            axum::http::StatusCode::from_u16(status).expect("a status")
        }
    });
    let (listener, address) = super::server::listen(0).await.expect("a free port");
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/webhook"), received)
}

fn names(received: &Mutex<Vec<Received>>) -> Vec<String> {
    let received = received.lock().expect("no test panics while holding it");
    received.iter().map(Received::name).collect()
}
