//! Up to where the lists of a repository were dealt with.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{domain::record::Record, github::RecentList};

/// Where looking stands in one repository. Advanced only after what was found is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) repository_id: u64,
    /// What was published before is left alone.
    pub(super) watched_since: Timestamp,
    /// Whether it was private when it was seen last: nothing in it is looked at, and nothing from that time later.
    #[serde(default)]
    pub(super) hidden: bool,
    threads: Timestamp,
    comments: Timestamp,
    review_comments: Timestamp,
}

impl Record for Mark {
    const KIND: &'static str = "reconcile";

    fn key(&self) -> String {
        key(self.repository_id)
    }
}

/// The key of a repository's mark.
pub(super) fn key(repository_id: u64) -> String {
    format!("repo:{repository_id}")
}

impl Mark {
    pub(super) fn new(repository_id: u64, since: Timestamp) -> Self {
        Self {
            repository_id,
            watched_since: since,
            hidden: false,
            threads: since,
            comments: since,
            review_comments: since,
        }
    }

    pub(super) fn of(&self, list: RecentList) -> Timestamp {
        match list {
            RecentList::Threads => self.threads,
            RecentList::Comments => self.comments,
            RecentList::ReviewComments => self.review_comments,
        }
    }

    pub(super) fn advance(&mut self, list: RecentList, to: Timestamp) {
        let mark = match list {
            RecentList::Threads => &mut self.threads,
            RecentList::Comments => &mut self.comments,
            RecentList::ReviewComments => &mut self.review_comments,
        };
        *mark = to.max(*mark);
    }
}
