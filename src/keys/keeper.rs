//! The keys of a running server: looked at anew from time to time, and when one is missing.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    KeysError,
    ledger::{self, Ledger, ServerEntry},
    list, same,
};
use crate::{
    clock::SharedClock,
    sealing::{KeySource, Keyring, Sealer},
    store::SharedStore,
};

/// How often the keys are looked at and reported.
const INTERVAL: Duration = Duration::from_secs(30);

/// Shortest pause between two looks, however often a key is missing.
const BREATH: Duration = Duration::from_secs(1);

/// See the module.
pub struct Keeper {
    store: SharedStore,
    sealer: Sealer,
    clock: SharedClock,
    source: KeySource,
    name: String,
    /// Since when the present key seals.
    since: std::sync::Mutex<Timestamp>,
}

impl Keeper {
    /// The keeper of `sealer`'s keys.
    pub fn new(store: SharedStore, sealer: Sealer, clock: SharedClock, source: KeySource) -> Self {
        let since = std::sync::Mutex::new(clock.now());
        Self { store, sealer, clock, source, name: uuid::Uuid::now_v7().to_string(), since }
    }

    /// Looks every half minute, and when a key is missing, until `stop`; then says that this server seals no more.
    pub async fn run(self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.sealer.key_wanted() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
            if let Err(error) = self.look().await {
                metrics::counter!("embargod_sealing_key_troubles_total").increment(1);
                tracing::error!(%error, "the sealing keys could not be looked at; going on with those known");
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(BREATH) => {}
            }
        }
        let left = ledger::change(&*self.store, self.clock.now(), None, |ledger| {
            ledger.servers.remove(&self.name);
        });
        if let Err(error) = left.await {
            tracing::warn!(%error, "the list of servers still names this one; it is forgotten after a while");
        }
    }

    /// Reads the keys, takes them up where they changed, and reports which one seals.
    ///
    /// # Errors
    /// When keys or store cannot be read; the keys that are known stay in use, and are reported where possible.
    pub async fn look(&self) -> Result<(), KeysError> {
        let taken = match self.source.load().await {
            Ok(ring) => self.take_up(&ring).await,
            Err(error) => Err(error.into()),
        };
        self.report().await?;
        taken
    }

    async fn take_up(&self, ring: &Keyring) -> Result<(), KeysError> {
        if ring.ids() == self.sealer.opening_ids() && ring.current().id() == self.sealer.sealing_id() {
            return Ok(());
        }
        self.sealer.learn(ring)?;
        let now = self.clock.now();
        let current = ring.current().id();
        ledger::change(&*self.store, now, None, |ledger| ledger.note(current, now)).await?;
        let ledger = Ledger::read(&*self.store).await?.unwrap_or_default();
        let missing: Vec<&String> =
            ledger.keys.keys().filter(|name| ring.ids().iter().all(|id| !same(*id, name))).collect();
        if !missing.is_empty() {
            tracing::error!(
                keys = %list(&missing),
                "{} no longer holds sealing key {}, under which something may be sealed; going on with it from memory. \
                 Put it back behind the newer one, or see `embargod seal status`",
                self.source,
                list(&missing)
            );
            return Ok(());
        }
        let before = self.sealer.sealing_id();
        self.sealer.adopt(ring)?;
        if self.sealer.sealing_id() != before {
            *self.since.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
            tracing::info!(key = %self.sealer.sealing_id(), before = %before, "sealing with another key from now on");
        }
        Ok(())
    }

    /// Says which key seals here.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn report(&self) -> Result<(), KeysError> {
        let since = *self.since.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let seen_at = self.clock.now();
        let current = self.sealer.sealing_id();
        let entry = ServerEntry { seals_with: current.to_string(), since, seen_at };
        ledger::change(&*self.store, seen_at, None, |ledger| {
            ledger.note(current, since);
            ledger.servers.insert(self.name.clone(), entry.clone());
        })
        .await?;
        Ok(())
    }
}
