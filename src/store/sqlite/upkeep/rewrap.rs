//! Putting new wrappings in the place of old ones, where nobody else has done so meanwhile.

use async_trait::async_trait;
use sqlx::SqliteConnection;

use crate::store::{
    StoreError, Work,
    sqlite::writer::{Verdict, Write},
};

const REPLACE_SEALED: &str = "UPDATE sealed_blobs SET bytes = ?3 WHERE id = ?1 AND bytes = ?2";

const READ_FIRST_PART: &str = "SELECT sealed FROM delivery_bodies WHERE delivery_id = ?1 AND part = 0";

const WRITE_FIRST_PART: &str = "UPDATE delivery_bodies SET sealed = ?2 WHERE delivery_id = ?1 AND part = 0";

/// See [`crate::store::Upkeep::replace_sealed`].
pub(super) struct ReplaceSealed {
    pub(super) id: i64,
    pub(super) old: Vec<u8>,
    pub(super) new: Vec<u8>,
}

#[async_trait]
impl Write for ReplaceSealed {
    type Answer = bool;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<bool>, StoreError> {
        let replaced = sqlx::query(REPLACE_SEALED)
            .bind(self.id)
            .bind(self.old.as_slice())
            .bind(self.new.as_slice())
            .execute(connection)
            .await?;
        Ok(Verdict::Keep(replaced.rows_affected() > 0))
    }

    fn makes(&self, _answer: &bool) -> Work {
        Work::NONE
    }
}

/// See [`crate::store::Upkeep::replace_body_head`]. A head lies within the first part of its body.
pub(super) struct ReplaceBodyHead {
    pub(super) delivery_id: i64,
    pub(super) old: Vec<u8>,
    pub(super) new: Vec<u8>,
}

#[async_trait]
impl Write for ReplaceBodyHead {
    type Answer = bool;

    async fn run(&mut self, connection: &mut SqliteConnection) -> Result<Verdict<bool>, StoreError> {
        if self.old.len() != self.new.len() {
            return Err(StoreError::Unavailable("a body's new head must be as long as the old one".to_owned()));
        }
        let part: Option<Vec<u8>> =
            sqlx::query_scalar(READ_FIRST_PART).bind(self.delivery_id).fetch_optional(&mut *connection).await?;
        let Some(mut part) = part.filter(|part| part.starts_with(&self.old)) else {
            return Ok(Verdict::Undo(false));
        };
        part[..self.new.len()].copy_from_slice(&self.new);
        sqlx::query(WRITE_FIRST_PART).bind(self.delivery_id).bind(part).execute(connection).await?;
        Ok(Verdict::Keep(true))
    }

    fn makes(&self, _answer: &bool) -> Work {
        Work::NONE
    }
}
