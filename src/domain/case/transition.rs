//! Transition tables as data, and the one function that reads them.

use serde::{Deserialize, Serialize};

/// What has to hold before a step may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// Every item of the policy's checklist is answered with yes.
    ChecklistComplete,
    /// A class of weakness is set.
    Classified,
    /// At least one supported series is named as affected.
    AffectsNamed,
    /// Only the main branch is affected.
    MainOnly,
    /// More than the main branch is affected.
    NotMainOnly,
    /// A reason is given.
    Reason,
    /// A second person confirms.
    SecondPerson,
    /// The case is not public, no exploit is, and it is not being attacked.
    NotExposed,
    /// The date lies ahead, in the policy's window, outside of its blackout days and within its longest embargo.
    DateAllowed,
    /// All parties agreed.
    PartiesAgree,
    /// No embargo runs.
    NoEmbargo,
    /// Every affected series has its frozen patch.
    PatchesFrozen,
    /// The rehearsal of the release went well.
    Rehearsed,
    /// Nothing of the release is public yet.
    NothingPublic,
    /// Every step of the release is done.
    AllStepsDone,
    /// Reserved CVE ids are published or given back.
    CveSettled,
}

impl Need {
    /// The words for diagrams and lists.
    pub fn words(self) -> &'static str {
        match self {
            Self::ChecklistComplete => "checklist complete",
            Self::Classified => "class set",
            Self::AffectsNamed => "affected series named",
            Self::MainOnly => "only main affected",
            Self::NotMainOnly => "more than main affected",
            Self::Reason => "reason given",
            Self::SecondPerson => "second person",
            Self::NotExposed => "not public, no exploit, no attacks",
            Self::DateAllowed => "date allowed",
            Self::PartiesAgree => "parties agree",
            Self::NoEmbargo => "no embargo runs",
            Self::PatchesFrozen => "patches frozen",
            Self::Rehearsed => "rehearsed",
            Self::NothingPublic => "nothing public yet",
            Self::AllStepsDone => "all steps done",
            Self::CveSettled => "CVE ids settled",
        }
    }
}

/// One line of a transition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition<S: 'static, E: 'static> {
    /// The state before.
    pub from: S,
    /// What happens.
    pub event: E,
    /// The state after.
    pub to: S,
    /// What has to hold.
    pub needs: &'static [Need],
}

/// Why a step was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoStep {
    /// The table has no such step from this state.
    NotFromHere,
    /// The step exists; these needs do not hold.
    Unmet(Vec<Need>),
}

/// The state after `event`, if the table has such a step whose needs all hold. Where a table has several lines for one
/// state and event, the first whose needs hold is taken; the needs of the last are told if none does.
///
/// # Errors
/// [`NoStep`], with what does not hold.
pub fn step<S: Copy + PartialEq, E: Copy + PartialEq>(
    table: &[Transition<S, E>],
    from: S,
    event: E,
    holds: impl Fn(Need) -> bool,
) -> Result<S, NoStep> {
    let mut refused = NoStep::NotFromHere;
    for line in table.iter().filter(|line| line.from == from && line.event == event) {
        let unmet: Vec<Need> = line.needs.iter().copied().filter(|need| !holds(*need)).collect();
        if unmet.is_empty() {
            return Ok(line.to);
        }
        refused = NoStep::Unmet(unmet);
    }
    Err(refused)
}

/// A table as a Mermaid state diagram. `name` gives states and events their words.
pub fn mermaid<S: Copy + PartialEq, E: Copy>(
    table: &[Transition<S, E>],
    first: S,
    state: impl Fn(S) -> &'static str,
    event: impl Fn(E) -> &'static str,
) -> String {
    let mut text = format!("stateDiagram-v2\n    [*] --> {}\n", state(first));
    for line in table {
        let needs: Vec<&str> = line.needs.iter().map(|need| need.words()).collect();
        let guard = if needs.is_empty() { String::new() } else { format!(" [{}]", needs.join(", ")) };
        text.push_str(&format!("    {} --> {}: {}{guard}\n", state(line.from), state(line.to), event(line.event)));
    }
    let mut ends: Vec<S> = Vec::new();
    for line in table {
        if !table.iter().any(|other| other.from == line.to) && !ends.contains(&line.to) {
            ends.push(line.to);
        }
    }
    for end in ends {
        text.push_str(&format!("    {} --> [*]\n", state(end)));
    }
    text
}
