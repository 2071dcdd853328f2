//! `POST /webhook`.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tracing::Instrument;

use super::{
    Client, Door,
    body::{self, Held, Room},
    signed::{self, Names, Packing},
};
use crate::{
    failpoint,
    store::{Acceptance, NewDelivery},
    trace,
};

/// Bodies from this size on are checked and sealed aside: it takes tens of milliseconds, in which nobody else on the
/// same thread would be answered.
const ASIDE_BYTES: usize = 256 * 1024;

/// Why a request is not taken.
struct Refused {
    status: StatusCode,
    /// Whether its signature was right all the same.
    signed: bool,
}

impl Refused {
    /// Whoever sent it has shown no secret.
    fn unsigned(status: StatusCode) -> Self {
        Self { status, signed: false }
    }

    fn signed(status: StatusCode) -> Self {
        Self { status, signed: true }
    }

    /// A word for metrics.
    fn name(&self) -> &'static str {
        match self.status {
            StatusCode::BAD_REQUEST => "malformed",
            StatusCode::UNAUTHORIZED => "wrong_signature",
            StatusCode::REQUEST_TIMEOUT => "too_slow",
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "wrong_type",
            _ => "unavailable",
        }
    }
}

/// Takes one delivery in. The answer has no body.
pub(super) async fn receive(State(door): State<Arc<Door>>, request: Request) -> Response {
    let begun = Instant::now();
    let client = door.client(&request);
    let (answer, result) = match door.throttle.turns_away(client) {
        Some(wait) => (wait.into_response(), "throttled"),
        None => match take_in(Arc::clone(&door), request).await {
            Ok(accepted) => {
                door.throttle.signed(client);
                failpoint::reached(failpoint::ACK_BEFORE);
                failpoint::reached_soon(failpoint::ACK_AFTER);
                metrics::histogram!("embargod_ack_ms").record(begun.elapsed().as_secs_f64() * 1_000.0);
                let result = match accepted {
                    Acceptance::Fresh => "fresh",
                    Acceptance::Duplicate => "duplicate",
                };
                (StatusCode::ACCEPTED.into_response(), result)
            }
            Err(refused) if refused.signed => {
                door.throttle.signed(client);
                (refused.status.into_response(), refused.name())
            }
            Err(refused) => (door.had_enough(client).unwrap_or(refused.status.into_response()), refused.name()),
        },
    };
    metrics::counter!("embargod_deliveries_total", "answer" => answer.status().as_str().to_owned()).increment(1);
    metrics::counter!("embargod_accepts_total", "result" => result).increment(1);
    answer
}

/// Answers to a method that a path does not have; which it has stands in `Allow`.
pub(super) async fn wrong_method(State(door): State<Arc<Door>>, request: Request) -> Response {
    refused(&door, request, StatusCode::METHOD_NOT_ALLOWED).await
}

/// Answers to a path that there is not.
pub(super) async fn wrong_path(State(door): State<Arc<Door>>, request: Request) -> Response {
    refused(&door, request, StatusCode::NOT_FOUND).await
}

impl Door {
    fn client(&self, request: &Request) -> Client {
        self.receiver.guard.proxies.client(request.extensions().get().copied(), request.headers())
    }

    /// Counts a failure; the answer in place of another one where it was one too many.
    fn had_enough(&self, client: Client) -> Option<Response> {
        let wait = self.throttle.failed(client)?;
        if client.may_be_many() {
            self.warn_of_a_proxy();
        }
        Some(wait.into_response())
    }

    /// Says once that guesses cannot be slowed down.
    fn warn_of_a_proxy(&self) {
        self.warned.call_once(|| {
            tracing::warn!(
                "many wrong requests come from this machine or its private network; if a proxy stands there, name it in \
                 trusted_proxies, so that those who send them can be turned away"
            );
        });
    }
}

async fn refused(door: &Door, request: Request, status: StatusCode) -> Response {
    let client = door.client(&request);
    if let Some(wait) = door.throttle.turns_away(client).or_else(|| door.throttle.failed(client)) {
        return wait.into_response();
    }
    let (head, body) = request.into_parts();
    body::refuse(&head.headers, body, door.body_time(), status).await.into_response()
}

/// What the head says of a delivery.
struct Told {
    packing: Packing,
    signature: Vec<u8>,
    /// Told only to those who have signed.
    names: Result<Names, StatusCode>,
}

async fn take_in(door: Arc<Door>, request: Request) -> Result<Acceptance, Refused> {
    let (head, body) = request.into_parts();
    let told = signed::packing(&head.headers).and_then(|packing| {
        Ok(Told { packing, signature: signed::signature(&head.headers)?.to_vec(), names: signed::names(&head.headers) })
    });
    let told = match told {
        Ok(told) => told,
        Err(status) => {
            return Err(Refused::unsigned(body::refuse(&head.headers, body, door.body_time(), status).await));
        }
    };
    let held = door.gate.read(&head.headers, body, door.body_time()).await.map_err(Refused::unsigned)?;
    // A task of its own: should the client hang up now, the delivery has still arrived, and its room stays taken until
    // the database has let go of it.
    tokio::spawn(keep(door, told, held)).await.unwrap_or_else(|_| {
        tracing::error!("a delivery could not be handled, which is a mistake in embargod");
        Err(Refused::signed(StatusCode::SERVICE_UNAVAILABLE))
    })
}

/// Makes a delivery durable that has arrived whole.
async fn keep(door: Arc<Door>, told: Told, held: Held) -> Result<Acceptance, Refused> {
    let Held { bytes, room } = held;
    let aside = bytes.len() >= ASIDE_BYTES;
    let checking = {
        let door = Arc::clone(&door);
        move || checked(&door, told, bytes)
    };
    let delivery = if aside {
        let checked = tokio::task::spawn_blocking(checking).await;
        checked.map_err(|_| Refused::signed(StatusCode::SERVICE_UNAVAILABLE))?
    } else {
        checking()
    }?;
    let span = tracing::info_span!("accept", delivery = %delivery.guid, event = %delivery.event);
    trace::belongs_to_arrival(&span, delivery.received_at);
    accept(&door, delivery, room).instrument(span).await.map_err(Refused::signed)
}

/// The delivery, sealed, if it is one of GitHub's.
fn checked(door: &Door, told: Told, body: Vec<u8>) -> Result<NewDelivery, Refused> {
    let verified = door.receiver.webhook_secrets.verify(Some(&told.signature), &body);
    verified.map_err(|_| Refused::unsigned(StatusCode::UNAUTHORIZED))?;
    let Names { guid, event } = told.names.map_err(Refused::signed)?;
    let (payload, lane) = signed::payload(told.packing, body).map_err(Refused::signed)?;
    Ok(NewDelivery {
        sealed_body: door.receiver.sealer.seal_delivery(&guid, payload),
        received_at: door.receiver.clock.now(),
        guid,
        event,
        lane,
    })
}

async fn accept(door: &Door, delivery: NewDelivery, room: Room) -> Result<Acceptance, StatusCode> {
    let (guid, event) = (delivery.guid.clone(), delivery.event.clone());
    failpoint::reached(failpoint::ACCEPT_BEFORE);
    let accepted = door.receiver.store.accept(delivery).await;
    failpoint::reached(failpoint::ACCEPT_AFTER);
    drop(room);
    match accepted {
        Ok(Acceptance::Fresh) => {
            tracing::debug!(delivery = %guid, %event, "delivery {guid} is durable");
            Ok(Acceptance::Fresh)
        }
        Ok(Acceptance::Duplicate) => {
            tracing::debug!(delivery = %guid, %event, "delivery {guid} was durable before");
            metrics::counter!("embargod_deliveries_duplicate_total").increment(1);
            Ok(Acceptance::Duplicate)
        }
        Err(error) => {
            tracing::error!(delivery = %guid, %error, "delivery {guid} could not be made durable: GitHub is told so");
            Err(StatusCode::SERVICE_UNAVAILABLE)
        }
    }
}
