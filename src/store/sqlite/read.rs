//! Reading, on connections of its own: nobody who reads waits for the writer.

use jiff::Timestamp;
use sqlx::{SqlitePool, sqlite::SqliteRow};

use crate::store::kept::{Columns, micros, reports};
use crate::{
    domain::decision::DecisionRecord,
    store::{Backlog, EffectReport, Sealed, StoreError, StoredRecord},
};

const RECORDS: &str = "SELECT key, version, value FROM records WHERE kind = ?1 ORDER BY key";

const SEALED: &str = "SELECT name, taken_at, bytes FROM sealed_blobs WHERE owner = ?1 AND name = ?2";

const SEALED_OF: &str = "SELECT name, taken_at, bytes FROM sealed_blobs WHERE owner = ?1 ORDER BY taken_at, id";

const DECISIONS: &str = "SELECT decision FROM decisions ORDER BY id DESC LIMIT ?1";

const DECISIONS_OF_CASE: &str = "SELECT decision FROM decisions WHERE case_key = ?2 ORDER BY id DESC LIMIT ?1";

const EFFECT: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE key = ?1";

const EFFECTS: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects ORDER BY id DESC LIMIT ?1";

const EFFECTS_OF_CASE: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE case_key = ?2 ORDER BY id DESC LIMIT ?1";

const DELIVERY_STATE: &str = "
    SELECT CASE discarded WHEN 1 THEN 'dropped' ELSE state END FROM deliveries WHERE guid = ?1";

// The oldest unfinished delivery of all is the first of its lane, so it has its turn. The instant from which an effect
// could have started is its own, but not before it was enqueued. What waits is counted in indexes alone.
pub(super) const BACKLOG: &str = "
    SELECT
        (SELECT COUNT(*) FROM deliveries INDEXED BY deliveries_unfinished
         WHERE state IN ('ready', 'running')),
        (SELECT received_at FROM deliveries INDEXED BY deliveries_turn WHERE turn = 1 ORDER BY id LIMIT 1),
        (SELECT COUNT(*) FROM deliveries INDEXED BY deliveries_parked WHERE state = 'parked'),
        (SELECT COUNT(*) FROM effects INDEXED BY effects_unfinished
         WHERE state IN ('scheduled', 'ready', 'running') AND MAX(runnable_at, enqueued_at) <= ?1),
        (SELECT MIN(MAX(runnable_at, enqueued_at)) FROM effects INDEXED BY effects_unfinished
         WHERE state IN ('scheduled', 'ready', 'running') AND MAX(runnable_at, enqueued_at) <= ?1),
        (SELECT COUNT(*) FROM effects INDEXED BY effects_dead WHERE state = 'dead')";

pub(super) async fn records(pool: &SqlitePool, kind: &str) -> Result<Vec<StoredRecord>, StoreError> {
    let rows = sqlx::query(RECORDS).bind(kind).fetch_all(pool).await?;
    rows.iter().map(reports::record).collect()
}

pub(super) async fn sealed(pool: &SqlitePool, owner: &str, name: &str) -> Result<Option<Sealed>, StoreError> {
    let row = sqlx::query(SEALED).bind(owner).bind(name);
    let row = row.fetch_optional(pool).await?;
    row.as_ref().map(reports::sealed).transpose()
}

pub(super) async fn sealed_of(pool: &SqlitePool, owner: &str) -> Result<Vec<Sealed>, StoreError> {
    let rows = sqlx::query(SEALED_OF).bind(owner).fetch_all(pool).await?;
    rows.iter().map(reports::sealed).collect()
}

pub(super) async fn decisions(
    pool: &SqlitePool,
    case: Option<&str>,
    limit: u32,
) -> Result<Vec<DecisionRecord>, StoreError> {
    let rows = newest(pool, DECISIONS, DECISIONS_OF_CASE, case, limit).await?;
    rows.iter().rev().map(|row| row.json(0)).collect()
}

pub(super) async fn effects(
    pool: &SqlitePool,
    case: Option<&str>,
    limit: u32,
) -> Result<Vec<EffectReport>, StoreError> {
    let rows = newest(pool, EFFECTS, EFFECTS_OF_CASE, case, limit).await?;
    rows.iter().rev().map(reports::effect).collect()
}

async fn newest(
    pool: &SqlitePool,
    of_all: &'static str,
    of_case: &'static str,
    case: Option<&str>,
    limit: u32,
) -> Result<Vec<SqliteRow>, StoreError> {
    let statement = match case {
        None => sqlx::query(of_all).bind(limit),
        Some(case) => sqlx::query(of_case).bind(limit).bind(case),
    };
    Ok(statement.fetch_all(pool).await?)
}

pub(super) async fn effect(pool: &SqlitePool, key: &str) -> Result<Option<EffectReport>, StoreError> {
    let row = sqlx::query(EFFECT).bind(key).fetch_optional(pool).await?;
    row.as_ref().map(reports::effect).transpose()
}

pub(super) async fn delivery_state(pool: &SqlitePool, guid: &str) -> Result<Option<String>, StoreError> {
    let state = sqlx::query_scalar(DELIVERY_STATE).bind(guid);
    Ok(state.fetch_optional(pool).await?)
}

pub(super) async fn backlog(pool: &SqlitePool, now: Timestamp) -> Result<Backlog, StoreError> {
    let row = sqlx::query(BACKLOG).bind(micros(now)).fetch_one(pool).await?;
    reports::backlog(&row)
}

pub(super) async fn ping(pool: &SqlitePool) -> Result<(), StoreError> {
    let _: i64 = sqlx::query_scalar("SELECT 1").fetch_one(pool).await?;
    Ok(())
}
