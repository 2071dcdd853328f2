//! What is only read.

use sqlx::SqlitePool;

use crate::store::kept::reports;
use crate::store::{BodyHead, DeliveryReport, EffectReport, EffectState, SealedPage, StoreError};

// The states are written out, so that the small indexes over dead and unfinished effects serve.
const READY: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE state IN ('scheduled', 'ready') ORDER BY id LIMIT ?1";

const RUNNING: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE state = 'running' ORDER BY id LIMIT ?1";

const DONE: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE state = 'done' ORDER BY id LIMIT ?1";

const DEAD: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE state = 'dead' ORDER BY id LIMIT ?1";

const DROPPED: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE state = 'dropped' ORDER BY id LIMIT ?1";

const PARKED: &str = "
    SELECT guid, event, lane, received_at, attempts, last_error, finished_at, has_body
    FROM deliveries INDEXED BY deliveries_parked
    WHERE state = 'parked' ORDER BY id LIMIT ?1";

const SEALED_PAGE: &str = "
    SELECT id, owner, name, bytes FROM sealed_blobs
    WHERE id > ?2 AND name = ?1 ORDER BY id LIMIT ?3";

const BODY_HEADS: &str = "
    SELECT d.id, d.guid, SUBSTR(b.sealed, 1, ?3)
    FROM deliveries d JOIN delivery_bodies b ON b.delivery_id = d.id AND b.part = 0
    WHERE d.id > ?1 ORDER BY d.id LIMIT ?2";

pub(super) async fn effects_in(
    pool: &SqlitePool,
    state: EffectState,
    limit: u32,
) -> Result<Vec<EffectReport>, StoreError> {
    let statement = match state {
        EffectState::Ready => READY,
        EffectState::Running => RUNNING,
        EffectState::Done => DONE,
        EffectState::Dead => DEAD,
        EffectState::Dropped => DROPPED,
    };
    let rows = sqlx::query(statement).bind(limit).fetch_all(pool).await?;
    rows.iter().map(reports::effect).collect()
}

pub(super) async fn parked_deliveries(pool: &SqlitePool, limit: u32) -> Result<Vec<DeliveryReport>, StoreError> {
    let rows = sqlx::query(PARKED).bind(limit).fetch_all(pool).await?;
    rows.iter().map(reports::parked_delivery).collect()
}

pub(super) async fn sealed_page(
    pool: &SqlitePool,
    name: &str,
    after: i64,
    most: u32,
) -> Result<Vec<SealedPage>, StoreError> {
    let rows = sqlx::query(SEALED_PAGE).bind(name).bind(after).bind(most).fetch_all(pool).await?;
    rows.iter().map(reports::sealed_page).collect()
}

pub(super) async fn body_heads(
    pool: &SqlitePool,
    after: i64,
    most: u32,
    bytes: u32,
) -> Result<Vec<BodyHead>, StoreError> {
    let rows = sqlx::query(BODY_HEADS).bind(after).bind(most).bind(bytes).fetch_all(pool).await?;
    rows.iter().map(reports::body_head).collect()
}
