//! What is said in the end: one cell per fix and series.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{evidence::EvidenceKind, facts::CommitId, support::SeriesKind};

/// What is true of one fix on one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The fix is on the branch and in a release.
    Covered,
    /// Somebody recorded that the series does not have the fault.
    NotAffected,
    /// There is no patch for anybody, only an advisory.
    AdvisoryOnly,
    /// The fix is on the branch and in no release yet.
    NotTaggedYet,
    /// This history cannot tell.
    Unknown,
    /// The fix is not on the branch.
    Missing,
}

impl Verdict {
    /// What is true, for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Covered => "covered",
            Self::NotTaggedYet => "on its branch, in no release yet",
            Self::Missing => "missing",
            Self::NotAffected => "not affected",
            Self::AdvisoryOnly => "nothing recorded",
            Self::Unknown => "unknown",
        }
    }
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CellEvidence {
    /// By what it is known.
    pub kind: EvidenceKind,
    /// The commit on the series.
    pub commit: CommitId,
    /// What exactly was seen.
    pub detail: String,
}

/// One fix on one series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// The series, or the main branch's name.
    pub series: String,
    /// Why it is looked at.
    pub kind: SeriesKind,
    /// What is true.
    pub verdict: Verdict,
    /// The fix's commits on the series.
    pub commits: Vec<CommitId>,
    /// The first release tag that holds them all.
    pub first_tag: Option<String>,
    /// The day of that tag's commit, in UTC.
    pub first_tag_date: Option<Date>,
    /// What the verdict rests on.
    pub evidence: Vec<CellEvidence>,
    /// What else a person should know.
    pub notes: Vec<String>,
}

/// One fix on all series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixCoverage {
    /// See [`super::Fix::id`].
    pub id: String,
    /// See [`super::Fix::date`].
    pub date: Date,
    /// One per series, main first.
    pub cells: Vec<Cell>,
}

/// All fixes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// In the order in which they were asked for.
    pub fixes: Vec<FixCoverage>,
}

/// The worst verdict, for exit codes: missing or not tagged, then unknown, then fine.
pub fn worst(coverage: &Coverage) -> Option<Verdict> {
    coverage.fixes.iter().flat_map(|fix| &fix.cells).map(|cell| cell.verdict).max()
}
