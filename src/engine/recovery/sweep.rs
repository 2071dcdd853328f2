//! The redelivery sweep: GitHub does not repeat a failed delivery by itself, so the bot asks it to.
//!
//! It pages through GitHub's own list back to where the last sweep began, and has every delivery repeated that is not in
//! the store. A repeated delivery keeps its GUID, so nothing is handled twice; one that is kept is never asked for,
//! whatever became of it. What one sweep does not get through, the next one goes on with.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering,
    time::Duration,
};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    domain::record::{Record, RecordWrite},
    engine::{Engine, Shop, Trouble, chores::Chore},
    failpoint,
    github::{DeliverySummary, GitHubError, Retry},
    store::Commit,
};

/// How long GitHub keeps deliveries, as projects report it; older ones cannot be repeated.
const RETENTION: SignedDuration = SignedDuration::from_hours(72);
/// Sweeps overlap, because GitHub's list may lag behind.
const OVERLAP: SignedDuration = SignedDuration::from_mins(15);
/// So long a delivery that GitHub believes to have arrived may be on its way into the store.
const ARRIVING: SignedDuration = SignedDuration::from_mins(2);
/// Pages of 100 that one sweep reads at most.
const MOST_PAGES: usize = 20;
/// Deliveries that one sweep asks for at most: GitHub limits writes to 80 a minute.
const MOST_REQUESTS_A_SWEEP: usize = 60;
/// No further pages are read while so many deliveries are to be asked for.
const MOST_WANTED: usize = 2_000;
/// Pauses after the first, second, … request for one delivery; there is one request more than pauses.
const PAUSES: [SignedDuration; 4] = failpoint::sooner(
    [
        SignedDuration::from_mins(10),
        SignedDuration::from_hours(1),
        SignedDuration::from_hours(6),
        SignedDuration::from_hours(24),
    ],
    [
        SignedDuration::from_secs(4),
        SignedDuration::from_secs(8),
        SignedDuration::from_secs(30),
        SignedDuration::from_secs(240),
    ],
);
/// So long a delivery is remembered that was asked for in vain, so that its last attempt is not taken for a new one.
const IN_VAIN_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Where the last sweep stood.
#[derive(Default, Serialize, Deserialize)]
struct SweepRecord {
    /// When the last sweep began that came to the end of the list.
    begun_at: Option<Timestamp>,
    /// Where a sweep goes on that did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rest: Option<Rest>,
    /// Deliveries that are missing, by GUID.
    #[serde(default)]
    wanted: BTreeMap<String, Wanted>,
}

#[derive(Serialize, Deserialize)]
struct Rest {
    cursor: String,
    since: Timestamp,
    begun_at: Timestamp,
}

/// A delivery that is missing.
#[derive(Serialize, Deserialize)]
struct Wanted {
    /// GitHub's number of its newest attempt.
    id: u64,
    /// How often it was asked for.
    times: u32,
    /// When it is asked for next; after the last request, until when it is remembered.
    next_at: Timestamp,
}

impl Wanted {
    fn may_be_asked_for(&self) -> bool {
        self.times as usize <= PAUSES.len()
    }

    fn asked(&mut self, now: Timestamp) {
        let pause = PAUSES.get(self.times as usize).copied().unwrap_or(IN_VAIN_KEPT);
        self.times += 1;
        self.next_at = now.saturating_add(pause).unwrap_or(now);
    }
}

impl Record for SweepRecord {
    const KIND: &'static str = "sweep";

    fn key(&self) -> String {
        "deliveries".to_owned()
    }
}

/// See the module.
pub(in crate::engine) struct Sweep {
    pub(in crate::engine) interval: Duration,
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
    /// One sweep; the number of deliveries that were asked for again. None where the server has no list of deliveries.
    ///
    /// # Errors
    /// When GitHub or the store does not answer.
    pub async fn sweep_once(&self) -> Result<usize, Trouble> {
        let shop = self.shop();
        let now = shop.clock.now();
        let mut record = shop.read::<SweepRecord>("deliveries").await?.map(|kept| kept.value).unwrap_or_default();
        match look(shop, &mut record, now).await {
            Ok(()) => shop.recovery.list_is_missing.store(false, Ordering::Relaxed),
            Err(Trouble::GitHub(GitHubError::NotFound)) => {
                if !shop.recovery.list_is_missing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "this server keeps no list of deliveries: what is missed is found by reconciling alone"
                    );
                }
                return Ok(0);
            }
            Err(Trouble::GitHub(GitHubError::Invalid { .. })) if record.rest.is_some() => {
                // Its place in the list is gone: from the top again.
                record.rest = None;
            }
            Err(error) => return Err(error),
        }
        let (asked, trouble) = ask(shop, &mut record, now).await?;
        let commit = Commit { records: vec![RecordWrite::overwriting(&record)], ..Commit::default() };
        shop.store.commit(now, commit).await?;
        match trouble {
            Some(error) => Err(error.into()),
            None => Ok(asked),
        }
    }
}

/// Reads GitHub's list and writes down what is missing.
async fn look(shop: &Shop, record: &mut SweepRecord, now: Timestamp) -> Result<(), Trouble> {
    let oldest = now.checked_sub(RETENTION).unwrap_or(now);
    let since = record.begun_at.and_then(|at| at.checked_sub(OVERLAP).ok()).map_or(oldest, |at| at.max(oldest));
    let (mut cursor, since, begun_at) = match &record.rest {
        Some(rest) => (Some(rest.cursor.clone()), rest.since, rest.begun_at),
        None => (None, since, now),
    };
    // At first nothing is known of what went well before.
    let distrusts_success = record.begun_at.is_some();
    let mut pages = 0;
    let mut listed = Vec::new();
    let rest = loop {
        let page = shop.github.app().deliveries(cursor.as_deref()).await?;
        let reached = page.deliveries.last().is_none_or(|oldest| oldest.delivered_at < since);
        listed.extend(page.deliveries);
        cursor = page.next;
        pages += 1;
        match cursor.take() {
            Some(next) if !reached => {
                if pages >= MOST_PAGES || record.wanted.len() + unsuccessful(&listed) >= MOST_WANTED {
                    break Some(Rest { cursor: next, since, begun_at });
                }
                cursor = Some(next);
            }
            _ => break None,
        }
    };
    let arrived_by = if distrusts_success { now.checked_sub(ARRIVING).ok() } else { None };
    for delivery in missed(&listed, since, arrived_by) {
        if shop.store.delivery_state(&delivery.guid).await?.is_none() {
            let fresh = || Wanted { id: delivery.id, times: 0, next_at: now };
            let wanted = record.wanted.entry(delivery.guid.clone()).or_insert_with(fresh);
            wanted.id = wanted.id.max(delivery.id);
        }
    }
    if rest.is_none() {
        record.begun_at = Some(begun_at);
    }
    record.rest = rest;
    Ok(())
}

/// Asks for what is missing and due; how many, and what kept it from asking for all.
async fn ask(shop: &Shop, record: &mut SweepRecord, now: Timestamp) -> Result<(usize, Option<GitHubError>), Trouble> {
    record.wanted.retain(|_, wanted| wanted.may_be_asked_for() || wanted.next_at > now);
    let due = record.wanted.iter().filter(|(_, wanted)| wanted.may_be_asked_for() && wanted.next_at <= now);
    // Numbers grow with time: the oldest first.
    let mut due: Vec<(u64, String)> = due.map(|(guid, wanted)| (wanted.id, guid.clone())).collect();
    due.sort_unstable();
    let (mut asked, mut trouble) = (0, None);
    for (id, guid) in due {
        if shop.store.delivery_state(&guid).await?.is_some() {
            record.wanted.remove(&guid);
            continue;
        }
        if asked >= MOST_REQUESTS_A_SWEEP || matches!(trouble, Some(GitHubError::RateLimited { .. })) {
            break;
        }
        let answer = shop.github.app().redeliver(id).await;
        let Some(wanted) = record.wanted.get_mut(&guid) else {
            continue;
        };
        match answer {
            Ok(()) => {
                metrics::counter!("embargod_deliveries_asked_again_total").increment(1);
                asked += 1;
                wanted.asked(now);
            }
            Err(error) => {
                tracing::warn!(delivery = %guid, %error, "GitHub did not repeat delivery {guid}");
                if matches!(error.retry(now, 1), Retry::At(_)) {
                    // Not counted: it is asked for again, however long GitHub is in trouble.
                    trouble = Some(error);
                } else {
                    wanted.asked(now);
                }
            }
        }
    }
    Ok((asked, trouble))
}

fn unsuccessful(listed: &[DeliverySummary]) -> usize {
    listed.iter().filter(|attempt| !attempt.succeeded()).count()
}

/// The newest attempt of each delivery that may be missing, oldest first: no attempt at it has succeeded, or, with
/// `arrived_by`, GitHub believes that one has (a proxy may have answered in our place, or the database be one of
/// yesterday) and it should be here by then.
fn missed(listed: &[DeliverySummary], since: Timestamp, arrived_by: Option<Timestamp>) -> Vec<&DeliverySummary> {
    let succeeded: BTreeSet<&str> =
        listed.iter().filter(|attempt| attempt.succeeded()).map(|attempt| attempt.guid.as_str()).collect();
    let may_be_missing = |attempt: &&DeliverySummary| {
        attempt.delivered_at >= since
            && (!succeeded.contains(attempt.guid.as_str()) || arrived_by.is_some_and(|by| attempt.delivered_at <= by))
    };
    let mut newest: BTreeMap<&str, &DeliverySummary> = BTreeMap::new();
    for attempt in listed.iter().filter(may_be_missing) {
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

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn attempt(id: u64, guid: &str, delivered_s: i64, status_code: u16) -> DeliverySummary {
        DeliverySummary {
            id,
            guid: guid.to_owned(),
            delivered_at: second(delivered_s),
            redelivery: false,
            status_code,
            status: String::new(),
            event: "issues".to_owned(),
            action: None,
            installation_id: None,
            repository_id: None,
        }
    }

    fn listed() -> [DeliverySummary; 6] {
        [
            attempt(5, "c", 50, 500),
            attempt(4, "b", 40, 202),
            attempt(3, "a", 30, 0),
            attempt(2, "b", 20, 500),
            attempt(1, "a", 10, 502),
            attempt(9, "old", 1, 500),
        ]
    }

    #[test]
    fn a_delivery_counts_as_missed_when_no_attempt_at_it_succeeded() {
        let listed = listed();
        let ids: Vec<_> = missed(&listed, second(5), None).iter().map(|attempt| attempt.id).collect();
        assert_eq!(ids, [3, 5], "newest attempt of a and c; b got through; the last is too old");
    }

    #[test]
    fn what_github_believes_to_have_arrived_is_looked_up_when_it_should_be_here() {
        let listed = listed();
        let ids = |by| missed(&listed, second(5), Some(second(by))).iter().map(|a| a.id).collect::<Vec<_>>();
        assert_eq!(ids(40), [3, 4, 5]);
        assert_eq!(ids(15), [3, 5]);
    }

    #[test]
    fn requests_for_one_delivery_come_to_an_end() {
        let mut wanted = Wanted { id: 1, times: 0, next_at: second(0) };
        let mut now = second(0);
        let mut requests = 0;
        while wanted.may_be_asked_for() {
            wanted.asked(now);
            assert!(wanted.next_at > now);
            now = wanted.next_at;
            requests += 1;
        }
        assert_eq!(requests, PAUSES.len() + 1);
        assert!(now.duration_since(second(0)) < RETENTION, "all requests come while GitHub keeps the delivery");
    }
}
