//! What is sealed: retention of bodies, and new wrappings. Each is safe to ask again.

use jiff::Timestamp;
use sqlx::PgPool;

use super::error::Failed;
use crate::store::kept::{micros, reports};
use crate::store::{BodyHead, SealedPage, StoreError};

const DROP_BODIES: &str = "
    WITH over AS (
        SELECT id FROM deliveries
        WHERE state IN ('done', 'dropped') AND sealed_body IS NOT NULL AND finished_at < $1
        ORDER BY finished_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    UPDATE deliveries d SET sealed_body = NULL FROM over WHERE d.id = over.id";

const FORGET_BARE: &str = "
    WITH over AS (
        SELECT id FROM deliveries
        WHERE state IN ('done', 'dropped') AND sealed_body IS NULL AND finished_at < $1
        ORDER BY finished_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM deliveries d USING over WHERE d.id = over.id";

const FORGET_WITH_BODY: &str = "
    WITH over AS (
        SELECT id FROM deliveries
        WHERE state IN ('done', 'dropped') AND sealed_body IS NOT NULL AND finished_at < $1
        ORDER BY finished_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM deliveries d USING over WHERE d.id = over.id";

const SEALED_PAGE: &str = "
    SELECT id, owner, name, bytes FROM sealed_blobs WHERE name = $1 AND id > $2 ORDER BY id LIMIT $3";

const REPLACE_SEALED: &str = "UPDATE sealed_blobs SET bytes = $3 WHERE id = $1 AND bytes = $2";

const BODY_HEADS: &str = "
    SELECT id, guid, substring(sealed_body FROM 1 FOR $3) FROM deliveries
    WHERE id > $1 AND sealed_body IS NOT NULL ORDER BY id LIMIT $2";

const REPLACE_BODY_HEAD: &str = "
    UPDATE deliveries SET sealed_body = overlay(sealed_body PLACING $3 FROM 1)
    WHERE id = $1 AND substring(sealed_body FROM 1 FOR octet_length($2)) = $2";

pub(super) async fn drop(pool: &PgPool, finished_before: Timestamp, most: u32) -> Result<u32, Failed> {
    limited(pool, DROP_BODIES, finished_before, most).await
}

pub(super) async fn forget(pool: &PgPool, finished_before: Timestamp, most: u32) -> Result<u32, Failed> {
    let bare = limited(pool, FORGET_BARE, finished_before, most).await?;
    let rest = most.saturating_sub(bare);
    if rest == 0 {
        return Ok(bare);
    }
    Ok(bare + limited(pool, FORGET_WITH_BODY, finished_before, rest).await?)
}

async fn limited(pool: &PgPool, sql: &'static str, before: Timestamp, most: u32) -> Result<u32, Failed> {
    let done = sqlx::query(sql).bind(micros(before)).bind(i64::from(most)).execute(pool).await?;
    Ok(u32::try_from(done.rows_affected()).unwrap_or(u32::MAX))
}

pub(super) async fn sealed_page(pool: &PgPool, name: &str, after: i64, most: u32) -> Result<Vec<SealedPage>, Failed> {
    let rows = sqlx::query(SEALED_PAGE).bind(name).bind(after).bind(i64::from(most)).fetch_all(pool).await?;
    Ok(rows.iter().map(reports::sealed_page).collect::<Result<_, _>>()?)
}

pub(super) async fn replace_sealed(pool: &PgPool, id: i64, old: &[u8], new: &[u8]) -> Result<bool, Failed> {
    let replaced = sqlx::query(REPLACE_SEALED).bind(id).bind(old).bind(new).execute(pool).await?;
    Ok(replaced.rows_affected() > 0)
}

pub(super) async fn heads(pool: &PgPool, after: i64, most: u32, bytes: u32) -> Result<Vec<BodyHead>, Failed> {
    let bytes = i32::try_from(bytes).unwrap_or(i32::MAX);
    let rows = sqlx::query(BODY_HEADS).bind(after).bind(i64::from(most)).bind(bytes).fetch_all(pool).await?;
    Ok(rows.iter().map(reports::body_head).collect::<Result<_, _>>()?)
}

pub(super) async fn replace_head(pool: &PgPool, delivery_id: i64, old: &[u8], new: &[u8]) -> Result<bool, Failed> {
    if old.len() != new.len() {
        return Err(StoreError::Unavailable("a body's new head must be as long as the old one".to_owned()).into());
    }
    let replaced = sqlx::query(REPLACE_BODY_HEAD).bind(delivery_id).bind(old).bind(new).execute(pool).await?;
    Ok(replaced.rows_affected() > 0)
}
