//! Decisions: the one thing that rules return.

use serde::{Deserialize, Serialize};

use super::{effect::Effect, reason::Reason, record::RecordWrite};

/// What a rule decided: the next state, what is to be done, and why.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// One word for lists and metrics: `shielded`, `replied`, `nothing`.
    pub outcome: String,
    /// Records to write.
    pub records: Vec<RecordWrite>,
    /// Effects to enqueue.
    pub effects: Vec<Effect>,
    /// Keys of effects that must not start any more (an undo overtakes a redirect).
    pub dropped_effects: Vec<String>,
    /// The case that the decision opens or concerns.
    pub case: Option<String>,
    /// Why. Never empty for a decision that is stored.
    pub reasons: Vec<Reason>,
}

impl Decision {
    /// Decides to do nothing, for a reason.
    pub fn nothing(reason: Reason) -> Self {
        Self { outcome: "nothing".to_owned(), reasons: vec![reason], ..Self::default() }
    }
}

/// A decision as it is kept for "why?", oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionRecord {
    /// When it was taken.
    pub at: jiff::Timestamp,
    /// The feature that decided: `intake`, `undo`.
    pub feature: String,
    /// What it was about: a post's key, a case.
    pub subject: String,
    /// See [`Decision::outcome`].
    pub outcome: String,
    /// The delivery that caused it, by GitHub's GUID, or the command that an operator ran.
    pub cause: String,
    /// Who caused it, where that is somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The case it opened or concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The policy under which it was taken.
    pub policy_version: String,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Keys of the effects it enqueued.
    #[serde(default)]
    pub effects: Vec<String>,
}
