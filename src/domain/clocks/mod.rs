//! Clocks: by when somebody has to do something about a case, and who is told when time runs out.
//!
//! What flows in: the moments of a case's life, the policy, `now`. What flows out: [`Clock`]s on the case, [`Timer`]s to be
//! set (instants at which to come back), and [`Told`]s (whom to remind of what). Which clocks there are is data, see
//! [`rules::RULES`]; a feature that brings a clock adds a rule and names its moments. What it must never do: wait, read the
//! time, remind anybody in public, or let a case live on without a next instant.

mod rules;
mod telling;
mod tick;
mod working_days;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use rules::{ClockRule, RULES, rule};
pub use telling::{CaseTick, alert_id, next_tick, telling, tick_key, words};
pub use tick::{Tick, Timer, Told, next_wake, tick, timers};
pub use working_days::{Calendar, acknowledgment_due, add_working_days};

use super::{case::Case, policy::Policy};

#[cfg(test)]
mod tests;

/// How a clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockState {
    /// Time runs.
    Running,
    /// Time stands still until somebody else has answered.
    Paused,
    /// What was asked for happened in time.
    Met,
    /// Time ran out first. Stays so if it happens later; `met_at` then says when.
    Breached,
    /// It is asked for no more.
    Cancelled,
}

impl ClockState {
    /// The word for scripts and people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Met => "met",
            Self::Breached => "breached",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Where a clock comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockSource {
    /// The policy's key, or the rule of the program: `acknowledgment.within_hours`.
    pub key: String,
    /// The sentence of the project's policy text that says so, where the preset links one and the value is the preset's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentence: Option<String>,
}

/// Who is told when time runs out, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rung {
    /// Whoever reads the desk.
    Desk,
    /// The assigned coordinator; without one, the desk.
    Coordinator,
    /// The security team.
    Team,
    /// Whoever is on duty, by webhook or mail.
    Page,
}

/// A clock of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// The name for scripts: `acknowledgment`.
    pub name: String,
    /// When it was started, or started again.
    pub started_at: Timestamp,
    /// When time runs out. While the clock is paused, as of the pause.
    pub due: Timestamp,
    /// How it stands.
    pub state: ClockState,
    /// When what was asked for happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met_at: Option<Timestamp>,
    /// Since when time stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused_at: Option<Timestamp>,
    /// Where it comes from.
    pub source: ClockSource,
    /// Who was told already since it was started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Rung>,
    /// When somebody was last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
}

impl Clock {
    /// Whether it still asks for something.
    pub fn is_open(&self) -> bool {
        match self.state {
            ClockState::Running | ClockState::Paused => true,
            ClockState::Breached => self.met_at.is_none(),
            ClockState::Met | ClockState::Cancelled => false,
        }
    }
}

/// What happens in a case's life that clocks care about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// The case was opened.
    Opened,
    /// A person answered the reporter.
    Acknowledged,
    /// A coordinator was named.
    Assigned,
    /// The coordinator was taken off.
    Unassigned,
    /// A person did something about the case.
    Stepped,
    /// The reporter was asked something.
    AskedReporter,
    /// The reporter wrote.
    ReporterAnswered,
    /// The case ended without a release of its own.
    Closed,
    /// The decision is reconsidered.
    Reopened,
    /// An embargo got its date, or another one.
    EmbargoDated,
    /// The embargo ended.
    EmbargoOver,
    /// Another embargo date waits for the parties.
    ConsentAsked,
    /// The parties answered.
    ConsentSettled,
    /// A leak is suspected.
    LeakSuspected,
    /// Somebody decided about the suspicion.
    LeakDecided,
    /// The matter was disclosed: released, or published by hand.
    Disclosed,
    /// A CVE id came up after the disclosure.
    CveOwed,
    /// The CVE records are public, or given back.
    CveSettled,
}

impl Case {
    /// The clock of a name.
    pub fn clock(&self, name: &str) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.name == name)
    }

    /// Lets moments pass, in their order: clocks start, stop, pause and go on.
    pub fn pass(&mut self, moments: &[Moment], policy: &Policy, now: Timestamp) {
        for moment in moments {
            for rule in RULES {
                self.stop(rule, *moment, now);
                self.start(rule, *moment, policy, now);
            }
        }
    }

    /// Sets the clocks back to what they were before a command that is undone, with the same ends. Who was told meanwhile is
    /// not told again, and what a clock of the command's own asked for is asked no more.
    pub fn wind_back(&mut self, before: Vec<Clock>) {
        let now = std::mem::take(&mut self.clocks);
        self.clocks = before;
        for clock in &mut self.clocks {
            if let Some(meanwhile) = now.iter().find(|known| known.name == clock.name && known.due == clock.due) {
                clock.told.clone_from(&meanwhile.told);
                clock.told_at = meanwhile.told_at;
            }
        }
    }

    /// Stops every clock of a case that ends without a decision of the team's, as a restored post does.
    pub fn stop_clocks(&mut self, now: Timestamp) {
        for rule in RULES {
            self.stop(rule, Moment::Closed, now);
        }
    }

    fn stop(&mut self, rule: &ClockRule, moment: Moment, now: Timestamp) {
        if let Some(clock) = self.clocks.iter_mut().find(|clock| clock.name == rule.name) {
            if rule.met_by.contains(&moment) && clock.is_open() {
                clock.met_at = Some(now);
                let late =
                    clock.state == ClockState::Breached || (clock.state == ClockState::Running && clock.due < now);
                clock.state = if late { ClockState::Breached } else { ClockState::Met };
                clock.paused_at = None;
            }
            if rule.cancelled_by.contains(&moment) && clock.is_open() {
                // What was missed stays missed, but nobody is asked for it any more.
                clock.state =
                    if clock.state == ClockState::Breached { ClockState::Breached } else { ClockState::Cancelled };
                clock.met_at = (clock.state == ClockState::Breached).then_some(now);
                clock.paused_at = None;
            }
            if rule.paused_by.contains(&moment) && clock.state == ClockState::Running {
                clock.state = ClockState::Paused;
                clock.paused_at = Some(now);
            }
            if rule.resumed_by.contains(&moment) && clock.state == ClockState::Paused {
                clock.state = ClockState::Running;
                if let Some(since) = clock.paused_at.take() {
                    clock.due = clock.due.saturating_add(now.duration_since(since)).unwrap_or(Timestamp::MAX);
                }
            }
        }
    }

    fn start(&mut self, rule: &ClockRule, moment: Moment, policy: &Policy, now: Timestamp) {
        if rule.started_by.contains(&moment)
            && let Some(due) = (rule.due)(self, policy, now)
        {
            let clock = Clock {
                name: rule.name.to_owned(),
                started_at: now,
                due,
                state: ClockState::Running,
                met_at: None,
                paused_at: None,
                source: rule.source(policy),
                told: Vec::new(),
                told_at: None,
            };
            match self.clocks.iter_mut().find(|known| known.name == rule.name) {
                Some(known) => *known = clock,
                None => self.clocks.push(clock),
            }
        }
    }
}
