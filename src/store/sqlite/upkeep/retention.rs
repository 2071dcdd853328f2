//! Removing what is over: never what waits, runs or is parked.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::SqliteConnection;

use crate::store::kept::micros;
use crate::store::{
    StoreError, Work,
    sqlite::writer::{Verdict, Write},
};

// Both statements choose the same deliveries: the second takes them out of the choice.
const DELETE_BODIES: &str = "
    DELETE FROM delivery_bodies WHERE delivery_id IN (
        SELECT id FROM deliveries INDEXED BY deliveries_over
        WHERE state = 'done' AND has_body = 1 AND finished_at < ?1
        ORDER BY finished_at, id LIMIT ?2)";

const REMEMBER_IT: &str = "
    UPDATE deliveries SET has_body = 0 WHERE id IN (
        SELECT id FROM deliveries INDEXED BY deliveries_over
        WHERE state = 'done' AND has_body = 1 AND finished_at < ?1
        ORDER BY finished_at, id LIMIT ?2)";

// A body that is still there goes with its delivery.
const FORGET: &str = "
    DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries INDEXED BY deliveries_over
        WHERE state = 'done' AND has_body IN (0, 1) AND finished_at < ?1
        LIMIT ?2)";

/// See [`crate::store::Upkeep::drop_bodies`].
pub(super) struct DropBodies {
    pub(super) finished_before: Timestamp,
    pub(super) most: u32,
}

#[async_trait]
impl Write for DropBodies {
    type Answer = u32;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<u32>, StoreError> {
        let before = micros(self.finished_before);
        sqlx::query(DELETE_BODIES).bind(before).bind(self.most).execute(&mut *connection).await?;
        let dropped = sqlx::query(REMEMBER_IT).bind(before).bind(self.most).execute(&mut *connection).await?;
        Ok(Verdict::Keep(count(dropped.rows_affected())))
    }

    fn makes(&self, _answer: &u32) -> Work {
        Work::NONE
    }
}

/// See [`crate::store::Upkeep::forget_deliveries`].
pub(super) struct Forget {
    pub(super) finished_before: Timestamp,
    pub(super) most: u32,
}

#[async_trait]
impl Write for Forget {
    type Answer = u32;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<u32>, StoreError> {
        let forgotten =
            sqlx::query(FORGET).bind(micros(self.finished_before)).bind(self.most).execute(&mut *connection).await?;
        Ok(Verdict::Keep(count(forgotten.rows_affected())))
    }

    fn makes(&self, _answer: &u32) -> Work {
        Work::NONE
    }
}

fn count(rows: u64) -> u32 {
    u32::try_from(rows).unwrap_or(u32::MAX)
}

/// What retention asks; a test looks at how it is planned.
#[cfg(test)]
pub(in crate::store::sqlite) const ASKED: &[&str] = &[DELETE_BODIES, REMEMBER_IT, FORGET];
