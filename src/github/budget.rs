//! What is left of an installation's hourly requests.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use reqwest::header::HeaderMap;

/// Budgets of this many installations are remembered; more than one App plausibly serves at once.
const REMEMBERED_MAX: usize = 100_000;

/// What GitHub said last about an installation's rate limit (`x-ratelimit-*`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateBudget {
    /// Requests allowed per window.
    pub limit: u64,
    /// Requests left in this window.
    pub remaining: u64,
    /// When the window ends, in our time.
    pub reset_at: Timestamp,
    /// Which limit it is: `core`, `graphql`.
    pub resource: String,
}

/// The budgets of all installations, by installation and resource.
#[derive(Debug, Default)]
pub(super) struct Budgets(Mutex<HashMap<(u64, String), RateBudget>>);

impl Budgets {
    /// `ours` turns an instant of GitHub's clock into one of ours.
    pub(super) fn note(&self, installation: u64, headers: &HeaderMap, ours: impl Fn(Timestamp) -> Timestamp) {
        let Some(mut budget) = read(headers) else { return };
        budget.reset_at = ours(budget.reset_at);
        let mut known = self.known();
        let key = (installation, budget.resource.clone());
        if known.len() < REMEMBERED_MAX || known.contains_key(&key) {
            known.insert(key, budget);
        }
    }

    /// See [`super::GitHub::tightest_budgets`].
    pub(super) fn tightest(&self, now: Timestamp, most: usize) -> Vec<(u64, RateBudget)> {
        let known = self.known();
        let mut open: Vec<_> = known.iter().filter(|(_, budget)| budget.reset_at > now).collect();
        // The part that is left, in millionths: comparable without rounding.
        let left = |budget: &RateBudget| budget.remaining.saturating_mul(1_000_000) / budget.limit.max(1);
        open.sort_by_key(|((installation, resource), budget)| (left(budget), *installation, (*resource).clone()));
        open.truncate(most);
        open.into_iter().map(|((installation, _), budget)| (*installation, budget.clone())).collect()
    }

    pub(super) fn of(&self, installation: u64, resource: &str) -> Option<RateBudget> {
        self.known().get(&(installation, resource.to_owned())).cloned()
    }

    /// The least share that any installation has left in a window that is open at `now`, by resource, from 0 to 1.
    pub(super) fn least_left(&self, now: Timestamp) -> BTreeMap<String, f64> {
        let mut least = BTreeMap::new();
        for budget in self.known().values().filter(|budget| budget.reset_at > now && budget.limit > 0) {
            let left = budget.remaining as f64 / budget.limit as f64;
            let known = least.entry(budget.resource.clone()).or_insert(left);
            *known = left.min(*known);
        }
        least
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(u64, String), RateBudget>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a number from a header.
pub(super) fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn read(headers: &HeaderMap) -> Option<RateBudget> {
    let resource = headers.get("x-ratelimit-resource").and_then(|value| value.to_str().ok()).unwrap_or("core");
    Some(RateBudget {
        limit: number(headers, "x-ratelimit-limit")?,
        remaining: number(headers, "x-ratelimit-remaining")?,
        reset_at: Timestamp::from_second(number(headers, "x-ratelimit-reset")?).ok()?,
        resource: resource.chars().take(64).collect(),
    })
}
