//! Effects: described actions on the world. They are stored before they are performed.
//!
//! An effect's payload holds identifiers and template names, never a post's words: whatever text an action needs is
//! unsealed when it is performed. A feature adds an action by defining a payload that implements [`Action`] and
//! registering a performer for it in the engine; nothing here changes.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

/// The payload of one sort of effect.
pub trait Action: Serialize + DeserializeOwned {
    /// Its name in the outbox: `redact_post`.
    const KIND: &'static str;

    /// Which effects go first when there is more to do than time or rate budget.
    const URGENCY: Urgency;
}

/// Order in which waiting effects are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// Takes exposed text out of sight.
    Protecting,
    /// Gets knowledge to maintainers.
    Private,
    /// Tells the public what is always told.
    Courtesy,
    /// Looks again later.
    Upkeep,
}

impl Urgency {
    /// A number for storage and ordering; smaller is served first.
    pub fn rank(self) -> i64 {
        match self {
            Self::Protecting => 0,
            Self::Private => 1,
            Self::Courtesy => 2,
            Self::Upkeep => 3,
        }
    }
}

/// One described action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Idempotency key: two effects with one key are one effect, for ever.
    pub key: String,
    /// See [`Action::KIND`].
    pub kind: String,
    /// Effects of one lane are performed one at a time.
    pub lane: String,
    /// See [`Action::URGENCY`].
    pub urgency: Urgency,
    /// The case it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Keys of effects that must be over (done, dead or dropped) before this one starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// Not before this instant; `None` is at once. An effect with an instant is what others call a timer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
    /// Not at or after this instant: what could not start before it has missed its window, is given up, and is told to
    /// maintainers. `None` is never too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The action's payload.
    pub payload: Value,
}

impl Effect {
    /// Describes `action`, to be performed once per `key`, in `lane`.
    pub fn new<A: Action>(key: impl Into<String>, lane: impl Into<String>, action: &A) -> Self {
        Self {
            key: key.into(),
            kind: A::KIND.to_owned(),
            lane: lane.into(),
            urgency: A::URGENCY,
            case: None,
            after: Vec::new(),
            not_before: None,
            expires_at: None,
            payload: serde_json::to_value(action).expect("payloads are plain data"),
        }
    }

    /// The same effect, belonging to a case.
    #[must_use]
    pub fn for_case(mut self, case: impl Into<String>) -> Self {
        self.case = Some(case.into());
        self
    }

    /// The same effect, starting only when those with `keys` are over.
    #[must_use]
    pub fn after(mut self, keys: impl IntoIterator<Item = String>) -> Self {
        self.after.extend(keys);
        self
    }

    /// The same effect, not before `instant`.
    #[must_use]
    pub fn not_before(mut self, instant: Timestamp) -> Self {
        self.not_before = Some(instant);
        self
    }

    /// The same effect, not at or after `instant`.
    #[must_use]
    pub fn expires_at(mut self, instant: Timestamp) -> Self {
        self.expires_at = Some(instant);
        self
    }

    /// Whether it is too late to start it at `now`.
    pub fn missed_its_window(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }
}
