//! One effect: claim, perform, settle.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tracing::Instrument;

use super::{
    LEASE_MS, Shop, Trouble,
    perform::{Performed, Performers},
    schedule, watched,
};
use crate::{
    domain::{
        case::{Alert, Case},
        effect::Urgency,
        post::PostPlace,
        record::RecordWrite,
    },
    store::{ClaimedEffect, Commit, Settled, Settlement, StoreError},
};

/// A protecting effect that has failed so often (for about half a minute) is told to maintainers, while it goes on being
/// tried: they can protect the post by hand.
const ALERT_AFTER: u32 = 3;

/// Performs one effect; `false` when none is due.
pub(super) async fn one(shop: &Shop, performers: &Performers) -> Result<bool, StoreError> {
    let Some(claimed) = shop.store.claim_effect(shop.clock.now(), LEASE_MS).await? else {
        return Ok(false);
    };
    let span = watched::performing(&claimed);
    one_claimed(shop, performers, &claimed).instrument(span).await?;
    Ok(true)
}

async fn one_claimed(shop: &Shop, performers: &Performers, claimed: &ClaimedEffect) -> Result<(), StoreError> {
    let performed = if claimed.attempt > schedule::MOST_ATTEMPTS {
        Err(Trouble::Nonsense("it never came to an end".to_owned()))
    } else {
        let performing = AssertUnwindSafe(performers.perform(shop, claimed));
        let panicked = |_| Err(Trouble::Nonsense("performing it broke a promise of the program (a panic)".to_owned()));
        performing.catch_unwind().await.unwrap_or_else(panicked)
    };
    let now = shop.clock.now();
    let urgency = claimed.effect.urgency;
    let (settlement, commit) = match performed {
        Ok(Performed { result, commit }) => {
            let mut commit = *commit;
            if urgency == Urgency::Protecting && claimed.attempt > 1 {
                commit.records.extend(mended(shop, claimed, now).await?);
            }
            (Settlement::Done(result), commit)
        }
        Err(trouble) => {
            let settlement = trouble.settlement(now, claimed.attempt, urgency);
            let (told, stuck) = match &settlement {
                Settlement::GivenUp { error } => (Some((error, true)), true),
                Settlement::Retry { error, .. } if urgency == Urgency::Protecting => {
                    let stuck = claimed.attempt == 1 && trouble.is_missing_permission();
                    ((stuck || claimed.attempt == ALERT_AFTER).then_some((error, false)), stuck)
                }
                _ => (None, false),
            };
            let alert = match told {
                Some((error, last)) => alert_about(shop, performers, claimed, error, last, now).await?,
                None => None,
            };
            let commit = Commit {
                records: alert.iter().map(RecordWrite::overwriting).collect(),
                effects: stuck.then(|| performers.when_stuck(claimed)).flatten().into_iter().collect(),
                ..Commit::default()
            };
            (settlement, commit)
        }
    };
    report(claimed, &settlement);
    watched::performed(claimed, &settlement, now);
    match shop.store.settle_effect(&claimed.lease, now, settlement, commit).await? {
        Settled::Committed => {}
        Settled::LeaseLost => {
            let key = &claimed.effect.key;
            tracing::warn!(effect = %key, "effect {key} was taken over by another worker");
        }
        Settled::Conflict => {
            // The call was made, but the record it was to be written into has moved. The next try looks first, finds
            // what was made, and writes it down.
            let again = Trouble::Moved.settlement(now, claimed.attempt, urgency);
            shop.store.settle_effect(&claimed.lease, now, again, Commit::default()).await?;
        }
    }
    Ok(())
}

/// The alert about an effect that nobody will try again, or (not `last`) that keeps words exposed for too long; `None`
/// where its payload tells no repository, which the log tells then.
async fn alert_about(
    shop: &Shop,
    performers: &Performers,
    claimed: &ClaimedEffect,
    error: &str,
    last: bool,
    now: jiff::Timestamp,
) -> Result<Option<Alert>, StoreError> {
    let effect = &claimed.effect;
    let place = effect.payload.get("place").cloned();
    let place: Option<PostPlace> = place.and_then(|place| serde_json::from_value(place).ok());
    let (repository, at) = match (place, &effect.case) {
        (Some(place), _) => (place.repository, format!(": {}", place.html_url)),
        (None, Some(case)) => match shop.read::<Case>(case).await {
            Ok(Some(case)) => (case.value.repository, String::new()),
            Ok(None) => return Ok(None),
            Err(Trouble::Store(error)) => return Err(error),
            Err(_) => return Ok(None),
        },
        (None, None) => return Ok(None),
    };
    let state = if last { "was given up" } else { "does not work yet" };
    let text = format!(
        "{} {state} after {} tries ({error}). {}{at}",
        effect.kind,
        claimed.attempt,
        performers.by_hand(&effect.kind)
    );
    tracing::error!(repository = %repository, "alert for the maintainers of {repository}: {text}");
    Ok(Some(Alert {
        id: format!("effect:{}", effect.key),
        at: now,
        repository,
        case: effect.case.clone(),
        text,
        resolved_at: None,
    }))
}

/// Resolves the alert about an effect that worked after all.
async fn mended(shop: &Shop, claimed: &ClaimedEffect, now: jiff::Timestamp) -> Result<Option<RecordWrite>, StoreError> {
    let alert = match shop.read::<Alert>(&format!("effect:{}", claimed.effect.key)).await {
        Ok(alert) => alert,
        Err(Trouble::Store(error)) => return Err(error),
        Err(_) => None,
    };
    let open = alert.filter(|alert| alert.value.resolved_at.is_none());
    Ok(open.map(|alert| RecordWrite::overwriting(&Alert { resolved_at: Some(now), ..alert.value })))
}

fn report(claimed: &ClaimedEffect, settlement: &Settlement) {
    let (key, kind) = (&claimed.effect.key, &claimed.effect.kind);
    match settlement {
        Settlement::Done(_) => {
            tracing::info!(effect = %key, kind = %kind, attempt = claimed.attempt, "performed {key}");
        }
        Settlement::Retry { at, error } => {
            tracing::warn!(effect = %key, kind = %kind, %at, %error, "{key} did not work; trying again at {at}");
        }
        Settlement::Later { .. } => {}
        Settlement::GivenUp { error } => {
            tracing::error!(effect = %key, kind = %kind, %error, "{key} is given up; see `embargod case explain`");
        }
    }
}
