//! `GET /healthz` and `GET /readyz`.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{extract::State, http::StatusCode};

use super::Door;

/// Whether the process wants deliveries; shared with whoever drains it.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Ready from the start.
    pub fn yes() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// From now on `/readyz` answers 503, so that a balancer sends deliveries elsewhere.
    pub fn draining(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The process lives.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// Deliveries can be made durable.
pub(super) async fn ready(State(door): State<Arc<Door>>) -> (StatusCode, &'static str) {
    if !door.receiver.readiness.is_ready() {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else if door.receiver.store.ping().await.is_err() {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "the database does not answer\n",
        )
    } else {
        (StatusCode::OK, "ready\n")
    }
}
