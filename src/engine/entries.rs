//! What the engine itself decides, as the audit log keeps it: giving up, seeing that something works after all, believing
//! a policy, clearing away. What rules decide has entries of its own.

use jiff::Timestamp;

use crate::{
    domain::{decision::DecisionRecord, post::RepoName, reason::Reason, retention::Retention},
    store::{ClaimedDelivery, ClaimedEffect},
};

/// An effect is given up after its last try.
pub(super) fn effect_given_up(claimed: &ClaimedEffect, error: &str, now: Timestamp) -> DecisionRecord {
    let (kind, tries) = (&claimed.effect.kind, tries(claimed.attempt));
    let why = Reason::new("outbox.given_up", format!("{kind} did not work in {tries}: {error}"));
    about_effect("given_up", claimed, why, now)
}

/// An effect that was told to maintainers as an alert works after all.
pub(super) fn effect_mended(claimed: &ClaimedEffect, now: Timestamp) -> DecisionRecord {
    let text = format!("{} worked after all; its alert is resolved", claimed.effect.kind);
    about_effect("alert_resolved", claimed, Reason::new("outbox.mended", text), now)
}

fn about_effect(outcome: &str, claimed: &ClaimedEffect, why: Reason, now: Timestamp) -> DecisionRecord {
    let effect = &claimed.effect;
    DecisionRecord { case: effect.case.clone(), ..entry("outbox", outcome, &effect.key, &effect.key, why, now) }
}

/// A delivery is given up after its last try.
pub(super) fn delivery_parked(claimed: &ClaimedDelivery, error: &str, now: Timestamp) -> DecisionRecord {
    let (event, tries) = (&claimed.event, tries(claimed.attempt));
    let why = Reason::new("inbox.parked", format!("{event} could not be handled in {tries}: {error}"));
    entry("inbox", "parked", &claimed.guid, &claimed.guid, why, now)
}

/// Another policy is in force for a repository.
pub(super) fn policy_in_force(name: &RepoName, origin: &str, version: &str, now: Timestamp) -> DecisionRecord {
    let why = Reason::new("policy.in_force", format!("{origin} is in force")).from_source(origin);
    DecisionRecord {
        policy_version: version.to_owned(),
        ..entry("policy", "in_force", &name.to_string(), origin, why, now)
    }
}

/// A repository's policy cannot be read as one; `instead` says what is in force meanwhile.
pub(super) fn policy_broken(name: &RepoName, origin: &str, instead: &str, now: Timestamp) -> DecisionRecord {
    let why = Reason::new("policy.broken", format!("the policy is broken: {instead}")).from_source(origin);
    entry("policy", "broken", &name.to_string(), origin, why, now)
}

/// A repository's policy can be read again.
pub(super) fn policy_mended(name: &RepoName, origin: &str, now: Timestamp) -> DecisionRecord {
    let why = Reason::new("policy.mended", "the policy can be read again; its alert is resolved").from_source(origin);
    entry("policy", "mended", &name.to_string(), origin, why, now)
}

/// Deliveries were kept for long enough.
pub(super) fn cleared(rule: Retention, bodies: u64, deliveries: u64, now: Timestamp) -> DecisionRecord {
    let (body_limit, delivery_limit) = (rule.bodies_until(now), rule.deliveries_until(now));
    let text = format!(
        "dropped the bodies of {bodies} deliveries that were over before {body_limit}, and forgot {deliveries} that were \
         over before {delivery_limit}"
    );
    let why = Reason::new("retention.cleared", text).from_source("settings retention.*");
    entry("retention", "cleared", "deliveries", "retention", why, now)
}

fn tries(many: u32) -> String {
    if many == 1 { "one try".to_owned() } else { format!("{many} tries") }
}

fn entry(feature: &str, outcome: &str, subject: &str, cause: &str, why: Reason, now: Timestamp) -> DecisionRecord {
    DecisionRecord {
        at: now,
        feature: feature.to_owned(),
        subject: subject.to_owned(),
        outcome: outcome.to_owned(),
        cause: cause.to_owned(),
        actor: None,
        case: None,
        policy_version: String::new(),
        reasons: vec![why],
        effects: Vec::new(),
    }
}
