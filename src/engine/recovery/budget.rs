//! How much of an installation's hourly requests looking may cost.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::github::{GitHubError, Installation, Retry};

/// So much of an installation's hourly requests may usually be spent on looking, in percent.
const SHARE_PERCENT: u64 = 10;
/// Nothing is looked at while less than one in so many of the hourly requests is left: they are for protecting.
const RESERVE: u64 = 2;
/// The hourly requests of an installation of which nothing is known yet ("Rate limits for GitHub Apps").
const USUAL_LIMIT: u64 = 5_000;
const WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What was spent, by installation.
pub(in crate::engine) struct Spending {
    spent: HashMap<u64, Spent>,
    share_percent: u64,
    /// One in so many of the hourly requests is left alone.
    reserve: u64,
}

impl Default for Spending {
    fn default() -> Self {
        Self::up_to(SHARE_PERCENT)
    }
}

struct Spent {
    window_began_at: Timestamp,
    requests: u64,
    paused_until: Option<Timestamp>,
}

impl Spending {
    /// At most so many percent of an installation's hourly requests.
    pub(in crate::engine) fn up_to(share_percent: u64) -> Self {
        Self { spent: HashMap::new(), share_percent, reserve: RESERVE }
    }

    /// The same, leaving alone one in so many of the hourly requests.
    pub(in crate::engine) fn leaving_one_in(self, reserve: u64) -> Self {
        Self { reserve, ..self }
    }

    /// Whether one more request may be spent.
    pub(in crate::engine) fn allows(&mut self, installation: &Installation, now: Timestamp) -> bool {
        let budget = installation.budget().filter(|budget| budget.reset_at > now);
        let limit = budget.as_ref().map_or(USUAL_LIMIT, |budget| budget.limit);
        let enough_is_left = budget.is_none_or(|budget| budget.remaining >= limit / self.reserve);
        let share = limit * self.share_percent / 100;
        let spent = self.of(installation.id(), now);
        enough_is_left && spent.requests < share && spent.paused_until.is_none_or(|until| until <= now)
    }

    /// Counts what a request cost. Points of GraphQL are counted like requests, although GitHub counts them apart.
    pub(in crate::engine) fn spend(&mut self, installation: &Installation, cost: u64, now: Timestamp) {
        self.of(installation.id(), now).requests += cost;
    }

    /// GitHub asked for a pause; nothing is looked at there until it is over.
    pub(in crate::engine) fn pause(&mut self, installation: &Installation, error: &GitHubError, now: Timestamp) {
        if let Retry::At(until) = error.retry(now, 1) {
            self.of(installation.id(), now).paused_until = Some(until);
        }
    }

    fn of(&mut self, installation: u64, now: Timestamp) -> &mut Spent {
        let fresh = || Spent { window_began_at: now, requests: 0, paused_until: None };
        let spent = self.spent.entry(installation).or_insert_with(fresh);
        let age = now.duration_since(spent.window_began_at);
        // A clock that was set back must not make an old window last for ever.
        if age >= WINDOW || age.is_negative() {
            (spent.window_began_at, spent.requests) = (now, 0);
        }
        spent
    }
}
