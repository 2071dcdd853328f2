//! Reading: nobody who reads waits for a desk.

use jiff::Timestamp;
use sqlx::{PgExecutor, PgPool, postgres::PgRow};

use super::error::Failed;
use crate::store::kept::{Columns, micros, reports};
use crate::{
    domain::decision::DecisionRecord,
    store::{Backlog, EffectReport, Sealed, StoredRecord},
};

const RECORDS: &str = "SELECT key, version, value FROM records WHERE kind = $1 ORDER BY key";

const SEALED: &str = "SELECT name, taken_at, bytes FROM sealed_blobs WHERE owner = $1 AND name = $2";

const SEALED_OF: &str = "SELECT name, taken_at, bytes FROM sealed_blobs WHERE owner = $1 ORDER BY taken_at, id";

const DECISIONS: &str = "SELECT decision FROM decisions ORDER BY id DESC LIMIT $1";

const DECISIONS_OF_CASE: &str = "SELECT decision FROM decisions WHERE case_key = $2 ORDER BY id DESC LIMIT $1";

const EFFECT: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE key = $1";

const EFFECTS: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects ORDER BY id DESC LIMIT $1";

const EFFECTS_OF_CASE: &str = "
    SELECT effect, state, attempts, result, last_error, enqueued_at, finished_at
    FROM effects WHERE case_key = $2 ORDER BY id DESC LIMIT $1";

const DELIVERY_STATE: &str =
    "SELECT CASE state WHEN 'scheduled' THEN 'ready' ELSE state END FROM deliveries WHERE guid = $1";

// The oldest unfinished delivery of all is the first of its lane, so it has its turn. The instant from which an effect
// could have started is its own, but not before it was enqueued.
const BACKLOG: &str = "
    SELECT
        (SELECT COUNT(*) FROM deliveries WHERE state IN ('scheduled', 'ready', 'running')),
        (SELECT received_at FROM deliveries WHERE turn = 1 ORDER BY id LIMIT 1),
        (SELECT COUNT(*) FROM deliveries WHERE state = 'parked'),
        due.waiting,
        due.oldest,
        (SELECT COUNT(*) FROM effects WHERE state = 'dead')
    FROM (
        SELECT COUNT(*) AS waiting, MIN(GREATEST(runnable_at, enqueued_at)) AS oldest
        FROM (
            SELECT runnable_at, enqueued_at FROM effects WHERE state = 'scheduled' AND runnable_at <= $1
            UNION ALL
            SELECT runnable_at, enqueued_at FROM effects WHERE state = 'blocked' AND runnable_at <= $1
            UNION ALL
            SELECT runnable_at, enqueued_at FROM effects WHERE state = 'ready' AND runnable_at <= $1
            UNION ALL
            SELECT runnable_at, enqueued_at FROM effects WHERE state = 'running' AND runnable_at <= $1
        ) AS unfinished
    ) AS due";

pub(super) async fn records(pool: &PgPool, kind: &str) -> Result<Vec<StoredRecord>, Failed> {
    let rows = sqlx::query(RECORDS).bind(kind).fetch_all(pool).await?;
    Ok(rows.iter().map(reports::record).collect::<Result<_, _>>()?)
}

pub(super) async fn sealed(pool: &PgPool, owner: &str, name: &str) -> Result<Option<Sealed>, Failed> {
    let row = sqlx::query(SEALED).bind(owner).bind(name);
    let row = row.fetch_optional(pool).await?;
    Ok(row.as_ref().map(reports::sealed).transpose()?)
}

pub(super) async fn sealed_of(pool: &PgPool, owner: &str) -> Result<Vec<Sealed>, Failed> {
    let rows = sqlx::query(SEALED_OF).bind(owner).fetch_all(pool).await?;
    Ok(rows.iter().map(reports::sealed).collect::<Result<_, _>>()?)
}

pub(super) async fn decisions(pool: &PgPool, case: Option<&str>, limit: u32) -> Result<Vec<DecisionRecord>, Failed> {
    let rows = newest(pool, DECISIONS, DECISIONS_OF_CASE, case, limit).await?;
    Ok(rows.iter().rev().map(|row| row.json(0)).collect::<Result<_, _>>()?)
}

pub(super) async fn effects(pool: &PgPool, case: Option<&str>, limit: u32) -> Result<Vec<EffectReport>, Failed> {
    let rows = newest(pool, EFFECTS, EFFECTS_OF_CASE, case, limit).await?;
    Ok(rows.iter().rev().map(reports::effect).collect::<Result<_, _>>()?)
}

async fn newest(
    pool: &PgPool,
    of_all: &'static str,
    of_case: &'static str,
    case: Option<&str>,
    limit: u32,
) -> Result<Vec<PgRow>, Failed> {
    let statement = match case {
        None => sqlx::query(of_all).bind(i64::from(limit)),
        Some(case) => sqlx::query(of_case).bind(i64::from(limit)).bind(case),
    };
    Ok(statement.fetch_all(pool).await?)
}

pub(super) async fn effect(pool: &PgPool, key: &str) -> Result<Option<EffectReport>, Failed> {
    let row = sqlx::query(EFFECT).bind(key).fetch_optional(pool).await?;
    Ok(row.as_ref().map(reports::effect).transpose()?)
}

pub(super) async fn delivery_state(pool: &PgPool, guid: &str) -> Result<Option<String>, Failed> {
    let state = sqlx::query_scalar(DELIVERY_STATE).bind(guid);
    Ok(state.fetch_optional(pool).await?)
}

pub(super) async fn backlog<'e>(executor: impl PgExecutor<'e>, now: Timestamp) -> Result<Backlog, Failed> {
    let row = sqlx::query(BACKLOG).bind(micros(now)).fetch_one(executor).await?;
    Ok(reports::backlog(&row)?)
}

pub(super) async fn ping(pool: &PgPool) -> Result<(), Failed> {
    let _: i32 = sqlx::query_scalar("SELECT 1").fetch_one(pool).await?;
    Ok(())
}

const NEXT_NUMBER: &str = "
    INSERT INTO numbers (series, last) VALUES ($1, 1)
    ON CONFLICT (series) DO UPDATE SET last = numbers.last + 1
    RETURNING last";

/// Takes the next number. Safe to ask again: a number whose answer was lost leaves a gap.
pub(super) async fn next_number(pool: &PgPool, series: &str) -> Result<u64, Failed> {
    let number: i64 = sqlx::query_scalar(NEXT_NUMBER).bind(series).fetch_one(pool).await?;
    Ok(number.unsigned_abs())
}
