//! What may be wrong with a release tag, as sentences for maintainers.

use jiff::Timestamp;

use super::{
    holding::Holding,
    tag::{Stands, TagFacts},
};

/// Something about a tag that everybody can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagFinding {
    /// The tagged commit is not on the branch of its series.
    WrongBranch {
        /// The branch.
        expected: String,
    },
    /// The tagged commit is on the branch of another series.
    NotOfItsSeries {
        /// The series that its name belongs to.
        named: String,
        /// The series whose branch it is on.
        stands_on: String,
    },
    /// The policy wants signatures, and there is none.
    Unsigned,
    /// The same name stood on another commit before.
    Moved {
        /// That commit, shortened.
        from: String,
        /// This one, shortened.
        to: String,
    },
}

impl TagFinding {
    /// All that is wrong with the tag itself.
    pub fn of(tag: &TagFacts, wants_signature: bool) -> Vec<Self> {
        let mut findings = Vec::new();
        match (&tag.stands, tag.on_branch) {
            (Stands::OnSeries(other), _) if *other != tag.series => {
                findings.push(Self::NotOfItsSeries { named: tag.series.clone(), stands_on: other.clone() });
            }
            (_, Some(false)) => {
                findings.push(Self::WrongBranch { expected: tag.branch.clone().unwrap_or_default() });
            }
            // A series without a branch yet is released from the main branch.
            (Stands::Nowhere, None) => findings.push(Self::WrongBranch { expected: "the main branch".to_owned() }),
            _ => {}
        }
        if wants_signature && !tag.signed {
            findings.push(Self::Unsigned);
        }
        if let Some(from) = &tag.moved_from {
            let short = |name: &str| name.chars().take(10).collect();
            findings.push(Self::Moved { from: short(from), to: short(&tag.commit.to_string()) });
        }
        findings
    }

    /// Its name, for reasons and alerts.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::WrongBranch { .. } => "wrong_branch",
            Self::NotOfItsSeries { .. } => "not_of_its_series",
            Self::Unsigned => "unsigned",
            Self::Moved { .. } => "moved",
        }
    }

    /// What is wrong with the tag called `tag`.
    pub fn sentence(&self, tag: &str) -> String {
        match self {
            Self::WrongBranch { expected } => format!("the tag {tag} is not on {expected}"),
            Self::NotOfItsSeries { named, stands_on } => {
                format!("the tag {tag} is called a release of {named} and stands on the branch of {stands_on}")
            }
            Self::Unsigned => format!("the tag {tag} carries no signature, and the policy wants one"),
            Self::Moved { from, to } => format!("the tag {tag} was moved from {from} to {to}"),
        }
    }
}

/// Something about a tag that rests on what is not public.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrivateFinding {
    /// A release without the fix of a case, although the fix is out.
    Lacks {
        /// The case.
        case: String,
        /// How far the fix has come.
        holding: Holding,
    },
    /// Nobody can tell whether it holds the fix of a case.
    CannotTell {
        /// The case.
        case: String,
    },
    /// A release with the fix of a case, before its instant.
    TooEarly {
        /// The case.
        case: String,
        /// The instant.
        not_before: Timestamp,
    },
}

impl PrivateFinding {
    /// The case it concerns.
    pub fn case(&self) -> &str {
        match self {
            Self::Lacks { case, .. } | Self::CannotTell { case } | Self::TooEarly { case, .. } => case,
        }
    }

    /// Its name, for reasons and alerts.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Lacks { .. } => "lacks_fix",
            Self::CannotTell { .. } => "cannot_tell",
            Self::TooEarly { .. } => "too_early",
        }
    }

    /// What is wrong with the tag called `tag`. Names a case, so it is for maintainers.
    pub fn sentence(&self, tag: &str) -> String {
        match self {
            Self::Lacks { case, holding: Holding::OnTheBranchOnly } => {
                format!("the release {tag} was made without the fix of {case}, which its branch has")
            }
            Self::Lacks { case, .. } => {
                format!("the release {tag} does not hold the fix of {case}, nor does its branch")
            }
            Self::CannotTell { case } => format!("nobody can tell whether the release {tag} holds the fix of {case}"),
            Self::TooEarly { case, not_before } => {
                format!("the release {tag} holds the fix of {case} before its instant, {not_before}")
            }
        }
    }
}
