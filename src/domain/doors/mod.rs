//! Doors in: how private reports, drafts and an operator's word become cases, and what happens to an advisory at GitHub
//! that its case has to know.
//!
//! What flows in: a [`Sighting`] of an advisory (told by a webhook or found by looking), what is known of it, its case.
//! What flows out: a decision that opens a case, or tells one what happened. What it must never do: open a second case for
//! one advisory, see a word of it, or let a publication pass that came before its time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    case::{Alert, Case, CaseId, CaseOrigin, Desk, ExitCause, ExposureBit, Handling, HandlingEvent, Opening, Standing},
    clocks::Moment,
    commands::{acts::SendToReporter, texts::ReporterText},
    decision::Decision,
    effect::Effect,
    intake::actions::{DeskNews, Leaves, MoveDesk, OpenDesk, RaiseAlert, TellDesk},
    policy::{DeskKind, Policy},
    post::{Account, RepoName},
    reason::Reason,
    record::{Record, RecordWrite, Versioned},
};

/// How an advisory stands at GitHub, as far as a case cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtGitHub {
    /// Reported in private, not accepted there yet.
    Triage,
    /// Being worked on.
    Draft,
    /// Public, also where it was withdrawn afterwards.
    Published,
    /// Closed without publication.
    Closed,
}

impl AtGitHub {
    fn is_open(self) -> bool {
        matches!(self, Self::Triage | Self::Draft)
    }
}

/// An advisory as it was told of or found. None of its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// The repository.
    pub repository: RepoName,
    /// Its number.
    pub repository_id: u64,
    /// The installation through which it is reached.
    pub installation_id: u64,
    /// GitHub's number of the advisory. Private until publication: never logged.
    pub ghsa: String,
    /// Its web address.
    pub url: String,
    /// How it stands.
    pub state: AtGitHub,
    /// Who reported or wrote it.
    pub reporter: Account,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it came to stand like this, as far as GitHub says.
    pub changed_at: Timestamp,
}

/// What is known of an advisory: its case, and how it stood last. One for each, so that no advisory has two cases.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAdvisory {
    /// GitHub's number of it.
    pub ghsa: String,
    /// Its case.
    pub case: CaseId,
    /// How it stood when it was seen last.
    pub state: AtGitHub,
}

impl Record for KnownAdvisory {
    const KIND: &'static str = "advisory";

    fn key(&self) -> String {
        self.ghsa.clone()
    }
}

/// Whether a stored case has this advisory, as its desk or beside it. Looks at the bare record: there may be many.
pub fn is_advisory_of(case: &serde_json::Value, ghsa: &str) -> bool {
    let at = |place: &str| case.pointer(place).and_then(serde_json::Value::as_str) == Some(ghsa);
    at("/desk/ghsa") || at("/advisory/ghsa")
}

/// What the rule wants to know.
pub struct Inquiry<'a> {
    /// What was seen.
    pub sighting: &'a Sighting,
    /// What is known of it.
    pub known: Option<&'a Versioned<KnownAdvisory>>,
    /// Its case: the one that is known, or the one whose desk it is.
    pub case: Option<&'a Versioned<Case>>,
    /// Why a case would exist.
    pub origin: CaseOrigin,
    /// The policy in force.
    pub policy: &'a Policy,
    /// The number of the case, should one be opened.
    pub next_case: CaseId,
    /// The present instant.
    pub now: Timestamp,
}

/// What the rule decided.
pub struct Taken {
    /// The decision.
    pub decision: Decision,
    /// The case that it opens.
    pub opens: Option<CaseId>,
}

/// Decides about an advisory; `None` where it brings nothing new.
pub fn take(inquiry: &Inquiry<'_>) -> Option<Taken> {
    let sighting = inquiry.sighting;
    if inquiry.known.is_some_and(|known| known.value.state == sighting.state) {
        return None;
    }
    let Some(case) = inquiry.case else {
        return sighting.state.is_open().then(|| opened(inquiry));
    };
    let known = KnownAdvisory { ghsa: sighting.ghsa.clone(), case: case.value.id.clone(), state: sighting.state };
    let mut decision = Decision {
        records: vec![RecordWrite::guarded(&known, inquiry.known.map_or(0, |known| known.version))],
        case: Some(case.value.id.to_string()),
        ..Decision::default()
    };
    match sighting.state {
        AtGitHub::Published => published(inquiry, case, &mut decision),
        AtGitHub::Closed => closed(inquiry, case, &mut decision),
        AtGitHub::Triage | AtGitHub::Draft => {
            decision.outcome = "advisory_known".to_owned();
            let text = if inquiry.known.is_some() {
                "the advisory stands otherwise at GitHub; it belongs to this case as before"
            } else {
                "the advisory is the desk of this case"
            };
            decision.reasons.push(Reason::new("doors.known", text));
        }
    }
    Some(Taken { decision, opens: None })
}

fn opened(inquiry: &Inquiry<'_>) -> Taken {
    let sighting = inquiry.sighting;
    let elsewhere = inquiry.policy.desk.kind == DeskKind::Repository;
    let advisory = Desk::Advisory { ghsa: sighting.ghsa.clone(), url: sighting.url.clone() };
    let mut case = Case::open(
        Opening {
            id: inquiry.next_case.clone(),
            repository: sighting.repository.clone(),
            repository_id: sighting.repository_id,
            installation_id: sighting.installation_id,
            origin: inquiry.origin,
            reporter: sighting.reporter.clone(),
            reported_at: sighting.created_at,
            desk: advisory,
        },
        inquiry.policy,
        inquiry.now,
    );
    let mut effects = Vec::new();
    if elsewhere {
        case.move_desk(Desk::Pending);
        effects.push(make_desk(&case.id, true));
    }
    effects.extend(receipt(inquiry, &case));
    let known = KnownAdvisory { ghsa: sighting.ghsa.clone(), case: case.id.clone(), state: sighting.state };
    let text = format!("an advisory was reported or drafted in private at {}", case.age_since());
    let decision = Decision {
        outcome: "case_opened".to_owned(),
        records: vec![RecordWrite::guarded(&case, 0), RecordWrite::guarded(&known, 0)],
        effects,
        case: Some(case.id.to_string()),
        reasons: vec![Reason::new("doors.reported", text)],
        ..Decision::default()
    };
    Taken { decision, opens: Some(case.id) }
}

/// The effect that makes the desk of a case. `certainly_first`: no earlier run can have made one.
pub fn make_desk(id: &CaseId, certainly_first: bool) -> Effect {
    let desk = OpenDesk { case: id.to_string(), certainly_first };
    Effect::new(format!("desk:{id}"), format!("case:{id}"), &desk).for_case(id.as_str())
}

/// What tells the reporter at once that the report came in. It stops no clock, and where the time for an answer is over
/// already it would be a mockery.
fn receipt(inquiry: &Inquiry<'_>, case: &Case) -> Option<Effect> {
    let due = case.clock("acknowledgment").map(|clock| clock.due).filter(|due| *due > inquiry.now)?;
    let wanted = inquiry.policy.acknowledgment.receipt && inquiry.sighting.state == AtGitHub::Triage;
    let id = &case.id;
    let send = SendToReporter { case: id.to_string(), text: ReporterText::Receipt { answer_by: due }, note: None };
    wanted.then(|| {
        Effect::new(format!("receipt:{id}"), format!("case:{id}"), &send)
            .for_case(id.as_str())
            .after([format!("desk:{id}")])
    })
}

/// A case that somebody opens by hand and that has no advisory yet: its desk is still to be made.
pub fn open_by_hand(opening: Opening, names_reporter: bool, policy: &Policy, now: Timestamp) -> Case {
    let mut case = Case::open(opening, policy, now);
    if !names_reporter {
        // Nobody is credited who was not named.
        case.people.credits.clear();
    }
    case
}

/// Whether the matter was to be kept quiet when it was published.
fn before_its_time(case: &Case) -> bool {
    case.embargo.state.is_running()
        || !(case.is_exposed()
            || case.handling.is_closed()
            || matches!(case.handling, Handling::Releasing | Handling::Released | Handling::PublicFix))
}

fn published(inquiry: &Inquiry<'_>, case: &Versioned<Case>, decision: &mut Decision) {
    let (policy, now) = (inquiry.policy, inquiry.now);
    let at = inquiry.sighting.changed_at.min(now);
    let early = before_its_time(&case.value) && case.value.handling != Handling::Releasing;
    let mut changed = case.value.clone();
    let before = Standing::of(&changed);
    let cause = if early { ExitCause::Leaked } else { ExitCause::Lifted };
    let mut moments = Vec::new();
    if changed.expose(ExposureBit::Public, at, cause) {
        moments.push(Moment::EmbargoOver);
    }
    // Of a case that nobody has accepted, publication says nothing but that it is public.
    if changed.move_handling(HandlingEvent::PublishByHand, policy, &[]).is_ok() {
        moments.push(Moment::Disclosed);
    }
    changed.pass(&moments, policy, now);
    changed.settle(&before, now);
    let id = &changed.id;
    let (rule, outcome, text) = if early {
        ("doors.leaked", "advisory_leaked", "the advisory was published before its time: the matter is public")
    } else {
        ("doors.published", "advisory_published", "the advisory was published")
    };
    decision.outcome = outcome.to_owned();
    decision.reasons.push(Reason::new(rule, text));
    if early {
        let state = changed.handling.word();
        let text = format!(
            "{id} leaked: its advisory was published at {at}, before its time. Any embargo is over. Decide about a release at \
             once; the case is {state}. `embargod case show {id}`"
        );
        decision.effects.push(alert(format!("leak:{id}"), &changed, text, now));
    }
    let beside = policy.desk.repository.is_some() && matches!(changed.desk, Desk::Advisory { .. });
    if beside && !changed.handling.is_closed() {
        let leave = MoveDesk { case: id.to_string(), because: Leaves::Published };
        let key = format!("move_desk:{id}:published");
        decision.effects.push(Effect::new(key, format!("case:{id}"), &leave).for_case(id.as_str()));
    }
    decision.records.push(RecordWrite::guarded(&changed, case.version));
}

fn closed(inquiry: &Inquiry<'_>, case: &Versioned<Case>, decision: &mut Decision) {
    let (case, id) = (&case.value, &case.value.id);
    decision.outcome = "advisory_closed".to_owned();
    if case.handling.is_closed() {
        decision.reasons.push(Reason::new("doors.closed", "the advisory of a case that is over was closed"));
        return;
    }
    decision.reasons.push(Reason::new("doors.closed", "the advisory was closed by hand while its case is open"));
    let tell = TellDesk { case: id.to_string(), news: DeskNews::ClosedByHand };
    let at = inquiry.sighting.changed_at;
    decision.effects.push(
        Effect::new(format!("tell:{id}/closed@{}", at.as_second()), format!("case:{id}"), &tell).for_case(id.as_str()),
    );
}

/// An effect that raises an alert about a case.
pub fn alert(id: String, case: &Case, text: String, now: Timestamp) -> Effect {
    let alert = Alert {
        id: id.clone(),
        at: now,
        repository: case.repository.clone(),
        case: Some(case.id.to_string()),
        text,
        resolved_at: None,
    };
    let lane = format!("case:{}", case.id);
    Effect::new(format!("alert:{id}@{}", now.as_second()), lane, &RaiseAlert { alert }).for_case(case.id.as_str())
}
