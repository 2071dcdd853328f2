//! What a post is.

use serde::{Deserialize, Serialize};

/// The five intake classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntakeClass {
    /// Claims a concrete weakness in this project that maintainers would want to hear in private.
    Disclosure,
    /// Asks where to report privately.
    AsksChannel,
    /// Is about a vulnerability that is public already: a dependency's CVE, a backport of a published fix.
    KnownPublic,
    /// Wishes for hardening; names no weakness that an attacker could use today.
    Hardening,
    /// Everything else.
    Ordinary,
}

impl IntakeClass {
    /// All classes, in the order of [`super::super::detector::Probabilities`].
    pub const ALL: [Self; 5] =
        [Self::Disclosure, Self::AsksChannel, Self::KnownPublic, Self::Hardening, Self::Ordinary];

    /// The name in files, metrics and answers.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Disclosure => "disclosure",
            Self::AsksChannel => "asks_channel",
            Self::KnownPublic => "known_public",
            Self::Hardening => "hardening",
            Self::Ordinary => "ordinary",
        }
    }
}
