//! A process that dies at a chosen moment: its store does so many writes, and then nothing works any more.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use embargod::{
    domain::{decision::DecisionRecord, effect::Urgency},
    store::{
        Acceptance, AuditLink, Backlog, BodyHead, ClaimOrder, ClaimedDelivery, ClaimedEffect, Commit, DeliveryReport,
        EffectReport, EffectState, Leadership, Lease, NewDelivery, SchemaStatus, Sealed, SealedPage, Settled,
        Settlement, SharedStore, Store, StoreError, StoredRecord, Touched, Upkeep, Work,
        portable::{RowSink, RowSource},
    },
};
use jiff::Timestamp;

use super::{World, open_store};

/// When the process dies, seen from the write that it dies at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The write never reached the database.
    Before,
    /// The write took effect, but nobody learned of it.
    After,
}

/// The one death of a process.
#[derive(Debug)]
pub struct Death {
    nth: usize,
    moment: Moment,
    writes: AtomicUsize,
    over: AtomicBool,
}

impl Death {
    /// Whether it has come to that.
    pub fn happened(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn alive(&self) -> Result<(), StoreError> {
        if self.happened() {
            return Err(StoreError::Unavailable("the process is dead".to_owned()));
        }
        Ok(())
    }

    fn count(&self) -> usize {
        self.writes.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn die(&self) -> Result<(), StoreError> {
        self.over.store(true, Ordering::SeqCst);
        self.alive()
    }
}

impl World {
    /// From now on a process works that dies at its `nth` write (counted from 1). A claim on work counts only where there
    /// was work and only after it took effect: before it, nothing has happened since the last write.
    pub async fn live_until(&mut self, nth: usize, moment: Moment) -> Arc<Death> {
        let death = Arc::new(Death { nth, moment, writes: AtomicUsize::new(0), over: AtomicBool::new(false) });
        let store = MortalStore { inner: open_store(&self.folder).await, death: Arc::clone(&death) };
        self.restart_on(Arc::new(store)).await;
        death
    }
}

struct MortalStore {
    inner: SharedStore,
    death: Arc<Death>,
}

impl MortalStore {
    async fn write<T>(&self, write: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        self.death.alive()?;
        let due = self.death.count() == self.death.nth;
        if due && self.death.moment == Moment::Before {
            self.death.die()?;
        }
        let answer = write.await;
        if due {
            self.death.die()?;
        }
        answer
    }

    async fn claim<T>(
        &self,
        claim: impl Future<Output = Result<Vec<T>, StoreError>> + Send,
    ) -> Result<Vec<T>, StoreError> {
        self.death.alive()?;
        let claimed = claim.await?;
        let counts = !claimed.is_empty() && self.death.moment == Moment::After;
        if counts && self.death.count() == self.death.nth {
            self.death.die()?;
        }
        Ok(claimed)
    }
}

#[async_trait]
impl Store for MortalStore {
    async fn accept(&self, delivery: NewDelivery) -> Result<Acceptance, StoreError> {
        self.write(self.inner.accept(delivery)).await
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        lease_ms: i64,
        most: u32,
        order: ClaimOrder,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        self.claim(self.inner.claim_deliveries(now, lease_ms, most, order)).await
    }

    async fn large_body(&self, claimed: &ClaimedDelivery) -> Result<Vec<u8>, StoreError> {
        self.inner.large_body(claimed).await
    }

    async fn settle_delivery(
        &self,
        lease: &Lease,
        now: Timestamp,
        settlement: Settlement,
        commit: Commit,
    ) -> Result<Settled, StoreError> {
        self.write(self.inner.settle_delivery(lease, now, settlement, commit)).await
    }

    async fn claim_effects(
        &self,
        now: Timestamp,
        lease_ms: i64,
        most: u32,
        least: Urgency,
    ) -> Result<Vec<ClaimedEffect>, StoreError> {
        self.claim(self.inner.claim_effects(now, lease_ms, most, least)).await
    }

    async fn settle_effect(
        &self,
        lease: &Lease,
        now: Timestamp,
        settlement: Settlement,
        commit: Commit,
    ) -> Result<Settled, StoreError> {
        self.write(self.inner.settle_effect(lease, now, settlement, commit)).await
    }

    async fn commit(&self, now: Timestamp, commit: Commit) -> Result<Settled, StoreError> {
        self.write(self.inner.commit(now, commit)).await
    }

    async fn record(&self, kind: &str, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        self.death.alive()?;
        self.inner.record(kind, key).await
    }

    async fn records(&self, kind: &str) -> Result<Vec<StoredRecord>, StoreError> {
        self.death.alive()?;
        self.inner.records(kind).await
    }

    async fn sealed(&self, owner: &str, name: &str) -> Result<Option<Sealed>, StoreError> {
        self.death.alive()?;
        self.inner.sealed(owner, name).await
    }

    async fn sealed_of(&self, owner: &str) -> Result<Vec<Sealed>, StoreError> {
        self.death.alive()?;
        self.inner.sealed_of(owner).await
    }

    async fn next_number(&self, series: &str) -> Result<u64, StoreError> {
        self.write(self.inner.next_number(series)).await
    }

    async fn decisions(&self, case: Option<&str>, limit: u32) -> Result<Vec<DecisionRecord>, StoreError> {
        self.death.alive()?;
        self.inner.decisions(case, limit).await
    }

    async fn effects(&self, case: Option<&str>, limit: u32) -> Result<Vec<EffectReport>, StoreError> {
        self.death.alive()?;
        self.inner.effects(case, limit).await
    }

    async fn effect(&self, key: &str) -> Result<Option<EffectReport>, StoreError> {
        self.death.alive()?;
        self.inner.effect(key).await
    }

    async fn delivery_state(&self, guid: &str) -> Result<Option<String>, StoreError> {
        self.death.alive()?;
        self.inner.delivery_state(guid).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        self.death.alive()?;
        self.inner.backlog(now).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.death.alive()?;
        self.inner.ping().await
    }

    async fn wait_for_work(&self) -> Work {
        self.inner.wait_for_work().await
    }
}

#[async_trait]
impl Upkeep for MortalStore {
    async fn effects_in(&self, state: EffectState, limit: u32) -> Result<Vec<EffectReport>, StoreError> {
        self.death.alive()?;
        self.inner.effects_in(state, limit).await
    }

    async fn revive_effect(&self, key: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.death.alive()?;
        self.inner.revive_effect(key, now, by).await
    }

    async fn discard_effect(&self, key: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.death.alive()?;
        self.inner.discard_effect(key, now, by).await
    }

    async fn parked_deliveries(&self, limit: u32) -> Result<Vec<DeliveryReport>, StoreError> {
        self.death.alive()?;
        self.inner.parked_deliveries(limit).await
    }

    async fn revive_delivery(&self, guid: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.death.alive()?;
        self.inner.revive_delivery(guid, now, by).await
    }

    async fn discard_delivery(&self, guid: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError> {
        self.death.alive()?;
        self.inner.discard_delivery(guid, now, by).await
    }

    async fn drop_bodies(&self, finished_before: Timestamp, most: u32) -> Result<u32, StoreError> {
        self.death.alive()?;
        self.inner.drop_bodies(finished_before, most).await
    }

    async fn forget_deliveries(&self, finished_before: Timestamp, most: u32) -> Result<u32, StoreError> {
        self.death.alive()?;
        self.inner.forget_deliveries(finished_before, most).await
    }

    async fn sealed_page(&self, name: &str, after: i64, most: u32) -> Result<Vec<SealedPage>, StoreError> {
        self.death.alive()?;
        self.inner.sealed_page(name, after, most).await
    }

    async fn replace_sealed(&self, id: i64, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        self.death.alive()?;
        self.inner.replace_sealed(id, old, new).await
    }

    async fn body_heads(&self, after: i64, most: u32, bytes: u32) -> Result<Vec<BodyHead>, StoreError> {
        self.death.alive()?;
        self.inner.body_heads(after, most, bytes).await
    }

    async fn replace_body_head(&self, delivery_id: i64, old: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        self.death.alive()?;
        self.inner.replace_body_head(delivery_id, old, new).await
    }

    async fn link_audit(&self, most: u32) -> Result<u32, StoreError> {
        self.death.alive()?;
        self.inner.link_audit(most).await
    }

    async fn audit_page(&self, after: u64, most: u32) -> Result<Vec<AuditLink>, StoreError> {
        self.death.alive()?;
        self.inner.audit_page(after, most).await
    }

    async fn audit_unlinked(&self) -> Result<u64, StoreError> {
        self.death.alive()?;
        self.inner.audit_unlinked().await
    }

    async fn begin_serving(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.death.alive()?;
        self.inner.begin_serving(now).await
    }

    async fn lead(&self, office: &str) -> Result<Option<Box<dyn Leadership>>, StoreError> {
        self.death.alive()?;
        self.inner.lead(office).await
    }

    async fn schema(&self) -> Result<SchemaStatus, StoreError> {
        self.death.alive()?;
        self.inner.schema().await
    }

    async fn export(&self, into: &mut dyn RowSink) -> Result<(), StoreError> {
        self.death.alive()?;
        self.inner.export(into).await
    }

    async fn import(&self, from: &mut dyn RowSource) -> Result<u64, StoreError> {
        self.death.alive()?;
        self.inner.import(from).await
    }
}
