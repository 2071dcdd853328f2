//! `GET /healthz` and `GET /readyz`.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use tokio::{sync::Mutex, time::Instant};

use super::Door;
use crate::health::{Condition, Finding};

/// A database that takes longer does not answer; balancers do not wait long either.
const DATABASE_TIMEOUT: Duration = Duration::from_secs(2);

/// For so long an answer of the database is good: however many probes come, it is asked four times a second at most.
const FRESH: Duration = Duration::from_millis(250);

/// What the database said last, and when.
#[derive(Default)]
pub(super) struct Pulse(Mutex<Option<(Instant, bool)>>);

/// The process lives.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// Whether deliveries can be made durable (200 or 503), and what else is well or not.
pub(super) async fn ready(State(door): State<Arc<Door>>) -> impl IntoResponse {
    let database = if door.database_answers().await {
        Finding::ok()
    } else {
        Finding::because(Condition::Failed, "it does not answer")
    };
    let report = door.receiver.health.report(door.receiver.clock.now(), database);
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, [(header::CACHE_CONTROL, "no-store")], Json(report))
}

impl Door {
    async fn database_answers(&self) -> bool {
        let mut last = self.pulse.0.lock().await;
        if let Some((at, answers)) = *last
            && at.elapsed() < FRESH
        {
            return answers;
        }
        let ping = self.receiver.store.ping();
        let answers = matches!(tokio::time::timeout(DATABASE_TIMEOUT, ping).await, Ok(Ok(())));
        *last = Some((Instant::now(), answers));
        answers
    }
}
