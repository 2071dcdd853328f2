//! `POST /webhook`.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
};

use super::{Door, body, signed};
use crate::{
    github::webhook::lane_of,
    store::{Acceptance, NewDelivery},
};

/// Takes one delivery in. The answer has no body.
pub(super) async fn receive(State(door): State<Arc<Door>>, request: Request) -> StatusCode {
    let (parts, body) = request.into_parts();
    let status = match take_in(&door, &parts.headers, body).await {
        Ok(()) => StatusCode::ACCEPTED,
        Err(status) => status,
    };
    metrics::counter!("embargod_deliveries_total", "answer" => status.as_str().to_owned())
        .increment(1);
    status
}

async fn take_in(door: &Door, headers: &HeaderMap, body: Body) -> Result<(), StatusCode> {
    let time = Duration::from_millis(door.receiver.body_timeout_ms);
    let (packing, signature) =
        match signed::packing(headers).and_then(|p| Ok((p, signed::signature(headers)?))) {
            Ok(told) => told,
            Err(status) => {
                body::drain(body, time).await;
                return Err(status);
            }
        };
    let mut held = door.gate.read(headers, body, time).await?;
    let secrets = &door.receiver.webhook_secrets;
    secrets
        .verify(Some(signature), &held.bytes)
        .map_err(|_| StatusCode::UNAUTHORIZED)?;
    let names = signed::names(headers)?;
    let payload = signed::payload(packing, std::mem::take(&mut held.bytes))?;
    let lane = lane_of(&payload);
    let guid = names.guid;
    let delivery = NewDelivery {
        sealed_body: door.receiver.sealer.seal_delivery(&guid, payload),
        event: names.event,
        lane,
        received_at: door.receiver.clock.now(),
        guid: guid.clone(),
    };
    let event = delivery.event.clone();
    match door.receiver.store.accept(delivery).await {
        Ok(Acceptance::Fresh) => {
            tracing::debug!(delivery = %guid, %event, "delivery {guid} is durable");
            Ok(())
        }
        Ok(Acceptance::Duplicate) => {
            tracing::debug!(delivery = %guid, %event, "delivery {guid} was durable before");
            metrics::counter!("embargod_deliveries_duplicate_total").increment(1);
            Ok(())
        }
        Err(error) => {
            tracing::error!(delivery = %guid, %error, "delivery {guid} could not be made durable: GitHub is told so");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}
