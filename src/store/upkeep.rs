//! What an operator, and the chores that nobody sees, need of a store: letters that could not be sent, retention, new
//! wrappings, the audit chain, who leads, moving house.

use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;

use super::{
    Backlog, EffectReport, EffectState, StoreError,
    portable::{RowSink, RowSource},
};
use crate::domain::decision::DecisionRecord;

/// A delivery that was given up, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// See [`super::NewDelivery::guid`].
    pub guid: String,
    /// See [`super::NewDelivery::event`].
    pub event: String,
    /// See [`super::NewDelivery::lane`].
    pub lane: String,
    /// See [`super::NewDelivery::received_at`].
    pub received_at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// Why it was given up; without content.
    pub last_error: Option<String>,
    /// When it was given up.
    pub finished_at: Option<Timestamp>,
    /// Whether its body is still kept: without it, it cannot be tried again.
    pub has_body: bool,
}

/// What became of a change by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// Durable.
    Changed,
    /// It is in a state in which this cannot be done; nothing was written.
    NotInThatState,
    /// There is no such thing.
    Unknown,
}

/// One page of sealed blobs.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedPage {
    /// Row number; pages go on after the last of these.
    pub id: i64,
    /// See [`super::SealedWrite::owner`].
    pub owner: String,
    /// See [`super::SealedWrite::name`].
    pub name: String,
    /// The ciphertext.
    pub bytes: Vec<u8>,
}

/// The first bytes of a delivery's sealed body.
#[derive(Clone, PartialEq, Eq)]
pub struct BodyHead {
    /// Row number of the delivery; pages go on after the last of these.
    pub delivery_id: i64,
    /// See [`super::NewDelivery::guid`].
    pub guid: String,
    /// The head; shorter than asked for where the body is.
    pub head: Vec<u8>,
}

/// One link of the audit chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLink {
    /// Place in the chain, from 1, without gaps.
    pub position: u64,
    /// Hash of the link before; zeros at the first.
    pub previous: [u8; 32],
    /// The entry, byte for byte as it was written: a [`DecisionRecord`] as JSON.
    pub entry: String,
    /// See [`link_hash`].
    pub hash: [u8; 32],
}

/// SHA-256 over the hash of the link before, the link's position (8 bytes, big-endian) and the entry's bytes.
pub fn link_hash(previous: &[u8; 32], position: u64, entry: &str) -> [u8; 32] {
    let mut digest = Context::new(&SHA256);
    digest.update(previous);
    digest.update(&position.to_be_bytes());
    digest.update(entry.as_bytes());
    let mut hash = [0; 32];
    hash.copy_from_slice(digest.finish().as_ref());
    hash
}

/// What the schema is, against what this program needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaStatus {
    /// `sqlite` or `postgres`.
    pub backend: &'static str,
    /// Migrations that were applied, oldest first: number and name.
    pub applied: Vec<(i64, String)>,
    /// Migrations that this program knows and that were not applied.
    pub pending: Vec<(i64, String)>,
    /// Whether something was applied that this program does not know: the database is of a newer one.
    pub is_newer: bool,
}

impl SchemaStatus {
    /// Whether this program can work with it: nothing is pending, and nothing was applied that it does not know.
    pub fn is_current(&self) -> bool {
        self.pending.is_empty() && !self.is_newer
    }
}

/// What can be seen of a store without touching it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Whether there is anything at all; an absent file or schema has every migration pending.
    pub exists: bool,
    /// What the schema is.
    pub schema: SchemaStatus,
    /// How much waits; only where the schema is the one that this program knows.
    pub backlog: Option<Backlog>,
}

/// Being the one process that does something. Given up when dropped, and lost when the process dies.
#[async_trait]
pub trait Leadership: Send + Sync {
    /// Whether it is still ours; asked before each piece of work that two must not do.
    async fn holds(&mut self) -> bool;
}

/// What every backend does beside the work itself.
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Effects in one state, oldest first, at most `limit`, oldest kept.
    async fn effects_in(&self, state: EffectState, limit: u32) -> Result<Vec<EffectReport>, StoreError>;

    /// Lets a dead or dropped effect be tried again from `now` on, and appends `by` to the decisions, in one transaction.
    /// Its attempts count anew, from one: the next claim is the second, never the first, because earlier ones may have
    /// reached GitHub and whoever performs it must look for that.
    async fn revive_effect(&self, key: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError>;

    /// Drops an effect that waits or is dead, and appends `by`.
    async fn discard_effect(&self, key: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError>;

    /// Deliveries that were given up, oldest first.
    async fn parked_deliveries(&self, limit: u32) -> Result<Vec<DeliveryReport>, StoreError>;

    /// Lets a parked delivery be handled again from `now` on, behind what waits in its lane, and appends `by`. Its attempts
    /// count anew, from one. One whose body is gone is [`Touched::NotInThatState`].
    async fn revive_delivery(&self, guid: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError>;

    /// Takes a parked delivery off the list (its state is `dropped` then), and appends `by`.
    async fn discard_delivery(&self, guid: &str, now: Timestamp, by: &DecisionRecord) -> Result<Touched, StoreError>;

    /// Removes the bodies of at most `most` deliveries that were over (done or dropped) before `finished_before`; the
    /// deliveries stay known. Returns how many.
    async fn drop_bodies(&self, finished_before: Timestamp, most: u32) -> Result<u32, StoreError>;

    /// Forgets at most `most` deliveries that were over (done or dropped) before `finished_before`: should GitHub repeat
    /// one, it is new. Returns how many.
    async fn forget_deliveries(&self, finished_before: Timestamp, most: u32) -> Result<u32, StoreError>;

    /// Sealed blobs called `name`, of all owners, with row numbers above `after`, by row number.
    async fn sealed_page(&self, name: &str, after: i64, most: u32) -> Result<Vec<SealedPage>, StoreError>;

    /// Puts `new` in the place of a sealed blob that is still `old`; `false` where it is not.
    async fn replace_sealed(&self, id: i64, old: &[u8], new: &[u8]) -> Result<bool, StoreError>;

    /// The first `bytes` bytes of the bodies of deliveries with row numbers above `after`, by row number.
    async fn body_heads(&self, after: i64, most: u32, bytes: u32) -> Result<Vec<BodyHead>, StoreError>;

    /// Puts `new` in the place of the first bytes of a body that still begins with `old`, which is as long; `false` where
    /// it does not.
    async fn replace_body_head(&self, delivery_id: i64, old: &[u8], new: &[u8]) -> Result<bool, StoreError>;

    /// Links at most `most` decisions that are not in the audit chain yet, in the order of their row numbers; returns how
    /// many. Callers do so one after the other.
    async fn link_audit(&self, most: u32) -> Result<u32, StoreError>;

    /// Links of the audit chain at positions above `after`, by position. An entry that is gone is an empty text.
    async fn audit_page(&self, after: u64, most: u32) -> Result<Vec<AuditLink>, StoreError>;

    /// How many decisions are not linked yet.
    async fn audit_unlinked(&self) -> Result<u64, StoreError>;

    /// Says that a server begins to work from this store. Where no other one lives, what a dead one had claimed is free at
    /// once (from its fourth try on later, because it may be what killed it); returns how many pieces. Elsewhere (with PostgreSQL, always) that waits until its leases run out.
    async fn begin_serving(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// Becomes the one who holds `office`, if nobody does. Where there is one process, it always does.
    async fn lead(&self, office: &str) -> Result<Option<Box<dyn Leadership>>, StoreError>;

    /// What the schema is.
    async fn schema(&self) -> Result<SchemaStatus, StoreError>;

    /// Writes everything that is kept into `into`, as it stood at one instant.
    async fn export(&self, into: &mut dyn RowSink) -> Result<(), StoreError>;

    /// Takes in everything from `from`, in one transaction; returns the number of rows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] also where the store is not empty.
    async fn import(&self, from: &mut dyn RowSource) -> Result<u64, StoreError>;
}
