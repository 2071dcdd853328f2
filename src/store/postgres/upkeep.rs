//! See [`Upkeep`].

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    PostgresStore, audit, bodies, export, import, lead,
    letters::{self, ByHand},
    open,
};
use crate::{
    domain::decision::DecisionRecord,
    store::{
        AuditLink, BodyHead, DeliveryReport, EffectReport, EffectState, Leadership, SchemaStatus, SealedPage,
        StoreError, Touched, Upkeep, Work,
        portable::{RowSink, RowSource},
    },
};

impl PostgresStore {
    async fn by_hand(
        &self,
        what: ByHand,
        name: &str,
        now: Timestamp,
        by: &DecisionRecord,
    ) -> Result<Touched, StoreError> {
        let touched = self.ask(move |pool| async move { letters::change(&pool, what, name, now, by).await }).await?;
        if touched == Touched::Changed {
            // Discarding frees those that waited.
            self.bell.ring(Work::ALL);
        }
        Ok(touched)
    }
}

#[async_trait]
impl Upkeep for PostgresStore {
    async fn effects_in(&self, state: EffectState, limit: u32) -> Result<Vec<EffectReport>, StoreError> {
        self.ask(move |pool| async move { letters::effects_in(&pool, state, limit).await }).await
    }

    async fn revive_effect(&self, key: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.by_hand(ByHand::ReviveEffect, key, now, by).await
    }

    async fn discard_effect(&self, key: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.by_hand(ByHand::DiscardEffect, key, now, by).await
    }

    async fn parked_deliveries(&self, limit: u32) -> Result<Vec<DeliveryReport>, StoreError> {
        self.ask(move |pool| async move { letters::parked_deliveries(&pool, limit).await }).await
    }

    async fn revive_delivery(&self, guid: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.by_hand(ByHand::ReviveDelivery, guid, now, by).await
    }

    async fn discard_delivery(&self, guid: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.by_hand(ByHand::DiscardDelivery, guid, now, by).await
    }

    async fn drop_bodies(&self, finished_before: Timestamp, most: u32) -> Result<u32, StoreError> {
        self.ask(move |pool| async move { bodies::drop(&pool, finished_before, most).await }).await
    }

    async fn forget_deliveries(&self, finished_before: Timestamp, most: u32) -> Result<u32, StoreError> {
        self.ask(move |pool| async move { bodies::forget(&pool, finished_before, most).await }).await
    }

    async fn sealed_page(&self, name: &str, after: i64, most: u32) -> Result<Vec<SealedPage>, StoreError> {
        self.ask(move |pool| async move { bodies::sealed_page(&pool, name, after, most).await }).await
    }

    async fn replace_sealed(&self, id: i64, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        self.ask(move |pool| async move { bodies::replace_sealed(&pool, id, old, new).await }).await
    }

    async fn body_heads(&self, after: i64, most: u32, bytes: u32) -> Result<Vec<BodyHead>, StoreError> {
        self.ask(move |pool| async move { bodies::heads(&pool, after, most, bytes).await }).await
    }

    async fn replace_body_head(&self, delivery_id: i64, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        self.ask(move |pool| async move { bodies::replace_head(&pool, delivery_id, old, new).await }).await
    }

    async fn link_audit(&self, most: u32) -> Result<u32, StoreError> {
        self.ask(move |pool| async move { audit::link(&pool, most).await }).await
    }

    async fn audit_page(&self, after: u64, most: u32) -> Result<Vec<AuditLink>, StoreError> {
        self.ask(move |pool| async move { audit::page(&pool, after, most).await }).await
    }

    async fn audit_unlinked(&self) -> Result<u64, StoreError> {
        self.ask(move |pool| async move { audit::unlinked(&pool).await }).await
    }

    async fn begin_serving(&self, _now: Timestamp) -> Result<u64, StoreError> {
        // A connection that breaks takes its locks with it while the process lives on: nothing here tells the dead from the
        // living before their leases do.
        Ok(0)
    }

    async fn lead(&self, office: &str) -> Result<Option<Box<dyn Leadership>>, StoreError> {
        Ok(lead::take(&self.options, office).await?)
    }

    async fn schema(&self) -> Result<SchemaStatus, StoreError> {
        self.ask(move |pool| async move { open::schema(&mut *pool.acquire().await?).await }).await
    }

    async fn export(&self, into: &mut dyn RowSink) -> Result<(), StoreError> {
        Ok(export::export(&self.options, into).await?)
    }

    async fn import(&self, from: &mut dyn RowSource) -> Result<u64, StoreError> {
        Ok(import::import(&self.options, from).await?)
    }
}
