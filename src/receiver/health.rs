//! `GET /healthz` and `GET /readyz`.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use tokio::{sync::Mutex, time::Instant};

use super::Door;
use crate::{
    clock::SharedClock,
    health::{Condition, Finding, Health},
    store::SharedStore,
};

/// A database that takes longer does not answer; balancers do not wait long either.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// For so long an answer of the database is good: however many probes come, it is asked four times a second at most.
const FRESH: Duration = Duration::from_millis(250);

/// What `/readyz` answers, at whichever door; clones share what the database said last.
#[derive(Clone)]
pub struct Readiness {
    health: Health,
    store: SharedStore,
    clock: SharedClock,
    pulse: Arc<Mutex<Option<(Instant, bool)>>>,
}

impl Readiness {
    /// Of a process with this health, store and clock.
    pub fn new(health: Health, store: SharedStore, clock: SharedClock) -> Self {
        Self { health, store, clock, pulse: Arc::default() }
    }

    /// Whether deliveries can be made durable (200 or 503), and what else is well or not.
    pub async fn answer(&self) -> Response {
        let database = if self.database_answers().await {
            Finding::ok()
        } else {
            Finding::because(Condition::Failed, "it does not answer")
        };
        let report = self.health.report(self.clock.now(), database);
        let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        (status, [(header::CACHE_CONTROL, "no-store")], Json(report)).into_response()
    }

    async fn database_answers(&self) -> bool {
        let mut last = self.pulse.lock().await;
        if let Some((at, answers)) = *last
            && at.elapsed() < FRESH
        {
            return answers;
        }
        let answers = matches!(tokio::time::timeout(DATABASE_TIMEOUT, self.store.ping()).await, Ok(Ok(())));
        *last = Some((Instant::now(), answers));
        answers
    }
}

/// The process lives.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

pub(super) async fn ready(State(door): State<Arc<Door>>) -> Response {
    door.readiness.answer().await
}
