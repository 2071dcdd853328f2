//! The operators' door: `GET /metrics` in Prometheus' text form, `GET /healthz` and `GET /readyz` as on the public door.

use axum::{Router, extract::State, http::StatusCode, routing::get};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use crate::{
    clock::SharedClock,
    domain::{case::Alert, record::Record},
    receiver::Readiness,
    store::SharedStore,
};

/// Buckets of `embargod_exposure_ms`, in milliseconds.
const EXPOSURE_BUCKETS_MS: [f64; 10] =
    [25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 5_000.0, 30_000.0, 300_000.0, 3_600_000.0];

/// The metrics of the process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// A recorder of the process's metrics, and the way to read it.
    pub fn recorder() -> (PrometheusRecorder, Self) {
        let exposure = Matcher::Full("embargod_exposure_ms".to_owned());
        let builder = PrometheusBuilder::new();
        let builder = match builder.set_buckets_for_metric(exposure, &EXPOSURE_BUCKETS_MS) {
            Ok(builder) => builder,
            Err(_) => PrometheusBuilder::new(),
        };
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        (recorder, Self(handle))
    }

    /// The metrics in Prometheus' text form.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Makes a recorder the process's own. A process has one; later calls change nothing and read nothing.
    pub fn install() -> Self {
        let (recorder, metrics) = Self::recorder();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::debug!("metrics are recorded elsewhere in this process");
        }
        metrics
    }
}

#[derive(Clone)]
struct Door {
    metrics: Metrics,
    store: SharedStore,
    clock: SharedClock,
    readiness: Readiness,
}

/// A process without a public door is asked here how it is.
pub(super) fn router(metrics: Metrics, store: SharedStore, clock: SharedClock, readiness: Readiness) -> Router {
    Router::new()
        .route("/metrics", get(render))
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .with_state(Door { metrics, store, clock, readiness })
}

async fn ready(State(door): State<Door>) -> (StatusCode, &'static str) {
    door.readiness.answer(&door.store).await
}

async fn render(State(door): State<Door>) -> String {
    let now = door.clock.now();
    if let Ok(backlog) = door.store.backlog(now).await {
        let age_ms = |since: Option<jiff::Timestamp>| since.map_or(0, |at| now.duration_since(at).as_millis().max(0));
        metrics::gauge!("embargod_deliveries_waiting").set(backlog.deliveries_waiting as f64);
        metrics::gauge!("embargod_delivery_oldest_age_ms").set(age_ms(backlog.oldest_delivery_at) as f64);
        metrics::gauge!("embargod_deliveries_parked").set(backlog.deliveries_parked as f64);
        metrics::gauge!("embargod_effects_waiting").set(backlog.effects_waiting as f64);
        metrics::gauge!("embargod_effect_oldest_age_ms").set(age_ms(backlog.oldest_effect_at) as f64);
        metrics::gauge!("embargod_effects_dead").set(backlog.effects_dead as f64);
    }
    if let Ok(alerts) = door.store.records(Alert::KIND).await {
        let open = alerts.iter().filter(|alert| alert.value.get("resolved_at").is_none_or(serde_json::Value::is_null));
        metrics::gauge!("embargod_alerts_open").set(open.count() as f64);
    }
    door.metrics.render()
}
