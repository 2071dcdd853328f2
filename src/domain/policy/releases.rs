//! `releases`: what a release tag must be like.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a release tag must be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Releases {
    /// Whether a release tag must carry a signature; nothing is said about whose. Default false.
    #[serde(default)]
    pub signed_tags: bool,
}
