//! Why something was decided, in words that may be stored and shown.

use serde::{Deserialize, Serialize};

/// One reason of a decision. Never quotes a post: texts are made of rule names, counts, probabilities and public
/// identifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule that speaks, dotted: `intake.shield`, `detector.crafted_input`.
    pub rule: String,
    /// What it found, as a sentence for a maintainer.
    pub text: String,
    /// Where the rule comes from: a policy key, a sentence of the policy, an RFC, a GitHub endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Reason {
    /// A reason without a named source.
    pub fn new(rule: impl Into<String>, text: impl Into<String>) -> Self {
        Self { rule: rule.into(), text: text.into(), source: None }
    }

    /// The same reason, with the place its rule comes from.
    #[must_use]
    pub fn from_source(mut self, source: impl Into<String>) -> Self {
        self.source = Some(source.into());
        self
    }
}
