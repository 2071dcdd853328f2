//! What operators watch: metrics, traces, the dashboard and the alerts.
//!
//! What flows in: the catalogue of metrics, a story told in a [`World`](crate::kit::World), the files of
//! `deploy/monitoring/`. What flows out: complaints about a metric that is told and not explained, explained and not told,
//! or asked for and not there. What it must never do: reach a collector or a Prometheus beyond loopback.

mod metrics;
mod monitoring;
mod traces;
