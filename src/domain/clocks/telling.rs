//! How a case comes back to itself in time, and what it says then, all in private.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Rung, Tick, Told, next_wake, rule};
use crate::domain::{
    case::{Alert, Case},
    effect::{Action, Effect, Urgency},
    intake::actions::{DeskNews, RaiseAlert, TellDesk},
    policy::Policy,
};

/// Looks at a case because something about it is due. There is one that waits for each case that has something to wait
/// for; a change of the case replaces it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseTick {
    /// The case.
    pub case: String,
}

impl Action for CaseTick {
    const KIND: &'static str = "case_tick";
    const URGENCY: Urgency = Urgency::Private;
}

/// Wakes whoever is on duty, by the operator's paging service. Names and an instant alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageDuty {
    /// The case.
    pub case: String,
    /// The clock.
    pub clock: String,
    /// When time ran out.
    pub due: Timestamp,
}

impl Action for PageDuty {
    const KIND: &'static str = "page_duty";
    const URGENCY: Urgency = Urgency::Private;
}

/// The key of the look that waits for a case as it is in `version`, a version of its record; `None` where it waits for
/// nothing.
pub fn tick_key(case: &Case, version: i64) -> Option<String> {
    next_wake(case).map(|_| format!("tick:{}#{version}", case.id))
}

/// The look itself.
pub fn next_tick(case: &Case, version: i64) -> Option<Effect> {
    let (at, key) = (next_wake(case)?, tick_key(case, version)?);
    let id = case.id.as_str();
    // Its lane is its own: a desk that does not answer must not stop the clocks.
    let lane = format!("clocks:{id}");
    Some(Effect::new(key, lane, &CaseTick { case: id.to_owned() }).for_case(id).not_before(at))
}

/// The name of the alert about a clock.
pub fn alert_id(case: &str, clock: &str) -> String {
    format!("clock:{case}:{clock}")
}

/// Who is told what came of a moment of time: the desk always, by a comment that names whoever the rung is about; from the
/// team on, and where the desk takes no comments any more, an alert as well.
pub fn telling(case: &Case, tick: &Tick, policy: &Policy, desk_talks: bool, now: Timestamp) -> Vec<Effect> {
    let mut effects = Vec::new();
    for told in &tick.told {
        if desk_talks {
            effects.push(at_desk(case, told, policy));
        }
        if told.rung >= Rung::Team || !desk_talks {
            effects.push(as_alert(case, told, now));
        }
        if told.rung == Rung::Page {
            let id = case.id.as_str();
            let page = PageDuty { case: id.to_owned(), clock: told.clock.clone(), due: told.due };
            effects.push(
                Effect::new(format!("page:{id}/{}", which(case, told)), format!("page:{id}"), &page).for_case(id),
            );
        }
    }
    if tick.embargo_expired {
        let id = &case.id;
        let text = format!(
            "the embargo of {id} ended by itself, without a release: decide at once. `embargod case show {id}`"
        );
        effects.push(raise(case, format!("embargo:{id}"), format!("embargo:{id}@{}", now.as_second()), text, now));
    }
    effects
}

fn which(case: &Case, told: &Told) -> String {
    let started = case.clock(&told.clock).map_or(told.due, |clock| clock.started_at);
    let rung = format!("{:?}", told.rung).to_lowercase();
    format!("{}@{}/{}:{rung}", told.clock, started.as_second(), told.due.as_second())
}

fn at_desk(case: &Case, told: &Told, policy: &Policy) -> Effect {
    let coordinator = || case.people.coordinator.iter().map(|person| format!("@{}", person.login)).collect();
    let whom: Vec<String> = match told.rung {
        Rung::Desk => Vec::new(),
        Rung::Coordinator => coordinator(),
        Rung::Team | Rung::Page => policy.roles.security_team.iter().flatten().map(ToString::to_string).collect(),
    };
    let news = DeskNews::Clock { clock: told.clock.clone(), due: told.due, rung: told.rung, whom };
    let tell = TellDesk { case: case.id.to_string(), news };
    let id = &case.id;
    Effect::new(format!("tell:{id}/{}", which(case, told)), format!("case:{id}"), &tell)
        .for_case(id.as_str())
        .after([format!("desk:{id}")])
}

fn as_alert(case: &Case, told: &Told, now: Timestamp) -> Effect {
    let (id, clock) = (&case.id, &told.clock);
    let (asks, command) = rule(clock).map_or(("", None), |rule| (rule.asks, rule.command));
    let ran = if told.due <= now { "ran out" } else { "runs out" };
    let source = case.clock(clock).map(|clock| clock.source.key.as_str()).unwrap_or_default();
    let next = command.map(|command| format!(" At the desk: `{command}`.")).unwrap_or_default();
    let text = format!(
        "the clock `{clock}` of {id} {ran} at {}: {asks} ({source}).{next} `embargod case show {id}`",
        told.due
    );
    raise(case, alert_id(id.as_str(), clock), format!("alert:{id}/{}", which(case, told)), text, now)
}

fn raise(case: &Case, alert: String, key: String, text: String, now: Timestamp) -> Effect {
    let alert = Alert {
        id: alert,
        at: now,
        repository: case.repository.clone(),
        case: Some(case.id.to_string()),
        text,
        resolved_at: None,
    };
    let lane = format!("alerts:{}", case.id);
    Effect::new(key, lane, &RaiseAlert { alert }).for_case(case.id.as_str())
}

/// What is in the comment that reminds of a clock.
pub fn words(case: &Case, clock: &str, due: Timestamp, whom: &[String]) -> String {
    let (asks, command) = rule(clock).map_or(("", None), |rule| (rule.asks, rule.command));
    let whom = if whom.is_empty() { String::new() } else { format!("{}: ", whom.join(" ")) };
    let source = case.clock(clock).map(|clock| {
        let sentence = clock.source.sentence.as_ref().map(|s| format!(": \u{201c}{s}\u{201d}")).unwrap_or_default();
        format!("\n\nWhere this comes from: `{}`{sentence}", clock.source.key)
    });
    let next = command.map(|command| format!("\n\nNext: `{command}`")).unwrap_or_default();
    let at = due.strftime("%Y-%m-%d %H:%M UTC");
    format!("{whom}**{asks}**, due {at} (clock `{clock}`).{next}{}", source.unwrap_or_default())
}
