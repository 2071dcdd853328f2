//! Reading bodies from strangers: bounded in size, in time, and in memory over all requests together.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, StatusCode, header},
};
use futures_util::StreamExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::BODY_LIMIT_BYTES;

/// Bodies up to this size share a pool of their own, so that large ones cannot keep them waiting.
const SMALL_BYTES: usize = 1024 * 1024;
const UNIT_BYTES: usize = 64 * 1024;
const SMALL_POOL_BYTES: usize = 32 * 1024 * 1024;
const LARGE_POOL_BYTES: usize = 2 * BODY_LIMIT_BYTES + 2 * UNIT_BYTES;

/// A body that is refused is still read to its end, up to this size, because a client that is cut off while writing
/// never sees the answer.
const DRAIN_LIMIT_BYTES: usize = 2 * BODY_LIMIT_BYTES;

/// Room for bodies, over all requests.
pub(super) struct Gate {
    small: Semaphore,
    large: Semaphore,
}

/// A body with the room that it takes up.
pub(super) struct Held<'a> {
    pub bytes: Vec<u8>,
    _room: SemaphorePermit<'a>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self {
            small: Semaphore::new(SMALL_POOL_BYTES / UNIT_BYTES),
            large: Semaphore::new(LARGE_POOL_BYTES / UNIT_BYTES),
        }
    }

    /// Reads a whole body, or tells with which status to refuse it: 413 too large, 408 too slow (or no room in time),
    /// 400 broken off.
    pub(super) async fn read(
        &self,
        headers: &HeaderMap,
        body: Body,
        time: Duration,
    ) -> Result<Held<'_>, StatusCode> {
        let declared = declared_bytes(headers)?;
        if declared.is_some_and(|bytes| bytes > BODY_LIMIT_BYTES) {
            drain(body, time).await;
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let expected = declared.unwrap_or(BODY_LIMIT_BYTES);
        let pool = if expected <= SMALL_BYTES {
            &self.small
        } else {
            &self.large
        };
        let units =
            u32::try_from(expected / UNIT_BYTES + 1).map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
        let read = async {
            let room = pool
                .acquire_many(units)
                .await
                .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
            let mut bytes = Vec::with_capacity(declared.unwrap_or(0));
            let mut stream = body.into_data_stream();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(|_| StatusCode::BAD_REQUEST)?;
                if bytes.len() + chunk.len() > BODY_LIMIT_BYTES {
                    drain(Body::from_stream(stream), time).await;
                    return Err(StatusCode::PAYLOAD_TOO_LARGE);
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(Held { bytes, _room: room })
        };
        tokio::time::timeout(time, read)
            .await
            .unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
    }
}

/// Reads and forgets a body that is refused.
pub(super) async fn drain(body: Body, time: Duration) {
    let mut stream = body.into_data_stream();
    let mut seen = 0;
    let reading = async {
        while let Some(Ok(chunk)) = stream.next().await {
            seen += chunk.len();
            if seen > DRAIN_LIMIT_BYTES {
                break;
            }
        }
    };
    // A client that dawdles over a body that is refused anyway has nothing to gain; the answer goes out.
    tokio::time::timeout(time, reading)
        .await
        .unwrap_or_default();
}

fn declared_bytes(headers: &HeaderMap) -> Result<Option<usize>, StatusCode> {
    let Some(value) = headers.get(header::CONTENT_LENGTH) else {
        return Ok(None);
    };
    let length = value
        .to_str()
        .ok()
        .and_then(|text| text.parse::<u64>().ok())
        .ok_or(StatusCode::BAD_REQUEST)?;
    Ok(Some(usize::try_from(length).unwrap_or(usize::MAX)))
}
