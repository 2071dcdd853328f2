//! The name of a set of rules.

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

use super::Policy;

/// The preset's name, `+`, and the first 12 hex digits of the SHA-256 of the policy's canonical JSON: without the
/// version itself, without white space, keys in the order of their bytes (as RFC 8785 orders ASCII keys).
pub(super) fn of(policy: &Policy) -> String {
    let hash = digest(&SHA256, policy.canonical_json().as_bytes());
    let short = hash.as_ref().get(..6).unwrap_or_default();
    format!("{}+{}", policy.extends, hex::encode(short))
}

/// The policy as JSON, without its version. `serde_json` keeps the keys of an object in order.
pub(super) fn plain(policy: &Policy) -> Value {
    let mut value = serde_json::to_value(policy).expect("a policy is plain data");
    if let Some(map) = value.as_object_mut() {
        map.remove("version");
    }
    value
}
