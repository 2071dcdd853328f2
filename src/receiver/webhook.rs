//! `POST /webhook`.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::StatusCode,
};

use super::{
    Door,
    body::{self, Held, Room},
    signed::{self, Names, Packing},
};
use crate::{
    failpoint,
    github::webhook::lane_of,
    store::{Acceptance, NewDelivery},
};

/// Bodies from this size on are checked and sealed aside: it takes tens of milliseconds, in which nobody else on the
/// same thread would be answered.
const ASIDE_BYTES: usize = 256 * 1024;

/// Takes one delivery in. The answer has no body.
pub(super) async fn receive(State(door): State<Arc<Door>>, request: Request) -> StatusCode {
    let status = match take_in(door, request).await {
        Ok(()) => {
            failpoint::reached(failpoint::ACK_BEFORE);
            failpoint::reached_soon(failpoint::ACK_AFTER);
            StatusCode::ACCEPTED
        }
        Err(status) => status,
    };
    metrics::counter!("embargod_deliveries_total", "answer" => status.as_str().to_owned()).increment(1);
    status
}

/// Answers to a method that a path does not have; which it has stands in `Allow`.
pub(super) async fn wrong_method(State(door): State<Arc<Door>>, request: Request) -> StatusCode {
    refused(&door, request, StatusCode::METHOD_NOT_ALLOWED).await
}

/// Answers to a path that there is not.
pub(super) async fn wrong_path(State(door): State<Arc<Door>>, request: Request) -> StatusCode {
    refused(&door, request, StatusCode::NOT_FOUND).await
}

async fn refused(door: &Door, request: Request, status: StatusCode) -> StatusCode {
    let (head, body) = request.into_parts();
    body::refuse(&head.headers, body, door.body_time(), status).await
}

/// What the head says of a delivery.
struct Told {
    packing: Packing,
    signature: Vec<u8>,
    /// Told only to those who have signed.
    names: Result<Names, StatusCode>,
}

async fn take_in(door: Arc<Door>, request: Request) -> Result<(), StatusCode> {
    let (head, body) = request.into_parts();
    let told = signed::packing(&head.headers).and_then(|packing| {
        Ok(Told { packing, signature: signed::signature(&head.headers)?.to_vec(), names: signed::names(&head.headers) })
    });
    let told = match told {
        Ok(told) => told,
        Err(status) => {
            return Err(body::refuse(&head.headers, body, door.body_time(), status).await);
        }
    };
    let held = door.gate.read(&head.headers, body, door.body_time()).await?;
    // A task of its own: should the client hang up now, the delivery has still arrived, and its room stays taken until
    // the database has let go of it.
    tokio::spawn(keep(door, told, held)).await.unwrap_or_else(|_| {
        tracing::error!("a delivery could not be handled, which is a mistake in embargod");
        Err(StatusCode::SERVICE_UNAVAILABLE)
    })
}

/// Makes a delivery durable that has arrived whole.
async fn keep(door: Arc<Door>, told: Told, held: Held) -> Result<(), StatusCode> {
    let Held { bytes, room } = held;
    let aside = bytes.len() >= ASIDE_BYTES;
    let checking = {
        let door = Arc::clone(&door);
        move || checked(&door, told, bytes)
    };
    let delivery = if aside {
        tokio::task::spawn_blocking(checking).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?
    } else {
        checking()
    };
    accept(&door, delivery?, room).await
}

/// The delivery, sealed, if it is one of GitHub's.
fn checked(door: &Door, told: Told, body: Vec<u8>) -> Result<NewDelivery, StatusCode> {
    door.receiver.webhook_secrets.verify(Some(&told.signature), &body).map_err(|_| StatusCode::UNAUTHORIZED)?;
    let Names { guid, event } = told.names?;
    let payload = signed::payload(told.packing, body)?;
    let lane = lane_of(&payload);
    Ok(NewDelivery {
        sealed_body: door.receiver.sealer.seal_delivery(&guid, payload),
        received_at: door.receiver.clock.now(),
        guid,
        event,
        lane,
    })
}

async fn accept(door: &Door, delivery: NewDelivery, room: Room) -> Result<(), StatusCode> {
    let (guid, event) = (delivery.guid.clone(), delivery.event.clone());
    failpoint::reached(failpoint::ACCEPT_BEFORE);
    let accepted = door.receiver.store.accept(delivery).await;
    failpoint::reached(failpoint::ACCEPT_AFTER);
    drop(room);
    match accepted {
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
