//! What belongs together in traces.
//!
//! A delivery is accepted, decided and performed at different times, by different tasks, perhaps by different processes,
//! and what is kept of it has no room for a trace's number. But all three know one thing: the instant at which it arrived.
//! The number of the trace is made from that. Two deliveries of the same microsecond share a trace, which harms nothing:
//! each span carries the id of its own delivery or effect.
//!
//! Without an exporter (`otlp_endpoint`) all this does nothing.

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Puts `span`, which must not have been entered yet, into the trace of whatever arrived at `arrived_at`.
pub fn belongs_to_arrival(span: &Span, arrived_at: Timestamp) {
    if span.is_disabled() {
        return;
    }
    let (trace, parent) = ids(arrived_at);
    let context = SpanContext::new(trace, parent, TraceFlags::SAMPLED, true, TraceState::default());
    // Without an exporter there is nothing to put it into.
    let _ = span.set_parent(Context::new().with_remote_span_context(context));
}

fn ids(arrived_at: Timestamp) -> (TraceId, SpanId) {
    let mut told = b"embargod arrival ".to_vec();
    // The precision that a store keeps.
    told.extend_from_slice(&arrived_at.as_microsecond().to_be_bytes());
    let hash = digest(&SHA256, &told);
    let (mut trace, mut span) = ([0; 16], [0; 8]);
    trace.copy_from_slice(&hash.as_ref()[..16]);
    span.copy_from_slice(&hash.as_ref()[16..24]);
    (TraceId::from_bytes(trace), SpanId::from_bytes(span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_knows_the_arrival_to_the_microsecond_finds_the_trace() {
        let precise: Timestamp = "2026-11-02T09:00:00.123456789Z".parse().expect("an instant");
        let kept: Timestamp = "2026-11-02T09:00:00.123456Z".parse().expect("an instant");
        let other: Timestamp = "2026-11-02T09:00:00.123457Z".parse().expect("an instant");
        assert_eq!(ids(precise), ids(kept));
        assert_ne!(ids(kept), ids(other));
    }
}
