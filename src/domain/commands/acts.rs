//! What commands want done outside: payloads of effects. They hold identifiers, words of the policy and names of sealed
//! notes; whatever free text an act needs is unsealed when it is performed.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::texts::ReporterText;
use crate::domain::{
    case::{Case, Credit, CveState, ExitCause, Track, severity},
    effect::{Action, Urgency},
    policy::{Policy, SeverityLevel},
    post::RepoName,
};

/// Answers a comment at a desk: a reaction where GitHub has them there, and the one reply, renewed where it stands already.
/// What the reply says is sealed beside the case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerComment {
    /// The case.
    pub case: String,
    /// The comment, see [`super::Comment::key`].
    pub comment: String,
    /// GitHub's number of the comment.
    pub comment_id: u64,
    /// Whether everything in it was carried out or waits.
    pub well: bool,
}

impl Action for AnswerComment {
    const KIND: &'static str = "answer_comment";
    const URGENCY: Urgency = Urgency::Private;
}

/// Writes to the reporter, at the advisory or by whatever way reaches them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendToReporter {
    /// The case.
    pub case: String,
    /// Which text.
    pub text: ReporterText,
    /// Name of the sealed note with a person's own words, which follow the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Action for SendToReporter {
    const KIND: &'static str = "send_to_reporter";
    const URGENCY: Urgency = Urgency::Private;
}

/// What the advisory is to say. `None` and empty leave GitHub's field as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisoryFields {
    /// How bad.
    pub severity: Option<SeverityLevel>,
    /// The CVSS vector; GitHub takes this or the severity.
    pub cvss: Option<String>,
    /// Weaknesses: `CWE-89`.
    pub cwes: Vec<String>,
    /// The CVE id.
    pub cve: Option<String>,
    /// Affected series, from which the shell makes ranges of versions.
    pub affects: BTreeSet<String>,
    /// Who is credited, and how.
    pub credits: Vec<Credit>,
}

impl AdvisoryFields {
    /// What the advisory of a case is to say.
    pub fn of(case: &Case, policy: &Policy) -> Self {
        let assessment = &case.assessment;
        Self {
            severity: severity(case, policy).level,
            cvss: assessment.cvss.clone(),
            cwes: assessment.cwe.iter().map(|number| format!("CWE-{number}")).collect(),
            cve: assessment.cve.iter().find(|cve| cve.state != CveState::Rejected).and_then(|cve| cve.id.clone()),
            affects: assessment.affects.clone(),
            credits: case.people.credits.clone(),
        }
    }
}

/// Brings the advisory in step with the case. What somebody changed by hand meanwhile is shown, never overwritten.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteAdvisory {
    /// The case.
    pub case: String,
    /// What it is to say.
    pub fields: AdvisoryFields,
}

impl Action for WriteAdvisory {
    const KIND: &'static str = "write_advisory";
    const URGENCY: Urgency = Urgency::Private;
}

/// Lets somebody of the project in at the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteToDesk {
    /// The case.
    pub case: String,
    /// Whom, by login.
    pub login: String,
}

impl Action for InviteToDesk {
    const KIND: &'static str = "invite_to_desk";
    const URGENCY: Urgency = Urgency::Private;
}

/// Lets those in at the advisory whom the policy's roles name: GitHub shows it to administrators and collaborators alone.
/// Once for each case; whom a hand takes off later stays off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdmitTeam {
    /// The case.
    pub case: String,
}

impl Action for AdmitTeam {
    const KIND: &'static str = "admit_team";
    const URGENCY: Urgency = Urgency::Private;
}

/// Answers `/case open` at an issue that becomes no desk: why. The text names repositories and roles, and no word of anybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefuseCase {
    /// The installation through which the private repository is reached.
    pub installation_id: u64,
    /// The private repository.
    pub repository: RepoName,
    /// The issue.
    pub number: u64,
    /// Why, and what helps.
    pub text: String,
}

impl Action for RefuseCase {
    const KIND: &'static str = "refuse_case";
    const URGENCY: Urgency = Urgency::Courtesy;
}

/// Renews the card at the top of the desk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenewCard {
    /// The case.
    pub case: String,
}

impl Action for RenewCard {
    const KIND: &'static str = "renew_card";
    const URGENCY: Urgency = Urgency::Private;
}

/// Tells everybody who is bound by the embargo that its date moved or that it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TellParties {
    /// The case.
    pub case: String,
    /// The date that holds, or that they are asked to agree to.
    pub until: Option<Timestamp>,
    /// Whether they are asked rather than told.
    pub asked: bool,
    /// Why it is over, if it is.
    pub cause: Option<ExitCause>,
}

impl Action for TellParties {
    const KIND: &'static str = "tell_parties";
    const URGENCY: Urgency = Urgency::Private;
}

/// Has the plan of the release made anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplanRelease {
    /// The case.
    pub case: String,
    /// How the fix reaches people now.
    pub track: Track,
    /// When it is to be released: now where the track is urgent.
    pub at: Timestamp,
}

impl Action for ReplanRelease {
    const KIND: &'static str = "replan_release";
    const URGENCY: Urgency = Urgency::Protecting;
}

/// Asks GitHub for a CVE id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestCve {
    /// The case.
    pub case: String,
}

impl Action for RequestCve {
    const KIND: &'static str = "request_cve";
    const URGENCY: Urgency = Urgency::Private;
}

/// Gives the public side of a redirect back, as `/not-security` in the public thread does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoRedirect {
    /// The case.
    pub case: String,
    /// Who asked for it, by login.
    pub by: String,
}

impl Action for UndoRedirect {
    const KIND: &'static str = "undo_redirect";
    const URGENCY: Urgency = Urgency::Courtesy;
}

/// Shows the desk something that has to be read from elsewhere: the timeline, the reasons.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowHistory {
    /// The case.
    pub case: String,
    /// The comment that asked.
    pub comment: String,
    /// Whether the reasons of each decision are wanted, too.
    pub with_reasons: bool,
}

impl Action for ShowHistory {
    const KIND: &'static str = "show_history";
    const URGENCY: Urgency = Urgency::Courtesy;
}

/// Records a commit of the fix, against which releases are checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordFixCommit {
    /// The case.
    pub case: String,
    /// The series, or the branch of development.
    pub series: String,
    /// The commit, 7 to 40 hexadecimal digits.
    pub commit: String,
    /// Who said so, by login.
    pub by: String,
}

impl Action for RecordFixCommit {
    const KIND: &'static str = "record_fix_commit";
    const URGENCY: Urgency = Urgency::Private;
}

/// Shows the desk the matrix of the case: which series hold the fix, and in which release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowCoverage {
    /// The case.
    pub case: String,
    /// The comment that asked.
    pub comment: String,
}

impl Action for ShowCoverage {
    const KIND: &'static str = "show_coverage";
    const URGENCY: Urgency = Urgency::Courtesy;
}
