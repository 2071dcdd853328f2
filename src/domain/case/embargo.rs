//! The embargo of a case: at most one, always with an absolute end, never while the matter is public.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::transition::{Need, Transition};

/// Where an embargo stands (after CERT/CC's Vultron).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbargoState {
    /// There is none yet.
    #[default]
    None,
    /// A date waits for the parties' consent.
    Proposed,
    /// It is in force.
    Active,
    /// It is in force, and another date waits for the parties' consent.
    Revising,
    /// It is over, for ever.
    Exited,
}

impl EmbargoState {
    /// Whether there is a date that binds, or is to bind, people.
    pub fn is_running(self) -> bool {
        matches!(self, Self::Proposed | Self::Active | Self::Revising)
    }

    /// Whether the embargo is in force.
    pub fn is_in_force(self) -> bool {
        matches!(self, Self::Active | Self::Revising)
    }

    /// The word for scripts and people.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Proposed => "proposed",
            Self::Active => "active",
            Self::Revising => "revising",
            Self::Exited => "exited",
        }
    }
}

/// Why an embargo ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExitCause {
    /// As planned, or by `/lift`.
    Lifted,
    /// Its end passed without a release.
    Expired,
    /// Somebody let it out.
    Leaked,
    /// It is used in attacks, or an exploit is public.
    Exploited,
    /// Somebody reported the same in public.
    PublicReport,
    /// There is nothing to keep quiet about any more.
    Abandoned,
}

impl ExitCause {
    /// The word for scripts and people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lifted => "lifted",
            Self::Expired => "expired",
            Self::Leaked => "leaked",
            Self::Exploited => "exploited",
            Self::PublicReport => "public_report",
            Self::Abandoned => "abandoned",
        }
    }
}

/// What moves an embargo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbargoEvent {
    /// A first date is set.
    Propose,
    /// All parties agree.
    Agree,
    /// A party declines, or nobody answers in time.
    Decline,
    /// Another date is set.
    Revise,
    /// It ends.
    Exit,
}

impl EmbargoEvent {
    /// The words for diagrams and lists.
    pub fn words(self) -> &'static str {
        match self {
            Self::Propose => "/embargo until",
            Self::Agree => "all agree",
            Self::Decline => "declined or no answer",
            Self::Revise => "/extend, /shorten",
            Self::Exit => "/lift, /exploited, /leak, end, public",
        }
    }
}

/// A line of [`EMBARGO`].
pub type EmbargoStep = Transition<EmbargoState, EmbargoEvent>;

const fn line(from: EmbargoState, event: EmbargoEvent, to: EmbargoState, needs: &'static [Need]) -> EmbargoStep {
    Transition { from, event, to, needs }
}

/// Every step of an embargo. Where a step has two lines, the first is taken if all parties agree at once, as they do
/// where there are none.
pub const EMBARGO: &[EmbargoStep] = {
    use EmbargoEvent::*;
    use EmbargoState::*;
    use Need::{DateAllowed, NotExposed, PartiesAgree, Reason, SecondPerson};
    &[
        line(None, Propose, Active, &[NotExposed, DateAllowed, PartiesAgree]),
        line(None, Propose, Proposed, &[NotExposed, DateAllowed]),
        line(Proposed, Agree, Active, &[NotExposed, PartiesAgree]),
        line(Proposed, Decline, None, &[]),
        line(Proposed, Exit, Exited, &[]),
        line(Active, Revise, Active, &[NotExposed, DateAllowed, Reason, SecondPerson, PartiesAgree]),
        line(Active, Revise, Revising, &[NotExposed, DateAllowed, Reason, SecondPerson]),
        line(Revising, Agree, Active, &[NotExposed, PartiesAgree]),
        line(Revising, Decline, Active, &[]),
        line(Active, Exit, Exited, &[]),
        line(Revising, Exit, Exited, &[]),
    ]
};

/// Somebody outside of the project who is bound by the embargo and asked before its date moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// Its name.
    pub name: String,
    /// Whether it agrees to the date that is proposed; `None` is no answer yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agrees: Option<bool>,
}

/// The embargo of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Embargo {
    /// Where it stands.
    pub state: EmbargoState,
    /// Its absolute end. There whenever it is proposed or in force; stays as it was after the exit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// The date that waits for consent while it is revised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_until: Option<Timestamp>,
    /// Why it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ExitCause>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exited_at: Option<Timestamp>,
    /// Who is asked before the date moves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<Party>,
}

impl Embargo {
    /// Whether every party agrees; true where there are none.
    pub fn parties_agree(&self) -> bool {
        self.parties.iter().all(|party| party.agrees == Some(true))
    }

    /// Ends the embargo if one is proposed or in force. Says whether there was one.
    pub fn exit(&mut self, cause: ExitCause, at: Timestamp) -> bool {
        let running = self.state.is_running();
        if running {
            self.state = EmbargoState::Exited;
            self.cause = Some(cause);
            self.exited_at = Some(at);
            self.proposed_until = None;
        }
        running
    }

    /// Takes down a party's answer about the date that waits. `None` takes it for silence until the time was over, which
    /// counts as a no. Says whether the answer settled the matter.
    pub fn answered(&mut self, party: &str, agrees: Option<bool>) -> bool {
        let waits = matches!(self.state, EmbargoState::Proposed | EmbargoState::Revising);
        let Some(known) = self.parties.iter_mut().find(|known| known.name == party) else {
            return false;
        };
        if !waits {
            return false;
        }
        known.agrees = Some(agrees.unwrap_or(false));
        if known.agrees == Some(false) {
            self.state = if self.state == EmbargoState::Proposed {
                self.until = None;
                EmbargoState::None
            } else {
                EmbargoState::Active
            };
            self.proposed_until = None;
            return true;
        }
        if self.parties_agree() {
            self.until = self.proposed_until.take().or(self.until);
            self.state = EmbargoState::Active;
            return true;
        }
        false
    }
}
