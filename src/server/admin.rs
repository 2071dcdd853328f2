//! The operators' door: `GET /metrics` in Prometheus' text form, and, because a process without a public door must be asked
//! somewhere how it is, `GET /healthz` and `GET /readyz`. What it tells is numbers and identifiers, never content.

use std::{num::NonZeroU32, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::header,
    middleware,
    response::{IntoResponse, Response},
    routing::get,
};

use super::metrics::{Metrics, scrape::Scrape};
use crate::{
    engine::Engine,
    health::Health,
    receiver::{Readiness, Throttle, ThrottleLimits, each_request_counts},
};

/// What one client may ask at this door: each look costs a few questions to the database.
const LIMITS: ThrottleLimits =
    ThrottleLimits::new(NonZeroU32::new(60).expect("positive"), NonZeroU32::new(2).expect("positive"));

/// The version of the text form that is written.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The operators' door of an engine.
pub fn router(metrics: Metrics, engine: &Engine, health: &Health) -> Router {
    let throttle = Arc::new(Throttle::new(LIMITS, Arc::clone(&engine.shop().clock)));
    let shop = engine.shop();
    let readiness = Readiness::new(health.clone(), Arc::clone(&shop.store), Arc::clone(&shop.clock));
    let probes = Router::new()
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(async |State(readiness): State<Readiness>| readiness.answer().await))
        .with_state(readiness);
    Router::new()
        .route("/metrics", get(render))
        .layer(middleware::from_fn_with_state(throttle, each_request_counts))
        .with_state(Arc::new(Scrape::new(metrics, engine.clone(), health.clone())))
        .merge(probes)
}

async fn render(State(scrape): State<Arc<Scrape>>) -> Response {
    ([(header::CONTENT_TYPE, TEXT)], scrape.render().await).into_response()
}
