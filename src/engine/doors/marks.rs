//! Up to where the list of a repository's advisories was dealt with.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::record::Record;

/// Advanced only after everything that the list told was made durable.
#[derive(Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) repository_id: u64,
    /// What changed before was dealt with; what changed in this very second may not have been.
    pub(super) dealt_with: Timestamp,
}

impl Record for Mark {
    const KIND: &'static str = "advisory_mark";

    fn key(&self) -> String {
        key(self.repository_id)
    }
}

pub(super) fn key(repository_id: u64) -> String {
    format!("repo:{repository_id}")
}
