//! One effect: claim, perform, settle.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{
    Shop, Trouble, clocks,
    dispatch::{Counter, Done},
    entries,
    perform::{Performed, Performers},
    watched,
};
use crate::{
    domain::{
        budget::{Pause, Spend},
        case::{Alert, Case},
        effect::{Effect, Urgency},
        post::PostPlace,
        record::RecordWrite,
    },
    failpoint,
    github::{GitHubError, Retry},
    store::{ClaimedEffect, Commit, Settled, Settlement, StoreError},
};

/// A protecting effect that has failed so often (for about half a minute) is told to maintainers, while it goes on being
/// tried: they can protect the post by hand.
const ALERT_AFTER: u32 = 3;

/// The effects, as one window serves them.
#[derive(Clone)]
pub(super) struct Outbox {
    pub(super) shop: Arc<Shop>,
    pub(super) performers: Arc<Performers>,
    pub(super) least: Urgency,
}

#[async_trait]
impl Counter for Outbox {
    type Piece = ClaimedEffect;

    async fn claim(&self, most: u32) -> Result<Vec<ClaimedEffect>, StoreError> {
        let shop = &self.shop;
        failpoint::reached(failpoint::EFFECT_CLAIM_BEFORE);
        let claimed = shop.store.claim_effects(shop.clock.now(), shop.pace.lease_ms, most, self.least).await?;
        if !claimed.is_empty() {
            failpoint::reached(failpoint::EFFECT_CLAIM_AFTER);
        }
        Ok(claimed)
    }

    async fn work(&self, claimed: ClaimedEffect, hurry: &CancellationToken, done: Done) -> Result<(), StoreError> {
        let span = watched::performing(&claimed);
        one(&self.shop, &self.performers, &claimed, hurry, done).instrument(span).await
    }

    async fn give_back(&self, claimed: ClaimedEffect) -> Result<(), StoreError> {
        let now = self.shop.clock.now();
        put_off(&self.shop, &claimed, now, now).await
    }

    fn size_bytes(_: &ClaimedEffect) -> usize {
        // Effects hold no content.
        0
    }
}

async fn put_off(shop: &Shop, claimed: &ClaimedEffect, now: Timestamp, at: Timestamp) -> Result<(), StoreError> {
    let later = Settlement::Later { at };
    report(claimed, &later, now);
    shop.store.settle_effect(&claimed.lease, now, later, Commit::default()).await.map(|_| ())
}

async fn one(
    shop: &Shop,
    performers: &Performers,
    claimed: &ClaimedEffect,
    hurry: &CancellationToken,
    done: Done,
) -> Result<(), StoreError> {
    let started_at = shop.clock.now();
    let performed = match begins(shop, claimed, started_at).await? {
        Begin::Later(at) => {
            done.say();
            return put_off(shop, claimed, started_at, at).await;
        }
        Begin::Never(trouble) => Err(trouble),
        Begin::Now => {
            let performing = performers.perform(shop, claimed);
            shop.pace.one_try(&claimed.lease, started_at, hurry, performing).await
        }
    };
    let now = shop.clock.now();
    let urgency = claimed.effect.urgency;
    let (settlement, commit) = match performed {
        Ok(Performed { result, commit }) => {
            let mut commit = *commit;
            clocks::set(shop, &mut commit).await?;
            // A protecting effect alerts while it goes on being tried, any other when it is given up; both may work later.
            if claimed.attempt > 1
                && let Some(alert) = mended(shop, claimed, now).await?
            {
                commit.records.push(alert);
                commit.decision.get_or_insert(entries::effect_mended(claimed, now));
            }
            (Settlement::Done(result), commit)
        }
        Err(trouble) => failed(shop, performers, claimed, &trouble, now).await?,
    };
    report(claimed, &settlement, now);
    done.say();
    failpoint::reached(failpoint::EFFECT_SETTLE_BEFORE);
    let settled = shop.store.settle_effect(&claimed.lease, now, settlement, commit).await?;
    failpoint::reached(failpoint::EFFECT_SETTLE_AFTER);
    match settled {
        Settled::Committed => {}
        Settled::LeaseLost => {
            let key = &claimed.effect.key;
            tracing::warn!(effect = %key, "effect {key} was taken over by another worker");
        }
        Settled::Conflict => {
            // The call was made, but the record it was to be written into has moved. The next try looks first, finds
            // what was made, and writes it down.
            let again = Trouble::Moved.settlement(&shop.pace.schedule, now, claimed.attempt, urgency);
            shop.store.settle_effect(&claimed.lease, now, again, Commit::default()).await?;
        }
    }
    Ok(())
}

/// Whether a claimed effect may begin.
enum Begin {
    Now,
    Later(Timestamp),
    Never(Trouble),
}

async fn begins(shop: &Shop, claimed: &ClaimedEffect, now: Timestamp) -> Result<Begin, StoreError> {
    let effect = &claimed.effect;
    if claimed.attempt > shop.pace.schedule.most_attempts {
        return Ok(Begin::Never(Trouble::Nonsense("it never came to an end".to_owned())));
    }
    if let Some(end) = effect.expires_at.filter(|_| effect.missed_its_window(now)) {
        let tried = if claimed.attempt > 1 { "; an earlier try may have reached GitHub, so look first" } else { "" };
        let missed = format!("it missed its window: it was to start before {end}{tried}");
        return Ok(Begin::Never(Trouble::Nonsense(missed)));
    }
    if effect.urgency == Urgency::Protecting {
        return Ok(Begin::Now);
    }
    let Some(installation) = installation_of(shop, effect).await? else {
        return Ok(Begin::Now);
    };
    Ok(match shop.may_spend(installation, effect.urgency, is_public(effect), now) {
        Spend::Go => Begin::Now,
        Spend::WaitUntil(at) => Begin::Later(at),
    })
}

/// Whether it does something on a public place.
fn is_public(effect: &Effect) -> bool {
    effect.payload.get("place").is_some()
}

/// The installation whose requests an effect spends, as far as its payload or its case tell.
async fn installation_of(shop: &Shop, effect: &Effect) -> Result<Option<u64>, StoreError> {
    let named = effect.payload.pointer("/place/installation_id").and_then(Value::as_u64);
    let (None, Some(case)) = (named, &effect.case) else {
        return Ok(named);
    };
    match shop.read::<Case>(case).await {
        Ok(case) => Ok(case.map(|case| case.value.installation_id)),
        Err(Trouble::Store(error)) => Err(error),
        // Whoever performs it says what is wrong with the case.
        Err(_) => Ok(None),
    }
}

/// Remembers a pause that GitHub asks for, so that others do not run into it.
async fn heed_pause(shop: &Shop, effect: &Effect, trouble: &Trouble, now: Timestamp) -> Result<(), StoreError> {
    let Trouble::GitHub(limit @ GitHubError::RateLimited { secondary: true, .. }) = trouble else {
        return Ok(());
    };
    if let (Retry::At(until), Some(installation)) = (limit.retry(now, 1), installation_of(shop, effect).await?) {
        shop.pauses.note(installation, Pause { until, earned_in_public: is_public(effect) }, now);
    }
    Ok(())
}

/// What becomes of an effect that met trouble, and what is written down with it.
async fn failed(
    shop: &Shop,
    performers: &Performers,
    claimed: &ClaimedEffect,
    trouble: &Trouble,
    now: Timestamp,
) -> Result<(Settlement, Commit), StoreError> {
    heed_pause(shop, &claimed.effect, trouble, now).await?;
    let urgency = claimed.effect.urgency;
    let settlement = trouble.settlement(&shop.pace.schedule, now, claimed.attempt, urgency);
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
        decision: match &settlement {
            Settlement::GivenUp { error } => Some(entries::effect_given_up(claimed, error, now)),
            _ => None,
        },
        effects: stuck.then(|| performers.when_stuck(claimed)).flatten().into_iter().collect(),
        ..Commit::default()
    };
    Ok((settlement, commit))
}

/// The alert about an effect that nobody will try again, or (not `last`) that keeps words exposed for too long; `None`
/// where its payload tells no repository, which the log tells then.
async fn alert_about(
    shop: &Shop,
    performers: &Performers,
    claimed: &ClaimedEffect,
    error: &str,
    last: bool,
    now: Timestamp,
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
    let tries = claimed.attempt;
    let state = match (last, effect.missed_its_window(now)) {
        (true, true) => "was not done".to_owned(),
        (true, false) => format!("was given up after {tries} tries"),
        (false, _) => format!("does not work yet after {tries} tries"),
    };
    let text = format!("{} {state} ({error}). {}{at}", effect.kind, performers.by_hand(&effect.kind));
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
async fn mended(shop: &Shop, claimed: &ClaimedEffect, now: Timestamp) -> Result<Option<RecordWrite>, StoreError> {
    let alert = match shop.read::<Alert>(&format!("effect:{}", claimed.effect.key)).await {
        Ok(alert) => alert,
        Err(Trouble::Store(error)) => return Err(error),
        Err(_) => None,
    };
    let open = alert.filter(|alert| alert.value.resolved_at.is_none());
    Ok(open.map(|alert| RecordWrite::overwriting(&Alert { resolved_at: Some(now), ..alert.value })))
}

fn report(claimed: &ClaimedEffect, settlement: &Settlement, now: Timestamp) {
    let (key, kind) = (&claimed.effect.key, &claimed.effect.kind);
    match settlement {
        Settlement::Done(_) => {
            tracing::info!(effect = %key, kind = %kind, attempt = claimed.attempt, "performed {key}");
        }
        Settlement::Retry { at, error } | Settlement::Aside { at, error } => {
            tracing::warn!(effect = %key, kind = %kind, %at, %error, "{key} did not work; trying again at {at}");
        }
        Settlement::Later { .. } => {}
        Settlement::GivenUp { error } => {
            tracing::error!(effect = %key, kind = %kind, %error, "{key} is given up; see `embargod effects show {key}`");
        }
    }
    watched::performed(claimed, settlement, now);
}
