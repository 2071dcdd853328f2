//! One delivery: claim, decide, commit.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use serde_json::Value;

use super::{
    LEASE_MS, Shop, Trouble,
    features::{Delivery, Feature, Outcome},
    schedule,
};
use crate::{
    domain::decision::DecisionRecord,
    store::{ClaimedDelivery, Commit, Settled, Settlement, StoreError},
};

/// Handles one delivery; `false` when none is due.
pub(super) async fn one(shop: &Shop, features: &[Box<dyn Feature>]) -> Result<bool, StoreError> {
    let Some(claimed) = shop
        .store
        .claim_delivery(shop.clock.now(), LEASE_MS)
        .await?
    else {
        return Ok(false);
    };
    let guid = &claimed.guid;
    let handled = if claimed.attempt > schedule::MOST_ATTEMPTS {
        // Whoever held it before did not live to say why.
        Err(Trouble::Nonsense("it never came to an end".to_owned()))
    } else {
        let handling = AssertUnwindSafe(handle(shop, features, &claimed));
        let panicked = |_| {
            Err(Trouble::Nonsense(
                "handling it broke a promise of the program (a panic)".to_owned(),
            ))
        };
        handling.catch_unwind().await.unwrap_or_else(panicked)
    };
    let now = shop.clock.now();
    let (settlement, commit) = match handled {
        Ok(commit) => (Settlement::Done(Value::Null), commit),
        Err(trouble) => (trouble.settlement(now, claimed.attempt), Commit::default()),
    };
    if let Settlement::GivenUp { error } = &settlement {
        tracing::error!(delivery = %guid, %error, "delivery {guid} is parked");
    }
    let outcome = commit
        .decision
        .as_ref()
        .map(|decision| decision.outcome.clone());
    match shop
        .store
        .settle_delivery(&claimed.lease, now, settlement, commit)
        .await?
    {
        Settled::Committed => {
            if let Some(outcome) = outcome {
                metrics::counter!("embargod_decisions_total", "outcome" => outcome).increment(1);
            }
        }
        Settled::LeaseLost => {
            tracing::warn!(delivery = %guid, "delivery {guid} was taken over by another worker")
        }
        Settled::Conflict => {
            let again = Trouble::Moved.settlement(now, claimed.attempt);
            shop.store
                .settle_delivery(&claimed.lease, now, again, Commit::default())
                .await?;
        }
    }
    Ok(true)
}

async fn handle(
    shop: &Shop,
    features: &[Box<dyn Feature>],
    claimed: &ClaimedDelivery,
) -> Result<Commit, Trouble> {
    let delivery = Delivery::open(shop, claimed).await?;
    for feature in features {
        if let Some(outcome) = feature.consider(shop, &delivery).await? {
            return Ok(commit(shop, &delivery, feature.name(), outcome));
        }
    }
    Ok(Commit::default())
}

fn commit(shop: &Shop, delivery: &Delivery, feature: &str, outcome: Outcome) -> Commit {
    let Outcome {
        decision,
        sealed,
        subject,
        actor,
        policy_version,
    } = outcome;
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
        effects: decision
            .effects
            .iter()
            .map(|effect| effect.key.clone())
            .collect(),
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
