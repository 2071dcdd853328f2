//! What is told of work while it is done: the span that all its lines and traces stand in, and the counts at its end.
//! Identifiers, kinds and numbers; never content.

use jiff::Timestamp;
use tracing::{Span, field::Empty};

use crate::{
    domain::effect::Urgency,
    store::{ClaimedDelivery, ClaimedEffect, Settlement},
    trace,
};

/// The span of one try at a delivery.
pub(super) fn deciding(claimed: &ClaimedDelivery) -> Span {
    let span = tracing::info_span!(
        "decide",
        delivery = %claimed.guid,
        event = %claimed.event,
        attempt = claimed.attempt,
        case = Empty,
        outcome = Empty,
    );
    trace::belongs_to_arrival(&span, claimed.received_at);
    span
}

/// The span of one try at an effect.
pub(super) fn performing(claimed: &ClaimedEffect) -> Span {
    let effect = &claimed.effect;
    let span = tracing::info_span!(
        "perform",
        effect = %effect.key,
        kind = %effect.kind,
        attempt = claimed.attempt,
        case = Empty,
        ended = Empty,
    );
    if let Some(case) = &effect.case {
        span.record("case", case);
    }
    trace::belongs_to_arrival(&span, claimed.caused_at);
    span
}

/// Counts the end of a try at a delivery.
pub(super) fn decided(claimed: &ClaimedDelivery, settlement: &Settlement) {
    let ended = match settlement {
        Settlement::Done(_) => "done",
        Settlement::GivenUp { .. } => "parked",
        Settlement::Retry { .. } | Settlement::Aside { .. } => {
            return metrics::counter!("embargod_delivery_retries_total").increment(1);
        }
        Settlement::Later { .. } => return,
    };
    metrics::histogram!("embargod_delivery_attempts", "ended" => ended).record(f64::from(claimed.attempt));
}

/// Counts the end of a try at an effect.
pub(super) fn performed(claimed: &ClaimedEffect, settlement: &Settlement, now: Timestamp) {
    let effect = &claimed.effect;
    let (ended, over) = match settlement {
        Settlement::Done(_) => ("done", true),
        Settlement::Retry { .. } | Settlement::Aside { .. } => ("retry", false),
        Settlement::Later { .. } => ("later", false),
        Settlement::GivenUp { .. } => ("given_up", true),
    };
    Span::current().record("ended", ended);
    metrics::counter!("embargod_effects_total", "kind" => effect.kind.clone(), "ended" => ended).increment(1);
    if over {
        metrics::histogram!("embargod_effect_attempts", "kind" => effect.kind.clone())
            .record(f64::from(claimed.attempt));
    }
    // Of several protecting effects of a post, those behind the first have it in `after`.
    let first = effect.urgency == Urgency::Protecting && effect.after.is_empty();
    if first && ended == "done" {
        let exposed_ms = now.duration_since(claimed.caused_at).as_millis();
        metrics::histogram!("embargod_exposure_ms").record(exposed_ms as f64);
    }
}
