//! What is remembered about releases.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::texts::CheckText;
use crate::domain::{
    coverage::{Cell, Verdict},
    post::RepoName,
    record::Record,
};

/// Tags that a wish names at most; the mirror shows the others anyway.
const MOST_NAMED: usize = 200;

/// The key of what is kept once per repository.
pub fn repository_key(repository_id: u64) -> String {
    format!("repo:{repository_id}")
}

/// That somebody told of something about a repository's releases. Written by whoever hears of it; answered in
/// [`ReleaseMarks`], so that neither waits for the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseWish {
    /// Number of the repository.
    pub repository_id: u64,
    /// Its name when it was heard of last.
    pub repository: RepoName,
    /// The installation through which it is reached.
    pub installation_id: u64,
    /// Whether an organisation owns it.
    pub owner_is_organisation: bool,
    /// Counts what was heard; 0 is nothing yet.
    pub asked: u64,
    /// Tags that were named, with the number under which and the instant at which, until they were looked at.
    #[serde(default)]
    pub tags: Vec<(u64, String, Timestamp)>,
}

impl Record for ReleaseWish {
    const KIND: &'static str = "release_wish";

    fn key(&self) -> String {
        repository_key(self.repository_id)
    }
}

impl ReleaseWish {
    /// The same after something more was heard at `now`, about `tag` where it was about one; what `answered` covers is
    /// dropped.
    #[must_use]
    pub fn heard(mut self, tag: Option<&str>, answered: u64, now: Timestamp) -> Self {
        self.asked += 1;
        self.tags.retain(|(number, _, _)| *number > answered);
        if let Some(tag) = tag
            && self.tags.len() < MOST_NAMED
            && !self.tags.iter().any(|(_, known, _)| known == tag)
        {
            self.tags.push((self.asked, tag.to_owned(), now));
        }
        self
    }

    /// When `tag` was first heard of, if it was lately.
    pub fn heard_of(&self, tag: &str) -> Option<Timestamp> {
        self.tags.iter().find(|(_, known, _)| known == tag).map(|(_, _, at)| *at)
    }
}

/// That somebody recorded something about a case of a repository. Apart from [`ReleaseWish`], because a look for this alone
/// must leave no trace in public, not even in when something is noticed there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseWish {
    /// Number of the repository.
    pub repository_id: u64,
    /// Its name when the case was opened.
    pub repository: RepoName,
    /// The installation through which it is reached.
    pub installation_id: u64,
    /// Counts what was recorded.
    pub asked: u64,
}

impl Record for CaseWish {
    const KIND: &'static str = "release_case_wish";

    fn key(&self) -> String {
        repository_key(self.repository_id)
    }
}

/// Up to which [`CaseWish::asked`] the cases of a repository were judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseMarks {
    /// Number of the repository.
    pub repository_id: u64,
    /// See there.
    pub answered: u64,
}

impl Record for CaseMarks {
    const KIND: &'static str = "release_case_marks";

    fn key(&self) -> String {
        repository_key(self.repository_id)
    }
}

/// Up to where a repository's releases were looked at. Written only when everything that was found is durable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseMarks {
    /// Number of the repository.
    pub repository_id: u64,
    /// The [`ReleaseWish::asked`] that is dealt with.
    pub answered: u64,
    /// Fingerprint of GitHub's list of refs when the mirror was fetched last after asking for it.
    #[serde(default)]
    pub listed: Option<String>,
    /// Release tags with the commits that they stood on.
    pub tags: BTreeMap<String, String>,
    /// GitHub's numbers of the published advisories that were judged.
    pub advisories: BTreeSet<String>,
    /// When the mirror was good last.
    pub looked_at: Timestamp,
}

impl Record for ReleaseMarks {
    const KIND: &'static str = "release_marks";

    fn key(&self) -> String {
        repository_key(self.repository_id)
    }
}

/// The check of one release tag. Everything in it is public.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseCheck {
    /// Number of the repository.
    pub repository_id: u64,
    /// Short name of the tag.
    pub tag: String,
    /// The tagged commit.
    pub commit: String,
    /// Counts the contents that the check run has had; 1 is the first.
    pub revision: u32,
    /// What the check run says.
    pub text: CheckText,
    /// When the tag was first heard of.
    pub seen_at: Timestamp,
}

impl Record for ReleaseCheck {
    const KIND: &'static str = "release_check";

    fn key(&self) -> String {
        Self::key_of(self.repository_id, &self.tag)
    }
}

impl ReleaseCheck {
    /// The key of a tag's check.
    pub fn key_of(repository_id: u64, tag: &str) -> String {
        format!("repo:{repository_id}/refs/tags/{tag}")
    }

    /// By what the check run is found again: made of what everybody sees.
    pub fn external_id(&self) -> String {
        format!("refs/tags/{}", self.tag)
    }
}

/// That GitHub refused a tag's check run for want of a permission; it is put when that is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedCheck {
    /// Number of the repository.
    pub repository_id: u64,
    /// Short name of the tag.
    pub tag: String,
    /// The [`ReleaseCheck::revision`] that was refused last.
    pub revision: u32,
}

impl Record for RefusedCheck {
    const KIND: &'static str = "refused_check";

    fn key(&self) -> String {
        ReleaseCheck::key_of(self.repository_id, &self.tag)
    }
}

/// The matrix of a case. For maintainers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseCoverage {
    /// The case.
    pub case: String,
    /// When it was judged.
    pub judged_at: Timestamp,
    /// One cell per series, as they were judged then.
    pub(super) cells: Vec<Cell>,
    /// Why nobody can tell any more, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

impl Record for CaseCoverage {
    const KIND: &'static str = "case_coverage";

    fn key(&self) -> String {
        self.case.clone()
    }
}

impl CaseCoverage {
    /// A matrix that was judged now.
    pub fn new(case: &str, judged_at: Timestamp, cells: Vec<Cell>) -> Self {
        Self { case: case.to_owned(), judged_at, cells, trouble: None }
    }

    /// The cells as they count now: where nobody can tell any more, all are unknown.
    pub fn cells(&self) -> Vec<Cell> {
        let told = |cell: &Cell| match (&self.trouble, cell.verdict) {
            (None, _) | (_, Verdict::NotAffected) => cell.clone(),
            (Some(trouble), _) => {
                let mut cell = cell.clone();
                cell.verdict = Verdict::Unknown;
                cell.notes.push(trouble.clone());
                cell
            }
        };
        self.cells.iter().map(told).collect()
    }
}
