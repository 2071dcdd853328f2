//! Cases: one suspected vulnerability each, `SEC-2026-7`.
//!
//! What flows in: the intake rule opens a case, commands and clocks move it along the tables [`HANDLING`] and
//! [`EMBARGO`]. What flows out: [`Case`] records, their [`projection`] for scripts and the [`card`] for people. A case
//! holds identifiers, states, words of the policy and instants only; the words of a report and everything that people
//! wrote freely live sealed beside it, as evidence and notes. What it must never do: hold such words, lose an exposure bit
//! that was once set, or keep an embargo once the matter is public.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    clocks::Clock,
    post::{Account, PostPlace, RepoName},
    record::Record,
};

mod assessment;
pub mod card;
mod confirmation;
mod course;
mod embargo;
mod exposure;
mod handling;
mod people;
pub mod projection;
mod rating;
pub mod transition;

pub use assessment::{
    Assessment, Cve, CveState, ItemAnswer, ItemVerdict, Justification, MAIN, SeverityOverride, Track,
};
pub use confirmation::{CONFIRM_WITHIN, MOST_PENDING, Pending, Standing, UNDO_WITHIN, Undoable, Waits};
pub use course::Opening;
pub use embargo::{EMBARGO, Embargo, EmbargoEvent, EmbargoState, EmbargoStep, ExitCause, Party};
pub use exposure::{Exposure, ExposureBit, ExposureRuling};
pub use handling::{HANDLING, Handling, HandlingEvent, HandlingStep, RejectReason, Verdict};
pub use people::{Credit, CreditName, People, Person};
pub use rating::{Rating, computed_severity, open_items, severity, severity_word};

/// Number of a case: the year it was opened in, and a running number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CaseId(String);

impl CaseId {
    /// `SEC-2026-7`.
    pub fn new(year: i16, number: u64) -> Self {
        Self(format!("SEC-{year}-{number}"))
    }

    /// The number as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for CaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for CaseId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let upper = text.trim().to_ascii_uppercase();
        let mut parts = upper.splitn(3, '-');
        let digits = |part: Option<&str>, most: usize| {
            part.is_some_and(|p| !p.is_empty() && p.len() <= most && p.bytes().all(|b| b.is_ascii_digit()))
        };
        if parts.next() == Some("SEC") && digits(parts.next(), 4) && digits(parts.next(), 9) {
            Ok(Self(upper))
        } else {
            Err(format!("{text:?} is not a case; write it as SEC-YEAR-NUMBER, for example SEC-2026-7"))
        }
    }
}

/// Why the case exists, which decides what its desk asks of maintainers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseOrigin {
    /// An outsider's post was taken out of sight.
    Shielded,
    /// The post stays visible (the policy answers but does not hide); maintainers decide.
    Replied,
    /// A pull request, whose diff nobody can hide; maintainers decide.
    PullRequest,
    /// A maintainer's own post; the bot never hides those.
    MaintainersPost,
    /// A private report, by GitHub's form or found among the advisories.
    Reported,
    /// Opened by hand: `embargod case open`, `/case open`.
    Opened,
}

/// Where people talk about a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Desk {
    /// Not made yet.
    Pending,
    /// A draft advisory of the repository itself.
    Advisory {
        /// GitHub's number of the advisory. Private until publication.
        ghsa: String,
        /// Its web address.
        url: String,
    },
    /// An issue of a private case repository.
    Issue {
        /// The private repository.
        repository: RepoName,
        /// GitHub's number of it, which stays when it is renamed; 0 where it is not known.
        #[serde(default)]
        repository_id: u64,
        /// Number of the issue.
        number: u64,
        /// Its web address.
        url: String,
    },
    /// Neither could be had; maintainers were alerted in the log and by `embargod case list`.
    AlertOnly,
}

/// The advisory of a case whose desk is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvisoryLink {
    /// GitHub's number of the advisory. Private until publication.
    pub ghsa: String,
    /// Its web address.
    pub url: String,
}

/// A post that belongs to a case, with what it was like before the bot touched it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CasePost {
    /// Where it stands.
    pub place: PostPlace,
    /// Name of the sealed evidence that holds its words, newest last.
    pub evidence: Vec<String>,
    /// Whether the bot replaced its words.
    pub redacted: bool,
    /// Whether the bot locked its thread, which was not locked before.
    pub locked: bool,
    /// Whether the bot closed its thread, which was open before.
    pub closed: bool,
    /// Whether the bot asked GitHub to fold the post away.
    pub minimized: bool,
}

/// One suspected vulnerability.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Its number.
    pub id: CaseId,
    /// The repository it concerns.
    pub repository: RepoName,
    /// The repository's number.
    pub repository_id: u64,
    /// The installation through which it is reached.
    pub installation_id: u64,
    /// Why it exists.
    pub origin: CaseOrigin,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// The policy it is pinned to.
    pub policy_version: String,
    /// Who wrote the post that opened it.
    pub reporter: Account,
    /// Where the handling stands.
    pub handling: Handling,
    /// What the world knows.
    pub exposure: Exposure,
    /// Where people talk about it.
    pub desk: Desk,
    /// Its advisory, where people talk about it elsewhere; see [`Case::ghsa`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advisory: Option<AdvisoryLink>,
    /// The posts that belong to it, the opening one first.
    pub posts: Vec<CasePost>,
    /// When the public side was restored, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_at: Option<Timestamp>,
    /// When the report reached the project, where that was before the case was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported_at: Option<Timestamp>,
    /// Counts the changes of what commands decide about, see [`Standing`]. A code to confirm holds for one version.
    #[serde(default)]
    pub state_version: u64,
    /// What it was found to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Whether what became public says enough to count; without a ruling it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exposure_ruling: Option<ExposureRuling>,
    /// Since when a leak is suspected and nobody has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leak_suspected_at: Option<Timestamp>,
    /// The embargo.
    #[serde(default)]
    pub embargo: Embargo,
    /// What maintainers found out.
    #[serde(default)]
    pub assessment: Assessment,
    /// Who has to do with it.
    #[serde(default)]
    pub people: People,
    /// Its clocks, in the order in which they were started; at most one of a name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Clock>,
    /// Commands that wait for `/confirm`, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Pending>,
    /// The last command, as long as it can be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoable: Option<Undoable>,
}

impl Record for Case {
    const KIND: &'static str = "case";

    fn key(&self) -> String {
        self.id.to_string()
    }
}

/// Something that a maintainer should know and that no desk could be told. Constant words by kind; shown by
/// `embargod case list`, counted in the metrics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Unique; telling the same thing twice makes one alert.
    pub id: String,
    /// When it was raised.
    pub at: Timestamp,
    /// The repository it concerns.
    pub repository: RepoName,
    /// The case it concerns, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// What is wrong and what to do, without content.
    pub text: String,
    /// When it was mended or dismissed; open until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
}

impl Record for Alert {
    const KIND: &'static str = "alert";

    fn key(&self) -> String {
        self.id.clone()
    }
}

#[cfg(test)]
mod tests;
