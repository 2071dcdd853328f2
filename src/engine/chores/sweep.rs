//! The redelivery sweep: GitHub does not repeat a failed delivery by itself, so the bot asks it to.
//!
//! It pages through GitHub's own list back to where the last sweep began, and has every delivery repeated that was never
//! answered well and is not in the store. A repeated delivery keeps its GUID, so nothing is handled twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Chore;
use crate::{
    domain::record::{Record, RecordWrite},
    engine::{Engine, Shop, Trouble},
    github::{DeliverySummary, Retry},
    store::Commit,
};

/// How long GitHub keeps deliveries, as projects report it; older ones cannot be repeated.
const RETENTION: SignedDuration = SignedDuration::from_hours(72);
/// Sweeps overlap, because GitHub's list may lag behind.
const OVERLAP: SignedDuration = SignedDuration::from_mins(15);
/// Pages of 100 that one sweep reads at most.
const MOST_PAGES: usize = 20;
/// How often one delivery is asked for again.
const MOST_REQUESTS: u32 = 3;

/// Where the last sweep stood.
#[derive(Default, Serialize, Deserialize)]
struct SweepRecord {
    begun_at: Option<Timestamp>,
    /// How often each GUID was asked for, and when last.
    asked: BTreeMap<String, (u32, Timestamp)>,
}

impl Record for SweepRecord {
    const KIND: &'static str = "sweep";

    fn key(&self) -> String {
        "deliveries".to_owned()
    }
}

/// See the module.
pub(super) struct Sweep {
    pub(super) interval: Duration,
}

#[async_trait]
impl Chore for Sweep {
    fn name(&self) -> &'static str {
        "sweep"
    }

    fn interval(&self) -> Duration {
        self.interval
    }

    async fn round(&self, engine: &Engine) -> Result<(), Trouble> {
        let asked = engine.sweep_once().await?;
        if asked > 0 {
            tracing::warn!(asked, "asked GitHub for {asked} deliveries that were missed");
        }
        Ok(())
    }
}

impl Engine {
    /// One sweep; the number of deliveries that were asked for again.
    ///
    /// # Errors
    /// When GitHub or the store does not answer.
    pub async fn sweep_once(&self) -> Result<usize, Trouble> {
        let shop = self.shop();
        let now = shop.clock.now();
        let mut record = shop.read::<SweepRecord>("deliveries").await?.map(|kept| kept.value).unwrap_or_default();
        let oldest = now.checked_sub(RETENTION).unwrap_or(now);
        let since = record.begun_at.and_then(|at| at.checked_sub(OVERLAP).ok()).map_or(oldest, |at| at.max(oldest));
        let listed = list(shop, since).await?;
        let mut asked = 0;
        let mut trouble = None;
        for delivery in missed(&listed, since) {
            let known = shop.store.delivery_state(&delivery.guid).await?.is_some();
            let (times, _) = record.asked.get(&delivery.guid).copied().unwrap_or((0, now));
            if known || times >= MOST_REQUESTS {
                continue;
            }
            if let Err(error) = shop.github.app().redeliver(delivery.id).await {
                tracing::warn!(delivery = %delivery.guid, %error, "GitHub did not repeat delivery {}", delivery.guid);
                if matches!(error.retry(now, 1), Retry::At(_)) {
                    // Not counted: it is asked for again, however long GitHub is in trouble.
                    trouble = Some(error);
                    continue;
                }
                record.asked.insert(delivery.guid.clone(), (times + 1, now));
                continue;
            }
            record.asked.insert(delivery.guid.clone(), (times + 1, now));
            metrics::counter!("embargod_deliveries_asked_again_total").increment(1);
            asked += 1;
        }
        if trouble.is_none() {
            record.begun_at = Some(now);
        }
        record.asked.retain(|_, (_, at)| *at > oldest);
        let commit = Commit { records: vec![RecordWrite::overwriting(&record)], ..Commit::default() };
        shop.store.commit(now, commit).await?;
        match trouble {
            Some(error) => Err(error.into()),
            None => Ok(asked),
        }
    }
}

async fn list(shop: &Shop, since: Timestamp) -> Result<Vec<DeliverySummary>, Trouble> {
    let mut listed = Vec::new();
    let mut cursor = None;
    for _ in 0..MOST_PAGES {
        let page = shop.github.app().deliveries(cursor.as_deref()).await?;
        let reached = page.deliveries.last().is_none_or(|oldest| oldest.delivered_at < since);
        listed.extend(page.deliveries);
        cursor = page.next;
        if reached || cursor.is_none() {
            break;
        }
    }
    Ok(listed)
}

/// The newest attempt of each delivery that no attempt of has succeeded, oldest first.
fn missed(listed: &[DeliverySummary], since: Timestamp) -> Vec<&DeliverySummary> {
    let succeeded: BTreeSet<&str> =
        listed.iter().filter(|attempt| attempt.succeeded()).map(|attempt| attempt.guid.as_str()).collect();
    let mut newest: BTreeMap<&str, &DeliverySummary> = BTreeMap::new();
    for attempt in listed.iter().filter(|a| a.delivered_at >= since && !succeeded.contains(a.guid.as_str())) {
        let kept = newest.entry(&attempt.guid).or_insert(attempt);
        if attempt.delivered_at > kept.delivered_at {
            *kept = attempt;
        }
    }
    let mut missed: Vec<_> = newest.into_values().collect();
    // Numbers grow with time, and instants have whole seconds.
    missed.sort_by_key(|attempt| (attempt.delivered_at, attempt.id));
    missed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempt(id: u64, guid: &str, second: i64, status_code: u16) -> DeliverySummary {
        DeliverySummary {
            id,
            guid: guid.to_owned(),
            delivered_at: Timestamp::from_second(second).expect("in range"),
            redelivery: false,
            status_code,
            status: String::new(),
            event: "issues".to_owned(),
            action: None,
            installation_id: None,
            repository_id: None,
        }
    }

    #[test]
    fn a_delivery_counts_as_missed_when_no_attempt_at_it_succeeded() {
        let listed = [
            attempt(5, "c", 50, 500),
            attempt(4, "b", 40, 202),
            attempt(3, "a", 30, 0),
            attempt(2, "b", 20, 500),
            attempt(1, "a", 10, 502),
            attempt(9, "old", 1, 500),
        ];
        let since = Timestamp::from_second(5).expect("in range");
        let ids: Vec<_> = missed(&listed, since).iter().map(|attempt| attempt.id).collect();
        assert_eq!(ids, [3, 5], "newest attempt of a and c; b got through; the last is too old");
    }
}
