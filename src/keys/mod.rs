//! The operator's keys over time: where they come from, which of them the database needs, how a successor takes over.
//!
//! What flows in: where the keys come from, and the store. What flows out: a [`Keyring`] that is known to open what is
//! kept, or what is wrong with it; wrappings that were made anew. What it must never do: open a text, forget a key that
//! anything is sealed under, or seal under one before the [`Ledger`] knows it.
//!
//! A rotation has three steps, each of which may be interrupted, repeated, and done twice at once:
//!
//! 1. [`begin`]: a successor is put first into the key file, the old key stays behind it. Servers open with both at
//!    once, and seal with the successor as soon as their [`Keeper`] has seen it and has written so into the ledger.
//! 2. [`rewrap`]: every data key that another key wraps is wrapped under the successor. What it sealed is not touched.
//! 3. [`finish`]: when every server has sealed with the successor for [`SETTLING`], and nothing is left under the old
//!    key, that key is taken out of the file.

use std::fmt;

use crate::{
    domain::{decision::DecisionRecord, reason::Reason},
    sealing::{KeyId, KeySource, Keyring, Sealer, SealingError},
    settings::{Problems, SealingKeyFrom},
    store::{Store, StoreError},
};

mod check;
mod keeper;
mod ledger;
mod rotation;
mod survey;

#[cfg(test)]
mod tests;

pub use check::{Mismatch, admit, check};
pub use keeper::Keeper;
pub use ledger::{Ledger, SILENCE, ServerEntry};
pub use rotation::{Finish, Rewrapped, SETTLING, Waiting, begin, conclude, finish, rewrap};
pub use survey::{Count, Survey, survey};

/// The variable that holds a key itself.
const VARIABLE: &str = "EMBARGOD_SEALING_KEY";

/// Where the settings say that the keys come from.
pub fn source(from: &SealingKeyFrom) -> KeySource {
    match from {
        SealingKeyFrom::File(path) => KeySource::File(path.clone()),
        SealingKeyFrom::Environment(text) => KeySource::Text { name: VARIABLE.to_owned(), text: text.clone() },
        SealingKeyFrom::Command(words) => KeySource::Command(words.clone()),
    }
}

/// Reads the keys.
///
/// # Errors
/// With place and remedy.
pub async fn load(source: &KeySource) -> Result<Keyring, Problems> {
    source.load().await.map_err(|error| {
        let remedy = match &error {
            SealingError::KeyMissing(_) => {
                "make a key with `embargod seal init --out PATH`; where there was one, restore it: another one opens nothing"
            }
            SealingError::Command { .. } => "see `sealing.key_command` in docs/operating.md",
            _ => "see the section on keys in docs/operating.md",
        };
        Problems::one(source.to_string(), error.to_string(), remedy)
    })
}

/// What seals and opens with the keys of `ring`, which came from `source`, if they are those that the database needs.
///
/// # Errors
/// Which key is needed and which is there, with place and remedy.
pub async fn sealer(
    source: &KeySource,
    ring: Keyring,
    store: &dyn Store,
    now: jiff::Timestamp,
) -> Result<Sealer, Problems> {
    admit(store, &ring, now).await.map_err(|error| problems(source, &error))?;
    let file = if let KeySource::File(path) = source { Some(path.clone()) } else { None };
    Ok(Sealer::looking_into(ring, file))
}

/// An error with its place and remedy.
pub fn problems(source: &KeySource, error: &KeysError) -> Problems {
    match error {
        KeysError::Mismatch(mismatch) => Problems(vec![mismatch.problem(&source.to_string())]),
        KeysError::Sealing(error) => {
            Problems::one(source.to_string(), error.to_string(), "see the section on keys in docs/operating.md")
        }
        error => Problems::one("database", error.to_string(), "try again; `embargod doctor` says more"),
    }
}

/// Why keys could not be looked after.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The store did not do it.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A key could not be read or written, or opens nothing here.
    #[error("{0}")]
    Sealing(#[from] SealingError),
    /// The keys are not those that the database needs.
    #[error("{0}")]
    Mismatch(#[from] Mismatch),
    /// Somebody else is at it.
    #[error("another rotation is at work; let it end, and try again")]
    Busy,
}

/// Names of keys as people read them.
fn list(ids: impl IntoIterator<Item = impl fmt::Display>) -> String {
    ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>().join(", ")
}

/// An entry for "why?" and for the audit log.
pub(crate) fn decision(now: jiff::Timestamp, outcome: &str, command: &str, reason: String) -> DecisionRecord {
    DecisionRecord {
        at: now,
        feature: "operator".to_owned(),
        subject: "sealing key".to_owned(),
        outcome: outcome.to_owned(),
        cause: command.to_owned(),
        actor: None,
        case: None,
        policy_version: String::new(),
        reasons: vec![Reason::new(format!("operator.{outcome}"), reason)],
        effects: Vec::new(),
    }
}

/// Reads a key's name as it stands in the ledger.
fn same(id: KeyId, name: &str) -> bool {
    id.to_string() == name
}
