//! One delivery: claim, decide, commit.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::{
    Shop, Trouble, clocks,
    dispatch::{Counter, Done},
    entries,
    features::{self, Delivery, Feature, Outcome},
    freshness, recovery, schedule, watched,
};
use crate::{
    domain::{case::Alert, decision::DecisionRecord, effect::Urgency, post::RepoName, record::RecordWrite},
    failpoint,
    github::webhook::events,
    store::{ClaimOrder, ClaimedDelivery, Commit, Settled, Settlement, StoreError},
};

/// The deliveries, as one window serves them.
#[derive(Clone)]
pub(super) struct Inbox {
    pub(super) shop: Arc<Shop>,
    pub(super) features: Arc<Vec<Box<dyn Feature>>>,
    pub(super) order: ClaimOrder,
}

#[async_trait]
impl Counter for Inbox {
    type Piece = ClaimedDelivery;

    async fn claim(&self, most: u32) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let shop = &self.shop;
        failpoint::reached(failpoint::DELIVERY_CLAIM_BEFORE);
        let claimed = shop.store.claim_deliveries(shop.clock.now(), shop.pace.lease_ms, most, self.order).await?;
        if !claimed.is_empty() {
            failpoint::reached(failpoint::DELIVERY_CLAIM_AFTER);
        }
        Ok(claimed)
    }

    async fn work(&self, claimed: ClaimedDelivery, hurry: &CancellationToken, done: Done) -> Result<(), StoreError> {
        let span = watched::deciding(&claimed);
        one(&self.shop, &self.features, &claimed, hurry, done).instrument(span).await
    }

    async fn give_back(&self, claimed: ClaimedDelivery) -> Result<(), StoreError> {
        let now = self.shop.clock.now();
        let later = Settlement::Later { at: now };
        self.shop.store.settle_delivery(&claimed.lease, now, later, Commit::default()).await.map(|_| ())
    }

    fn size_bytes(claimed: &ClaimedDelivery) -> usize {
        claimed.body_bytes
    }
}

async fn one(
    shop: &Shop,
    features: &[Box<dyn Feature>],
    claimed: &ClaimedDelivery,
    hurry: &CancellationToken,
    done: Done,
) -> Result<(), StoreError> {
    let guid = &claimed.guid;
    let handled = if claimed.attempt > shop.pace.schedule.most_attempts {
        // Whoever held it before did not live to say why.
        Err(Trouble::Nonsense("it never came to an end".to_owned()))
    } else {
        let handling = handle(shop, features, claimed);
        shop.pace.one_try(&claimed.lease, shop.clock.now(), hurry, handling).await
    };
    let now = shop.clock.now();
    let (settlement, mut commit) = match handled {
        Ok(commit) => (Settlement::Done(Value::Null), commit),
        Err(trouble) => (after(shop, &trouble, claimed.attempt, now), Commit::default()),
    };
    match &settlement {
        Settlement::GivenUp { error } => {
            tracing::error!(delivery = %guid, %error, "delivery {guid} is parked");
            let alert = parked(shop, claimed, error, now).await;
            commit.records.push(RecordWrite::overwriting(&alert));
        }
        Settlement::Aside { at, error } | Settlement::Retry { at, error } => {
            tracing::warn!(delivery = %guid, %error, %at, "delivery {guid} could not be handled; trying again at {at}");
        }
        Settlement::Done(_) | Settlement::Later { .. } => {}
    }
    watched::decided(claimed, &settlement);
    let outcome = commit.decision.as_ref().map(|decision| decision.outcome.clone());
    if let Settlement::GivenUp { error } = &settlement {
        commit.decision = Some(entries::delivery_parked(claimed, error, now));
    }
    if claimed.attempt > 1 && matches!(settlement, Settlement::Done(_)) {
        commit.records.extend(mended(shop, claimed, now).await?);
    }
    done.say();
    failpoint::reached(failpoint::DELIVERY_SETTLE_BEFORE);
    let settled = shop.store.settle_delivery(&claimed.lease, now, settlement, commit).await?;
    failpoint::reached(failpoint::DELIVERY_SETTLE_AFTER);
    match settled {
        Settled::Committed => {
            if let Some(outcome) = outcome {
                metrics::counter!("embargod_decisions_total", "outcome" => outcome).increment(1);
                if recovery::is_found(guid) {
                    metrics::counter!("embargod_repaired_total", "kind" => claimed.event.clone()).increment(1);
                }
            }
        }
        Settled::LeaseLost => {
            tracing::warn!(delivery = %guid, "delivery {guid} was taken over by another worker");
        }
        Settled::Conflict => {
            let again = after(shop, &Trouble::Moved, claimed.attempt, now);
            shop.store.settle_delivery(&claimed.lease, now, again, Commit::default()).await?;
        }
    }
    Ok(())
}

/// What becomes of a delivery that met trouble. What it brings may stand in public, so nothing is more urgent.
fn after(shop: &Shop, trouble: &Trouble, attempt: u32, now: jiff::Timestamp) -> Settlement {
    match trouble.settlement(&shop.pace.schedule, now, attempt, Urgency::Protecting) {
        Settlement::Retry { at, error } if !schedule::keeps_its_place(now, at, attempt) => {
            Settlement::Aside { at, error }
        }
        settlement => settlement,
    }
}

/// Resolves the alert about a delivery that was given up and was handled after all. Its decision is in the audit log, behind
/// that of whoever had it tried again.
async fn mended(
    shop: &Shop,
    claimed: &ClaimedDelivery,
    now: jiff::Timestamp,
) -> Result<Option<RecordWrite>, StoreError> {
    let alert = match shop.read::<Alert>(&format!("delivery:{}", claimed.guid)).await {
        Ok(alert) => alert,
        Err(Trouble::Store(error)) => return Err(error),
        Err(_) => None,
    };
    let open = alert.filter(|alert| alert.value.resolved_at.is_none());
    Ok(open.map(|alert| RecordWrite::overwriting(&Alert { resolved_at: Some(now), ..alert.value })))
}

/// The alert about a delivery that nobody will handle any more.
async fn parked(shop: &Shop, claimed: &ClaimedDelivery, error: &str, now: jiff::Timestamp) -> Alert {
    let turn = shop.turn_for(claimed).await;
    // An event that no parser is for: only what all payloads have in common is read.
    let told = features::opened(shop, claimed).await.ok();
    let told = told.and_then(|body| events::parse("", body.open(&shop.clearance)).ok());
    drop(turn);
    let repository = told.and_then(|told| told.repository).map(|repository| repository.name);
    let unknown = || RepoName { owner: "unknown".to_owned(), name: claimed.lane.replace(':', "-") };
    Alert {
        resolved_at: None,
        id: format!("delivery:{}", claimed.guid),
        at: now,
        repository: repository.unwrap_or_else(unknown),
        case: None,
        text: format!(
            "what GitHub told at {} ({}) was given up after {} tries ({error}). Nothing was done about it: look at that \
             time's posts by hand",
            claimed.received_at, claimed.event, claimed.attempt
        ),
    }
}

async fn handle(shop: &Shop, features: &[Box<dyn Feature>], claimed: &ClaimedDelivery) -> Result<Commit, Trouble> {
    let _turn = shop.turn_for(claimed).await;
    let delivery = Delivery::open(shop, claimed).await?;
    freshness::renew(shop, &delivery).await;
    if recovery::is_found(&claimed.guid) && recovery::is_overtaken(shop, &delivery).await? {
        return Ok(Commit::default());
    }
    for feature in features {
        if let Some(outcome) = feature.consider(shop, &delivery).await? {
            let mut commit = commit(shop, &delivery, feature.name(), outcome);
            clocks::set(shop, &mut commit).await?;
            return Ok(commit);
        }
    }
    Ok(Commit::default())
}

fn commit(shop: &Shop, delivery: &Delivery, feature: &str, outcome: Outcome) -> Commit {
    let Outcome { decision, sealed, subject, actor, policy_version } = outcome;
    let now = shop.clock.now();
    let (guid, verdict) = (&delivery.guid, &decision.outcome);
    let span = Span::current();
    span.record("outcome", verdict.as_str());
    if let Some(case) = &decision.case {
        span.record("case", case.as_str());
    }
    tracing::info!(delivery = %guid, subject = %subject, outcome = %verdict, "{feature} decided {verdict} about {subject}");
    let record = DecisionRecord {
        at: now,
        feature: feature.to_owned(),
        subject,
        outcome: decision.outcome,
        cause: delivery.guid.clone(),
        actor,
        case: decision.case,
        policy_version,
        reasons: decision.reasons,
        effects: decision.effects.iter().map(|effect| effect.key.clone()).collect(),
    };
    Commit {
        records: decision.records,
        sealed,
        effects: decision.effects,
        dropped_effects: decision.dropped_effects,
        decision: Some(record),
        caused_at: Some(delivery.received_at),
    }
}
