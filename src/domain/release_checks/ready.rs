//! Whether the fix of a case is complete, series by series, so that it may be released.

use super::{CaseCoverage, RecordedFix};
use crate::domain::coverage::{SeriesKind, Verdict};

/// Why a series keeps a case from being released.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// The series, or the branch of development; empty where no series is known at all.
    pub series: String,
    /// What is missing, as a sentence for maintainers.
    pub why: String,
}

/// What is missing before the fix of a case can be released: every supported series, every one in pre-release and the branch
/// of development needs a recorded commit, a proved one, or a word that it is not affected. Empty means ready. Before
/// disclosure recorded commits need not be in the public history.
pub fn ready_for_release(recorded: &RecordedFix, matrix: Option<&CaseCoverage>) -> Vec<NotReady> {
    let Some(matrix) = matrix else {
        let why = "the mirror was not looked at since the fix was recorded".to_owned();
        return vec![NotReady { series: String::new(), why }];
    };
    let cells = matrix.cells();
    if cells.is_empty() {
        let why = "no supported series is known; see `series` in the policy".to_owned();
        return vec![NotReady { series: String::new(), why }];
    }
    cells
        .into_iter()
        .filter_map(|cell| {
            let named = recorded.series.get(&cell.series).is_some_and(|commits| !commits.is_empty());
            let proved = matches!(cell.verdict, Verdict::Covered | Verdict::NotTaggedYet | Verdict::NotAffected);
            if named || proved || recorded.not_affected.contains_key(&cell.series) {
                return None;
            }
            let what = match (cell.kind, cell.verdict) {
                (_, Verdict::Unknown) => "nobody can tell whether it has the fix",
                (SeriesKind::Main, _) => "no commit of the fix is recorded for the branch of development",
                (SeriesKind::Supported, _) => "no backport is recorded, and none was found",
                (SeriesKind::Prerelease, _) => "no backport is recorded for this pre-release, and none was found",
            };
            Some(NotReady { series: cell.series, why: what.to_owned() })
        })
        .collect()
}
