//! The receiver: GitHub's door. It makes deliveries durable and says so; everything else is done later by others.
//!
//! What flows in: HTTP requests from anybody. What flows out: durable deliveries in the store, and answers whose meaning
//! is fixed: 202 durable (also duplicates and unknown events), 400 malformed, 401 signature missing or wrong, 405, 408,
//! 413, 415; 429 for a client that got too much wrong ([`Throttle`]), never for a right signature of a known sender; 503
//! only when the database itself fails. What it must never do: act on a delivery, open an embargoed value
//! (it seals, and cannot unseal), log a body, or hold more of other people's bytes than `body::Gate` allows.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use crate::{clock::SharedClock, github::webhook::WebhookSecrets, health::Health, sealing::Sealer, store::SharedStore};
use axum::{
    Router,
    routing::{get, post},
};

mod body;
mod client;
pub mod form;
mod health;
mod limits;
mod listen;
mod signed;
mod throttle;
mod webhook;

pub use client::{Client, ClientHeader, Peer, TrustedProxies};
pub use health::Readiness;
pub use limits::DoorLimits;
pub use listen::{serve, serve_within};
pub use throttle::{Throttle, ThrottleLimits, Wait, each_request_counts};

/// Largest body that GitHub sends; larger payloads it does not send at all (GitHub, "Webhook events and payloads").
pub const BODY_LIMIT_BYTES: usize = 25 * 1024 * 1024;

/// What the doors need.
pub struct Receiver {
    /// Where deliveries go.
    pub store: SharedStore,
    /// Seals their bodies.
    pub sealer: Sealer,
    /// Secrets of which any may have signed.
    pub webhook_secrets: WebhookSecrets,
    /// Tells when a delivery arrived.
    pub clock: SharedClock,
    /// Longest time that a client may take to send a body, in milliseconds.
    pub body_timeout_ms: u64,
    /// What `/readyz` answers from.
    pub health: Health,
    /// Who is counted as one client, and how much each may get wrong.
    pub guard: Guard,
}

/// How the door tells clients apart, and when it has had enough of one.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Whose word about a client is believed.
    pub proxies: TrustedProxies,
    /// How much each client may get wrong.
    pub limits: ThrottleLimits,
}

/// What a running door keeps.
struct Door {
    receiver: Receiver,
    gate: body::Gate,
    throttle: Throttle,
    readiness: Readiness,
    warned: Once,
}

impl Door {
    fn body_time(&self) -> Duration {
        Duration::from_millis(self.receiver.body_timeout_ms)
    }
}

/// The public door: `POST /webhook`, `GET /healthz`, `GET /readyz`.
pub fn router(receiver: Receiver) -> Router {
    let throttle = Throttle::new(receiver.guard.limits, Arc::clone(&receiver.clock));
    let readiness = Readiness::new(receiver.health.clone(), Arc::clone(&receiver.store), Arc::clone(&receiver.clock));
    let door = Arc::new(Door { receiver, gate: body::Gate::new(), throttle, readiness, warned: Once::new() });
    Router::new()
        .route("/webhook", post(webhook::receive))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .method_not_allowed_fallback(webhook::wrong_method)
        .fallback(webhook::wrong_path)
        .with_state(door)
}
