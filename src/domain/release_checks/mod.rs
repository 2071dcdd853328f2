//! Release checks: what a release tag holds of the fixes that it should hold, and what the public may read about that.
//!
//! What flows in: facts about a tag ([`TagFacts`]), the coverage of fixes (`domain::coverage`), the policy, the instant.
//! What flows out: findings for maintainers, the content of the check run on the tagged commit, and the [`Decision`]s that
//! write both down. What it must never do: let anything about a fix that is not published reach [`check_of`], whose result
//! everybody reads; its arguments are public facts, and nothing else of this room makes a [`CheckText`].
//!
//! [`Decision`]: super::decision::Decision

mod actions;
mod advisory;
mod findings;
mod holding;
mod matrix;
mod prepared;
mod ready;
mod recorded;
mod records;
mod rule;
mod tag;
mod texts;

#[cfg(test)]
mod tests;

pub use actions::{CheckPlace, PutCheckRun};
pub use advisory::{Patched, PublishedAdvisory, commits_named_in};
pub use findings::{PrivateFinding, TagFinding};
pub use holding::{Holding, holding};
pub use matrix::markdown;
pub use prepared::{
    CaseBranches, EmbargoMirror, Preparation, PreparedFix, PreparedSeries, embargo_mirror_alert, embargo_mirror_told,
};
pub use ready::{NotReady, Proof};
pub use recorded::{NotAffected, Recorded, RecordedCommit, RecordedFix, Recording, record};
pub use records::{
    CaseCoverage, CaseMarks, CaseWish, RefusedCheck, ReleaseCheck, ReleaseMarks, ReleaseWish, repository_key,
};
pub use rule::{
    Mirrored, PrivateFix, PrivateInquiry, PublicFix, PublicInquiry, TAG_LEAD, decide_private, decide_public, matrix_of,
    mirror_alert, mirror_in_trouble, mirror_works, refused_checks_alert,
};
pub use tag::{Stands, TagFacts};
pub use texts::{CHECK_NAME, CheckText, Conclusion, check_of};
