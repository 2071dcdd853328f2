//! See [`Upkeep`].

use async_trait::async_trait;
use jiff::Timestamp;

use super::SqliteStore;
use crate::{
    domain::decision::DecisionRecord,
    store::{
        AuditLink, BodyHead, DeliveryReport, EffectReport, EffectState, Leadership, SchemaStatus, SealedPage,
        StoreError, Touched, Upkeep,
        portable::{RowSink, RowSource},
    },
};

fn not_yet<T>() -> Result<T, StoreError> {
    Err(StoreError::Unavailable("not built yet".to_owned()))
}

#[async_trait]
impl Upkeep for SqliteStore {
    async fn effects_in(&self, _state: EffectState, _limit: u32) -> Result<Vec<EffectReport>, StoreError> {
        not_yet()
    }

    async fn revive_effect(&self, _key: &str, _now: Timestamp, _by: &DecisionRecord) -> Result<Touched, StoreError> {
        not_yet()
    }

    async fn discard_effect(&self, _key: &str, _now: Timestamp, _by: &DecisionRecord) -> Result<Touched, StoreError> {
        not_yet()
    }

    async fn parked_deliveries(&self, _limit: u32) -> Result<Vec<DeliveryReport>, StoreError> {
        not_yet()
    }

    async fn revive_delivery(&self, _guid: &str, _now: Timestamp, _by: &DecisionRecord) -> Result<Touched, StoreError> {
        not_yet()
    }

    async fn discard_delivery(
        &self,
        _guid: &str,
        _now: Timestamp,
        _by: &DecisionRecord,
    ) -> Result<Touched, StoreError> {
        not_yet()
    }

    async fn drop_bodies(&self, _finished_before: Timestamp, _most: u32) -> Result<u32, StoreError> {
        not_yet()
    }

    async fn forget_deliveries(&self, _finished_before: Timestamp, _most: u32) -> Result<u32, StoreError> {
        not_yet()
    }

    async fn sealed_page(&self, _name: &str, _after: i64, _most: u32) -> Result<Vec<SealedPage>, StoreError> {
        not_yet()
    }

    async fn replace_sealed(&self, _id: i64, _old: &[u8], _new: &[u8]) -> Result<bool, StoreError> {
        not_yet()
    }

    async fn body_heads(&self, _after: i64, _most: u32, _bytes: u32) -> Result<Vec<BodyHead>, StoreError> {
        not_yet()
    }

    async fn replace_body_head(&self, _delivery_id: i64, _old: &[u8], _new: &[u8]) -> Result<bool, StoreError> {
        not_yet()
    }

    async fn link_audit(&self, _most: u32) -> Result<u32, StoreError> {
        not_yet()
    }

    async fn audit_page(&self, _after: u64, _most: u32) -> Result<Vec<AuditLink>, StoreError> {
        not_yet()
    }

    async fn audit_unlinked(&self) -> Result<u64, StoreError> {
        not_yet()
    }

    async fn lead(&self, _office: &str) -> Result<Option<Box<dyn Leadership>>, StoreError> {
        not_yet()
    }

    async fn schema(&self) -> Result<SchemaStatus, StoreError> {
        not_yet()
    }

    async fn export(&self, _into: &mut dyn RowSink) -> Result<(), StoreError> {
        not_yet()
    }

    async fn import(&self, _from: &mut dyn RowSource) -> Result<u64, StoreError> {
        not_yet()
    }
}
