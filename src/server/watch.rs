//! What readiness looks at beside the database: GitHub, rate budgets, chores. From memory alone.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::{
    engine::{Engine, chores},
    github::{Contact, GitHub},
    health::{Condition, Finding, Health},
};

/// GitHub's short outages are over by then.
const OUTAGE: SignedDuration = SignedDuration::from_mins(5);

/// A chore is late when it was not done for so many of its intervals, and [`SPARE`].
const INTERVALS: u32 = 3;
const SPARE: SignedDuration = SignedDuration::from_mins(1);

pub(super) fn all(health: &Health, engine: &Engine, intervals: &chores::Intervals) {
    let github = engine.shop().github.clone();
    health.watch("github", move |now| reachable(github.contact(), now));
    let github = engine.shop().github.clone();
    health.watch("github_budget", move |now| budgets(&github, now));
    let shop = std::sync::Arc::clone(engine.shop());
    health.watch("mirrors", move |_| mirrors(shop.mirrors.is_some(), shop.releases.failing_mirrors()));
    for chore in chores::all(intervals) {
        let (name, interval, rota) = (chore.name(), chore.interval(), engine.rota().clone());
        let in_office_since = Mutex::new(None);
        health.watch(format!("chore_{name}"), move |now| {
            let mut since = in_office_since.lock().unwrap_or_else(PoisonError::into_inner);
            if !rota.holds_office() {
                *since = None;
                return Finding::because(Condition::Ok, "another process does it, or will");
            }
            let began = *since.get_or_insert(now);
            punctual(rota.done_at(name), began, interval, now)
        });
    }
}

/// Whether histories can be mirrored, so that somebody can tell what release tags hold.
fn mirrors(are_on: bool, failing: usize) -> Finding {
    match (are_on, failing) {
        (false, _) => Finding::because(Condition::Ok, "off: no folder is set, so no release tag is looked at"),
        (true, 0) => Finding::ok(),
        (true, many) => {
            Finding::because(Condition::Degraded, format!("{many} cannot be brought up to date; see the open alerts"))
        }
    }
}

fn reachable(contact: Contact, now: Timestamp) -> Finding {
    match contact {
        Contact { failing_since: Some(since), .. } => {
            let condition = if now.duration_since(since) < OUTAGE { Condition::Degraded } else { Condition::Failed };
            Finding::because(condition, format!("no good answer since {since}; deliveries are kept and wait"))
        }
        Contact { answered_at: Some(at), .. } => Finding::because(Condition::Ok, format!("answered at {at}")),
        Contact { answered_at: None, .. } => Finding::because(Condition::Unknown, "not asked yet"),
    }
}

fn budgets(github: &GitHub, now: Timestamp) -> Finding {
    /// More that are used up at once need not be counted.
    const MOST: usize = 1_000;
    let used_up: Vec<_> =
        github.tightest_budgets(now, MOST).into_iter().filter(|(_, budget)| budget.remaining == 0).collect();
    match used_up.iter().map(|(_, budget)| budget.reset_at).max() {
        Some(last) => {
            let count = used_up.len();
            Finding::because(Condition::Degraded, format!("{count} used up; the last is renewed at {last}"))
        }
        None => Finding::ok(),
    }
}

/// Whether a chore that was done last at `done_at`, by a process in office since `began`, is done often enough.
fn punctual(done_at: Option<Timestamp>, began: Timestamp, interval: Duration, now: Timestamp) -> Finding {
    let allowed = SignedDuration::try_from(interval.saturating_mul(INTERVALS)).unwrap_or(SignedDuration::MAX);
    let allowed = allowed.saturating_add(SPARE);
    let last = done_at.map_or(began, |at| at.max(began));
    let told = done_at.map_or_else(|| "not done yet".to_owned(), |at| format!("done last at {at}"));
    let late = now.duration_since(last) > allowed;
    Finding::because(if late { Condition::Degraded } else { Condition::Ok }, told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn mirrors_that_are_off_are_said_and_those_that_fail_are_a_worry() {
        assert_eq!(mirrors(false, 0).condition, Condition::Ok);
        assert!(mirrors(false, 0).detail.is_some_and(|detail| detail.starts_with("off")));
        assert_eq!(mirrors(true, 0), Finding::ok());
        assert_eq!(mirrors(true, 2).condition, Condition::Degraded);
    }

    #[test]
    fn an_outage_of_github_is_first_a_worry_and_then_a_failure() {
        let condition = |contact, now| reachable(contact, at(now)).condition;
        assert_eq!(condition(Contact::default(), 1), Condition::Unknown);
        let answered = Contact { answered_at: Some(at(1)), failing_since: None };
        assert_eq!(condition(answered, 9_999), Condition::Ok, "nobody asked since, which is no failure");
        let failing = Contact { failing_since: Some(at(100)), ..answered };
        assert_eq!(condition(failing, 101), Condition::Degraded);
        assert_eq!(condition(failing, 400), Condition::Failed);
    }

    #[test]
    fn a_chore_is_late_after_three_intervals_counted_from_its_beginning_in_office() {
        let minute = Duration::from_secs(60);
        let condition = |done: Option<i64>, began, now| punctual(done.map(at), at(began), minute, at(now)).condition;
        assert_eq!(condition(None, 0, 240), Condition::Ok);
        assert_eq!(condition(None, 0, 241), Condition::Degraded);
        assert_eq!(condition(Some(200), 0, 440), Condition::Ok);
        assert_eq!(condition(Some(200), 0, 441), Condition::Degraded);
        assert_eq!(condition(Some(0), 1_000, 1_100), Condition::Ok, "it was another's until lately");
    }
}
