//! What a rule sees and changes: the case, who speaks, the policy, the time, and what it wants done.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    Actor, Role, SeriesFacts, Words,
    acts::{AdvisoryFields, SendToReporter, TellParties, WriteAdvisory},
    texts::ReporterText,
};
use crate::domain::{
    case::{
        Case, CaseId, EmbargoEvent, EmbargoState, ExitCause, ExposureBit, HandlingEvent,
        transition::{Need, NoStep},
    },
    clocks::Moment,
    effect::{Action, Effect},
    embargoed::{Clearance, Embargoed},
    policy::Policy,
    reason::Reason,
    release_checks::Proof,
};

/// What a command did, for the desk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Sentences.
    pub lines: Vec<String>,
    /// Commands that may come next, with what they are for: "`/accept`: everything is answered".
    pub next: Vec<String>,
}

impl Done {
    /// Says one thing.
    pub fn saying(line: impl Into<String>) -> Self {
        Self { lines: vec![line.into()], next: Vec::new() }
    }

    /// And another.
    #[must_use]
    pub fn and(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    /// And what may come next.
    #[must_use]
    pub fn then(mut self, next: impl Into<String>) -> Self {
        self.next.push(next.into());
        self
    }
}

/// Why a command was refused, for the desk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// What is missing or wrong, a sentence each.
    pub missing: Vec<String>,
    /// Commands that help.
    pub next: Vec<String>,
}

impl Refusal {
    /// For one reason.
    pub fn because(missing: impl Into<String>) -> Self {
        Self { missing: vec![missing.into()], next: Vec::new() }
    }

    /// And what helps.
    #[must_use]
    pub fn then(mut self, next: impl Into<String>) -> Self {
        self.next.push(next.into());
        self
    }
}

/// Free text to be sealed beside the case.
#[derive(Clone)]
pub struct Note {
    /// Its name; the record refers to it by that.
    pub name: String,
    /// Its words.
    pub text: Embargoed<String>,
}

/// What a rule sees and changes.
#[derive(Clone)]
pub struct Scene<'a> {
    /// The case, to be changed.
    pub case: Case,
    /// Who speaks.
    pub actor: &'a Actor,
    /// Who gave the command, where `actor` confirms somebody else's.
    pub asker: Option<&'a Actor>,
    /// The policy to which the case is pinned.
    pub policy: &'a Policy,
    /// The present.
    pub now: Timestamp,
    /// Series that are supported on [`Case::support_day`].
    pub series: &'a SeriesFacts,
    /// What is known of the fix.
    pub proof: Option<&'a Proof>,
    /// Roles of the people whom commands name, by login in lower case. Empty roles are nobody of the project.
    pub people: &'a BTreeMap<String, Actor>,
    /// Other cases that commands name.
    pub cases: &'a BTreeMap<CaseId, Case>,
    /// Sealed lines of commands that wait for a confirmation, by the name of their note.
    pub lines: &'a BTreeMap<String, Embargoed<String>>,
    /// The right to read such a line again.
    pub clearance: &'a Clearance,
    /// Names the command for ever: the comment, and its place in it.
    pub command: String,
    pub(super) moments: Vec<Moment>,
    pub(super) effects: Vec<Effect>,
    pub(super) notes: Vec<Note>,
    pub(super) others: Vec<Case>,
    pub(super) reasons: Vec<Reason>,
}

impl Scene<'_> {
    /// Whether two different people stand behind the command.
    pub fn has_second_person(&self) -> bool {
        self.asker.is_some_and(|asker| asker.id != self.actor.id)
    }

    /// The two who stand behind it, whoever gave the command first; twice the same where one alone does.
    pub fn both(&self) -> [String; 2] {
        [self.asker.unwrap_or(self.actor).login.clone(), self.actor.login.clone()]
    }

    /// Lets clocks know of something, once the command is through.
    pub fn moment(&mut self, moment: Moment) {
        self.moments.push(moment);
    }

    /// Wants something done outside, once for this command.
    pub fn want<A: Action>(&mut self, action: &A) {
        let case = self.case.id.to_string();
        let key = format!("{}:{case}:{}", A::KIND, self.command);
        let known = self.effects.iter().filter(|effect| effect.key.starts_with(&key)).count();
        let key = if known == 0 { key } else { format!("{key}.{known}") };
        self.effects.push(Effect::new(key, format!("case:{case}"), action).for_case(case));
    }

    /// Wants the advisory brought in step with the case as it is now.
    pub fn write_advisory(&mut self) {
        let fields = AdvisoryFields::of(&self.case, self.policy);
        self.effects.retain(|effect| effect.kind != WriteAdvisory::KIND);
        self.want(&WriteAdvisory { case: self.case.id.to_string(), fields });
    }

    /// Wants a text sent to the reporter.
    pub fn tell_reporter(&mut self, text: ReporterText, note: Option<String>) {
        self.want(&SendToReporter { case: self.case.id.to_string(), text, note });
    }

    /// Seals free text and gives its name.
    pub fn note(&mut self, what: &str, words: &Words) -> String {
        let name = format!("note:{}:{}:{what}", self.case.id, self.command);
        self.notes.push(Note { name: name.clone(), text: words.0.clone() });
        name
    }

    /// Seals free text, if there is any.
    pub fn note_if(&mut self, what: &str, words: Option<&Words>) -> Option<String> {
        words.map(|words| self.note(what, words))
    }

    /// Gives a reason for the record.
    pub fn because(&mut self, rule: &str, text: impl Into<String>, source: Option<&str>) {
        let reason = Reason::new(format!("commands.{rule}"), text);
        self.reasons.push(match source {
            Some(source) => reason.from_source(source),
            None => reason,
        });
    }

    /// Moves the handling along its table.
    ///
    /// # Errors
    /// A refusal that names what is missing, or says that there is no such step from here.
    pub fn step(&mut self, event: HandlingEvent, known: &[Need]) -> Result<(), Refusal> {
        let from = self.case.handling;
        self.case.move_handling(event, self.policy, known).map_err(|no| refused(&no, from.word()))?;
        let text = format!("{} -> {} ({})", from.word(), self.case.handling.word(), event.words());
        self.because("handling", text, None);
        Ok(())
    }

    /// Moves the embargo along its table.
    ///
    /// # Errors
    /// As [`Scene::step`].
    pub fn step_embargo(&mut self, event: EmbargoEvent, known: &[Need]) -> Result<EmbargoState, Refusal> {
        let from = self.case.embargo.state;
        let state = self
            .case
            .move_embargo(event, self.policy, known)
            .map_err(|no| refused(&no, &format!("embargo {}", from.word())))?;
        self.because("embargo", format!("{} -> {} ({})", from.word(), state.word(), event.words()), None);
        Ok(state)
    }

    /// Sets an exposure bit; an embargo that can't go on ends, and everybody bound by it is told.
    pub fn expose(&mut self, bit: ExposureBit, cause: ExitCause) {
        let ended = self.case.expose(bit, self.now, cause);
        if ended {
            self.embargo_ended(cause);
        }
    }

    /// Ends the embargo, if there is one.
    pub fn end_embargo(&mut self, cause: ExitCause) {
        if self.case.embargo.exit(cause, self.now) {
            self.embargo_ended(cause);
        }
    }

    fn embargo_ended(&mut self, cause: ExitCause) {
        self.moment(Moment::EmbargoOver);
        self.because("embargo", format!("exited ({})", cause.word()), Some("embargo: what is public ends it"));
        let tell = TellParties { case: self.case.id.to_string(), until: None, asked: false, cause: Some(cause) };
        self.want(&tell);
        if !matches!(cause, ExitCause::Abandoned) {
            self.tell_reporter(ReporterText::EmbargoOver, None);
        }
    }

    /// Says that the report is over without a release of its own: a person answered it, and its clocks stop.
    pub fn close(&mut self) {
        self.moment(Moment::Acknowledged);
        self.moment(Moment::Closed);
        self.case.people.asked_reporter_at = None;
        self.end_embargo(ExitCause::Abandoned);
        self.write_advisory();
    }

    /// The roles of somebody whom the command names; empty where the shell knew nobody.
    pub fn roles_of(&self, login: &str) -> BTreeSet<Role> {
        self.people.get(&login.to_ascii_lowercase()).map(|person| person.roles.clone()).unwrap_or_default()
    }
}

fn refused(no: &NoStep, from: &str) -> Refusal {
    match no {
        NoStep::NotFromHere => {
            Refusal::because(format!("the case is {from}; there is no such step from there")).then("`/status`")
        }
        NoStep::Unmet(needs) => {
            let needs: Vec<&str> = needs.iter().map(|need| need.words()).collect();
            Refusal::because(format!("still needed: {}", needs.join(", "))).then("`/status`")
        }
    }
}
