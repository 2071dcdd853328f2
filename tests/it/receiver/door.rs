//! A door as an operator would run it, and a look behind it.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use embargod::{
    clock::ManualClock,
    domain::embargoed::Clearance,
    github::webhook::WebhookSecrets,
    health::Health,
    receiver::{DoorLimits, Guard, Receiver, router, serve_within},
    sealing::{Sealer, SealingKey},
    store::{self, ClaimedDelivery, SharedStore},
};
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{
    GUARD,
    wire::{Answer, Wire, request},
};
use crate::contract::hostile::{self, Framing, valid_payload};

/// The secret that is being replaced by the catalogue's.
pub const OLD_SECRET: &str = "the-secret-of-last-year";

/// When everything happens.
pub const NOW: &str = "2026-03-01T10:00:00Z";

/// Patience and room of a door.
#[derive(Clone)]
pub struct Setup {
    pub limits: DoorLimits,
    pub body_timeout_ms: u64,
    pub guard: Guard,
}

impl Default for Setup {
    /// Patient with bodies: a test that wants a time-out says so.
    fn default() -> Self {
        Self { limits: DoorLimits::default(), body_timeout_ms: 30_000, guard: Guard::default() }
    }
}

/// An open door.
pub struct Door {
    pub address: SocketAddr,
    pub health: Health,
    pub clock: ManualClock,
    pub stop: CancellationToken,
    pub store: SharedStore,
    sealer: Sealer,
    serving: JoinHandle<()>,
    folder: TempDir,
}

impl Door {
    pub async fn open() -> Self {
        Self::open_with(Setup::default()).await
    }

    pub async fn open_with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = store::open(&format!("sqlite:{}", database(&folder).display())).await.expect("a new database");
        let sealer = Sealer::new(SealingKey::generate());
        let secrets =
            [SecretString::from(OLD_SECRET), SecretString::from(String::from_utf8_lossy(hostile::SECRET).into_owned())];
        let health = Health::default();
        let clock = ManualClock::at(NOW.parse().expect("an instant"));
        let router = router(Receiver {
            store: Arc::clone(&store),
            sealer: sealer.clone(),
            webhook_secrets: WebhookSecrets::new(&secrets),
            clock: Arc::new(clock.clone()),
            body_timeout_ms: setup.body_timeout_ms,
            health: health.clone(),
            guard: setup.guard,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let stop = CancellationToken::new();
        let serving = tokio::spawn(serve_within(setup.limits, listener, router, stop.clone()));
        Self { address, health, clock, stop, store, sealer, serving, folder }
    }

    pub async fn connect(&self) -> Wire {
        Wire::to(self.address).await
    }

    /// Sends one request on a connection of its own.
    pub async fn exchange(&self, method: &str, bytes: &[u8]) -> Option<Answer> {
        self.connect().await.exchange(method, bytes).await
    }

    /// The status of the answer to one POST on a connection of its own.
    pub async fn status_of(&self, bytes: &[u8]) -> u16 {
        let answer = self.exchange("POST", bytes).await;
        answer.expect("an answer").status
    }

    /// Whether a good delivery with a GUID of its own is taken.
    pub async fn serves(&self, guid: &str) -> bool {
        self.status_of(&Delivery::new(guid).bytes()).await == 202
    }

    /// The database's file.
    pub fn database(&self) -> PathBuf {
        database(&self.folder)
    }

    /// A second handle on the same file, as another process would have it.
    pub async fn second_handle(&self) -> SharedStore {
        store::open(&format!("sqlite:{}", self.database().display())).await.expect("the database of the door")
    }

    /// What a delivery's sealed body holds.
    pub fn opened(&self, claimed: &ClaimedDelivery) -> Vec<u8> {
        let clearance = Clearance::grant();
        self.sealer
            .open_delivery(&claimed.guid, &claimed.sealed_body, &clearance)
            .expect("sealed by this door")
            .open(&clearance)
            .to_vec()
    }

    /// Waits until the accept loop has ended.
    pub async fn ended(self) {
        timeout(GUARD, self.serving)
            .await
            .expect("the door ends when it was asked to")
            .expect("the door does not panic");
    }
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("embargod.db")
}

/// The next delivery that may be worked on.
pub async fn claim(store: &SharedStore) -> Option<ClaimedDelivery> {
    let now = NOW.parse().expect("an instant");
    let lease = Duration::from_secs(60);
    store.claim_delivery(now, i64::try_from(lease.as_millis()).expect("a minute")).await.expect("a database")
}

/// A delivery as GitHub sends it; every part may be changed.
#[derive(Clone)]
pub struct Delivery {
    pub guid: String,
    pub event: String,
    pub content_type: Option<String>,
    pub body: Vec<u8>,
    pub framing: Framing,
    /// Signs it; `None` leaves the signature out.
    pub secret: Option<Vec<u8>>,
}

impl Delivery {
    pub fn new(guid: &str) -> Self {
        Self {
            guid: guid.to_owned(),
            event: "issues".to_owned(),
            content_type: Some("application/json".to_owned()),
            body: valid_payload().to_string().into_bytes(),
            framing: Framing::Length,
            secret: Some(hostile::SECRET.to_vec()),
        }
    }

    pub fn with_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// A valid payload in a JSON string of which the rest is padding: `size_bytes` in all.
    pub fn sized(self, size_bytes: usize) -> Self {
        let (head, tail) = (br#"{"padding":""#, br#""}"#);
        let mut body = head.to_vec();
        body.resize(size_bytes - tail.len(), b'a');
        body.extend_from_slice(tail);
        self.with_body(body)
    }

    pub fn headers(&self) -> Vec<(String, Vec<u8>)> {
        let mut headers = vec![
            ("X-GitHub-Delivery".to_owned(), self.guid.clone().into()),
            ("X-GitHub-Event".to_owned(), self.event.clone().into()),
        ];
        if let Some(content_type) = &self.content_type {
            headers.push(("Content-Type".to_owned(), content_type.clone().into()));
        }
        if let Some(secret) = &self.secret {
            let value = sign(secret, &self.body);
            headers.push(("X-Hub-Signature-256".to_owned(), value.into()));
        }
        headers
    }

    pub fn bytes(&self) -> Vec<u8> {
        request("POST", "/webhook", &self.headers(), &self.body, self.framing)
    }

    /// The head alone, which promises `length` bytes.
    pub fn head(&self, length: usize) -> Vec<u8> {
        let mut bytes = request("POST", "/webhook", &self.headers(), b"", Framing::Length);
        let end = bytes.len() - b"Content-Length: 0\r\n\r\n".len();
        bytes.truncate(end);
        bytes.extend_from_slice(format!("Content-Length: {length}\r\n\r\n").as_bytes());
        bytes
    }
}

/// The value of `X-Hub-Signature-256`.
pub fn sign(secret: &[u8], body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!("sha256={}", hex::encode(hmac::sign(&key, body)))
}
