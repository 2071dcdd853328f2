//! `desk`: where people talk about a case.

use garde::Validate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text;
use crate::domain::post::RepoName;

/// Where a case is talked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeskKind {
    /// In the draft advisory itself.
    Advisory,
    /// In an issue of a private repository.
    Repository,
}

/// Where people talk about a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Validate)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct Desk {
    /// In the private advisory (advisory) or in an issue of a private repository (repository).
    #[garde(custom(has_repository(self.repository.is_some())))]
    pub kind: DeskKind,
    /// The private repository, as owner/name. Needed where kind is repository; the fall-back where advisories can't be
    /// had.
    #[serde(default, with = "text::repository", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub repository: Option<RepoName>,
}

fn has_repository(given: bool) -> impl FnOnce(&DeskKind, &()) -> garde::Result {
    move |kind, _| {
        if *kind == DeskKind::Repository && !given {
            Err(garde::Error::new("needs `desk.repository`; name the private repository, such as acme/security"))
        } else {
            Ok(())
        }
    }
}
