//! The store: everything that must survive a crash.
//!
//! What flows in: deliveries (from the receiver), commits (from the engine: state, effects and the record of the decision
//! in one transaction), settlements of effects. What flows out: claims on work, records, sealed blobs, decisions. What it
//! must never do: decide anything, or see an embargoed value unsealed. Only this room knows SQL.
//!
//! Every backend passes the same suite, `conformance`. Instants are kept to the microsecond.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use crate::domain::{
    decision::DecisionRecord,
    effect::{Effect, Urgency},
    record::RecordWrite,
};

#[cfg(test)]
pub mod conformance;
mod kept;
mod lookups;
mod measure;
pub mod portable;
pub mod postgres;
pub mod sqlite;
mod upkeep;
mod work;

pub use upkeep::{
    AuditLink, BodyHead, DeliveryReport, Inspection, Leadership, SchemaStatus, SealedPage, Touched, Upkeep, link_hash,
};
pub use work::Work;

/// A store that several rooms share.
pub type SharedStore = Arc<dyn Store>;

/// Opens the store that `database` names, and brings its schema up to date: `sqlite:PATH`, created when absent.
///
/// # Errors
/// [`StoreError::Unavailable`] where the scheme is unknown or the database cannot be opened;
/// [`StoreError::Corrupt`] where the file is something else than a database of ours.
pub async fn open(database: &str) -> Result<SharedStore, StoreError> {
    open_with(database, StoreOptions::default()).await
}

/// How a store works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreOptions {
    /// Longest time that a durable commit waits for company, in milliseconds, 0 to 1,000; default 0: what arrives while a
    /// commit is under way shares the next one, and nobody waits for a batch to fill.
    pub gather_ms: u32,
    /// Connections to PostgreSQL for work at most, 4 to 100; default 8. Beside them there is one that listens, one for each
    /// office that is held, and one while the schema is changed or everything is moved. SQLite does not use it.
    pub connections: u32,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { gather_ms: 0, connections: 8 }
    }
}

/// The same, working as `options` say.
///
/// # Errors
/// As [`open`].
pub async fn open_with(database: &str, options: StoreOptions) -> Result<SharedStore, StoreError> {
    match database.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => Ok(Arc::new(sqlite::SqliteStore::open_with(database, options).await?)),
        Some("postgres" | "postgresql") => Ok(Arc::new(postgres::PostgresStore::open(database, options).await?)),
        _ => Err(unknown_kind()),
    }
}

/// A claim of several deliveries ends when their bodies together reach so much: whoever claims holds the small ones in memory,
/// and keeps the turn of the large ones waiting.
pub const CLAIMED_BYTES: usize = 8 * 1024 * 1024;

/// A body that is larger than this is not handed out with its claim: whoever works on it asks for it, and may wait with that
/// until there is room.
pub const WHOLE_BYTES: usize = 1024 * 1024;

/// Looks at the store that `database` names, and changes nothing: a database that is absent stays so, and one of an older
/// program stays as it is.
///
/// # Errors
/// As [`open`].
pub async fn inspect(database: &str, now: Timestamp) -> Result<Inspection, StoreError> {
    match database.split_once(':').map(|(scheme, _)| scheme) {
        Some("sqlite") => sqlite::inspect(database, now).await,
        Some("postgres" | "postgresql") => postgres::inspect(database, now).await,
        _ => Err(unknown_kind()),
    }
}

// The value is not repeated: a connection string may hold a password.
fn unknown_kind() -> StoreError {
    StoreError::Unavailable("`database` names no known kind; write sqlite:PATH or postgres://…".to_owned())
}

/// A delivery as the receiver hands it in.
#[derive(Clone)]
pub struct NewDelivery {
    /// GitHub's `X-GitHub-Delivery`, or an own id for work that did not come from GitHub.
    pub guid: String,
    /// GitHub's `X-GitHub-Event`, or an own name beginning with `embargod.`.
    pub event: String,
    /// Deliveries of one lane are handled one at a time, in order of arrival: `repo:12`, `app`.
    pub lane: String,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The body, sealed.
    pub sealed_body: Vec<u8>,
}

/// What became of an accepted delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// Durable now.
    Fresh,
    /// Was durable before; nothing was changed.
    Duplicate,
}

/// The right to work on one delivery or effect until `until`. Settling with a lease that has run out, or that was
/// taken over by another worker, is refused ([`Settled::LeaseLost`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Row number of the work.
    pub id: i64,
    /// Unforgeable token of this claim.
    pub token: String,
    /// When it runs out.
    pub until: Timestamp,
}

/// Which lanes a claim serves first. Within a lane the order is always that of arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimOrder {
    /// Those whose next delivery has waited longest.
    OldestFirst,
    /// Those whose next delivery arrived last: so that a lane with little to do need not wait behind a backlog in others.
    NewestFirst,
}

/// A delivery that this worker may handle now.
#[derive(Clone)]
pub struct ClaimedDelivery {
    /// The right to it.
    pub lease: Lease,
    /// See [`NewDelivery::guid`].
    pub guid: String,
    /// See [`NewDelivery::event`].
    pub event: String,
    /// See [`NewDelivery::lane`].
    pub lane: String,
    /// See [`NewDelivery::received_at`].
    pub received_at: Timestamp,
    /// See [`NewDelivery::sealed_body`]; empty where it is larger than [`WHOLE_BYTES`], until [`Store::large_body`] is asked.
    pub sealed_body: Vec<u8>,
    /// Size of the sealed body.
    pub body_bytes: usize,
    /// How often it has been claimed, this time included; 1 at first.
    pub attempt: u32,
}

impl ClaimedDelivery {
    /// Whether its body is to be asked for.
    pub fn is_large(&self) -> bool {
        self.body_bytes > WHOLE_BYTES
    }
}

/// An effect that this worker may perform now.
#[derive(Clone, Debug)]
pub struct ClaimedEffect {
    /// The right to it.
    pub lease: Lease,
    /// What is to be done.
    pub effect: Effect,
    /// When it was enqueued.
    pub enqueued_at: Timestamp,
    /// When the delivery that caused it arrived; equal to `enqueued_at` where there was none.
    pub caused_at: Timestamp,
    /// How often it has been claimed, this time included; 1 at first. Above 1 an earlier attempt may have reached GitHub.
    pub attempt: u32,
}

/// A sealed blob to be kept: evidence, a wrapped key.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedWrite {
    /// What it belongs to: a case, `inbox`.
    pub owner: String,
    /// Its name within the owner. Writing an existing name again changes nothing.
    pub name: String,
    /// When it was taken.
    pub at: Timestamp,
    /// The ciphertext.
    pub bytes: Vec<u8>,
}

/// A sealed blob as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// See [`SealedWrite::name`].
    pub name: String,
    /// See [`SealedWrite::at`].
    pub at: Timestamp,
    /// The ciphertext.
    pub bytes: Vec<u8>,
}

/// Everything that one decision changes. Committed whole or not at all.
#[derive(Clone, Default)]
pub struct Commit {
    /// Records to write.
    pub records: Vec<RecordWrite>,
    /// Blobs to keep.
    pub sealed: Vec<SealedWrite>,
    /// Effects to enqueue; one whose key is known already is left as it is.
    pub effects: Vec<Effect>,
    /// Keys of effects that must not start any more; those running or over are left alone.
    pub dropped_effects: Vec<String>,
    /// The decision, for "why?".
    pub decision: Option<DecisionRecord>,
    /// When the delivery behind this commit arrived; see [`ClaimedEffect::caused_at`].
    pub caused_at: Option<Timestamp>,
}

impl Commit {
    /// What there may be to claim once it is written.
    fn makes(&self) -> Work {
        // One that is dropped frees those that waited for it.
        Work::EFFECTS.when(!self.effects.is_empty() || !self.dropped_effects.is_empty())
    }

    /// Whether it writes nothing, or nothing but a decision, as most do.
    fn is_decision_alone(&self) -> bool {
        let Self { records, sealed, effects, dropped_effects, decision: _, caused_at: _ } = self;
        records.is_empty() && sealed.is_empty() && effects.is_empty() && dropped_effects.is_empty()
    }

    /// Whether it writes nothing.
    fn is_empty(&self) -> bool {
        self.is_decision_alone() && self.decision.is_none()
    }
}

/// How a claimed piece of work ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Settlement {
    /// Over, well. For an effect the value is what it made: an advisory's id, a comment's number.
    Done(Value),
    /// To be tried again at `at`.
    Retry {
        /// When.
        at: Timestamp,
        /// Why it did not work, without content.
        error: String,
    },
    /// To be tried again at `at`, and until then no hindrance to others: a delivery leaves its lane for one of its own,
    /// which is called `aside:` and its GUID. For an effect the same as [`Settlement::Retry`].
    Aside {
        /// When.
        at: Timestamp,
        /// Why it did not work, without content.
        error: String,
    },
    /// Given back untouched, to be claimed again from `at` on: the worker is stopping, or a rate budget is kept for
    /// something more urgent. Does not count as an attempt.
    Later {
        /// When.
        at: Timestamp,
    },
    /// Given up: a parked delivery, a dead effect. Kept for a person.
    GivenUp {
        /// Why, without content.
        error: String,
    },
}

/// What became of a settlement or commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// Durable.
    Committed,
    /// The lease had run out or was taken over: nothing was written.
    LeaseLost,
    /// A record had changed since it was read: nothing was written. Read again and decide anew.
    Conflict,
}

/// A record as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRecord {
    /// Its key within the kind.
    pub key: String,
    /// Its version; counts from 1.
    pub version: i64,
    /// Its content.
    pub value: Value,
}

/// State of an effect, for lists and explanations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    /// Waits for its instant, its turn, or those before it.
    Ready,
    /// Somebody holds a lease on it.
    Running,
    /// Performed.
    Done,
    /// Given up.
    Dead,
    /// Overtaken before it started.
    Dropped,
}

/// An effect with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct EffectReport {
    /// What was to be done.
    pub effect: Effect,
    /// What became of it.
    pub state: EffectState,
    /// How often it was tried.
    pub attempts: u32,
    /// What it made.
    pub result: Value,
    /// Why it did not work, the last time.
    pub last_error: Option<String>,
    /// When it was enqueued.
    pub enqueued_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

/// How much work waits, for metrics and readiness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Deliveries that wait or run.
    pub deliveries_waiting: u64,
    /// Arrival of the oldest of them.
    pub oldest_delivery_at: Option<Timestamp>,
    /// Deliveries that were given up.
    pub deliveries_parked: u64,
    /// Effects whose instant has come and that wait or run.
    pub effects_waiting: u64,
    /// Instant from which the oldest of them could have started.
    pub oldest_effect_at: Option<Timestamp>,
    /// Effects that were given up.
    pub effects_dead: u64,
}

/// Why the store could not do it. Never holds content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The database refused, is locked for too long, or is gone.
    Unavailable(String),
    /// What is kept cannot be read as what it should be.
    Corrupt(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(why) => write!(f, "the database is not available: {why}"),
            Self::Corrupt(what) => write!(f, "the database holds something unreadable: {what}"),
        }
    }
}

impl std::error::Error for StoreError {}

/// What every backend does. All instants come from the caller's clock.
#[async_trait]
pub trait Store: Upkeep + Send + Sync + 'static {
    /// Makes a delivery durable; returns only when it is. Concurrent calls may share one durable commit.
    async fn accept(&self, delivery: NewDelivery) -> Result<Acceptance, StoreError>;

    /// Claims deliveries, at most `most`, that may run at `now` and whose lanes nobody is working in: at most one of each
    /// lane, its oldest unfinished one. An older unfinished delivery of the same lane that waits for a retry holds its
    /// lane back. `order` says which lanes are served first. Fewer are claimed where their bodies reach [`CLAIMED_BYTES`].
    async fn claim_deliveries(
        &self,
        now: Timestamp,
        lease_ms: i64,
        most: u32,
        order: ClaimOrder,
    ) -> Result<Vec<ClaimedDelivery>, StoreError>;

    /// The same for one, oldest first.
    async fn claim_delivery(&self, now: Timestamp, lease_ms: i64) -> Result<Option<ClaimedDelivery>, StoreError> {
        Ok(self.claim_deliveries(now, lease_ms, 1, ClaimOrder::OldestFirst).await?.pop())
    }

    /// The sealed body of a claimed delivery, where that [is large](ClaimedDelivery::is_large).
    async fn large_body(&self, claimed: &ClaimedDelivery) -> Result<Vec<u8>, StoreError>;

    /// Ends a claim on a delivery and writes `commit`, in one transaction. With [`Settlement::Retry`] and
    /// [`Settlement::GivenUp`] the commit is normally empty.
    async fn settle_delivery(
        &self,
        lease: &Lease,
        now: Timestamp,
        settlement: Settlement,
        commit: Commit,
    ) -> Result<Settled, StoreError>;

    /// Claims the most urgent, then oldest, effects, at most `most`, that are at least as urgent as `least`, may run at
    /// `now`, whose `after` are all over, and whose lanes nobody is working in: at most one of each lane.
    async fn claim_effects(
        &self,
        now: Timestamp,
        lease_ms: i64,
        most: u32,
        least: Urgency,
    ) -> Result<Vec<ClaimedEffect>, StoreError>;

    /// The same for one of any urgency.
    async fn claim_effect(&self, now: Timestamp, lease_ms: i64) -> Result<Option<ClaimedEffect>, StoreError> {
        Ok(self.claim_effects(now, lease_ms, 1, Urgency::Upkeep).await?.pop())
    }

    /// Ends a claim on an effect and writes `commit`, in one transaction.
    async fn settle_effect(
        &self,
        lease: &Lease,
        now: Timestamp,
        settlement: Settlement,
        commit: Commit,
    ) -> Result<Settled, StoreError>;

    /// Writes `commit` outside of any claim: a command by hand, a cached policy.
    async fn commit(&self, now: Timestamp, commit: Commit) -> Result<Settled, StoreError>;

    /// Reads one record.
    async fn record(&self, kind: &str, key: &str) -> Result<Option<StoredRecord>, StoreError>;

    /// Reads all records of a kind, by key.
    async fn records(&self, kind: &str) -> Result<Vec<StoredRecord>, StoreError>;

    /// Reads one sealed blob.
    async fn sealed(&self, owner: &str, name: &str) -> Result<Option<Sealed>, StoreError>;

    /// Reads the sealed blobs of an owner, oldest first.
    async fn sealed_of(&self, owner: &str) -> Result<Vec<Sealed>, StoreError>;

    /// Hands out the next number of a series (`case:2026` -> 1, 2, 3, …). A number is never handed out twice; one whose
    /// use failed leaves a gap.
    async fn next_number(&self, series: &str) -> Result<u64, StoreError>;

    /// The decisions of a case, oldest first; of all cases and none where `case` is `None`, the newest `limit`.
    async fn decisions(&self, case: Option<&str>, limit: u32) -> Result<Vec<DecisionRecord>, StoreError>;

    /// The effects of a case, or all where `case` is `None`, oldest first, at most `limit`, newest kept.
    async fn effects(&self, case: Option<&str>, limit: u32) -> Result<Vec<EffectReport>, StoreError>;

    /// One effect by its key.
    async fn effect(&self, key: &str) -> Result<Option<EffectReport>, StoreError>;

    /// What became of a delivery: `None` unknown, else its state in one word (`ready`, `running`, `done`, `parked`,
    /// `dropped`).
    async fn delivery_state(&self, guid: &str) -> Result<Option<String>, StoreError>;

    /// How much waits.
    async fn backlog(&self, now: Timestamp) -> Result<Backlog, StoreError>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Waits until something may have been enqueued by this process, and says what. Spurious wakes are allowed; callers poll
    /// as well.
    async fn wait_for_work(&self) -> Work;
}
