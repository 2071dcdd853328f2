//! `GET /healthz` and `GET /readyz`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{extract::State, http::StatusCode};

use super::Door;
use crate::store::SharedStore;

/// A database that takes longer does not answer; balancers do not wait long either.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

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

    /// What `/readyz` answers.
    pub async fn answer(&self, store: &SharedStore) -> (StatusCode, &'static str) {
        if !self.is_ready() {
            return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
        }
        match tokio::time::timeout(DATABASE_TIMEOUT, store.ping()).await {
            Ok(Ok(())) => (StatusCode::OK, "ready\n"),
            _ => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n"),
        }
    }
}

/// The process lives.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// Deliveries can be made durable.
pub(super) async fn ready(State(door): State<Arc<Door>>) -> (StatusCode, &'static str) {
    door.receiver.readiness.answer(&door.receiver.store).await
}
