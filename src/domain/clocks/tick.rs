//! What a moment of time does to a case: who is told, what is over.

use jiff::{SignedDuration, Timestamp};

use super::{Clock, ClockState, Moment, Rung, rule};
use crate::domain::{
    case::{Case, ExitCause, Handling, Standing},
    policy::Policy,
};

/// After how long the security team is told again of what was missed, once everybody has been told.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(7 * 24);

/// When somebody is told, seen from the start and the end of a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// After this part of the time, in percent.
    Part(u8),
    /// Hours before the end; never where the clock is shorter.
    Before(u32),
    /// Hours after the end.
    After(u32),
}

impl When {
    /// `None` where the clock is shorter than the lead.
    fn instant(self, started: Timestamp, due: Timestamp) -> Option<Timestamp> {
        let hours = |hours: u32| SignedDuration::from_hours(i64::from(hours));
        match self {
            Self::Part(percent) => {
                let whole = due.duration_since(started).max(SignedDuration::ZERO);
                let part = SignedDuration::from_secs(whole.as_secs() / 100 * i64::from(percent));
                Some(started.saturating_add(part).unwrap_or(due))
            }
            Self::Before(lead) => due.checked_sub(hours(lead)).ok().filter(|at| *at > started),
            Self::After(lag) => due.checked_add(hours(lag)).ok(),
        }
    }
}

/// An instant at which to come back to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// When.
    pub at: Timestamp,
    /// The clock.
    pub clock: String,
    /// Who is told then; `None` where time runs out without anybody being told.
    pub rung: Option<Rung>,
}

/// Somebody to be told about a clock, in private.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The clock.
    pub clock: String,
    /// Whom.
    pub rung: Rung,
    /// When time runs out, or ran out.
    pub due: Timestamp,
}

/// What came of a moment of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tick {
    /// Whom to tell what, the nearest first.
    pub told: Vec<Told>,
    /// Clocks whose time has just run out.
    pub breached: Vec<String>,
    /// Whether the embargo ended by itself.
    pub embargo_expired: bool,
}

/// Who is still to be told about a clock, and when. There is always somebody while the clock is open and running: what
/// was missed is brought up again and again, or a case would be forgotten.
fn steps(clock: &Clock) -> Vec<(Rung, Timestamp)> {
    let ladder = rule(&clock.name).map_or(&[][..], |rule| rule.ladder);
    let ahead = ladder.iter().filter(|(rung, _)| !clock.told.contains(rung));
    let mut steps: Vec<(Rung, Timestamp)> =
        ahead.filter_map(|(rung, when)| Some((*rung, when.instant(clock.started_at, clock.due)?))).collect();
    if steps.is_empty() && clock.state == ClockState::Breached {
        let last = clock.told_at.unwrap_or(clock.due).max(clock.due);
        steps.extend(last.checked_add(AGAIN_AFTER).ok().map(|at| (Rung::Team, at)));
    }
    steps
}

/// Every instant at which something is due about a case, soonest first. Paused clocks have none; they go on with an event.
pub fn timers(case: &Case) -> Vec<Timer> {
    let mut timers = Vec::new();
    for clock in case.clocks.iter().filter(|clock| clock.is_open() && clock.state != ClockState::Paused) {
        timers.extend(steps(clock).into_iter().map(|(rung, at)| Timer {
            at,
            clock: clock.name.clone(),
            rung: Some(rung),
        }));
        if clock.state == ClockState::Running {
            timers.push(Timer { at: clock.due, clock: clock.name.clone(), rung: None });
        }
    }
    timers.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.clock.cmp(&b.clock)).then_with(|| a.rung.cmp(&b.rung)));
    timers
}

/// The next instant at which to come back to a case.
pub fn next_wake(case: &Case) -> Option<Timestamp> {
    timers(case).first().map(|timer| timer.at)
}

/// Looks at a case at an instant: clocks whose time is over are breached, an embargo whose end has passed expires, and
/// everybody who is due is told once. Steps that were slept through are told as one, by their highest rung.
pub fn tick(case: &mut Case, policy: &Policy, now: Timestamp) -> Tick {
    let before = Standing::of(case);
    let mut tick = Tick::default();
    for clock in case.clocks.iter_mut().filter(|clock| clock.is_open() && clock.state != ClockState::Paused) {
        if clock.state == ClockState::Running && clock.due <= now {
            clock.state = ClockState::Breached;
            tick.breached.push(clock.name.clone());
        }
        let due: Vec<Rung> = steps(clock).into_iter().filter(|(_, at)| *at <= now).map(|(rung, _)| rung).collect();
        if let Some(highest) = due.iter().max() {
            tick.told.push(Told { clock: clock.name.clone(), rung: *highest, due: clock.due });
            clock.told_at = Some(now);
        }
        let new: Vec<Rung> = due.into_iter().filter(|rung| !clock.told.contains(rung)).collect();
        clock.told.extend(new);
    }
    let past = case.embargo.until.is_some_and(|until| until <= now);
    // A release that is under way lifts the embargo itself.
    if past && case.embargo.state.is_running() && case.handling != Handling::Releasing {
        tick.embargo_expired = case.embargo.exit(ExitCause::Expired, now);
        case.pass(&[Moment::EmbargoOver], policy, now);
    }
    if tick.breached.iter().any(|name| name == "consent") {
        let silent: Vec<String> = case
            .embargo
            .parties
            .iter()
            .filter(|party| party.agrees.is_none())
            .map(|party| party.name.clone())
            .collect();
        for party in silent {
            case.embargo.answered(&party, None);
        }
        case.pass(&[Moment::ConsentSettled], policy, now);
    }
    case.settle(&before, now);
    tick
}
