//! Keeps one look at each case waiting: whatever writes a case sets the next look and drops the one before, in the same
//! commit. What slips through (a write by hand, cases of an older version) is set by [`SetClocks`].

use std::{collections::HashSet, time::Duration};

use async_trait::async_trait;

use super::{Engine, Shop, Trouble, chores::Chore};
use crate::{
    domain::{
        case::{Alert, Case},
        clocks,
        record::{Record, RecordWrite},
    },
    store::{Commit, StoreError, StoredRecord},
};

/// How often it is seen to that no case is without its look.
const LOOK_EVERY: Duration = Duration::from_secs(600);

/// Sets the next look of every case that `commit` writes.
pub(super) async fn set(shop: &Shop, commit: &mut Commit) -> Result<(), StoreError> {
    let mut effects = Vec::new();
    for write in commit.records.iter().filter(|write| write.kind == Case::KIND) {
        let Ok(case) = serde_json::from_value::<Case>(write.value.clone()) else {
            continue;
        };
        let before = match write.expected_version {
            Some(0) => None,
            _ => shop.store.record(Case::KIND, &write.key).await?,
        };
        let version = before.as_ref().map_or(0, |stored| stored.version);
        let old = before.and_then(|stored| clocks::tick_key(&case_in(&stored)?, stored.version));
        commit.dropped_effects.extend(old);
        effects.extend(clocks::next_tick(&case, write.expected_version.unwrap_or(version) + 1));
    }
    commit.effects.extend(effects);
    Ok(())
}

fn case_in(stored: &StoredRecord) -> Option<Case> {
    serde_json::from_value(stored.value.clone()).ok()
}

/// Sees to it that every case has its look, and that alerts about clocks end with them.
pub(super) struct SetClocks;

#[async_trait]
impl Chore for SetClocks {
    fn name(&self) -> &'static str {
        "clocks"
    }

    fn interval(&self) -> Duration {
        LOOK_EVERY
    }

    async fn round(&self, engine: &Engine) -> Result<(), Trouble> {
        engine.set_clocks().await
    }
}

impl Engine {
    /// One round of it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn set_clocks(&self) -> Result<(), Trouble> {
        let (store, now) = (&self.shop().store, self.shop().clock.now());
        let mut open = HashSet::new();
        for stored in store.records(Case::KIND).await? {
            let Some(case) = case_in(&stored) else { continue };
            let asks = case.clocks.iter().filter(|clock| clock.is_open());
            open.extend(asks.map(|clock| clocks::alert_id(case.id.as_str(), &clock.name)));
            let Some(tick) = clocks::next_tick(&case, stored.version) else { continue };
            if store.effect(&tick.key).await?.is_none() {
                store.commit(now, Commit { effects: vec![tick], ..Commit::default() }).await?;
            }
        }
        for stored in store.records(Alert::KIND).await?.into_iter().filter(|alert| alert.key.starts_with("clock:")) {
            let Ok(alert) = serde_json::from_value::<Alert>(stored.value) else { continue };
            if alert.resolved_at.is_none() && !open.contains(&alert.id) {
                let write = RecordWrite::guarded(&Alert { resolved_at: Some(now), ..alert }, stored.version);
                store.commit(now, Commit { records: vec![write], ..Commit::default() }).await?;
            }
        }
        Ok(())
    }
}
