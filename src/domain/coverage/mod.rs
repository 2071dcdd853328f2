//! Coverage: whether release tags hold every security fix on every supported series, and by which evidence.
//!
//! What flows in: a [`History`] (plain facts about commits, refs and patches, read by others), the policy's `series`, and
//! [`Fix`]es to be proved. What flows out: one [`Cell`] per fix and series, with a verdict and the evidence for it. What it
//! must never do: read a repository, take `unknown` for `missing` or `covered`, or trust a claim (a trailer, an archive, a
//! date of a tag object) that the history itself does not bear out.

mod accounts;
mod cells;
mod evidence;
mod explained;
mod facts;
mod finder;
mod graph;
mod history;
mod names;
mod noted;
mod patch;
mod recorded;
mod reverts;
mod scan;
pub(crate) mod scan_words;
mod support;
mod verdict;

#[cfg(test)]
mod tests;

pub use accounts::{Account, ListedCommit, accounts_in};
pub use cells::Judgement;
pub use evidence::EvidenceKind;
pub(crate) use evidence::bare_subject as subject_without_marks;
pub use explained::{ExplainedCell, ExplainedCommit, Explainer, Step};
pub use facts::{Claims, Commit, CommitId, Fix, Messages, Parents, Reference, Text, Trailer, TrailerKind};
pub use graph::{Release, ReleaseKind, SeriesLine, SeriesLines};
pub use history::History;
pub use names::{SeriesName, TagName, Version, branch_of, named_ids, series_in_branch, tag_name};
pub use patch::{LineDigest, PackedPatches, Patch, PatchId, Patches};
pub use scan::{Confidence, Proposal, Scan};
pub use support::{ReleaseDays, SeriesKind, supported_by_days, supported_on};
pub use verdict::{Cell, CellEvidence, Coverage, FixCoverage, Verdict, worst};
