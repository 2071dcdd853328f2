//! Whether a tag holds a fix, by the fix's cell for the tag's series.

use serde::{Deserialize, Serialize};

use crate::domain::coverage::{Cell, SeriesLine, Verdict};

/// Whether a release holds a fix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holding {
    /// It does, and so does every later one so far.
    Held {
        /// The first release that did.
        since: String,
    },
    /// Somebody recorded that the series does not have the fault.
    NotAffected,
    /// The branch has the fix; this release was made without it.
    OnTheBranchOnly,
    /// Neither the release nor the branch has it.
    Missing,
    /// The history cannot tell, or nobody has said what the fix is.
    Unknown,
}

impl Holding {
    /// Whether the release is known to lack the fix.
    pub fn is_lack(&self) -> bool {
        matches!(self, Self::OnTheBranchOnly | Self::Missing)
    }
}

/// Whether the release called `tag` holds the fix whose cell for the same series is `cell`.
pub fn holding(cell: &Cell, line: &SeriesLine, tag: &str) -> Holding {
    let place = |name: &str| line.releases.iter().position(|release| release.tag == name);
    match cell.verdict {
        Verdict::NotAffected => Holding::NotAffected,
        Verdict::Unknown | Verdict::AdvisoryOnly => Holding::Unknown,
        Verdict::Missing => Holding::Missing,
        Verdict::NotTaggedYet => Holding::OnTheBranchOnly,
        Verdict::Covered => match (&cell.first_tag, cell.first_tag.as_deref().and_then(place), place(tag)) {
            (Some(first), Some(since), Some(this)) if since <= this => Holding::Held { since: first.clone() },
            (_, Some(_), Some(_)) => Holding::OnTheBranchOnly,
            _ => Holding::Unknown,
        },
    }
}
