//! Health: what is well and what is not, as far as the process knows without asking anybody now.
//!
//! What flows in: conditions that other rooms are asked for in memory ([`Health::watch`]), the answer of the database, and
//! the instant of the look. What flows out: a [`Report`], which says of each check in which condition it is and since when.
//! What it must never do: call GitHub or wait for anything (a probe comes every few seconds, from anybody), decide on what
//! only hurts later, or hold a word of a post: a detail counts and names instants, nothing else.
//!
//! Not ready (503) means: send deliveries elsewhere. That is right only while they cannot be made durable here, so the
//! database and draining decide, and nothing else. While GitHub is down, a budget is used up or a chore is late,
//! deliveries are still taken, and the body says what is degraded.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use jiff::Timestamp;
use serde::Serialize;

/// Checks of which one that has failed makes the process not ready.
const DECIDING: [&str; 2] = [DATABASE, DRAINING];

/// The check of the database.
pub const DATABASE: &str = "database";
/// The check whether the process wants more work.
pub const DRAINING: &str = "draining";

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// As it should be.
    Ok,
    /// Nothing was seen of it yet.
    Unknown,
    /// It works badly, or has not worked lately; work waits and is not lost.
    Degraded,
    /// It does not work.
    Failed,
}

impl Condition {
    /// A number for metrics: 0 ok, 1 unknown, 2 degraded, 3 failed.
    pub fn rank(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Unknown => 1,
            Self::Degraded => 2,
            Self::Failed => 3,
        }
    }
}

/// What a look at something found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How it is.
    pub condition: Condition,
    /// What a person should know beside that: numbers and instants, never content.
    pub detail: Option<String>,
}

impl Finding {
    /// All is well.
    pub fn ok() -> Self {
        Self { condition: Condition::Ok, detail: None }
    }

    /// In this condition, for this reason.
    pub fn because(condition: Condition, detail: impl Into<String>) -> Self {
        Self { condition, detail: Some(detail.into()) }
    }
}

/// One line of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// How it is.
    pub state: Condition,
    /// Since when it has been seen so.
    pub since: Timestamp,
    /// See [`Finding::detail`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What a balancer and an operator are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether deliveries can be made durable here.
    pub ready: bool,
    /// When it was looked.
    pub at: Timestamp,
    /// What was found, by name.
    pub checks: BTreeMap<String, Check>,
}

type Look = Box<dyn Fn(Timestamp) -> Finding + Send + Sync>;

/// The health of this process; clones share it. Ready from the start.
#[derive(Clone, Default)]
pub struct Health(Arc<Inner>);

#[derive(Default)]
struct Inner {
    draining: AtomicBool,
    looks: Mutex<Vec<(String, Look)>>,
    seen: Mutex<BTreeMap<String, (Condition, Timestamp)>>,
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("draining", &self.is_draining()).finish_non_exhaustive()
    }
}

impl Health {
    /// From now on the process is not ready, so that a balancer sends deliveries elsewhere.
    pub fn draining(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    /// Whether it drains.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::Relaxed)
    }

    /// Asks `look` with each report for the condition of what is called `name`. It is called while others wait, so it must
    /// answer from memory.
    pub fn watch(&self, name: impl Into<String>, look: impl Fn(Timestamp) -> Finding + Send + Sync + 'static) {
        self.0.looks.lock().unwrap_or_else(PoisonError::into_inner).push((name.into(), Box::new(look)));
    }

    /// How everything is at `now`, given what was found about the database.
    pub fn report(&self, now: Timestamp, database: Finding) -> Report {
        let draining = if self.is_draining() {
            Finding::because(Condition::Failed, "this process is about to stop")
        } else {
            Finding::ok()
        };
        let mut findings = vec![(DATABASE.to_owned(), database), (DRAINING.to_owned(), draining)];
        {
            let looks = self.0.looks.lock().unwrap_or_else(PoisonError::into_inner);
            findings.extend(looks.iter().map(|(name, look)| (name.clone(), look(now))));
        }
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let checks: BTreeMap<_, _> = findings
            .into_iter()
            .map(|(name, Finding { condition, detail })| {
                let before = seen.get(&name).filter(|(kept, _)| *kept == condition);
                let since = before.map_or(now, |(_, since)| *since);
                seen.insert(name.clone(), (condition, since));
                (name, Check { state: condition, since, detail })
            })
            .collect();
        let ready = DECIDING.iter().all(|name| checks.get(*name).is_some_and(|check| check.state != Condition::Failed));
        Report { ready, at: now, checks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn only_the_database_and_draining_make_a_process_not_ready() {
        let health = Health::default();
        health.watch("github", |_| Finding::because(Condition::Failed, "no answer since then"));
        let report = health.report(at(1), Finding::ok());
        assert!(report.ready, "deliveries are durable without GitHub");
        assert_eq!(report.checks["github"].state, Condition::Failed);
        let gone = Finding::because(Condition::Failed, "it does not answer");
        assert!(!health.report(at(2), gone).ready);
        assert!(health.report(at(3), Finding::ok()).ready, "it came back");
        health.draining();
        assert!(!health.report(at(4), Finding::ok()).ready);
    }

    #[test]
    fn a_check_tells_since_when_it_is_as_it_is() {
        let health = Health::default();
        health
            .watch("late", |now| if now < at(20) { Finding::ok() } else { Finding::because(Condition::Degraded, "x") });
        let since = |second| health.report(at(second), Finding::ok()).checks["late"].since;
        assert_eq!(since(10), at(10));
        assert_eq!(since(15), at(10));
        assert_eq!(since(20), at(20), "it changed");
        assert_eq!(since(90), at(20));
    }
}
