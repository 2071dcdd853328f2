//! How far the handling of a case has come: states, events and the table between them.

use serde::{Deserialize, Serialize};

use super::{
    CaseId,
    transition::{Need, Transition},
};

/// Where the handling of a case stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Handling {
    /// A report came in; nobody has answered yet.
    Received,
    /// A person answered the reporter.
    Acknowledged,
    /// It is being evaluated.
    Triage,
    /// It is a vulnerability that gets a release.
    Accepted,
    /// It is none, or not ours to mend; see [`Verdict`].
    Rejected,
    /// Another case has the same subject.
    Duplicate,
    /// Somebody else's code is at fault.
    Upstream,
    /// It is mended in public: only the main branch is affected, or nothing is at stake.
    PublicFix,
    /// The reporter took it back.
    Withdrawn,
    /// A fix is being prepared.
    Fixing,
    /// Every affected series has its frozen patch.
    Ready,
    /// The steps of the release are running.
    Releasing,
    /// Every step of the release is done.
    Released,
    /// Nothing is left to do.
    Archived,
}

impl Handling {
    /// All states, in the order of a case's life.
    pub const ALL: [Self; 14] = [
        Self::Received,
        Self::Acknowledged,
        Self::Triage,
        Self::Accepted,
        Self::Rejected,
        Self::Duplicate,
        Self::Upstream,
        Self::PublicFix,
        Self::Withdrawn,
        Self::Fixing,
        Self::Ready,
        Self::Releasing,
        Self::Released,
        Self::Archived,
    ];

    /// The word for scripts and people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Acknowledged => "acknowledged",
            Self::Triage => "triage",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Duplicate => "duplicate",
            Self::Upstream => "upstream",
            Self::PublicFix => "public_fix",
            Self::Withdrawn => "withdrawn",
            Self::Fixing => "fixing",
            Self::Ready => "ready",
            Self::Releasing => "releasing",
            Self::Released => "released",
            Self::Archived => "archived",
        }
    }

    /// Whether nobody has decided yet what the report is.
    pub fn is_undecided(self) -> bool {
        matches!(self, Self::Received | Self::Acknowledged | Self::Triage)
    }

    /// Whether it was accepted and its release is still ahead.
    pub fn is_in_work(self) -> bool {
        matches!(self, Self::Accepted | Self::Fixing | Self::Ready | Self::Releasing)
    }

    /// Whether it ended without a release of its own.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Rejected | Self::Duplicate | Self::Upstream | Self::Withdrawn | Self::Archived)
    }
}

/// Why a report was rejected; chooses the text to the reporter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectReason {
    /// What is described does not happen, or is no weakness.
    Invalid,
    /// It shows only outside of production.
    NotProductionGrade,
    /// The affected code ignores documented best practice.
    BestPractice,
    /// It comes from a mistake in use.
    UserError,
    /// It is no report.
    Spam,
    /// It is known and stays as it is.
    WontFix,
    /// The policy does not cover it.
    OutOfScope,
}

impl RejectReason {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::Invalid,
        Self::NotProductionGrade,
        Self::BestPractice,
        Self::UserError,
        Self::Spam,
        Self::WontFix,
        Self::OutOfScope,
    ];

    /// The word that commands use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotProductionGrade => "not_production_grade",
            Self::BestPractice => "best_practice",
            Self::UserError => "user_error",
            Self::Spam => "spam",
            Self::WontFix => "wont_fix",
            Self::OutOfScope => "out_of_scope",
        }
    }
}

/// What a decided case was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Verdict {
    /// A vulnerability that gets a release.
    Accepted {
        /// The series that were supported when it was accepted; what is affected is a part of these.
        supported: Vec<String>,
        /// When.
        at: jiff::Timestamp,
    },
    /// None, or not to be mended.
    Rejected {
        /// Why.
        reason: RejectReason,
    },
    /// The same as another.
    Duplicate {
        /// The other case.
        of: CaseId,
    },
    /// The same as an advisory that exists already.
    Published {
        /// GitHub's number of it.
        ghsa: String,
    },
    /// Somebody else's.
    Upstream {
        /// The project's name as the policy has it.
        project: String,
        /// Whether we keep quiet with them until they publish, because we ship a mitigation.
        shadow: bool,
    },
    /// To be mended in public.
    PublicFix,
    /// Taken back by the reporter.
    Withdrawn,
}

/// What moves the handling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandlingEvent {
    /// A person answers the reporter.
    Acknowledge,
    /// An item of the checklist is answered.
    Examine,
    /// It is taken for a vulnerability.
    Accept,
    /// It is found to affect the main branch alone.
    FindMainOnly,
    /// It is found to affect a release after all.
    FindReleased,
    /// It is rejected.
    Reject,
    /// It is found to be the same as another.
    FindDuplicate,
    /// It is passed on to another project.
    PassUpstream,
    /// The reporter takes it back.
    Withdraw,
    /// The decision is reconsidered.
    Reopen,
    /// Work on a fix begins.
    BeginFix,
    /// All patches are frozen.
    Freeze,
    /// A frozen patch changes.
    Thaw,
    /// The release begins.
    Go,
    /// The release is broken off.
    Abort,
    /// The last step of the release is done.
    Finish,
    /// The advisory was published by hand.
    PublishByHand,
    /// Everything after the release is done.
    Archive,
}

impl HandlingEvent {
    /// The words for diagrams and lists.
    pub fn words(self) -> &'static str {
        match self {
            Self::Acknowledge => "/ack",
            Self::Examine => "/check",
            Self::Accept => "/accept",
            Self::FindMainOnly => "/affects main, /accept",
            Self::FindReleased => "/affects",
            Self::Reject => "/reject",
            Self::FindDuplicate => "/duplicate",
            Self::PassUpstream => "/upstream",
            Self::Withdraw => "reporter withdraws",
            Self::Reopen => "/reopen",
            Self::BeginFix => "work on a fix begins",
            Self::Freeze => "all patches frozen",
            Self::Thaw => "a patch changes",
            Self::Go => "/go",
            Self::Abort => "a step fails, /abort",
            Self::Finish => "last step done",
            Self::PublishByHand => "advisory published by hand",
            Self::Archive => "/archive",
        }
    }
}

/// A line of [`HANDLING`].
pub type HandlingStep = Transition<Handling, HandlingEvent>;

const fn line(from: Handling, event: HandlingEvent, to: Handling, needs: &'static [Need]) -> HandlingStep {
    Transition { from, event, to, needs }
}

/// Every step of the handling. A rejection or a pass to another project answers the reporter, so it may come first.
pub const HANDLING: &[HandlingStep] = {
    use Handling::*;
    use HandlingEvent::*;
    use Need::{
        AffectsNamed, AllStepsDone, ChecklistComplete, Classified, CveSettled, MainOnly, NoEmbargo, NotMainOnly,
        NothingPublic, PatchesFrozen, Reason, Rehearsed, SecondPerson,
    };
    const ACCEPTABLE: &[Need] = &[ChecklistComplete, Classified, AffectsNamed, NotMainOnly];
    const MAIN: &[Need] = &[MainOnly, NoEmbargo];
    &[
        line(Received, Acknowledge, Acknowledged, &[]),
        line(Acknowledged, Examine, Triage, &[]),
        line(Acknowledged, Accept, Accepted, ACCEPTABLE),
        line(Triage, Accept, Accepted, ACCEPTABLE),
        line(Acknowledged, FindMainOnly, PublicFix, MAIN),
        line(Triage, FindMainOnly, PublicFix, MAIN),
        line(Accepted, FindMainOnly, PublicFix, MAIN),
        line(Fixing, FindMainOnly, PublicFix, MAIN),
        line(PublicFix, FindReleased, Triage, &[NotMainOnly]),
        line(Received, Reject, Rejected, &[]),
        line(Acknowledged, Reject, Rejected, &[]),
        line(Triage, Reject, Rejected, &[]),
        line(Accepted, Reject, Rejected, &[SecondPerson]),
        line(Fixing, Reject, Rejected, &[SecondPerson]),
        line(Ready, Reject, Rejected, &[SecondPerson]),
        line(PublicFix, Reject, Rejected, &[SecondPerson]),
        line(Received, FindDuplicate, Duplicate, &[]),
        line(Acknowledged, FindDuplicate, Duplicate, &[]),
        line(Triage, FindDuplicate, Duplicate, &[]),
        line(Received, PassUpstream, Upstream, &[]),
        line(Acknowledged, PassUpstream, Upstream, &[]),
        line(Triage, PassUpstream, Upstream, &[]),
        line(Received, Withdraw, Withdrawn, &[]),
        line(Acknowledged, Withdraw, Withdrawn, &[]),
        line(Triage, Withdraw, Withdrawn, &[]),
        line(Rejected, Reopen, Triage, &[Reason]),
        line(Duplicate, Reopen, Triage, &[Reason]),
        line(Upstream, Reopen, Triage, &[Reason]),
        line(Withdrawn, Reopen, Triage, &[Reason]),
        line(Accepted, BeginFix, Fixing, &[]),
        line(Fixing, Freeze, Ready, &[PatchesFrozen]),
        line(Ready, Thaw, Fixing, &[]),
        line(Ready, Go, Releasing, &[SecondPerson, Rehearsed]),
        line(Releasing, Abort, Ready, &[NothingPublic]),
        line(Releasing, Finish, Released, &[AllStepsDone]),
        line(Accepted, PublishByHand, Released, &[]),
        line(Fixing, PublishByHand, Released, &[]),
        line(Ready, PublishByHand, Released, &[]),
        line(Releasing, PublishByHand, Released, &[]),
        line(PublicFix, PublishByHand, Released, &[]),
        line(Released, Archive, Archived, &[CveSettled]),
        line(Rejected, Archive, Archived, &[CveSettled]),
        line(Duplicate, Archive, Archived, &[CveSettled]),
        line(Upstream, Archive, Archived, &[CveSettled]),
        line(Withdrawn, Archive, Archived, &[CveSettled]),
        line(PublicFix, Archive, Archived, &[CveSettled]),
    ]
};
