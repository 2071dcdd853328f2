//! One delivery: claim, decide, commit.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use serde_json::Value;

use super::{
    LEASE_MS, Shop, Trouble,
    features::{Delivery, Feature, Outcome},
    freshness, recovery, schedule,
};
use crate::{
    domain::{case::Alert, decision::DecisionRecord, effect::Urgency, post::RepoName, record::RecordWrite},
    github::webhook::events,
    store::{ClaimedDelivery, Commit, Settled, Settlement, StoreError},
};

/// Handles one delivery; `false` when none is due.
pub(super) async fn one(shop: &Shop, features: &[Box<dyn Feature>]) -> Result<bool, StoreError> {
    let Some(claimed) = shop.store.claim_delivery(shop.clock.now(), LEASE_MS).await? else {
        return Ok(false);
    };
    let guid = &claimed.guid;
    let _turn = shop.turn_for(claimed.sealed_body.len()).await;
    let handled = if claimed.attempt > schedule::MOST_ATTEMPTS {
        // Whoever held it before did not live to say why.
        Err(Trouble::Nonsense("it never came to an end".to_owned()))
    } else {
        let handling = AssertUnwindSafe(handle(shop, features, &claimed));
        let panicked = |_| Err(Trouble::Nonsense("handling it broke a promise of the program (a panic)".to_owned()));
        handling.catch_unwind().await.unwrap_or_else(panicked)
    };
    let now = shop.clock.now();
    let (settlement, commit) = match handled {
        Ok(commit) => (Settlement::Done(Value::Null), commit),
        // What it brings may stand in public, so nothing is more urgent.
        Err(trouble) => {
            let settlement = trouble.settlement(now, claimed.attempt, Urgency::Protecting);
            (settlement, Commit::default())
        }
    };
    let mut commit = commit;
    if let Settlement::GivenUp { error } = &settlement {
        tracing::error!(delivery = %guid, %error, "delivery {guid} is parked");
        let alert = parked(shop, &claimed, error, now);
        commit.records.push(RecordWrite::overwriting(&alert));
    }
    let outcome = commit.decision.as_ref().map(|decision| decision.outcome.clone());
    match shop.store.settle_delivery(&claimed.lease, now, settlement, commit).await? {
        Settled::Committed => {
            if let Some(outcome) = outcome {
                metrics::counter!("embargod_decisions_total", "outcome" => outcome).increment(1);
                if recovery::is_found(guid) {
                    metrics::counter!("embargod_repaired_total", "kind" => claimed.event.clone()).increment(1);
                }
            }
        }
        Settled::LeaseLost => {
            tracing::warn!(delivery = %guid, "delivery {guid} was taken over by another worker")
        }
        Settled::Conflict => {
            let again = Trouble::Moved.settlement(now, claimed.attempt, Urgency::Protecting);
            shop.store.settle_delivery(&claimed.lease, now, again, Commit::default()).await?;
        }
    }
    Ok(true)
}

/// The alert about a delivery that nobody will handle any more.
fn parked(shop: &Shop, claimed: &ClaimedDelivery, error: &str, now: jiff::Timestamp) -> Alert {
    let body = shop.sealer.open_delivery(&claimed.guid, &claimed.sealed_body, &shop.clearance);
    // An event that no parser is for: only what all payloads have in common is read.
    let repository = body
        .ok()
        .and_then(|body| events::parse("", body.open(&shop.clearance)).ok())
        .and_then(|told| told.repository)
        .map(|repository| repository.name);
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
    let delivery = Delivery::open(shop, claimed).await?;
    freshness::renew(shop, &delivery).await;
    if recovery::is_found(&claimed.guid) && recovery::is_overtaken(shop, &delivery).await? {
        return Ok(Commit::default());
    }
    for feature in features {
        if let Some(outcome) = feature.consider(shop, &delivery).await? {
            return Ok(commit(shop, &delivery, feature.name(), outcome));
        }
    }
    Ok(Commit::default())
}

fn commit(shop: &Shop, delivery: &Delivery, feature: &str, outcome: Outcome) -> Commit {
    let Outcome { decision, sealed, subject, actor, policy_version } = outcome;
    let now = shop.clock.now();
    let (guid, verdict) = (&delivery.guid, &decision.outcome);
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
