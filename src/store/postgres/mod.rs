//! The store in a PostgreSQL database, which several processes may share.
//!
//! What flows in: the same as everywhere. Accepting, claiming and settling go through three desks (`desk`), each with a
//! connection and a group commit of its own, for which functions of the database make one round trip of what runs all the time;
//! reads and chores have a pool. What flows out: also a notification to the other
//! processes when there is work (`wake`). What it must never do: rely on what this process remembers, for another one has
//! written since; or let a lane be worked in twice, which two unique indexes forbid to whatever the code does.
//!
//! The lanes' turns are kept under advisory locks: see `deliveries`, `effects`, and `docs/adr/0009-postgresql-and-lanes.md`.

mod address;
mod audit;
mod bodies;
mod claims;
mod commit;
mod deliveries;
mod desk;
mod effects;
mod error;
mod export;
mod import;
mod lead;
mod letters;
mod lookups;
mod open;
mod parts;
mod read;
mod settle;
mod upkeep;
mod wake;

#[cfg(test)]
mod tests;

use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{PgPool, postgres::PgConnectOptions};

use super::{
    Acceptance, Backlog, ClaimOrder, ClaimedDelivery, ClaimedEffect, Commit, EffectReport, Inspection, Lease,
    NewDelivery, Sealed, Settled, Settlement, Store, StoreError, StoreOptions, StoredRecord, Work, lookups::Lookups,
};
use crate::domain::{decision::DecisionRecord, effect::Urgency};
use claims::{Claiming, What};
use deliveries::Accepting;
use desk::Counter;
use error::Failed;
use settle::{Claimed, Settling};
use wake::Bell;

/// Connections that the desks have for themselves.
const DESKS: u32 = 3;

/// From so many connections on, records are looked up over one of their own.
const ENOUGH: u32 = 6;

/// See the module.
pub struct PostgresStore {
    accepting: Counter<Accepting>,
    claiming: Counter<Claiming>,
    settling: Counter<Settling>,
    lookups: Lookups,
    pool: PgPool,
    options: PgConnectOptions,
    connections: u32,
    bell: Arc<Bell>,
}

impl PostgresStore {
    /// Opens the database at `postgres://USER:PASSWORD@HOST/DATABASE`, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the address cannot be read, the server cannot be reached or refuses, or the schema
    /// is of a newer embargod; [`StoreError::Corrupt`] where the schema is not the one that this program made.
    pub async fn open(database: &str, options: StoreOptions) -> Result<Self, StoreError> {
        let connect = address::options(database)?;
        open::migrate(&connect).await?;
        let for_lookups = u32::from(options.connections >= ENOUGH);
        let connections = options.connections.saturating_sub(DESKS + for_lookups).max(1);
        let pool = open::pool(connect.clone(), connections);
        let bell = Bell::hang(connect.clone(), pool.clone());
        let gather = Duration::from_millis(u64::from(options.gather_ms));
        let desk = address::by_index(&connect);
        let looking_up = match for_lookups {
            0 => pool.clone(),
            own => open::pool(desk.clone(), own),
        };
        Ok(Self {
            lookups: lookups::start(looking_up),
            accepting: Counter::open(Accepting, desk.clone(), gather, Arc::clone(&bell)),
            claiming: Counter::open(Claiming, desk.clone(), Duration::ZERO, Arc::clone(&bell)),
            settling: Counter::open(Settling, desk, gather, Arc::clone(&bell)),
            pool,
            options: connect,
            connections,
            bell,
        })
    }

    /// Asks something that is safe to ask again. A connection that broke while it was idle is found out by using it, so
    /// it is asked on others until one is whole.
    async fn ask<T, F>(&self, mut question: impl FnMut(PgPool) -> F) -> Result<T, StoreError>
    where
        F: Future<Output = Result<T, Failed>>,
    {
        let mut tries = self.connections + 1;
        loop {
            match open::in_time(question(self.pool.clone())).await {
                Err(failed)
                    if tries > 0
                        && !matches!(failed, Failed::Silence)
                        && (failed.is_cut() || failed.is_collision()) =>
                {
                    tries -= 1;
                }
                answer => return answer.map_err(StoreError::from),
            }
        }
    }

    async fn settle(&self, claimed: Option<Claimed>, now: Timestamp, commit: Commit) -> Result<Settled, StoreError> {
        self.settling.submit(settle::Job { claimed, now, commit }).await
    }
}

/// Looks at the database, and changes nothing.
///
/// # Errors
/// As [`PostgresStore::open`].
pub(in crate::store) async fn inspect(database: &str, now: Timestamp) -> Result<Inspection, StoreError> {
    Ok(open::inspect(&address::options(database)?, now).await?)
}

#[async_trait]
impl Store for PostgresStore {
    async fn accept(&self, delivery: NewDelivery) -> Result<Acceptance, StoreError> {
        self.accepting.submit(delivery).await
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        lease_ms: i64,
        most: u32,
        order: ClaimOrder,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let what = match order {
            ClaimOrder::OldestFirst => What::OldestDeliveries,
            ClaimOrder::NewestFirst => What::NewestDeliveries,
        };
        let claim = claims::Job { what, now, lease_ms, most };
        Ok(self.claiming.submit(claim).await?.deliveries)
    }

    async fn large_body(&self, claimed: &ClaimedDelivery) -> Result<Vec<u8>, StoreError> {
        let (id, size_bytes) = (claimed.lease.id, claimed.body_bytes);
        self.ask(move |pool| async move { parts::read(&pool, id, size_bytes).await }).await
    }

    async fn settle_delivery(
        &self,
        lease: &Lease,
        now: Timestamp,
        settlement: Settlement,
        commit: Commit,
    ) -> Result<Settled, StoreError> {
        self.settle(Some(Claimed::Delivery(lease.clone(), settlement)), now, commit).await
    }

    async fn claim_effects(
        &self,
        now: Timestamp,
        lease_ms: i64,
        most: u32,
        least: Urgency,
    ) -> Result<Vec<ClaimedEffect>, StoreError> {
        let claim = claims::Job { what: What::Effects { least: least.rank() }, now, lease_ms, most };
        Ok(self.claiming.submit(claim).await?.effects)
    }

    async fn settle_effect(
        &self,
        lease: &Lease,
        now: Timestamp,
        settlement: Settlement,
        commit: Commit,
    ) -> Result<Settled, StoreError> {
        self.settle(Some(Claimed::Effect(lease.clone(), settlement)), now, commit).await
    }

    async fn commit(&self, now: Timestamp, commit: Commit) -> Result<Settled, StoreError> {
        self.settle(None, now, commit).await
    }

    async fn record(&self, kind: &str, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        self.lookups.record(kind, key).await
    }

    async fn records(&self, kind: &str) -> Result<Vec<StoredRecord>, StoreError> {
        self.ask(move |pool| async move { read::records(&pool, kind).await }).await
    }

    async fn sealed(&self, owner: &str, name: &str) -> Result<Option<Sealed>, StoreError> {
        self.ask(move |pool| async move { read::sealed(&pool, owner, name).await }).await
    }

    async fn sealed_of(&self, owner: &str) -> Result<Vec<Sealed>, StoreError> {
        self.ask(move |pool| async move { read::sealed_of(&pool, owner).await }).await
    }

    async fn next_number(&self, series: &str) -> Result<u64, StoreError> {
        self.ask(move |pool| async move { read::next_number(&pool, series).await }).await
    }

    async fn decisions(&self, case: Option<&str>, limit: u32) -> Result<Vec<DecisionRecord>, StoreError> {
        self.ask(move |pool| async move { read::decisions(&pool, case, limit).await }).await
    }

    async fn effects(&self, case: Option<&str>, limit: u32) -> Result<Vec<EffectReport>, StoreError> {
        self.ask(move |pool| async move { read::effects(&pool, case, limit).await }).await
    }

    async fn effect(&self, key: &str) -> Result<Option<EffectReport>, StoreError> {
        self.ask(move |pool| async move { read::effect(&pool, key).await }).await
    }

    async fn delivery_state(&self, guid: &str) -> Result<Option<String>, StoreError> {
        self.ask(move |pool| async move { read::delivery_state(&pool, guid).await }).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        self.ask(move |pool| async move { read::backlog(&pool, now).await }).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.ask(move |pool| async move { read::ping(&pool).await }).await
    }

    async fn wait_for_work(&self) -> Work {
        self.bell.wait().await
    }
}
