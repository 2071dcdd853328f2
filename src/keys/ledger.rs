//! What the database itself knows about keys: their names, and which server seals with which.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::same;
use crate::{
    domain::{
        decision::DecisionRecord,
        record::{Record, RecordWrite},
    },
    sealing::KeyId,
    store::{Commit, Settled, Store, StoreError},
};

/// A server that has not been heard of for so long is gone. Ten of its reports would have to be missed.
pub const SILENCE: SignedDuration = SignedDuration::from_mins(5);

/// Entries of servers that are gone are kept for so long, for `embargod seal status`.
const MEMORY: SignedDuration = SignedDuration::from_hours(24);

/// So often another writer may come first.
const TRIES: usize = 32;

/// See the module. Written before anything is sealed under a key, and cleared after nothing is any more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Names of the keys under which something may be sealed, and since when.
    pub keys: BTreeMap<String, Timestamp>,
    /// Servers by an id that each makes at its start.
    #[serde(default)]
    pub servers: BTreeMap<String, ServerEntry>,
}

/// What a server said about its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerEntry {
    /// Name of the key that it seals with.
    pub seals_with: String,
    /// Since when.
    pub since: Timestamp,
    /// When it said so last.
    pub seen_at: Timestamp,
}

impl Record for Ledger {
    const KIND: &'static str = "sealing";

    fn key(&self) -> String {
        KEY.to_owned()
    }
}

const KEY: &str = "ledger";

impl Ledger {
    /// Reads it; `None` in a database that has none yet.
    ///
    /// # Errors
    /// When the store fails, or the record is unreadable.
    pub async fn read(store: &dyn Store) -> Result<Option<Self>, StoreError> {
        Ok(read(store).await?.map(|(ledger, _)| ledger))
    }

    /// Notes that something may be sealed under `id` from `now` on.
    pub fn note(&mut self, id: KeyId, now: Timestamp) {
        self.keys.entry(id.to_string()).or_insert(now);
    }

    /// Forgets all keys but `id`.
    pub fn keep_only(&mut self, id: KeyId) {
        self.keys.retain(|name, _| same(id, name));
    }

    /// Servers that were heard of lately.
    pub fn living(&self, now: Timestamp) -> impl Iterator<Item = (&String, &ServerEntry)> {
        self.servers.iter().filter(move |(_, server)| now.duration_since(server.seen_at) < SILENCE)
    }
}

/// Changes the ledger as `edit` says, and appends `entry` to the decisions, in one transaction. Repeated where another
/// writer came first.
pub(super) async fn change(
    store: &dyn Store,
    now: Timestamp,
    entry: Option<DecisionRecord>,
    edit: impl Fn(&mut Ledger) + Send + Sync,
) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        let (before, version) = read(store).await?.unwrap_or_default();
        let mut ledger = before.clone();
        edit(&mut ledger);
        ledger.servers.retain(|_, server| now.duration_since(server.seen_at) < MEMORY);
        if ledger == before && version > 0 && entry.is_none() {
            return Ok(());
        }
        let records = vec![RecordWrite::guarded(&ledger, version)];
        let commit = Commit { records, decision: entry.clone(), ..Commit::default() };
        if store.commit(now, commit).await? != Settled::Conflict {
            return Ok(());
        }
    }
    Err(StoreError::Unavailable("the list of sealing keys is being changed by others all the time".to_owned()))
}

async fn read(store: &dyn Store) -> Result<Option<(Ledger, i64)>, StoreError> {
    let Some(stored) = store.record(Ledger::KIND, KEY).await? else {
        return Ok(None);
    };
    let ledger = serde_json::from_value(stored.value)
        .map_err(|_| StoreError::Corrupt("the list of sealing keys is unreadable".to_owned()))?;
    Ok(Some((ledger, stored.version)))
}
