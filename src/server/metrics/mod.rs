//! Metrics: what is counted while the program runs, and what is looked up when somebody asks.
//!
//! What flows in: counts and times from all rooms, through the `metrics` macros; at each scrape what the store, the engine
//! and the process itself have to say. What flows out: Prometheus' text. What it must never do: hold a label that a
//! stranger can choose, or grow with the number of repositories. Every metric stands in [`catalogue::ALL`], of which
//! `docs/metrics.md` is the printed form.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use tokio_util::sync::CancellationToken;

pub mod catalogue;
pub(super) mod scrape;

use catalogue::Kind;

/// Observations of histograms are folded into their buckets this often, so that they take no memory while nobody asks.
const FOLD_EVERY: Duration = Duration::from_secs(5);

/// The metrics of the process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// A recorder of the process's metrics, and the way to read it. Counters without labels begin at zero.
    pub fn recorder() -> (PrometheusRecorder, Self) {
        let recorder = described();
        metrics::with_local_recorder(&recorder, || {
            for metric in catalogue::ALL {
                if matches!(metric.kind, Kind::Counter) && metric.labels.is_empty() {
                    metrics::counter!(metric.name).increment(0);
                }
            }
        });
        let handle = recorder.handle();
        (recorder, Self(handle))
    }

    /// What was counted so far, in Prometheus' text form.
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

    /// Keeps the memory that metrics take small, until `stop`.
    pub async fn upkeep(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(FOLD_EVERY) => self.0.run_upkeep(),
            }
        }
    }
}

/// A recorder that knows buckets and meanings, and has counted nothing.
fn described() -> PrometheusRecorder {
    let mut builder = PrometheusBuilder::new();
    for metric in catalogue::ALL {
        if let Kind::Histogram(buckets) = metric.kind {
            let name = Matcher::Full(metric.name.to_owned());
            // Refused are empty lists only, and a test reads the catalogue.
            builder = builder.set_buckets_for_metric(name, buckets).unwrap_or_default();
        }
    }
    let recorder = builder.build_recorder();
    metrics::with_local_recorder(&recorder, || {
        for metric in catalogue::ALL {
            match metric.kind {
                Kind::Counter => metrics::describe_counter!(metric.name, metric.meaning),
                Kind::Gauge => metrics::describe_gauge!(metric.name, metric.meaning),
                Kind::Histogram(_) => metrics::describe_histogram!(metric.name, metric.meaning),
            }
        }
    });
    recorder
}
