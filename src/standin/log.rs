//! What the stand-in was asked, kept for tests and for the contract check against GitHub's OpenAPI description.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::auth::CallerKind;

/// One API request with its answer. Authorization is not kept.
#[derive(Clone, Debug)]
pub struct LoggedRequest {
    /// When it came in, by the stand-in's clock.
    pub at: Timestamp,
    /// When it came in, by the machine's monotonic clock; for measuring how fast a post was protected.
    pub instant: std::time::Instant,
    /// HTTP method.
    pub method: String,
    /// Path below the API base, percent-encoded as sent.
    pub path: String,
    /// Query as sent, without the question mark.
    pub query: String,
    /// `accept`, `content-type`, `x-github-api-version`, `user-agent`, `if-none-match`, as far as sent.
    pub headers: BTreeMap<String, String>,
    /// The JSON body; null if there was none or it was no JSON.
    pub body: Value,
    /// Who asked.
    pub caller: CallerKind,
    /// Status of the answer, also when a fault swallowed it.
    pub status: u16,
    /// JSON of the answer, also when a fault swallowed it.
    pub response: Value,
    /// Whether it changes something on GitHub (minting a token and GraphQL queries do not).
    pub mutates: bool,
    /// Whether the asker got an answer at all.
    pub answered: bool,
}
