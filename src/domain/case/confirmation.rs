//! What waits for a second look: commands that need another person, and commands that came late.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Case, Person};
use crate::domain::clocks::Clock;

/// How long a code may be confirmed.
pub const CONFIRM_WITHIN: SignedDuration = SignedDuration::from_mins(30);

/// How long a command may be undone.
pub const UNDO_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// Most commands of a case that wait at a time; the oldest gives way.
pub const MOST_PENDING: usize = 20;

/// Why a command waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waits {
    /// It cannot be taken back, so another person has to agree.
    ForSecondPerson,
    /// Its comment was old when it arrived, so somebody has to say that it still holds.
    BecauseLate,
}

/// A command that waits for `/confirm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// What has to be repeated: eight hex digits.
    pub code: String,
    /// The verb, without its slash.
    pub verb: String,
    /// Name of the sealed note that holds the whole line.
    pub line: String,
    /// Why it waits.
    pub waits: Waits,
    /// Who gave it.
    pub by: Person,
    /// When it began to wait.
    pub since: Timestamp,
    /// When it was written; `+7d` counts from here.
    pub written_at: Timestamp,
    /// The state of the case that it was given for, see [`Case::state_version`].
    pub state_version: u64,
}

impl Pending {
    /// From when on it is too late.
    pub fn expires_at(&self) -> Timestamp {
        self.since.saturating_add(CONFIRM_WITHIN).unwrap_or(Timestamp::MAX)
    }
}

/// The last command that can be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undoable {
    /// The verb, without its slash.
    pub verb: String,
    /// When it was carried out.
    pub at: Timestamp,
    /// The state that it led to; any later change makes the undo void.
    pub state_version: u64,
    /// What the case was like before.
    pub before: Box<Standing>,
    /// Its clocks before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Clock>,
}

/// Everything of a case that commands decide about; what a state version counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    handling: super::Handling,
    verdict: Option<super::Verdict>,
    exposure: super::Exposure,
    exposure_ruling: Option<super::ExposureRuling>,
    leak_suspected_at: Option<Timestamp>,
    embargo: super::Embargo,
    assessment: super::Assessment,
    people: super::People,
}

impl Standing {
    /// The standing of a case.
    pub fn of(case: &Case) -> Self {
        Self {
            handling: case.handling,
            verdict: case.verdict.clone(),
            exposure: case.exposure,
            exposure_ruling: case.exposure_ruling,
            leak_suspected_at: case.leak_suspected_at,
            embargo: case.embargo.clone(),
            assessment: case.assessment.clone(),
            people: case.people.clone(),
        }
    }

    /// Takes back what commands found out and decided. Exposure and embargo stay as they are: what was seen is not unseen,
    /// and an embargo that ended is over.
    pub fn restore(self, case: &mut Case) {
        case.handling = self.handling;
        case.verdict = self.verdict;
        case.assessment = self.assessment;
        case.people = self.people;
    }
}
