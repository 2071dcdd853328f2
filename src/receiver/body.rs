//! Reading bodies from strangers: bounded in size, in time, and in memory over all requests together.
//!
//! A body takes up room as its bytes arrive, not as it promises them, so that those who promise much and send nothing
//! keep nobody waiting. Up to [`SMALL_BYTES`] it lives in a pool that small deliveries have for themselves; one that
//! grows larger waits for the one place for large bodies, because making one durable costs several times its size for a
//! moment: the body, its sealed form, and the database's copies of that. The room is held until the delivery is durable
//! or refused.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, BodyDataStream},
    http::{HeaderMap, StatusCode, header},
};
use futures_util::StreamExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, error::Elapsed, timeout_at},
};

use super::BODY_LIMIT_BYTES;
use crate::memory;

/// Largest body of the common pool.
const SMALL_BYTES: usize = 1024 * 1024;
/// Room is handed out in these. The pool holds one for each of the default number of connections.
const UNIT_BYTES: usize = 64 * 1024;
const SMALL_POOL_BYTES: usize = 32 * 1024 * 1024;
const LARGE_BODIES: usize = 1;

/// Up to this size a body is read to its end although it is refused; see [`refuse`].
const DRAIN_LIMIT_BYTES: usize = 2 * BODY_LIMIT_BYTES;

/// Room for bodies, over all requests.
pub(super) struct Gate {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

/// A body with the room that it takes up.
pub(super) struct Held {
    pub bytes: Vec<u8>,
    pub room: Room,
}

/// Room that is taken up until it is dropped.
#[derive(Default)]
pub(super) struct Room {
    units: Option<OwnedSemaphorePermit>,
    place: Option<OwnedSemaphorePermit>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            small: Arc::new(Semaphore::new(SMALL_POOL_BYTES / UNIT_BYTES)),
            large: Arc::new(Semaphore::new(LARGE_BODIES)),
        }
    }

    /// Reads a whole body, or tells with which status to refuse it: 413 too large, 408 too slow (or no room in time),
    /// 400 broken off. All of it, waiting for room included, may take `time`.
    pub(super) async fn read(&self, headers: &HeaderMap, body: Body, time: Duration) -> Result<Held, StatusCode> {
        let deadline = Instant::now() + time;
        let declared = declared_bytes(headers)?;
        if declared.is_some_and(|bytes| bytes > BODY_LIMIT_BYTES) {
            let status = StatusCode::PAYLOAD_TOO_LARGE;
            refuse(headers, body, time, status).await;
            return Err(status);
        }
        let mut stream = body.into_data_stream();
        let read =
            timeout_at(deadline, self.take(declared, &mut stream)).await.unwrap_or(Err(StatusCode::REQUEST_TIMEOUT));
        if matches!(read, Err(StatusCode::PAYLOAD_TOO_LARGE)) {
            // That it is too large is certain, whether or not it ever ends.
            let _ = drain(stream, deadline).await;
        }
        read
    }

    async fn take(&self, declared: Option<usize>, stream: &mut BodyDataStream) -> Result<Held, StatusCode> {
        let mut bytes = Vec::new();
        let mut room = Room::default();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
            let size = bytes.len() + chunk.len();
            if size > BODY_LIMIT_BYTES {
                return Err(StatusCode::PAYLOAD_TOO_LARGE);
            }
            self.make_room(&mut room, size).await?;
            if size > bytes.capacity() {
                // Room for all that may come: a buffer that doubles would cost half as much again, and leave copies.
                let most = if size > SMALL_BYTES { BODY_LIMIT_BYTES } else { SMALL_BYTES };
                let mut larger = memory::buffer(declared.map_or(most, |all| all.clamp(size, most)));
                larger.append(&mut bytes);
                bytes = larger;
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Held { bytes, room })
    }

    /// Makes `room` large enough for `size` bytes.
    async fn make_room(&self, room: &mut Room, size: usize) -> Result<(), StatusCode> {
        // Nobody closes the pools.
        let closed = |_| StatusCode::SERVICE_UNAVAILABLE;
        if room.place.is_some() {
            return Ok(());
        }
        if size > SMALL_BYTES {
            room.place = Some(Arc::clone(&self.large).acquire_owned().await.map_err(closed)?);
            room.units = None;
            return Ok(());
        }
        let held = room.units.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let missing = size.div_ceil(UNIT_BYTES).saturating_sub(held);
        let missing = u32::try_from(missing).map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        if missing == 0 {
            return Ok(());
        }
        let more = Arc::clone(&self.small).acquire_many_owned(missing).await.map_err(closed)?;
        match &mut room.units {
            Some(units) => units.merge(more),
            none => *none = Some(more),
        }
        Ok(())
    }
}

/// Reads and forgets the body of a request that is refused with `status`, because a client that is cut off while writing
/// never sees the answer. Returns 408 where the body does not come within `time`.
///
/// Nothing is read of a body that is far too large, nor of a client that waits to be told to go on: it gets its answer
/// now.
pub(super) async fn refuse(headers: &HeaderMap, body: Body, time: Duration, status: StatusCode) -> StatusCode {
    let far_too_large = matches!(declared_bytes(headers), Ok(Some(bytes)) if bytes > DRAIN_LIMIT_BYTES);
    if far_too_large || headers.contains_key(header::EXPECT) {
        return status;
    }
    match drain(body.into_data_stream(), Instant::now() + time).await {
        Ok(()) => status,
        Err(_) => StatusCode::REQUEST_TIMEOUT,
    }
}

async fn drain(mut stream: BodyDataStream, deadline: Instant) -> Result<(), Elapsed> {
    let mut seen = 0;
    while let Some(Ok(chunk)) = timeout_at(deadline, stream.next()).await? {
        seen += chunk.len();
        if seen > DRAIN_LIMIT_BYTES {
            break;
        }
    }
    Ok(())
}

fn declared_bytes(headers: &HeaderMap) -> Result<Option<usize>, StatusCode> {
    let Some(value) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(None);
    };
    let length = value.to_str().ok().and_then(|text| text.parse::<u64>().ok()).ok_or(StatusCode::BAD_REQUEST)?;
    Ok(Some(usize::try_from(length).unwrap_or(usize::MAX)))
}
