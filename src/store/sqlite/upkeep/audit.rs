//! The chain over the decisions; why it is linked after they were committed is in `docs/adr/0010-audit-chain.md`.

use async_trait::async_trait;
use sqlx::{Row, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use crate::store::kept::reports;
use crate::store::{
    AuditLink, StoreError, Work, link_hash,
    sqlite::writer::{Verdict, Write},
};

const LAST: &str = "SELECT position, decision_id, hash FROM audit_links ORDER BY position DESC LIMIT 1";

// Decisions get their row numbers in the order of their commits, for there is one writer at a time: what comes later has a
// higher number. An entry that somebody slipped in below stays out of the chain, and `audit_unlinked` counts it.
const NOT_LINKED: &str = "SELECT id, decision FROM decisions WHERE id > ?1 ORDER BY id LIMIT ?2";

const APPEND: &str = "INSERT INTO audit_links (position, decision_id, previous, hash) VALUES (?1, ?2, ?3, ?4)";

const PAGE: &str = "
    SELECT l.position, l.previous, COALESCE(d.decision, ''), l.hash
    FROM audit_links l LEFT JOIN decisions d ON d.id = l.decision_id
    WHERE l.position > ?1 ORDER BY l.position LIMIT ?2";

const UNLINKED: &str = "
    SELECT COUNT(*) FROM decisions d
    WHERE NOT EXISTS (SELECT 1 FROM audit_links l WHERE l.decision_id = d.id)";

/// See [`crate::store::Upkeep::link_audit`].
pub(super) struct Link {
    pub(super) most: u32,
}

#[async_trait]
impl Write for Link {
    type Answer = u32;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<u32>, StoreError> {
        let last = sqlx::query(LAST).fetch_optional(&mut *connection).await?;
        let (mut position, last_decision, mut previous) = match &last {
            Some(row) => (row.try_get::<i64, _>(0)?, row.try_get::<i64, _>(1)?, hash(row, 2)?),
            None => (0, 0, [0; 32]),
        };
        let waiting = sqlx::query(NOT_LINKED).bind(last_decision).bind(self.most).fetch_all(&mut *connection).await?;
        for row in &waiting {
            position += 1;
            let hash = link_hash(&previous, position.unsigned_abs(), row.try_get(1)?);
            sqlx::query(APPEND)
                .bind(position)
                .bind(row.try_get::<i64, _>(0)?)
                .bind(previous.as_slice())
                .bind(hash.as_slice())
                .execute(&mut *connection)
                .await?;
            previous = hash;
        }
        Ok(Verdict::Keep(u32::try_from(waiting.len()).unwrap_or(u32::MAX)))
    }

    fn makes(&self, _answer: &u32) -> Work {
        Work::NONE
    }
}

pub(super) async fn page(pool: &SqlitePool, after: u64, most: u32) -> Result<Vec<AuditLink>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    let rows = sqlx::query(PAGE).bind(after).bind(most).fetch_all(pool).await?;
    rows.iter().map(reports::audit_link).collect()
}

/// Looks at every decision there is, so that none can hide: for a person who asks, not for each scrape.
pub(super) async fn unlinked(pool: &SqlitePool) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar(UNLINKED).fetch_one(pool).await?;
    Ok(count.unsigned_abs())
}

fn hash(row: &SqliteRow, column: usize) -> Result<[u8; 32], StoreError> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|_| StoreError::Corrupt("a link of the audit chain is not of 32 bytes".to_owned()))
}
