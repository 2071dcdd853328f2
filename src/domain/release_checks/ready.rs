//! What is proved of a case's fix, and whether that is complete, series by series, so that it may be released.

use super::{CaseCoverage, Preparation, PreparedFix, PreparedSeries, RecordedFix};
use crate::domain::coverage::{Cell, SeriesKind, Verdict};

/// What is known about the fix of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What was recorded.
    pub recorded: RecordedFix,
    /// The matrix of the last look at the public history, where there was one.
    pub matrix: Option<CaseCoverage>,
    /// What the embargo's mirror holds, where the policy names one and it was looked at.
    pub prepared: Option<PreparedFix>,
}

/// Why a series keeps a case from being released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// The series, or the branch of development; empty where no series is known at all.
    pub series: String,
    /// What is missing, as a sentence for maintainers.
    pub why: String,
}

impl Proof {
    /// What the mirror holds for a series.
    pub fn prepared_for(&self, series: &str) -> Option<&PreparedSeries> {
        self.prepared.as_ref()?.series.get(series)
    }

    /// What is missing before the fix can be released: every supported series, every one in pre-release and the branch of
    /// development needs a fix that is in the public history or in the embargo's mirror, or a word that it is not affected.
    /// Empty means ready. Without a mirror a recorded commit is believed: before disclosure nobody can see it.
    pub fn not_ready(&self) -> Vec<NotReady> {
        let of_all = |why: &str| vec![NotReady { series: String::new(), why: why.to_owned() }];
        let Some(matrix) = &self.matrix else {
            return of_all("the mirror was not looked at since the fix was recorded");
        };
        if let Some(trouble) = self.prepared.as_ref().and_then(|prepared| prepared.trouble.as_deref()) {
            return of_all(trouble);
        }
        let cells = matrix.cells();
        if cells.is_empty() {
            return of_all("no supported series is known; see `series` in the policy");
        }
        let missing = |cell: Cell| Some(NotReady { why: self.missing(&cell)?, series: cell.series });
        cells.into_iter().filter_map(missing).collect()
    }

    fn missing(&self, cell: &Cell) -> Option<String> {
        let proved = matches!(cell.verdict, Verdict::Covered | Verdict::NotTaggedYet | Verdict::NotAffected);
        if proved || self.recorded.not_affected.contains_key(&cell.series) {
            return None;
        }
        let named = self.recorded.series.get(&cell.series).is_some_and(|commits| !commits.is_empty());
        let what = match self.prepared_for(&cell.series) {
            Some(prepared) => match (prepared.found, named) {
                (Preparation::Prepared, _) => return None,
                (Preparation::NotRecognised, true) => {
                    format!("the recorded commit is not on {} of the mirror", prepared.branch)
                }
                (Preparation::NotRecognised, false) => {
                    format!(
                        "{} of the mirror has commits that are not known to be the fix; record them",
                        prepared.branch
                    )
                }
                (Preparation::Nothing, _) => format!("{} of the mirror holds nothing new", prepared.branch),
                (Preparation::NoBranch, true) => {
                    format!("the recorded commit is nowhere: the mirror has no branch {}", prepared.branch)
                }
                (Preparation::NoBranch, false) => format!("the mirror has no branch {}", prepared.branch),
            },
            None if named => return None,
            None => match (cell.kind, cell.verdict) {
                (_, Verdict::Unknown) => "nobody can tell whether it has the fix",
                (SeriesKind::Main, _) => "no commit of the fix is recorded for the branch of development",
                (SeriesKind::Supported, _) => "no backport is recorded, and none was found",
                (SeriesKind::Prerelease, _) => "no backport is recorded for this pre-release, and none was found",
            }
            .to_owned(),
        };
        Some(what)
    }
}
