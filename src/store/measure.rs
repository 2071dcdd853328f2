//! What both backends tell of their commits.

use std::time::Duration;

/// A durable commit of `jobs` writes by `backend` (`sqlite`, `postgres`) took so long.
pub(super) fn committed(backend: &'static str, jobs: usize, took: Duration) {
    metrics::histogram!("embargod_store_commit_ms", "backend" => backend).record(took.as_secs_f64() * 1_000.0);
    metrics::histogram!("embargod_store_batch_jobs", "backend" => backend).record(jobs as f64);
}
