//! Pauses that GitHub asked installations for.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::domain::budget::Pause;

/// The pauses that are not over, by installation and whether they were earned in public. Each process learns its own:
/// what another one has not heard of, GitHub tells it in turn.
#[derive(Debug, Default)]
pub(super) struct Pauses(Mutex<HashMap<(u64, bool), Timestamp>>);

impl Pauses {
    /// Remembers one, and forgets those that are over at `now`.
    pub(super) fn note(&self, installation_id: u64, pause: Pause, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, until| *until > now);
        let until = known.entry((installation_id, pause.earned_in_public)).or_insert(pause.until);
        *until = pause.until.max(*until);
    }

    /// What is known of an installation.
    pub(super) fn of(&self, installation_id: u64) -> impl Iterator<Item = Pause> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = |earned_in_public| known.get(&(installation_id, earned_in_public)).copied();
        let pauses = [true, false]
            .map(|earned_in_public| until(earned_in_public).map(|until| Pause { until, earned_in_public }));
        pauses.into_iter().flatten()
    }
}
