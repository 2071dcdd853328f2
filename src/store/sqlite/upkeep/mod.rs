//! What an operator, and the chores that nobody sees, need of the SQLite store; see [`Upkeep`].
//!
//! What flows in: names of dead letters, instants before which things are forgotten, new wrappings, rows of another store.
//! What flows out: lists, links of the audit chain, every row there is. What it must never do: touch work that is not
//! over, or write past the writer while the server works (an import, into an empty store, is the exception).

mod audit;
mod letters;
mod lists;
mod retention;
mod rewrap;
mod schema;

use std::sync::PoisonError;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{SqliteStore, serving, transfer};
use crate::{
    domain::decision::DecisionRecord,
    store::{
        AuditLink, BodyHead, DeliveryReport, EffectReport, EffectState, Leadership, SchemaStatus, SealedPage,
        StoreError, Touched, Upkeep,
        portable::{RowSink, RowSource},
    },
};

#[cfg(test)]
pub(super) use retention::ASKED as RETENTION;
pub(super) use schema::inspect;

#[async_trait]
impl Upkeep for SqliteStore {
    async fn effects_in(&self, state: EffectState, limit: u32) -> Result<Vec<EffectReport>, StoreError> {
        lists::effects_in(&self.readers, state, limit).await
    }

    async fn revive_effect(&self, key: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.writer.submit(letters::ByHand::new(letters::REVIVE_EFFECT, key, now, by)).await
    }

    async fn discard_effect(&self, key: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.writer.submit(letters::ByHand::new(letters::DISCARD_EFFECT, key, now, by)).await
    }

    async fn parked_deliveries(&self, limit: u32) -> Result<Vec<DeliveryReport>, StoreError> {
        lists::parked_deliveries(&self.readers, limit).await
    }

    async fn revive_delivery(&self, guid: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.writer.submit(letters::ReviveDelivery { guid: guid.to_owned(), now, by: by.clone() }).await
    }

    async fn discard_delivery(&self, guid: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.writer.submit(letters::ByHand::new(letters::DISCARD_DELIVERY, guid, now, by)).await
    }

    async fn drop_bodies(&self, finished_before: Timestamp, most: u32) -> Result<u32, StoreError> {
        self.writer.submit(retention::DropBodies { finished_before, most }).await
    }

    async fn forget_deliveries(&self, finished_before: Timestamp, most: u32) -> Result<u32, StoreError> {
        self.writer.submit(retention::Forget { finished_before, most }).await
    }

    async fn sealed_page(&self, name: &str, after: i64, most: u32) -> Result<Vec<SealedPage>, StoreError> {
        lists::sealed_page(&self.readers, name, after, most).await
    }

    async fn replace_sealed(&self, id: i64, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        self.writer.submit(rewrap::ReplaceSealed { id, old: old.to_vec(), new: new.to_vec() }).await
    }

    async fn body_heads(&self, after: i64, most: u32, bytes: u32) -> Result<Vec<BodyHead>, StoreError> {
        lists::body_heads(&self.readers, after, most, bytes).await
    }

    async fn replace_body_head(&self, delivery_id: i64, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        let replace = rewrap::ReplaceBodyHead { delivery_id, old: old.to_vec(), new: new.to_vec() };
        self.writer.submit(replace).await
    }

    async fn link_audit(&self, most: u32) -> Result<u32, StoreError> {
        self.writer.submit(audit::Link { most }).await
    }

    async fn audit_page(&self, after: u64, most: u32) -> Result<Vec<AuditLink>, StoreError> {
        audit::page(&self.readers, after, most).await
    }

    async fn audit_unlinked(&self) -> Result<u64, StoreError> {
        audit::unlinked(&self.readers).await
    }

    async fn begin_serving(&self, now: Timestamp) -> Result<u64, StoreError> {
        let path = self.options.get_filename().to_owned();
        let unlockable = |error: std::io::Error| {
            StoreError::Unavailable(format!("the file beside it, by which servers know of each other: {error}"))
        };
        let arrived = tokio::task::spawn_blocking(move || serving::Presence::arrive(&path)).await;
        let arrived = arrived.map_err(|_| StoreError::Unavailable("the store is closing".to_owned()))?;
        let (presence, alone) = arrived.map_err(unlockable)?;
        let freed = if alone { self.writer.submit(serving::FreeAll { now }).await? } else { 0 };
        if alone {
            presence.let_others_in().map_err(unlockable)?;
        }
        *self.presence.lock().unwrap_or_else(PoisonError::into_inner) = Some(presence);
        Ok(freed)
    }

    async fn lead(&self, _office: &str) -> Result<Option<Box<dyn Leadership>>, StoreError> {
        Ok(Some(Box::new(OnlyProcess)))
    }

    async fn schema(&self) -> Result<SchemaStatus, StoreError> {
        schema::status(&mut *self.readers.acquire().await?).await
    }

    async fn export(&self, into: &mut dyn RowSink) -> Result<(), StoreError> {
        transfer::export(&self.options, into).await
    }

    async fn import(&self, from: &mut dyn RowSource) -> Result<u64, StoreError> {
        transfer::import(&self.options, from).await
    }
}

/// One server on one SQLite file is the documented way, so whoever asks to lead does. Commands run beside it, but none of
/// them leads anything.
struct OnlyProcess;

#[async_trait]
impl Leadership for OnlyProcess {
    async fn holds(&mut self) -> bool {
        true
    }
}
