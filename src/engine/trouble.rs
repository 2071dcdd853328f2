//! Why work could not be finished now.

use jiff::{SignedDuration, Timestamp};

use super::Schedule;
use crate::{
    domain::effect::Urgency,
    github::{GitHubError, Retry},
    paging::PagingProblem,
    sealing::SealingError,
    store::{Settlement, StoreError},
};

/// Why a delivery was not handled or an effect not performed. Its text never holds content.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// GitHub did not do it.
    #[error("{0}")]
    GitHub(#[from] GitHubError),
    /// The store did not do it.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Something sealed could not be opened, or sealed.
    #[error("{0}")]
    Sealing(#[from] SealingError),
    /// Something that is kept or was delivered makes no sense; trying again would not help.
    #[error("{0}")]
    Nonsense(String),
    /// The operator's paging service did not take a page.
    #[error("{0}")]
    Paging(#[from] PagingProblem),
    /// State moved while deciding; decide anew at once.
    #[error("the state moved while it was being decided")]
    Moved,
    /// It took longer than one try may take; what it had asked of GitHub may have happened.
    #[error("it was not over after {0} s")]
    TookTooLong(u64),
    /// The process stops; what was asked of GitHub may have happened. The next process goes on at once.
    #[error("the process stopped")]
    Stopped,
}

/// While GitHub is out of order it is asked at least so often, whatever the schedule says.
const LONGEST_OUTAGE_WAIT: SignedDuration = SignedDuration::from_hours(1);

impl Trouble {
    /// Whether GitHub says that the App lacks a permission: it will say so again until somebody grants it.
    pub fn is_missing_permission(&self) -> bool {
        matches!(self, Self::GitHub(GitHubError::Forbidden { missing_permissions: Some(_) }))
    }

    /// When to try again, or whether to give up, after `attempt` tries (1 = the first has just failed) at something of
    /// this urgency.
    pub fn settlement(&self, schedule: &Schedule, now: Timestamp, attempt: u32, urgency: Urgency) -> Settlement {
        let error = self.to_string();
        let at = match self {
            // Not its fault, and it must not be lost to a series of restarts.
            Self::Stopped => return Settlement::Retry { at: now, error },
            Self::Nonsense(_) | Self::Paging(PagingProblem::Refused(_)) => None,
            Self::Moved => Some(now),
            Self::GitHub(github) => after_github(github, schedule, now, attempt, urgency),
            Self::Store(_) | Self::Sealing(_) | Self::TookTooLong(_) | Self::Paging(_) => schedule.next(now, attempt),
        };
        match at.filter(|_| attempt < schedule.most_attempts) {
            Some(at) => Settlement::Retry { at, error },
            None => Settlement::GivenUp { error },
        }
    }
}

fn after_github(
    error: &GitHubError,
    schedule: &Schedule,
    now: Timestamp,
    attempt: u32,
    urgency: Urgency,
) -> Option<Timestamp> {
    match (error, error.retry(now, attempt)) {
        // GitHub says when.
        (GitHubError::RateLimited { .. }, Retry::At(at)) => Some(at),
        (_, Retry::At(_)) => {
            let latest = now.saturating_add(LONGEST_OUTAGE_WAIT).unwrap_or(now);
            schedule.next(now, attempt).map(|at| at.min(latest))
        }
        (_, Retry::Never) if attempt < tries_when_refused(error, schedule, urgency) => schedule.next(now, attempt),
        (_, Retry::Never) => None,
    }
}

/// How often GitHub is asked although it refuses. A 403 without a word may be a rate limit in disguise, and what is missing
/// (a permission, a key, an unsuspended installation) may be granted while words stay exposed.
fn tries_when_refused(error: &GitHubError, schedule: &Schedule, urgency: Urgency) -> u32 {
    let may_mend =
        matches!(error, GitHubError::Forbidden { .. } | GitHubError::Unauthorized | GitHubError::Unreadable { .. });
    let exposed = may_mend && urgency == Urgency::Protecting;
    if exposed { schedule.most_attempts } else { schedule.attempts_when_refused }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_believed_late_where_words_are_exposed_and_sooner_elsewhere() {
        let now = Timestamp::UNIX_EPOCH;
        let tries = |error: GitHubError, urgency| {
            let trouble = Trouble::GitHub(error);
            let gives_up = |attempt: &u32| {
                let settlement = trouble.settlement(&Schedule::default(), now, *attempt, urgency);
                matches!(settlement, Settlement::GivenUp { .. })
            };
            (1..).find(gives_up)
        };
        let Schedule { most_attempts, attempts_when_refused, .. } = Schedule::default();
        let forbidden = || GitHubError::Forbidden { missing_permissions: None };
        for error in [forbidden(), GitHubError::Unauthorized] {
            assert_eq!(tries(error.clone(), Urgency::Protecting), Some(most_attempts));
            assert_eq!(tries(error, Urgency::Courtesy), Some(attempts_when_refused));
        }
        assert_eq!(tries(GitHubError::Gone, Urgency::Protecting), Some(attempts_when_refused));
    }

    #[test]
    fn a_stop_is_never_the_last_straw() {
        let now = Timestamp::UNIX_EPOCH;
        let settled = Trouble::Stopped.settlement(&Schedule::default(), now, 1_000, Urgency::Upkeep);
        assert!(matches!(settled, Settlement::Retry { at, .. } if at == now));
    }

    #[test]
    fn an_outage_is_looked_at_every_hour_at_the_latest() {
        let now = Timestamp::UNIX_EPOCH;
        let outage = Trouble::GitHub(GitHubError::ServerTrouble { status: 502 });
        let Settlement::Retry { at, .. } = outage.settlement(&Schedule::default(), now, 9, Urgency::Private) else {
            panic!("it is tried again");
        };
        assert_eq!(at.duration_since(now), LONGEST_OUTAGE_WAIT);
    }
}
