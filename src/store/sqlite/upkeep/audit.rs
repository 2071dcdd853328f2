//! The chain over the decisions; why it is linked after they were committed is in `docs/adr/0010-audit-chain.md`.

use rusqlite::{Connection, params};
use sqlx::SqlitePool;

use crate::store::kept::{Columns, reports};
use crate::store::{
    AuditLink, StoreError, Work, link_hash,
    sqlite::{
        statement::{all, change, first},
        writer::{Verdict, Write},
    },
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

impl Write for Link {
    type Answer = u32;

    fn run(&mut self, connection: &Connection) -> Result<Verdict<u32>, StoreError> {
        let last = first(connection, LAST, [], |row| Ok((row.whole(0)?, row.whole(1)?, hash(&row.bytes(2)?)?)))?;
        let (mut position, last_decision, mut previous) = last.unwrap_or((0, 0, [0; 32]));
        let waiting =
            all(connection, NOT_LINKED, params![last_decision, self.most], |row| Ok((row.whole(0)?, row.text(1)?)))?;
        for (id, decision) in &waiting {
            position += 1;
            let hash = link_hash(&previous, position.unsigned_abs(), decision);
            change(connection, APPEND, params![position, id, previous, hash])?;
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

fn hash(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Corrupt("a link of the audit chain is not of 32 bytes".to_owned()))
}
