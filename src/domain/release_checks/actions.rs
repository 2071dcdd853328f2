//! What may be done about a release tag on GitHub.

use serde::{Deserialize, Serialize};

use crate::domain::{
    effect::{Action, Urgency},
    post::RepoName,
};

/// Where a check run stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckPlace {
    /// The installation whose requests it spends.
    pub installation_id: u64,
    /// The repository.
    pub repository: RepoName,
}

/// Puts the check run of a release tag as its [`super::ReleaseCheck`] says; left alone where a later one has come in between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutCheckRun {
    /// Where.
    pub place: CheckPlace,
    /// The key of the [`super::ReleaseCheck`].
    pub check: String,
    /// Its revision when this was decided.
    pub revision: u32,
}

impl Action for PutCheckRun {
    const KIND: &'static str = "put_check_run";
    const URGENCY: Urgency = Urgency::Courtesy;
}
