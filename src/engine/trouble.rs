//! Why work could not be finished now.

use jiff::Timestamp;

use super::schedule;
use crate::{
    domain::effect::Urgency,
    github::{GitHubError, Retry},
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
    /// State moved while deciding; decide anew at once.
    #[error("the state moved while it was being decided")]
    Moved,
}

impl Trouble {
    /// Whether GitHub says that the App lacks a permission: it will say so again until somebody grants it.
    pub fn is_missing_permission(&self) -> bool {
        matches!(self, Self::GitHub(GitHubError::Forbidden { missing_permissions: Some(_) }))
    }

    /// When to try again, or whether to give up, after `attempt` tries (1 = the first has just failed) at something of
    /// this urgency.
    pub fn settlement(&self, now: Timestamp, attempt: u32, urgency: Urgency) -> Settlement {
        let error = self.to_string();
        let at = match self {
            Self::Nonsense(_) => None,
            Self::Moved => (attempt < schedule::MOST_ATTEMPTS).then_some(now),
            Self::GitHub(github) => match github.retry(now, attempt) {
                Retry::At(at) => Some(at),
                Retry::Never if attempt < tries_when_refused(github, urgency) => schedule::next(now, attempt),
                Retry::Never => None,
            },
            Self::Store(_) | Self::Sealing(_) => schedule::next(now, attempt),
        };
        match at.filter(|_| attempt < schedule::MOST_ATTEMPTS) {
            Some(at) => Settlement::Retry { at, error },
            None => Settlement::GivenUp { error },
        }
    }
}

/// How often GitHub is asked although it refuses. A 403 without a word may be a rate limit in disguise, and what is missing
/// (a permission, a key, an unsuspended installation) may be granted while words stay exposed.
fn tries_when_refused(error: &GitHubError, urgency: Urgency) -> u32 {
    let may_mend =
        matches!(error, GitHubError::Forbidden { .. } | GitHubError::Unauthorized | GitHubError::Unreadable { .. });
    if may_mend && urgency == Urgency::Protecting { schedule::MOST_ATTEMPTS } else { schedule::FEW_ATTEMPTS }
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
                let settlement = trouble.settlement(now, *attempt, urgency);
                matches!(settlement, Settlement::GivenUp { .. })
            };
            (1..).find(gives_up)
        };
        let forbidden = || GitHubError::Forbidden { missing_permissions: None };
        for error in [forbidden(), GitHubError::Unauthorized] {
            let most = Some(schedule::MOST_ATTEMPTS);
            assert_eq!(tries(error.clone(), Urgency::Protecting), most);
            let few = Some(schedule::FEW_ATTEMPTS);
            assert_eq!(tries(error, Urgency::Courtesy), few);
        }
        let few = Some(schedule::FEW_ATTEMPTS);
        assert_eq!(tries(GitHubError::Gone, Urgency::Protecting), few);
    }
}
