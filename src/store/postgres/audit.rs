//! The chain over the decisions. Why it is linked after they were committed is in `docs/adr/0010-audit-chain.md`.

use sqlx::{PgPool, Row, postgres::PgRow};

use super::error::Failed;
use crate::store::kept::reports;
use crate::store::{AuditLink, StoreError, link_hash};

// Row numbers are handed out before the commit, so a lower one may still be on its way. Under this lock nobody who has
// taken a number is still writing, and nobody takes one: every number up to the highest is final. It is held for a moment.
const FENCE: &str = "LOCK TABLE decisions IN SHARE MODE";

const HIGHEST: &str = "SELECT COALESCE(MAX(id), 0) FROM decisions";

const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(hashtextextended('audit', 4))";

const LAST: &str = "SELECT position, decision_id, hash FROM audit_links ORDER BY position DESC LIMIT 1";

const NOT_LINKED: &str = "SELECT id, decision FROM decisions WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3";

const APPEND: &str = "
    INSERT INTO audit_links (position, decision_id, previous, hash)
    SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bytea[])";

const PAGE: &str = "
    SELECT l.position, l.previous, COALESCE(d.decision, ''), l.hash
    FROM audit_links l LEFT JOIN decisions d ON d.id = l.decision_id
    WHERE l.position > $1 ORDER BY l.position LIMIT $2";

const UNLINKED: &str = "
    SELECT COUNT(*) FROM decisions d WHERE NOT EXISTS (SELECT 1 FROM audit_links l WHERE l.decision_id = d.id)";

/// Position, decision and hash of the last link.
async fn last<'e>(executor: impl sqlx::PgExecutor<'e>) -> Result<(i64, i64, [u8; 32]), Failed> {
    let Some(row) = sqlx::query(LAST).fetch_optional(executor).await? else { return Ok((0, 0, [0; 32])) };
    Ok((row.try_get(0)?, row.try_get(1)?, hash(&row, 2)?))
}

pub(super) async fn link(pool: &PgPool, most: u32) -> Result<u32, Failed> {
    let (_, last_decision, _) = last(pool).await?;
    let highest: i64 = sqlx::query_scalar(HIGHEST).fetch_one(pool).await?;
    if highest <= last_decision || most == 0 {
        return Ok(0);
    }
    let mut fence = pool.begin().await?;
    sqlx::query(FENCE).execute(&mut *fence).await?;
    let highest: i64 = sqlx::query_scalar(HIGHEST).fetch_one(&mut *fence).await?;
    fence.rollback().await?;

    let mut transaction = pool.begin().await?;
    sqlx::query(ONE_AT_A_TIME).execute(&mut *transaction).await?;
    let (mut position, last_decision, mut previous) = last(&mut *transaction).await?;
    let waiting: Vec<(i64, String)> = sqlx::query_as(NOT_LINKED)
        .bind(last_decision)
        .bind(highest)
        .bind(i64::from(most))
        .fetch_all(&mut *transaction)
        .await?;
    let (mut positions, mut ids, mut before, mut hashes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, entry) in &waiting {
        position += 1;
        positions.push(position);
        ids.push(*id);
        before.push(previous.to_vec());
        previous = link_hash(&previous, position.unsigned_abs(), entry);
        hashes.push(previous.to_vec());
    }
    sqlx::query(APPEND).bind(positions).bind(ids).bind(before).bind(hashes).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(u32::try_from(waiting.len()).unwrap_or(u32::MAX))
}

pub(super) async fn page(pool: &PgPool, after: u64, most: u32) -> Result<Vec<AuditLink>, Failed> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows = sqlx::query(PAGE).bind(after).bind(i64::from(most)).fetch_all(pool).await?;
    Ok(rows.iter().map(reports::audit_link).collect::<Result<_, _>>()?)
}

/// Looks at every decision there is, so that none can hide: for a person who asks, not for each scrape.
pub(super) async fn unlinked(pool: &PgPool) -> Result<u64, Failed> {
    let count: i64 = sqlx::query_scalar(UNLINKED).fetch_one(pool).await?;
    Ok(count.unsigned_abs())
}

fn hash(row: &PgRow, column: usize) -> Result<[u8; 32], Failed> {
    let bytes: &[u8] = row.try_get(column)?;
    let unreadable = |_| StoreError::Corrupt("a link of the audit chain is not of 32 bytes".to_owned());
    Ok(bytes.try_into().map_err(unreadable)?)
}
