//! The store in one SQLite file.
//!
//! Writes go through one thread and share commits (`writer`), and records are looked up by another (`lookups`); whatever else
//! is read has a small pool of connections (`read`). Other processes, such
//! as the command line, may have the file open at the same time: a lock that is held too long is reported as
//! [`StoreError::Unavailable`], and nothing was written then.

mod arrivals;
mod body;
mod commit;
mod deliveries;
mod effects;
mod error;
mod fold;
mod lookups;
mod open;
mod read;
mod serving;
mod statement;
mod transfer;
mod upkeep;
mod writer;

#[cfg(test)]
mod tests;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};

use super::{
    Acceptance, Backlog, ClaimOrder, ClaimedDelivery, ClaimedEffect, Commit, EffectReport, Inspection, Lease,
    NewDelivery, Sealed, Settled, Settlement, Store, StoreError, StoreOptions, StoredRecord, Work, lookups::Lookups,
    work::Calls,
};
use crate::domain::{decision::DecisionRecord, effect::Urgency};
use open::Database;
use writer::Writer;

/// See the module.
pub struct SqliteStore {
    writer: Writer,
    lookups: Lookups,
    readers: SqlitePool,
    work: Arc<Calls>,
    options: SqliteConnectOptions,
    presence: Mutex<Option<serving::Presence>>,
}

impl SqliteStore {
    /// Opens the database at `path_or_url`: a path, `sqlite:PATH` or `sqlite://PATH`. An absent file is created, readable
    /// by its owner alone; the schema is brought up to date.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the file cannot be created, opened or locked, or is of a newer embargod;
    /// [`StoreError::Corrupt`] where it is something else than our database.
    pub async fn open(path_or_url: &str) -> Result<Self, StoreError> {
        Self::open_with(path_or_url, StoreOptions::default()).await
    }

    /// The same, working as `store_options` say.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub async fn open_with(path_or_url: &str, store_options: StoreOptions) -> Result<Self, StoreError> {
        let gather = Duration::from_millis(store_options.gather_ms.into());
        Self::open_patient(path_or_url, gather, open::BUSY_TIMEOUT).await
    }

    /// The same, waiting at most `busy_timeout` for the lock of another process, each time.
    async fn open_patient(path_or_url: &str, gather: Duration, busy_timeout: Duration) -> Result<Self, StoreError> {
        let path = open::path_of(path_or_url)?;
        open::create_private(path)?;
        let options = open::options(path, busy_timeout);
        open::migrate_patiently(&options).await?;
        let work = Arc::<Calls>::default();
        let database = Database { path: path.to_owned(), busy_timeout };
        let connection = database.connect()?;
        Ok(Self {
            readers: open::readers(options.clone()),
            lookups: lookups::start(database.clone())?,
            writer: Writer::start(connection, database, gather, Arc::clone(&work))?,
            work,
            options,
            presence: Mutex::new(None),
        })
    }
}

/// Looks at the database that `path_or_url` names, and changes nothing.
///
/// # Errors
/// As [`SqliteStore::open`].
pub async fn inspect(path_or_url: &str, now: Timestamp) -> Result<Inspection, StoreError> {
    upkeep::inspect(open::path_of(path_or_url)?, now).await
}

#[async_trait]
impl Store for SqliteStore {
    async fn accept(&self, delivery: NewDelivery) -> Result<Acceptance, StoreError> {
        self.writer.accept(delivery).await
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        lease_ms: i64,
        most: u32,
        order: ClaimOrder,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let claim = deliveries::Claim { now, lease_ms, most, order };
        self.writer.submit(claim).await
    }

    async fn large_body(&self, claimed: &ClaimedDelivery) -> Result<Vec<u8>, StoreError> {
        body::read_large(&self.readers, claimed.lease.id, claimed.body_bytes).await
    }

    async fn settle_delivery(
        &self,
        lease: &Lease,
        now: Timestamp,
        settlement: Settlement,
        commit: Commit,
    ) -> Result<Settled, StoreError> {
        let makes = Work::DELIVERIES | commit.makes();
        let settle = deliveries::Settle { lease: lease.clone(), now, settlement, commit, makes };
        self.writer.submit(settle).await
    }

    async fn claim_effects(
        &self,
        now: Timestamp,
        lease_ms: i64,
        most: u32,
        least: Urgency,
    ) -> Result<Vec<ClaimedEffect>, StoreError> {
        let claim = effects::Claim { now, lease_ms, most, least };
        self.writer.submit(claim).await
    }

    async fn settle_effect(
        &self,
        lease: &Lease,
        now: Timestamp,
        settlement: Settlement,
        commit: Commit,
    ) -> Result<Settled, StoreError> {
        let settle = effects::Settle { lease: lease.clone(), now, settlement, commit };
        self.writer.submit(settle).await
    }

    async fn commit(&self, now: Timestamp, commit: Commit) -> Result<Settled, StoreError> {
        let makes = commit.makes();
        let alone = commit::CommitAlone { now, commit, makes };
        self.writer.submit(alone).await
    }

    async fn record(&self, kind: &str, key: &str) -> Result<Option<StoredRecord>, StoreError> {
        self.lookups.record(kind, key).await
    }

    async fn records(&self, kind: &str) -> Result<Vec<StoredRecord>, StoreError> {
        read::records(&self.readers, kind).await
    }

    async fn sealed(&self, owner: &str, name: &str) -> Result<Option<Sealed>, StoreError> {
        read::sealed(&self.readers, owner, name).await
    }

    async fn sealed_of(&self, owner: &str) -> Result<Vec<Sealed>, StoreError> {
        read::sealed_of(&self.readers, owner).await
    }

    async fn next_number(&self, series: &str) -> Result<u64, StoreError> {
        let next = commit::NextNumber(series.to_owned());
        Ok(self.writer.submit(next).await?.unsigned_abs())
    }

    async fn decisions(&self, case: Option<&str>, limit: u32) -> Result<Vec<DecisionRecord>, StoreError> {
        read::decisions(&self.readers, case, limit).await
    }

    async fn effects(&self, case: Option<&str>, limit: u32) -> Result<Vec<EffectReport>, StoreError> {
        read::effects(&self.readers, case, limit).await
    }

    async fn effect(&self, key: &str) -> Result<Option<EffectReport>, StoreError> {
        read::effect(&self.readers, key).await
    }

    async fn delivery_state(&self, guid: &str) -> Result<Option<String>, StoreError> {
        read::delivery_state(&self.readers, guid).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError> {
        read::backlog(&self.readers, now).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.writer.check()?;
        read::ping(&self.readers).await
    }

    async fn wait_for_work(&self) -> Work {
        self.work.wait().await
    }
}
