//! What is only read.

use sqlx::{Row, SqlitePool};

use crate::store::{
    BodyHead, DeliveryReport, EffectReport, EffectState, SealedPage, StoreError,
    sqlite::{effects, instant::instant},
};

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
    rows.iter().map(effects::report).collect()
}

pub(super) async fn parked_deliveries(pool: &SqlitePool, limit: u32) -> Result<Vec<DeliveryReport>, StoreError> {
    let rows = sqlx::query(PARKED).bind(limit).fetch_all(pool).await?;
    let report = |row: &sqlx::sqlite::SqliteRow| {
        let finished_at: Option<i64> = row.try_get(6)?;
        Ok(DeliveryReport {
            guid: row.try_get(0)?,
            event: row.try_get(1)?,
            lane: row.try_get(2)?,
            received_at: instant(row.try_get(3)?)?,
            attempts: row.try_get(4)?,
            last_error: row.try_get(5)?,
            finished_at: finished_at.map(instant).transpose()?,
            has_body: row.try_get(7)?,
        })
    };
    rows.iter().map(report).collect()
}

pub(super) async fn sealed_page(
    pool: &SqlitePool,
    name: &str,
    after: i64,
    most: u32,
) -> Result<Vec<SealedPage>, StoreError> {
    let rows = sqlx::query(SEALED_PAGE).bind(name).bind(after).bind(most).fetch_all(pool).await?;
    let page = |row: &sqlx::sqlite::SqliteRow| {
        Ok(SealedPage { id: row.try_get(0)?, owner: row.try_get(1)?, name: row.try_get(2)?, bytes: row.try_get(3)? })
    };
    rows.iter().map(page).collect()
}

pub(super) async fn body_heads(
    pool: &SqlitePool,
    after: i64,
    most: u32,
    bytes: u32,
) -> Result<Vec<BodyHead>, StoreError> {
    let rows = sqlx::query(BODY_HEADS).bind(after).bind(most).bind(bytes).fetch_all(pool).await?;
    let head = |row: &sqlx::sqlite::SqliteRow| {
        Ok(BodyHead { delivery_id: row.try_get(0)?, guid: row.try_get(1)?, head: row.try_get(2)? })
    };
    rows.iter().map(head).collect()
}
